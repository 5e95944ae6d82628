package app

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// luminance is the relative luminance of WCAG 2.1.
func luminance(c color.Color) float64 {
	linear := func(v uint32) float64 {
		x := float64(v) / 0xFFFF
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTextStandsOutInBothThemes(t *testing.T) {
	texts := []fyne.ThemeColorName{colourText, colourDim, colourAccent, colourWarning, colourError, colourSuccess, theme.ColorNamePlaceHolder}
	grounds := []fyne.ThemeColorName{colourWindow, colourPanel, theme.ColorNameInputBackground, theme.ColorNameOverlayBackground}
	for _, light := range []bool{false, true} {
		l := newLook(light)
		for _, text := range texts {
			for _, ground := range grounds {
				if c := contrast(l.palette[text], l.palette[ground]); c < 4.5 {
					t.Errorf("light %v: %s on %s has contrast %.2f, want 4.5", light, text, ground, c)
				}
			}
		}
		for _, pair := range [][2]fyne.ThemeColorName{{colourOnAccent, colourAccent}, {colourText, colourRaised}, {colourText, colourSelected}, {colourDim, colourSelected}} {
			if c := contrast(l.palette[pair[0]], l.palette[pair[1]]); c < 4.5 {
				t.Errorf("light %v: %s on %s has contrast %.2f, want 4.5", light, pair[0], pair[1], c)
			}
		}
	}
}

func TestBothPalettesNameTheSameRoles(t *testing.T) {
	dark, light := darkPalette(), lightPalette()
	for role := range dark {
		if _, ok := light[role]; !ok {
			t.Errorf("the light palette lacks %s", role)
		}
	}
	if len(dark) != len(light) {
		t.Errorf("%d roles dark, %d light", len(dark), len(light))
	}
}
