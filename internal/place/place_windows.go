package place

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

type rectangle struct{ left, top, right, bottom int32 }

// Of tells where the window of that HWND is.
func Of(window uintptr) (At, bool) {
	var r rectangle
	ok, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("GetWindowRect").Call(window, uintptr(unsafe.Pointer(&r)))
	return At{int(r.left), int(r.top)}, ok != 0
}

// Move puts the window of that HWND there, if that is on one of the screens there are now.
func Move(window uintptr, to At) bool {
	const (
		nearestOrNone        = 0                      // MONITOR_DEFAULTTONULL
		noSize, noZ, noFocus = 0x0001, 0x0004, 0x0010 // SWP_NOSIZE, SWP_NOZORDER, SWP_NOACTIVATE
		seen                 = 50                     // px into the window that must be on a screen
	)
	user := windows.NewLazySystemDLL("user32.dll")
	point := uintptr(uint32(int32(to.X+seen))) | uintptr(uint32(int32(to.Y+seen)))<<32
	if monitor, _, _ := user.NewProc("MonitorFromPoint").Call(point, nearestOrNone); monitor == 0 {
		return false
	}
	ok, _, _ := user.NewProc("SetWindowPos").Call(window, 0, uintptr(int32(to.X)), uintptr(int32(to.Y)), 0, 0, noSize|noZ|noFocus)
	return ok != 0
}
