package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
)

// preferenceKeys remembers the keys that the user changed, as JSON: from the id of a command to its keys.
const preferenceKeys = "keys"

// command is what a key can do. Keys are written as "N", "Ctrl+S" or, for signs, as the character: "?".
type command struct {
	id, does string
	keys     []string // those it has unless the user changed them
	do       func(*window)
}

// commands lists everything that keys do, in the order of the map.
func commands() []command {
	slices := func(n int) func(*window) { return func(w *window) { w.session.StepSlice(n) } }
	all := []command{
		{idSliceUp, lang.L("next slice towards head"), []string{"Up"}, slices(1)},
		{idSliceDown, lang.L("next slice towards feet"), []string{"Down"}, slices(-1)},
		{idPageUp, lang.L("ten slices towards head"), []string{"Prior"}, slices(pageSlices)},
		{idPageDown, lang.L("ten slices towards feet"), []string{"Next"}, slices(-pageSlices)},
		{idFirst, lang.L("first slice"), []string{"Home"}, slices(-farSlices)},
		{idLast, lang.L("last slice"), []string{"End"}, slices(farSlices)},
		{"clip.next", lang.L("next clip"), []string{"N"}, func(w *window) { w.session.NextClip() }},
		{"clip.previous", lang.L("previous clip"), []string{"P"}, func(w *window) { w.session.PrevClip() }},
		{"clip.toggle", lang.L("keep or reject the clip"), []string{"Space"}, (*window).toggleKept},
		{"clip.keep", lang.L("keep the clip and go to the next"), []string{"Return", "KP_Enter"}, (*window).keepAndNext},
		{"clip.reject", lang.L("reject the clip and go to the next"), []string{"Delete", "BackSpace"}, (*window).rejectAndNext},
		{"clip.add", lang.L("add the clip at the crosshair"), []string{"A"}, func(w *window) { w.session.AddClip() }},
		{"view.fit", lang.L("fit the images"), []string{"F"}, func(w *window) { w.views.fit() }},
		{"view.closeup", lang.L("close-up of the crosshair, and back"), []string{"Z"}, func(w *window) { w.views.closeUp() }},
		{"view.window", lang.L("reset the window"), []string{"R"}, func(w *window) { w.setPreset(presets()[0]) }},
		{"view.slab", lang.L("brightest of a slab: 10, 20, 40 mm, off"), []string{"M"}, func(w *window) { w.session.NextSlab() }},
		{"view.pixels", lang.L("pixels as they are, or smooth"), []string{"T"}, (*window).toggleSmooth},
		{"view.layout", lang.L("layout of the images"), []string{"L"}, (*window).nextLayout},
		{"view.marks", lang.L("marks on the images"), []string{"O"}, func(w *window) { w.session.SetOverlays(!w.session.View().Overlays) }},
		{"view.picture", lang.L("save a picture of the view"), []string{"K"}, (*window).askPicture},
		{"view.copy", lang.L("copy the view"), []string{"Ctrl+C"}, (*window).copyView},
		{"panel.left", lang.L("fold the left panel"), []string{"9"}, func(w *window) { w.dock.toggleLeft() }},
		{"panel.right", lang.L("fold the right panel"), []string{"0"}, func(w *window) { w.dock.toggleRight() }},
	}
	for _, k := range toolKeys() {
		all = append(all, command{"tool." + k.icon, k.does, []string{string(k.key)}, func(w *window) { w.takeTool(k.tool) }})
	}
	all = append(all,
		command{"brush.smaller", lang.L("smaller brush"), []string{"["}, func(w *window) { w.session.StepBrush(false) }},
		command{"brush.larger", lang.L("larger brush"), []string{"]"}, func(w *window) { w.session.StepBrush(true) }},
		command{"draw.holes", lang.L("fill holes"), []string{"H"}, func(w *window) { w.session.FillHoles() }},
		command{"draw.between", lang.L("interpolate slices left out"), []string{"I"}, func(w *window) { w.session.Interpolate() }})
	for i, p := range presets() {
		all = append(all, command{fmt.Sprintf("window.%d", i+1), fmt.Sprintf(lang.L("window: %s"), lowerFirst(p.name)), []string{string(p.key)}, func(w *window) { w.setPreset(p) }})
	}
	return append(all,
		command{"file.open", lang.L("open a folder"), []string{"Ctrl+O"}, (*window).chooseFolder},
		command{"file.openfile", lang.L("open a file"), []string{"Shift+Ctrl+O"}, (*window).chooseFile},
		command{"clips.find", lang.L("find clips"), []string{"Ctrl+R"}, func(w *window) { w.session.Run() }},
		command{"file.save", lang.L("save the RTSTRUCT"), []string{"Ctrl+S"}, (*window).askSave},
		command{"file.report", lang.L("report of the case (PDF)"), []string{"Ctrl+P"}, (*window).askReport},
		command{"edit.undo", lang.L("undo"), []string{"Ctrl+Z"}, func(w *window) { w.session.Undo() }},
		command{"edit.redo", lang.L("redo"), []string{"Shift+Ctrl+Z", "Ctrl+Y"}, func(w *window) { w.session.Redo() }},
		command{"file.quit", lang.L("quit"), []string{"Ctrl+Q"}, (*window).askClose},
		command{"help", lang.L("this map"), []string{"?"}, (*window).showHelp})
}

