//go:build !linux

package app

// residentMB is not known here.
func residentMB() float64 { return 0 }
