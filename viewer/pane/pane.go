// Package pane is the widget that shows one picture. It turns the mouse, the wheel and the keys into
// callbacks and holds no logic: whoever owns the study answers with a new Scene. All its methods are
// called on the UI goroutine.
package pane

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// Callbacks are what the user did; nil ones are left out. Positions are LPS mm on the plane shown.
type Callbacks struct {
	OnStep      func(slices int)                    // wheel: towards the head, the left or posterior for growing values
	OnZoom      func(factor float64, at volume.Vec) // Ctrl and wheel: about at
	OnPress     func(at volume.Vec, opposite bool)  // left press; opposite while Shift is held
	OnDrag      func(Drag)                          // the mouse moved with a button held
	OnRelease   func()                              // the left button was let go, or the mouse left
	OnHover     func(at *volume.Vec)                // the mouse moved without a button, or left: nil
	OnDoubleTap func()
	OnTypedKey  func(*fyne.KeyEvent)
	OnTypedRune func(rune)
}

// Drag is one move of the mouse with a button held.
type Drag struct {
	Button          desktop.MouseButton
	At, Began       volume.Vec
	RightMM, DownMM float64 // how far it moved on the plane
	Right, Down     float64 // the same in picture widths and heights
}

// Corners are the texts at the corners of a picture, in the order radiographers know: patient,
// technique; position and window are written by the pane itself.
type Corners struct {
	TopLeft, TopRight, BottomRight string
	Slice                          string // the word for a slice, in the language of the window; "slice" when empty
}

// Pane shows one viewer.Scene.
type Pane struct {
	widget.BaseWidget

	calls    Callbacks
	scene    viewer.Scene
	has      bool
	corners  Corners
	texts    bool
	hover    *volume.Vec
	focused  bool
	mouse    fyne.Position // last seen
	began    volume.Vec    // where a drag began
	dragging desktop.MouseButton
	brushMM  float64 // diameter of the circle round the mouse; 0 shows none
	brush    color.Color
	size     [2]int // of the last picture, device pixels
	ratio    float64

	renderer *viewer.Renderer
	written  *renderer // the texts over the picture, once the toolkit has asked for them
	picture  *image.RGBA
	labels   []viewer.Label
	drawn    int // pictures so far
}

// New returns a pane that shows black until SetScene.
func New(calls Callbacks) *Pane {
	p := &Pane{calls: calls, renderer: viewer.NewRenderer(), texts: true, ratio: 1}
	p.ExtendBaseWidget(p)
	return p
}

// SetScene shows s; its size and scale are those of the pane.
func (p *Pane) SetScene(s viewer.Scene) {
	p.scene, p.has = s, s.Volume != nil
	p.Refresh()
}

// Scene is what is shown.
func (p *Pane) Scene() viewer.Scene { return p.scene }

// Drawn is how many pictures of a CT were drawn so far.
func (p *Pane) Drawn() int { return p.drawn }

// Clear shows black.
func (p *Pane) Clear() { p.SetScene(viewer.Scene{}) }

// SetCorners changes the texts at the corners.
func (p *Pane) SetCorners(c Corners) {
	p.corners = c
	p.Refresh()
}

// SetTexts shows or hides everything written over the picture.
func (p *Pane) SetTexts(shown bool) {
	p.texts = shown
	p.Refresh()
}

// Focused tells whether the keys go to this pane.
func (p *Pane) Focused() bool { return p.focused }

// sized is the scene at the size it is shown in.
func (p *Pane) sized() *viewer.Scene {
	p.scene.WidthPx, p.scene.HeightPx, p.scene.Scale = p.size[0], p.size[1], p.ratio
	return &p.scene
}