// Commands that step through the slices of the view that has the keyboard.
const (
	idSliceUp   = "slice.up"
	idSliceDown = "slice.down"
	idPageUp    = "slice.page.up"
	idPageDown  = "slice.page.down"
	idFirst     = "slice.first"
	idLast      = "slice.last"
)

// slicesOf is how far a command steps; 0 for those that do not.
func slicesOf(id string) int {
	return map[string]int{idSliceUp: 1, idSliceDown: -1, idPageUp: pageSlices, idPageDown: -pageSlices, idFirst: -farSlices, idLast: farSlices}[id]
}

// keymap is which keys do what: those of the commands, and what the user changed.
type keymap struct {
	settings settings
	changed  map[string][]string
	byKey    map[string]string // command by key
}

func newKeymap(s settings) *keymap {
	k := &keymap{settings: s, changed: map[string][]string{}}
	if kept := s.String(preferenceKeys); kept != "" {
		if err := json.Unmarshal([]byte(kept), &k.changed); err != nil {
			fyne.LogError("Read the keys of the settings", err)
		}
	}
	k.index()
	return k
}

// index fills byKey. A key that two commands have does the one that the user gave it to.
func (k *keymap) index() {
	k.byKey = map[string]string{}
	all := commands()
	for _, c := range all {
		if _, ok := k.changed[c.id]; ok {
			continue
		}
		for _, key := range c.keys {
			k.byKey[key] = c.id
		}
	}
	for _, c := range all {
		for _, key := range k.changed[c.id] {
			k.byKey[key] = c.id
		}
	}
}

// of lists the keys of a command.
func (k *keymap) of(id string) []string {
	var keys []string
	for _, c := range commands() {
		if c.id != id {
			continue
		}
		keys = c.keys
		if changed, ok := k.changed[id]; ok {
			keys = changed
		}
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return k.byKey[key] != id })
}

// command is what a key does, or "".
func (k *keymap) command(key string) string { return k.byKey[key] }

// give lets key alone do command id; a command that had it loses it.
func (k *keymap) give(id, key string) {
	if other := k.byKey[key]; other != "" && other != id {
		k.changed[other] = slices.DeleteFunc(k.of(other), func(has string) bool { return has == key })
	}
	k.changed[id] = []string{key}
	k.keep()
}

// reset gives a command its own keys again, and "" all of them.
func (k *keymap) reset(id string) {
	if id == "" {
		k.changed = map[string][]string{}
	} else {
		delete(k.changed, id)
	}
	k.keep()
}

func (k *keymap) keep() {
	kept, err := json.Marshal(k.changed)
	if err != nil {
		fyne.LogError("Keep the keys", err)
		return
	}
	if len(k.changed) == 0 {
		kept = nil
	}
	k.settings.SetString(preferenceKeys, string(kept))
	k.index()
}

// tip is what a control does with the key that does it too.
func (k *keymap) tip(what, id string) string {
	if keys := k.of(id); len(keys) > 0 {
		return fmt.Sprintf("%s (%s)", what, keyText(keys[0]))
	}
	return what
}

// keyText is a key as it is printed on a keyboard.
func keyText(key string) string {
	parts := strings.Split(key, "+")
	last := parts[len(parts)-1]
	names := map[string]string{
		"Prior": "PgUp", "Next": "PgDn", "Return": "Enter", "KP_Enter": "Enter", "Delete": "Del", "BackSpace": "Backspace",
		"Up": "↑", "Down": "↓", "Left": "←", "Right": "→", "Space": lang.L("Space"),
	}
	if name := names[last]; name != "" {
		parts[len(parts)-1] = name
	}
	return strings.Join(parts, "+")
}

// isSign tells whether a key is a character that is no letter, digit or space: those come by what is written, for where
// they stand differs between keyboards.
func isSign(key string) bool {
	r, n := utf8.DecodeRuneInString(key)
	return n == len(key) && n > 0 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' '
}

// shortcutKey writes a shortcut as a key; "" for one that is none.
func shortcutKey(s fyne.Shortcut) string {
	k, ok := s.(fyne.KeyboardShortcut)
	if !ok {
		return ""
	}
	key := string(k.Key())
	for _, m := range []struct {
		modifier fyne.KeyModifier
		name     string
	}{{fyne.KeyModifierShortcutDefault, "Ctrl"}, {fyne.KeyModifierAlt, "Alt"}, {fyne.KeyModifierShift, "Shift"}} {
		if k.Mod()&m.modifier != 0 {
			key = m.name + "+" + key
		}
	}
	return key
}

// allShortcuts is every key with Ctrl or Alt that a command can be given.
func allShortcuts() []fyne.Shortcut {
	all := []fyne.Shortcut{&fyne.ShortcutUndo{}, &fyne.ShortcutRedo{}, &fyne.ShortcutCopy{}, &fyne.ShortcutCut{}, &fyne.ShortcutPaste{}, &fyne.ShortcutSelectAll{}}
	const ctrl = fyne.KeyModifierShortcutDefault
	for _, modifier := range []fyne.KeyModifier{ctrl, ctrl | fyne.KeyModifierShift, fyne.KeyModifierAlt} {
		for key := 'A'; key <= 'Z'; key++ {
			all = append(all, &desktop.CustomShortcut{KeyName: fyne.KeyName(key), Modifier: modifier})
		}
	}
	return all
}

// takeTool chooses t; chosen again, a tool is put back.
func (w *window) takeTool(t session.Tool) {
	if !w.session.HasVolume() {
		return
	}
	if w.session.View().Tool == t {
		t = session.ToolCrosshair
	}
	w.session.SetTool(t)
}
