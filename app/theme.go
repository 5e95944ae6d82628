package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/assets"
)

// Colour roles beside those of the toolkit.
const (
	colourText    = theme.ColorNameForeground
	colourAccent  = theme.ColorNamePrimary
	colourLine    = theme.ColorNameSeparator
	colourWarning = theme.ColorNameWarning
	colourError   = theme.ColorNameError
	colourSuccess = theme.ColorNameSuccess

	// colourPanel is what the toolkit clears the window to: panels need no fill of their own, which without a GPU costs as much
	// as the images.
	colourPanel = theme.ColorNameBackground

	colourWindow   fyne.ThemeColorName = "clipwright.window" // behind pages and between the images
	colourRaised   fyne.ThemeColorName = "clipwright.raised" // buttons and fields on a panel
	colourDim      fyne.ThemeColorName = "clipwright.dim"
	colourSelected fyne.ThemeColorName = "clipwright.selected"
	colourOnAccent fyne.ThemeColorName = theme.ColorNameForegroundOnPrimary
)

// The three text sizes.
const (
	sizeSmall fyne.ThemeSizeName = theme.SizeNameCaptionText
	sizeText  fyne.ThemeSizeName = theme.SizeNameText
	sizeLarge fyne.ThemeSizeName = theme.SizeNameSubHeadingText
)

// palette gives each role its colour.
type palette map[fyne.ThemeColorName]color.NRGBA

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xFF}
}

func rgba(hex uint32, alpha uint8) color.NRGBA {
	c := rgb(hex)
	c.A = alpha
	return c
}

func darkPalette() palette {
	return palette{
		colourWindow: rgb(0x0E1116), colourPanel: rgb(0x161B22), colourRaised: rgb(0x21262D), colourLine: rgb(0x2A313C),
		colourText: rgb(0xE6EDF3), colourDim: rgb(0x8B949E), colourAccent: rgb(0x56B4E9), colourOnAccent: rgb(0x0E1116),
		colourSelected: rgb(0x132C44), colourWarning: rgb(0xE6A23C), colourError: rgb(0xFF7B72), colourSuccess: rgb(0x3FB98A),

		theme.ColorNameButton: rgb(0x21262D), theme.ColorNameDisabledButton: rgb(0x1A1F26), theme.ColorNameDisabled: rgb(0x6B7480),
		theme.ColorNamePlaceHolder: rgb(0x8B949E), theme.ColorNameInputBackground: rgb(0x0E1116), theme.ColorNameInputBorder: rgb(0x3A4350),
		theme.ColorNameHover: rgba(0xFFFFFF, 0x12), theme.ColorNamePressed: rgba(0xFFFFFF, 0x22), theme.ColorNameFocus: rgba(0x56B4E9, 0x66),
		theme.ColorNameSelection: rgba(0x56B4E9, 0x40), theme.ColorNameHyperlink: rgb(0x56B4E9), theme.ColorNameHeaderBackground: rgb(0x161B22),
		theme.ColorNameMenuBackground: rgb(0x1C2128), theme.ColorNameOverlayBackground: rgb(0x1C2128), theme.ColorNameShadow: rgba(0x000000, 0x80),
		theme.ColorNameScrollBar: rgba(0x8B949E, 0x90), theme.ColorNameScrollBarBackground: rgba(0x000000, 0x00),
		theme.ColorNameForegroundOnError: rgb(0x0E1116), theme.ColorNameForegroundOnWarning: rgb(0x0E1116), theme.ColorNameForegroundOnSuccess: rgb(0x0E1116),
	}
}

