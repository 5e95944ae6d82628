package pinch

import (
	"errors"
	"fmt"
	"os"
	"structs"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// Numbers of the X Input extension, version 2.4: X11/extensions/XI2.h.
const (
	genericEvent     = 35
	pinchBegins      = 27
	pinchGoesOn      = 28
	pinchEnds        = 29
	allMasterDevices = 1
)

// The structs of Xlib and libXi, whose long is a uintptr.
type (
	eventCookie struct { // XGenericEventCookie
		_         structs.HostLayout
		kind      int32
		serial    uintptr
		sent      int32
		display   uintptr
		extension int32
		event     int32
		cookie    uint32
		data      *gesture
		_         [17]uintptr // an XEvent is 24 longs
	}
	gesture struct { // XIGesturePinchEvent, up to what is read
		_                      structs.HostLayout
		kind                   int32
		serial                 uintptr
		sent                   int32
		display                uintptr
		extension, event       int32
		time                   uintptr
		device, source, detail int32
		root, window, child    uintptr
		_                      [8]float64 // where the pinch is, and how it moved
		scale                  float64    // of the fingers' distance, since the pinch began
	}
	eventMask struct { // XIEventMask
		_              structs.HostLayout
		device, length int32
		mask           *[4]byte
	}
)

// xlib holds the functions of libX11 and libXi, which the window's own toolkit has loaded before.
type xlib struct {
	open      func(name *byte) uintptr                                                    // XOpenDisplay
	close     func(display uintptr) int32                                                 // XCloseDisplay
	socket    func(display uintptr) int32                                                 // XConnectionNumber
	extension func(display uintptr, name string, opcode, event, failure *int32) int32     // XQueryExtension
	pending   func(display uintptr) int32                                                 // XPending
	next      func(display uintptr, event *eventCookie) int32                             // XNextEvent
	data      func(display uintptr, event *eventCookie) int32                             // XGetEventData
	free      func(display uintptr, event *eventCookie)                                   // XFreeEventData
	sync      func(display uintptr, discard int32) int32                                  // XSync
	onError   func(handler uintptr) uintptr                                               // XSetErrorHandler
	version   func(display uintptr, major, minor *int32) int32                            // XIQueryVersion
	select1   func(display uintptr, window uintptr, masks *eventMask, number int32) int32 // XISelectEvents
}

var library = sync.OnceValues(func() (*xlib, error) {
	x := new(xlib)
	for _, l := range []struct {
		file      string
		functions map[string]any
	}{
		{"libX11.so.6", map[string]any{
			"XOpenDisplay": &x.open, "XCloseDisplay": &x.close, "XConnectionNumber": &x.socket, "XQueryExtension": &x.extension,
			"XPending": &x.pending, "XNextEvent": &x.next, "XGetEventData": &x.data, "XFreeEventData": &x.free, "XSync": &x.sync,
			"XSetErrorHandler": &x.onError,
		}},
		{"libXi.so.6", map[string]any{"XIQueryVersion": &x.version, "XISelectEvents": &x.select1}},
	} {
		handle, err := purego.Dlopen(l.file, purego.RTLD_LAZY|purego.RTLD_GLOBAL)
		if err != nil {
			return nil, err
		}
		for name, function := range l.functions {
			symbol, err := purego.Dlsym(handle, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.file, err)
			}
			purego.RegisterFunc(function, symbol)
		}
	}
	return x, nil
})

// refused counts the errors that the X server sent while watch selected events.
var (
	refused int
	refuse  = sync.OnceValue(func() uintptr {
		return purego.NewCallback(func(uintptr, uintptr) int32 { refused++; return 0 })
	})
	selecting sync.Mutex
)

// Watch tells heard of pinches over the X11 window until stop. The error says why this desktop reports none.
func Watch(window uintptr, heard Heard) (stop func(), err error) {
	x, err := library()
	if err != nil {
		return nil, err
	}
	display := x.open(nil)
	if display == 0 {
		return nil, errors.New("the X server does not answer")
	}
	opcode, err := x.choose(display, window)
	if err != nil {
		x.close(display)
		return nil, err
	}
	woken, wake, err := os.Pipe()
	if err != nil {
		x.close(display)
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer woken.Close()
		defer x.close(display)
		x.listen(display, opcode, int32(woken.Fd()), heard)
	}()
	return sync.OnceFunc(func() { wake.Close(); <-ended }), nil
}

// choose asks for the pinches over the window and returns the number by which their messages are known.
func (x *xlib) choose(display, window uintptr) (opcode int32, err error) {
	var event, failure int32
	if x.extension(display, "XInputExtension", &opcode, &event, &failure) == 0 {
		return 0, errors.New("the X server has no X Input extension")
	}
	major, minor := int32(2), int32(4)
	if x.version(display, &major, &minor) != 0 || major == 2 && minor < 4 {
		return 0, fmt.Errorf("the X server's X Input extension is %d.%d: pinches need 2.4", major, minor)
	}
	var mask [4]byte
	for _, event := range []int{pinchBegins, pinchGoesOn, pinchEnds} {
		mask[event/8] |= 1 << (event % 8)
	}
	selecting.Lock()
	defer selecting.Unlock()
	refused = 0
	before := x.onError(refuse()) // Xlib's own ends the program
	x.select1(display, window, &eventMask{device: allMasterDevices, length: int32(len(mask)), mask: &mask}, 1)
	x.sync(display, 0)
	x.onError(before)
	if refused > 0 {
		return 0, errors.New("the X server refuses the window's gestures")
	}
	return opcode, nil
}

// listen tells heard of pinches until something can be read from woken or the display is gone.
func (x *xlib) listen(display uintptr, opcode, woken int32, heard Heard) {
	wait := []unix.PollFd{{Fd: x.socket(display), Events: unix.POLLIN}, {Fd: woken, Events: unix.POLLIN}}
	scale := 1.0
	for {
		for x.pending(display) > 0 {
			var e eventCookie
			x.next(display, &e)
			if e.kind != genericEvent || e.extension != opcode || x.data(display, &e) == 0 {
				continue
			}
			now := e.data.scale
			if e.event == pinchGoesOn {
				heard.tell(now / scale)
			}
			if scale = now; e.event == pinchEnds || !(now > 0) {
				scale = 1
			}
			x.free(display, &e)
		}
		_, err := unix.Poll(wait, -1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil, wait[1].Revents != 0, wait[0].Revents&^unix.POLLIN != 0:
			return
		}
	}
}

// The buffer of an event must be as large as Xlib's.
const _ = uint(unsafe.Sizeof(eventCookie{}) - 24*unsafe.Sizeof(uintptr(0)))
