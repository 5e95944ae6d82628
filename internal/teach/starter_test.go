package teach

import (
	"context"
	"os"
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
		if err != nil {
			t.Errorf("%s: %v", s.lesson.ID, err)
		}
	}
}
