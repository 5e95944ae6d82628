package segment

import (
	"math"
	"math/rand"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

// grids draws small anisotropic grids with even or uneven slices.
func grids(maxPx, maxSlices int) *rapid.Generator[*volume.Grid] {
	return rapid.Custom(func(t *rapid.T) *volume.Grid {
		spacing := rapid.Float64Range(0.5, 3)
		nx, ny := rapid.IntRange(1, maxPx).Draw(t, "nx"), rapid.IntRange(1, maxPx).Draw(t, "ny")
		nz := rapid.IntRange(1, maxSlices).Draw(t, "nz")
		g := volume.NewUniformGrid(nx, ny, nz, spacing.Draw(t, "sx"), spacing.Draw(t, "sy"), rapid.Float64Range(0.5, 5).Draw(t, "sz"), volume.Vec{-50, 20, 300})
		if rapid.Bool().Draw(t, "uneven") {
			for z := 1; z < nz; z++ {
				g.SliceMM[z] = g.SliceMM[z-1] + rapid.Float64Range(0.5, 6).Draw(t, "step")
			}
		}
		return g
	})
}

// noise returns a mask with about the given share of voxels.
func noise(g *volume.Grid, seed int64, share float64) *volume.Mask {
	r := rand.New(rand.NewSource(seed))
	return volume.MaskWhere(g, func(_, _, _ int) bool { return r.Float64() < share })
}

func TestSurfaceDistancesAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(8, 5).Draw(t, "grid")
		share := rapid.Float64Range(0, 1)
		a := noise(g, rapid.Int64().Draw(t, "seed"), share.Draw(t, "share"))
		b := noise(g, rapid.Int64().Draw(t, "seed"), share.Draw(t, "share"))
		surface := func(m *volume.Mask) (points []volume.Vec) {
			for z := range g.Nz() {
				for y := range g.Ny {
					for x := range g.Nx {
						inside := 0
						for _, d := range [][3]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}} {
							if m.Has(x+d[0], y+d[1], z+d[2]) {
								inside++
							}
						}
						if m.At(x, y, z) && inside < 6 {
							points = append(points, g.ToPatient(float64(x), float64(y), float64(z)))
						}
					}
				}
			}
			return points
		}
		directed := func(from, to []volume.Vec) (all []float64) {
			for _, p := range from {
				least := math.Inf(1)
				for _, q := range to {
					least = min(least, p.Distance(q))
				}
				all = append(all, least)
			}
			sort.Float64s(all)
			return all
		}
		hd95, asd, ok := SurfaceDistances(a, b)
		pa, pb := surface(a), surface(b)
		if ok != (len(pa) > 0 && len(pb) > 0) {
			t.Fatalf("ok is %v for %d and %d surface points", ok, len(pa), len(pb))
		}
		if !ok {
			return
		}
		ab, ba := directed(pa, pb), directed(pb, pa)
		at95 := func(d []float64) float64 {
			p := 0.95 * float64(len(d)-1)
			lo, hi := math.Floor(p), math.Ceil(p)
			return d[int(lo)]*(1-(p-lo)) + d[int(hi)]*(p-lo)
		}
		sum := 0.0
		for _, d := range append(append([]float64{}, ab...), ba...) {
			sum += d
		}
		if want := sum / float64(len(ab)+len(ba)); math.Abs(asd-want) > 1e-9 {
			t.Fatalf("ASD %g, want %g", asd, want)
		}
		if want := max(at95(ab), at95(ba)); math.Abs(hd95-want) > 1e-9 {
			t.Fatalf("HD95 %g, want %g", hd95, want)
		}
	})
}

func TestDSC(t *testing.T) {
	g := volume.NewUniformGrid(10, 1, 2, 1, 1, 3, volume.Vec{})
	row := func(x0, x1 int) *volume.Mask {
		m := volume.NewMask(g)
		m.SetSpan(x0, x1, 0, 1)
		return m
	}
	for _, c := range []struct {
		a, b *volume.Mask
		want float64
	}{
		{row(0, 4), row(2, 6), 0.5},
		{row(0, 4), row(0, 4), 1},
		{row(0, 4), row(4, 8), 0},
		{row(0, 0), row(0, 4), 0},
		{row(0, 0), row(0, 0), 1},
		{row(0, 8), row(0, 4), 8.0 / 12},
	} {
		if got := DSC(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("DSC %g, want %g", got, c.want)
		}
	}
}

func TestSquaredToVoxelsAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(12, 6).Draw(t, "grid")
		m := noise(g, rapid.Int64().Draw(t, "seed"), rapid.SampledFrom([]float64{0, 0.01, 0.1, 0.5}).Draw(t, "share"))
		d := squaredToVoxels(m, g.Bounds())
		points := voxelPoints(m)
		for z := range g.Nz() {
			for y := range g.Ny {
				for x := range g.Nx {
					p := volume.Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]}
					want := math.Inf(1)
					for _, q := range points {
						want = min(want, p.Distance(q))
					}
					got := math.Sqrt(float64(d[g.Index(x, y, z)]))
					if len(points) == 0 && d[g.Index(x, y, z)] != far || len(points) > 0 && math.Abs(got-want) > 1e-4 {
						t.Fatalf("voxel (%d %d %d): %g, want %g", x, y, z, got, want)
					}
				}
			}
		}
	})
}

func TestLargeMasksTakeTheMap(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 30, 1, 1, 2.5, volume.Vec{})
	a, b := ball(g, volume.Vec{40, 40, 36}, 30), ball(g, volume.Vec{41, 40, 36}, 30)
	sa, sb := SurfaceVoxels(a), SurfaceVoxels(b)
	if sa.Count()*sb.Count() <= directPairs {
		t.Fatalf("%d x %d points are too few for this test", sa.Count(), sb.Count())
	}
	got, want := directedDistances(sa, sb), pairedDistances(voxelPoints(sa), voxelPoints(sb))
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-4 {
			t.Fatalf("point %d: %g, want %g", i, got[i], want[i])
		}
	}
}

// ball returns the voxels whose centre is within radiusMM of centre, LPS mm.
func ball(g *volume.Grid, centre volume.Vec, radiusMM float64) *volume.Mask {
	return volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Distance(centre) <= radiusMM
	})
}

func BenchmarkSurfaceDistancesBalls(b *testing.B) {
	g := volume.NewUniformGrid(200, 200, 60, 1, 1, 3, volume.Vec{})
	p, q := ball(g, volume.Vec{100, 100, 90}, 60), ball(g, volume.Vec{102, 101, 92}, 60)
	for b.Loop() {
		SurfaceDistances(p, q)
	}
}
