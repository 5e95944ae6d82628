package volume

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// ballDilate is Dilate by comparing every pair of centres.
func ballDilate(m *Mask, radiusMM float64) *Mask {
	g := m.Grid
	return MaskWhere(g, func(x, y, z int) bool {
		near := false
		m.Each(func(i, j, k int) {
			dx, dy, dz := float64(x-i)*g.SpacingX, float64(y-j)*g.SpacingY, g.SliceMM[z]-g.SliceMM[k]
			near = near || math.Sqrt(dx*dx+dy*dy+dz*dz) <= radiusMM+1e-9
		})
		return near
	})
}

func TestMorphologyAgainstPairsOfCentres(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(14, 4).Draw(t, "mask")
		r := rapid.Float64Range(0, 9).Draw(t, "radius")
		if got := Dilate(m, r); !got.Equal(ballDilate(m, r)) {
			t.Fatal("dilation differs")
		}
		if got := Erode(m, r); !got.Equal(ballDilate(m.Complement(), r).Complement()) {
			t.Fatal("erosion differs")
		}
		opened, closed := Open(m, r), Close(m, r)
		if !opened.Subtract(m).Empty() || !m.Subtract(closed).Empty() {
			t.Fatal("opening adds or closing removes")
		}
		if !Open(opened, r).Equal(opened) || !Close(closed, r).Equal(closed) {
			t.Fatal("opening or closing twice differs from once")
		}
	})
}

// TestWidenAtTheEndsOfARow: what a step shifts over the end of a row must not be missed by the steps after it.
func TestWidenAtTheEndsOfARow(t *testing.T) {
	for _, nx := range []int{14, 64, 128, 130} {
		for at := range nx {
			for _, n := range []int{1, 2, 3, 4, 5, 7, 13, 40, 63, 64, 100} {
				m := NewMask(NewUniformGrid(nx, 1, 1, 1, 1, 1, Vec{}))
				m.Set(at, 0, 0, true)
				row := newBitImage(m, false).row(0, 0)
				widen(row, make([]uint64, len(row)), n)
				for x := range nx {
					if got, want := row[x/tileSize]>>(x%tileSize)&1 == 1, x >= at-n && x <= at+n; got != want {
						t.Fatalf("bit %d of %d widened by %d: pixel %d is %v", at, nx, n, x, got)
					}
				}
			}
		}
	}
}

func TestWidenOverWords(t *testing.T) {
	for _, n := range []int{0, 1, 5, 63, 64, 65, 130} {
		g := NewUniformGrid(400, 1, 1, 1, 1, 1, Vec{})
		m := NewMask(g)
		m.Set(200, 0, 0, true)
		m.Set(3, 0, 0, true)
		if got := Dilate(m, float64(n)); !got.Equal(ballDilate(m, float64(n))) {
			t.Errorf("radius %d px differs", n)
		}
	}
}

func TestFillHolesAgainstFlood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(70, 2).Draw(t, "mask")
		g := m.Grid
		outside := m.Complement()
		want := NewMask(g)
		for z := range g.Nz() {
			reached := map[[2]int]bool{}
			var stack [][2]int
			push := func(x, y int) {
				if outside.Has(x, y, z) && !reached[[2]int{x, y}] {
					reached[[2]int{x, y}] = true
					stack = append(stack, [2]int{x, y})
				}
			}
			for y := range g.Ny {
				for x := range g.Nx {
					if x == 0 || y == 0 || x == g.Nx-1 || y == g.Ny-1 {
						push(x, y)
					}
				}
			}
			for len(stack) > 0 {
				p := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				push(p[0]-1, p[1])
				push(p[0]+1, p[1])
				push(p[0], p[1]-1)
				push(p[0], p[1]+1)
			}
			for y := range g.Ny {
				for x := range g.Nx {
					want.Set(x, y, z, !reached[[2]int{x, y}])
				}
			}
		}
		if !FillHoles(m).Equal(want) {
			t.Fatal("holes differ")
		}
	})
}

func BenchmarkOpenClose5MMBody512x512x100(b *testing.B) {
	m := thorax(NewUniformGrid(512, 512, 100, 1, 1, 3, Vec{}))
	for b.Loop() {
		Close(Open(m, 5), 5)
	}
}

func BenchmarkFillHolesBody512x512x100(b *testing.B) {
	m := thorax(NewUniformGrid(512, 512, 100, 1, 1, 3, Vec{}))
	for b.Loop() {
		FillHoles(m)
	}
}
