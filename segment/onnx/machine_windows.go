package onnx

import (
	"fmt"
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

// gpus lists the devices a provider could run on, in the order of their numbers; empty when unknown.
func gpus(provider string) []gpu {
	all := dxgiDevices()
	var found []gpu
	for _, d := range all {
		const nvidia = 0x10de
		if provider != cuda || d.vendor == nvidia {
			found = append(found, d.gpu)
		}
	}
	switch provider {
	case cuda, directml:
		return found
	case webgpu:
		return byPreference(found)
	}
	return nil
}

type dxgiDevice struct {
	gpu
	vendor uint32
}

// com is any COM object: what its first word points at are the methods.
type com struct{ methods *[16]uintptr }

// call calls a method; the arguments' pointees stay where they are until it returns.
//
//go:uintptrescapes
func (c *com) call(method int, arguments ...uintptr) (result uintptr) {
	result, _, _ = syscall.SyscallN(c.methods[method], append([]uintptr{uintptr(unsafe.Pointer(c))}, arguments...)...)
	return result
}

// dxgiDevices lists the display adapters as DXGI numbers them, which is how DirectML does.
func dxgiDevices() []dxgiDevice {
	const ( // places in the methods of IUnknown, IDXGIFactory1 and IDXGIAdapter1 (dxgi.h)
		release               = 2
		enumAdapters1         = 12
		checkInterfaceSupport = 9
		getDesc1              = 10
		flagSoftware          = 2
	)
	create := syscall.NewLazyDLL("dxgi.dll").NewProc("CreateDXGIFactory1")
	if create.Find() != nil {
		return nil
	}
	factoryID := syscall.GUID{Data1: 0x770aae78, Data2: 0xf26f, Data3: 0x4dba, Data4: [8]byte{0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}}
	deviceID := syscall.GUID{Data1: 0x54ec77fa, Data2: 0x1377, Data3: 0x44e6, Data4: [8]byte{0x8c, 0x32, 0x88, 0xfd, 0x5f, 0x44, 0xc8, 0x4c}}
	var factory *com
	if r, _, _ := create.Call(uintptr(unsafe.Pointer(&factoryID)), uintptr(unsafe.Pointer(&factory))); r != 0 || factory == nil {
		return nil
	}
	defer factory.call(release)
	var found []dxgiDevice
	for i := range uintptr(16) {
		var adapter *com
		if factory.call(enumAdapters1, i, uintptr(unsafe.Pointer(&adapter))) != 0 || adapter == nil {
			break
		}
		var d struct { // DXGI_ADAPTER_DESC1
			description                      [128]uint16
			vendor, device, system, revision uint32
			memory                           [3]uintptr
			luid                             [2]uint32
			flags                            uint32
		}
		if adapter.call(getDesc1, uintptr(unsafe.Pointer(&d))) == 0 {
			one := dxgiDevice{gpu{name: syscall.UTF16ToString(d.description[:]), software: d.flags&flagSoftware != 0}, d.vendor}
			var version int64 // of the driver
			if adapter.call(checkInterfaceSupport, uintptr(unsafe.Pointer(&deviceID)), uintptr(unsafe.Pointer(&version))) == 0 {
				one.driver = fmt.Sprintf("%d.%d.%d.%d", version>>48&0xffff, version>>32&0xffff, version>>16&0xffff, version&0xffff)
			}
			found = append(found, one)
		}
		adapter.call(release)
	}
	return found
}

// webgpuReady leaves the judgement to the provider: Direct3D 12 belongs to the system.
func webgpuReady() error { return nil }
