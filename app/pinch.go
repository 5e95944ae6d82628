package app

import "github.com/clipwright/clipwright/internal/pinch"

// hearPinches lets pinches on a trackpad zoom, where the desktop reports them; elsewhere Ctrl and the wheel do.
func (w *window) hearPinches() {
	handle := nativeHandle(w.win)
	if handle == 0 {
		return
	}
	stop, err := pinch.Watch(handle, func(factor float64) {
		w.post(func() { w.pinched(factor) })
	})
	if err == nil {
		w.deafen = stop
	}
}

// pinched zooms the picture under the mouse.
func (w *window) pinched(factor float64) {
	if m := w.side(); m != nil {
		m.views.pinched(factor)
		return
	}
	w.views.pinched(factor)
}

func (v *views) pinched(factor float64) {
	for _, p := range v.each {
		p.pane.Pinched(factor)
	}
	v.solid.Pinched(factor)
}
