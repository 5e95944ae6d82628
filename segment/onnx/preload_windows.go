package onnx

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// limitRetained does nothing: the heap of Windows gives large blocks back by itself.
func limitRetained() {}

// preload loads the companions of onnxruntime.dll by full path: Windows would else take the DirectML.dll of its system
// folder, which is older than ONNX Runtime needs. One that is missing or refuses only costs the provider that needs it,
// whose own error then says so.
func preload(folder string) {
	for _, name := range []string{"DirectML.dll", "dxil.dll", "dxcompiler.dll"} {
		// The handle is kept for the life of the process, like the library itself.
		_, _ = syscall.LoadLibrary(filepath.Join(folder, name))
	}
}

// directmlReady tells whether DirectML.dll loads: where it does not, the library that wants it ends the program.
func directmlReady() error {
	if _, err := syscall.LoadLibrary("DirectML.dll"); err != nil {
		return fmt.Errorf("DirectML.dll does not load: %w", err)
	}
	return nil
}
