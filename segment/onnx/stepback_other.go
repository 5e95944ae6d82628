//go:build !linux && !windows

package onnx

// stepBack does nothing here.
func stepBack() {}
