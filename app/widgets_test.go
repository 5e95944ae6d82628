package app

import (
	"math"
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

func testApp(t *testing.T) {
	t.Helper()
	app := test.NewApp()
	app.Settings().SetTheme(newLook(false))
	t.Cleanup(app.Quit)
}

func TestNumberTakesWhatIsTypedAndRefusesWhatIsNot(t *testing.T) {
	testApp(t)
	var got []float64
	n := newNumber(0, 50, 1, 44, func(v float64) { got = append(got, v) })
	for _, typed := range []string{"12", "7,5", "abc", "51", "-1", "", "12"} {
		n.SetText(typed)
		n.OnSubmitted(typed)
	}
	if len(got) != 3 || got[0] != 12 || got[1] != 8 || got[2] != 12 {
		t.Errorf("took %v", got)
	}
	if n.Text != "12" {
		t.Errorf("shows %q after what it refused", n.Text)
	}
	n.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	if n.Text != "13" || got[len(got)-1] != 13 {
		t.Errorf("Up gave %q", n.Text)
	}
	n.SetText("9")
	n.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if n.Text != "13" {
		t.Errorf("Escape left %q", n.Text)
	}
	n.optional = true
	n.SetText("")
	n.FocusLost()
	if got[len(got)-1] != 0 || n.Text != "" {
		t.Errorf("an optional field emptied gave %v, %q", got, n.Text)
	}
}

func TestTextIsCutWithAnEllipsisOnlyWhenThereIsNoRoom(t *testing.T) {
	testApp(t)
	text := newText("SurgicalBed + 10 mm, inside External", textStyle{shrink: true})
	full := text.measure(text.content).Width
	if got := text.fitted(full + 1); got != text.content {
		t.Errorf("cut to %q with room enough", got)
	}
	got := text.fitted(full / 2)
	if !strings.HasSuffix(got, "…") || text.measure(got).Width > full/2 {
		t.Errorf("cut to %q", got)
	}
	if longer := text.content[:len(strings.TrimSuffix(got, "…"))+1] + "…"; text.measure(longer).Width <= full/2 {
		t.Errorf("%q would have fitted", longer)
	}
}

func TestClickLeavesTheKeyboardAndSpacePresses(t *testing.T) {
	testApp(t)
	pressed, unfocused, passed := 0, 0, ""
	h := &host{
		tips: newTipLayer(), unfocus: func() { unfocused++ }, typedRune: func(rune) {},
		typedKey: func(e *fyne.KeyEvent) { passed = string(e.Name) },
	}
	b := newButton(h, "Run", nil, buttonPrimary, "tip", func() { pressed++ })
	test.Tap(b)
	if pressed != 1 || unfocused != 1 {
		t.Errorf("a click pressed %d times and gave back the keyboard %d times", pressed, unfocused)
	}
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyN})
	if pressed != 2 || unfocused != 1 || passed != string(fyne.KeyN) {
		t.Errorf("Space pressed %d times, N went to %q", pressed, passed)
	}
	b.setEnabled(false)
	test.Tap(b)
	if pressed != 2 {
		t.Error("a disabled button can be pressed")
	}
}

func TestDockKeepsTheImagesTheirLeastWidth(t *testing.T) {
	app := test.NewApp()
	t.Cleanup(app.Quit)
	d := newDock(newFill(colourPanel), newFill(colourWindow), newFill(colourPanel), app.Preferences())
	d.leftWidth, d.rightWidth = 500, 500
	left, right := d.widths(1280)
	if rest := 1280 - left - right - 2*gripWidth; rest < centreMin || left < leftMin || right < rightMin {
		t.Errorf("left %g, images %g, right %g", left, rest, right)
	}
	d.toggleLeft()
	d.toggleRight()
	if left, right := d.widths(1280); left != 0 || right != 0 {
		t.Errorf("folded panels are %g and %g wide", left, right)
	}
	again := newDock(newFill(colourPanel), newFill(colourWindow), newFill(colourPanel), app.Preferences())
	if !again.leftFolded || !again.rightFolded {
		t.Error("folding is not remembered")
	}
}

func TestCaseText(t *testing.T) {
	study := &dicom.Study{Date: "20240105", Patient: dicom.Patient{Name: "Zhang^San", ID: "7", BirthDate: "19710610", Sex: "F"}}
	g := volume.NewUniformGrid(512, 512, 92, 1.27, 1.27, 3, volume.Vec{})
	doc := session.Document{Series: &dicom.Series{Study: study}, Volume: volume.NewVolume(g)}
	want := "Zhang^San  ·  7  ·  F 52  ·  CT 2024-01-05  ·  92 slices 1.27 × 1.27 × 3 mm"
	if got := caseText(doc, time.Now()); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := caseText(session.Document{}, time.Now()); got != "No study open" {
		t.Error(got)
	}
}

func TestProgressText(t *testing.T) {
	start := time.Unix(1000, 0)
	state := session.JobState{Running: true, Progress: session.Progress{Stage: "segment", Done: 2, Total: 8, Started: start, StageStarted: start}}
	if got := progressText(nil, state, start.Add(2*time.Second)); got != "Looking for clips · 25 % · 6 s left" {
		t.Error(got)
	}
	state.Progress.Total = 0
	if got := progressText(nil, state, start.Add(2*time.Second)); got != "Looking for clips · 2 s" {
		t.Error(got)
	}
	state.Progress.Provider = "webgpu, cpu"
	if got := progressText(nil, state, start.Add(2*time.Second)); got != "Looking for clips · GPU (WebGPU), CPU · 2 s" {
		t.Error(got)
	}
	state.Cancelling = true
	if got := progressText(nil, state, start); got != "Cancelling" {
		t.Error(got)
	}
}

func TestPlaceHasItsLetters(t *testing.T) {
	if got := placeText(volume.Vec{-52.14, -34, 104.5}); got != "R 52.1  A 34.0  S 104.5 mm" {
		t.Error(got)
	}
	if got := placeText(volume.Vec{1, 2, -3}); got != "L 1.0  P 2.0  I 3.0 mm" {
		t.Error(got)
	}
}

func TestDistancesSayOnlyWhatIsKnown(t *testing.T) {
	nan := math.NaN()
	for want, now := range map[string]clipState{
		"": {}, "skin 23  bone 12  centre 18 mm": {measured: true, around: segment.Surroundings{SkinMM: 23.2, BoneMM: 11.9, CentreMM: 18}},
		"skin 4 mm": {measured: true, around: segment.Surroundings{SkinMM: 4, BoneMM: nan, CentreMM: nan}},
	} {
		if got := aroundText(now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestShortenKeepsBothEnds(t *testing.T) {
	if got := shorten("a very long folder name", 9); got != "a ve…name" || len([]rune(got)) != 9 {
		t.Error(got)
	}
	if got := shorten("short", 9); got != "short" {
		t.Error(got)
	}
}

func TestBannerFoldsItsDetails(t *testing.T) {
	testApp(t)
	b := newBanner(&host{tips: newTipLayer(), unfocus: func() {}}, func() {}, func() {})
	b.set(&session.Notice{Severity: session.Failure, Text: "Open x: it is no CT", Details: []string{"a", "b"}})
	if !b.box.Visible() || b.fold.Visible() || !b.more.Visible() {
		t.Error("a failure does not show folded")
	}
	test.Tap(b.more)
	if !b.fold.Visible() || b.details.Text != "a\nb" {
		t.Errorf("unfolded details %q", b.details.Text)
	}
	b.set(nil)
	if b.box.Visible() {
		t.Error("dismissed, it still shows")
	}
}
