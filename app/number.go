package app

import (
	"math"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// number is a field for one number: Up and Down step it, Enter or leaving it takes it, Escape puts back
// what stood there.
type number struct {
	widget.Entry
	low, high, step float64
	decimals        int
	optional        bool    // empty is allowed and means none
	none            float64 // what stands for it: 0, or NaN where 0 is a number like others
	width           float32
	value           float64
	changed         func(float64)
	left            func() // gives the keyboard back to the images
	shortcut        func(fyne.Shortcut)
}

func newNumber(low, high, step float64, width float32, changed func(float64)) *number {
	n := &number{low: low, high: high, step: step, width: width, changed: changed}
	if step != math.Trunc(step) {
		n.decimals = 1
	}
	n.ExtendBaseWidget(n)
	n.OnSubmitted = func(string) {
		n.commit()
		if n.left != nil {
			n.left()
		}
	}
	n.show()
	return n
}

// set shows v without telling anyone, unless the user is typing.
func (n *number) set(v float64) {
	if same(v, n.value) && n.Text != "" {
		return
	}
	n.value = v
	n.show()
}

func (n *number) show() {
	s := formatNumber(n.value)
	if n.optional && same(n.value, n.none) {
		s = ""
	}
	if n.Text != s {
		n.SetText(s)
	}
}

// formatNumber writes a number as a field shows it.
func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// parse reads the text as the user may write it, with a comma or a point.
func (n *number) parse() (float64, bool) {
	s := strings.Replace(strings.TrimSpace(n.Text), ",", ".", 1)
	if s == "" && n.optional {
		return n.none, true
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < n.low || v > n.high {
		return 0, false
	}
	scale := math.Pow10(n.decimals)
	return math.Round(v*scale) / scale, true
}

// same is equality in which not a number equals itself.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func (n *number) commit() {
	v, ok := n.parse()
	if !ok {
		n.show()
		return
	}
	if !same(v, n.value) {
		n.value = v
		if n.changed != nil {
			n.changed(v)
		}
	}
	n.show()
}

// FocusLost takes what was typed.
func (n *number) FocusLost() {
	n.commit()
	n.Entry.FocusLost()
}

// TypedKey steps, takes or puts back.
func (n *number) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyUp, fyne.KeyDown:
		v, ok := n.parse()
		if !ok {
			v = n.value
		}
		if math.IsNaN(v) {
			v = n.low
		} else if e.Name == fyne.KeyUp {
			v += n.step
		} else {
			v -= n.step
		}
		n.SetText(strconv.FormatFloat(min(max(v, n.low), n.high), 'f', -1, 64))
		n.commit()
	case fyne.KeyEscape:
		n.show()
		if n.left != nil {
			n.left()
		}
	default:
		n.Entry.TypedKey(e)
	}
}

// TypedShortcut edits, or leaves the shortcut to the window.
func (n *number) TypedShortcut(s fyne.Shortcut) {
	if _, custom := s.(*desktop.CustomShortcut); custom && n.shortcut != nil {
		n.commit()
		n.shortcut(s)
		return
	}
	n.Entry.TypedShortcut(s)
}

// MinSize is a field for a few digits.
func (n *number) MinSize() fyne.Size {
	return fyne.NewSize(n.width, n.Entry.MinSize().Height)
}
