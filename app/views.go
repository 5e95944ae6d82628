package app

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
	"github.com/clipwright/clipwright/viewer/pane"
)

// views is the three linked pictures: axial large, sagittal over coronal beside it.
type views struct {
	box        *fyne.Container
	host       *host
	session    *session.Session
	each       [3]*planeView // by viewer.Plane
	columnGrip *grip
	rowGrip    *grip
	maximised  int // plane shown alone, or -1
	selected   int // clip followed last
	axialPart  float32
	upperPart  float32
	settings   settings
}

// planeView is one picture and how it is zoomed.
type planeView struct {
	plane viewer.Plane
	pane  *pane.Pane
	zoom  float64
	panMM [2]float64
}

const (
	preferenceAxialPart = "axial part of the images"
	preferenceUpperPart = "sagittal part of the side images"
	maxZoom             = 40.0
)

func newViews(h *host, s *session.Session, remembered settings) *views {
	v := &views{
		host: h, session: s, maximised: -1, settings: remembered,
		axialPart: float32(remembered.FloatWithFallback(preferenceAxialPart, 0.64)),
		upperPart: float32(remembered.FloatWithFallback(preferenceUpperPart, 0.5)),
	}
	objects := make([]fyne.CanvasObject, 0, 5)
	for _, plane := range []viewer.Plane{viewer.Axial, viewer.Sagittal, viewer.Coronal} {
		v.each[plane] = v.newPlane(plane)
		objects = append(objects, v.each[plane].pane)
	}
	v.columnGrip = newGrip(desktop.HResizeCursor, func(by fyne.Delta) {
		v.axialPart = min(max(v.axialPart+by.DX/v.box.Size().Width, 0.3), 0.85)
		v.settings.SetFloat(preferenceAxialPart, float64(v.axialPart))
		v.box.Refresh()
	})
	v.rowGrip = newGrip(desktop.VResizeCursor, func(by fyne.Delta) {
		v.upperPart = min(max(v.upperPart+by.DY/v.box.Size().Height, 0.15), 0.85)
		v.settings.SetFloat(preferenceUpperPart, float64(v.upperPart))
		v.box.Refresh()
	})
	v.box = container.New(v, append(objects, v.columnGrip, v.rowGrip)...)
	return v
}

func (v *views) newPlane(plane viewer.Plane) *planeView {
	p := &planeView{plane: plane, zoom: 1}
	p.pane = pane.New(pane.Callbacks{
		OnStep: func(n int) { v.session.SetCursor(viewer.Step(ptr(v.scene(p)), n)) },
		OnZoom: func(factor float64, at volume.Vec) { v.zoomAt(p, factor, at) },
		OnPan: func(rightMM, downMM float64) {
			p.panMM[0] -= rightMM
			p.panMM[1] -= downMM
			p.pane.SetScene(v.scene(p))
		},
		OnPick: v.session.SetCursor,
		OnWindow: func(centre, width float64) {
			view := v.session.View()
			// A drag across the whole picture doubles the width or shifts the centre by it.
			v.session.SetWindow(view.WindowCentreHU+centre*view.WindowWidthHU, view.WindowWidthHU*math.Exp2(width))
		},
		OnDoubleTap: func() { v.maximise(plane) },
		OnTypedKey:  func(e *fyne.KeyEvent) { v.typedKey(p, e) },
		OnTypedRune: v.host.typedRune,
	})
	return p
}

func ptr[T any](value T) *T { return &value }

// typedKey lets the arrows step through the picture that has the keyboard.
func (v *views) typedKey(p *planeView, e *fyne.KeyEvent) {
	if !v.session.HasVolume() {
		return
	}
	step := func(n int) { v.session.SetCursor(viewer.Step(ptr(v.scene(p)), n)) }
	switch e.Name {
	case fyne.KeyUp:
		step(1)
	case fyne.KeyDown:
		step(-1)
	case fyne.KeyPageUp:
		step(pageSlices)
	case fyne.KeyPageDown:
		step(-pageSlices)
	case fyne.KeyHome:
		step(-farSlices)
	case fyne.KeyEnd:
		step(farSlices)
	default:
		v.host.typedKey(e)
	}
}

