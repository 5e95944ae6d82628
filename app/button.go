package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// buttonKind is how much a button stands out.
type buttonKind int

const (
	buttonNormal buttonKind = iota
	buttonPrimary
	buttonFlat // no box until hovered
)

// buttonHeight is the height of a button with text; a flat icon button is as wide as high.
const (
	buttonHeight  float32 = 28
	buttonPadding float32 = 10
	buttonGap     float32 = 6
)

// button is a push button: a click does not take the keyboard from the images, Tab reaches it all the
// same, and its tooltip carries its key.
type button struct {
	widget.DisableableWidget
	tipped
	label   string
	icon    fyne.Resource
	kind    buttonKind
	colour  fyne.ThemeColorName // of the icon and label; by kind when empty
	small   bool
	bold    bool
	leading bool // label at the left edge
	chosen  bool // one of several that is in force
	tapped  func()

	hovered, focused bool
}

var (
	_ fyne.Tappable     = (*button)(nil)
	_ fyne.Focusable    = (*button)(nil)
	_ desktop.Hoverable = (*button)(nil)
)

func newButton(h *host, label string, icon fyne.Resource, kind buttonKind, tip string, tapped func()) *button {
	b := &button{label: label, icon: icon, kind: kind, tapped: tapped}
	b.host, b.tip = h, tip
	b.ExtendBaseWidget(b)
	return b
}

func (b *button) set(label string, icon fyne.Resource) {
	if b.label != label || b.icon != icon {
		b.label, b.icon = label, icon
		b.Refresh()
	}
}

func (b *button) setColour(name fyne.ThemeColorName) {
	if b.colour != name {
		b.colour = name
		b.Refresh()
	}
}

func (b *button) setKind(kind buttonKind) {
	if b.kind != kind {
		b.kind = kind
		b.Refresh()
	}
}

func (b *button) setChosen(on bool) {
	if b.chosen != on {
		b.chosen = on
		b.Refresh()
	}
}

func (b *button) setEnabled(on bool) {
	if on == b.Disabled() {
		if on {
			b.Enable()
		} else {
			b.Disable()
		}
	}
}

// Tapped runs the action. A click, unlike a key, leaves the keyboard with the images.
func (b *button) Tapped(e *fyne.PointEvent) {
	b.hideTip()
	if e != nil && b.host != nil {
		b.host.unfocus()
	}
	if !b.Disabled() && b.tapped != nil {
		b.tapped()
	}
}

// FocusGained shows the focus ring.
func (b *button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost hides it.
func (b *button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune passes letters on: they are the window's.
func (b *button) TypedRune(r rune) {
	if b.host != nil {
		b.host.typedRune(r)
	}
}

// TypedKey runs the action on Space and Enter; other keys are the window's.
func (b *button) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeySpace, e.Name == fyne.KeyReturn, e.Name == fyne.KeyEnter:
		b.Tapped(nil)
	case b.host != nil:
		b.host.typedKey(e)
	}
}

// MouseIn highlights and begins the wait for the tooltip.
func (b *button) MouseIn(e *desktop.MouseEvent) {
	b.hovered = true
	b.showTip(b)
	b.Refresh()
}

