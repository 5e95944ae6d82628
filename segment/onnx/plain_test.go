package onnx

import (
	"errors"
	"testing"
)

func TestErrorsLoseTheirSource(t *testing.T) {
	for raw, want := range map[string]string{
		"Error 1: [ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code":                                              "Non-zero status code",
		`N:\_work\webgpu_context.cc:69 onnxruntime::Initialize status == Success was false. Failed to get a WebGPU adapter: none`: "Failed to get a WebGPU adapter: none",
		"plain words": "plain words",
	} {
		if got := plain(errors.New(raw)).Error(); got != want {
			t.Errorf("plain(%q) = %q, want %q", raw, got, want)
		}
	}
}
