package session

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestTargetsAreMeasuredAndCompared(t *testing.T) {
	w := opened(t)
	w.SetMargin(segment.UniformMargin(8))
	w.idle()
	d := w.Derived()
	if len(d.Figures) != len(d.Targets) || d.Figures[1].CC != d.Targets[1].CC || len(d.Figures[1].Clips) != 3 {
		t.Fatalf("%d figures of %d targets", len(d.Figures), len(d.Targets))
	}
	if d.Anatomy == nil {
		t.Error("no anatomy")
	}
	other, _ := segment.FindRecipe("", "florence")
	w.SetCompare(other)
	w.idle()
	if c := w.Derived().Compared; len(c) != 2 || c[1].A != NameCTV || c[1].DSC <= 0 {
		t.Errorf("compared %+v", c)
	}
	asks, _ := segment.FindRecipe("", "young-boost")
	w.SetCompare(asks)
	w.idle()
	if d := w.Derived(); len(d.Compared) != 0 || !strings.Contains(d.CompareLacks, "free margin") {
		t.Errorf("compared %+v, lacks %q", d.Compared, d.CompareLacks)
	}
	w.SetCompare(nil)
	w.idle()
	if d := w.Derived(); len(d.Compared) != 0 || d.CompareLacks != "" {
		t.Errorf("the comparison stays: %+v", d.Compared)
	}
}

func TestRecipesThatCropAreMadeAnewWhenAnatomyIsFound(t *testing.T) {
	w := newWorld(t)
	crops, _ := segment.FindRecipe("", "rtog-1005")
	w.OpenDemo(1)
	w.idle()
	w.Run()
	w.idle()
	before := w.drafts.Load()
	w.SetRecipe(crops)
	w.idle()
	if w.drafts.Load() == before {
		t.Fatal("nothing drafted")
	}
	before = w.drafts.Load()
	w.Update(func() {
		found := *w.derived.Anatomy
		w.derived.Anatomy = &found
		w.anatomyFound()
	})
	w.idle()
	if w.drafts.Load() == before {
		t.Error("the chest wall was found, and the targets stay")
	}
}

func TestSeromaIsAProposal(t *testing.T) {
	w := opened(t)
	w.FindSeroma()
	w.idle()
	if w.Derived().Seroma != nil || w.View().Notice == nil || !strings.Contains(w.View().Notice.Text, "No seroma found") {
		t.Errorf("none found: %+v", w.View().Notice)
	}
	fluid := cube(w.grid, 7, 7, 7, 5)
	w.work.seroma = func(context.Context, *volume.Volume, *volume.Mask, *volume.Mask, []segment.Clip) (*segment.Seroma, error) {
		return &segment.Seroma{Mask: fluid, MeanHU: 17, Warnings: []string{"clips and seroma disagree: clip 2 is 20 mm from the seroma"}}, nil
	}
	var input *volume.Mask
	draft := w.work.draft
	w.work.draft = func(ctx context.Context, in segment.DraftInput) ([]segment.Target, []string, error) {
		input = in.Seroma
		return draft(ctx, in)
	}
	w.FindSeroma()
	w.idle()
	if n := w.View().Notice; n == nil || n.Severity != Warning || !strings.Contains(n.Text, "17 HU") || input != nil || len(w.Plan().Drawn) != 0 {
		t.Fatalf("a proposal changes the plan, or says nothing: %+v", n)
	}
	w.RejectSeroma()
	if w.Derived().Seroma != nil || len(w.Plan().Drawn) != 0 {
		t.Error("rejected, it is still there")
	}
	w.FindSeroma()
	w.idle()
	w.AcceptSeroma()
	w.idle()
	d := w.Plan().Drawing(NameSeroma)
	if d == nil || d.Type != typeCavity || !strings.Contains(d.Origin, "accepted") || input != fluid || w.Derived().Seroma != nil {
		t.Fatalf("accepted: %+v", d)
	}
	set := StructureSet(w.Plan().Kept(), nil, nil, WithDrawn(w.Plan().Drawn))
	if st := set.Find(NameSeroma); st == nil || st.Algorithm != "SEMIAUTOMATIC" || !strings.Contains(st.Description, "17 HU") {
		t.Errorf("saved as %+v", st)
	}
	w.Undo()
	w.idle()
	if w.Plan().Drawing(NameSeroma) != nil || input != fluid && input != nil {
		t.Error("undo leaves the seroma")
	}
}

