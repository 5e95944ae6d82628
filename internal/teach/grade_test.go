package teach

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestEveryMarkGetsItsVerdictAndReason(t *testing.T) {
	g := grading(t, writeChest(t))
	ref := g.Reference.Clips
	marks := []volume.Vec{
		ref[0].CentreMM.Add(volume.Vec{1, 2, 2}),   // found, 3 mm off
		ref[0].CentreMM.Add(volume.Vec{-2, -2, 1}), // again: 3 mm too, so that one of the two is left over
		{-70, -49, 12},                           // the wire, beyond its last place by 6 mm
		{-91, -38, 20},                           // the skin, nothing else near
		{40, 10, 2},                              // the rib
		{0, 0, 0},                                // fat
		{10, 22, 10},                             // what the teacher explains
		{-115, 80, 0},                            // air
		axillaMM(),                               // a clip of the axilla
		ref[2].CentreMM.Add(volume.Vec{7, 0, 0}), // beside a clip that is missed
	}
	a := Answer{Seconds: 30, Path: []Look{{0, 20}, {2, 19}, {7, 25}, {10, 20}}}
	for i, p := range marks {
		a.Marks = append(a.Marks, Mark{Number: i + 1, PlaceMM: p})
	}
	got, err := Grade(context.Background(), g, a)
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Score; s.Found != 1 || s.Missed != 2 || s.False != 8 || s.SetAside != 1 || math.Abs(float64(s.MeanErrorMM)-3) > 0.01 {
		t.Errorf("score %+v", s)
	}
	want := map[int]string{
		3: "skin wire, 6.1 mm away", 4: ReasonSkin, 5: ReasonBone, 6: "nothing there: at most -90 HU, soft tissue",
		7: "odd thing: a scar's knot", 8: ReasonOutside, 9: ReasonAxillary, 10: "7.0 mm from the centre of clip 3",
	}
	want[3] = "skin wire, 6.0 mm away"
	again := 0
	for _, v := range got.Verdicts {
		switch {
		case v.Outcome == Found:
			if v.Clip != 1 || math.Abs(float64(v.ErrorMM)-3) > 0.01 {
				t.Errorf("found %+v", v)
			}
		case v.Outcome == Missed:
			if v.Reason == nil || v.Clip == 2 && v.Reason.Kind != ReasonSeen || v.Clip == 3 && v.Reason.Kind != ReasonUnseen {
				t.Errorf("missed %+v %+v", v, v.Reason)
			}
		case v.Reason.Kind == ReasonAgain:
			again++
			if v.Reason.Clip != 1 {
				t.Errorf("again %+v", v.Reason)
			}
		case v.Reason.Kind != want[v.Mark] && !strings.HasPrefix(v.Reason.String(), want[v.Mark]):
			t.Errorf("mark %d: %q %q, want %q", v.Mark, v.Reason.Kind, v.Reason, want[v.Mark])
		}
	}
	if again != 1 {
		t.Errorf("%d marks lie on a clip that is found already, want 1", again)
	}
	if got.SlicesSeen != 3 || got.Slices != 40 {
		t.Errorf("%d of %d slices seen", got.SlicesSeen, got.Slices)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}

func TestTimeOnAClipIsThatOfItsSlices(t *testing.T) {
	path := []Look{{0, 5}, {2, 6}, {5, 9}, {8, 6}}
	for _, c := range []struct {
		first, last int
		want        float64
	}{{6, 6, 3 + 12}, {5, 6, 2 + 3 + 12}, {9, 9, 3}, {7, 8, 0}} {
		if got := seenSeconds(path, 20, c.first, c.last); got != c.want {
			t.Errorf("slices %d to %d: %g s, want %g", c.first, c.last, got, c.want)
		}
	}
}

func TestAPerfectAnswerAndTheBoost(t *testing.T) {
	g := grading(t, writeChest(t))
	a := Answer{Seconds: 9, Boost: g.Reference.Target}
	for i, k := range g.Reference.Clips {
		a.Marks = append(a.Marks, Mark{Number: i + 1, PlaceMM: k.CentreMM})
	}
	got, err := Grade(context.Background(), g, a)
	if err != nil {
		t.Fatal(err)
	}
	if got.Score.Sensitivity() != 1 || got.Score.F1() != 1 || got.Score.MeanErrorMM != 0 || got.Boost == nil || got.Boost.DSC != 1 {
		t.Errorf("%+v, boost %+v", got.Score, got.Boost)
	}
	for _, alias := range []string{"", "   ", strings.Repeat("x", 41), "a\nb"} {
		g.Learner = alias
		if _, err := Grade(context.Background(), g, a); err == nil {
			t.Errorf("alias %q was taken", alias)
		}
	}
	n, err := Compare(context.Background(), g, []segment.Clip{
		{ID: 4, CentreMM: g.Reference.Clips[1].CentreMM, Kept: true},
		{ID: 7, CentreMM: volume.Vec{-70, -49, 4}, Kept: true},
		{ID: 8, CentreMM: g.Reference.Clips[2].CentreMM},
	})
	if err != nil {
		t.Fatal(err)
	}
	last := n.Verdicts[len(n.Verdicts)-1]
	if n.Found != 1 || n.Missed != 2 || n.False != 1 || last.Mark != 7 || last.Reason.Kind != "skin wire" {
		t.Errorf("network %+v", n)
	}
}
