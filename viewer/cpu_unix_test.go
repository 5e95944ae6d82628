//go:build unix

package viewer

import (
	"syscall"
	"time"
)

// busy is the processor time that this program has used: on a machine with other work a clock says too much.
func busy() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
