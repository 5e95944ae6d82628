package onnx

import (
	"os"
	"syscall"
	"unsafe"
)

// physicalCores counts the cores that GetLogicalProcessorInformation lists; 0 when it fails.
func physicalCores() int {
	const relationProcessorCore = 0
	type information struct { // SYSTEM_LOGICAL_PROCESSOR_INFORMATION
		mask     uintptr
		relation uint32
		_        uint32
		_        [2]uint64
	}
	call := syscall.NewLazyDLL("kernel32.dll").NewProc("GetLogicalProcessorInformation")
	if call.Find() != nil {
		return 0
	}
	list := make([]information, 1024)
	size := uint32(len(list)) * uint32(unsafe.Sizeof(list[0]))
	if ok, _, _ := call.Call(uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size))); ok == 0 {
		return 0
	}
	cores := 0
	for _, i := range list[:size/uint32(unsafe.Sizeof(list[0]))] {
		if i.relation == relationProcessorCore {
			cores++
		}
	}
	return cores
}

func processorName() string { return os.Getenv("PROCESSOR_IDENTIFIER") }

// gpuName names the display devices, which DirectML and WebGPU could run on; empty when unknown.
func gpuName(provider string) string {
	switch provider {
	case directml, webgpu, cuda:
	default:
		return ""
	}
	type displayDevice struct { // DISPLAY_DEVICEW
		size             uint32
		name             [32]uint16
		description      [128]uint16
		flags            uint32
		identifier, path [128]uint16
	}
	call := syscall.NewLazyDLL("user32.dll").NewProc("EnumDisplayDevicesW")
	if call.Find() != nil {
		return ""
	}
	var names []string
	for i := range uintptr(64) {
		d := displayDevice{}
		d.size = uint32(unsafe.Sizeof(d))
		if ok, _, _ := call.Call(0, i, uintptr(unsafe.Pointer(&d)), 0); ok == 0 {
			break
		}
		names = append(names, syscall.UTF16ToString(d.description[:]))
	}
	return deviceNames(names)
}

// webgpuReady leaves the judgement to the provider: Direct3D 12 belongs to the system.
func webgpuReady() error { return nil }

// softwareGPU is unknown here.
func softwareGPU(string) bool { return false }
