package segment

import (
	"fmt"
	"math"
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

// analytic is a shape in mm round the origin whose margins have volumes that are known.
type analytic struct {
	name   string
	inside func(p volume.Vec) bool
	grown  func(mm float64) float64 // volume of the shape and a margin, mm3; negative for the shape less one
	size   float64                  // half extent of a box round it
}

// steiner is the volume of a convex body and a margin (Steiner's formula): v its volume, s its surface, w its mean width.
func steiner(v, s, w float64) func(mm float64) float64 {
	return func(mm float64) float64 {
		return v + s*mm + 2*math.Pi*w*mm*mm + 4*math.Pi/3*mm*mm*mm
	}
}

func sphereOf(r float64) analytic {
	return analytic{
		fmt.Sprintf("sphere %g", r), func(p volume.Vec) bool { return p.Norm() <= r },
		func(mm float64) float64 { return 4 * math.Pi / 3 * math.Pow(r+mm, 3) }, r,
	}
}

// ellipsoidOf has half axes h; its surface and mean width come from sums over directions.
func ellipsoidOf(h volume.Vec) analytic {
	const n = 200_000
	surface, width := 0.0, 0.0
	for i := range n {
		z := 1 - (2*float64(i)+1)/n
		sin, cos := math.Sincos(float64(i) * math.Pi * (3 - math.Sqrt(5)))
		q := math.Sqrt(1 - z*z)
		u := volume.Vec{q * cos, q * sin, z}
		// A patch of the unit sphere becomes det(H) |H^-1 u| times as large.
		surface += h[0] * h[1] * h[2] * volume.Vec{u[0] / h[0], u[1] / h[1], u[2] / h[2]}.Norm() * 4 * math.Pi / n
		width += 2 * volume.Vec{u[0] * h[0], u[1] * h[1], u[2] * h[2]}.Norm() / n
	}
	return analytic{
		fmt.Sprintf("ellipsoid %g", h),
		func(p volume.Vec) bool {
			return volume.Vec{p[0] / h[0], p[1] / h[1], p[2] / h[2]}.Norm() <= 1
		},
		steiner(4*math.Pi/3*h[0]*h[1]*h[2], surface, width), max(h[0], h[1], h[2]),
	}
}

// tilt is a direction oblique to the grid: along it, voxels show a shape at every phase.
func tilt() volume.Vec {
	c := volume.Vec{0.5, 0.35, 1}
	return c.Scale(1 / c.Norm())
}

// slabColumns is how many columns and rows a grid has that a slab goes through from side to side.
const slabColumns = 48

// slabOf is a tilted plate w mm thick that goes through the grid from side to side.
func slabOf(w float64) analytic {
	c := tilt()
	const side = slabColumns * analyticPx
	return analytic{
		fmt.Sprintf("slab %g", w), func(p volume.Vec) bool { return math.Abs(p.Dot(c)) <= w/2 },
		func(mm float64) float64 { return (w + 2*mm) / c[2] * side * side }, (w/2 + side/2*(c[0]+c[1])) / c[2],
	}
}

// ringOf is a tilted torus of radius round and tube radius r.
func ringOf(round, r float64) analytic {
	c := tilt()
	return analytic{
		fmt.Sprintf("ring %g by %g", round, r),
		func(p volume.Vec) bool {
			up := p.Dot(c)
			return math.Hypot(p.Sub(c.Scale(up)).Norm()-round, up) <= r
		},
		func(mm float64) float64 { return 2 * math.Pi * math.Pi * round * (r + mm) * (r + mm) }, round + r,
	}
}

const analyticPx = 1.27

// onGrid puts the shape on voxels of 1.27 x 1.27 mm and slices of sliceMM, at a random offset.
func (a analytic) onGrid(r *rand.Rand, sliceMM, roomMM float64) *volume.Mask {
	half := a.size + roomMM + sliceMM
	nx, nz := int(2*half/analyticPx)+2, int(2*half/sliceMM)+2
	if strings.HasPrefix(a.name, "slab") {
		nx = slabColumns
	}
	side := float64(nx-1) / 2 * analyticPx
	g := volume.NewUniformGrid(nx, nx, nz, analyticPx, analyticPx, sliceMM, volume.Vec{
		-side + analyticPx*(r.Float64()-0.5), -side + analyticPx*(r.Float64()-0.5), -half + sliceMM*r.Float64(),
	})
	return volume.MaskWhere(g, func(x, y, z int) bool { return a.inside(g.ToPatient(float64(x), float64(y), float64(z))) })
}

// TestMarginsOfAnalyticShapes holds the volume of a margin, averaged over 20 offsets of the grid, to the formula. A
// single offset cannot do better than voxels can: on 5 mm slices the sphere of 13 mm itself varies by 3 %. Slab and
// ring are tilted, because a face along the slices moves in steps of whole slices whatever the method.
func TestMarginsOfAnalyticShapes(t *testing.T) {
	shapes := []analytic{
		sphereOf(10), sphereOf(24), ellipsoidOf(volume.Vec{26, 15, 18}), ellipsoidOf(volume.Vec{10, 22, 14}),
		slabOf(22), ringOf(40, 10),
	}
	const offsets = 20
	for _, sliceMM := range []float64{3, 5} {
		bar := 0.01
		if sliceMM == 5 {
			bar = 0.02
		}
		for _, s := range shapes {
			for _, mm := range []float64{3, 15} {
				r := rand.New(rand.NewSource(int64(sliceMM*1000 + mm)))
				mean, worst := 0.0, 0.0
				for range offsets {
					e := Expand(s.onGrid(r, sliceMM, mm), UniformMargin(mm)).VolumeMM3()/s.grown(mm) - 1
					mean += e / offsets
					worst = max(worst, math.Abs(e))
				}
				t.Logf("%-22s %g mm slices, margin %4g mm: mean %+.2f %%, worst %.2f %%", s.name, sliceMM, mm, 100*mean, 100*worst)
				if math.Abs(mean) > bar {
					t.Errorf("%s on %g mm slices, margin %g mm: volume off by %.2f %%, bar %g %%", s.name, sliceMM, mm, 100*mean, 100*bar)
				}
			}
		}
	}
}

// gauge is how far q lies from the origin in units of a margin: 1 on its border.
func gauge(mg Margin, q volume.Vec) float64 {
	sum := 0.0
	for i, pair := range [3][2]float64{{mg.R, mg.L}, {mg.A, mg.P}, {mg.I, mg.S}} {
		h := pair[0]
		if q[i] > 0 {
			h = pair[1]
		}
		u := q[i] / max(h, leastMarginMM)
		sum += u * u
	}
	return math.Sqrt(sum)
}

// least is the least gauge of p as seen from the spans of s, and ok whether it is clear of 1.
func (s *solid) leastGauge(mg Margin, p volume.Vec) float64 {
	g, best := s.grid, math.Inf(1)
	at := func(x, y, z float64) float64 {
		return gauge(mg, p.Sub(g.Origin.Add(g.Row.Scale(x)).Add(g.Col.Scale(y)).Add(g.Normal().Scale(z))))
	}
	for k, z := range s.zs {
		var rows []tip
		for j := range s.ny {
			for _, sp := range s.row(k, j) {
				rows = append(rows, tip{s.y(j), sp})
			}
		}
		if s.tips != nil {
			rows = append(rows, s.tips[k]...)
		}
		for _, row := range rows {
			lo, hi := row.x0, row.x1
			if g.Row[0] == 1 {
				lo = min(max(p[0]-g.Origin[0], lo), hi)
				hi = lo
			}
			for i := 0; i < 60 && hi > lo; i++ { // the gauge is convex along a row
				a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
				if at(a, row.y, z) < at(b, row.y, z) {
					hi = b
				} else {
					lo = a
				}
			}
			best = min(best, at((lo+hi)/2, row.y, z))
		}
	}
	return best
}

// obliqueGrid turns g by the same odd angles every time.
func obliqueGrid(g *volume.Grid) *volume.Grid {
	h := *g
	h.Row = volume.Vec{0.8, 0.48, 0.36}
	h.Row = h.Row.Scale(1 / h.Row.Norm())
	h.Col = volume.Vec{-0.5, 0.85, 0.1}
	h.Col = h.Col.Sub(h.Row.Scale(h.Row.Dot(h.Col)))
	h.Col = h.Col.Scale(1 / h.Col.Norm())
	return &h
}

// onBorder tells whether p, d of a margin away, lies outside, but within the pixels' share beyond the border that counts as in: of a
// margin of 0 mm, taken for a millionth, that is a large part.
func onBorder(s *solid, mg Margin, p volume.Vec, d float64) bool {
	step := s.grid.Row.Scale(2 * borderPx * s.grid.SpacingX)
	return d > 1 && min(s.leastGauge(mg, p.Add(step)), s.leastGauge(mg, p.Sub(step))) <= 1
}

func TestMarginsAgainstEverySpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(6, 4).Draw(t, "grid")
		if rapid.Bool().Draw(t, "oblique") {
			g = obliqueGrid(g)
		}
		m := noise(g, rapid.Int64().Draw(t, "seed"), rapid.SampledFrom([]float64{0.03, 0.3}).Draw(t, "share"))
		if m.Empty() {
			return
		}
		mm := rapid.SampledFrom([]float64{0, 0.7, 2, 3, 5.5})
		mg := Margin{mm.Draw(t, "R"), mm.Draw(t, "L"), mm.Draw(t, "A"), mm.Draw(t, "P"), mm.Draw(t, "S"), mm.Draw(t, "I")}
		s := newSolidFor(m, m.Bounds(), newReach(g, mg))
		grown, shrunk := Expand(m, mg), Contract(m, mg)
		out := newSolid(m, m.Bounds()).outside(newReach(g, mg.opposite()))
		for z := range g.Nz() {
			for y := range g.Ny {
				for x := range g.Nx {
					p := g.ToPatient(float64(x), float64(y), float64(z))
					d := s.leastGauge(mg, p)
					if want := d <= 1 || m.At(x, y, z); grown.At(x, y, z) != want && math.Abs(d-1) > 1e-4 && !onBorder(s, mg, p, d) {
						t.Fatalf("margin %v: voxel (%d %d %d) is %v at %g of the margin", mg, x, y, z, !want, d)
					}
					// What is outside, seen from a voxel inside, has the directions the other way round.
					d = out.leastGauge(mg.opposite(), p)
					if want := m.At(x, y, z) && d > 1; shrunk.At(x, y, z) != want && math.Abs(d-1) > 1e-4 && !onBorder(out, mg.opposite(), p, d) {
						t.Fatalf("contract %v: voxel (%d %d %d) is %v at %g of the margin", mg, x, y, z, !want, d)
					}
				}
			}
		}
	})
}

