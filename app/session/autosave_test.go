package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// keeping is a world that keeps unsaved work in dir, with series 1.2 open.
func keeping(t *testing.T, dir string) *world {
	w := newWorld(t)
	w.keepIn(dir)
	w.OpenFolder("some/folder", "1.2")
	w.idle()
	return w
}

// keepIn lets w keep unsaved work in dir, until the test ends.
func (w *world) keepIn(dir string) {
	w.autosave = newAutosaver(dir)
	w.autosave.delay = 10 * time.Millisecond
	w.t.Cleanup(func() { w.until("the last write", func() bool { return !w.autosave.writing }) })
}

func (w *world) settled(what string, kept bool) {
	w.t.Helper()
	w.until(what, func() bool {
		got, err := w.autosave.store.Read("1.2")
		return err == nil && (got != nil) == kept && !w.autosave.pending && !w.autosave.writing
	})
}

func TestWorkSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	w := keeping(t, dir)
	w.Run()
	w.idle()
	w.SetKept(2, false)
	w.SetExpected(4)
	w.SetMargin(segment.Margin{R: 1, L: 2, A: 3, P: 4, S: 5, I: 6})
	w.settled("the work to be kept", true)
	if w.View().AutosavedAt.IsZero() {
		t.Error("the window is not told that the work was kept")
	}
	before := w.Plan()

	again := keeping(t, dir) // the program ended without being asked
	after := again.Plan()
	if len(after.Clips) != 3 || after.Clips[1].Kept || !after.Clips[0].Kept || after.Expected != 4 || !after.Boost || after.Margin != before.Margin {
		t.Fatalf("restored %+v", after)
	}
	for i := range after.Clips {
		if !after.Clips[i].Mask.Equal(before.Clips[i].Mask) || after.Clips[i].CentreMM != before.Clips[i].CentreMM {
			t.Errorf("clip %d differs", i)
		}
	}
	if !again.View().Reviewed[2] || again.View().Reviewed[1] {
		t.Errorf("reviewed %v", again.View().Reviewed)
	}
	if n := again.View().Notice; n == nil || !strings.Contains(n.Text, "Restored") || !strings.Contains(n.Text, "3 clips") {
		t.Errorf("notice %+v", n)
	}
	if !again.Unsaved() {
		t.Error("restored work counts as saved")
	}
	again.Undo()
	if len(again.Plan().Clips) != 0 {
		t.Error("undo did not take the restored work back")
	}
}

func TestSavedOrLeftWorkIsNotKept(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"saved": func(w *world) { w.Save(w.t.TempDir()+"/rs.dcm", false); w.idle() },
		"left":  func(w *world) { w.Discard() },
		"opened again": func(w *world) {
			w.OpenFolder("some/folder", "1.2")
			w.idle()
			if n := len(w.Plan().Clips); n != 0 {
				w.t.Errorf("%d clips of the work that was given up came back", n)
			}
		},
		"another series": func(w *world) {
			w.OpenSeries(w.Document().Studies[0].Series[1])
			w.idle()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := keeping(t, t.TempDir())
			w.Run()
			w.idle()
			w.SetKept(2, false)
			w.settled("the work to be kept", true)
			w.SetKept(3, false) // a write is under way
			end(w)
			w.settled("the copy to go", false)
			w.spin(50 * time.Millisecond)
			w.settled("the copy to stay away", false)
		})
	}
}

func TestWorkStaysKeptWhenAnotherFolderCannotBeRead(t *testing.T) {
	w := keeping(t, t.TempDir())
	w.Run()
	w.idle()
	w.SetKept(2, false)
	w.settled("the work to be kept", true)
	w.work.scan = func(context.Context, string, *dicom.Report) ([]*dicom.Study, error) {
		return nil, errors.New("no such folder")
	}
	w.OpenFolder("elsewhere", "")
	w.idle()
	w.spin(30 * time.Millisecond)
	w.settled("the work to be kept still", true)
	if w.View().AutosavedAt.IsZero() || len(w.Plan().Clips) != 3 {
		t.Errorf("autosaved %v, %d clips", w.View().AutosavedAt, len(w.Plan().Clips))
	}
}

func TestADemoCaseIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.autosave = newAutosaver(t.TempDir())
	w.autosave.delay = time.Millisecond
	w.OpenDemo(1)
	w.idle()
	w.Run()
	w.idle()
	w.spin(20 * time.Millisecond)
	if files, _ := os.ReadDir(w.autosave.store.Dir); len(files) != 0 {
		t.Errorf("kept %v", files)
	}
}

func TestAFolderThatCannotBeWrittenIsSaid(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := keeping(t, file)
	w.Run()
	w.idle()
	w.until("a notice", func() bool { n := w.View().Notice; return n != nil && strings.Contains(n.Text, "not being autosaved") })
}

func TestWhatWasRestoredIsSaidBesideTheFindings(t *testing.T) {
	dir := t.TempDir()
	w := keeping(t, dir)
	w.Run()
	w.idle()
	w.SetKept(2, false)
	w.settled("the work to be kept", true)

	again := newWorld(t)
	again.keepIn(dir)
	read := again.work.read
	again.work.read = func(ctx context.Context, s *dicom.Series, r *dicom.Report) (*volume.Volume, error) {
		r.Add(dicom.Finding{Severity: dicom.SeverityWarning, Text: "slices are uneven"})
		return read(ctx, s, r)
	}
	again.OpenFolder("some/folder", "1.2")
	again.idle()
	n := again.View().Notice
	if n == nil || n.Severity != Warning || !strings.Contains(n.Text, "Restored") || !slices.ContainsFunc(n.Details, func(d string) bool { return strings.Contains(d, "uneven") }) {
		t.Errorf("notice %+v", n)
	}
}

