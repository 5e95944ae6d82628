package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/viewer"
)

// signIcon is a sign as on the images, for lists and legends.
type signIcon struct {
	widget.BaseWidget
	sign   viewer.Sign
	colour color.Color
}

func newSignIcon(sign viewer.Sign, colour color.Color) *signIcon {
	s := &signIcon{sign: sign, colour: colour}
	s.ExtendBaseWidget(s)
	return s
}

const signIconSize float32 = 13

// CreateRenderer draws the sign.
func (s *signIcon) CreateRenderer() fyne.WidgetRenderer {
	r := &signIconRenderer{icon: s}
	if s.sign == viewer.Ring { // a circle of strokes would look broken at this size
		r.ring = canvas.NewCircle(color.Transparent)
		r.ring.StrokeColor, r.ring.StrokeWidth = s.colour, 1.6
		return r
	}
	for range s.sign.Strokes() {
		l := canvas.NewLine(s.colour)
		l.StrokeWidth = 1.6
		r.lines = append(r.lines, l)
	}
	return r
}

type signIconRenderer struct {
	icon  *signIcon
	lines []*canvas.Line
	ring  *canvas.Circle // of Ring alone
}

func (r *signIconRenderer) Destroy()           {}
func (r *signIconRenderer) Refresh()           { r.Layout(r.icon.Size()) }
func (r *signIconRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(signIconSize) }

func (r *signIconRenderer) Objects() []fyne.CanvasObject {
	if r.ring != nil {
		return []fyne.CanvasObject{r.ring}
	}
	var all []fyne.CanvasObject
	for _, l := range r.lines {
		all = append(all, l)
	}
	return all
}

func (r *signIconRenderer) Layout(size fyne.Size) {
	const half = signIconSize/2 - 1
	x, y := size.Width/2, size.Height/2
	if r.ring != nil {
		r.ring.Move(fyne.NewPos(x-half, y-half))
		r.ring.Resize(fyne.NewSquareSize(2 * half))
		return
	}
	for i, c := range r.icon.sign.Strokes() {
		r.lines[i].Position1 = fyne.NewPos(x+half*float32(c[0]), y+half*float32(c[1]))
		r.lines[i].Position2 = fyne.NewPos(x+half*float32(c[2]), y+half*float32(c[3]))
		r.lines[i].Refresh()
	}
}
