package segment

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

// bestPairing is assign by trying every pairing: the most pairs, then the least distance.
func bestPairing(rows, columns []volume.Vec, radiusMM float64) (pairs int, distance float64) {
	used := make([]bool, len(columns))
	var try func(i, n int, d float64)
	distance = math.Inf(1)
	try = func(i, n int, d float64) {
		if i == len(rows) {
			if n > pairs || n == pairs && d < distance {
				pairs, distance = n, d
			}
			return
		}
		try(i+1, n, d)
		for j, c := range columns {
			if e := rows[i].Distance(c); !used[j] && e <= radiusMM {
				used[j] = true
				try(i+1, n+1, d+e)
				used[j] = false
			}
		}
	}
	try(0, 0, 0)
	return pairs, distance
}

func TestMatchAgainstEveryPairing(t *testing.T) {
	points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) volume.Vec {
		r := rapid.Float64Range(0, 15)
		return volume.Vec{r.Draw(t, "x"), r.Draw(t, "y"), r.Draw(t, "z")}
	}), 0, 5)
	rapid.Check(t, func(t *rapid.T) {
		truth, found, ignore := points.Draw(t, "truth"), points.Draw(t, "found"), points.Draw(t, "ignore")
		radius := rapid.Float64Range(1, 10).Draw(t, "radius")
		m := Match(truth, found, ignore, radius)
		seen := make([]int, len(found))
		distance := 0.0
		for _, p := range m.Pairs {
			seen[p.Found]++
			d := truth[p.Truth].Distance(found[p.Found])
			if d > radius || d != p.DistanceMM {
				t.Fatalf("pair %v is %g mm apart", p, d)
			}
			distance += d
		}
		for _, j := range append(append([]int{}, m.False...), m.Ignored...) {
			seen[j]++
		}
		for j, n := range seen {
			if n != 1 {
				t.Fatalf("found clip %d is counted %d times", j, n)
			}
		}
		if len(m.Pairs)+len(m.Missed) != len(truth) {
			t.Fatalf("%d pairs and %d missed of %d truths", len(m.Pairs), len(m.Missed), len(truth))
		}
		pairs, least := bestPairing(append(append([]volume.Vec{}, truth...), ignore...), found, radius)
		if len(m.Pairs)+len(m.Ignored) != pairs {
			t.Fatalf("%d pairs, want %d", len(m.Pairs)+len(m.Ignored), pairs)
		}
		if len(ignore) == 0 && math.Abs(distance-least) > 1e-9 {
			t.Fatalf("total distance %g, want %g", distance, least)
		}
	})
}

func TestMatchIgnoresAxillaryClips(t *testing.T) {
	truth := []volume.Vec{{0, 0, 0}, {10, 0, 0}, {20, 0, 0}}
	found := []volume.Vec{{1, 0, 0}, {60, 0, 1}, {40, 0, 0}, {19, 0, 0}, {21.5, 0, 0}}
	got := Match(truth, found, []volume.Vec{{60, 0, 0}}, 5)
	want := Matching{
		Pairs:   []Pair{{0, 0, 1}, {2, 3, 1}},
		Missed:  []int{1},
		False:   []int{2, 4},
		Ignored: []int{1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMatchTakesMorePairsOverNearerOnes(t *testing.T) {
	// The nearest pair (truth 0, found 1) would leave truth 1 without any.
	m := Match([]volume.Vec{{0, 0, 0}, {5, 0, 0}}, []volume.Vec{{-4, 0, 0}, {1, 0, 0}}, nil, 5)
	if len(m.Pairs) != 2 || m.Pairs[0].Found != 0 || m.Pairs[1].Found != 1 {
		t.Errorf("pairs %v", m.Pairs)
	}
}

func BenchmarkMatch12Of300(b *testing.B) {
	var truth, found []volume.Vec
	for i := range 300 {
		p := volume.Vec{float64(i % 7 * 9), float64(i % 11 * 9), float64(i % 13 * 9)}
		if i < 12 {
			truth = append(truth, p.Add(volume.Vec{1, 1, 1}))
		}
		found = append(found, p)
	}
	for b.Loop() {
		Match(truth, found, nil, 5)
	}
}
