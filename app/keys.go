package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
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

// binding is a key of the window and what it does, for the map that ? shows.
type binding struct {
	keys, does string
}

// bindings lists the keys in the order of the map.
func bindings() []binding {
	b := []binding{
		{lang.L("Up  Down"), lang.L("next slice towards head, feet")},
		{lang.L("PgUp PgDn"), lang.L("ten slices")},
		{lang.L("Home End"), lang.L("first, last slice")},
		{"N  P", lang.L("next, previous clip")},
		{lang.L("Space"), lang.L("keep or reject the clip")},
		{lang.L("Enter"), lang.L("keep the clip and go to the next")},
		{lang.L("Del"), lang.L("reject the clip and go to the next")},
		{"A", lang.L("add the clip at the crosshair")},
		{"F", lang.L("fit the images")},
		{"Z", lang.L("close-up of the crosshair, and back")},
		{"R", lang.L("reset the window")},
		{"M", lang.L("brightest of a slab: 10, 20, 40 mm, off")},
		{"T", lang.L("pixels as they are, or smooth")},
		{"L", lang.L("layout of the images")},
		{"K", lang.L("save a picture of the view")},
		{"O", lang.L("marks on the images")},
		{"9  0", lang.L("fold the left, right panel")},
		{"Ctrl+O", lang.L("open a folder")},
		{"Ctrl+R", lang.L("find clips")},
		{"Ctrl+S", lang.L("save the RTSTRUCT")},
		{"Ctrl+Z", lang.L("undo")},
		{"Shift+Ctrl+Z", lang.L("redo")},
		{lang.L("Escape"), lang.L("cancel what runs, leave a field")},
	}
	for _, k := range toolKeys() {
		b = append(b, binding{string(k.key), k.does})
	}
	b = append(b,
		binding{"[  ]", lang.L("smaller, larger brush")},
		binding{"H  I", lang.L("fill holes; interpolate slices left out")})
	for _, p := range presets() {
		b = append(b, binding{string(p.key), fmt.Sprintf(lang.L("window: %s"), lowerFirst(p.name))})
	}
	return append(b, binding{"?", lang.L("this map")})
}

// typedKey is every key that no field takes.
func (w *window) typedKey(e *fyne.KeyEvent) {
	if w.win.Canvas().Overlays().Top() != nil {
		w.leaveOverlay(e)
		return
	}
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
	case fyne.KeyA:
		s.AddClip()
	case fyne.KeyF:
		w.views.fit()
	case fyne.KeyZ:
		w.views.closeUp()
	case fyne.KeyR:
		w.setPreset(presets()[0])
	case fyne.KeyM:
		s.NextSlab()
	case fyne.KeyT:
		w.toggleSmooth()
	case fyne.KeyL:
		w.nextLayout()
	case fyne.KeyK:
		w.askPicture()
	case fyne.KeyH:
		s.FillHoles()
	case fyne.KeyI:
		s.Interpolate()
	case fyne.KeyDelete, fyne.KeyBackspace:
		w.rejectAndNext()
	case fyne.KeyO:
		s.SetOverlays(!s.View().Overlays)
	case fyne.Key9:
		w.dock.toggleLeft()
	case fyne.Key0:
		w.dock.toggleRight()
	case fyne.KeyEscape:
		w.escape()
	default:
		for _, k := range toolKeys() {
			if e.Name == k.key {
				w.takeTool(k.tool)
			}
		}
		for _, p := range presets() {
			if e.Name == p.key {
				w.setPreset(p)
			}
		}
	}
}

// leaveOverlay closes what lies over the window on Escape; no other key reaches what is below.
func (w *window) leaveOverlay(e *fyne.KeyEvent) {
	switch {
	case e.Name != fyne.KeyEscape:
	case w.chooser != nil:
		w.chooser.Dismiss()
	case w.report != nil:
		w.hideReport()
	case w.help != nil:
		w.showHelp()
	case w.saving != nil:
		w.saving.close()
	case w.editor != nil:
		w.editor.close()
	case w.figures != nil:
		w.figures.close()
	case w.naming != nil:
		w.naming.close()
	}
}

// farSlices is more slices than any CT has.
const farSlices = 1 << 20

func (w *window) typedRune(r rune) {
	switch r {
	case '?':
		w.showHelp()
	case '[', ']':
		w.session.StepBrush(r == ']')
	}
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

// shortcuts are the keys with Ctrl (Cmd on a Mac), by the toolkit's names of them.
func (w *window) shortcuts() map[string]func() {
	const ctrl = fyne.KeyModifierShortcutDefault
	name := func(key fyne.KeyName, modifier fyne.KeyModifier) string {
		return (&desktop.CustomShortcut{KeyName: key, Modifier: modifier}).ShortcutName()
	}
	return map[string]func(){
		name(fyne.KeyO, ctrl):                       w.chooseFolder,
		name(fyne.KeyR, ctrl):                       w.session.Run,
		name(fyne.KeyS, ctrl):                       w.askSave,
		(&fyne.ShortcutUndo{}).ShortcutName():       w.session.Undo,
		(&fyne.ShortcutRedo{}).ShortcutName():       w.session.Redo,
		name(fyne.KeyZ, ctrl|fyne.KeyModifierShift): w.session.Redo,
	}
}

func (w *window) typedShortcut(s fyne.Shortcut) {
	if do := w.shortcuts()[s.ShortcutName()]; do != nil {
		do()
	}
}

func (w *window) addShortcuts() {
	const ctrl = fyne.KeyModifierShortcutDefault
	for _, s := range []fyne.Shortcut{
		&fyne.ShortcutUndo{}, &fyne.ShortcutRedo{},
		&desktop.CustomShortcut{KeyName: fyne.KeyO, Modifier: ctrl},
		&desktop.CustomShortcut{KeyName: fyne.KeyR, Modifier: ctrl},
		&desktop.CustomShortcut{KeyName: fyne.KeyS, Modifier: ctrl},
		&desktop.CustomShortcut{KeyName: fyne.KeyZ, Modifier: ctrl | fyne.KeyModifierShift},
	} {
		w.win.Canvas().AddShortcut(s, w.typedShortcut)
	}
}
