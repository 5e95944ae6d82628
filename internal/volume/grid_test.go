package volume

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGridRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(30, 6).Draw(t, "grid")
		if err := g.Validate(); err != nil {
			t.Fatal(err)
		}
		x := rapid.Float64Range(-5, 40).Draw(t, "x")
		y := rapid.Float64Range(-5, 40).Draw(t, "y")
		z := rapid.Float64Range(-2, 9).Draw(t, "z")
		p := g.ToPatient(x, y, z)
		x2, y2, z2 := g.ToVoxel(p)
		if math.Abs(x-x2)+math.Abs(y-y2)+math.Abs(z-z2) > 1e-8 {
			t.Fatalf("(%g %g %g) came back as (%g %g %g)", x, y, z, x2, y2, z2)
		}
		nearest, distance := g.NearestSlice(p)
		for k := range g.Nz() {
			d := math.Abs(p.Sub(g.ToPatient(0, 0, float64(k))).Dot(g.Normal()))
			if d < distance-1e-9 || k == nearest && math.Abs(d-distance) > 1e-9 {
				t.Fatalf("slice %d is %g mm away; nearest was slice %d at %g", k, d, nearest, distance)
			}
		}
	})
}

func TestCropKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(20, 6).Draw(t, "grid")
		var b Box
		n := g.Bounds().Max
		for i := range 3 {
			b.Min[i] = rapid.IntRange(0, n[i]-1).Draw(t, "min")
			b.Max[i] = rapid.IntRange(b.Min[i]+1, n[i]).Draw(t, "max")
		}
		c := g.Crop(b)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		last := [3]int{c.Nx - 1, c.Ny - 1, c.Nz() - 1}
		got := c.ToPatient(float64(last[0]), float64(last[1]), float64(last[2]))
		want := g.ToPatient(float64(b.Max[0]-1), float64(b.Max[1]-1), float64(b.Max[2]-1))
		if got.Distance(want) > 1e-9 {
			t.Fatalf("last voxel at %v, want %v", got, want)
		}
	})
}

func TestValidateRefuses(t *testing.T) {
	good := func() *Grid { return NewUniformGrid(4, 4, 3, 1, 1, 2, Vec{}) }
	for want, spoil := range map[string]func(*Grid){
		"empty":           func(g *Grid) { g.Nx = 0 },
		"not positive":    func(g *Grid) { g.SpacingY = math.NaN() },
		"orthonormal":     func(g *Grid) { g.Col = Vec{0.1, 1, 0} },
		"origin":          func(g *Grid) { g.SliceMM[0] = 1 },
		"does not follow": func(g *Grid) { g.SliceMM[2] = g.SliceMM[1] },
	} {
		g := good()
		spoil(g)
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := good().Validate(); err != nil {
		t.Error(err)
	}
}

func TestSliceThicknessAndUniform(t *testing.T) {
	g := NewUniformGrid(2, 2, 4, 1, 1, 3, Vec{})
	if s, ok := g.Uniform(); !ok || s != 3 {
		t.Errorf("uniform %v %v", s, ok)
	}
	g.SliceMM = []float64{0, 3, 6, 11}
	if _, ok := g.Uniform(); ok {
		t.Error("uneven slices called uniform")
	}
	for z, want := range []float64{3, 3, 4, 5} {
		if got := g.SliceThickness(z); got != want {
			t.Errorf("slice %d is %g mm thick, want %g", z, got, want)
		}
	}
	if NewUniformGrid(2, 2, 1, 1, 1, 3, Vec{}).SliceThickness(0) != 1 {
		t.Error("a lone slice stands for 1 mm")
	}
}

func TestGridEqual(t *testing.T) {
	g := NewUniformGrid(5, 5, 3, 1, 1, 2, Vec{})
	h := NewUniformGrid(5, 5, 3, 1, 1, 2, Vec{0, 0, 1e-4})
	if !g.Equal(h, 1e-3) || g.Equal(h, 1e-5) {
		t.Error("tolerance is not kept")
	}
	h.SliceMM[1] = 2.5
	if g.Equal(h, 1e-2) {
		t.Error("an uneven slice went unseen")
	}
	if g.Equal(NewUniformGrid(5, 4, 3, 1, 1, 2, Vec{}), 1) {
		t.Error("another size went unseen")
	}
}
