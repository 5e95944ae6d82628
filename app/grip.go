package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// gripWidth is the thickness of the bar between two parts.
const gripWidth float32 = 5

// grip is the bar between two parts of the window that is dragged.
type grip struct {
	widget.BaseWidget
	dragged func(moved fyne.Delta)
	cursor  desktop.Cursor
	fill    *fill
}

func newGrip(cursor desktop.Cursor, dragged func(moved fyne.Delta)) *grip {
	g := &grip{dragged: dragged, cursor: cursor, fill: newFill(colourWindow)}
	g.ExtendBaseWidget(g)
	return g
}

// Dragged moves the bar.
func (g *grip) Dragged(e *fyne.DragEvent) { g.dragged(e.Dragged) }

// DragEnd does nothing more.
func (g *grip) DragEnd() {}

// MouseIn shows that the bar can be taken.
func (g *grip) MouseIn(*desktop.MouseEvent) { g.fill.setColour(colourAccent) }

// MouseMoved does nothing.
func (g *grip) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends that.
func (g *grip) MouseOut() { g.fill.setColour(colourWindow) }

// Cursor is the two-headed arrow.
func (g *grip) Cursor() desktop.Cursor { return g.cursor }

// CreateRenderer draws the bar.
func (g *grip) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(g.fill) }
