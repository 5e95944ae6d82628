// Package pinch hears pinches on a trackpad, which Fyne does not report: on Windows, on X11 from XInput 2.4 on (X.Org 21.1 and
// Xwayland, so a Wayland desktop too) and on macOS. It uses no cgo.
package pinch

import "math"

// Heard is told by how much the fingers have spread since it was last told: above 1 apart, below 1 together. It is called on
// the goroutine that the desktop's message came to, and must not wait.
type Heard func(factor float64)

// What one message may tell at most: more is a slip of the device.
const largestFactor = 4.0

// tell passes factor on if a pinch can have made it.
func (h Heard) tell(factor float64) {
	if factor > 0 && !math.IsInf(factor, 1) && factor != 1 {
		h(min(max(factor, 1/largestFactor), largestFactor))
	}
}
