package pinch

import (
	"math"
	"sync"
	"syscall"

	"golang.org/x/sys/windows"
)

var (
	user             = windows.NewLazySystemDLL("user32.dll")
	callWindowProc   = user.NewProc("CallWindowProcW")
	setWindowLongPtr = user.NewProc("SetWindowLongPtrW")
	getKeyState      = user.NewProc("GetKeyState")
)

// Windows gives a pinch on a precision touchpad to a program as turns of the wheel with Ctrl, though nobody holds that key.
const (
	wheelMoved  = 0x020A // WM_MOUSEWHEEL
	withControl = 0x0008 // MK_CONTROL
	controlKey  = 0x11   // VK_CONTROL
	perNotch    = 120    // WHEEL_DELTA
	notchFactor = 1.15   // as Ctrl and the wheel zoom
)

// watched are the windows whose messages are looked at: by HWND, what they did before and who is told.
var (
	mu      sync.Mutex
	watched = map[uintptr]watch{}
	looking = sync.OnceValue(func() uintptr { return syscall.NewCallback(look) })
)

type watch struct {
	before uintptr // its window procedure
	heard  Heard
}

// Watch tells heard of pinches over the window of that HWND until stop. It must be called on the thread of the window.
func Watch(window uintptr, heard Heard) (stop func(), err error) {
	procedure := ^uintptr(3) // GWLP_WNDPROC, -4
	mu.Lock()
	defer mu.Unlock()
	before, _, failed := setWindowLongPtr.Call(window, procedure, looking())
	if before == 0 {
		return nil, failed
	}
	watched[window] = watch{before, heard}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if w, ok := watched[window]; ok {
			setWindowLongPtr.Call(window, procedure, w.before)
			delete(watched, window)
		}
	}, nil
}

// look is the window procedure of the watched windows: all but pinches goes on to their own.
func look(window, message, wParam, lParam uintptr) uintptr {
	mu.Lock()
	w, ok := watched[window]
	mu.Unlock()
	if !ok {
		return 0
	}
	if message == wheelMoved {
		if factor := spread(wParam, keyHeld(controlKey)); factor != 1 {
			w.heard.tell(factor)
			return 0
		}
	}
	result, _, _ := callWindowProc.Call(w.before, window, message, wParam, lParam)
	return result
}

// spread is the factor of a pinch that the wheel's message stands for; 1 if it is a wheel's.
func spread(wParam uintptr, controlHeld bool) float64 {
	if wParam&withControl == 0 || controlHeld {
		return 1
	}
	return math.Pow(notchFactor, float64(int16(wParam>>16))/perNotch)
}

func keyHeld(key uintptr) bool {
	state, _, _ := getKeyState.Call(key)
	return int16(state) < 0
}
