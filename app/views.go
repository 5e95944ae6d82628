package app

import (
	"fmt"
	"image/color"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
	"github.com/clipwright/clipwright/viewer/pane"
)

// views is the three linked pictures and the solid one beside them.
type views struct {
	box        *fyne.Container
	host       *host
	session    *session.Session
	each       [3]*planeView // by viewer.Plane
	solid      *pane.Solid
	shapes     shapeCache
	solidOf    *volume.Volume // the study whose surfaces are kept
	columnGrip *grip
	rowGrip    *grip
	layout     int // one of the layouts
	maximised  int // view shown alone, solidView included, or -1
	selected   int // clip followed last
	shown      *volume.Volume
	axialPart  float32
	upperPart  float32
	smooth     bool
	boxDrag    *boxDrag         // while the box to search is dragged
	overlays   []viewer.Overlay // shown last
	boxes      []viewer.Box
	path       viewer.Path
	clicked    *volume.Vec // a left press that may become a click: the mouse has not moved since
	slicePart  float64     // of a slice, left over from a drag through slices
	mouse      mouse
	settings   settings

	flat    bool                // without the solid one
	signs   []viewer.Mark       // laid over the pictures
	beside  []viewer.Overlay    // drawn beside what the session shows
	click   func(at volume.Vec) // a left click with the crosshair; nil for none
	pressed *volume.Vec         // where one may have begun

	shaped func() *viewer.Shape // what the solid view shows in the place of the study
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
	preferenceUpperPart = "sagittal part of the three side images"
	preferenceLayout    = "layout of the images"
	preferencePixels    = "images without smoothing"
	maxZoom             = 40.0
)

func newViews(h *host, s *session.Session, remembered settings) *views {
	v := &views{
		host: h, session: s, maximised: -1, settings: remembered, smooth: !remembered.Bool(preferencePixels),
		axialPart: float32(remembered.FloatWithFallback(preferenceAxialPart, 0.64)),
		upperPart: float32(remembered.FloatWithFallback(preferenceUpperPart, 0.36)),
		layout:    int(remembered.FloatWithFallback(preferenceLayout, layoutLarge)) % layouts, mouse: rememberedMouse(remembered),
	}
	v.mouse = rememberedMouse(remembered)
	v.solid = pane.NewSolid(lang.L("Solid: drag to turn"), func() { v.maximise(solidView) })
	objects := make([]fyne.CanvasObject, 0, 5)
	for _, plane := range []viewer.Plane{viewer.Axial, viewer.Sagittal, viewer.Coronal} {
		v.each[plane] = v.newPlane(plane)
		objects = append(objects, v.each[plane].pane)
	}
	v.columnGrip = newGrip(desktop.HResizeCursor, func(by fyne.Delta) {
		v.axialPart = min(max(v.axialPart+by.DX/v.box.Size().Width, 0.3), 0.85)
		v.settings.SetFloat(preferenceAxialPart, float64(v.axialPart))
		relayout(v.box)
	})
	v.rowGrip = newGrip(desktop.VResizeCursor, func(by fyne.Delta) {
		v.upperPart = min(max(v.upperPart+by.DY/v.box.Size().Height, 0.2), 0.7)
		v.settings.SetFloat(preferenceUpperPart, float64(v.upperPart))
		relayout(v.box)
	})
	v.box = container.New(v, append(objects, v.solid, v.columnGrip, v.rowGrip)...)
	v.arrange()
	return v
}

func (v *views) newPlane(plane viewer.Plane) *planeView {
	p := &planeView{plane: plane, zoom: 1}
	p.pane = pane.New(pane.Callbacks{
		OnStep:    func(n int) { v.session.SetCursor(viewer.Step(ptr(v.scene(p)), n)) },
		OnZoom:    func(factor float64, at volume.Vec) { v.zoomAt(p, factor, at) },
		OnPress:   func(at volume.Vec, opposite bool) { v.press(p, at, opposite) },
		OnDrag:    func(d pane.Drag) { v.drag(p, d) },
		OnRelease: v.release,
		OnHover:   v.hover,
		OnDoubleTap: func() {
			if t := v.session.View().Tool; t == session.ToolCrosshair {
				v.maximise(int(plane))
			}
		},
		OnTypedKey:  func(e *fyne.KeyEvent) { v.typedKey(p, e) },
		OnTypedRune: v.host.typedRune,
	})
	return p
}

func ptr[T any](value T) *T { return &value }

// typedKey lets the keys that step do so through the picture that has the keyboard.
func (v *views) typedKey(p *planeView, e *fyne.KeyEvent) {
	if !v.session.HasVolume() {
		return
	}
	if n := slicesOf(v.host.keys.command(string(e.Name))); n != 0 {
		v.session.SetCursor(viewer.Step(ptr(v.scene(p)), n))
		return
	}
	v.host.typedKey(e)
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
	p.pane.SetScene(v.marked(p))
}

// marked is the picture of p with the marks shown last.
func (v *views) marked(p *planeView) viewer.Scene {
	s := v.scene(p)
	s.Overlays, s.Boxes, s.Path = v.overlays, v.boxes, v.path
	if v.session.View().Overlays {
		s.Marks = v.signs
	}
	return s
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

// aim shows at least acrossMM round at in every plane.
func (v *views) aim(at volume.Vec, acrossMM float64) {
	for _, p := range v.each {
		s := v.scene(p)
		viewer.Aim(&s, at, acrossMM*float64(s.WidthPx)/float64(min(s.WidthPx, s.HeightPx)))
		p.zoom, p.panMM = s.Zoom, s.PanMM
		if p.zoom <= 1 {
			p.zoom, p.panMM = 1, [2]float64{}
		}
	}
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
		viewer.Centre(&s, at)
		p.panMM = s.PanMM
	}
}

