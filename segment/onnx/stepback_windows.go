package onnx

import "golang.org/x/sys/windows"

// stepBack lets other threads go before the one it is called on.
func stepBack() {
	const belowNormal = -1 // THREAD_PRIORITY_BELOW_NORMAL
	priority := belowNormal
	_, _, _ = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadPriority").Call(uintptr(windows.CurrentThread()), uintptr(priority))
}
