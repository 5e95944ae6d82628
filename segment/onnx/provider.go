package onnx

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// The providers' names, as in segment.Options.Provider and on the command line.
const (
	auto     = "auto"
	cpu      = "cpu"
	cuda     = "cuda"
	webgpu   = "webgpu"
	directml = "directml"
	coreml   = "coreml"
)

// provider is one way to run a network.
type provider struct {
	name      string
	ortName   string   // as ONNX Runtime names it in a profile
	platforms []string // GOOS; nil means every one
	enable    func(o *ort.SessionOptions, device int) error
	advice    string // what to do when it does not open
	// fixedMemory is set where the provider cannot run with memory patterns, which DirectML forbids.
	fixedMemory bool
}

// gpuProviders lists the GPU providers in the order in which auto tries them.
func gpuProviders() []provider {
	return []provider{
		{
			name: cuda, ortName: "CUDAExecutionProvider", platforms: []string{"linux", "windows"}, enable: enableCUDA,
			advice: "CUDA needs an NVIDIA GPU with its driver, CUDA 13, cuDNN 9, and the CUDA provider beside the ONNX Runtime " +
				"library, which `.ci/onnxruntime linux-amd64-cuda` fetches (README.md, \"GPU\")",
		},
		{
			name: directml, ortName: "DmlExecutionProvider", platforms: []string{"windows"}, fixedMemory: true,
			enable: enableDirectML,
			advice: "DirectML needs Windows 10 (1903) or later, a DirectX 12 GPU, and DirectML.dll beside " +
				"onnxruntime.dll: `.ci/onnxruntime windows-amd64` fetches both (README.md, \"GPU\")",
		},
		{
			name: coreml, ortName: "CoreMLExecutionProvider", platforms: []string{"darwin"},
			enable: func(o *ort.SessionOptions, _ int) error {
				return o.AppendExecutionProviderCoreMLV2(map[string]string{"ModelFormat": "MLProgram", "MLComputeUnits": "ALL"})
			},
			advice: "CoreML needs macOS 13 or later and the library that `.ci/onnxruntime darwin-arm64` fetches (README.md, \"GPU\")",
		},
		{
			name: webgpu, ortName: "WebGpuExecutionProvider", enable: enableWebGPU,
			advice: "WebGPU needs a GPU with a Vulkan driver on Linux (`apt-get install mesa-vulkan-drivers`, or the " +
				"maker's driver), DirectX 12 on Windows, Metal on macOS, and the library that `make setup` fetches (README.md, \"GPU\")",
		},
	}
}

// checkDevice tells whether the provider has a device of that number, as far as the machine lets us know.
func (p provider) checkDevice(number int) error {
	list := gpus(p.name)
	if number == 0 || number > 0 && (number < len(list) || list == nil) {
		return nil
	}
	var have []string
	for i, g := range list {
		have = append(have, fmt.Sprintf("%d %s", i, g))
	}
	if have == nil {
		return fmt.Errorf("%w: no device %d", errAbsent, number)
	}
	return fmt.Errorf("%w: no device %d; there are: %s", errAbsent, number, strings.Join(have, "; "))
}

// softwareGPU tells whether all that the provider could run on are CPUs in disguise.
func softwareGPU(provider string) bool {
	list := gpus(provider)
	return len(list) > 0 && !slices.ContainsFunc(list, func(g gpu) bool { return !g.software })
}

func (p provider) here() bool {
	return p.platforms == nil || slices.Contains(p.platforms, runtime.GOOS)
}

// findProvider returns the GPU provider of that name.
func findProvider(name string) (provider, error) {
	names := []string{auto, cpu}
	for _, p := range gpuProviders() {
		if p.name == name {
			if !p.here() {
				return p, fmt.Errorf("%w %s exists on %s only, not on %s",
					errProvider, name, strings.Join(p.platforms, " and "), runtime.GOOS)
			}
			return p, nil
		}
		names = append(names, p.name)
	}
	return provider{}, fmt.Errorf("unknown provider %q: there are %s", name, strings.Join(names, ", "))
}

// plain cuts the source location and the codes off an error of ONNX Runtime.
func plain(err error) error {
	text := err.Error()
	if _, rest, ok := cutLast(text, "[ONNXRuntimeError] : "); ok {
		if parts := strings.SplitN(rest, " : ", 3); len(parts) == 3 { // number, name, text
			text = parts[2]
		}
	}
	if _, rest, ok := cutLast(text, " was false. "); ok { // a check in its source: file, line, function, condition
		text = rest
	}
	return errors.New(strings.TrimSpace(text))
}

func cutLast(s, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

func enableCUDA(o *ort.SessionOptions, device int) error {
	// Without this CUDA numbers the devices by speed, and nothing else does.
	if _, set := os.LookupEnv("CUDA_DEVICE_ORDER"); !set {
		if err := os.Setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID"); err != nil {
			return err
		}
	}
	c, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer c.Destroy()
	err = c.Update(map[string]string{
		"device_id": strconv.Itoa(device),
		// EXHAUSTIVE makes the first pass slow (onnxruntime #19838), DEFAULT leaves cuDNN's fast paths (#22705).
		"cudnn_conv_algo_search": "HEURISTIC",
		"arena_extend_strategy":  "kSameAsRequested",
		// TensorFloat-32 keeps 10 bits of mantissa: not the same clips as on the CPU.
		"use_tf32": "0",
	})
	if err != nil {
		return err
	}
	return o.AppendExecutionProviderCUDA(c)
}

func enableDirectML(o *ort.SessionOptions, device int) error {
	if err := directmlReady(); err != nil {
		return err
	}
	return o.AppendExecutionProviderDirectML(device)
}

// enableWebGPU asks for the faster GPU where there are two, and with device 1 for the more frugal one: WebGPU offers no
// choice by number.
func enableWebGPU(o *ort.SessionOptions, device int) error {
	if err := webgpuReady(); err != nil {
		return err
	}
	preference := "high-performance"
	if device == 1 {
		preference = "low-power"
	}
	return o.AppendExecutionProvider("WebGPU", map[string]string{"ep.webgpuexecutionprovider.powerPreference": preference})
}
