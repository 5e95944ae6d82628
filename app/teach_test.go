package app

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// writeLesson makes a teaching case of writeChest's CT in a library and returns the library.
func writeLesson(t testing.TB) string {
	t.Helper()
	ctx := context.Background()
	dir := writeChest(t)
	studies, err := dicom.Scan(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	series, err := dicom.ChooseCT(studies, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := dicom.ReadCT(ctx, series, nil)
	if err != nil {
		t.Fatal(err)
	}
	clips := dicom.Structure{Number: 1, Name: "Clips_R", Type: "MARKER", Algorithm: "MANUAL"}
	for i, p := range metalCentres() {
		m := volume.MaskWhere(v.Grid, func(x, y, z int) bool { return v.Grid.ToPatient(float64(x), float64(y), float64(z)).Distance(p) < 3.2 })
		for _, c := range volume.Contours(m) {
			clips.Contours, clips.Groups = append(clips.Contours, c), append(clips.Groups, i+1)
		}
	}
	rs := filepath.Join(t.TempDir(), "rs.dcm")
	if err := dicom.WriteStructureSet(rs, &dicom.StructureSet{Structures: []dicom.Structure{clips}}, series, false); err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(t.TempDir(), "library")
	_, err = teach.MakeFromCT(ctx, filepath.Join(library, "chest"), teach.FromCT{CTDir: dir, Reference: rs, Lesson: teach.Lesson{
		ID: "chest-1", Title: "Four clips", Teaches: "Metal is bright.", Note: "4 clips were placed in the bed.", Difficulty: 2, Categories: []string{teach.CategoryPair},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// shoot writes a picture of the window where CLIPWRIGHT_SHOTS names a folder, and draws it in any case.
func (d *driver) shoot(name string) {
	d.t.Helper()
	if least := d.win.Content().MinSize(); least.Width > 1280 || least.Height > 720 {
		d.t.Errorf("%s needs %v, want at most 1280 x 720", name, least)
	}
	picture := d.win.Canvas().Capture()
	dir := os.Getenv("CLIPWRIGHT_SHOTS")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := png.Encode(f, picture); err != nil {
		d.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		d.t.Fatal(err)
	}
}

// at is where a place of the patient lies on the axial picture.
func (d *driver) at(p volume.Vec) fyne.Position {
	t := d.teaching
	scene := t.views.scene(t.views.each[viewer.Axial])
	x, y := viewer.ToPicture(&scene, p)
	return fyne.NewPos(float32(x/scene.Scale), float32(y/scene.Scale))
}

// mouse presses at one place of the axial picture, drags through others, and lets go.
func (d *driver) mouse(places ...volume.Vec) {
	p := d.teaching.views.each[viewer.Axial].pane
	event := func(at volume.Vec) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: d.at(at)}, Button: desktop.MouseButtonPrimary}
	}
	p.MouseDown(event(places[0]))
	for _, q := range places[1:] {
		p.MouseMoved(event(q))
	}
	p.MouseUp(event(places[len(places)-1]))
}

// scrollTo goes with the wheel to the slice of p.
func (d *driver) scrollTo(p volume.Vec) {
	d.t.Helper()
	t := d.teaching
	g := t.session.Document().Volume.Grid
	want, _ := g.NearestSlice(p)
	for range 100 {
		now, _ := g.NearestSlice(t.session.View().Cursor)
		if now == want {
			return
		}
		notch := float32(10)
		if now > want {
			notch = -10
		}
		t.views.each[viewer.Axial].pane.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, notch)})
	}
	d.t.Fatal("the wheel does not reach the slice")
}

// button finds the button of that label on the page.
func (d *driver) button(label string) *button {
	d.t.Helper()
	var found *button
	for _, o := range test.LaidOutObjects(d.teaching.box) {
		if b, ok := o.(*button); ok && b.label == label && b.Visible() {
			found = b
		}
	}
	return found
}

func (d *driver) press(label string) {
	d.t.Helper()
	b := d.button(label)
	if b == nil || b.Disabled() {
		d.t.Fatalf("no button %q to press", label)
	}
	test.Tap(b)
}

