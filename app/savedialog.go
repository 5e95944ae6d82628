package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// askSave shows what would be saved and asks where.
func (w *window) askSave() {
	s := w.session
	if err := s.CanSave(); err != nil {
		s.Notify(&session.Notice{Severity: session.Warning, Text: fmt.Sprintf(lang.L("Cannot save: %v"), err)})
		return
	}
	if w.saving != nil {
		return
	}
	d := &saveDialog{window: w}
	d.show(s)
}

// saveDialog asks for folder and name of an RTSTRUCT and lists what goes into it.
type saveDialog struct {
	window       *window
	folder, name *field
	note         *text
	replace      *button
	force        bool
	base         *widget.Select // the set to add to; nil when the folder holds none
	bases        []string       // paths of base's choices but the first
	points       *button
	asPoints     bool
	save         *button
	popup        *widget.PopUp
}

func (d *saveDialog) show(s *session.Session) {
	w := d.window
	d.folder = newField(saveFolder(s.Document(), w.app.Preferences()), d.close)
	d.name = newField(saveName(s.Document()), d.close)
	d.folder.OnChanged = func(string) { d.check() }
	d.name.OnChanged = d.folder.OnChanged
	d.name.OnSubmitted = func(string) { d.confirm() }
	d.note = newText("", textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 300})
	browse := newButton(w.host, lang.L("Browse"), theme.FolderOpenIcon(), buttonNormal, "", d.browse)
	d.replace = newButton(w.host, lang.L("Replace the existing file"), theme.CheckButtonIcon(), buttonFlat, "", func() {
		d.force = !d.force
		d.check()
	})
	d.replace.leading, d.replace.small, d.replace.colour = true, true, colourText
	d.points = newTick(w.host, lang.L("A point for each clip as well"), &d.asPoints)
	d.save = newButton(w.host, lang.L("Save"), theme.DocumentSaveIcon(), buttonPrimary, "", d.confirm)
	cancel := newButton(w.host, lang.L("Cancel"), nil, buttonNormal, "", d.close)

	content := rows(10,
		newText(lang.L("Save RTSTRUCT"), textStyle{size: sizeLarge, bold: true}),
		captionedField(lang.L("Folder"), container.NewBorder(nil, nil, nil, inset(browse, 6, 0, 0, 0), d.folder)),
		captionedField(lang.L("File"), d.name),
		inset(saveContents(s, w.host.phrases), 60, 0, 0, 0),
		inset(d.note, 60, 0, 0, 0),
		inset(columns(0, d.points, d.replace, layout.NewSpacer()), 54, 0, 0, 0),
		columns(8, layout.NewSpacer(), cancel, d.save),
	)
	if d.base = d.chooseBase(s.Document()); d.base != nil {
		content.Objects = slices.Insert(content.Objects, 3, captionedField(lang.L("Add to"), d.base))
	}
	d.popup = w.modal(atLeast(560, inset(content, 22, 22, 18, 16)))
	w.saving = d
	d.popup.Show()
	d.check()
	w.win.Canvas().Focus(d.name)
}

// chooseBase offers the structure sets of the study to be added to; nil when there is none.
func (d *saveDialog) chooseBase(doc session.Document) *widget.Select {
	if doc.Series == nil || doc.Series.Study == nil || len(doc.Series.Study.StructureSets) == 0 {
		return nil
	}
	names := []string{lang.L("nothing: a set of its own")}
	d.bases = doc.Series.Study.StructureSets
	for _, path := range d.bases {
		name := filepath.Base(path)
		if rel, err := filepath.Rel(doc.Dir, path); err == nil {
			name = rel
		}
		names = append(names, fmt.Sprintf(lang.L("a copy of %s, without External"), name))
	}
	choice := widget.NewSelect(names, nil)
	choice.SetSelectedIndex(0)
	return choice
}

// appendTo is the path of the set to add to, empty for a set of its own.
func (d *saveDialog) appendTo() string {
	if d.base == nil || d.base.SelectedIndex() < 1 {
		return ""
	}
	return d.bases[d.base.SelectedIndex()-1]
}

// saveContents lists what goes into the file.
func saveContents(s *session.Session, phrases *phrasebook) fyne.CanvasObject {
	list := rows(3)
	for _, v := range s.Structures() {
		if !v.Saveable {
			continue
		}
		list.Add(columns(8, swatch(v.Name), newText(v.Name, textStyle{}),
			newText(fmt.Sprintf("%s cc", volumeText(v.CC)), textStyle{colour: colourDim}),
			newText(phrases.say(v.Detail), textStyle{size: sizeSmall, colour: colourDim})))
	}
	if n := len(s.Plan().Clips) - s.ReviewedCount(); n > 0 {
		list.Add(newText(counted(n, lang.L("1 clip not reviewed yet: saved as a draft."), lang.L("%d clips not reviewed yet: saved as a draft.")), textStyle{size: sizeSmall, colour: colourWarning}))
	}
	if s.NeedsCT() {
		list.Add(newText(lang.L("A demo case has no files: its CT is written to the folder \"ct\" beside it."), textStyle{size: sizeSmall, colour: colourDim}))
	}
	return list
}

func (d *saveDialog) path() string {
	name := strings.TrimSpace(d.name.Text)
	if name != "" && filepath.Ext(name) == "" {
		name += ".dcm"
	}
	return filepath.Join(strings.TrimSpace(d.folder.Text), name)
}

// check says at once what stands in the way.
func (d *saveDialog) check() {
	note, exists := nowhere(d.folder.Text, d.name.Text), false
	if note == "" {
		_, err := os.Lstat(d.path())
		exists = !errors.Is(err, os.ErrNotExist)
		if exists && !d.force {
			note = lang.L("A file of this name exists already.")
		}
	}
	d.note.set(note)
	setVisible(d.replace, exists)
	d.replace.set(d.replace.label, checkIcon(d.force))
	d.save.setEnabled(note == "")
}

func (d *saveDialog) browse() {
	d.window.askFolder(lang.L("Save into a folder"), d.folder.Text, func(dir string) { d.folder.SetText(dir) })
}

func (d *saveDialog) confirm() {
	d.check()
	if d.save.Disabled() {
		return
	}
	path := d.path()
	d.window.app.Preferences().SetString(preferenceSaveFolder, filepath.Dir(path))
	d.close()
	d.window.session.SaveWith(session.SaveOptions{Path: path, Force: d.force, AppendTo: d.appendTo(), ClipPoints: d.asPoints})
}

func (d *saveDialog) close() {
	d.popup.Hide()
	d.window.saving = nil
}

const preferenceSaveFolder = "save folder"

// saveFolder is where an RTSTRUCT of doc is likely to go: beside its CT folder.
func saveFolder(doc session.Document, preferences fyne.Preferences) string {
	if doc.Dir != "" {
		if abs, err := filepath.Abs(doc.Dir); err == nil {
			return filepath.Dir(abs)
		}
		return filepath.Dir(doc.Dir)
	}
	if last := preferences.String(preferenceSaveFolder); last != "" {
		return last
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	return home
}

// saveName is a file name without the patient's name in it.
func saveName(doc session.Document) string {
	if doc.Demo {
		return fmt.Sprintf("RS.demo%d.dcm", doc.DemoSeed)
	}
	return "RS.clipwright.dcm"
}
