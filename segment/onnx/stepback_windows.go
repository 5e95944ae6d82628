package onnx

import "golang.org/x/sys/windows"

var setThreadPriority = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadPriority")

// stepBack lets other threads go before the one it is called on.
func stepBack() {
	belowNormal := -1 // THREAD_PRIORITY_BELOW_NORMAL
	_, _, _ = setThreadPriority.Call(uintptr(windows.CurrentThread()), uintptr(belowNormal))
}
