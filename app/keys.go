package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// windowPreset is a window that a digit key sets.
type windowPreset struct {
	key              fyne.KeyName
	name             string
	centreHU, wideHU float64
}

// presets lists the windows of keys 1 to 5.
func presets() []windowPreset {
	return []windowPreset{
		{fyne.Key1, "Soft tissue", 40, 400},
		{fyne.Key2, "Breast", 0, 250},
		{fyne.Key3, "Lung", -600, 1500},
		{fyne.Key4, "Bone", 480, 2500},
		{fyne.Key5, "Clips", 1000, 4000},
	}
}

// pageSlices is how many slices PgUp and PgDn go.
const pageSlices = 10

// binding is a key of the window and what it does, for the map that ? shows.
type binding struct {
	keys, does string
}

// bindings lists the keys in the order of the map.
func bindings() []binding {
	b := []binding{
		{"↑ ↓", "next slice towards head, feet"},
		{"PgUp PgDn", "ten slices"},
		{"Home End", "first, last slice"},
		{"N  P", "next, previous clip"},
		{"Space", "keep or reject the clip"},
		{"Enter", "keep the clip and go to the next"},
		{"F", "fit the images"},
		{"R", "reset the window"},
		{"O", "marks on the images"},
		{"9  0", "fold the left, right panel"},
		{"Ctrl+O", "open a folder"},
		{"Ctrl+R", "find clips"},
		{"Ctrl+S", "save the RTSTRUCT"},
		{"Ctrl+Z", "undo"},
		{"Shift+Ctrl+Z", "redo"},
		{"Escape", "cancel what runs, leave a field"},
	}
	for _, p := range presets() {
		b = append(b, binding{string(p.key), "window: " + lowerFirst(p.name)})
	}
	return append(b, binding{"?", "this map"})
}

// typedKey is every key that no field takes.
func (w *window) typedKey(e *fyne.KeyEvent) {
	s := w.session
	switch e.Name {
	case fyne.KeyUp:
		s.StepSlice(1)
	case fyne.KeyDown:
		s.StepSlice(-1)
	case fyne.KeyPageUp:
		s.StepSlice(pageSlices)
	case fyne.KeyPageDown:
		s.StepSlice(-pageSlices)
	case fyne.KeyHome:
		s.StepSlice(-farSlices)
	case fyne.KeyEnd:
		s.StepSlice(farSlices)
	case fyne.KeyN:
		s.NextClip()
	case fyne.KeyP:
		s.PrevClip()
	case fyne.KeySpace:
		w.toggleKept()
	case fyne.KeyReturn, fyne.KeyEnter:
		w.keepAndNext()
	case fyne.KeyF:
		w.views.fit()
	case fyne.KeyR:
		w.setPreset(presets()[0])
	case fyne.KeyO:
		s.SetOverlays(!s.View().Overlays)
	case fyne.Key9:
		w.dock.toggleLeft()
	case fyne.Key0:
		w.dock.toggleRight()
	case fyne.KeyEscape:
		s.Cancel()
		s.Notify(nil)
	default:
		for _, p := range presets() {
			if e.Name == p.key {
				w.setPreset(p)
			}
		}
	}
}

// farSlices is more slices than any CT has.
const farSlices = 1 << 20

func (w *window) typedRune(r rune) {
	if r == '?' {
		w.showHelp()
	}
}

func (w *window) setPreset(p windowPreset) { w.session.SetWindow(p.centreHU, p.wideHU) }

func (w *window) toggleKept() {
	id := w.session.View().Selected
	if c := w.session.Plan().Clip(id); c != nil {
		w.session.SetKept(id, !c.Kept)
	}
}

func (w *window) keepAndNext() {
	id := w.session.View().Selected
	w.session.Update(func() {
		w.session.SetKept(id, true)
		w.session.NextClip()
	})
}

// addShortcuts binds the keys with Ctrl (Cmd on a Mac).
func (w *window) addShortcuts() {
	add := func(key fyne.KeyName, modifier fyne.KeyModifier, do func()) {
		w.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: modifier}, func(fyne.Shortcut) { do() })
	}
	const ctrl = fyne.KeyModifierShortcutDefault
	add(fyne.KeyO, ctrl, w.chooseFolder)
	add(fyne.KeyR, ctrl, w.session.Run)
	add(fyne.KeyS, ctrl, w.askSave)
	w.win.Canvas().AddShortcut(&fyne.ShortcutUndo{}, func(fyne.Shortcut) { w.session.Undo() })
	w.win.Canvas().AddShortcut(&fyne.ShortcutRedo{}, func(fyne.Shortcut) { w.session.Redo() })
	add(fyne.KeyZ, ctrl, w.session.Undo)
	add(fyne.KeyZ, ctrl|fyne.KeyModifierShift, w.session.Redo)
	add(fyne.KeyY, ctrl, w.session.Redo)
}
