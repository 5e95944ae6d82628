package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// choiceWidth is the width of the label before a choice.
const choiceWidth float32 = 110

// option is one of several settings of which one is in force.
type option struct {
	label   string
	inForce bool
	choose  func()
}

// showSettings lets the user choose language and colours.
func (w *window) showSettings() {
	w.hideHelp()
	light, tag := w.remembered.Bool(preferenceLight), w.remembered.String(preferenceLanguage)
	again := func(do func()) func() {
		return func() {
			do()
			w.showSettings()
		}
	}
	var tongues []option
	for _, l := range languages() {
		tongues = append(tongues, option{l.name, l.tag == tag, again(func() { w.setLanguage(l.tag) })})
	}
	content := rows(12,
		newText(lang.L("Settings"), textStyle{size: sizeLarge, bold: true}),
		w.choiceOf(lang.L("Language"), tongues),
		w.choiceOf(lang.L("Colours"), []option{
			{lang.L("Dark"), !light, again(func() { w.setLight(false) })},
			{lang.L("Light"), light, again(func() { w.setLight(true) })},
		}),
		container.NewBorder(nil, nil, nil, newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideHelp)),
	)
	w.help = w.modal(inset(content, 22, 22, 18, 14))
	w.help.Show()
}

// choiceOf is a line of settings of which one is in force.
func (w *window) choiceOf(label string, all []option) fyne.CanvasObject {
	line := columns(2, middle(newText(label, textStyle{colour: colourDim, shrink: true, minWidth: choiceWidth})))
	for _, o := range all {
		icon := theme.RadioButtonIcon()
		if o.inForce {
			icon = theme.RadioButtonCheckedIcon()
		}
		b := newButton(w.host, o.label, icon, buttonFlat, "", o.choose)
		b.colour = colourText
		line.Add(b)
	}
	line.Add(layout.NewSpacer())
	return line
}