// zoomAt magnifies the picture by factor, leaving the point under the pointer where it is.
func (v *views) zoomAt(p *planeView, factor float64, at volume.Vec) {
	before := v.scene(p)
	p.zoom = min(max(p.zoom*factor, 1), maxZoom)
	after := v.scene(p)
	x0, y0 := viewer.ToPicture(&before, at)
	x1, y1 := viewer.ToPicture(&after, at)
	perMM := viewer.PxPerMM(&after)
	p.panMM[0] += (x1 - x0) / perMM
	p.panMM[1] += (y1 - y0) / perMM
	if p.zoom == 1 {
		p.panMM = [2]float64{}
	}
	p.pane.SetScene(v.scene(p))
}

// fit shows all of every plane.
func (v *views) fit() {
	for _, p := range v.each {
		p.zoom, p.panMM = 1, [2]float64{}
	}
	v.show()
}

// closeUp magnifies every plane round the cursor, or fits them when they are magnified.
func (v *views) closeUp() {
	if v.each[viewer.Axial].zoom > 1 || !v.session.HasVolume() {
		v.fit()
		return
	}
	for _, p := range v.each {
		s := v.scene(p)
		p.zoom = max(closeUpPxPerMM*s.Scale/viewer.PxPerMM(&s), 1)
	}
	v.follow(v.session.View().Cursor)
	v.show()
}

// closeUpPxPerMM is the magnification of a close-up in device-independent pixels.
const closeUpPxPerMM = 4.0

// follow brings at to the middle of every magnified plane.
func (v *views) follow(at volume.Vec) {
	for _, p := range v.each {
		if p.zoom <= 1 || !v.session.HasVolume() {
			continue
		}
		s := v.scene(p)
		x, y := viewer.ToPicture(&s, at)
		perMM := viewer.PxPerMM(&s)
		p.panMM[0] += (x - float64(s.WidthPx)/2) / perMM
		p.panMM[1] += (y - float64(s.HeightPx)/2) / perMM
	}
}

// maximise shows one plane alone, or all again.
func (v *views) maximise(plane viewer.Plane) {
	if v.maximised >= 0 {
		v.maximised = -1
	} else {
		v.maximised = int(plane)
	}
	for _, p := range v.each {
		setVisible(p.pane, v.maximised < 0 || int(p.plane) == v.maximised)
	}
	setVisible(v.columnGrip, v.maximised < 0)
	setVisible(v.rowGrip, v.maximised < 0)
	v.box.Refresh()
}

// set shows what changed.
func (v *views) set(changed session.Change) {
	if changed.Has(session.DocumentChanged) {
		v.fit()
		v.write()
	}
	view := v.session.View()
	if changed.Has(session.ViewChanged | session.WindowChanged) {
		v.write()
	}
	if view.Selected != v.selected {
		v.selected = view.Selected
		v.follow(view.Cursor)
	}
	v.show()
}

func (v *views) show() {
	if !v.session.HasVolume() {
		for _, p := range v.each {
			p.pane.Clear()
		}
		return
	}
	overlays, boxes := v.marks()
	for _, p := range v.each {
		s := v.scene(p)
		s.Overlays, s.Boxes = overlays, boxes
		p.pane.SetScene(s)
	}
}