// TestFarthestEndsAreThoseOfEveryRow holds the search that leaves blocks of rows out against one that leaves none.
func TestFarthestEndsAreThoseOfEveryRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(24, 6).Draw(t, "grid")
		if rapid.Bool().Draw(t, "oblique") {
			g = obliqueGrid(g)
		}
		m := noise(g, rapid.Int64().Draw(t, "seed"), rapid.SampledFrom([]float64{0.003, 0.02, 0.9}).Draw(t, "share"))
		if rapid.Bool().Draw(t, "blob") {
			at := volume.Vec{12 * g.SpacingX, 12 * g.SpacingY, g.SliceMM[g.Nz()/2]}
			p := g.Origin.Add(g.Row.Scale(at[0])).Add(g.Col.Scale(at[1])).Add(g.Normal().Scale(at[2]))
			m = ball(g, p, 9).Subtract(ball(g, p, rapid.SampledFrom([]float64{0, 5}).Draw(t, "hollow")))
		}
		if m.Empty() {
			return
		}
		mm := rapid.SampledFrom([]float64{0, 0.7, 2, 3, 5.5, 15})
		r := newReach(g, Margin{mm.Draw(t, "R"), mm.Draw(t, "L"), mm.Draw(t, "A"), mm.Draw(t, "P"), mm.Draw(t, "S"), mm.Draw(t, "I")})
		s := newSolidFor(m, m.Bounds(), r)
		got, want := s.dilate(r), volume.NewMask(g)
		w := newWidening(s, r)
		for z := range g.Nz() {
			w.slice(want, z)
		}
		if !got.Equal(want) {
			t.Fatalf("%d voxels, want %d; %d differ", got.Count(), want.Count(), got.Subtract(want).Count()+want.Subtract(got).Count())
		}
	})
}

