//go:build !unix

package viewer

import "time"

// busy is the time, for want of a better measure.
func busy() time.Duration { return time.Duration(time.Now().UnixNano()) }
