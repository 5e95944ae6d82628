package app

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// metalEngine opens networks that find metal by its HU: enough for the window, which does not care.
type metalEngine struct{}

func (metalEngine) Providers(context.Context) []segment.Provider { return nil }

func (metalEngine) Devices(provider string) []string {
	if provider == "cuda" {
		return []string{"Card A", "Card B"}
	}
	return nil
}

func (metalEngine) Open(context.Context, segment.Model, segment.Options) (segment.Network, error) {
	return metalNetwork{}, nil
}

type metalNetwork struct{}

func (metalNetwork) Run(_ context.Context, in segment.Tensor, out []float32) error {
	for i := range out {
		out[i] = 20*in.Data[i] - 4
	}
	return nil
}
func (metalNetwork) Provider() string { return "CPU" }
func (metalNetwork) Notice() string   { return "" }
func (metalNetwork) Close() error     { return nil }

func metalModel(name string) segment.Model {
	return segment.Model{Name: name, Card: segment.Card{
		Name: name, SHA256: strings.Repeat("0", 64), PatchVoxels: 96, SpacingMM: 2, Overlap: 0.25, SkippedLogit: -10,
		Channels:  []segment.Channel{{Kind: segment.KindWindow, LowHU: 200, HighHU: 1200}},
		Threshold: 0.5, CalibrationA: 0.5,
	}}
}

// metalCentres are the clips of writeChest, LPS mm.
func metalCentres() []volume.Vec {
	return []volume.Vec{{-50, -30, 12}, {-34, -38, 0}, {-46, -20, -12}, {-30, -26, 9}}
}

// writeChest writes a CT of an elliptic body with clips in it and returns its folder.
func writeChest(t testing.TB) string {
	t.Helper()
	g := volume.NewUniformGrid(120, 90, 40, 2, 2, 3, volume.Vec{-119, -89, -58.5})
	v := volume.NewVolume(g)
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				p := g.ToPatient(float64(x), float64(y), float64(z))
				hu := int16(-1000)
				if math.Hypot(p[0]/105, p[1]/75) < 1 {
					hu = -90
				}
				for _, c := range metalCentres() {
					if p.Distance(c) < 3.2 {
						hu = 2000
					}
				}
				v.HU[g.Index(x, y, z)] = hu
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "ct")
	_, err := dicom.WriteCT(context.Background(), dir, v, dicom.CTMeta{
		Patient: dicom.Patient{Name: "Journey^Test", ID: "J1", Sex: "F"}, Description: "Planning",
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// driver plays a user at the window.
type driver struct {
	*window
	t     testing.TB
	posts chan func()
}

func newDriver(t testing.TB) *driver {
	t.Helper()
	d := &driver{t: t, posts: make(chan func(), 256)}
	app := test.NewApp()
	t.Cleanup(app.Quit)
	d.window = newWindow(app, Options{Deps: session.Deps{
		Engine: metalEngine{}, Models: segment.Models{Location: metalModel("location"), Segmentation: metalModel("segmentation")},
	}}, func(f func()) { d.posts <- f })
	d.win.Resize(fyne.NewSize(1280, 720))
	t.Cleanup(func() { <-d.session.Close() })
	return d
}

// until runs what jobs post until done holds.
func (d *driver) until(what string, done func() bool) {
	d.t.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case f := <-d.posts:
			f()
		case <-deadline:
			d.t.Fatalf("waited too long for %s; notice %+v", what, d.session.View().Notice)
		}
	}
}

func (d *driver) idle() {
	d.t.Helper()
	d.until("idle", func() bool {
		for kind := session.JobOpen; kind <= session.JobOpenSet; kind++ {
			if d.session.Job(kind).Running {
				return false
			}
		}
		return true
	})
}

func (d *driver) key(name fyne.KeyName) { d.typedKey(&fyne.KeyEvent{Name: name}) }

