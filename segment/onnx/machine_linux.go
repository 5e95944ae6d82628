package onnx

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The few Vulkan calls that name the GPUs, after vulkan_core.h 1.0; the loader is opened at run time, like ONNX Runtime's
// own WebGPU provider opens it.
typedef struct { int32_t sType; const void *pNext; uint32_t flags; const void *application; uint32_t layers;
	const char *const *layerNames; uint32_t extensions; const char *const *extensionNames; } InstanceCreateInfo;
typedef struct { uint32_t apiVersion, driverVersion, vendorID, deviceID, deviceType; char deviceName[256];
	uint64_t rest[256]; } DeviceProperties; // pipeline id, limits and sparse properties follow the name: 540 bytes, here with room

// vulkan_devices writes up to n device names (256 bytes each), their types and their drivers' versions, and returns how many,
// or -1 without Vulkan.
static int vulkan_devices(char *names, uint32_t *types, uint32_t *drivers, int n) {
	void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) return -1;
	int32_t (*create)(const void *, const void *, void **) = dlsym(library, "vkCreateInstance");
	void (*destroy)(void *, const void *) = dlsym(library, "vkDestroyInstance");
	int32_t (*enumerate)(void *, uint32_t *, void **) = dlsym(library, "vkEnumeratePhysicalDevices");
	void (*properties)(void *, DeviceProperties *) = dlsym(library, "vkGetPhysicalDeviceProperties");
	InstanceCreateInfo info = { .sType = 1 }; // VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
	void *instance = 0, *devices[16];
	uint32_t count = 16;
	int found = -1;
	if (create && destroy && enumerate && properties && create(&info, 0, &instance) == 0) {
		int32_t result = enumerate(instance, &count, devices);
		if (result == 0 || result == 5) { // VK_SUCCESS, VK_INCOMPLETE
			found = 0;
			for (uint32_t i = 0; i < count && found < n; i++, found++) {
				DeviceProperties p;
				memset(&p, 0, sizeof p);
				properties(devices[i], &p);
				p.deviceName[255] = 0;
				memcpy(names + 256 * found, p.deviceName, 256);
				types[found] = p.deviceType;
				drivers[found] = p.driverVersion;
			}
		}
		destroy(instance, 0);
	}
	dlclose(library);
	return found;
}
*/
import "C"

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"
)

// limitRetained makes the C library give blocks of 1 MB and more back to the system at once. Its own threshold grows to
// 32 MB, and then the first pass of a shape leaves 100 MB of holes behind.
func limitRetained() { C.mallopt(C.M_MMAP_THRESHOLD, 1<<20) }

// physicalCores counts the distinct sets of sibling threads; 0 when the kernel does not tell.
func physicalCores() int {
	files, err := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*/topology/thread_siblings_list")
	if err != nil {
		return 0
	}
	cores := map[string]bool{}
	for _, f := range files {
		if siblings, err := os.ReadFile(f); err == nil {
			cores[string(siblings)] = true
		}
	}
	return len(cores)
}

func processorName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// gpus lists the devices a provider could run on, in the order of their numbers; empty when unknown.
func gpus(provider string) []gpu {
	switch provider {
	case cuda:
		return nvidiaDevices()
	case webgpu:
		devices, err := vulkanDevices()
		if err != nil {
			return nil
		}
		return byPreference(devices)
	}
	return nil
}

// nvidiaDevices reads what the NVIDIA driver says of its devices, in the order of their places on the bus.
func nvidiaDevices() []gpu {
	files, err := filepath.Glob("/proc/driver/nvidia/gpus/*/information")
	if err != nil {
		return nil
	}
	driver := ""
	if text, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil {
		driver, _, _ = strings.Cut(string(text), "\n")
	}
	var found []gpu
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if model, ok := strings.CutPrefix(line, "Model:"); ok {
				found = append(found, gpu{name: strings.TrimSpace(model), driver: driver})
			}
		}
	}
	return found
}

// vulkanDevices lists what the Vulkan loader finds.
func vulkanDevices() ([]gpu, error) {
	const most, nameBytes, typeCPU = 8, 256, 4
	var buffer [most * nameBytes]byte
	var types, drivers [most]C.uint32_t
	n := int(C.vulkan_devices((*C.char)(unsafe.Pointer(&buffer[0])), &types[0], &drivers[0], most))
	if n < 0 {
		return nil, errors.New("there is no Vulkan driver (libvulkan.so.1 is missing or refuses)")
	}
	devices := make([]gpu, n)
	for i := range devices {
		name := C.GoString((*C.char)(unsafe.Pointer(&buffer[i*nameBytes])))
		devices[i] = gpu{name, fmt.Sprintf("%#x", uint32(drivers[i])), types[i] == typeCPU}
	}
	return devices, nil
}

// webgpuReady says why WebGPU cannot work: its provider would print a warning of its own on standard error.
func webgpuReady() error {
	devices, err := vulkanDevices()
	if err == nil && len(devices) == 0 {
		err = errors.New("the Vulkan driver lists no device")
	}
	return err
}