func TestARecipeThatIsGoneIsSaidWhenWorkIsRestored(t *testing.T) {
	dir := t.TempDir()
	w := keeping(t, dir)
	w.Run()
	w.idle()
	w.SetRecipe(&segment.Recipe{Key: "of-the-ward", Name: "Of the ward", Targets: segment.PlainRecipe(uniform(3)).Targets})
	w.settled("the work to be kept", true)

	again := keeping(t, dir)
	if n := again.View().Notice; n == nil || n.Severity != Warning || !strings.Contains(n.Text+strings.Join(n.Details, ""), "of-the-ward") {
		t.Errorf("the targets are of another recipe than before, and the notice is %+v", n)
	}
	if again.Plan().Recipe != nil || again.Plan().Boost {
		t.Errorf("targets of recipe %+v, boost %v, stand in for those of a recipe that is gone", again.Plan().Recipe, again.Plan().Boost)
	}
}

func TestAnEditedTargetComesBackAsFreshAsItWas(t *testing.T) {
	for _, stale := range []bool{false, true} {
		dir := t.TempDir()
		w := keeping(t, dir)
		w.Run()
		w.idle()
		w.SetTool(ToolBrush)
		w.SetActive(NameBed)
		w.draw(10, false, [2]int{20, 20})
		if stale {
			w.SetKept(2, false)
		}
		w.idle()
		w.settled("the work to be kept", true)
		again := keeping(t, dir)
		if got := len(again.BoostWarnings()) > 0; got != stale {
			t.Errorf("edited target stale %v after restoring, want %v: %v", got, stale, again.BoostWarnings())
		}
	}
}

func TestTwoProgramsOnOneCTDoNotForgetEachOthersWork(t *testing.T) {
	dir := t.TempDir()
	a, b := keeping(t, dir), keeping(t, dir)
	a.Run()
	a.idle()
	a.SetKept(2, false)
	a.settled("the first's work to be kept", true)
	b.Run()
	b.idle()
	b.SetKept(3, false)
	b.settled("the second's work to be kept", true)
	a.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	a.idle()
	w, err := store.Autosave{Dir: dir}.Read("1.2")
	if err != nil || w == nil || w.Clips[2].Kept {
		t.Errorf("the second's work is gone when the first is saved: %+v, %v", w, err)
	}
	b.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	b.idle()
	if w, err := (store.Autosave{Dir: dir}).Read("1.2"); err != nil || w != nil {
		t.Errorf("all is saved, and still kept: %+v, %v", w, err)
	}
}

func TestWorkOfBothProgramsIsOfferedAfterACrash(t *testing.T) {
	dir := t.TempDir()
	a, b := keeping(t, dir), keeping(t, dir)
	a.Run()
	a.idle()
	a.SetKept(2, false)
	a.settled("the first's work to be kept", true)
	b.Run()
	b.idle()
	b.SetKept(3, false)
	b.until("the second's work to be kept", func() bool {
		all, err := b.autosave.store.All("1.2")
		return err == nil && len(all) == 2 && !b.autosave.writing && !b.autosave.pending
	})

	again := keeping(t, dir) // both ended without being asked
	if p := again.Plan(); len(p.Clips) != 3 || p.Clip(3).Kept || !p.Clip(2).Kept {
		t.Fatalf("the newest is not restored: %+v", p.Clips)
	}
	n := again.View().Notice
	if n == nil || n.Offer == nil || !strings.Contains(n.Text, "Another program kept other work") || !strings.Contains(n.Text, "3 clips") {
		t.Fatalf("the other work is not offered: %+v", n)
	}
	n.Offer.Take()
	if p := again.Plan(); p.Clip(2).Kept || !p.Clip(3).Kept {
		t.Errorf("the other work is not taken up: %+v", p.Clips)
	}
	if n := again.View().Notice; n == nil || n.Offer != nil || !strings.Contains(n.Text, "Restored") {
		t.Errorf("notice %+v", n)
	}
	again.Undo()
	if !again.Plan().Clip(2).Kept || again.Plan().Clip(3).Kept {
		t.Error("undo does not go back to the newest")
	}
	again.until("one copy for all of it", func() bool {
		all, err := again.autosave.store.All("1.2")
		return err == nil && len(all) == 1 && !again.autosave.writing && !again.autosave.pending
	})
}

func TestOtherWorkIsForgottenOnlyWhenTheUserSaysSo(t *testing.T) {
	dir := t.TempDir()
	w := keeping(t, dir)
	w.Run()
	w.idle()
	w.SetKept(2, false)
	w.settled("the work to be kept", true)
	other := store.Autosave{Dir: dir, Program: "other"}
	if err := other.Write("1.2", store.Work{Saved: time.Unix(1, 0), Voxels: voxelsOf(w.Document().Volume.Grid)}); err != nil {
		t.Fatal(err)
	}

	again := keeping(t, dir)
	offer := again.View().Notice.Offer
	if offer == nil {
		t.Fatal("nothing is offered")
	}
	again.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	again.idle()
	again.until("its own to go, and the other program's to stay", func() bool { // files are removed beside the window
		all, err := other.All("1.2")
		return err == nil && len(all) == 1 && !again.autosave.writing && !again.autosave.pending
	})
	offer.Forget()
	again.settled("the other's to go", false)
}
