// Package place tells and sets where a window stands on the desktop, which Fyne leaves to the window manager: X11 and
// Windows. Wayland lets no program know, and on other systems nothing is done.
package place

// At is where the content of a window begins, in pixels of the whole desktop, all screens together.
type At struct{ X, Y int }
