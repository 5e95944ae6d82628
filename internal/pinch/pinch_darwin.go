package pinch

import (
	"github.com/ebitengine/purego/objc"
)

// magnify is NSEventMaskMagnify.
const magnify = uint64(1) << 30

// Watch tells heard of pinches over that NSWindow until stop. It must be called on the main thread.
func Watch(window uintptr, heard Heard) (stop func(), err error) {
	magnification, over := objc.RegisterName("magnification"), objc.RegisterName("window")
	block := objc.NewBlock(func(_ objc.Block, event objc.ID) objc.ID {
		if uintptr(event.Send(over)) == window {
			heard.tell(1 + objc.Send[float64](event, magnification))
		}
		return event
	})
	events := objc.ID(objc.GetClass("NSEvent"))
	monitor := events.Send(objc.RegisterName("addLocalMonitorForEventsMatchingMask:handler:"), magnify, block)
	return func() {
		events.Send(objc.RegisterName("removeMonitor:"), monitor)
		block.Release()
	}, nil
}
