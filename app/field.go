package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// field is a line to type in that knows Escape.
type field struct {
	widget.Entry
	escape func()
}

func newField(text string, escape func()) *field {
	f := &field{escape: escape}
	f.ExtendBaseWidget(f)
	f.SetText(text)
	return f
}

// newTextField is a field of several lines.
func newTextField(text string, escape func()) *field {
	f := &field{escape: escape}
	f.MultiLine, f.Wrapping = true, fyne.TextWrapOff
	f.ExtendBaseWidget(f)
	f.SetText(text)
	return f
}

// TypedKey types, or leaves on Escape.
func (f *field) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		f.escape()
		return
	}
	f.Entry.TypedKey(e)
}
