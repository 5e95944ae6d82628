package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestADraftWithoutAnatomyIsNotTakenFromTheCacheWhenItIsFound(t *testing.T) {
	w := newWorld(t)
	found := make(chan struct{})
	anatomy := w.work.anatomy
	w.work.anatomy = func(ctx context.Context, v *volume.Volume, external *volume.Mask) (*segment.Anatomy, error) {
		<-found
		return anatomy(ctx, v, external)
	}
	draft := w.work.draft
	w.work.draft = func(ctx context.Context, in segment.DraftInput) ([]segment.Target, []string, error) {
		if in.Recipe != nil && in.Recipe.UsesAnatomy() && in.Anatomy == nil {
			return nil, nil, errors.New("no chest wall")
		}
		return draft(ctx, in)
	}
	w.OpenDemo(1)
	w.idle()
	w.Run()
	w.until("the search", func() bool { return !w.Job(JobRun).Running })
	drafted := func() { w.until("a draft", func() bool { return !w.Job(JobDraft).Running }) }
	crops, _ := segment.FindRecipe("", "rtog-1005")
	w.SetRecipe(crops)
	drafted()
	wantTargets(t, w)
	w.SetRecipe(nil)
	drafted()
	close(found)
	w.idle()
	w.Undo()
	w.idle()
	if len(w.Derived().Targets) < 2 {
		t.Errorf("the chest wall is known, and the targets are those drafted without it: %v, %v", targetNames(w), w.Derived().DraftWarnings)
	}
}

func TestADrawingRenamedToSeromaJoinsTheBed(t *testing.T) {
	w := opened(t)
	if err := w.NewStructure("Fluid", "CAVITY"); err != nil {
		t.Fatal(err)
	}
	w.draw(10, false, [2]int{20, 20})
	w.idle()
	var seroma *volume.Mask
	draft := w.work.draft
	w.work.draft = func(ctx context.Context, in segment.DraftInput) ([]segment.Target, []string, error) {
		seroma = in.Seroma
		return draft(ctx, in)
	}
	w.RenameDrawn("Fluid", NameSeroma)
	w.idle()
	if seroma == nil {
		t.Error("the bed does not know of the seroma")
	}
}

func TestClipsAreMeasuredAfterAMeasurementThatWasDropped(t *testing.T) {
	w := newWorld(t)
	w.OpenDemo(1)
	w.idle()
	w.Run()
	w.until("the search", func() bool { return !w.Job(JobRun).Running })
	w.Undo() // no clips: the measurement under way is dropped
	w.Redo()
	w.idle()
	if len(w.Derived().Around) != 3 || w.Derived().Anatomy == nil {
		t.Errorf("measured %v, anatomy %v", w.Derived().Around, w.Derived().Anatomy != nil)
	}
}

func TestAPreviewThatEndsWhereItBeganIsThePlanAgain(t *testing.T) {
	for _, boost := range []bool{true, false} {
		w := opened(t)
		w.SetMargin(uniform(8))
		w.SetBoost(boost)
		w.idle()
		want := targetNames(w)
		w.PreviewMargin(uniform(24))
		w.idle()
		w.PreviewMargin(uniform(8))
		w.idle()
		if d := w.Derived(); d.Stale || len(d.Figures) != len(want) || !slices.Equal(targetNames(w), want) {
			t.Errorf("boost %v: stale %v, %d figures, targets %v, want %v", boost, d.Stale, len(d.Figures), targetNames(w), want)
		}
	}
}

func TestStepsGoTowardsTheHeadHoweverThePatientLay(t *testing.T) {
	w := newWorld(t)
	g := testGrid()
	g.Row, g.Origin = volume.Vec{-1, 0, 0}, volume.Vec{40, -40, 30} // feet first supine: the normal points to the feet
	w.work.generate = nil
	w.Update(func() { w.replaceDocument(demoDocument(1, volume.NewVolume(g))) })
	w.SetCursor(g.ToPatient(20, 20, 10))
	was := w.View().Cursor[2]
	w.StepSlice(1)
	if now := w.View().Cursor[2]; now != was+3 {
		t.Errorf("from %g to %g mm, want %g", was, now, was+3)
	}
	w.idle()
}

func TestAnUnlockedSeromaJoinsTheBed(t *testing.T) {
	w := opened(t)
	w.Update(func() {
		w.commitOpened(&OpenedSet{Name: "RS.dcm", Structures: []OpenedStructure{{Name: NameSeroma, Type: "CAVITY", Mask: cube(w.grid, 20, 20, 10, 3), key: `\1`}}})
	})
	var seroma *volume.Mask
	draft := w.work.draft
	w.work.draft = func(ctx context.Context, in segment.DraftInput) ([]segment.Target, []string, error) {
		seroma = in.Seroma
		return draft(ctx, in)
	}
	w.Unlock(`\1`)
	w.idle()
	if seroma == nil {
		t.Error("the bed does not know of the seroma")
	}
}

func TestTargetsThatDoNotFollowAnEditAreNamed(t *testing.T) {
	w := opened(t)
	r, err := segment.FindRecipe("", "florence") // PTVsb_High is made from CTVsb_High
	if err != nil {
		t.Fatal(err)
	}
	w.SetRecipe(r)
	w.idle()
	edit := func(name string) {
		w.Update(func() {
			w.commitMask(&Stroke{Name: name, Mask: cube(w.grid, 6, 6, 6, 7)}, func(what string) string { return "Draw " + what })
		})
		w.idle()
	}
	edit(NameCTV)
	if got := strings.Join(w.BoostWarnings(), "\n"); !strings.Contains(got, "PTVsb_High is made from CTVsb_High as it was drafted") {
		t.Errorf("warnings %q", got)
	}
	edit("PTVsb_High")
	if got := strings.Join(w.BoostWarnings(), "\n"); strings.Contains(got, "PTVsb_High is made from") {
		t.Errorf("both are edited: %q", got)
	}
	edit(NameBed)
	if got := strings.Join(w.BoostWarnings(), "\n"); strings.Contains(got, "is made from") {
		t.Errorf("all are edited: %q", got)
	}
	w.RemoveDrawn(NameCTV)
	w.idle()
	if got := strings.Join(w.BoostWarnings(), "\n"); !strings.Contains(got, "CTVsb_High is made from SurgicalBed as it was drafted") {
		t.Errorf("warnings %q", got)
	}
}

func TestDistancesAreNotThoseOfAnotherSearch(t *testing.T) {
	w := opened(t)
	if len(w.Derived().Around) != 3 {
		t.Fatal("nothing measured")
	}
	run := w.work.run
	w.work.run = func(ctx context.Context, v *volume.Volume, n segment.Networks, o segment.RunOptions) (*segment.Result, error) {
		r, err := run(ctx, v, n, o)
		r.Clips[0], r.Clips[2] = r.Clips[2], r.Clips[0]
		r.Clips[0].ID, r.Clips[2].ID = 1, 3
		return r, err
	}
	first := w.Derived().Around
	w.Run()
	w.until("the search", func() bool { return !w.Job(JobRun).Running })
	if n := len(w.Derived().Around); n != 0 {
		t.Errorf("%d clips show the distances of others", n)
	}
	w.idle()
	w.Undo()
	if n := len(w.Derived().Around); n != 0 {
		t.Errorf("after undo, %d clips show the distances of others", n)
	}
	w.idle()
	if got := w.Derived().Around; len(got) != 3 || got[1] != first[1] {
		t.Errorf("measured %v, want %v", got, first)
	}
}
