package segment

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// testGrids are grids as they come: plain, anisotropic with uneven slices, oblique, feet first.
func testGrids() map[string]*volume.Grid {
	plain := volume.NewUniformGrid(40, 36, 30, 3, 3, 4, volume.Vec{-60, -50, -30})
	uneven := volume.NewUniformGrid(50, 40, 5, 1.3, 2.1, 1, volume.Vec{10, 20, -700})
	uneven.SliceMM = []float64{0, 3, 8, 11.5, 20}
	oblique := volume.NewUniformGrid(40, 44, 20, 2.5, 1.7, 5, volume.Vec{5, 6, 7})
	s, c := math.Sincos(0.3)
	oblique.Row, oblique.Col = volume.Vec{c, s, 0}, volume.Vec{-s * c, c * c, s}
	turned := volume.NewUniformGrid(40, 36, 30, 3, 3, 4, volume.Vec{60, -50, 30})
	turned.Row = volume.Vec{-1, 0, 0}
	return map[string]*volume.Grid{"plain": plain, "uneven": uneven, "oblique": oblique, "turned": turned}
}

// noisyVolume is soft random texture between -1000 and 2000 HU, and a body that is an ellipsoid in it.
func noisyVolume(g *volume.Grid) (*volume.Volume, *volume.Mask) {
	rng := rand.New(rand.NewPCG(1, 2))
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(rng.IntN(3000) - 1000)
	}
	body := volume.MaskWhere(g, func(x, y, z int) bool {
		e := func(i, n int) float64 { d := (2*float64(i) - float64(n-1)) / float64(n); return d * d }
		return e(x, g.Nx)+e(y, g.Ny)+e(z, g.Nz()) < 0.8
	})
	return v, body
}

func TestPrepareAgainstBruteForce(t *testing.T) {
	channels := append(DefaultChannels(), Channel{Kind: KindFeature})
	for name, g := range testGrids() {
		t.Run(name, func(t *testing.T) {
			if err := g.Validate(); err != nil {
				t.Fatal(err)
			}
			v, body := noisyVolume(g)
			p, err := Prepare(context.Background(), v, body, channels)
			if err != nil {
				t.Fatal(err)
			}
			n := p.Placement.Grid
			if p.Tensor.Channels != 3 || p.Tensor.Size != [3]int{n.Nx, n.Ny, n.Nz()} || min(n.Nx, n.Ny, n.Nz()) < 96 {
				t.Fatalf("tensor of %d channels, %v voxels on a grid of %d x %d x %d", p.Tensor.Channels, p.Tensor.Size, n.Nx, n.Ny, n.Nz())
			}
			r, err := resampleBody(context.Background(), v, body, networkSpacingMM, networkPatchVoxels)
			if err != nil {
				t.Fatal(err)
			}
			inside := 0
			for z := range n.Nz() {
				for y := range n.Ny {
					for x := range n.Nx {
						want := [3]float64{}
						if r.hu[n.Index(x, y, z)] != outsideBody {
							inside++
						}
						at := n.ToPatient(float64(x), float64(y), float64(z))
						sx, sy, sz := g.ToVoxel(at)
						if tie(sx) || tie(sy) || tie(sz) { // either neighbour may decide
							continue
						}
						if body.Has(int(math.Floor(sx+0.5)), int(math.Floor(sy+0.5)), int(math.Floor(sz+0.5))) {
							hu, ok := v.SampleHU(at)
							if !ok {
								t.Fatalf("body at %v is outside the volume", at)
							}
							hu = math.Round(hu)
							want = [3]float64{clamp01((hu + 200) / 400), 0, clamp01((hu + 200) / 2400)}
							if hu >= 300 {
								want[1] = 1
							}
						}
						for c, w := range want {
							got := float64(p.Tensor.Channel(c)[n.Index(x, y, z)])
							if math.Abs(got-w) > 1.01/400 && !(c == 1 && nearHU(v, at, 300)) {
								t.Fatalf("channel %d of voxel %d %d %d is %g, want %g", c, x, y, z, got, w)
							}
						}
					}
				}
			}
			if mm3 := body.VolumeMM3(); math.Abs(float64(inside)*8-mm3) > 0.1*mm3 {
				t.Errorf("%d voxels of 8 mm3 are inside a body of %.0f mm3", inside, mm3)
			}
		})
	}
}

// tie tells whether x is half way between two voxels.
func tie(x float64) bool { return math.Abs(x-math.Floor(x)-0.5) < 1e-6 }

func clamp01(x float64) float64 { return max(0, min(1, x)) }

// nearHU tells whether the volume at p is so near to hu that rounding decides.
func nearHU(v *volume.Volume, p volume.Vec, hu float64) bool {
	got, ok := v.SampleHU(p)
	return ok && math.Abs(got-hu) < 1.01
}

func TestPlacementRoundTrip(t *testing.T) {
	for name, g := range testGrids() {
		t.Run(name, func(t *testing.T) {
			v, body := noisyVolume(g)
			p, err := Prepare(context.Background(), v, body, nil)
			if err != nil {
				t.Fatal(err)
			}
			place := p.Placement
			body.Each(func(x, y, z int) {
				nx, ny, nz := place.ToNetwork(float64(x), float64(y), float64(z))
				if nx < -1e-6 || ny < -1e-6 || nz < -1e-6 || nx > float64(place.Grid.Nx-1)+1e-6 || ny > float64(place.Grid.Ny-1)+1e-6 || nz > float64(place.Grid.Nz()-1)+1e-6 {
					t.Fatalf("body voxel %d %d %d is outside the network grid: %g %g %g", x, y, z, nx, ny, nz)
				}
				sx, sy, sz := place.ToSource(nx, ny, nz)
				if math.Abs(sx-float64(x)) > 1e-6 || math.Abs(sy-float64(y)) > 1e-6 || math.Abs(sz-float64(z)) > 1e-6 {
					t.Fatalf("voxel %d %d %d comes back as %g %g %g", x, y, z, sx, sy, sz)
				}
			})
		})
	}
}

func TestPrepareRefusals(t *testing.T) {
	g := volume.NewUniformGrid(8, 8, 8, 2, 2, 2, volume.Vec{})
	v := volume.NewVolume(g)
	if _, err := Prepare(context.Background(), v, volume.NewMask(g), DefaultChannels()); err == nil {
		t.Error("an empty body is accepted")
	}
	if _, err := Prepare(context.Background(), v, volume.NewMask(g), []Channel{{Kind: "mystery"}}); err == nil {
		t.Error("an unknown channel is accepted")
	}
	body := volume.MaskWhere(g, func(int, int, int) bool { return true })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Prepare(ctx, v, body, DefaultChannels()); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}
