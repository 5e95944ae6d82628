package volume

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// distanceToLine is the distance from v to the line from a to b.
func distanceToLine(v, a, b Vec) float64 {
	d := b.Sub(a)
	t := 0.0
	if l := d.Dot(d); l > 0 {
		t = min(max(v.Sub(a).Dot(d)/l, 0), 1)
	}
	return v.Distance(a.Add(d.Scale(t)))
}

func TestPaintAgainstDistanceOfEveryVoxel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(40, 6).Draw(t, "mask")
		g := m.Grid
		point := func(name string) Vec {
			return g.ToPatient(
				rapid.Float64Range(-3, float64(g.Nx)+2).Draw(t, name+" x"), rapid.Float64Range(-3, float64(g.Ny)+2).Draw(t, name+" y"),
				rapid.Float64Range(-1, float64(g.Nz())).Draw(t, name+" z"))
		}
		a, b := point("from"), point("to")
		radius := rapid.Float64Range(0, 20).Draw(t, "radius")
		in := rapid.Bool().Draw(t, "in")
		var on *Slice
		if rapid.Bool().Draw(t, "flat") {
			axis := rapid.IntRange(0, 2).Draw(t, "axis")
			on = &Slice{axis, rapid.IntRange(0, [3]int{g.Nx, g.Ny, g.Nz()}[axis]-1).Draw(t, "index")}
		}
		painted := m.Clone()
		painted.Paint(a, b, radius, on, in)
		// Flattened onto the slice, the ends keep their other two coordinates.
		flat := func(p Vec) Vec {
			if on == nil {
				return p
			}
			axis := [3]Vec{g.Row, g.Col, g.Normal()}[on.Axis]
			return p.Add(axis.Scale(g.axisMM(on.Axis, on.Index) - p.Sub(g.Origin).Dot(axis)))
		}
		fa, fb := flat(a), flat(b)
		end := g.alongAxes(fb)
		nx, ny, nz, onGrid := g.nearestVoxel(end)
		for axis := range end { // at the very border rounding alone decides whether the end is on the grid
			for _, by := range []float64{-1e-9, 1e-9} {
				near := end
				near[axis] += by
				if _, _, _, ok := g.nearestVoxel(near); ok != onGrid {
					t.Skip("the end is on the grid's border")
				}
			}
		}
		// Half way between voxels any of them is the nearest: one of those must be painted, the others may.
		nearest, nearestPainted := g.ToPatient(float64(nx), float64(ny), float64(nz)).Distance(fb), false
		for z := range g.Nz() {
			for y := range g.Ny {
				for x := range g.Nx {
					at := g.ToPatient(float64(x), float64(y), float64(z))
					if onGrid && math.Abs(at.Distance(fb)-nearest) < 1e-9 && painted.At(x, y, z) == in {
						nearestPainted = true
						continue
					}
					d := distanceToLine(at, fa, fb)
					if math.Abs(d-radius) < 1e-6 {
						continue
					}
					reached := d < radius
					if on != nil && [3]int{x, y, z}[on.Axis] != on.Index {
						reached = false
					}
					want := m.At(x, y, z)
					if reached {
						want = in
					}
					if painted.At(x, y, z) != want {
						t.Fatalf("voxel (%d, %d, %d) at %g mm of a brush of %g mm: %v, want %v", x, y, z, d, radius, !want, want)
					}
				}
			}
		}
		if onGrid && !nearestPainted {
			t.Fatalf("voxel (%d, %d, %d), the nearest to the end, was not painted", nx, ny, nz)
		}
	})
}

func TestFillPolygonAgainstWindingOfEveryVoxel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(30, 6).Draw(t, "grid")
		axis := rapid.IntRange(0, 2).Draw(t, "axis")
		size := [3]int{g.Nx, g.Ny, g.Nz()}
		on := Slice{axis, rapid.IntRange(0, size[axis]-1).Draw(t, "index")}
		across, along := [3]int{1, 0, 0}[axis], [3]int{2, 2, 1}[axis]
		var flat [][2]float64
		var points []Vec
		for range rapid.IntRange(3, 8).Draw(t, "corners") {
			var v [3]float64
			v[axis] = float64(on.Index)
			for _, k := range []int{across, along} { // off voxel centres, so that no rounding decides
				v[k] = float64(rapid.IntRange(-3, size[k]+2).Draw(t, "corner")) + 0.37
			}
			flat = append(flat, [2]float64{v[across], v[along]})
			points = append(points, g.ToPatient(v[0], v[1], v[2]))
		}
		m := NewMask(g)
		m.FillPolygon(points, on, true)
		for z := range g.Nz() {
			for y := range g.Ny {
				for x := range g.Nx {
					v := [3]int{x, y, z}
					want := v[axis] == on.Index
					if want {
						u, w := float64(v[across]), float64(v[along])
						inside := false
						near := false
						for i, c := range flat {
							n := flat[(i+1)%len(flat)]
							if (c[1] <= w) != (n[1] <= w) {
								at := c[0] + (w-c[1])/(n[1]-c[1])*(n[0]-c[0])
								near = near || math.Abs(at-u) < 1e-6
								if at <= u {
									inside = !inside
								}
							}
						}
						if near {
							continue
						}
						want = inside
					}
					if m.At(x, y, z) != want {
						t.Fatalf("voxel %v: %v, want %v", v, !want, want)
					}
				}
			}
		}
		m.FillPolygon(points, on, false)
		if !m.Empty() {
			t.Fatal("what was filled is not erased")
		}
	})
}

func TestPaintAllocatesNoMoreThanTiles(t *testing.T) {
	g := NewUniformGrid(256, 256, 40, 1, 1, 3, Vec{})
	m := NewMask(g)
	at := Vec{128, 128, 60}
	m.Paint(at, at, 15, nil, true)
	if n := testing.AllocsPerRun(10, func() { m.Paint(at, at.Add(Vec{3, 2, 0}), 15, nil, true) }); n > 4 {
		t.Errorf("a stroke over tiles that exist allocates %g times", n)
	}
}

func BenchmarkPaintSphere(b *testing.B) {
	g := NewUniformGrid(512, 512, 200, 0.98, 0.98, 2, Vec{})
	m := NewMask(g)
	for i := range b.N {
		at := Vec{200 + float64(i%50), 200, 200}
		m = m.Clone()
		m.Paint(at, at.Add(Vec{2, 1, 0}), 10, nil, true)
	}
}