// draw is the raster's generator: the picture at w by h device pixels.
func (p *Pane) draw(w, h int) image.Image {
	w, h = max(w, 1), max(h, 1)
	if p.picture == nil || p.picture.Rect.Dx() != w || p.picture.Rect.Dy() != h {
		p.picture = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	p.size = [2]int{w, h}
	if width := float64(p.Size().Width); width > 0 {
		p.ratio = float64(w) / width
	}
	if !p.has {
		for i := range p.picture.Pix {
			p.picture.Pix[i] = 0
			if i%4 == 3 {
				p.picture.Pix[i] = 255
			}
		}
		return p.picture
	}
	p.renderer.Render(p.picture, p.sized())
	p.drawn++
	return p.picture
}

// at is the point of the plane under a position of the widget.
func (p *Pane) at(pos fyne.Position) volume.Vec {
	return viewer.ToPatient(p.sized(), float64(pos.X)*p.ratio, float64(pos.Y)*p.ratio)
}

// SetBrush shows a circle of diameterMM round the mouse; 0 shows none.
func (p *Pane) SetBrush(diameterMM float64, c color.Color) {
	if diameterMM == p.brushMM && c == p.brush {
		return
	}
	p.brushMM, p.brush = diameterMM, c
	p.rewrite()
}

// MouseDown begins a press or a drag.
func (p *Pane) MouseDown(e *desktop.MouseEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(p); c != nil {
		c.Focus(p)
	}
	p.mouse = e.Position
	if !p.ready() {
		return
	}
	p.dragging, p.began = e.Button, p.at(e.Position)
	if e.Button == desktop.MouseButtonPrimary && p.calls.OnPress != nil {
		p.calls.OnPress(p.began, e.Modifier&fyne.KeyModifierShift != 0)
	}
}

// ready tells whether a picture is shown, so that positions mean something.
func (p *Pane) ready() bool { return p.has && p.size[0] > 0 }

// MouseUp ends a drag.
func (p *Pane) MouseUp(*desktop.MouseEvent) { p.release() }

func (p *Pane) release() {
	if p.dragging == desktop.MouseButtonPrimary && p.calls.OnRelease != nil {
		p.calls.OnRelease()
	}
	p.dragging = 0
}

// MouseIn shows what lies under the mouse.
func (p *Pane) MouseIn(e *desktop.MouseEvent) { p.MouseMoved(e) }

// MouseMoved tells of drags while a button is held, and shows what lies under the mouse.
func (p *Pane) MouseMoved(e *desktop.MouseEvent) {
	if !p.ready() {
		return
	}
	at := p.at(e.Position)
	p.hover = &at
	moved := e.Position.Subtract(p.mouse)
	p.mouse = e.Position
	if size := p.Size(); p.dragging != 0 && p.calls.OnDrag != nil {
		perMM := viewer.PxPerMM(p.sized()) / p.ratio
		p.calls.OnDrag(Drag{
			Button: p.dragging, At: at, Began: p.began,
			RightMM: float64(moved.X) / perMM, DownMM: float64(moved.Y) / perMM,
			Right: float64(moved.X / size.Width), Down: float64(moved.Y / size.Height),
		})
	}
	if p.dragging == 0 && p.calls.OnHover != nil {
		p.calls.OnHover(p.hover)
	}
	p.rewrite()
}

// rewrite brings the text that follows the mouse up to date and leaves the picture as it is: refreshing the
// whole pane would draw it again.
func (p *Pane) rewrite() {
	if p.written == nil {
		return
	}
	p.written.write()
	p.written.refreshPosition()
}

// MouseOut forgets what lay under the mouse.
func (p *Pane) MouseOut() {
	p.release()
	p.hover = nil
	if p.calls.OnHover != nil {
		p.calls.OnHover(nil)
	}
	p.rewrite()
}

// wheelNotch is what Fyne reports for one notch of a wheel.
const wheelNotch = 10

// Scrolled steps through the slices, or zooms while Ctrl is held.
func (p *Pane) Scrolled(e *fyne.ScrollEvent) {
	if !p.has || p.size[0] == 0 || e.Scrolled.DY == 0 {
		return
	}
	notches := float64(e.Scrolled.DY) / wheelNotch
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok && d.CurrentKeyModifiers()&fyne.KeyModifierControl != 0 {
		if p.calls.OnZoom != nil {
			p.calls.OnZoom(math.Pow(1.15, min(max(notches, -3), 3)), p.at(e.Position))
		}
		return
	}
	if p.calls.OnStep != nil {
		p.calls.OnStep(int(math.Copysign(math.Max(1, math.Round(math.Abs(notches))), notches)))
	}
}

// Pinched zooms to the mouse, if it is over the picture, by how much two fingers have spread.
func (p *Pane) Pinched(factor float64) {
	if p.has && p.hover != nil && p.calls.OnZoom != nil {
		p.calls.OnZoom(factor, *p.hover)
	}
}

// DoubleTapped maximises the view or brings the others back.
func (p *Pane) DoubleTapped(*fyne.PointEvent) {
	if p.calls.OnDoubleTap != nil {
		p.calls.OnDoubleTap()
	}
}

// FocusGained shows that the keys go here.
func (p *Pane) FocusGained() {
	p.focused = true
	p.Refresh()
}

// FocusLost shows that they no longer do.
func (p *Pane) FocusLost() {
	p.focused = false
	p.Refresh()
}

// TypedKey passes a key on.
func (p *Pane) TypedKey(e *fyne.KeyEvent) {
	if p.calls.OnTypedKey != nil {
		p.calls.OnTypedKey(e)
	}
}

// TypedRune passes a character on.
func (p *Pane) TypedRune(r rune) {
	if p.calls.OnTypedRune != nil {
		p.calls.OnTypedRune(r)
	}
}

// Cursor is a crosshair over the picture.
func (p *Pane) Cursor() desktop.Cursor { return desktop.CrosshairCursor }

// CreateRenderer implements fyne.Widget.
func (p *Pane) CreateRenderer() fyne.WidgetRenderer {
	raster := canvas.NewRaster(p.draw)
	raster.ScaleMode = canvas.ImageScalePixels
	p.written = newRenderer(p, raster)
	return p.written
}
