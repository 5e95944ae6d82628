package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// textStyle is how a text looks; the zero value is plain text.
type textStyle struct {
	size   fyne.ThemeSizeName  // sizeText when empty
	colour fyne.ThemeColorName // colourText when empty
	bold   bool
	align  fyne.TextAlign
	// shrink lets the text be cut with an ellipsis when there is no room: its least width is then minWidth.
	shrink   bool
	minWidth float32
}

// text is one line without padding, in the colours of the theme.
type text struct {
	widget.BaseWidget
	content string
	style   textStyle
}

func newText(content string, style textStyle) *text {
	t := &text{content: content, style: style}
	t.ExtendBaseWidget(t)
	return t
}

func (t *text) set(content string) {
	if t.content != content {
		t.content = content
		t.Refresh()
	}
}

func (t *text) setColour(name fyne.ThemeColorName) {
	if t.style.colour != name {
		t.style.colour = name
		t.Refresh()
	}
}

func (t *text) textSize() float32 {
	if t.style.size == "" {
		return theme.Size(sizeText)
	}
	return theme.Size(t.style.size)
}

func (t *text) colourName() fyne.ThemeColorName {
	if t.style.colour == "" {
		return colourText
	}
	return t.style.colour
}

func (t *text) measure(s string) fyne.Size {
	return fyne.MeasureText(s, t.textSize(), fyne.TextStyle{Bold: t.style.bold})
}

// fitted is the content cut to width with an ellipsis.
func (t *text) fitted(width float32) string {
	if !t.style.shrink || t.measure(t.content).Width <= width {
		return t.content
	}
	runes := []rune(t.content)
	low, high := 0, len(runes) // the longest prefix that fits lies in [low, high)
	for high-low > 1 {
		mid := (low + high) / 2
		if t.measure(string(runes[:mid])+"…").Width <= width {
			low = mid
		} else {
			high = mid
		}
	}
	return string(runes[:low]) + "…"
}

// CreateRenderer draws the line.
func (t *text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{text: t, line: canvas.NewText("", color.Transparent)}
	r.Refresh()
	return r
}

type textRenderer struct {
	text *text
	line *canvas.Text
}

func (r *textRenderer) Destroy() {}

func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.line} }

func (r *textRenderer) MinSize() fyne.Size {
	size := r.text.measure(r.text.content)
	if r.text.content == "" {
		size = fyne.NewSize(0, r.text.measure("0").Height)
	}
	if r.text.style.shrink {
		size.Width = r.text.style.minWidth
	}
	return size
}

func (r *textRenderer) Layout(size fyne.Size) {
	r.line.Text = r.text.fitted(size.Width)
	r.line.Resize(size)
}

func (r *textRenderer) Refresh() {
	r.line.TextSize = r.text.textSize()
	r.line.TextStyle = fyne.TextStyle{Bold: r.text.style.bold}
	r.line.Color = theme.Color(r.text.colourName())
	r.line.Alignment = r.text.style.align
	r.Layout(r.text.Size())
	r.line.Refresh()
}
