package app

import (
	"strings"

	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
)

// dragAction is what a drag on an image does.
type dragAction string

// Actions, by the words that are remembered.
const (
	dragCrosshair dragAction = "crosshair"
	dragWindow    dragAction = "window" // across the whole picture: width doubled, or centre moved by the width
	dragPan       dragAction = "pan"
	dragZoom      dragAction = "zoom" // across the whole picture: eightfold, about where it began
	dragSlices    dragAction = "slices"
)

// slicesPerHeight is how many slices a drag over the height of the picture goes through.
const slicesPerHeight = 60

// dragActions lists them with their names.
func dragActions() []struct {
	action dragAction
	name   string
} {
	return []struct {
		action dragAction
		name   string
	}{
		{dragCrosshair, lang.L("crosshair")},
		{dragWindow, lang.L("window and level")},
		{dragPan, lang.L("move the image")},
		{dragZoom, lang.L("zoom")},
		{dragSlices, lang.L("slices")},
	}
}

// mouse is what a drag with each button does. A tool that draws takes the left one; a left click always puts the crosshair.
type mouse struct{ left, middle, right dragAction }

func (m mouse) of(button desktop.MouseButton) dragAction {
	switch button {
	case desktop.MouseButtonPrimary:
		return m.left
	case desktop.MouseButtonTertiary:
		return m.middle
	}
	return m.right
}

// mouseScheme is a mouse as another program has it.
type mouseScheme struct {
	name string
	mouse
}

func mouseSchemes() []mouseScheme {
	return []mouseScheme{
		{"Clipwright", mouse{dragCrosshair, dragPan, dragWindow}},
		{"3D Slicer, OHIF", mouse{dragWindow, dragPan, dragZoom}},
		{"ITK-SNAP", mouse{dragCrosshair, dragPan, dragZoom}},
	}
}

const preferenceMouse = "mouse: left, middle and right drag"

// rememberedMouse is the mouse of the settings, the first scheme where they hold none.
func rememberedMouse(s settings) mouse {
	words := strings.Fields(s.String(preferenceMouse))
	known := 0
	for _, w := range words {
		for _, a := range dragActions() {
			if w == string(a.action) {
				known++
			}
		}
	}
	if len(words) != 3 || known != 3 {
		return mouseSchemes()[0].mouse
	}
	return mouse{dragAction(words[0]), dragAction(words[1]), dragAction(words[2])}
}

func (m mouse) remember(s settings) {
	s.SetString(preferenceMouse, strings.Join([]string{string(m.left), string(m.middle), string(m.right)}, " "))
}