func TestJourneyFromFolderToSavedStructures(t *testing.T) {
	d := newDriver(t)
	if !d.welcome.box.Visible() || d.dock.box.Visible() {
		t.Error("the empty window does not welcome")
	}
	dir := writeChest(t)
	d.open(dir)
	if !d.loading.box.Visible() {
		t.Error("no loading state while the folder is read")
	}
	d.idle()
	if !d.dock.box.Visible() || d.welcome.box.Visible() {
		t.Fatal("the study does not show")
	}
	if got := d.top.patient.content; !strings.Contains(got, "Journey^Test") || !strings.Contains(got, "40 slices 2 × 2 × 3 mm") {
		t.Errorf("top bar says %q", got)
	}
	if recent := d.recent(); len(recent) != 1 || recent[0] != dir {
		t.Errorf("recent folders %v", recent)
	}

	test.Tap(d.top.run)
	if !d.top.progress.Visible() || !d.top.cancel.Visible() || d.top.run.Visible() {
		t.Error("progress and Cancel do not show while the networks run")
	}
	d.idle()
	clips := d.session.Plan().Clips
	if len(clips) != len(metalCentres()) {
		t.Fatalf("%d clips found, want %d", len(clips), len(metalCentres()))
	}
	if got := d.top.clips.content; got != "4 clips" {
		t.Errorf("top bar counts %q", got)
	}

	d.key(fyne.KeyN)
	d.key(fyne.KeyN)
	d.key(fyne.KeySpace)
	d.idle()
	second := clips[1].ID
	if d.session.Plan().Clip(second).Kept {
		t.Fatal("Space did not reject the selected clip")
	}
	if !strings.Contains(d.clips.byID[second].place.content, "rejected") {
		t.Error("the row does not say rejected")
	}
	d.session.SetExpected(4)
	if got := d.top.tally.content; got != "1 missing" {
		t.Errorf("tally %q", got)
	}
	if got := d.top.review.content; !strings.Contains(got, "1 of 4") {
		t.Errorf("review %q", got)
	}

	d.boost.fields[fieldA].SetText("12")
	d.boost.fields[fieldA].OnSubmitted("")
	d.idle()
	if d.session.Plan().Margin != segment.UniformMargin(12) || d.boost.fields[fieldS].Text != "12" {
		t.Errorf("linked margin is %+v", d.session.Plan().Margin)
	}
	if v := d.boost.volumes; len(v.values) != 2 || v.names[1] != session.NameCTV || v.values[1].value.content == "–" {
		t.Error("no live volume of CTVsb_High")
	}
	d.session.SetMarginLinked(false)
	d.boost.fields[fieldA].SetText("5")
	d.boost.fields[fieldA].OnSubmitted("")
	d.idle()
	if m := d.session.Plan().Margin; m.A != 5 || m.P != 12 {
		t.Errorf("single margin is %+v", m)
	}

	path := filepath.Join(t.TempDir(), "rs.dcm")
	d.askSave()
	d.saving.folder.SetText(filepath.Dir(path))
	d.saving.name.SetText("rs")
	test.Tap(d.saving.save)
	d.idle()
	if d.session.View().SavedPath != path {
		t.Fatalf("not saved: %+v", d.session.View().Notice)
	}
	checkSaved(t, d, path)
}

