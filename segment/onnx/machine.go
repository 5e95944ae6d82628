package onnx

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// threads returns the threads of a pass: those asked for, else one for each physical core this process may use, less -asked
// when that is negative. A second thread on a core's other half shares its multipliers and makes a convolution no faster.
func threads(asked int) int {
	if asked > 0 {
		return asked
	}
	usable := runtime.GOMAXPROCS(0) // bounded by affinity and by a container's quota
	if cores := physicalCores(); cores > 0 {
		usable = min(cores, usable)
	}
	return max(1, usable+asked)
}

// gpu is a device that a provider could run on.
type gpu struct {
	name     string
	driver   string // its version; empty when unknown
	software bool   // a CPU in disguise
}

func (g gpu) String() string {
	if g.software {
		return g.name + " (software)"
	}
	return g.name
}

// joined describes all of several devices as one, for a provider that chooses among them by itself.
func joined(list []gpu) gpu {
	var names, drivers []string
	software := true
	for _, g := range list {
		names, drivers = append(names, g.String()), append(drivers, g.driver)
		software = software && g.software
	}
	slices.Sort(names)
	if software && len(list) == 1 {
		return list[0]
	}
	return gpu{strings.Join(slices.Compact(names), ", "), strings.Join(drivers, ", "), software}
}

// byPreference is the choice that WebGPU offers: not a device by its number, but the faster or the more frugal one.
func byPreference(list []gpu) []gpu {
	hardware := slices.DeleteFunc(slices.Clone(list), func(g gpu) bool { return g.software })
	switch {
	case len(list) == 0:
		return nil
	case len(hardware) < 2:
		return []gpu{joined(list)}
	}
	fast, frugal := joined(hardware), joined(hardware)
	fast.name, frugal.name = "the faster of "+fast.name, "the more frugal of "+frugal.name
	return []gpu{fast, frugal}
}

// cpuName describes the CPU for a table, for example "AMD EPYC, 2 threads".
func cpuName() string {
	name := processorName()
	if name == "" {
		name = runtime.GOARCH
	}
	return fmt.Sprintf("%s, %d threads", name, threads(0))
}
