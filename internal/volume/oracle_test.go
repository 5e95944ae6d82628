package volume

import (
	"math"
	"math/rand"

	"pgregory.net/rapid"
)

// randomMask returns a mask of blobs and noise: runs, holes, islands and diagonal neighbours all occur.
func randomMask(g *Grid, seed int64, density float64) *Mask {
	r := rand.New(rand.NewSource(seed))
	m := NewMask(g)
	for range 3 {
		cx, cy, cz := r.Float64()*float64(g.Nx), r.Float64()*float64(g.Ny), r.Intn(g.Nz())
		radius := r.Float64() * float64(min(g.Nx, g.Ny)) / 2
		inner := radius * r.Float64()
		for y := range g.Ny {
			for x := range g.Nx {
				if d := math.Hypot(float64(x)-cx, float64(y)-cy); d < radius && d > inner {
					m.Set(x, y, cz, true)
				}
			}
		}
	}
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				if r.Float64() < density {
					m.Set(x, y, z, !m.At(x, y, z))
				}
			}
		}
	}
	return m
}

// grids draws upright, oblique, anisotropic and unevenly sliced grids.
func grids(maxPx, maxSlices int) *rapid.Generator[*Grid] {
	return rapid.Custom(func(t *rapid.T) *Grid {
		nx, ny := rapid.IntRange(1, maxPx).Draw(t, "nx"), rapid.IntRange(1, maxPx).Draw(t, "ny")
		nz := rapid.IntRange(1, maxSlices).Draw(t, "nz")
		sx, sy := rapid.Float64Range(0.4, 3).Draw(t, "sx"), rapid.Float64Range(0.4, 3).Draw(t, "sy")
		g := NewUniformGrid(nx, ny, nz, sx, sy, rapid.Float64Range(0.5, 5).Draw(t, "sz"), Vec{-200, 13.5, 700})
		if rapid.Bool().Draw(t, "uneven") {
			for z := 1; z < nz; z++ {
				g.SliceMM[z] = g.SliceMM[z-1] + rapid.Float64Range(0.5, 6).Draw(t, "step")
			}
		}
		if rapid.Bool().Draw(t, "oblique") {
			g.Row, g.Col = turned(rapid.Float64Range(-3, 3).Draw(t, "a"), rapid.Float64Range(-3, 3).Draw(t, "b"))
		}
		return g
	})
}

// turned returns two orthonormal axes turned by a about z and b about x.
func turned(a, b float64) (row, col Vec) {
	turn := func(v Vec) Vec {
		v = Vec{v[0]*math.Cos(a) - v[1]*math.Sin(a), v[0]*math.Sin(a) + v[1]*math.Cos(a), v[2]}
		return Vec{v[0], v[1]*math.Cos(b) - v[2]*math.Sin(b), v[1]*math.Sin(b) + v[2]*math.Cos(b)}
	}
	return turn(Vec{1, 0, 0}), turn(Vec{0, 1, 0})
}

// masks draws a mask on a drawn grid.
func masks(maxPx, maxSlices int) *rapid.Generator[*Mask] {
	return rapid.Custom(func(t *rapid.T) *Mask {
		g := grids(maxPx, maxSlices).Draw(t, "grid")
		density := rapid.SampledFrom([]float64{0, 0.02, 0.3, 0.5, 0.8}).Draw(t, "density")
		return randomMask(g, rapid.Int64().Draw(t, "seed"), density)
	})
}
