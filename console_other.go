//go:build !windows

package main

// attachConsole does nothing: a program started from a terminal writes to it.
func attachConsole() {}
