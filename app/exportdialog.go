package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/files"
)

// export is a file that the window is about to write.
type export struct {
	title  string
	folder string // where it is likely to go
	name   string // with its extension, which the file keeps
	more   []fyne.CanvasObject
	fill   func() (func(io.Writer) error, error) // makes what is written, off the toolkit's goroutine
	say    func(*session.Notice)
	failed string // with %v
	done   string // with %s
}

// askExport asks for folder and name, and writes. What exists is never replaced: the file then gets a number.
func (w *window) askExport(e export) {
	if w.exporting != nil {
		return
	}
	d := &exportDialog{window: w, export: e, ext: filepath.Ext(e.name)}
	d.show()
}

// exportDialog asks where a file goes.
type exportDialog struct {
	window *window
	export
	ext            string
	folderIn, file *field
	note           *text
	save           *button
	popup          *widget.PopUp
}

func (d *exportDialog) show() {
	w := d.window
	d.folderIn, d.file = newField(d.folder, d.close), newField(d.name, d.close)
	d.folderIn.OnChanged = func(string) { d.check() }
	d.file.OnChanged = d.folderIn.OnChanged
	d.file.OnSubmitted = func(string) { d.confirm() }
	d.note = newText("", textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 300})
	browse := newButton(w.host, lang.L("Browse"), theme.FolderOpenIcon(), buttonNormal, "", func() {
		w.askFolder(lang.L("Save into a folder"), d.folderIn.Text, d.folderIn.SetText)
	})
	d.save = newButton(w.host, lang.L("Save"), theme.DocumentSaveIcon(), buttonPrimary, "", d.confirm)
	content := rows(10,
		newText(d.title, textStyle{size: sizeLarge, bold: true}),
		captionedField(lang.L("Folder"), container.NewBorder(nil, nil, nil, inset(browse, 6, 0, 0, 0), d.folderIn)),
		captionedField(lang.L("File"), d.file),
	)
	for _, o := range d.more {
		content.Add(inset(o, 54, 0, 0, 0))
	}
	content.Add(inset(d.note, 60, 0, 0, 0))
	content.Add(columns(8, layout.NewSpacer(), newButton(w.host, lang.L("Cancel"), nil, buttonNormal, "", d.close), d.save))
	d.popup = w.modal(atLeast(560, inset(content, 22, 22, 18, 16)))
	w.exporting = d
	d.popup.Show()
	d.check()
	w.win.Canvas().Focus(d.file)
}

// captionedField is a field behind its caption.
func captionedField(caption string, o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewBorder(nil, nil, middle(newText(caption, textStyle{colour: colourDim, shrink: true, minWidth: 60})), nil, o)
}

// newTick is a box that can be ticked; on is what it says.
func newTick(h *host, label string, on *bool) *button {
	b := newButton(h, label, checkIcon(*on), buttonFlat, "", nil)
	b.tapped = func() {
		*on = !*on
		b.set(label, checkIcon(*on))
	}
	b.leading, b.small, b.colour = true, true, colourText
	return b
}

func (d *exportDialog) path() string {
	name := strings.TrimSpace(d.file.Text)
	if !strings.EqualFold(filepath.Ext(name), d.ext) {
		name += d.ext
	}
	return filepath.Join(strings.TrimSpace(d.folderIn.Text), name)
}

// check says at once what stands in the way, or which name the file will have.
func (d *exportDialog) check() {
	note := nowhere(d.folderIn.Text, d.file.Text)
	d.save.setEnabled(note == "")
	if path := d.path(); note == "" {
		if name := files.FreeName(path); name != path {
			note = fmt.Sprintf(lang.L("A file of this name is there and stays: this one will be %s."), filepath.Base(name))
		}
	}
	d.note.set(note)
}

// nowhere says why a file of that name cannot go into a folder; empty when it can.
func nowhere(folder, name string) string {
	info, err := os.Stat(strings.TrimSpace(folder))
	switch {
	case strings.TrimSpace(name) == "":
		return lang.L("Give the file a name.")
	case err != nil || !info.IsDir():
		return lang.L("This folder does not exist.")
	}
	return ""
}

func (d *exportDialog) confirm() {
	d.check()
	if d.save.Disabled() {
		return
	}
	path := d.path()
	d.close()
	d.window.remembered.SetString(preferenceExportFolder, filepath.Dir(path))
	d.window.writeExport(d.export, path)
}

// writeExport writes beside the window and says what came of it.
func (w *window) writeExport(e export, path string) {
	e.say(&session.Notice{Text: fmt.Sprintf(lang.L("Writing %s …"), path)})
	go func() {
		fill, err := e.fill()
		if err == nil {
			path, err = files.WriteNew(path, fill)
		}
		w.post(func() {
			if err != nil {
				e.say(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(e.failed, err)})
				return
			}
			e.say(&session.Notice{Text: fmt.Sprintf(e.done, path)})
		})
	}()
}

func (d *exportDialog) close() {
	d.popup.Hide()
	d.window.exporting = nil
}

const preferenceExportFolder = "export folder"

// exportFolder is where the last file went, else beside the CT.
func (w *window) exportFolder() string {
	if last := w.remembered.String(preferenceExportFolder); last != "" {
		return last
	}
	return saveFolder(w.session.Document(), w.app.Preferences())
}

// written is an export of bytes that are there already.
func written(b []byte) func() (func(io.Writer) error, error) {
	return func() (func(io.Writer) error, error) {
		return func(to io.Writer) error {
			_, err := to.Write(b)
			return err
		}, nil
	}
}
