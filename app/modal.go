package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// modalEdge is what a dialog leaves free round it, with its own padding.
const modalEdge float32 = 24

// modal is a dialog over the window. Where the window is smaller than it, at a large scale say, it scrolls.
func (w *window) modal(content fyne.CanvasObject) *widget.PopUp {
	room, least := w.win.Canvas().Size().SubtractWidthHeight(modalEdge, modalEdge), content.MinSize()
	if least.Width <= room.Width && least.Height <= room.Height {
		return widget.NewModalPopUp(content, w.win.Canvas())
	}
	scroll := container.NewScroll(content)
	bar := theme.ScrollBarSize()
	scroll.SetMinSize(fyne.NewSize(min(least.Width+bar, room.Width), min(least.Height+bar, room.Height)))
	return widget.NewModalPopUp(scroll, w.win.Canvas())
}

// atLeast is content on the ground of a dialog, at least so wide.
func atLeast(width float32, content fyne.CanvasObject) fyne.CanvasObject {
	ground := newFill(theme.ColorNameOverlayBackground)
	ground.min = fyne.NewSize(width, 10)
	return container.NewStack(ground, content)
}