// write fills the corners of the pictures.
func (v *views) write() {
	doc, view := v.session.Document(), v.session.View()
	window := fmt.Sprintf("W %.0f  L %.0f HU", view.WindowWidthHU, view.WindowCentreHU)
	patient, technique := "", ""
	if doc.Series != nil {
		technique = doc.Series.Description
		if study := doc.Series.Study; study != nil {
			patient = study.Patient.Name
		}
	}
	for _, p := range v.each {
		corners := pane.Corners{TopLeft: upperFirst(p.plane.String()), BottomRight: window}
		if p.plane == viewer.Axial {
			corners.TopLeft, corners.TopRight = patient, technique
		}
		if view.SlabMM > 0 {
			corners.TopLeft = strings.TrimPrefix(fmt.Sprintf("%s · MIP %.0f mm", corners.TopLeft, view.SlabMM), " · ")
		}
		p.pane.SetCorners(corners)
		p.pane.SetTexts(view.Overlays)
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// scene is the picture of p without marks.
func (v *views) scene(p *planeView) viewer.Scene {
	view := v.session.View()
	s := viewer.Scene{
		Volume: v.session.Document().Volume, Plane: p.plane, CursorMM: view.Cursor,
		Window: viewer.Window{CentreHU: view.WindowCentreHU, WidthHU: view.WindowWidthHU},
		Zoom:   p.zoom, PanMM: p.panMM, SlabMM: view.SlabMM, Smooth: true, Crosshair: view.Overlays,
	}
	ratio := float64(1)
	if c := fyne.CurrentApp().Driver().CanvasForObject(p.pane); c != nil {
		ratio = float64(c.Scale())
	}
	size := p.pane.Size()
	s.WidthPx, s.HeightPx = max(int(float64(size.Width)*ratio), 1), max(int(float64(size.Height)*ratio), 1)
	s.Scale = ratio
	return s
}

// Line widths in device-independent pixels, and the opacity of tints.
const (
	markWidth     = 1.5
	selectedWidth = 2.5
	thinWidth     = 1
	targetFill    = 0.10
)

// marks are the outlines and boxes over every picture. Those of the networks are dashed until the user
// has decided on them.
func (v *views) marks() ([]viewer.Overlay, []viewer.Box) {
	view, derived, plan := v.session.View(), v.session.Derived(), v.session.Plan()
	if !view.Overlays {
		return nil, nil
	}
	var overlays []viewer.Overlay
	var boxes []viewer.Box
	if derived.External != nil && !view.Hidden[session.NameExternal] {
		overlays = append(overlays, viewer.Overlay{Mask: derived.External, Colour: paint(session.NameExternal), WidthPx: thinWidth})
	}
	decided := v.session.ReviewedCount() == len(plan.Clips)
	for _, t := range derived.Targets {
		if view.Hidden[t.Name] {
			continue
		}
		o := viewer.Overlay{Mask: t.Mask, Colour: paint(t.Name), WidthPx: markWidth, Dashed: !decided}
		if strings.HasPrefix(t.Name, session.NameCTV) {
			o.Fill = targetFill
		}
		overlays = append(overlays, o)
	}
	if derived.ROI != nil && !view.Hidden[session.NameROI] {
		boxes = append(boxes, viewer.Box{
			MinMM: derived.ROI.MinMM, MaxMM: derived.ROI.MaxMM, Colour: paint(session.NameROI), WidthPx: thinWidth, Dashed: true,
		})
	}
	for _, c := range plan.Clips {
		selected := c.ID == view.Selected
		if view.Hidden[session.ClipsName(c.Side)] || !c.Kept && !selected {
			continue
		}
		colour, width := paint(session.ClipsName(c.Side)), float64(markWidth)
		if !c.Kept {
			colour = color.RGBA{0x8B, 0x94, 0x9E, 0xFF}
		}
		if selected {
			width = selectedWidth
		}
		dashed := !view.Reviewed[c.ID]
		low, high := v.session.ClipBox(c.Mask)
		overlays = append(overlays, viewer.Overlay{Mask: c.Mask, Colour: colour, WidthPx: markWidth, Dashed: dashed})
		boxes = append(boxes, viewer.Box{MinMM: low, MaxMM: high, Colour: colour, WidthPx: width, Dashed: dashed, Label: fmt.Sprint(c.ID)})
	}
	return overlays, boxes
}

func paint(name string) color.RGBA {
	c := session.Colour(name)
	return color.RGBA{c[0], c[1], c[2], 0xFF}
}

// Layout is the toolkit's call.
func (v *views) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	if v.maximised >= 0 {
		place(v.each[v.maximised].pane, 0, 0, size.Width, size.Height)
		return
	}
	left := float32(math.Round(float64((size.Width - gripWidth) * v.axialPart)))
	upper := float32(math.Round(float64((size.Height - gripWidth) * v.upperPart)))
	x := left + gripWidth
	place(v.each[viewer.Axial].pane, 0, 0, left, size.Height)
	place(v.columnGrip, left, 0, gripWidth, size.Height)
	place(v.each[viewer.Sagittal].pane, x, 0, size.Width-x, upper)
	place(v.rowGrip, x, upper, size.Width-x, gripWidth)
	place(v.each[viewer.Coronal].pane, x, upper+gripWidth, size.Width-x, size.Height-upper-gripWidth)
}

// MinSize is the toolkit's call.
func (v *views) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(centreMin, centreMinHeight)
}