func TestAnEditedTargetGetsStale(t *testing.T) {
	w := opened(t)
	w.SetMargin(segment.UniformMargin(8))
	w.idle()
	w.Update(func() {
		w.commitMask(&Stroke{Name: NameCTV, Mask: cube(w.grid, 6, 6, 6, 7)}, func(what string) string { return "Draw " + what })
	})
	w.idle()
	state := func() StructureView {
		for _, v := range w.Structures() {
			if v.Name == NameCTV {
				return v
			}
		}
		t.Fatal("no CTV")
		return StructureView{}
	}
	if v := state(); !v.Edited || v.Stale || len(w.BoostWarnings()) != 0 {
		t.Errorf("just edited: %+v, %q", v, w.BoostWarnings())
	}
	if f := w.Derived().Figures; len(f) != 2 || f[1].CC != w.Plan().Drawing(NameCTV).CC {
		t.Errorf("figures are not of what was drawn: %+v", f)
	}
	w.SetKept(w.Plan().Clips[0].ID, false)
	w.idle()
	if v := state(); !v.Stale || !strings.Contains(v.Detail, "stale") || !strings.Contains(strings.Join(w.BoostWarnings(), " "), "edited by hand, and clips") {
		t.Errorf("after a clip is rejected: %+v, %q", v, w.BoostWarnings())
	}
	w.Undo()
	w.idle()
	if v := state(); v.Stale {
		t.Error("undone, it is still stale")
	}
	w.RemoveDrawn(NameCTV)
	w.idle()
	if v := state(); v.Edited || v.Stale {
		t.Errorf("edits taken back: %+v", v)
	}
}

func TestRecipesAreEditedUsedAndKept(t *testing.T) {
	w := opened(t)
	if err := w.SaveRecipe("ours", "x"); err == nil {
		t.Error("nonsense is kept")
	}
	text := string(segment.PlainRecipe(segment.UniformMargin(4)).TOML())
	if err := w.SaveRecipe("ours", text); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("without a folder: %v", err)
	}
	w.deps.RecipeDir = filepath.Join(t.TempDir(), "recipes")
	if err := w.SaveRecipe("ours", text); err != nil {
		t.Fatal(err)
	}
	w.idle()
	if r := w.Plan().Recipe; r == nil || r.Key != "ours" {
		t.Errorf("the recipe kept is not used: %+v", r)
	}
	all, err := w.Recipes()
	if err != nil || all[len(all)-1].Key != "ours" {
		t.Errorf("%d recipes, %v", len(all), err)
	}
	if err := w.UseRecipe(strings.ReplaceAll(text, "= 4", "= 5")); err != nil {
		t.Fatal(err)
	}
	w.idle()
	if m := w.Plan().Recipe.Targets[0].Steps[0].Margin; m != segment.UniformMargin(5) {
		t.Errorf("margin %v", m)
	}
	work := workOf(w.Plan(), nil, w.grid, time.Now())
	w.SetRecipe(nil)
	w.restoreWork(&work)
	w.idle()
	if r := w.Plan().Recipe; r == nil || r.Targets[0].Steps[0].Margin != segment.UniformMargin(5) {
		t.Errorf("restored, the edited recipe is %+v", r)
	}
	if err := w.UseRecipe(strings.ReplaceAll(text, "expand", "grow")); err == nil || !strings.Contains(err.Error(), "grow") {
		t.Errorf("a wrong step: %v", err)
	}
}

func TestPreviewIsNotAPlan(t *testing.T) {
	w := opened(t)
	w.SetMargin(segment.UniformMargin(8))
	w.idle()
	revision, was := w.Plan().Revision, w.Derived().Targets[1].CC
	w.PreviewMargin(segment.UniformMargin(24))
	w.idle()
	if d := w.Derived(); w.Plan().Revision != revision || d.Targets[1].CC == was || !d.Stale {
		t.Errorf("preview: revision %d, %g cc, stale %v", w.Plan().Revision, d.Targets[1].CC, d.Stale)
	}
	w.now = func() time.Time { return time.Now().Add(time.Hour) } // not one step with the margin before
	w.SetMargin(segment.UniformMargin(24))
	w.idle()
	if w.Derived().Stale || len(w.Derived().Figures) != 2 {
		t.Error("let go, it is not a draft with figures")
	}
	w.Undo()
	w.idle()
	if w.Derived().Targets[1].CC != was {
		t.Error("undo does not bring the margin before the drag back")
	}
}
