// Package app is the window: widgets, layout, theme, keys. It shows what app/session holds and turns
// what the user does into its actions. It holds no arithmetic on voxels and reads no file.
//
// Conventions. All of it runs on the toolkit's goroutine; the Session posts there. Sizes are in the
// toolkit's device-independent pixels. Patient coordinates are LPS mm. Widgets hold no logic: they have
// a set method for what they show and callbacks for what the user wants. One widget a file.
package app
