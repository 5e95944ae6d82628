package volume

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestContoursGiveBackTheMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(70, 4).Draw(t, "mask")
		cs := Contours(m)
		got, off := RasteriseReport(m.Grid, cs)
		if off != 0 || !got.Equal(m) {
			t.Fatalf("%d voxels in, %d out, %d off plane", m.Count(), got.Count(), off)
		}
		// As a file holds them: three decimals.
		for i := range cs {
			for k, p := range cs[i].Points {
				for a := range p {
					cs[i].Points[k][a] = math.Round(p[a]*1000) / 1000
				}
			}
		}
		if got := Rasterise(m.Grid, cs); !got.Equal(m) {
			t.Fatalf("after rounding to 0.001 mm: %d voxels in, %d out", m.Count(), got.Count())
		}
	})
}

// flatLabels labels the 8-connected components of slice z by flood fill; 0 is outside.
func flatLabels(m *Mask, z int) (labels []int, sizes []int) {
	g := m.Grid
	labels = make([]int, g.Nx*g.Ny)
	for y := range g.Ny {
		for x := range g.Nx {
			if !m.At(x, y, z) || labels[y*g.Nx+x] != 0 {
				continue
			}
			label, size := len(sizes)+1, 0
			stack := [][2]int{{x, y}}
			labels[y*g.Nx+x] = label
			for len(stack) > 0 {
				p := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				size++
				for dy := -1; dy <= 1; dy++ {
					for dx := -1; dx <= 1; dx++ {
						qx, qy := p[0]+dx, p[1]+dy
						if m.Has(qx, qy, z) && labels[qy*g.Nx+qx] == 0 {
							labels[qy*g.Nx+qx] = label
							stack = append(stack, [2]int{qx, qy})
						}
					}
				}
			}
			sizes = append(sizes, size)
		}
	}
	return labels, sizes
}

func TestOnePolygonForEachComponentWithItsArea(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(40, 1).Draw(t, "mask")
		g := m.Grid
		labels, sizes := flatLabels(m, 0)
		cs := ContoursOnSlice(m, 0)
		if len(cs) != len(sizes) {
			t.Fatalf("%d polygons of %d components", len(cs), len(sizes))
		}
		for _, c := range cs {
			alone := Rasterise(g, []Contour{c})
			label := 0
			alone.Each(func(x, y, _ int) {
				l := labels[y*g.Nx+x]
				if l == 0 || label != 0 && l != label {
					t.Fatalf("polygon fills a pixel of component %d and one of %d", label, l)
				}
				label = l
			})
			if alone.Count() != sizes[label-1] {
				t.Fatalf("polygon fills %d pixels of the %d of its component", alone.Count(), sizes[label-1])
			}
			if n := sizes[label-1]; n < smallComponentPx {
				if area := areaMM2(g, c) / (g.SpacingX * g.SpacingY); math.Abs(area-float64(n)) > 1e-6 {
					t.Fatalf("small component of %d pixels has an outline of %.3f", n, area)
				}
			}
		}
	})
}

// areaMM2 is the absolute area of a polygon on the planes of g.
func areaMM2(g *Grid, c Contour) float64 {
	var sum Vec
	for k, p := range c.Points {
		sum = sum.Add(p.Sub(c.Points[0]).Cross(c.Points[(k+1)%len(c.Points)].Sub(c.Points[0])))
	}
	return math.Abs(sum.Dot(g.Normal())) / 2
}

func TestLargeOutlineHasTheAreaOfItsDisc(t *testing.T) {
	g := NewUniformGrid(64, 64, 1, 1, 1, 3, Vec{})
	m := MaskWhere(g, func(x, y, _ int) bool { return math.Hypot(float64(x)-31.3, float64(y)-30.8) < 20 })
	cs := Contours(m)
	if len(cs) != 1 {
		t.Fatalf("%d polygons", len(cs))
	}
	if area, want := areaMM2(g, cs[0]), math.Pi*400; math.Abs(area-want) > 0.01*want {
		t.Errorf("area %.1f, disc %.1f", area, want)
	}
	for k, p := range cs[0].Points {
		a := cs[0].Points[(k+1)%len(cs[0].Points)].Sub(p)
		b := cs[0].Points[(k+2)%len(cs[0].Points)].Sub(cs[0].Points[(k+1)%len(cs[0].Points)])
		if a.Cross(b).Norm() < 1e-9 {
			t.Fatalf("point %d is collinear", k+1)
		}
	}
}

