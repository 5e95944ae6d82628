//go:build !linux && !freebsd && !openbsd && !netbsd && !windows

package place

// Of does not know here.
func Of(uintptr) (At, bool) { return At{}, false }

// Move does nothing here.
func Move(uintptr, At) bool { return false }
