package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// TestCoverHoldsEveryDenseVoxel: windows lie in the grid, hold every voxel that may be clip and what surrounds it, and are no
// more than a regular lattice would take.
func TestCoverHoldsEveryDenseVoxel(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const patch, overlap = 96, 0.125
	for range 30 {
		size := [3]int{96 + rng.IntN(160), 96 + rng.IntN(80), 96 + rng.IntN(160)}
		g := volume.NewUniformGrid(size[0], size[1], size[2], 2, 2, 2, volume.Vec{})
		r := &resampled{Placement: Placement{Grid: g, Source: g}, hu: make([]int16, g.Len())}
		for i := range r.hu {
			r.hu[i] = outsideBody
		}
		var dense [][3]int
		low, high := [3]int{rng.IntN(40), rng.IntN(40), rng.IntN(40)}, [3]int{}
		for i := range high {
			high[i] = size[i] - rng.IntN(40)
		}
		for range 40 {
			p := [3]int{low[0] + rng.IntN(high[0]-low[0]), low[1] + rng.IntN(high[1]-low[1]), low[2] + rng.IntN(high[2]-low[2])}
			r.hu[g.Index(p[0], p[1], p[2])] = denseHU + int16(rng.IntN(1000))
			dense = append(dense, p)
		}
		starts := r.cover(g.Bounds(), patch, overlap)
		for _, s := range starts {
			if b := patchBox(s, patch); b.Intersect(g.Bounds()) != b {
				t.Fatalf("window %v leaves the grid %v", b, size)
			}
		}
		for _, p := range dense {
			around := volume.Box{Min: [3]int{p[0] - 4, p[1] - 4, p[2] - 4}, Max: [3]int{p[0] + 5, p[1] + 5, p[2] + 5}}.Intersect(g.Bounds())
			if !held(starts, patch, around) {
				t.Fatalf("no window holds %v and what surrounds it in %v: %v", p, size, starts)
			}
		}
		if lattice := patchStarts(g.Bounds(), patch, 0.25); len(starts) > len(lattice) {
			t.Errorf("%d windows over %v, a lattice has %d", len(starts), size, len(lattice))
		}
	}
}

func held(starts [][3]int, patch int, b volume.Box) bool {
	for _, s := range starts {
		if patchBox(s, patch).Intersect(b) == b {
			return true
		}
	}
	return false
}

func TestEvenStarts(t *testing.T) {
	for _, c := range []struct{ lo, hi, least, count int }{{0, 96, 12, 1}, {10, 50, 12, 1}, {0, 97, 12, 2}, {0, 180, 12, 2}, {0, 181, 12, 3}, {5, 255, 12, 3}} {
		starts := evenStarts(c.lo, c.hi, 96, c.least, 0, 300)
		if len(starts) != c.count {
			t.Errorf("%v: %d windows", c, len(starts))
		}
		for i, s := range starts {
			if i > 0 && starts[i-1]+96-s < c.least {
				t.Errorf("%v: windows at %v overlap too little", c, starts)
			}
		}
		if starts[0] > c.lo || starts[len(starts)-1]+96 < c.hi {
			t.Errorf("%v: %v does not reach from end to end", c, starts)
		}
	}
}

func TestNothingDenseNeedsNoWindow(t *testing.T) {
	g := volume.NewUniformGrid(96, 96, 96, 2, 2, 2, volume.Vec{})
	r := &resampled{Placement: Placement{Grid: g, Source: g}, hu: make([]int16, g.Len())}
	if starts := r.cover(g.Bounds(), 96, 0.125); len(starts) != 0 {
		t.Errorf("%d windows over water", len(starts))
	}
}
