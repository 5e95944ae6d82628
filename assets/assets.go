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

// Translations are the texts of the window: translations/PART.LANGUAGE.json, from the English text to its translation. Each
// part of the program has a file of its own.
//
//go:embed translations/*.json
var Translations embed.FS

// ChineseTTF and ChineseBoldTTF are Noto Sans CJK SC, cut by fonts/subset.py: the characters of GB 2312; in bold, its
// common ones.
//
//go:embed fonts/NotoSansSC-Regular.ttf
var ChineseTTF []byte

//go:embed fonts/NotoSansSC-Bold.ttf
var ChineseBoldTTF []byte

// Licences is the text of the licences of everything built into the program.
//
//go:embed licences.txt
var Licences string