func TestJourneyThroughALesson(t *testing.T) {
	d := newDriver(t)
	results, clock := filepath.Join(t.TempDir(), "results"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d.options.ResultsDir = results
	d.now = func() time.Time { return clock }
	d.openTeaching()
	l := d.teaching
	t.Cleanup(func() { <-l.session.Close() })
	l.dir = writeLesson(t)
	l.showLibrary()
	if d.body.Visible() || !d.teachingShown() || len(l.cases) != 1 {
		t.Fatalf("%d cases", len(l.cases))
	}
	if b := d.button("Start"); b == nil || !b.Disabled() {
		t.Error("a learner without a name may start")
	}
	l.setLearner("  Li ")
	l.showLibrary()
	d.shoot("teach-library")

	give := func(marks []volume.Vec, first bool) {
		t.Helper()
		d.press("Start")
		d.until("the CT", func() bool { return d.button("Give the answer") != nil && !d.button("Give the answer").Disabled() })
		d.shoot("teach-lesson-begin")
		if d.button("Compare with the networks") != nil || l.session.Derived().Searched {
			t.Error("the networks are there before the answer")
		}
		for _, p := range marks {
			clock = clock.Add(2 * time.Second)
			d.scrollTo(p)
			d.mouse(p)
		}
		if first {
			n := len(l.views.signs)
			d.mouse(marks[len(marks)-1]) // again: takes the mark that is there
			if len(l.views.signs) != n {
				t.Error("a click on a mark set another")
			}
			d.key(fyne.KeyDelete)
			if len(l.views.signs) != n-1 {
				t.Error("Del does not remove the mark")
			}
			d.mouse(marks[len(marks)-1])
			d.mouse(volume.Vec{0, 0, 0}, volume.Vec{10, 0, 0}, volume.Vec{30, 0, 0}) // a drag moves the crosshair alone
			if len(l.views.signs) != n {
				t.Error("a drag set a mark")
			}
			d.press("Brush")
			d.mouse(volume.Vec{-45, -25, 0}, volume.Vec{-38, -25, 0}, volume.Vec{-30, -30, 0})
			if b := l.session.Plan().Drawing(boostName); b == nil || b.Mask.Empty() {
				t.Error("no boost was drawn")
			}
			d.press("Mark")
			for what, leave := range map[string]func(){"closing the program": d.askClose, "Ctrl+Q": func() {
				d.typedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyQ, Modifier: fyne.KeyModifierShortcutDefault})
			}, "Back": func() { d.press("Back") }, "Escape": func() { d.key(fyne.KeyEscape) }} {
				leave()
				if d.asking == nil {
					t.Fatalf("%s ends the lesson without a word", what)
				}
				d.shoot("teach-leave")
				d.key(fyne.KeyEscape)
				if d.asking != nil || d.button("Give the answer") == nil || len(l.views.signs) != n || d.released != nil {
					t.Fatalf("asked about %s, Escape does not go on with the lesson", what)
				}
			}
		}
		d.shoot("teach-lesson")
		d.press("Give the answer")
		d.until("the reference", func() bool { return d.button("Try again") != nil })
		d.shoot("teach-reveal")
	}
	centres := metalCentres()
	give([]volume.Vec{centres[0], centres[1], centres[2], {40, 20, 0}}, true)

	if n := len(l.attempts); n != 1 {
		t.Fatalf("%d attempts kept", n)
	}
	a := l.attempts[0]
	if a.Score.Found != 3 || a.Score.Missed != 1 || a.Score.False != 1 || a.Learner != "Li" || a.Seconds != 8 || a.Boost == nil || len(a.Path) < 3 || a.Marks[3].Number != 5 {
		t.Errorf("attempt %+v", a.Score)
	}
	for _, v := range a.Verdicts {
		switch {
		case v.Outcome == teach.False && v.Reason.Kind != teach.ReasonNothing:
			t.Errorf("false because %s", v.Reason)
		case v.Outcome == teach.Missed && v.PlaceMM.Distance(centres[3]) > 1.5:
			t.Errorf("missed at %v", v.PlaceMM)
		}
	}
	if len(l.views.signs) != 5 || len(l.views.beside) < 5 {
		t.Errorf("%d signs and %d outlines on the images", len(l.views.signs), len(l.views.beside))
	}
	if c := l.session.View().Cursor; c.Distance(centres[3]) > 1.5 {
		t.Errorf("the page begins at %v, not at what was missed", c)
	}
	d.key(fyne.KeyN)
	if c := l.session.View().Cursor; c.Distance(volume.Vec{40, 20, 0}) > 3 {
		t.Errorf("N goes to %v", c)
	}

	d.press("Compare with the networks")
	d.until("the networks", func() bool { return !l.session.Job(session.JobRun).Running && l.session.Derived().Searched })
	d.until("the comparison", func() bool { return d.button("Compare with the networks") == nil && d.button("Cancel") == nil })
	d.shoot("teach-networks")

	d.press("Back")
	give(centres, false)
	if n := len(l.attempts); n != 2 || l.attempts[1].Score.F1() != 1 {
		t.Errorf("after the second attempt there are %d", n)
	}
	files, _ := filepath.Glob(filepath.Join(results, "*", "*.json"))
	if len(files) != 3 || !strings.HasSuffix(files[1], ".networks.json") {
		t.Errorf("files %v", files)
	}
	l.openAttempt(l.cases[0], &l.attempts[0])
	d.until("the first attempt again", func() bool { return d.button("Try again") != nil })
	if d.button("Compare with the networks") != nil || l.attempts[0].Network == nil || l.attempts[1].Network != nil {
		t.Error("what the networks made of the first attempt's case is not kept with it")
	}
	d.press("Back")
	d.press("Progress")
	d.shoot("teach-progress")
	d.press("Export as CSV")
	folder := t.TempDir()
	d.exporting.folderIn.SetText(folder)
	test.Tap(d.exporting.save)
	d.until("the export", func() bool { return strings.HasPrefix(l.banner.text.content, "Exported to ") })
	if table, err := os.ReadFile(filepath.Join(folder, "Li.csv")); err != nil || strings.Count(string(table), "\n") != 3 {
		t.Errorf("exported %q, %v", table, err)
	}
	d.key(fyne.KeyEscape)
	l.showGroup(results)
	d.until("the group", func() bool { return d.button("Export as CSV") != nil })
	d.shoot("teach-group")
	d.key(fyne.KeyEscape)
	d.press("Back")
	if !d.body.Visible() || d.teachingShown() {
		t.Error("the window does not come back")
	}
}

