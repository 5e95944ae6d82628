package app

import (
	"strings"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// question asks before something is done that cannot be taken back.
type question struct {
	window *window
	ok     *button
	popup  *widget.PopUp
}

// ask shows a question whose verb does it; Escape and Cancel leave everything as it is.
func (w *window) ask(title, text, verb string, do func()) {
	if w.asking != nil {
		return
	}
	q := &question{window: w}
	q.ok = newButton(w.host, verb, nil, buttonPrimary, "", func() {
		q.close()
		do()
	})
	cancel := newButton(w.host, lang.L("Cancel"), nil, buttonNormal, lang.L("Escape"), q.close)
	content := rows(10, newText(title, textStyle{size: sizeLarge, bold: true}))
	for line := range strings.Lines(text) {
		content.Add(newText(strings.TrimSpace(line), textStyle{}))
	}
	content.Add(inset(columns(8, layout.NewSpacer(), cancel, q.ok), 0, 0, 8, 0))
	q.popup = w.modal(atLeast(380, inset(content, 22, 22, 18, 16)))
	w.asking = q
	q.popup.Show()
	w.win.Canvas().Focus(cancel)
}

func (q *question) close() {
	q.popup.Hide()
	q.window.asking = nil
}
