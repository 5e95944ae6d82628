package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// fill is a plain rectangle in a colour of the theme, with an optional border.
type fill struct {
	widget.BaseWidget
	colour, border fyne.ThemeColorName
	radius         float32
	min            fyne.Size
}

func newFill(colour fyne.ThemeColorName) *fill {
	f := &fill{colour: colour}
	f.ExtendBaseWidget(f)
	return f
}

// newRule is a one pixel line across its container.
func newRule() *fill {
	f := newFill(colourLine)
	f.min = fyne.NewSize(1, 1)
	return f
}

func (f *fill) setColour(name fyne.ThemeColorName) {
	if f.colour != name {
		f.colour = name
		f.Refresh()
	}
}

// CreateRenderer draws the rectangle.
func (f *fill) CreateRenderer() fyne.WidgetRenderer {
	r := &fillRenderer{fill: f, box: canvas.NewRectangle(color.Transparent)}
	r.Refresh()
	return r
}

type fillRenderer struct {
	fill *fill
	box  *canvas.Rectangle
}

func (r *fillRenderer) Destroy()                     {}
func (r *fillRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.box} }
func (r *fillRenderer) MinSize() fyne.Size           { return r.fill.min }
func (r *fillRenderer) Layout(size fyne.Size)        { r.box.Resize(size) }

func (r *fillRenderer) Refresh() {
	r.box.FillColor = theme.Color(r.fill.colour)
	r.box.StrokeColor, r.box.StrokeWidth = color.Transparent, 0
	if r.fill.border != "" {
		r.box.StrokeColor, r.box.StrokeWidth = theme.Color(r.fill.border), 1
	}
	r.box.CornerRadius = r.fill.radius
	r.box.Refresh()
}