// TestCoarserRowsKeepTheMargin: on rows as far apart as a margin allows, no voxel is more than 0.1 mm on the wrong side of
// the border that rows 0.15 mm apart give.
func TestCoarserRowsKeepTheMargin(t *testing.T) {
	for seed, sliceMM := range []float64{3, 5, 3, 5, 3, 5} {
		g := volume.NewUniformGrid(64, 64, int(80/sliceMM), 1.27, 1.27, sliceMM, volume.Vec{})
		at := g.ToPatient(31.3, 30.8, 38/sliceMM)
		m := ball(g, at, 14).Union(ball(g, at.Add(volume.Vec{9, 6, 3}), 11)).Subtract(ball(g, at.Add(volume.Vec{-12, 2, 1}), 6))
		if seed > 1 {
			r := rand.New(rand.NewSource(int64(seed)))
			at = g.ToPatient(31+r.Float64(), 30+r.Float64(), (38+3*r.Float64())/sliceMM)
			v := func(mm float64) volume.Vec {
				return at.Add(volume.Vec{mm * r.NormFloat64(), mm * r.NormFloat64(), mm * r.NormFloat64()})
			}
			m = ball(g, at, 10+4*r.Float64()).Union(ball(g, v(6), 7+5*r.Float64())).Union(ball(g, v(6), 6+5*r.Float64())).Subtract(ball(g, v(9), 3+4*r.Float64()))
		}
		for _, mg := range []Margin{UniformMargin(3), UniformMargin(5), UniformMargin(15), {15, 14, 13, 15, 12, 15}, {15, 5, 8, 5, 10, 15}} {
			grown := Expand(m, mg)
			// Margins a little narrower and wider on fine rows are what that allows.
			fine := newSolidOf(m, m.Bounds(), 0.15)
			const off = 0.1
			least := fine.dilate(newReach(g, Margin{mg.R - off, mg.L - off, mg.A - off, mg.P - off, mg.S - off, mg.I - off}))
			most := fine.dilate(newReach(g, Margin{mg.R + off, mg.L + off, mg.A + off, mg.P + off, mg.S + off, mg.I + off})).Union(m)
			if n := least.Subtract(grown).Count(); n > 0 {
				t.Errorf("%g mm slices, margin %v: %d voxels more than 0.1 mm within the border are out", sliceMM, mg, n)
			}
			if n := grown.Subtract(most).Count(); n > 0 {
				t.Errorf("%g mm slices, margin %v: %d voxels more than 0.1 mm beyond the border are in", sliceMM, mg, n)
			}
		}
	}
}

