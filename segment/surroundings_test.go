package segment

import (
	"math"
	"math/rand"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestNearestAgainstEveryVoxel(t *testing.T) {
	g := volume.NewUniformGrid(60, 50, 20, 1.3, 1.7, 4, volume.Vec{-30, 10, 5})
	r := rand.New(rand.NewSource(1))
	m := volume.NewMask(g)
	for range 40 {
		m.Set(r.Intn(g.Nx), r.Intn(g.Ny), r.Intn(g.Nz()), true)
	}
	for range 200 {
		p := g.ToPatient(r.Float64()*float64(g.Nx-1), r.Float64()*float64(g.Ny-1), r.Float64()*float64(g.Nz()-1))
		for _, in := range []bool{true, false} {
			want := math.Inf(1)
			x, y, z := g.ToVoxel(p)
			if m.At(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) == in {
				want = 0
			} else {
				for z := range g.Nz() {
					for y := range g.Ny {
						for x := range g.Nx {
							if m.At(x, y, z) == in {
								want = min(want, g.ToPatient(float64(x), float64(y), float64(z)).Distance(p))
							}
						}
					}
				}
			}
			if got := nearestVoxelMM(m, p, in); math.Abs(got-want) > 1e-6 {
				t.Fatalf("nearest %v to %v: %g mm, want %g", in, p, got, want)
			}
		}
	}
	if got := nearestVoxelMM(volume.NewMask(g), volume.Vec{0, 50, 40}, true); !math.IsNaN(got) {
		t.Errorf("an empty mask is %g mm away", got)
	}
}

func TestSurround(t *testing.T) {
	g := volume.NewUniformGrid(100, 100, 50, 2, 2, 2, volume.Vec{-99, -99, -49})
	external := volume.MaskWhere(g, func(x, y, z int) bool {
		p := g.ToPatient(float64(x), float64(y), float64(z))
		return math.Hypot(p[0], p[1]) < 80
	})
	bones := volume.MaskWhere(g, func(x, _, _ int) bool { return x < 40 })
	clips := []Clip{
		{ID: 1, Side: "L", Kept: true, CentreMM: volume.Vec{60, 0, 0}},
		{ID: 2, Side: "L", Kept: true, CentreMM: volume.Vec{40, 0, 0}},
		{ID: 3, Side: "L", CentreMM: volume.Vec{0, 60, 0}},
		{ID: 4, Side: "R", Kept: true, CentreMM: volume.Vec{-40, 0, 0}},
	}
	s := Surround(&clips[0], clips, external, bones)
	if math.Abs(s.SkinMM-20) > 2 || math.Abs(s.BoneMM-80) > 2 && !math.IsNaN(s.BoneMM) || s.CentreMM != 10 {
		t.Errorf("%+v, want 20 mm to the skin, 80 or more to bone, 10 to the middle", s)
	}
	if s := Surround(&clips[1], clips, nil, bones); !math.IsNaN(s.SkinMM) || math.Abs(s.BoneMM-61) > 2 {
		t.Errorf("%+v without External", s)
	}
	if s := Surround(&clips[3], clips, external, nil); !math.IsNaN(s.CentreMM) || !math.IsNaN(s.BoneMM) {
		t.Errorf("%+v of a lone clip without bones", s)
	}
}
