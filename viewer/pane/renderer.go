package pane

import (
	"cmp"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/clipwright/clipwright/viewer"
)

const (
	textSize   = 11
	letterSize = 13
	inset      = 8 // of texts from the edge
	ringWidth  = 1

	shadowOffset = 1
)

// renderer lays the texts over the raster.
type renderer struct {
	pane    *Pane
	raster  *canvas.Raster
	ring    *canvas.Rectangle
	bar     *canvas.Rectangle
	under   *canvas.Rectangle // of bar, dark
	letters [4]*canvas.Text   // left, right, top, bottom
	corners [4]*canvas.Text   // top left, top right, bottom left, bottom right
	barText *canvas.Text
	labels  []*canvas.Text // one for each box label; those not needed are hidden
	brush   *canvas.Circle
	shadows []*canvas.Text // under texts and labels, so that they can be read on bone
}

func textColour() color.Color   { return color.NRGBA{0xE6, 0xED, 0xF3, 0xFF} }
func letterColour() color.Color { return color.NRGBA{0xF0, 0xC6, 0x74, 0xFF} }
func accent() color.Color       { return color.NRGBA{0x56, 0xB4, 0xE9, 0xFF} }

func newText(size float32, c color.Color, bold bool) *canvas.Text {
	t := canvas.NewText("", c)
	t.TextSize, t.TextStyle = size, fyne.TextStyle{Bold: bold}
	return t
}

func newRenderer(p *Pane, raster *canvas.Raster) *renderer {
	r := &renderer{pane: p, raster: raster, ring: canvas.NewRectangle(color.Transparent), bar: canvas.NewRectangle(textColour()), under: canvas.NewRectangle(color.Black)}
	r.ring.StrokeColor, r.ring.StrokeWidth = accent(), ringWidth
	r.brush = canvas.NewCircle(color.Transparent)
	r.brush.StrokeWidth = ringWidth
	for i := range r.letters {
		r.letters[i] = newText(letterSize, letterColour(), true)
	}
	for i := range r.corners {
		r.corners[i] = newText(textSize, textColour(), false)
	}
	r.barText = newText(textSize, textColour(), false)
	r.write()
	return r
}

// write fills every text from the scene, places it, and shows what is needed.
func (r *renderer) write() {
	p := r.pane
	shown := p.has && p.texts && p.size[0] > 0
	r.placeBrush()
	for _, t := range r.texts() {
		t.Hidden = !shown
	}
	r.under.Hidden = !shown
	r.bar.Hidden, r.ring.Hidden = !shown, !p.focused
	for _, t := range r.labels {
		t.Hidden = true
	}
	defer r.castShadows()
	if !shown {
		return
	}
	s := p.sized()
	l := viewer.EdgeLetters(s)
	for i, text := range [4]string{l.Left, l.Right, l.Top, l.Bottom} {
		r.letters[i].Text = text
	}
	position := viewer.PositionText(s, cmp.Or(p.corners.Slice, "slice"))
	if p.hover != nil {
		if hu := viewer.HUText(s.Volume, *p.hover); hu != "" {
			position += " · " + hu
		}
	}
	for i, text := range [4]string{p.corners.TopLeft, p.corners.TopRight, position, p.corners.BottomRight} {
		r.corners[i].Text = text
	}
	mm, px := viewer.ScaleBar(s)
	r.barText.Text = fmt.Sprintf("%g mm", mm)
	r.place(float32(px / p.ratio))
	r.placeLabels(s)
}

// The corner that follows the mouse, and its place among texts.
const (
	positionCorner = 2
	positionText   = 4 + positionCorner
)

// placeBrush puts the circle of the brush round the mouse.
func (r *renderer) placeBrush() {
	p := r.pane
	r.brush.Hidden = !p.ready() || p.brushMM <= 0 || p.hover == nil
	if r.brush.Hidden {
		return
	}
	d := float32(p.brushMM * viewer.PxPerMM(p.sized()) / p.ratio)
	r.brush.StrokeColor = p.brush
	r.brush.Resize(fyne.NewSquareSize(d))
	r.brush.Move(p.mouse.SubtractXY(d/2, d/2))
}

// refreshPosition repaints what follows the mouse: the text at the bottom left, its shadow and the brush.
func (r *renderer) refreshPosition() {
	r.brush.Refresh()
	r.shadows[positionText].Refresh()
	r.corners[positionCorner].Refresh()
}

// castShadows puts a dark copy under every text.
func (r *renderer) castShadows() {
	for i, t := range append(r.texts(), r.labels...) {
		if i == len(r.shadows) {
			r.shadows = append(r.shadows, newText(t.TextSize, color.Black, t.TextStyle.Bold))
		}
		under := r.shadows[i]
		under.Text, under.TextSize, under.TextStyle, under.Hidden = t.Text, t.TextSize, t.TextStyle, t.Hidden
		under.Resize(t.Size())
		under.Move(t.Position().AddXY(shadowOffset, shadowOffset))
	}
}