// toTriangle is the distance from p to the triangle a b c.
func toTriangle(p, a, b, c volume.Vec) float64 {
	n := b.Sub(a).Cross(c.Sub(a))
	n = n.Scale(1 / n.Norm())
	inside := true
	best := math.Inf(1)
	for _, e := range [3][2]volume.Vec{{a, b}, {b, c}, {c, a}} {
		along := e[1].Sub(e[0])
		if n.Cross(along).Dot(p.Sub(e[0])) < 0 {
			inside = false
		}
		f := min(max(p.Sub(e[0]).Dot(along)/along.Dot(along), 0), 1)
		best = min(best, p.Distance(e[0].Add(along.Scale(f))))
	}
	if inside {
		return math.Abs(n.Dot(p.Sub(a)))
	}
	return best
}

func TestBedMarginsAreTrueToATenthOfAMillimetre(t *testing.T) {
	for _, sliceMM := range []float64{3, 5} {
		g := volume.NewUniformGrid(60, 60, int(76/sliceMM), 1.27, 1.27, sliceMM, volume.Vec{})
		clips := clipsOnASphere(g, 9, 22, int64(sliceMM))
		b := newBed(g, clips)
		var points []volume.Vec
		for _, c := range clips {
			points = append(points, surfacePoints(c.Mask)...)
		}
		h, _ := newHull(points)
		for _, mm := range []float64{3, 10} {
			grown := b.body.dilate(newReach(g, UniformMargin(mm))).Union(b.mask)
			worst := 0.0
			for z := range g.Nz() {
				for y := range g.Ny {
					for x := range g.Nx {
						p := volume.Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]}
						d, above := math.Inf(1), math.Inf(-1)
						for _, f := range h.facets {
							above = max(above, f.plane.above(p))
						}
						if above <= 0 {
							d = above
						} else if above <= mm+1 {
							for _, f := range h.facets {
								d = min(d, toTriangle(p, h.points[f.corner[0]], h.points[f.corner[1]], h.points[f.corner[2]]))
							}
						}
						if grown.At(x, y, z) != (d <= mm) {
							worst = max(worst, math.Abs(d-mm))
						}
					}
				}
			}
			t.Logf("%g mm slices, margin %g mm: a voxel on the wrong side is at most %.3f mm from the border", sliceMM, mm, worst)
			if worst > 0.1 {
				t.Errorf("%g mm slices, margin %g mm: a voxel is %.3f mm on the wrong side of the border", sliceMM, mm, worst)
			}
		}
	}
}

