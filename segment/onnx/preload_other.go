//go:build !windows

package onnx

// preload does nothing: elsewhere the loader finds a library's companions beside it.
func preload(string) {}

// directmlReady is asked on Windows alone.
func directmlReady() error { return nil }
