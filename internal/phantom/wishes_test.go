package phantom

import (
	"context"
	"math"
	"slices"
	"testing"
)

// TestWishesAreKept asks for each thing that a case with a purpose can ask for.
func TestWishesAreKept(t *testing.T) {
	a, err := NewAnatomy(context.Background(), Options{Seed: 11, PixelMM: 2.4, Columns: 190, Rows: 140, Slices: 48})
	if err != nil {
		t.Fatal(err)
	}
	layout := func(o SampleOptions) *Layout {
		t.Helper()
		o.Whole = true
		l, err := a.Layout(5, o)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	near := func(l *Layout) float64 {
		least := math.Inf(1)
		for i, c := range l.Clips {
			for _, d := range l.Clips[:i] {
				least = min(least, c.CentreMM.Distance(d.CentreMM))
			}
		}
		return least
	}
	plain := SampleOptions{MinClips: 6, MaxClips: 6, Pairs: Never, Axillary: Never, Kinds: []string{}}
	l := layout(plain)
	if len(l.Distractors) != 0 || near(l) < 6 || slices.ContainsFunc(l.Clips, func(c Clip) bool { return c.Axillary }) {
		t.Errorf("a plain case has %d distractors and clips %.1f mm apart", len(l.Distractors), near(l))
	}
	middle := l.SeromaMM
	o := plain
	o.Pairs, o.Axillary, o.ClipMM = Always, Always, 4
	l = layout(o)
	if near(l) > 6 || !slices.ContainsFunc(l.Clips, func(c Clip) bool { return c.Axillary }) {
		t.Errorf("no pair (%.1f mm) or no axillary clip", near(l))
	}
	for _, c := range l.Clips {
		if !c.Axillary && c.LengthMM != 4 {
			t.Errorf("a clip of the bed is %.1f mm long", c.LengthMM)
		}
	}
	o = plain
	o.SeromaOffMM = 14
	if d := layout(o).SeromaMM.Distance(middle); math.Abs(d-14) > 1e-6 {
		t.Errorf("the fluid moved %.1f mm", d)
	}
	for _, kind := range []string{"skin wire", "skin marker", "sternal wire"} {
		o = plain
		o.Kinds = []string{kind}
		l = layout(o)
		if len(l.Distractors) == 0 {
			t.Errorf("no %s", kind)
		}
		for _, d := range l.Distractors {
			if d.Kind != kind || len(d.PlacesMM) == 0 {
				t.Errorf("%q with %d places instead of a %s", d.Kind, len(d.PlacesMM), kind)
			}
		}
	}
	c, err := a.Sample(context.Background(), 5, whole(plain))
	if err != nil {
		t.Fatal(err)
	}
	l = layout(plain)
	if len(c.Clips) != len(l.Clips) {
		t.Fatalf("the layout has %d clips, the case %d", len(l.Clips), len(c.Clips))
	}
	for i := range c.Clips {
		if c.Clips[i].CentreMM != l.Clips[i].CentreMM {
			t.Errorf("clip %d lies elsewhere than in the layout", i+1)
		}
	}
}

func whole(o SampleOptions) SampleOptions {
	o.Whole = true
	return o
}
