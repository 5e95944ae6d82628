package session

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/store"
)

func (w *world) decideAll() {
	for _, c := range w.Plan().Clips {
		w.MarkReviewed(c.ID)
	}
}

func TestDecisionsBelongToTheClipsOfTheirSearch(t *testing.T) {
	w := opened(t)
	w.Run()
	w.idle()
	w.decideAll()
	w.Undo() // the clips of the first search have the same numbers, and nobody has looked at them
	if n := w.ReviewedCount(); n != 0 {
		t.Errorf("%d clips of the search before count as reviewed", n)
	}
	w.MarkReviewed(2)
	w.Redo()
	if n := w.ReviewedCount(); n != 3 {
		t.Errorf("%d of 3 clips are still reviewed after undo and redo", n)
	}
	w.Undo()
	if r := w.View().Reviewed; w.ReviewedCount() != 1 || !r[2] {
		t.Errorf("reviewed %v, want clip 2", r)
	}
	w.idle()
}

func TestANumberIsNotGivenTwice(t *testing.T) {
	w := opened(t)
	w.MergeClips(1, 3)
	w.SplitClip(2)
	if got := numbers(w.Plan().Clips); len(got) != 3 || got[2] != 4 {
		t.Errorf("clips %v: 3 was another clip, which undo brings back", got)
	}
	w.Undo()
	w.Undo()
	if w.View().Reviewed[3] {
		t.Error("nobody has decided on clip 3")
	}
	w.idle()
}

func TestDecisionsAfterSavingAreWork(t *testing.T) {
	dir := t.TempDir()
	w := keeping(t, dir)
	w.Run()
	w.idle()
	w.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	w.idle()
	if w.Unsaved() {
		t.Fatal("saved, and yet unsaved")
	}
	w.decideAll()
	if !w.Unsaved() || !w.Decided() {
		t.Error("leaving would lose the decisions without a word")
	}
	w.settled("the decisions to be kept", true)
	kept, err := store.Autosave{Dir: dir}.Read("1.2")
	if err != nil || !kept.Clips[0].Reviewed {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

func TestSavingSaysWhatWasDecidedWhenItBegan(t *testing.T) {
	w := opened(t)
	began, decided := make(chan struct{}), make(chan struct{})
	w.work.writeSet = func(string, *dicom.StructureSet, *dicom.Series, bool) error {
		close(began)
		<-decided
		return nil
	}
	w.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	<-began
	w.decideAll()
	close(decided)
	w.idle()
	if n := w.View().Notice; n == nil || !strings.Contains(n.Text, "3 clips not reviewed") {
		t.Errorf("notice %+v: the file calls its clips not reviewed", n)
	}
	if !w.Unsaved() {
		t.Error("the decisions are not in the file")
	}
}

func TestLeavingInTheMiddleOfSavingIsAsked(t *testing.T) {
	w := opened(t)
	write := make(chan struct{})
	w.work.writeSet = func(string, *dicom.StructureSet, *dicom.Series, bool) error {
		<-write
		return nil
	}
	if w.Decided() {
		t.Fatal("nothing is decided yet")
	}
	w.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	if !w.Decided() {
		t.Error("the file being written would be lost without a word")
	}
	close(write)
	w.idle()
	if w.Decided() {
		t.Error("saved")
	}
}
