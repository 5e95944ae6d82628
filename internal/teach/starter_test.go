package teach

import (
	"context"
	"os"
	"slices"
	"testing"
)

// TestStartersShowWhatTheyTeach lays every starter case out again. CLIPWRIGHT_SEARCH=1 searches for new seeds instead.
func TestStartersShowWhatTheyTeach(t *testing.T) {
	if got := StarterCount(); got != 12 {
		t.Fatalf("%d starter cases, want 12", got)
	}
	seen := map[string]bool{}
	hardest := 1
	for _, s := range starters() {
		if seen[s.lesson.ID] || s.lesson.Zh == nil || s.lesson.Difficulty < hardest {
			t.Errorf("%s: doubled, without Chinese, or easier than the one before", s.lesson.ID)
		}
		seen[s.lesson.ID], hardest = true, s.lesson.Difficulty
		if os.Getenv("CLIPWRIGHT_SEARCH") != "" {
			at, _, err := s.spec.search(context.Background(), s.seeds.anatomy)
			t.Log(s.lesson.ID, at, err)
			continue
		}
		a, err := s.spec.anatomy(context.Background(), s.seeds.anatomy)
		if err != nil {
			t.Fatal(err)
		}
		l, err := a.Layout(s.seeds.sample, s.spec.sample())
		if err == nil {
			err = s.spec.lacks(l, a, a.Bones())
		}
		if err == nil && len(s.spec.Kinds) > 0 {
			err = s.spec.dim(context.Background(), a, s.seeds.sample)
		}
		if err != nil {
			t.Errorf("%s: %v", s.lesson.ID, err)
		}
	}
}

// TestStarterContrast renders the two cases whose lesson is brightness.
func TestStarterContrast(t *testing.T) {
	for _, c := range []struct {
		id           string
		least, most  int // HU of every clip
		calcified    int // least HU of the brightest distractor
		wantSlicesMM float64
	}{{"starter-08", 700, 3071, 300, 3}, {"starter-10", 180, 700, 0, 5}} {
		s := starters()[slices.IndexFunc(starters(), func(s starter) bool { return s.lesson.ID == c.id })]
		a, err := s.spec.anatomy(context.Background(), s.seeds.anatomy)
		if err != nil {
			t.Fatal(err)
		}
		made, err := a.Sample(context.Background(), s.seeds.sample, s.spec.sample())
		if err != nil {
			t.Fatal(err)
		}
		if mm, _ := made.Volume.Grid.Uniform(); mm != c.wantSlicesMM {
			t.Errorf("%s has slices of %g mm", c.id, mm)
		}
		for _, k := range made.Clips {
			if k.PeakHU < c.least || k.PeakHU > c.most {
				t.Errorf("%s: a clip of %d HU", c.id, k.PeakHU)
			}
		}
		most := 0
		for _, d := range made.Distractors {
			for _, p := range d.PlacesMM {
				most = max(most, brightest(made.Volume, p, 2))
			}
		}
		if most < c.calcified {
			t.Errorf("%s: the brightest calcification has %d HU", c.id, most)
		}
	}
}