func TestKeyholeBridgesCoincide(t *testing.T) {
	for name, in := range map[string]func(x, y int) bool{
		"ring":       func(x, y int) bool { d := math.Hypot(float64(x-16), float64(y-16)); return d < 12 && d > 5 },
		"small ring": func(x, y int) bool { return x >= 4 && x < 7 && y >= 4 && y < 7 && (x != 5 || y != 5) },
		"two holes":  func(x, y int) bool { return x > 2 && x < 30 && y > 2 && y < 12 && (y != 6 || x != 10 && x != 20) },
		"touching": func(x, y int) bool {
			return x > 2 && x < 12 && y > 2 && y < 12 && (x != 6 || y != 6) && (x != 7 || y != 7)
		},
		"straight end": func(x, y int) bool { return x >= 2 && x < 12 && y >= 2 && y < 12 && (x != 6 || y != 6) },
	} {
		g := NewUniformGrid(32, 32, 1, 1, 1, 3, Vec{})
		m := MaskWhere(g, func(x, y, _ int) bool { return in(x, y) })
		cs := Contours(m)
		if len(cs) != 1 {
			t.Errorf("%s: %d polygons", name, len(cs))
			continue
		}
		if !Rasterise(g, cs).Equal(m) {
			t.Errorf("%s: not given back", name)
		}
		// Every bridge is walked once there and once back, over the same two points.
		type edge [2]Vec
		edges := map[edge]int{}
		n := len(cs[0].Points)
		for k, p := range cs[0].Points {
			edges[edge{p, cs[0].Points[(k+1)%n]}]++
		}
		bridges := 0
		for e := range edges {
			if edges[edge{e[1], e[0]}] > 0 {
				bridges++
			}
		}
		want := map[string]int{"two holes": 4, "touching": 4}[name]
		if want == 0 {
			want = 2
		}
		if bridges != want {
			t.Errorf("%s: %d bridge edges, want %d: %v", name, bridges, want, cs[0].Points)
		}
	}
}

func TestContoursLieOnTheirSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(20, 5).Draw(t, "mask")
		g := m.Grid
		for z := range g.Nz() {
			for _, c := range ContoursOnSlice(m, z) {
				for _, p := range c.Points {
					if d := p.Sub(g.Origin).Dot(g.Normal()) - g.SliceMM[z]; math.Abs(d) > 1e-9 {
						t.Fatalf("point %.2g mm off slice %d", d, z)
					}
				}
			}
		}
	})
}

// insideEvenOdd is the even-odd rule by the angle-free crossing test of a ray towards +x.
func insideEvenOdd(g *Grid, cs []Contour, p Vec) bool {
	px, py, _ := g.ToVoxel(p)
	in := false
	for _, c := range cs {
		for k := range c.Points {
			x0, y0, _ := g.ToVoxel(c.Points[k])
			x1, y1, _ := g.ToVoxel(c.Points[(k+1)%len(c.Points)])
			if (y0 > py) != (y1 > py) && px < x0+(py-y0)/(y1-y0)*(x1-x0) {
				in = !in
			}
		}
	}
	return in
}

func TestRasteriseAgainstPointInPolygon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(24, 3).Draw(t, "grid")
		z := rapid.IntRange(0, g.Nz()-1).Draw(t, "z")
		var cs []Contour
		for range rapid.IntRange(1, 4).Draw(t, "polygons") {
			var c Contour
			for range rapid.IntRange(3, 9).Draw(t, "points") {
				x := rapid.Float64Range(-6, 30).Draw(t, "x")
				y := rapid.Float64Range(-6, 30).Draw(t, "y")
				c.Points = append(c.Points, g.ToPatient(x+1e-3*math.Sqrt2, y+1e-3*math.Sqrt2, float64(z)))
			}
			cs = append(cs, c)
		}
		got := Rasterise(g, cs)
		for y := range g.Ny {
			for x := range g.Nx {
				want := insideEvenOdd(g, cs, g.ToPatient(float64(x), float64(y), float64(z)))
				if got.At(x, y, z) != want {
					// A centre on an edge may go either way.
					if d := edgeDistancePx(g, cs, float64(x), float64(y)); d > 1e-3 {
						t.Fatalf("pixel (%d, %d) is %v, want %v, %.4f px from an edge", x, y, !want, want, d)
					}
				}
			}
		}
	})
}

