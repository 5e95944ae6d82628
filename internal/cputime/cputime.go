// Package cputime tells the processor time that this process has used, over all its threads: other work on the machine,
// which a clock counts as well, changes it little.
package cputime

import "time"

// Used is the processor time of this process since it began, its own and the system's for it; 0 if the system does not tell.
func Used() time.Duration { return used() }