func lightPalette() palette {
	return palette{
		colourWindow: rgb(0xE9EDF1), colourPanel: rgb(0xFFFFFF), colourRaised: rgb(0xF3F5F7), colourLine: rgb(0xD0D7DE),
		colourText: rgb(0x1F2328), colourDim: rgb(0x57606A), colourAccent: rgb(0x006BA6), colourOnAccent: rgb(0xFFFFFF),
		colourSelected: rgb(0xD6EAF8), colourWarning: rgb(0x8A5300), colourError: rgb(0xB42318), colourSuccess: rgb(0x006B4F),

		theme.ColorNameButton: rgb(0xF3F5F7), theme.ColorNameDisabledButton: rgb(0xF6F8FA), theme.ColorNameDisabled: rgb(0x8C959F),
		theme.ColorNamePlaceHolder: rgb(0x57606A), theme.ColorNameInputBackground: rgb(0xFFFFFF), theme.ColorNameInputBorder: rgb(0xAFB8C1),
		theme.ColorNameHover: rgba(0x000000, 0x0C), theme.ColorNamePressed: rgba(0x000000, 0x1A), theme.ColorNameFocus: rgba(0x006BA6, 0x55),
		theme.ColorNameSelection: rgba(0x006BA6, 0x33), theme.ColorNameHyperlink: rgb(0x006BA6), theme.ColorNameHeaderBackground: rgb(0xFFFFFF),
		theme.ColorNameMenuBackground: rgb(0xFFFFFF), theme.ColorNameOverlayBackground: rgb(0xFFFFFF), theme.ColorNameShadow: rgba(0x000000, 0x40),
		theme.ColorNameScrollBar: rgba(0x57606A, 0x90), theme.ColorNameScrollBarBackground: rgba(0x000000, 0x00),
		theme.ColorNameForegroundOnError: rgb(0xFFFFFF), theme.ColorNameForegroundOnWarning: rgb(0xFFFFFF), theme.ColorNameForegroundOnSuccess: rgb(0xFFFFFF),
	}
}

// look is the theme of the window: one of two palettes, three text sizes, tight spacing.
type look struct {
	fyne.Theme // fonts and icons
	palette    palette
	light      bool

	regular, bold fyne.Resource // Chinese glyphs
}

func newLook(light bool) *look {
	l := &look{
		Theme: theme.DefaultTheme(), palette: darkPalette(), light: light,
		regular: fyne.NewStaticResource("NotoSansSC-Regular.ttf", assets.ChineseTTF),
		bold:    fyne.NewStaticResource("NotoSansSC-Bold.ttf", assets.ChineseBoldTTF),
	}
	if light {
		l.palette = lightPalette()
	}
	return l
}

// Font gives the Chinese glyphs; what they lack, Latin letters first of all, the toolkit takes from its own font.
func (l *look) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Symbol:
		return l.Theme.Font(style)
	case style.Bold:
		return l.bold
	}
	return l.regular
}

// variant is the toolkit's name of the palette.
func (l *look) variant() fyne.ThemeVariant {
	if l.light {
		return theme.VariantLight
	}
	return theme.VariantDark
}

// Color gives the colour of a role; the desktop's own dark or light setting does not matter.
func (l *look) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	if c, ok := l.palette[name]; ok {
		return c
	}
	return l.Theme.Color(name, l.variant())
}

// Size gives the size of a role.
func (l *look) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 13
	case theme.SizeNameCaptionText:
		return 11
	case theme.SizeNameSubHeadingText, theme.SizeNameHeadingText:
		return 16
	case theme.SizeNamePadding:
		return 4
	case theme.SizeNameInnerPadding:
		return 6
	case theme.SizeNameInlineIcon:
		return 16
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius, theme.SizeNameButtonRadius:
		return 4
	case theme.SizeNameSeparatorThickness, theme.SizeNameInputBorder:
		return 1
	case theme.SizeNameModalBlurRadius:
		return 0 // dear without a GPU, and what is asked is often about what lies behind
	}
	return l.Theme.Size(name)
}

// opaque is c as painted.
func opaque(c [3]uint8) color.NRGBA { return color.NRGBA{R: c[0], G: c[1], B: c[2], A: 0xFF} }