// checkSaved reads the file back and compares it with the plan.
func checkSaved(t *testing.T, d *driver, path string) {
	t.Helper()
	set, err := dicom.ReadStructureSet(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := d.session.Document().Volume.Grid
	found := map[string]bool{}
	for i := range set.Structures {
		st := &set.Structures[i]
		found[st.Name] = true
		if st.Name != session.ClipsName("R") {
			continue
		}
		masks := st.ClipMasks(g)
		if len(masks) != 3 {
			t.Errorf("%d clips saved, want the 3 kept", len(masks))
		}
		for _, c := range d.session.Plan().Kept() {
			if m := masks[c.ID]; m == nil || !m.Equal(c.Mask) {
				t.Errorf("clip %d does not come back as it was", c.ID)
			}
		}
	}
	for _, name := range []string{session.ClipsName("R"), session.NameBed, session.NameCTV, session.NameExternal} {
		if !found[name] {
			t.Errorf("%s was not saved", name)
		}
	}
}

func TestSaveDialogSaysWhatStandsInTheWay(t *testing.T) {
	d := newDriver(t)
	d.askSave()
	if d.saving != nil || d.session.View().Notice == nil {
		t.Error("an empty window offers to save")
	}
	d.open(writeChest(t))
	d.idle()
	d.session.Run()
	d.idle()
	d.askSave()
	d.saving.folder.SetText(filepath.Join(t.TempDir(), "absent"))
	if !d.saving.save.Disabled() || d.saving.note.content == "" {
		t.Error("a folder that does not exist is accepted")
	}
	folder := t.TempDir()
	d.saving.folder.SetText(folder)
	d.saving.name.SetText("a.dcm")
	test.Tap(d.saving.save)
	d.idle()
	d.askSave()
	d.saving.folder.SetText(folder)
	d.saving.name.SetText("a.dcm")
	if !d.saving.save.Disabled() || !d.saving.replace.Visible() {
		t.Error("an existing file would be replaced without asking")
	}
	test.Tap(d.saving.replace)
	if d.saving.save.Disabled() {
		t.Error("asked to replace, it still refuses")
	}
	d.saving.close()
}

func TestFolderChooserOpensOnceAndEscapeLeavesIt(t *testing.T) {
	d := newDriver(t)
	d.chooseFolder()
	d.chooseFolder()
	if n := len(d.win.Canvas().Overlays().List()); n != 1 {
		t.Fatalf("%d choosers open", n)
	}
	d.key(fyne.KeyN) // must not reach the window below
	d.key(fyne.KeyEscape)
	if d.win.Canvas().Overlays().Top() != nil || d.chooser != nil {
		t.Error("Escape did not close the chooser")
	}
	d.typedRune('?')
	d.key(fyne.KeyEscape)
	if d.help != nil || d.win.Canvas().Overlays().Top() != nil {
		t.Error("Escape did not close the map of keys")
	}
}

// TestOpeningOffersFoldersAndFiles: the menu of the Open button, both choosers, and a slice of a series that is dropped.
func TestOpeningOffersFoldersAndFiles(t *testing.T) {
	d := newDriver(t)
	test.Tap(d.top.open)
	if n := len(d.win.Canvas().Overlays().List()); n != 1 {
		t.Fatalf("the Open button shows %d menus", n)
	}
	d.win.Canvas().Overlays().Remove(d.win.Canvas().Overlays().Top())
	d.chooseFile()
	d.chooseFolder()
	if n := len(d.win.Canvas().Overlays().List()); n != 1 || d.chooser == nil {
		t.Fatalf("%d choosers open", n)
	}
	d.key(fyne.KeyEscape)
	if d.win.Canvas().Overlays().Top() != nil || d.chooser != nil {
		t.Error("Escape did not close the chooser")
	}
	dir := writeChest(t)
	slices, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(slices) < 2 {
		t.Fatal("no slices")
	}
	d.openPath(slices[len(slices)/2])
	d.idle()
	if doc := d.session.Document(); doc.Volume == nil || doc.Volume.Grid.Nz() != len(slices) || doc.Dir != dir {
		t.Errorf("a slice opened %q", doc.Dir)
	}
	d.openPath(slices[0]) // onto an open CT: no structure set, so a CT again
	d.idle()
	if n := d.session.View().Notice; d.session.Document().Dir != dir || n != nil && n.Severity == session.Failure {
		t.Errorf("notice %+v", n)
	}
}

func TestNothingIsCutOffAtTheLeastSize(t *testing.T) {
	d := newDriver(t)
	d.open(writeChest(t))
	d.idle()
	d.session.Run()
	d.idle()
	d.session.SetMargin(segment.UniformMargin(10))
	d.session.SetExpected(9)
	d.session.Notify(&session.Notice{Severity: session.Warning, Text: strings.Repeat("A long warning. ", 30), Details: []string{"more"}})
	d.idle()
	least := d.root.MinSize()
	if least.Width > 1280 || least.Height > 720 {
		t.Errorf("the window needs %v, want at most 1280 x 720", least)
	}
}

// TestEverythingIsReachedAtTwiceTheScale shows the window as a screen of 1280 x 720 does at 200 %: 640 x 360 units.
func TestEverythingIsReachedAtTwiceTheScale(t *testing.T) {
	d := searched(t)
	room := fyne.NewSize(640, 360)
	d.win.Resize(room)
	if least := d.win.Content().MinSize(); least.Width > room.Width || least.Height > room.Height {
		t.Fatalf("the window needs %v", least)
	}
	if shown, least := d.root.Size(), d.root.MinSize(); shown.Width < least.Width || shown.Height < least.Height {
		t.Errorf("what scrolls is %v, less than the %v of its controls", shown, least)
	}
	large := newFill(colourPanel)
	large.min = fyne.NewSize(2000, 2000)
	if least := d.modal(large).MinSize(); least.Width > room.Width || least.Height > room.Height {
		t.Errorf("a large dialog needs %v", least)
	}
	for name, show := range map[string]func(){
		"keys": d.showHelp, "settings": d.showSettings, "computing": d.showComputing, "save": d.askSave, "figures": d.showFigures,
		"recipe": d.editRecipe, "structure": d.askStructure, "report": d.showReport,
	} {
		show()
		top := d.win.Canvas().Overlays().Top()
		if top == nil {
			t.Errorf("%s shows nothing", name)
			continue
		}
		if least := top.MinSize(); least.Width > room.Width || least.Height > room.Height {
			t.Errorf("%s needs %v", name, least)
		}
		d.key(fyne.KeyEscape)
		if d.win.Canvas().Overlays().Top() != nil {
			t.Fatalf("Escape does not leave %s", name)
		}
	}
}

func TestSizeOfTheWindowIsRemembered(t *testing.T) {
	d := newDriver(t)
	d.win.Resize(fyne.NewSize(1400, 800))
	d.rememberPlace()
	if got := d.firstSize(); got != fyne.NewSize(1400, 800) {
		t.Errorf("the next window is %v", got)
	}
	d.restorePlace() // nothing is known here: it must not fail
	d.remembered.SetString(preferenceWindow, "wide")
	if got := d.firstSize(); got != fyne.NewSize(firstWidth, firstHeight) {
		t.Errorf("a broken setting makes it %v", got)
	}
}
