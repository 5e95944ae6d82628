// Package onnx runs the project's networks through ONNX Runtime: it is the segment.Engine of the program.
//
// It finds and loads the shared library (LibraryPath), opens a model on an execution provider (CPU, CUDA, WebGPU,
// DirectML, CoreML), proves a GPU provider against the CPU on a small tensor before trusting it, and cancels a running
// pass. It never fetches anything: `make setup` puts the pinned library into lib/<os>-<arch>/ of the source tree. It never
// replaces a provider that was asked for by name: only "auto" falls back to the CPU, and then says so in Notice.
//
// Conventions. A network has one input "input", float32 [1, C, D, H, W], and one output "logits", float32
// [1, 1, D, H, W]; D, H, W are free. Tensors in memory are [c][z][y][x], x fastest, as segment.Tensor says.
//
// The binding, github.com/yalue/onnxruntime_go, keeps one environment for the process, so the library is loaded once and
// stays loaded. Engines and networks may be used from several goroutines; passes of one network run one after another.
package onnx
