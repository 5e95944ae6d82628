package app

import (
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
)

// openPath opens what was dropped: a structure set onto the CT that is open, else whatever holds a CT: a folder, an
// archive, a DICOMDIR, or one slice, which stands for its series.
func (w *window) openPath(path string) {
	if w.session.HasVolume() && dicom.IsStructureSet(path) {
		w.session.OpenSet(path)
		return
	}
	w.open(path)
}

// dropped opens what was dropped on the page that has the window.
func (w *window) dropped(path string) {
	switch m := w.side(); {
	case w.win.Canvas().Overlays().Top() != nil:
	case m == nil:
		w.openPath(path)
	case w.qa == nil || m != w.qa.sideMode: // a lesson brings its own CT
	case dicom.IsStructureSet(path):
		w.qa.compareWith(path)
	default:
		w.openQAFolder(path)
	}
}

// showOpenMenu offers the two kinds of choosers, for none of the toolkit's shows folders and files alike.
func (w *window) showOpenMenu() {
	folder := fyne.NewMenuItem(w.host.keys.tip(lang.L("CT folder"), "file.open"), w.chooseFolder)
	folder.Icon = theme.FolderOpenIcon()
	file := fyne.NewMenuItem(w.host.keys.tip(lang.L("Zip archive, DICOMDIR or DICOM file"), "file.openfile"), w.chooseFile)
	file.Icon = theme.FileIcon()
	list := widget.NewPopUpMenu(fyne.NewMenu("", folder, file), w.win.Canvas())
	list.ShowAtRelativePosition(fyne.NewPos(0, w.top.open.Size().Height+2), w.top.open)
}

func (w *window) chooseFolder() {
	w.askFolder(lang.L("Open a CT folder"), w.lastPlace(), w.open)
}

func (w *window) chooseFile() {
	w.askFile(lang.L("Open a zip archive, a DICOMDIR or a DICOM file"), w.lastPlace(), w.openPath)
}

// askSet lets the user choose a structure set to show on the CT.
func (w *window) askSet() {
	start := ""
	if dir := w.session.Document().Dir; dir != "" {
		start = filepath.Dir(dir)
	}
	w.askFile(lang.L("Open a structure set"), start, w.session.OpenSet)
}

// lastPlace is the folder in which the case opened last lies, or empty.
func (w *window) lastPlace() string {
	if recent := w.recent(); len(recent) > 0 {
		return filepath.Dir(recent[0])
	}
	return ""
}

// askFolder lets the user choose a folder, beginning at start when that exists.
func (w *window) askFolder(title, start string, chosen func(dir string)) {
	if w.chooser != nil {
		return
	}
	w.chooser = dialog.NewFolderOpen(func(uri fyne.ListableURI, err error) {
		w.chooser = nil
		switch {
		case err != nil:
			w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Choose a folder: %v"), err)})
		case uri != nil:
			chosen(uri.Path())
		}
	}, w.win)
	w.showChooser(title, start)
}

// askFile lets the user choose a file, whatever its name: DICOM files often have no extension.
func (w *window) askFile(title, start string, chosen func(path string)) {
	if w.chooser != nil {
		return
	}
	w.chooser = dialog.NewFileOpen(func(from fyne.URIReadCloser, err error) {
		w.chooser = nil
		switch {
		case err != nil:
			w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Choose a file: %v"), err)})
		case from != nil:
			_ = from.Close() // it is read by its path
			chosen(from.URI().Path())
		}
	}, w.win)
	w.showChooser(title, start)
}

func (w *window) showChooser(title, start string) {
	w.chooser.SetTitleText(title)
	w.chooser.SetConfirmText(lang.L("Choose"))
	if at, err := storage.ListerForURI(storage.NewFileURI(start)); err == nil && start != "" {
		w.chooser.SetLocation(at)
	}
	w.chooser.SetView(dialog.ListView)
	below := w.win.Canvas().Overlays().Top()
	w.chooser.Show()
	if w.win.Canvas().Overlays().Top() != below { // not the desktop's own chooser
		w.chooser.Resize(fyne.NewSize(860, 560))
	}
}
