package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// showLog shows what was done on the open CT, and exports it.
func (w *window) showLog() {
	events, err := w.session.AuditLog()
	switch {
	case err != nil:
		w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Show the log: %v"), err)})
		return
	case len(events) == 0:
		w.session.Notify(&session.Notice{Text: lang.L("Nothing is logged: open a CT. The demo case keeps no log until it is saved and opened again.")})
		return
	}
	content := strings.Join(session.AuditText(events), "\n") + "\n"
	label := widget.NewLabel(content)
	label.TextStyle.Monospace, label.Selectable = true, true
	scroll := container.NewScroll(label)
	scroll.SetMinSize(fyne.NewSize(760, 400))
	scroll.ScrollToBottom()
	out := newButton(w.host, lang.L("Export"), theme.DocumentSaveIcon(), buttonNormal, "", func() {
		w.hideHelp()
		w.exportLog(content)
	})
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideHelp)
	w.hideHelp()
	w.help = w.modal(inset(rows(10, newText(lang.L("What was done on this CT"), textStyle{size: sizeLarge, bold: true}), scroll,
		container.NewBorder(nil, nil, nil, columns(8, out, closeIt))), 22, 22, 18, 14))
	w.help.Show()
}

func (w *window) exportLog(content string) {
	w.askExport(export{
		title: lang.L("Export the log"), folder: saveFolder(w.session.Document(), w.app.Preferences()), name: "audit.txt", fill: written([]byte(content)),
		say: w.session.Notify, failed: lang.L("Export the log: %v"), done: lang.L("Exported the log to %s."),
	})
}
