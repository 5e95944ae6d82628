package segment

import (
	"math"
	"math/rand"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestSmoothAgainstTheSumOverEveryVoxel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(8, 5).Draw(t, "grid")
		m := noise(g, rapid.Int64().Draw(t, "seed"), 0.4)
		if m.Empty() {
			return
		}
		mm := rapid.Float64Range(0.5, 4).Draw(t, "mm")
		field := blurred(m, g.Bounds(), mm)
		share := func(i, j, n int, at func(int) float64) float64 { // of a Gaussian at i that falls on voxel j
			low, high := -1.0, 1.0
			if j > 0 {
				low = math.Erf(((at(j-1)+at(j))/2 - at(i)) / (mm * math.Sqrt2))
			}
			if j < n-1 {
				high = math.Erf(((at(j)+at(j+1))/2 - at(i)) / (mm * math.Sqrt2))
			}
			return (high - low) / 2
		}
		at := [3]func(int) float64{
			func(i int) float64 { return float64(i) * g.SpacingX }, func(i int) float64 { return float64(i) * g.SpacingY },
			func(i int) float64 { return g.SliceMM[i] },
		}
		for range 12 {
			x, y, z := rapid.IntRange(0, g.Nx-1).Draw(t, "x"), rapid.IntRange(0, g.Ny-1).Draw(t, "y"), rapid.IntRange(0, g.Nz()-1).Draw(t, "z")
			want := 0.0
			m.Each(func(i, j, k int) {
				want += share(x, i, g.Nx, at[0]) * share(y, j, g.Ny, at[1]) * share(z, k, g.Nz(), at[2])
			})
			if got := float64(field[g.Index(x, y, z)]); math.Abs(got-want) > 2e-3 {
				t.Fatalf("voxel (%d %d %d): %g, want %g", x, y, z, got, want)
			}
		}
	})
}

func TestSmoothKeepsVolumeAndTakesCorners(t *testing.T) {
	g := volume.NewUniformGrid(70, 70, 30, 1.2, 1.2, 3, volume.Vec{})
	box := volume.MaskWhere(g, func(x, y, z int) bool { return x > 15 && x < 55 && y > 15 && y < 55 && z > 7 && z < 22 })
	spur := box.Clone()
	spur.SetSpan(55, 66, 35, 15)
	s := Smooth(spur, 4)
	if r := s.VolumeMM3() / spur.VolumeMM3(); math.Abs(r-1) > 0.01 {
		t.Errorf("volume became %.3f times as large", r)
	}
	if s.At(16, 16, 8) || s.At(65, 35, 15) || !s.At(35, 35, 15) {
		t.Error("a corner or a spur is left, or the middle is gone")
	}
	if !Smooth(volume.NewMask(g), 3).Empty() || !Smooth(box, 0).Equal(box) {
		t.Error("nothing, or by nothing")
	}
}

func TestRemoveIslands(t *testing.T) {
	g := volume.NewUniformGrid(60, 60, 20, 1, 1, 2, volume.Vec{})
	large, small, tiny := ball(g, volume.Vec{20, 20, 20}, 10), ball(g, volume.Vec{45, 45, 20}, 6), ball(g, volume.Vec{50, 12, 20}, 2)
	all := large.Union(small).Union(tiny)
	for cc, want := range map[float64]*volume.Mask{0: all, 0.3: large.Union(small), 3: large, 100: large} {
		if got := RemoveIslands(all, cc); !got.Equal(want) {
			t.Errorf("from %g cc: %d voxels, want %d", cc, got.Count(), want.Count())
		}
	}
	if !RemoveIslands(volume.NewMask(g), 1).Empty() {
		t.Error("islands of nothing")
	}
}

func TestInterpolateGivesBackTheSlicesOfACone(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 24, 1, 1, 2, volume.Vec{})
	whole := volume.MaskWhere(g, func(x, y, z int) bool { // a leaning cone
		return z >= 3 && z <= 19 && math.Hypot(float64(x)-30-0.6*float64(z), float64(y)-40) <= 8+float64(z)
	})
	gaps := volume.MaskWhere(g, func(x, y, z int) bool { return z%4 == 3 && whole.At(x, y, z) })
	if s := share(Interpolate(gaps, 10), whole); s < 0.985 {
		t.Errorf("overlap with the whole cone %.3f", s)
	}
	if !Interpolate(gaps, 5).Equal(gaps) {
		t.Error("a gap wider than asked for is filled")
	}
	if !Interpolate(whole, 10).Equal(whole) {
		t.Error("without gaps something changes")
	}
}

func TestSignedInSliceAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(10, 1).Draw(t, "grid")
		m := noise(g, rapid.Int64().Draw(t, "seed"), 0.5)
		if m.Empty() {
			return
		}
		b := m.Bounds()
		d := signedInSlice(m, b, 0, nil)
		half := math.Sqrt(g.SpacingX*g.SpacingY) / 2
		i := 0
		for y := b.Min[1]; y < b.Max[1]; y++ {
			for x := b.Min[0]; x < b.Max[0]; x++ {
				least := math.Inf(1)
				for v := b.Min[1] - 1; v <= b.Max[1]; v++ {
					for u := b.Min[0] - 1; u <= b.Max[0]; u++ {
						in := b.Contains(u, v, 0) && m.At(u, v, 0)
						if in != m.At(x, y, 0) {
							least = min(least, math.Hypot(float64(u-x)*g.SpacingX, float64(v-y)*g.SpacingY))
						}
					}
				}
				want := least - half
				if !m.At(x, y, 0) {
					want = half - least
				}
				if math.Abs(float64(d[i])-want) > 1e-3 {
					t.Fatalf("pixel (%d %d): %g, want %g", x, y, d[i], want)
				}
				i++
			}
		}
	})
}

func TestAlphaTetrahedraFillTheHullWithoutOverlap(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 20 {
		points := make([]volume.Vec, 4+r.Intn(9))
		for i := range points {
			points[i] = volume.Vec{30 * r.Float64(), 30 * r.Float64(), 30 * r.Float64()}
		}
		h, ok := newHull(points)
		if !ok {
			continue
		}
		sum := 0.0
		for _, q := range alphaTetrahedra(points, math.Inf(1)) {
			a := points[q[0]]
			sum += math.Abs(points[q[1]].Sub(a).Dot(points[q[2]].Sub(a).Cross(points[q[3]].Sub(a)))) / 6
		}
		if math.Abs(sum/h.volumeMM3()-1) > 1e-4 {
			t.Errorf("%d points: tetrahedra of %.2f mm3 in a hull of %.2f", len(points), sum, h.volumeMM3())
		}
		for _, q := range alphaTetrahedra(points, 12) {
			centre, radius, _ := circumsphere(points[q[0]], points[q[1]], points[q[2]], points[q[3]])
			if radius > 12.001 {
				t.Errorf("a sphere of %g mm", radius)
			}
			for _, i := range q {
				if math.Abs(points[i].Distance(centre)-radius) > 1e-3 {
					t.Errorf("a corner is %g mm from the centre, not %g", points[i].Distance(centre), radius)
				}
			}
		}
	}
}

func TestAlphaBedLeavesTheHollowOfAnL(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 24, 1, 1, 3, volume.Vec{})
	var clips []Clip
	add := func(x, y, z int) { clips = append(clips, clipAt(g, len(clips)+1, "L", x, y, z)) }
	for _, z := range []int{6, 13} { // an L of squares of 20 mm
		for _, p := range [][2]int{{10, 10}, {30, 10}, {50, 10}, {70, 10}, {10, 30}, {30, 30}, {50, 30}, {70, 30}, {10, 50}, {30, 50}, {10, 70}, {30, 70}} {
			add(p[0], p[1], z)
		}
	}
	hull, alpha := newBed(g, clips), newAlphaBed(g, clips, 20)
	if !hull.mask.At(46, 46, 10) || alpha.mask.At(46, 46, 10) {
		t.Error("the hollow of the L: in the hull it must be, in the alpha shape not")
	}
	for _, c := range clips {
		if !c.Mask.Subtract(alpha.mask).Empty() {
			t.Errorf("clip %d is not in its bed", c.ID)
		}
	}
	if out := alpha.mask.Subtract(hull.mask).Count(); out > 0 {
		t.Errorf("%d voxels outside the hull", out)
	}
	if wide := newAlphaBed(g, clips, 1000); share(wide.mask, hull.mask) < 0.97 {
		t.Errorf("without bound the overlap with the hull is %.3f", share(wide.mask, hull.mask))
	}
	if few := newAlphaBed(g, clips[:3], 20); !few.mask.Equal(newBed(g, clips[:3]).mask) {
		t.Error("three clips have another bed")
	}
}
