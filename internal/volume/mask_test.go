package volume

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMaskAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := grids(140, 3).Draw(t, "grid")
		m := NewMask(g)
		want := map[[3]int]bool{}
		var clones []*Mask
		var copies []map[[3]int]bool
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			x, y := rapid.IntRange(0, g.Nx-1).Draw(t, "x"), rapid.IntRange(0, g.Ny-1).Draw(t, "y")
			z := rapid.IntRange(0, g.Nz()-1).Draw(t, "z")
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0:
				m.Set(x, y, z, true)
				want[[3]int{x, y, z}] = true
			case 1:
				m.Set(x, y, z, false)
				delete(want, [3]int{x, y, z})
			case 2:
				end := x + rapid.IntRange(-3, 150).Draw(t, "length")
				m.SetSpan(x-2, end, y, z)
				for i := max(x-2, 0); i < min(end, g.Nx); i++ {
					want[[3]int{i, y, z}] = true
				}
			case 3:
				clones = append(clones, m)
				kept := map[[3]int]bool{}
				for p := range want {
					kept[p] = true
				}
				copies = append(copies, kept)
				m = m.Clone()
			}
		}
		clones, copies = append(clones, m), append(copies, want)
		for i, m := range clones {
			compareWithMap(t, m, copies[i])
		}
	})
}

func compareWithMap(t *rapid.T, m *Mask, want map[[3]int]bool) {
	g := m.Grid
	var b Box
	mm3 := 0.0
	for p := range want {
		b = b.Union(Box{p, [3]int{p[0] + 1, p[1] + 1, p[2] + 1}})
		mm3 += g.VoxelVolume(p[2])
	}
	seen := 0
	last := -1
	m.Each(func(x, y, z int) {
		if !want[[3]int{x, y, z}] || g.Index(x, y, z) <= last {
			t.Fatalf("visited (%d, %d, %d)", x, y, z)
		}
		last = g.Index(x, y, z)
		seen++
	})
	runs := 0
	for _, r := range m.Runs() {
		runs += r.X1 - r.X0
		if m.Has(r.X0-1, r.Y, r.Z) || m.Has(r.X1, r.Y, r.Z) || !m.Has(r.X0, r.Y, r.Z) || !m.Has(r.X1-1, r.Y, r.Z) {
			t.Fatalf("run %v does not end where the mask does", r)
		}
	}
	if seen != len(want) || m.Count() != len(want) || runs != len(want) || m.Empty() != (len(want) == 0) {
		t.Fatalf("%d voxels visited, %d counted, %d in runs, want %d", seen, m.Count(), runs, len(want))
	}
	if m.Bounds() != b {
		t.Fatalf("bounds %v, want %v", m.Bounds(), b)
	}
	if math.Abs(m.VolumeMM3()-mm3) > 1e-6*(1+mm3) {
		t.Fatalf("volume %g, want %g", m.VolumeMM3(), mm3)
	}
	if again := MaskFromDense(g, g.Bounds(), m.Dense(g.Bounds(), nil)); !again.Equal(m) || !m.Equal(again) {
		t.Fatal("dense and back differs")
	}
}

func TestSetAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := masks(80, 3).Draw(t, "a")
		b := randomMask(a.Grid, rapid.Int64().Draw(t, "seed"), 0.3)
		union, both, left, not := a.Union(b), a.Intersect(b), a.Subtract(b), a.Complement()
		for z := range a.Grid.Nz() {
			for y := range a.Grid.Ny {
				for x := range a.Grid.Nx {
					p, q := a.At(x, y, z), b.At(x, y, z)
					if union.At(x, y, z) != (p || q) || both.At(x, y, z) != (p && q) || left.At(x, y, z) != (p && !q) || not.At(x, y, z) == p {
						t.Fatalf("wrong at (%d, %d, %d)", x, y, z)
					}
				}
			}
		}
		if a.Count()+not.Count() != a.Grid.Len() {
			t.Fatal("the complement holds voxels that do not exist")
		}
		if !a.Subtract(a).Empty() || !a.Subtract(a).Equal(NewMask(a.Grid)) || a.Equal(not) {
			t.Fatal("nothing is not empty")
		}
	})
}

func TestDenseOfABox(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(140, 3).Draw(t, "mask")
		n := m.Grid.Bounds().Max
		var b Box
		for i := range 3 {
			b.Min[i] = rapid.IntRange(0, n[i]-1).Draw(t, "min")
			b.Max[i] = rapid.IntRange(b.Min[i]+1, n[i]).Draw(t, "max")
		}
		d := m.Dense(b, make([]uint8, 3))
		i := 0
		for z := b.Min[2]; z < b.Max[2]; z++ {
			for y := b.Min[1]; y < b.Max[1]; y++ {
				for x := b.Min[0]; x < b.Max[0]; x++ {
					if (d[i] != 0) != m.At(x, y, z) {
						t.Fatalf("(%d, %d, %d) differs", x, y, z)
					}
					i++
				}
			}
		}
		inBox := MaskWhere(m.Grid, b.Contains)
		if !MaskFromDense(m.Grid, b, d).Equal(m.Intersect(inBox)) {
			t.Fatal("box and back differs")
		}
	})
}

func TestBoxes(t *testing.T) {
	a := Box{[3]int{0, 0, 0}, [3]int{4, 4, 4}}
	b := Box{[3]int{2, -1, 3}, [3]int{6, 2, 9}}
	if got := a.Intersect(b); got != (Box{[3]int{2, 0, 3}, [3]int{4, 2, 4}}) {
		t.Errorf("intersection %v", got)
	}
	if got := a.Union(b); got != (Box{[3]int{0, -1, 0}, [3]int{6, 4, 9}}) {
		t.Errorf("union %v", got)
	}
	if got := a.Intersect(Box{[3]int{4, 0, 0}, [3]int{5, 1, 1}}); !got.Empty() || got != (Box{}) {
		t.Errorf("boxes that only touch share %v", got)
	}
	if a.Union(Box{}) != a || (Box{}).Union(a) != a {
		t.Error("the empty box adds something")
	}
	if a.Grow(1) != (Box{[3]int{-1, -1, -1}, [3]int{5, 5, 5}}) || !a.Grow(-2).Empty() {
		t.Error("grow")
	}
}
