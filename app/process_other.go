//go:build !linux

package app

import "time"

// busy is not known here.
func busy() time.Duration { return 0 }

// residentMB is not known here.
func residentMB() float64 { return 0 }
