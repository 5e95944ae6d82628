package app

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2/driver/desktop"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
	"github.com/clipwright/clipwright/viewer/pane"
)

// press begins what the tool does with the left button at a point of p; without a tool, what the mouse scheme says.
func (v *views) press(p *planeView, at volume.Vec, opposite bool) {
	s := v.session
	v.pressed = nil
	if v.click != nil && s.View().Tool == session.ToolCrosshair {
		v.pressed = &at
	}
	switch tool := s.View().Tool; {
	case tool.Draws():
		s.BeginStroke(at, viewer.ShownSlice(ptr(v.scene(p))), opposite)
	case tool == session.ToolBox:
		v.boxDrag = v.takeBox(p, at)
	case tool == session.ToolClip:
		s.SetCursor(at)
		s.AddClip()
	case v.mouse.left == dragCrosshair:
		s.SetCursor(at)
	default:
		v.clicked = &at
	}
}

// drag is a move of the mouse with a button held.
func (v *views) drag(p *planeView, d pane.Drag) {
	s := v.session
	v.clicked = nil
	if v.pressed != nil {
		scene := v.scene(p)
		if d.At.Distance(*v.pressed)*viewer.PxPerMM(&scene) > clickSlackPx*scene.Scale {
			v.pressed = nil
		}
	}
	action := v.mouse.of(d.Button)
	if tool := s.View().Tool; d.Button == desktop.MouseButtonPrimary && tool.Draws() {
		s.StrokeTo(d.At)
		return
	} else if d.Button == desktop.MouseButtonPrimary && tool == session.ToolBox {
		if v.boxDrag != nil {
			v.boxDrag.to(s, d.At)
		}
		return
	}
	switch action {
	case dragCrosshair:
		s.SetCursor(d.At)
	case dragWindow:
		view := s.View()
		s.SetWindow(view.WindowCentreHU+d.Down*view.WindowWidthHU, view.WindowWidthHU*math.Exp2(d.Right))
	case dragPan:
		p.panMM[0] -= d.RightMM
		p.panMM[1] -= d.DownMM
		p.pane.SetScene(v.marked(p))
	case dragZoom:
		v.zoomAt(p, math.Exp2(-3*d.Down), d.Began)
	case dragSlices:
		v.slicePart -= d.Down * slicesPerHeight
		if n := math.Trunc(v.slicePart); n != 0 {
			v.slicePart -= n
			s.SetCursor(viewer.Step(ptr(v.scene(p)), int(n)))
		}
	}
}

// hover shows what a click would add where the tool is for that.
func (v *views) hover(at *volume.Vec) {
	if v.session.View().Tool == session.ToolClip {
		v.session.ProposeClip(at)
	}
}

// clickSlackPx is how far the mouse may move in a click, in device-independent pixels.
const clickSlackPx = 4

// release ends a stroke or a drag of the box. A left press that did not move is a click: it puts the crosshair there.
func (v *views) release() {
	v.boxDrag = nil
	if v.clicked != nil {
		v.session.SetCursor(*v.clicked)
		v.clicked = nil
	}
	v.session.EndStroke()
	if at := v.pressed; at != nil {
		v.pressed = nil
		v.click(*at)
	}
}

// brush is the circle round the mouse: its diameter in mm, 0 for none, and colour.
func (v *views) brush() (mm float64, c color.Color) {
	view := v.session.View()
	if !view.Tool.Draws() || view.Tool == session.ToolContour {
		return 0, color.White
	}
	return view.BrushMM, v.paint(view.Active)
}

// drawnPath is the contour that is being drawn.
func (v *views) drawnPath() viewer.Path {
	k := v.session.Stroke()
	if k == nil || len(k.Path) == 0 {
		return viewer.Path{}
	}
	return viewer.Path{Points: k.Path, Colour: v.paint(k.Name), WidthPx: markWidth}
}

// boxDrag is how a drag changes the box to search: for each patient axis the low side moves (-1), the high side (+1),
// both (2), or none (0).
type boxDrag struct {
	low, high volume.Vec
	began     volume.Vec
	moves     [3]int
}

// boxReachPx is how near an edge a press takes it, in device-independent pixels.
const boxReachPx = 8

// takeBox begins a drag at a point of p: of an edge or a corner, of the whole box, or of a new one. The box across the
// plane stays as it is.
func (v *views) takeBox(p *planeView, at volume.Vec) *boxDrag {
	box := v.session.ProposeBox()
	d := &boxDrag{low: box.MinMM, high: box.MaxMM, began: at}
	axes := [3][2]int{viewer.Axial: {0, 1}, viewer.Sagittal: {1, 2}, viewer.Coronal: {0, 2}}[p.plane]
	scene := v.scene(p)
	reach := boxReachPx * scene.Scale / viewer.PxPerMM(&scene)
	outside, edges := false, 0
	for _, axis := range axes {
		switch x := at[axis]; {
		case math.Abs(x-d.low[axis]) <= reach:
			d.moves[axis] = -1
			edges++
		case math.Abs(x-d.high[axis]) <= reach:
			d.moves[axis] = 1
			edges++
		case x < d.low[axis] || x > d.high[axis]:
			outside = true
		}
	}
	switch {
	case outside: // a new box, from here
		for _, axis := range axes {
			d.low[axis], d.high[axis], d.moves[axis] = at[axis], at[axis], 1
		}
	case edges == 0:
		for _, axis := range axes {
			d.moves[axis] = 2
		}
	}
	return d
}

func (d *boxDrag) to(s *session.Session, at volume.Vec) {
	low, high := d.low, d.high
	moved := at.Sub(d.began)
	for axis, how := range d.moves {
		if how == -1 || how == 2 {
			low[axis] += moved[axis]
		}
		if how == 1 || how == 2 {
			high[axis] += moved[axis]
		}
	}
	s.SetBox(low, high)
}
