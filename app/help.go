package app

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/assets"
)

// keyPage is the map of keys and mouse, in which both can be changed.
type keyPage struct {
	window  *window
	buttons map[string]*button // by command
	status  *text
	asked   string // command whose new key is awaited; empty for none
	taken   string // a key that was pressed for it and that another command has
	changed bool
}

// keyColumns is in how many columns the keys stand, doesWidth how wide the words beside them are.
const (
	keyColumns         = 3
	doesWidth  float32 = 250
)

// showHelp shows the map of keys and mouse, or closes it.
func (w *window) showHelp() {
	if w.help != nil {
		w.hideHelp()
		return
	}
	p := &keyPage{window: w, buttons: map[string]*button{}, status: newText("", textStyle{colour: colourDim, shrink: true, minWidth: 300})}
	all := commands()
	each := (len(all) + keyColumns - 1) / keyColumns
	table := columns(18)
	for from := 0; from < len(all); from += each {
		keys, does := rows(0), rows(0)
		for _, c := range all[from:min(from+each, len(all))] {
			b := p.button(c)
			keys.Add(b)
			does.Add(container.NewStack(spacer(doesWidth, b.MinSize().Height), middle(newText(c.does, textStyle{colour: colourDim, shrink: true, minWidth: doesWidth}))))
		}
		table.Add(columns(8, keys, does))
	}
	resetKeys := newButton(w.host, lang.L("Reset the keys"), nil, buttonFlat, lang.L("Every key as it was at first"), func() {
		w.host.keys.reset("")
		p.ended(true)
	})
	licences := newButton(w.host, lang.L("Licences"), nil, buttonFlat, "", w.showLicences)
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideHelp)
	content := rows(10,
		newText(lang.L("Keys and mouse"), textStyle{size: sizeLarge, bold: true}),
		table,
		p.status,
		inset(newRule(), 0, 0, 2, 2),
		p.mouse(),
		newText(lang.L("The networks' marks are dashed until you have decided on them, solid after."), textStyle{colour: colourDim}),
		container.NewBorder(nil, nil, columns(4, resetKeys, licences), closeIt),
	)
	p.show()
	w.keyPage = p
	w.help = w.modal(inset(content, 22, 22, 16, 12))
	w.help.Show()
}

// button is the keys of a command; a tap changes them.
func (p *keyPage) button(c command) *button {
	b := newButton(p.window.host, "", nil, buttonFlat, lang.L("Change the key"), func() { p.ask(c) })
	b.small, b.colour, b.bold = true, colourText, true
	p.buttons[c.id] = b
	p.label(c)
	return b
}

// spacer is room of at least this size.
func spacer(width, height float32) fyne.CanvasObject {
	room := canvas.NewRectangle(color.Transparent)
	room.SetMinSize(fyne.NewSize(width, height))
	return room
}

// show writes every key as it is now.
func (p *keyPage) show() {
	for _, c := range commands() {
		p.label(c)
	}
	if p.asked == "" {
		p.status.setColour(colourDim)
		p.status.set(lang.L("Click a key to change it."))
	}
}

func (p *keyPage) label(c command) {
	label := ""
	for _, key := range p.window.host.keys.of(c.id) {
		if text := keyText(key); label == "" {
			label = text
		} else if text != label {
			label += "  " + text
		}
	}
	if label == "" {
		label = "–"
	}
	b := p.buttons[c.id]
	b.set(label, nil)
	b.setChosen(p.asked == c.id)
}

// asks tells whether the next key is one for a command.
func (p *keyPage) asks() bool { return p != nil && p.asked != "" }

func (p *keyPage) ask(c command) {
	p.asked, p.taken = c.id, ""
	p.status.setColour(colourAccent)
	p.status.set(fmt.Sprintf(lang.L("Press the new key for: %s. Escape leaves it as it is."), c.does))
	p.show()
}

// take gives the command that was asked for a key. One that another command has must be pressed twice.
func (p *keyPage) take(key string) {
	if key == "" {
		return
	}
	if key == string(fyne.KeyEscape) {
		p.ended(false)
		return
	}
	k := p.window.host.keys
	if other := k.command(key); other != "" && other != p.asked && p.taken != key {
		for _, c := range commands() {
			if c.id == other {
				p.taken = key
				p.status.setColour(colourWarning)
				p.status.set(fmt.Sprintf(lang.L("%s is taken: %s. Press it again to take it away from there, or another key."), keyText(key), c.does))
			}
		}
		return
	}
	k.give(p.asked, key)
	p.ended(true)
}

func (p *keyPage) ended(changed bool) {
	p.asked, p.taken = "", ""
	p.changed = p.changed || changed
	p.show()
}

// mouse is the choice of what a drag with each button does, and of schemes.
func (p *keyPage) mouse() fyne.CanvasObject {
	w := p.window
	again := func(m mouse) func() {
		return func() {
			w.views.mouse = m
			m.remember(w.remembered)
			changed := p.changed
			w.help.Hide()
			w.help = nil
			w.showHelp()
			w.keyPage.changed = changed
		}
	}
	now := w.views.mouse
	var schemes []option
	for _, s := range mouseSchemes() {
		schemes = append(schemes, option{s.name, s.mouse == now, again(s.mouse)})
	}
	lines := rows(0, w.choiceOf(lang.L("Mouse as in"), schemes))
	for _, button := range []struct {
		name string
		now  dragAction
		with func(dragAction) mouse
	}{
		{lang.L("left drag"), now.left, func(a dragAction) mouse { return mouse{a, now.middle, now.right} }},
		{lang.L("middle drag"), now.middle, func(a dragAction) mouse { return mouse{now.left, a, now.right} }},
		{lang.L("right drag"), now.right, func(a dragAction) mouse { return mouse{now.left, now.middle, a} }},
	} {
		var actions []option
		for _, a := range dragActions() {
			actions = append(actions, option{a.name, a.action == button.now, again(button.with(a.action))})
		}
		lines.Add(w.choiceOf(button.name, actions))
	}
	lines.Add(columns(2, newText(lang.L("wheel"), textStyle{colour: colourDim, shrink: true, minWidth: choiceWidth}),
		inset(newText(lang.L("slices of the view under the pointer; with Ctrl, or by a pinch on a trackpad: zoom to the pointer"), textStyle{}), buttonPadding, 0, 0, 0), layout.NewSpacer()))
	return lines
}

func (w *window) hideHelp() {
	if w.help == nil {
		return
	}
	w.help.Hide()
	w.help = nil
	if p := w.keyPage; p != nil {
		w.keyPage = nil
		if p.changed { // tooltips carry the keys
			w.rebuild()
		}
	}
}

// showLicences shows the licences of everything built in.
func (w *window) showLicences() {
	w.hideHelp()
	label := widget.NewLabel(assets.Licences)
	label.TextStyle.Monospace = true
	scroll := container.NewScroll(label)
	scroll.SetMinSize(fyne.NewSize(720, 460))
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideHelp)
	w.help = w.modal(inset(rows(10, newText(lang.L("Licences"), textStyle{size: sizeLarge, bold: true}), scroll, container.NewBorder(nil, nil, nil, closeIt)), 22, 22, 18, 14))
	w.help.Show()
}
