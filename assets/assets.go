// Package assets holds the embedded files of the window: the icon, the figures of the Boost panel and
// the licences of what is built in. It imports nothing of ours.
package assets

import "embed"

// IconSVG is the program's icon.
//
//go:embed icon.svg
var IconSVG []byte

// IconPNG is the icon, 512 x 512 pixels.
//
//go:embed icon.png
var IconPNG []byte

// FigureFrontSVG is a body seen from the front, black lines, for the margins R, L, S and I.
//
//go:embed figure_front.svg
var FigureFrontSVG []byte

// FigureAxialSVG is a chest on an axial image, black lines, for the margins A and P.
//
//go:embed figure_axial.svg
var FigureAxialSVG []byte

// Icons are the signs of the tools on the images, black, 24 x 24: icons/brush.svg and so on.
//
//go:embed icons/*.svg
var Icons embed.FS

// Licences is the text of the licences of everything built into the program.
//
//go:embed licences.txt
var Licences string
