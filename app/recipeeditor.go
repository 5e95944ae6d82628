package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// recipeMenu lists the recipes, shipped and of the site, under o; checked is the key of the present one.
func (w *window) recipeMenu(o fyne.CanvasObject, checked string, chosen func(*segment.Recipe)) {
	all, err := w.session.Recipes()
	if err != nil {
		w.session.Notify(&session.Notice{Severity: session.Warning, Text: lang.L("Some recipes cannot be read."), Details: strings.Split(err.Error(), "\n")})
	}
	menu := fyne.NewMenu("")
	for _, r := range all {
		item := fyne.NewMenuItem(r.Name, func() { chosen(r) })
		item.Checked = checked == r.Key
		menu.Items = append(menu.Items, item)
	}
	canvas := fyne.CurrentApp().Driver().CanvasForObject(o)
	if canvas == nil {
		return
	}
	list := widget.NewPopUpMenu(menu, canvas)
	list.ShowAtRelativePosition(fyne.NewPos(0, -list.MinSize().Height), o)
}

// recipeEditor is the recipe as the text that it is on disk.
type recipeEditor struct {
	window *window
	text   *field
	key    *field
	note   *text
	use    *button
	keep   *button
	popup  *widget.PopUp
}

// editRecipe opens the present recipe as text.
func (w *window) editRecipe() {
	if w.editor != nil {
		return
	}
	plan := w.session.Plan()
	r := plan.Recipe
	if r == nil {
		r = segment.PlainRecipe(plan.Margin)
	}
	d := &recipeEditor{window: w, note: newText("", textStyle{size: sizeSmall, shrink: true, minWidth: 300})}
	d.text = newTextField(string(r.TOML()), d.close)
	d.text.TextStyle.Monospace = true
	d.text.OnChanged = func(string) { d.check() }
	d.key = newField("our-"+r.Key, d.close)
	if !strings.HasPrefix(d.key.Text, "our-our-") && r.Key != "edited" {
		d.key.SetText(strings.TrimSuffix("our-"+strings.TrimPrefix(r.Key, "our-"), "-"))
	}
	d.key.OnChanged = d.text.OnChanged
	scroll := container.NewScroll(d.text)
	scroll.SetMinSize(fyne.NewSize(760, 380))
	d.use = newButton(w.host, lang.L("Use"), nil, buttonPrimary, lang.L("Make the targets of it, for this case"), d.take)
	d.keep = newButton(w.host, lang.L("Keep as"), theme.DocumentSaveIcon(), buttonNormal, lang.L("Keep it as a file beside your other recipes, and use it"), d.save)
	cancel := newButton(w.host, lang.L("Cancel"), nil, buttonNormal, "", d.close)
	name := newFill(theme.ColorNameOverlayBackground)
	name.min = fyne.NewSize(220, 10)
	content := rows(10,
		newText(lang.L("Recipe"), textStyle{size: sizeLarge, bold: true}),
		newText(lang.L("Steps with a structure: take, union, intersect, subtract. With margin_mm: expand, contract."), textStyle{size: sizeSmall, colour: colourDim}),
		newText(lang.L("Of the shape: envelope (alpha_mm), smooth and interpolate (mm), islands (cc). The guide explains each."), textStyle{size: sizeSmall, colour: colourDim}),
		scroll, d.note,
		columns(8, d.keep, container.NewStack(name, d.key), layout.NewSpacer(), cancel, d.use),
	)
	d.popup = w.modal(inset(content, 22, 22, 18, 14))
	w.editor = d
	d.check()
	d.popup.Show()
	w.win.Canvas().Focus(d.text)
}

// check says what is wrong with the text, or what it would make.
func (d *recipeEditor) check() {
	r, err := segment.ParseRecipe("as written", []byte(d.text.Text))
	d.use.setEnabled(err == nil)
	d.keep.setEnabled(err == nil)
	if err != nil {
		d.note.setColour(colourWarning)
		d.note.set(err.Error())
		return
	}
	words := make([]string, len(r.Targets))
	for i, t := range r.Targets {
		words[i] = t.Name + ": " + t.String()
	}
	d.note.setColour(colourDim)
	d.note.set(strings.Join(words, "  ·  "))
}

func (d *recipeEditor) take() { d.done(d.window.session.UseRecipe(d.text.Text)) }

func (d *recipeEditor) save() {
	d.done(d.window.session.SaveRecipe(strings.TrimSpace(d.key.Text), d.text.Text))
}

// done closes the editor, or says why not.
func (d *recipeEditor) done(err error) {
	if err != nil {
		d.note.setColour(colourWarning)
		d.note.set(err.Error())
		return
	}
	d.close()
}

func (d *recipeEditor) close() {
	d.popup.Hide()
	d.window.editor = nil
}
