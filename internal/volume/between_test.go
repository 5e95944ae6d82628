package volume

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSquaredDistanceAgainstEveryPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h")
		sx, sy := rapid.Float64Range(0.3, 4).Draw(t, "sx"), rapid.Float64Range(0.3, 4).Draw(t, "sy")
		f := make([]float64, w*h)
		for i := range f {
			if rapid.IntRange(0, 3).Draw(t, "in") > 0 {
				f[i] = math.Inf(1)
			}
		}
		want := make([]float64, len(f))
		for i := range want {
			want[i] = math.Inf(1)
			for j := range f {
				if f[j] == 0 {
					want[i] = min(want[i], math.Pow(float64(i%w-j%w)*sx, 2)+math.Pow(float64(i/w-j/w)*sy, 2))
				}
			}
		}
		squaredDistance(f, w, h, sx, sy)
		for i := range f {
			if f[i] != want[i] && math.Abs(f[i]-want[i]) > 1e-9*(1+want[i]) {
				t.Fatalf("pixel %d: %g, want %g", i, f[i], want[i])
			}
		}
	})
}

// cone is a tilted cone, its radius falling from 20 to 8 mm over the slices.
func cone(g *Grid) *Mask {
	n := float64(g.Nz() - 1)
	return MaskWhere(g, func(x, y, z int) bool {
		t := g.SliceMM[z] / g.SliceMM[g.Nz()-1]
		p := g.ToPatient(float64(x), float64(y), float64(z))
		return math.Hypot(p[0]-30*t, p[1]) <= 20-12*t && n > 0
	})
}

func TestBetweenFindsTheConeAgain(t *testing.T) {
	g := NewUniformGrid(120, 90, 9, 1, 1.3, 3, Vec{-50, -58, 0})
	g.SliceMM[4] += 1 // uneven
	whole := cone(g)
	ends := NewMask(g)
	whole.Each(func(x, y, z int) {
		if z == 0 || z == 8 {
			ends.Set(x, y, z, true)
		}
	})
	filled, n := Between(ends)
	if n != 7 {
		t.Fatalf("%d slices filled, want 7", n)
	}
	if !filled.Intersect(ends).Equal(ends) || filled.CountSlice(0) != ends.CountSlice(0) {
		t.Error("the slices that were drawn changed")
	}
	for z := 1; z < 8; z++ {
		both, either := 0.0, 0.0
		for y := range g.Ny {
			for x := range g.Nx {
				a, b := whole.At(x, y, z), filled.At(x, y, z)
				if a && b {
					both++
				}
				if a || b {
					either++
				}
			}
		}
		if both/either < 0.9 {
			t.Errorf("slice %d overlaps the cone by %.2f", z, both/either)
		}
	}
	if again, n := Between(filled); n != 0 || !again.Equal(filled) {
		t.Error("nothing is empty, and still something was filled")
	}
	if _, n := Between(NewMask(g)); n != 0 {
		t.Error("an empty mask was filled")
	}
}
