package app

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
	"github.com/clipwright/clipwright/viewer/pane"
)

func TestEveryCommandHasKeysOfItsOwn(t *testing.T) {
	app := test.NewTempApp(t)
	k := newKeymap(app.Preferences())
	ids := map[string]bool{}
	for _, c := range commands() {
		if ids[c.id] {
			t.Errorf("two commands are called %s", c.id)
		}
		ids[c.id] = true
		if len(c.keys) == 0 || !slices.Equal(k.of(c.id), c.keys) {
			t.Errorf("%s has the keys %v, want all of %v", c.id, k.of(c.id), c.keys)
		}
	}
}

func TestKeysAreGivenAndKept(t *testing.T) {
	app := test.NewTempApp(t)
	k := newKeymap(app.Preferences())
	k.give("clip.next", "B") // the brush's
	again := newKeymap(app.Preferences())
	if again.command("B") != "clip.next" || again.command("N") != "" || len(again.of("tool.brush")) != 0 {
		t.Errorf("B is %q, N is %q, the brush has %v", again.command("B"), again.command("N"), again.of("tool.brush"))
	}
	again.reset("")
	if newKeymap(app.Preferences()).command("B") != "tool.brush" {
		t.Error("reset, B is not the brush's")
	}
	app.Preferences().SetString(preferenceKeys, "{broken")
	if newKeymap(app.Preferences()).command("N") != "clip.next" {
		t.Error("settings that cannot be read take the keys away")
	}
}

// TestAKeyIsChangedOnItsPage presses what a user would: the row, a key that is taken, the key again, and uses it.
func TestAKeyIsChangedOnItsPage(t *testing.T) {
	d := searched(t)
	d.typedRune('?')
	if d.keyPage == nil {
		t.Fatal("? shows no map")
	}
	if got := d.keyPage.buttons["clip.next"].label; got != "N" {
		t.Errorf("the map says %q", got)
	}
	test.Tap(d.keyPage.buttons["clip.next"])
	d.key("J") // free
	if got := d.keyPage.buttons["clip.next"].label; got != "J" {
		t.Errorf("J was not taken: %q", got)
	}
	test.Tap(d.keyPage.buttons["clip.previous"])
	d.key(fyne.KeyB)
	if got := d.keyPage.buttons["clip.previous"].label; got != "P" || !strings.Contains(d.keyPage.status.content, "taken") {
		t.Errorf("a key that is taken changed it to %q, and the page says %q", got, d.keyPage.status.content)
	}
	d.key(fyne.KeyB)
	test.Tap(d.keyPage.buttons["view.fit"])
	d.typedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierShortcutDefault})
	test.Tap(d.keyPage.buttons["view.marks"])
	d.typedRune(';')
	test.Tap(d.keyPage.buttons["view.layout"])
	d.key(fyne.KeyEscape) // leaves the question, not the page
	if d.keyPage == nil || d.keyPage.buttons["view.layout"].label != "L" {
		t.Fatal("Escape left the page, or changed a key")
	}
	d.key(fyne.KeyEscape)
	if d.help != nil || d.win.Canvas().Overlays().Top() != nil {
		t.Fatal("Escape does not leave the page")
	}
	d.key("J")
	first := d.session.View().Selected
	d.key(fyne.KeyN)
	if first == 0 || d.session.View().Selected != first {
		t.Error("J is not the next clip, or N still is")
	}
	d.key(fyne.KeyB)
	if d.session.View().Selected == first || d.session.View().Tool != session.ToolCrosshair {
		t.Error("B is not the previous clip")
	}
	d.typedRune(';')
	if d.session.View().Overlays {
		t.Error("; does not hide the marks")
	}
	if tip := d.clips.add.tip; !strings.Contains(tip, "(A)") {
		t.Errorf("tip %q", tip)
	}
}

func TestMouseSchemes(t *testing.T) {
	d := searched(t)
	axial := d.views.each[viewer.Axial]
	d.win.Canvas().Capture()
	at := volume.Vec{20, 10, 0}
	left := func(x, y float64) {
		axial.pane.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, PointEvent: fyne.PointEvent{Position: fyne.NewPos(100, 100)}})
		if x != 0 || y != 0 {
			d.views.drag(axial, pane.Drag{Button: desktop.MouseButtonPrimary, At: at, Down: y, Right: x})
		}
		axial.pane.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	}
	d.views.mouse = mouseSchemes()[1].mouse
	before := d.session.View()
	left(0.5, 0.1)
	after := d.session.View()
	if after.Cursor != before.Cursor || after.WindowWidthHU <= before.WindowWidthHU || after.WindowCentreHU <= before.WindowCentreHU {
		t.Errorf("a left drag of 3D Slicer changed the window from %g/%g to %g/%g", before.WindowCentreHU, before.WindowWidthHU, after.WindowCentreHU, after.WindowWidthHU)
	}
	left(0, 0)
	if d.session.View().Cursor == before.Cursor {
		t.Error("a click does not put the crosshair")
	}
	d.views.drag(axial, pane.Drag{Button: desktop.MouseButtonSecondary, Down: -0.5})
	if axial.zoom < 2 || len(axial.pane.Scene().Overlays) == 0 {
		t.Errorf("a right drag of 3D Slicer zooms to %g with %d marks", axial.zoom, len(axial.pane.Scene().Overlays))
	}
	d.views.mouse = mouse{dragSlices, dragPan, dragWindow}
	z := d.session.View().Cursor[2]
	d.views.drag(axial, pane.Drag{Button: desktop.MouseButtonPrimary, Down: -3.0 / slicesPerHeight})
	if moved := d.session.View().Cursor[2] - z; moved != 9 { // three slices of 3 mm
		t.Errorf("a drag through slices moved %g mm", moved)
	}
	d.views.mouse.remember(d.remembered)
	if rememberedMouse(d.remembered) != d.views.mouse {
		t.Error("the mouse is not remembered")
	}
	d.remembered.SetString(preferenceMouse, "wink nod")
	if rememberedMouse(d.remembered) != mouseSchemes()[0].mouse {
		t.Error("a broken setting is taken")
	}
}

func TestLanguageIsSwitchedAtOnce(t *testing.T) {
	d := searched(t)
	t.Cleanup(func() {
		if err := speak(english); err != nil {
			t.Error(err)
		}
	})
	d.setLanguage(chinese)
	if got := d.top.run.label; got != "重新搜索" {
		t.Errorf("the button says %q", got)
	}
	if got := d.top.clips.content; got != "4 枚钛夹" {
		t.Errorf("the top bar says %q", got)
	}
	least := d.root.MinSize()
	if least.Width > 1280 || least.Height > 720 {
		t.Errorf("in Chinese the window needs %v", least)
	}
	d.setLanguage(english)
	if got := d.top.run.label; got != "Find again" {
		t.Errorf("back in English the button says %q", got)
	}
}