// MouseMoved does nothing.
func (b *button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends the highlight.
func (b *button) MouseOut() {
	b.hovered = false
	b.hideTip()
	b.Refresh()
}

// Cursor is a hand over what can be pressed.
func (b *button) Cursor() desktop.Cursor {
	if b.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// colours are those of the box and of what is on it.
func (b *button) colours() (box, content fyne.ThemeColorName) {
	box, content = colourRaised, colourText
	switch b.kind {
	case buttonPrimary:
		box, content = colourAccent, colourOnAccent
	case buttonFlat:
		box, content = "", colourDim
	}
	if b.colour != "" {
		content = b.colour
	}
	if b.chosen {
		box, content = colourSelected, colourAccent
	}
	if b.Disabled() {
		if b.kind != buttonFlat {
			box = theme.ColorNameDisabledButton
		}
		content = theme.ColorNameDisabled
	}
	return box, content
}

// CreateRenderer draws box, icon and label.
func (b *button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		button: b, box: canvas.NewRectangle(color.Transparent), shade: canvas.NewRectangle(color.Transparent),
		icon: canvas.NewImageFromResource(nil), label: canvas.NewText("", color.Transparent),
	}
	r.icon.FillMode = canvas.ImageFillContain
	r.Refresh()
	return r
}

type buttonRenderer struct {
	button     *button
	box, shade *canvas.Rectangle
	icon       *canvas.Image
	label      *canvas.Text
	drawn      fyne.Resource // the icon, and its colour
	drawnIn    fyne.ThemeColorName
}

func (r *buttonRenderer) Destroy() {}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.shade, r.icon, r.label}
}

func (r *buttonRenderer) iconSize() float32 {
	if r.button.icon == nil {
		return 0
	}
	if r.button.small {
		return 14
	}
	return theme.Size(theme.SizeNameInlineIcon)
}

func (r *buttonRenderer) MinSize() fyne.Size {
	height := buttonHeight
	if r.button.small {
		height = 22
	}
	if r.button.label == "" {
		return fyne.NewSize(height, height)
	}
	width := r.label.MinSize().Width + r.iconSize() + 2*buttonPadding
	if r.button.icon != nil {
		width += buttonGap
	}
	return fyne.NewSize(width, height)
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	r.box.Resize(size)
	r.shade.Resize(size)
	icon, label := r.iconSize(), r.label.MinSize()
	if r.button.label == "" {
		r.icon.Resize(fyne.NewSquareSize(icon))
		r.icon.Move(fyne.NewPos((size.Width-icon)/2, (size.Height-icon)/2))
		return
	}
	width := icon + label.Width
	if icon > 0 {
		width += buttonGap
	}
	x := (size.Width - width) / 2
	if r.button.leading {
		x = min(buttonPadding/2, x)
	}
	r.icon.Resize(fyne.NewSquareSize(icon))
	r.icon.Move(fyne.NewPos(x, (size.Height-icon)/2))
	r.label.Resize(label)
	r.label.Move(fyne.NewPos(x+width-label.Width, (size.Height-label.Height)/2))
}

func (r *buttonRenderer) Refresh() {
	b := r.button
	box, content := b.colours()
	radius := theme.Size(theme.SizeNameButtonRadius)
	r.box.FillColor, r.box.StrokeColor, r.box.StrokeWidth = color.Transparent, color.Transparent, 0
	if box != "" {
		r.box.FillColor = theme.Color(box)
		if b.kind == buttonNormal {
			r.box.StrokeColor, r.box.StrokeWidth = theme.Color(colourLine), 1
		}
	}
	r.shade.FillColor, r.shade.StrokeColor, r.shade.StrokeWidth = color.Transparent, color.Transparent, 0
	if b.hovered && !b.Disabled() {
		r.shade.FillColor = theme.Color(theme.ColorNameHover)
	}
	if b.focused {
		r.shade.StrokeColor, r.shade.StrokeWidth = theme.Color(colourAccent), 2
	}
	r.box.CornerRadius, r.shade.CornerRadius = radius, radius
	r.label.Text, r.label.TextSize = b.label, theme.Size(sizeText)
	r.label.TextStyle.Bold = b.bold || b.kind == buttonPrimary
	r.label.Color = theme.Color(content)
	r.icon.Hidden = b.icon == nil
	if b.icon != r.drawn || content != r.drawnIn { // drawing an icon takes longer than all else
		r.drawn, r.drawnIn, r.icon.Resource = b.icon, content, nil
		if b.icon != nil {
			r.icon.Resource = theme.NewColoredResource(b.icon, content)
		}
		r.icon.Refresh()
	}
	r.Layout(b.Size())
	r.box.Refresh()
	r.shade.Refresh()
	r.label.Refresh()
}
