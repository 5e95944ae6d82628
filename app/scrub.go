package app

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// scrubPx is how far the pointer goes for one step.
const scrubPx = 8

// scrub is the caption of a number that is dragged to change it: right for more, left for less. What it passes is a preview;
// letting go takes it.
type scrub struct {
	widget.BaseWidget
	caption  *text
	number   *number
	preview  func(float64)
	moved    float32
	from, at float64
	under    bool // a drag is under way
}

func newScrub(letter string, n *number, preview func(float64)) *scrub {
	s := &scrub{caption: newText(letter, textStyle{bold: true}), number: n, preview: preview}
	s.ExtendBaseWidget(s)
	return s
}

// Dragged changes the number by whole steps; an unknown one stays.
func (s *scrub) Dragged(e *fyne.DragEvent) {
	if !s.under {
		s.under, s.moved, s.from, s.at = true, 0, s.number.value, s.number.value
	}
	s.moved += e.Dragged.DX
	next := min(max(s.from+math.Trunc(float64(s.moved/scrubPx))*s.number.step, s.number.low), s.number.high)
	if math.IsNaN(next) || next == s.at {
		return
	}
	s.at = next
	s.number.SetText(formatNumber(next))
	s.preview(next)
}

// DragEnd takes what the number has become.
func (s *scrub) DragEnd() {
	if s.under {
		s.under = false
		s.number.commit()
	}
}

// MouseIn shows that the letter can be dragged.
func (s *scrub) MouseIn(*desktop.MouseEvent) { s.caption.setColour(colourAccent) }

// MouseMoved does nothing.
func (s *scrub) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends that.
func (s *scrub) MouseOut() { s.caption.setColour("") }

// Cursor is the two-headed arrow.
func (s *scrub) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// CreateRenderer draws the letter.
func (s *scrub) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.caption) }
