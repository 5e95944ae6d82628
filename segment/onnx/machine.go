package onnx

import (
	"fmt"
	"runtime"
)

// threads returns the threads of a pass: those asked for, else one for each physical core this process may use. A second
// thread on a core's other half shares its multipliers and makes a convolution no faster.
func threads(asked int) int {
	if asked > 0 {
		return asked
	}
	usable := runtime.GOMAXPROCS(0) // bounded by affinity and by a container's quota
	if cores := physicalCores(); cores > 0 {
		return min(cores, usable)
	}
	return usable
}

// cpuName describes the CPU for a table, for example "AMD EPYC, 2 threads".
func cpuName() string {
	name := processorName()
	if name == "" {
		name = runtime.GOARCH
	}
	return fmt.Sprintf("%s, %d threads", name, threads(0))
}
