package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// row is a line of a list: it lights up under the pointer, can be selected and tapped.
type row struct {
	widget.BaseWidget
	tipped
	content  fyne.CanvasObject
	tapped   func()
	shade    *canvas.Rectangle
	edge     *canvas.Rectangle
	hovered  bool
	selected bool
}

func newRow(h *host, content fyne.CanvasObject, tapped func()) *row {
	r := &row{content: content, tapped: tapped, shade: canvas.NewRectangle(color.Transparent), edge: canvas.NewRectangle(color.Transparent)}
	r.host = h
	r.edge.SetMinSize(fyne.NewSize(3, 3))
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) setSelected(on bool) {
	if r.selected != on {
		r.selected = on
		r.Refresh()
	}
}

// Tapped takes the row.
func (r *row) Tapped(*fyne.PointEvent) {
	r.hideTip()
	if r.host != nil {
		r.host.unfocus()
	}
	if r.tapped != nil {
		r.tapped()
	}
}

// MouseIn highlights.
func (r *row) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.showTip(r)
	r.Refresh()
}

// MouseMoved does nothing.
func (r *row) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends the highlight.
func (r *row) MouseOut() {
	r.hovered = false
	r.hideTip()
	r.Refresh()
}

// CreateRenderer draws the row.
func (r *row) CreateRenderer() fyne.WidgetRenderer {
	box := container.NewStack(r.shade, container.NewBorder(nil, nil, r.edge, nil), r.content)
	return &rowRenderer{row: r, box: box}
}

type rowRenderer struct {
	row *row
	box *fyne.Container
}

func (r *rowRenderer) Destroy()                     {}
func (r *rowRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.box} }
func (r *rowRenderer) MinSize() fyne.Size           { return r.box.MinSize() }
func (r *rowRenderer) Layout(size fyne.Size)        { r.box.Resize(size) }

func (r *rowRenderer) Refresh() {
	r.row.shade.FillColor, r.row.edge.FillColor = color.Transparent, color.Transparent
	switch {
	case r.row.selected:
		r.row.shade.FillColor, r.row.edge.FillColor = theme.Color(colourSelected), theme.Color(colourAccent)
	case r.row.hovered:
		r.row.shade.FillColor = theme.Color(theme.ColorNameHover)
	}
	r.row.shade.Refresh()
	r.row.edge.Refresh()
}
