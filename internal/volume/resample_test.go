package volume

import (
	"math"
	"math/rand"
	"testing"

	"pgregory.net/rapid"
)

func randomVolume(g *Grid, seed int64) *Volume {
	r := rand.New(rand.NewSource(seed))
	v := NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(r.Intn(4096) - 1024)
	}
	return v
}

func TestResampleAgainstSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := randomVolume(grids(12, 5).Draw(t, "source"), rapid.Int64().Draw(t, "seed"))
		dst := grids(12, 5).Draw(t, "target")
		if rapid.Bool().Draw(t, "parallel") {
			dst.Row, dst.Col = src.Grid.Row, src.Grid.Col
		}
		middle := src.Grid.ToPatient(float64(src.Grid.Nx)/2, float64(src.Grid.Ny)/2, float64(src.Grid.Nz())/2)
		dst.Origin = middle.Sub(dst.ToPatient(float64(dst.Nx)/2, float64(dst.Ny)/2, float64(dst.Nz())/2).Sub(dst.Origin))
		got := Resample(dst, src, -2000)
		for z := range dst.Nz() {
			for y := range dst.Ny {
				for x := range dst.Nx {
					p := dst.ToPatient(float64(x), float64(y), float64(z))
					if onBorder(src.Grid, p) {
						continue
					}
					want, ok := trilinear(src, p)
					if !ok {
						want = -2000
					}
					if math.Abs(float64(got.At(x, y, z))-want) > 0.51 {
						t.Fatalf("voxel (%d, %d, %d): %d, want %.2f", x, y, z, got.At(x, y, z), want)
					}
				}
			}
		}
	})
}

// onBorder tells whether p is so near the outer border of the voxels that rounding decides.
func onBorder(g *Grid, p Vec) bool {
	x, y, z := g.ToVoxel(p)
	near := func(a float64, n int) bool {
		return math.Abs(a+0.5) < 1e-4 || math.Abs(a-float64(n)+0.5) < 1e-4
	}
	return near(x, g.Nx) || near(y, g.Ny) || near(z, g.Nz())
}

// trilinear is SampleHU as a sum of tent functions over the whole volume.
func trilinear(v *Volume, p Vec) (float64, bool) {
	g := v.Grid
	x, y, z := g.ToVoxel(p)
	if x < -0.5 || y < -0.5 || z < -0.5 || x > float64(g.Nx)-0.5 || y > float64(g.Ny)-0.5 || z > float64(g.Nz())-0.5 {
		return 0, false
	}
	x, y, z = max(0, min(x, float64(g.Nx-1))), max(0, min(y, float64(g.Ny-1))), max(0, min(z, float64(g.Nz()-1)))
	sum := 0.0
	for k := range g.Nz() {
		for j := range g.Ny {
			for i := range g.Nx {
				w := max(0, 1-math.Abs(x-float64(i))) * max(0, 1-math.Abs(y-float64(j))) * max(0, 1-math.Abs(z-float64(k)))
				sum += w * float64(v.At(i, j, k))
			}
		}
	}
	return sum, true
}

func TestResampleOntoItselfIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := randomVolume(grids(20, 5).Draw(t, "grid"), 1)
		got := Resample(v.Grid, v, -2000)
		for i := range v.HU {
			if got.HU[i] != v.HU[i] {
				t.Fatalf("voxel %d: %d, was %d", i, got.HU[i], v.HU[i])
			}
		}
	})
}

func BenchmarkResample512x512x100To2MM(b *testing.B) {
	v := randomVolume(NewUniformGrid(512, 512, 100, 0.98, 0.98, 3, Vec{}), 1)
	dst := NewUniformGrid(250, 250, 150, 2, 2, 2, Vec{})
	for b.Loop() {
		Resample(dst, v, -1000)
	}
}
