package app

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// paragraph is text of several lines, flush with what stands over it: a label has room of its own all round.
func paragraph(s string) fyne.CanvasObject { return flush(wrapped(s)) }

// smallParagraph is a paragraph in small print.
func smallParagraph(s string) fyne.CanvasObject {
	l := wrapped(s)
	l.SizeName = sizeSmall
	return flush(l)
}

// smallWarning is one that asks for attention.
func smallWarning(s string) fyne.CanvasObject {
	l := wrapped(s)
	l.SizeName, l.Importance = sizeSmall, widget.WarningImportance
	return flush(l)
}

func flush(l *widget.Label) fyne.CanvasObject {
	pad := theme.InnerPadding()
	return inset(l, -pad, -pad, -pad/2, -pad/2)
}

// unspaced is s as it wraps: Chinese has no spaces between words, and one beside a number would break the line there.
func unspaced(s string) string {
	if lessonLanguage() != "zh" {
		return s
	}
	var b strings.Builder
	all := []rune(s)
	han := func(i int) bool { return i >= 0 && i < len(all) && unicode.Is(unicode.Han, all[i]) }
	for i, r := range all {
		if r != ' ' || !han(i-1) && !han(i+1) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wrapped is text of several lines.
func wrapped(s string) *widget.Label {
	l := widget.NewLabel(unspaced(s))
	l.Wrapping = fyne.TextWrapWord
	return l
}