func TestBooleansOfNestedAndDisjointShapes(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 20, 1.5, 1.5, 3, volume.Vec{})
	outer, inner := ball(g, volume.Vec{24, 30, 30}, 16), ball(g, volume.Vec{26, 30, 30}, 7)
	away, none := ball(g, volume.Vec{52, 30, 30}, 6), volume.NewMask(g)
	ring := outer.Subtract(inner)
	for _, c := range []struct {
		name      string
		got, want *volume.Mask
	}{
		{"union of nested", outer.Union(inner), outer},
		{"union the other way", inner.Union(outer), outer},
		{"intersection of nested", outer.Intersect(inner), inner},
		{"the inner less the outer", inner.Subtract(outer), none},
		{"a ring and its hole", ring.Union(inner), outer},
		{"a ring without its hole", ring.Intersect(inner), none},
		{"intersection of disjoint", outer.Intersect(away), none},
		{"disjoint subtracted", outer.Subtract(away), outer},
		{"union of disjoint, one taken away", outer.Union(away).Subtract(away), outer},
		{"nothing added", outer.Union(none), outer},
		{"less itself", outer.Subtract(outer), none},
		{"less nothing", outer.Subtract(none), outer},
	} {
		if !c.got.Equal(c.want) {
			t.Errorf("%s: %d voxels, want %d", c.name, c.got.Count(), c.want.Count())
		}
	}
	if n := outer.Union(away).Count(); n != outer.Count()+away.Count() {
		t.Errorf("union of disjoint has %d voxels", n)
	}
	// A margin goes into the hole of a ring as it goes out, and closes it when it is wide enough.
	if in := Expand(ring, UniformMargin(3)).Intersect(inner).Count(); in == 0 || in >= inner.Count() {
		t.Errorf("3 mm into a hole of 7 mm: %d of %d voxels", in, inner.Count())
	}
	if hole := inner.Subtract(Expand(ring, UniformMargin(8))).Count(); hole != 0 {
		t.Errorf("%d voxels of a hole of 7 mm are left by 8 mm", hole)
	}
	if m := Contract(inner, UniformMargin(9)); !m.Empty() {
		t.Errorf("7 mm less 9 mm leave %d voxels", m.Count())
	}
}
