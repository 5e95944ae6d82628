package app

import (
	"bytes"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// figure is a line drawing, black in its file, in the dim colour of the theme.
type figure struct {
	widget.BaseWidget
	name string
	svg  []byte
	size fyne.Size
}

func newFigure(name string, svg []byte, size fyne.Size) *figure {
	f := &figure{name: name, svg: svg, size: size}
	f.ExtendBaseWidget(f)
	return f
}

// drawing is the file with its black lines in the dim colour. The colour is in the name because the
// toolkit keeps pictures by name.
func (f *figure) drawing() fyne.Resource {
	r, g, b, _ := theme.Color(colourDim).RGBA()
	hex := fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
	return fyne.NewStaticResource(hex[1:]+f.name, bytes.ReplaceAll(f.svg, []byte("#000000"), []byte(hex)))
}

// CreateRenderer draws it.
func (f *figure) CreateRenderer() fyne.WidgetRenderer {
	r := &figureRenderer{figure: f, image: canvas.NewImageFromResource(f.drawing())}
	r.image.FillMode = canvas.ImageFillContain
	return r
}

type figureRenderer struct {
	figure *figure
	image  *canvas.Image
}

func (r *figureRenderer) Destroy()                     {}
func (r *figureRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.image} }
func (r *figureRenderer) MinSize() fyne.Size           { return r.figure.size }
func (r *figureRenderer) Layout(size fyne.Size)        { r.image.Resize(size) }

func (r *figureRenderer) Refresh() {
	r.image.Resource = r.figure.drawing()
	r.image.Refresh()
}