func (r *renderer) texts() []*canvas.Text {
	return append(append(r.letters[:4:4], r.corners[:]...), r.barText)
}

// place lays out the texts; barWidth is the length of the scale bar.
func (r *renderer) place(barWidth float32) {
	size := r.pane.Size()
	fit := func(t *canvas.Text) fyne.Size {
		m := t.MinSize()
		t.Resize(m)
		return m
	}
	left, right, top, bottom := fit(r.letters[0]), fit(r.letters[1]), fit(r.letters[2]), fit(r.letters[3])
	r.letters[0].Move(fyne.NewPos(inset, (size.Height-left.Height)/2))
	r.letters[1].Move(fyne.NewPos(size.Width-right.Width-inset, (size.Height-right.Height)/2))
	tl, tr, bl, br := fit(r.corners[0]), fit(r.corners[1]), fit(r.corners[2]), fit(r.corners[3])
	r.letters[2].Move(fyne.NewPos((size.Width-top.Width)/2, inset/2+standClear(size, top, tl, tr)))
	r.letters[3].Move(fyne.NewPos((size.Width-bottom.Width)/2, size.Height-bottom.Height-inset/2-standClear(size, bottom, bl, br)))
	r.corners[1].Hidden = tl.Width+tr.Width+3*inset > size.Width
	r.corners[3].Hidden = bl.Width+br.Width+3*inset > size.Width
	r.corners[0].Move(fyne.NewPos(inset, inset/2))
	r.corners[1].Move(fyne.NewPos(size.Width-tr.Width-inset, inset/2))
	r.corners[2].Move(fyne.NewPos(inset, size.Height-bl.Height-inset/2))
	r.corners[3].Move(fyne.NewPos(size.Width-br.Width-inset, size.Height-br.Height-inset/2))

	const thickness = 2
	barY := size.Height - br.Height - inset - thickness
	r.bar.Resize(fyne.NewSize(barWidth, thickness))
	r.bar.Move(fyne.NewPos(size.Width-barWidth-inset, barY))
	r.under.Resize(fyne.NewSize(barWidth+2*shadowOffset, thickness+2*shadowOffset))
	r.under.Move(r.bar.Position().SubtractXY(shadowOffset, shadowOffset))
	bt := fit(r.barText)
	r.barText.Move(fyne.NewPos(size.Width-bt.Width-inset, barY-bt.Height))
	if barY-bt.Height < r.letters[1].Position().Y+right.Height { // a low view has no room for it under the letter
		r.bar.Hidden, r.under.Hidden, r.barText.Hidden = true, true, true
	}
}

// standClear is how far a letter in the middle of an edge must move away from it to stand clear of the texts
// at the edge's two corners: nothing, or their height.
func standClear(size, letter, atLeft, atRight fyne.Size) float32 {
	if between := (size.Width-letter.Width)/2 - 2*inset; max(atLeft.Width, atRight.Width) <= between {
		return 0
	}
	return max(atLeft.Height, atRight.Height)
}

func (r *renderer) placeLabels(s *viewer.Scene) {
	p := r.pane
	p.labels = viewer.AppendLabels(p.labels[:0], s)
	for i, l := range p.labels {
		if i == len(r.labels) {
			r.labels = append(r.labels, newText(textSize, textColour(), true))
		}
		t := r.labels[i]
		t.Text, t.Color, t.Hidden = l.Text, l.Colour, false
		m := t.MinSize()
		t.Resize(m)
		x, y := float32(l.X/p.ratio), float32(l.Y/p.ratio)
		t.Hidden = x < 0 || y < 0 || x > p.Size().Width || y > p.Size().Height
		t.Move(fyne.NewPos(x, y-m.Height))
	}
}

// Layout implements fyne.WidgetRenderer.
func (r *renderer) Layout(size fyne.Size) {
	r.raster.Resize(size)
	r.ring.Resize(size)
	if p := r.pane; p.size[0] > 0 { // the texts are placed before the picture is drawn at this size
		p.size = [2]int{max(int(float64(size.Width)*p.ratio), 1), max(int(float64(size.Height)*p.ratio), 1)}
	}
	r.write()
}

// MinSize implements fyne.WidgetRenderer.
func (r *renderer) MinSize() fyne.Size { return fyne.NewSize(160, 120) }

// Refresh implements fyne.WidgetRenderer.
func (r *renderer) Refresh() {
	r.write()
	r.raster.Refresh()
	canvas.Refresh(r.pane)
}

// Objects implements fyne.WidgetRenderer.
func (r *renderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.raster, r.under, r.bar}
	for _, t := range r.shadows {
		objects = append(objects, t)
	}
	for _, t := range r.labels {
		objects = append(objects, t)
	}
	for _, t := range r.texts() {
		objects = append(objects, t)
	}
	return append(objects, r.brush, r.ring)
}

// Destroy implements fyne.WidgetRenderer.
func (r *renderer) Destroy() {}
