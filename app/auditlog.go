package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
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
	ask := dialog.NewCustomConfirm(lang.L("What was done on this CT"), lang.L("Export"), lang.L("Close"), scroll, func(export bool) {
		if export {
			w.exportLog(content)
		}
	}, w.win)
	ask.Show()
}

func (w *window) exportLog(content string) {
	ask := dialog.NewFileSave(func(to fyne.URIWriteCloser, err error) {
		if err == nil && to == nil {
			return
		}
		if err == nil {
			_, err = to.Write([]byte(content))
			if closed := to.Close(); err == nil {
				err = closed
			}
		}
		if err != nil {
			w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Export the log: %v"), err)})
			return
		}
		w.session.Notify(&session.Notice{Text: fmt.Sprintf(lang.L("Exported the log to %s."), to.URI().Path())})
	}, w.win)
	ask.SetFileName("audit.txt")
	ask.Show()
}
