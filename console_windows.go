package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// attachParentProcess asks AttachConsole for the console of the process that started this one.
const attachParentProcess = ^uintptr(0)

// attachConsole gives the command line of the GUI binary the console it was started from. A standard
// handle that was redirected to a file or a pipe is kept.
func attachConsole() {
	attach := windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole")
	if attached, _, _ := attach.Call(attachParentProcess); attached == 0 {
		return // started from the desktop: there is no console
	}
	reopen(&os.Stdout, windows.STD_OUTPUT_HANDLE)
	reopen(&os.Stderr, windows.STD_ERROR_HANDLE)
}

// reopen points f at the console unless its standard handle leads somewhere already.
func reopen(f **os.File, standard uint32) {
	h, err := windows.GetStdHandle(standard)
	if err == nil && h != 0 && h != windows.InvalidHandle {
		if kind, err := windows.GetFileType(h); err == nil && kind != windows.FILE_TYPE_UNKNOWN {
			return
		}
	}
	if console, err := os.OpenFile("CONOUT$", os.O_WRONLY, 0); err == nil {
		*f = console
	}
}
