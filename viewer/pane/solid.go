package pane

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// Solid shows shapes in space; the mouse turns them. Its methods are called on the UI goroutine.
type Solid struct {
	widget.BaseWidget

	onDoubleTap func()
	title       string
	solids      []viewer.Solid
	low, high   volume.Vec // what fits into the picture at zoom 1
	turn        viewer.Turn
	zoom        float64
	mouse       fyne.Position
	turning     bool
	under       bool // the mouse is over the picture

	renderer viewer.SolidRenderer
	picture  *image.RGBA
	written  *solidRenderer
}

// NewSolid returns a picture that is black until SetSolids.
func NewSolid(title string, onDoubleTap func()) *Solid {
	s := &Solid{title: title, onDoubleTap: onDoubleTap}
	s.Reset()
	s.ExtendBaseWidget(s)
	return s
}

// SetTitle writes a title at the top left.
func (s *Solid) SetTitle(title string) {
	s.title = title
	s.Refresh()
}

// Reset looks from the front, a little from the patient's left and from above.
func (s *Solid) Reset() {
	s.turn, s.zoom = viewer.Turn{YawDeg: 25, PitchDeg: 15}, 1
	s.Refresh()
}

// SetSolids shows solids; low to high, LPS mm, fits into the picture.
func (s *Solid) SetSolids(solids []viewer.Solid, low, high volume.Vec) {
	s.solids, s.low, s.high = solids, low, high
	s.Refresh()
}

// Solids are those shown.
func (s *Solid) Solids() []viewer.Solid { return s.solids }

func (s *Solid) scene(w, h int) *viewer.SolidScene {
	size := s.high.Sub(s.low)
	across := max(math.Hypot(size[0], size[1]), size[2], 1) // whichever way it is turned
	return &viewer.SolidScene{
		Solids: s.solids, Turn: s.turn, CentreMM: s.low.Add(s.high).Scale(0.5),
		PxPerMM: float64(min(w, h)) / across * s.zoom, WidthPx: w, HeightPx: h,
	}
}

func (s *Solid) draw(w, h int) image.Image {
	w, h = max(w, 1), max(h, 1)
	if s.picture == nil || s.picture.Rect.Dx() != w || s.picture.Rect.Dy() != h {
		s.picture = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	s.renderer.Render(s.picture, s.scene(w, h))
	return s.picture
}

// MouseDown begins to turn.
func (s *Solid) MouseDown(e *desktop.MouseEvent) { s.mouse, s.turning = e.Position, true }

// MouseUp ends it.
func (s *Solid) MouseUp(*desktop.MouseEvent) { s.turning = false }

// MouseIn takes pinches.
func (s *Solid) MouseIn(*desktop.MouseEvent) { s.under = true }

// degreesPerWidth is how far a drag across the picture turns.
const degreesPerWidth = 220

// MouseMoved turns while a button is held.
func (s *Solid) MouseMoved(e *desktop.MouseEvent) {
	moved := e.Position.Subtract(s.mouse)
	s.mouse = e.Position
	if !s.turning {
		return
	}
	perUnit := degreesPerWidth / float64(max(s.Size().Width, 1))
	s.turn.YawDeg = math.Mod(s.turn.YawDeg-float64(moved.X)*perUnit, 360)
	s.turn.PitchDeg = min(max(s.turn.PitchDeg+float64(moved.Y)*perUnit, -90), 90)
	s.Refresh()
}

// MouseOut ends turning.
func (s *Solid) MouseOut() { s.turning, s.under = false, false }

// Scrolled zooms.
func (s *Solid) Scrolled(e *fyne.ScrollEvent) {
	s.zoomBy(math.Pow(1.15, float64(e.Scrolled.DY)/wheelNotch))
}

// Pinched zooms by how much two fingers have spread, if the mouse is over the picture.
func (s *Solid) Pinched(factor float64) {
	if s.under {
		s.zoomBy(factor)
	}
}

func (s *Solid) zoomBy(factor float64) {
	s.zoom = min(max(s.zoom*factor, 0.5), 20)
	s.Refresh()
}

// DoubleTapped maximises the view or brings the others back.
func (s *Solid) DoubleTapped(*fyne.PointEvent) {
	if s.onDoubleTap != nil {
		s.onDoubleTap()
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Solid) CreateRenderer() fyne.WidgetRenderer {
	r := &solidRenderer{solid: s, raster: canvas.NewRaster(s.draw), title: newText(textSize, textColour(), false)}
	r.raster.ScaleMode = canvas.ImageScalePixels
	for i := range r.letters {
		r.letters[i] = newText(letterSize, letterColour(), true)
	}
	r.write()
	s.written = r
	return r
}

// solidRenderer lays title and letters over the raster.
type solidRenderer struct {
	solid   *Solid
	raster  *canvas.Raster
	title   *canvas.Text
	letters [6]*canvas.Text // R L A P H F
}

func (r *solidRenderer) write() {
	s, size := r.solid, r.solid.Size()
	r.title.Text = s.title
	r.title.Resize(r.title.MinSize())
	r.title.Move(fyne.NewPos(inset, inset/2))
	scene := s.scene(max(int(size.Width), 1), max(int(size.Height), 1))
	middle := scene.CentreMM
	for i, letter := range [6]string{"R", "L", "A", "P", "H", "F"} {
		p := middle
		axis := [6]int{0, 0, 1, 1, 2, 2}[i]
		p[axis] = [2]volume.Vec{s.low, s.high}[[6]int{0, 1, 0, 1, 1, 0}[i]][axis]
		t := r.letters[i]
		t.Text, t.Hidden = letter, len(s.solids) == 0
		m := t.MinSize()
		t.Resize(m)
		x, y := scene.Project(p)
		t.Move(fyne.NewPos(
			min(max(float32(x)-m.Width/2, inset), max(size.Width-m.Width-inset, inset)),
			min(max(float32(y)-m.Height/2, inset), max(size.Height-m.Height-inset, inset))))
	}
}

// Layout implements fyne.WidgetRenderer.
func (r *solidRenderer) Layout(size fyne.Size) {
	r.raster.Resize(size)
	r.write()
}

// MinSize implements fyne.WidgetRenderer.
func (r *solidRenderer) MinSize() fyne.Size { return fyne.NewSize(120, 100) }

// Refresh implements fyne.WidgetRenderer.
func (r *solidRenderer) Refresh() {
	r.write()
	r.raster.Refresh()
	canvas.Refresh(r.solid)
}

// Objects implements fyne.WidgetRenderer.
func (r *solidRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.raster, r.title}
	for _, t := range r.letters {
		objects = append(objects, t)
	}
	return objects
}

// Destroy implements fyne.WidgetRenderer.
func (r *solidRenderer) Destroy() {}