// edgeDistancePx is the distance in pixels from (px, py) to the nearest edge.
func edgeDistancePx(g *Grid, cs []Contour, px, py float64) float64 {
	nearest := math.Inf(1)
	for _, c := range cs {
		for k := range c.Points {
			x0, y0, _ := g.ToVoxel(c.Points[k])
			x1, y1, _ := g.ToVoxel(c.Points[(k+1)%len(c.Points)])
			dx, dy := x1-x0, y1-y0
			s := max(0, min(1, ((px-x0)*dx+(py-y0)*dy)/max(dx*dx+dy*dy, 1e-30)))
			nearest = min(nearest, math.Hypot(px-x0-s*dx, py-y0-s*dy))
		}
	}
	return nearest
}

func TestRasteriseCountsWhatIsOffPlane(t *testing.T) {
	g := NewUniformGrid(10, 10, 3, 1, 1, 3, Vec{})
	g.SliceMM = []float64{0, 3, 9} // one slice missing
	square := func(z float64) Contour {
		return Contour{Points: []Vec{{1.5, 1.5, z}, {4.5, 1.5, z}, {4.5, 4.5, z}, {1.5, 4.5, z}}}
	}
	tilted := square(3)
	tilted.Points[2][2] += 2
	m, off := RasteriseReport(g, []Contour{square(1.4), square(6), square(-1.6), square(9), square(9.4), tilted, {Points: []Vec{{1, 1, 0}}}})
	if off != 3 {
		t.Errorf("%d off plane, want those at 6 and -1.6 mm and the tilted one", off)
	}
	if m.CountSlice(0) != 9 || m.CountSlice(1) != 0 || m.CountSlice(2) != 9 {
		t.Errorf("pixels a slice: %d %d %d", m.CountSlice(0), m.CountSlice(1), m.CountSlice(2))
	}
}

func TestRasteriseUnitesByExclusiveOr(t *testing.T) {
	g := NewUniformGrid(20, 20, 1, 1, 1, 3, Vec{})
	square := func(a, b float64) Contour {
		return Contour{Points: []Vec{{a, a, 0}, {b, a, 0}, {b, b, 0}, {a, b, 0}}}
	}
	m := Rasterise(g, []Contour{square(1.5, 16.5), square(4.5, 12.5), square(6.5, 8.5)})
	if want := 15*15 - 8*8 + 2*2; m.Count() != want {
		t.Errorf("%d pixels, want %d", m.Count(), want)
	}
}

func thorax(g *Grid) *Mask {
	cx, cy := float64(g.Nx)/2, float64(g.Ny)/2
	m := NewMask(g)
	for z := range g.Nz() {
		for y := range g.Ny {
			v := (float64(y) - cy) / (0.35 * float64(g.Ny))
			if v*v < 1 {
				h := 0.45 * float64(g.Nx) * math.Sqrt(1-v*v)
				m.SetSpan(int(cx-h), int(cx+h), y, z)
			}
		}
	}
	return m
}

func BenchmarkContoursBody512x512x100(b *testing.B) {
	m := thorax(NewUniformGrid(512, 512, 100, 1, 1, 3, Vec{}))
	for b.Loop() {
		Contours(m)
	}
}

func BenchmarkRasteriseBody512x512x100(b *testing.B) {
	m := thorax(NewUniformGrid(512, 512, 100, 1, 1, 3, Vec{}))
	cs := Contours(m)
	for b.Loop() {
		Rasterise(m.Grid, cs)
	}
}
