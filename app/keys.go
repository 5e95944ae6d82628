package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
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
		{fyne.Key1, lang.L("Soft tissue"), 40, 400},
		{fyne.Key2, lang.L("Breast"), 0, 250},
		{fyne.Key3, lang.L("Lung"), -600, 1500},
		{fyne.Key4, lang.L("Bone"), 480, 2500},
		{fyne.Key5, lang.L("Clips"), 1000, 4000},
	}
}

// pageSlices is how many slices PgUp and PgDn go.
const pageSlices = 10

// typedKey is every key that no field takes.
func (w *window) typedKey(e *fyne.KeyEvent) {
	if w.keyPage.asks() {
		if key := string(e.Name); !isSign(key) {
			w.keyPage.take(key)
		}
		return
	}
	if w.win.Canvas().Overlays().Top() != nil {
		w.leaveOverlay(e)
		return
	}
	if m := w.side(); m != nil {
		m.typedKey(e)
		return
	}
	if e.Name == fyne.KeyEscape {
		w.escape()
		return
	}
	if key := string(e.Name); !isSign(key) {
		w.perform(key)
	}
}

// perform does what a key stands for.
func (w *window) perform(key string) {
	id := w.host.keys.command(key)
	for _, c := range commands() {
		if c.id == id {
			c.do(w)
		}
	}
}

// leaveOverlay closes what lies over the window on Escape; no other key reaches what is below.
func (w *window) leaveOverlay(e *fyne.KeyEvent) {
	switch {
	case e.Name != fyne.KeyEscape:
	case w.chooser != nil:
		w.chooser.Dismiss()
	case w.asking != nil:
		w.asking.close()
	case w.report != nil:
		w.hideReport()
	case w.help != nil:
		w.showHelp()
	case w.saving != nil:
		w.saving.close()
	case w.exporting != nil:
		w.exporting.close()
	case w.editor != nil:
		w.editor.close()
	case w.figures != nil:
		w.figures.close()
	case w.naming != nil:
		w.naming.close()
	case w.menu != nil:
		w.menu.Hide()
	}
}

// farSlices is more slices than any CT has.
const farSlices = 1 << 20

// typedRune is every sign that no field takes.
func (w *window) typedRune(r rune) {
	key, m := string(r), w.side()
	switch {
	case !isSign(key):
	case w.keyPage.asks():
		w.keyPage.take(key)
	case m != nil && w.host.keys.command(key) != "help":
		m.typedRune(r)
	case w.win.Canvas().Overlays().Top() == nil || w.host.keys.command(key) == "help":
		w.perform(key)
	}
}

// escape leaves one thing at a time: what is being drawn, the box, the tool, then what runs and what is said.
func (w *window) escape() {
	s := w.session
	switch view := s.View(); {
	case s.Stroke() != nil:
		s.CancelStroke()
	case view.Tool == session.ToolBox && view.Box != nil:
		s.ClearBox()
	case view.Tool != session.ToolCrosshair:
		s.SetTool(session.ToolCrosshair)
	default:
		s.Cancel()
		s.Notify(nil)
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

// rejectAndNext takes the clip out of the plan: one drawn by hand too stays in the list, rejected.
func (w *window) rejectAndNext() {
	id := w.session.View().Selected
	if w.session.Plan().Clip(id) == nil {
		return
	}
	w.session.Update(func() {
		w.session.SetKept(id, false)
		w.session.NextClip()
	})
}

// typedShortcut is every key with Ctrl (Cmd on a Mac) or Alt.
func (w *window) typedShortcut(s fyne.Shortcut) {
	key, m := shortcutKey(s), w.side()
	switch {
	case w.keyPage.asks():
		w.keyPage.take(key)
	case w.win.Canvas().Overlays().Top() != nil:
	case m != nil:
		m.perform(key)
	default:
		w.perform(key)
	}
}

func (w *window) addShortcuts() {
	for _, s := range allShortcuts() {
		w.win.Canvas().AddShortcut(s, w.typedShortcut)
	}
}
