package app

import (
	"fmt"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// addStructure begins a structure of a suggested name.
func (w *window) addStructure(g session.Suggestion) {
	if err := w.session.NewStructure(g.Name, g.Type); err != nil {
		w.session.Notify(&session.Notice{Severity: session.Warning, Text: fmt.Sprintf(lang.L("No structure added: %v."), err)})
	}
}

// interpretedTypes are the kinds of structure one can draw (DICOM PS3.3 C.8.8.8, RT ROI Interpreted Type).
func interpretedTypes() []string {
	return []string{"CTV", "GTV", "PTV", "CAVITY", "ORGAN", "AVOIDANCE", "CONTROL"}
}

// nameDialog asks for the name of a structure, and says at once what is wrong with it.
type nameDialog struct {
	window *window
	name   *field
	kind   *widget.Select
	note   *text
	ok     *button
	popup  *widget.PopUp
	now    string // the name it has; empty for a new one
	take   func(name, kind string)
}

// askStructure asks for the name and kind of a new structure.
func (w *window) askStructure() {
	d := &nameDialog{window: w, take: func(name, kind string) { w.addStructure(session.Suggestion{Name: name, Type: kind}) }}
	d.show(lang.L("New structure"), lang.L("Add"), true)
}

// askName asks for another name of a structure that was drawn.
func (w *window) askName(now string) {
	d := &nameDialog{window: w, now: now, take: func(name, _ string) { w.session.RenameDrawn(now, name) }}
	d.show(fmt.Sprintf(lang.L("Rename %s"), now), lang.L("Rename"), false)
}

func (d *nameDialog) show(title, verb string, asksKind bool) {
	w := d.window
	if w.naming != nil {
		return
	}
	d.name = newField(d.now, d.close)
	d.name.OnChanged = func(string) { d.check() }
	d.name.OnSubmitted = func(string) { d.confirm() }
	d.kind = widget.NewSelect(interpretedTypes(), nil)
	d.kind.SetSelectedIndex(0)
	d.note = newText("", textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 300})
	d.ok = newButton(w.host, verb, nil, buttonPrimary, "", d.confirm)
	suggested := columns(4)
	for _, g := range w.session.Suggestions() {
		if session.IsClips(g.Name) || len(suggested.Objects) == 5 {
			continue
		}
		b := newButton(w.host, g.Name, nil, buttonNormal, "", func() {
			d.name.SetText(g.Name)
			d.kind.SetSelected(g.Type)
		})
		b.small = true
		suggested.Add(b)
	}
	content := rows(10, newText(title, textStyle{size: sizeLarge, bold: true}), d.name,
		columns(8, middle(newText("TG-263", textStyle{size: sizeSmall, colour: colourDim})), suggested), d.note)
	if asksKind {
		content.Add(container.NewBorder(nil, nil, middle(newText(lang.L("Type")+"  ", textStyle{colour: colourDim})), nil, d.kind))
	}
	content.Add(columns(8, layout.NewSpacer(), newButton(w.host, lang.L("Cancel"), nil, buttonNormal, "", d.close), d.ok))
	d.popup = w.modal(inset(content, 22, 22, 18, 16))
	w.naming = d
	d.popup.Show()
	d.check()
	w.win.Canvas().Focus(d.name)
}

func (d *nameDialog) check() {
	err := d.window.session.CheckName(d.name.Text, d.now)
	d.note.set("")
	if err != nil {
		d.note.set(upperFirst(err.Error()) + ".")
	}
	d.ok.setEnabled(err == nil)
}

func (d *nameDialog) confirm() {
	d.check()
	if d.ok.Disabled() {
		return
	}
	d.close()
	d.take(d.name.Text, d.kind.Selected)
}

func (d *nameDialog) close() {
	d.popup.Hide()
	d.window.naming = nil
}