// set shows what changed.
func (v *views) set(changed session.Change) {
	if changed.Has(session.DocumentChanged) {
		if shown := v.session.Document().Volume; shown != v.shown { // saving names another file, of the same images
			v.shown = shown
			v.fit()
			v.solid.Reset()
		}
		v.write()
	}
	if changed.Has(session.DocumentChanged | session.PlanChanged | session.DerivedChanged | session.ViewChanged) {
		v.showSolid()
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
	v.overlays, v.boxes = v.marks()
	if v.session.View().Overlays {
		v.overlays = append(v.overlays, v.beside...)
	}
	v.path = v.drawnPath()
	diameter, colour := v.brush()
	for _, p := range v.each {
		p.pane.SetBrush(diameter, colour)
		p.pane.SetScene(v.marked(p))
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
		corners := pane.Corners{TopLeft: planeText(p.plane), BottomRight: window, Slice: lang.L("slice")}
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

// upperFirst writes s as it stands at the beginning of a sentence.
func upperFirst(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// planeText is the name of a plane.
func planeText(p viewer.Plane) string {
	return [...]string{viewer.Axial: lang.L("Axial"), viewer.Sagittal: lang.L("Sagittal"), viewer.Coronal: lang.L("Coronal")}[p]
}

// scene is the picture of p without marks.
func (v *views) scene(p *planeView) viewer.Scene {
	view := v.session.View()
	s := viewer.Scene{
		Volume: v.session.Document().Volume, Plane: p.plane, CursorMM: view.Cursor,
		Window: viewer.Window{CentreHU: view.WindowCentreHU, WidthHU: view.WindowWidthHU},
		Zoom:   p.zoom, PanMM: p.panMM, SlabMM: view.SlabMM, Smooth: v.smooth, Crosshair: view.Overlays,
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
		overlays = append(overlays, viewer.Overlay{Mask: derived.External, Colour: v.paint(session.NameExternal), WidthPx: thinWidth})
	}
	decided := v.session.ReviewedCount() == len(plan.Clips)
	for _, l := range v.session.Layers() {
		if view.Hidden[l.Name] {
			continue
		}
		style := v.session.Style(l.Name)
		o := viewer.Overlay{Mask: l.Mask, Colour: v.paint(l.Name), WidthPx: markWidth, Dashed: l.Proposal || !decided && !l.ByHand, Fill: style.Fill}
		if view.Tool.Draws() && l.Name == view.Active {
			o.Fill = max(o.Fill, targetFill)
		}
		overlays = append(overlays, o)
	}
	if box := v.session.Box(); view.Tool == session.ToolBox || box != nil && !view.Hidden[session.NameROI] {
		shown := v.session.ProposeBox()
		b := viewer.Box{MinMM: shown.MinMM, MaxMM: shown.MaxMM, Colour: v.paint(session.NameROI), WidthPx: thinWidth, Dashed: view.Box == nil}
		if view.Tool == session.ToolBox {
			b.WidthPx, b.Handles = markWidth, true
		}
		boxes = append(boxes, b)
	}
	for _, c := range plan.Clips {
		selected := c.ID == view.Selected
		if view.Hidden[session.ClipsName(c.Side)] || !c.Kept && !selected {
			continue
		}
		colour, width := v.paint(session.ClipsName(c.Side)), float64(markWidth)
		if !c.Kept {
			colour = color.RGBA{0x8B, 0x94, 0x9E, 0xFF}
		}
		if selected {
			width = selectedWidth
		}
		dashed := !view.Reviewed[c.ID]
		low, high := v.session.ClipBox(c.Mask)
		overlays = append(overlays, viewer.Overlay{Mask: v.session.StrokeOnClip(c), Colour: colour, WidthPx: markWidth, Dashed: dashed})
		boxes = append(boxes, viewer.Box{MinMM: low, MaxMM: high, Colour: colour, WidthPx: width, Dashed: dashed, Label: fmt.Sprint(c.ID)})
	}
	if c := v.session.ProposedClip(); c != nil {
		colour := v.paint(session.ClipsName(c.Side))
		low, high := v.session.ClipBox(c.Mask)
		overlays = append(overlays, viewer.Overlay{Mask: c.Mask, Colour: colour, WidthPx: markWidth})
		boxes = append(boxes, viewer.Box{MinMM: low, MaxMM: high, Colour: colour, WidthPx: markWidth, Dashed: true, Label: fmt.Sprintf("+ %.0f mm³, %d HU", c.VolumeMM3, c.PeakHU)})
	}
	if m := v.session.NewClipStroke(); m != nil {
		overlays = append(overlays, viewer.Overlay{Mask: m, Colour: v.paint(view.Active), WidthPx: markWidth})
	}
	return overlays, boxes
}

// paint is the colour of a structure, as opaque as its outline.
func (v *views) paint(name string) color.RGBA {
	st := v.session.Style(name)
	return color.RGBA{st.Colour[0], st.Colour[1], st.Colour[2], uint8(st.Line*255 + 0.5)}
}
