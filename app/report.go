package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
)

// reportLabel counts what reading came upon; empty when nothing was read.
func reportLabel(doc session.Document) string {
	warnings := 0
	for _, f := range doc.Findings {
		if f.Severity != dicom.SeverityInfo {
			warnings++
		}
	}
	switch {
	case doc.Demo || len(doc.Studies) == 0:
		return ""
	case warnings > 0:
		return counted(warnings, lang.L("1 warning"), lang.L("%d warnings"))
	}
	return lang.L("Report")
}

// showReport opens the report of the folder.
func (w *window) showReport() {
	doc := w.session.Document()
	text := widget.NewLabel(session.ReportText(doc.Dir, doc.Studies, doc.Series, doc.Findings))
	text.Wrapping, text.Selectable = fyne.TextWrapWord, true
	scroll := container.NewVScroll(text)
	scroll.SetMinSize(fyne.NewSize(720, 380))
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideReport)
	content := rows(10, newText(fmt.Sprintf(lang.L("What was read from %s"), folderText(doc.Dir)), textStyle{size: sizeLarge, bold: true}), scroll,
		container.NewBorder(nil, nil, nil, closeIt))
	w.report = w.modal(inset(content, 22, 22, 18, 14))
	w.report.Show()
}

func (w *window) hideReport() {
	w.report.Hide()
	w.report = nil
}
