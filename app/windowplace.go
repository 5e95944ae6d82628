package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	desktopdriver "fyne.io/fyne/v2/driver"

	"github.com/clipwright/clipwright/internal/place"
)

// preferenceWindow is the size of the window when it was closed last, and where it stood: "width height x y", the place in
// pixels of the desktop and only where it is known. It is one value so that it is kept at once, as the program ends.
const preferenceWindow = "window: width, height, place"

// firstSize is the size of the last window.
func (w *window) firstSize() fyne.Size {
	size := fyne.NewSize(firstWidth, firstHeight)
	var width, height float32
	if _, err := fmt.Sscan(w.remembered.String(preferenceWindow), &width, &height); err == nil && width > 0 && height > 0 {
		size = fyne.NewSize(width, height)
	}
	return size
}

// nativeHandle is the desktop's own handle of a window; 0 on Wayland, say.
func nativeHandle(win fyne.Window) (handle uintptr) {
	native, ok := win.(desktopdriver.NativeWindow)
	if !ok {
		return 0
	}
	native.RunNative(func(context any) {
		switch c := context.(type) {
		case desktopdriver.X11WindowContext:
			handle = c.WindowHandle
		case desktopdriver.WindowsWindowContext:
			handle = c.HWND
		case desktopdriver.MacWindowContext:
			handle = c.NSWindow
		}
	})
	return handle
}

// restorePlace puts the window where it was closed last, if that is on a screen still.
func (w *window) restorePlace() {
	var at place.At
	var width, height float32
	if _, err := fmt.Sscan(w.remembered.String(preferenceWindow), &width, &height, &at.X, &at.Y); err != nil {
		return
	}
	if handle := nativeHandle(w.win); handle != 0 {
		place.Move(handle, at)
	}
}

func (w *window) rememberPlace() {
	size := w.win.Canvas().Size()
	text := fmt.Sprint(size.Width, " ", size.Height)
	if handle := nativeHandle(w.win); handle != 0 {
		if at, ok := place.Of(handle); ok {
			text += fmt.Sprint(" ", at.X, " ", at.Y)
		}
	}
	w.remembered.SetString(preferenceWindow, text)
}
