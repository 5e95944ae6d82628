package pinch

import (
	"math"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

func TestSpread(t *testing.T) {
	turned := func(delta int16, keys uintptr) uintptr { return uintptr(uint16(delta))<<16 | keys }
	for _, c := range []struct {
		wParam uintptr
		held   bool
		want   float64
	}{
		{turned(120, withControl), false, 1.15},
		{turned(-120, withControl), false, 1 / 1.15},
		{turned(30, withControl), false, math.Pow(1.15, 0.25)},
		{turned(120, withControl), true, 1}, // the wheel with the key: the toolkit's
		{turned(120, 0), false, 1},
	} {
		if got := spread(c.wParam, c.held); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("spread(%#x, %v) = %g, want %g", c.wParam, c.held, got, c.want)
		}
	}
}

// TestPinchReachesAWindow sends a window what Windows sends of a precision touchpad.
func TestPinchReachesAWindow(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	class, _ := windows.UTF16PtrFromString("STATIC")
	window, _, err := user.NewProc("CreateWindowExW").Call(0, uintptr(unsafe.Pointer(class)), 0, 0, 0, 0, 100, 100, 0, 0, 0, 0)
	if window == 0 {
		t.Skipf("no window here: %v", err)
	}
	defer user.NewProc("DestroyWindow").Call(window)
	send := func(message, wParam uintptr) uintptr {
		result, _, _ := user.NewProc("SendMessageW").Call(window, message, wParam, 0)
		return result
	}
	var heard []float64
	stop, err := Watch(window, func(f float64) { heard = append(heard, f) })
	if err != nil {
		t.Fatal(err)
	}
	send(wheelMoved, 240<<16|withControl)
	send(wheelMoved, 120<<16)
	const textLength = 0x000E // WM_GETTEXTLENGTH
	if n := send(textLength, 0); n != 0 {
		t.Errorf("another message came back with %d", n)
	}
	stop()
	stop()
	send(wheelMoved, 240<<16|withControl)
	if len(heard) != 1 || math.Abs(heard[0]-1.15*1.15) > 1e-12 {
		t.Errorf("heard %v, want one pinch by 1.3225", heard)
	}
}
