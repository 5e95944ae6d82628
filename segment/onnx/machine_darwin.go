package onnx

import "syscall"

// physicalCores counts the performance cores, the physical ones where there is one kind; 0 when the kernel does not tell.
func physicalCores() int {
	for _, name := range []string{"hw.perflevel0.physicalcpu", "hw.physicalcpu"} {
		if n, err := syscall.SysctlUint32(name); err == nil && n > 0 {
			return int(n)
		}
	}
	return 0
}

func processorName() string {
	name, err := syscall.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return ""
	}
	return name
}

// gpus is the one device a provider could run on: on Apple's chips the GPU is part of the processor, its driver of the system.
func gpus(provider string) []gpu {
	switch provider {
	case coreml, webgpu:
		build, err := syscall.Sysctl("kern.osversion")
		if err != nil {
			build = ""
		}
		return []gpu{{name: processorName(), driver: build}}
	}
	return nil
}

// webgpuReady leaves the judgement to the provider: Metal belongs to the system.
func webgpuReady() error { return nil }

// limitRetained does nothing: the heap of macOS gives large blocks back by itself.
func limitRetained() {}