func TestTimeIsUpGivesTheAnswer(t *testing.T) {
	d := newDriver(t)
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d.now = func() time.Time { return clock }
	d.options.ResultsDir = t.TempDir()
	d.openTeaching()
	l := d.teaching
	t.Cleanup(func() { <-l.session.Close() })
	l.dir = writeLesson(t)
	l.setLearner("Li")
	l.readLibrary()
	l.startLesson(l.cases[0], 2*time.Minute)
	d.until("the CT", func() bool { return d.button("Give the answer") != nil && !d.button("Give the answer").Disabled() })
	clock = clock.Add(3 * time.Minute)
	d.until("the end of the time", func() bool { return d.button("Try again") != nil })
	if len(l.attempts) != 1 || l.attempts[0].Seconds != 120 || l.attempts[0].Score.Missed != 4 {
		t.Errorf("attempts %+v", l.attempts)
	}
}

// TestTourDrawsItsPages draws the pages of the first two starter cases, which it makes; of all twelve where CLIPWRIGHT_LESSONS
// names a cache that holds them (XDG_CACHE_HOME/clipwright/lessons after 'clipwright lesson list').
func TestTourDrawsItsPages(t *testing.T) {
	d := newDriver(t)
	have := func(string) bool { return true }
	if d.options.LessonDir = os.Getenv("CLIPWRIGHT_LESSONS"); d.options.LessonDir == "" {
		d.options.LessonDir = t.TempDir()
		ctx, stop := context.WithCancel(context.Background())
		_, err := teach.MakeStarter(ctx, d.options.LessonDir, func(done, _ int) {
			if done == 2 {
				stop()
			}
		})
		if err == nil {
			t.Fatal("a cancelled set was made whole")
		}
		have = func(kase string) bool { return kase == "starter-01" || kase == "starter-02" }
	}
	d.openTour()
	l := d.teaching
	t.Cleanup(func() { <-l.session.Close() })
	drawn := 0
	for i, s := range tourSteps() {
		if len(strings.Fields(s.text)) < 30 {
			t.Errorf("page %q says too little", s.title)
		}
		if !have(s.kase) {
			continue
		}
		l.showTour(i)
		d.until("page "+s.title, func() bool {
			n := 0
			for _, o := range test.LaidOutObjects(l.box) {
				if p, ok := o.(*canvas.Image); ok && p.Image != nil && p.Image.Bounds().Dx() == tourPx {
					n++
				}
			}
			return n == len(s.shots)
		})
		drawn++
		d.shoot("tour-" + string(rune('a'+i)))
	}
	if drawn < 4 {
		t.Errorf("%d pages were drawn", drawn)
	}
	d.press("To the cases")
	if len(l.cases) < 2 {
		t.Errorf("%d cases after the tour", len(l.cases))
	}
	d.shoot("teach-starters")
	l.end() // the rest of the set is not made
}
