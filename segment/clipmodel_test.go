package segment

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// wireClip is a clip as it is made: two legs of wire side by side, cut into points.
type wireClip struct {
	centre, along, across volume.Vec
	lengthMM, wireMM      float64
}

func randomClip(r *rand.Rand, centre volume.Vec, lengthMM, wireMM float64) wireClip {
	u := randomDirection(r)
	v := u.Cross(randomDirection(r))
	return wireClip{centre, u, v.Scale(1 / v.Norm()), lengthMM, wireMM}
}

func randomDirection(r *rand.Rand) volume.Vec {
	for {
		v := volume.Vec{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		if n := v.Norm(); n > 0.1 {
			return v.Scale(1 / n)
		}
	}
}

// scanned renders clips by brute force into 30 x 30 mm of fat: each point of each leg through a Gaussian in the slice
// plane and a box across slices.
func scanned(r *rand.Rand, sliceMM float64, clips ...wireClip) *volume.Volume {
	const pixel, fwhm, fat, titanium, noise = 1.1, 1.4, -100, 7140, 12
	n := int(math.Round(30 / pixel))
	slices := int(math.Round(40 / sliceMM))
	g := volume.NewUniformGrid(n, n, slices, pixel, pixel, sliceMM, volume.Vec{-15, -15, -20})
	hu := make([]float64, g.Len())
	sigma := fwhm / 2.3548
	for _, c := range clips {
		const steps = 60
		mm3 := c.lengthMM * math.Pi * c.wireMM * c.wireMM / 4 / steps
		for leg := -1.0; leg <= 1; leg += 2 {
			for k := range steps {
				p := c.centre.Add(c.along.Scale(((float64(k)+0.5)/steps - 0.5) * c.lengthMM)).Add(c.across.Scale(leg * (c.wireMM/2 + 0.15)))
				for z := range slices {
					if math.Abs(g.Origin[2]+g.SliceMM[z]-p[2]) > sliceMM/2 {
						continue
					}
					for y := range n {
						for x := range n {
							q := g.ToPatient(float64(x), float64(y), float64(z))
							d := (q[0]-p[0])*(q[0]-p[0]) + (q[1]-p[1])*(q[1]-p[1])
							hu[g.Index(x, y, z)] += (titanium - fat) * mm3 / sliceMM / (2 * math.Pi * sigma * sigma) * math.Exp(-d/(2*sigma*sigma))
						}
					}
				}
			}
		}
	}
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(math.Round(fat + hu[i] + noise*r.NormFloat64()))
	}
	return v
}

// bright are the voxels of v from hu.
func bright(v *volume.Volume, hu int16) (out [][3]int) {
	g := v.Grid
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				if v.At(x, y, z) >= hu {
					out = append(out, [3]int{x, y, z})
				}
			}
		}
	}
	return out
}

func everywhere(_, _, _ int) bool { return false }

// TestModelRecoversAClip: centre, metal and length of clips of the three sizes, as they lie.
func TestModelRecoversAClip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []struct{ lengthMM, wireMM float64 }{{4, 0.6}, {6, 0.85}, {9, 0.95}} {
		var centreMM, halfMM, metal, misfit []float64
		for range 12 {
			c := randomClip(r, randomDirection(r), size.lengthMM, size.wireMM)
			v := scanned(r, 3, c)
			w := newFitWindow(v, bright(v, 150), nil, everywhere)
			fit := w.one(-100)
			b := fit.bars[0]
			g := v.Grid
			at := g.Origin.Add(volume.Vec(b.centre))
			centreMM = append(centreMM, at.Distance(c.centre))
			halfMM = append(halfMM, math.Abs(b.halfMM()-size.lengthMM/2))
			metal = append(metal, b.metal/(7240*size.lengthMM*math.Pi*size.wireMM*size.wireMM/2))
			misfit = append(misfit, w.misfit(fit))
		}
		t.Logf("%g mm: centre %.2f mm, half length %.2f mm off, metal %.2f, misfit %.2f", size.lengthMM, lowerMedian(centreMM), lowerMedian(halfMM), lowerMedian(metal), lowerMedian(misfit))
		if lowerMedian(centreMM) > 0.3 || lowerMedian(halfMM) > 0.7 || math.Abs(lowerMedian(metal)-1) > 0.1 || lowerMedian(misfit) > 1 {
			t.Errorf("clips of %g mm are not recovered", size.lengthMM)
		}
	}
}

// TestModelTellsOneFromTwo: pairs of one kind 3 to 5 mm apart, as surgeons set them, and clips alone.
func TestModelTellsOneFromTwo(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n = 16
	for _, slice := range []float64{2, 3, 5} {
		alone, together, right := 0, 0, []float64{}
		for range n {
			one := randomClip(r, randomDirection(r), 6, 0.85)
			v := scanned(r, slice, one)
			w := newFitWindow(v, bright(v, 150), nil, everywhere)
			if twoLogit(w, w.one(-100), w.two(-100), 1) < 0 {
				alone++
			}
			side := randomDirection(r) // not end to end: they would run into each other
			side = side.Sub(one.along.Scale(0.7 * side.Dot(one.along)))
			apart := side.Scale((1.5 + r.Float64()) / side.Norm())
			other := one
			one.centre, other.centre = apart, apart.Scale(-1)
			other.along = one.along.Add(randomDirection(r).Scale(0.3))
			other.along = other.along.Scale(1 / other.along.Norm())
			v = scanned(r, slice, one, other)
			w = newFitWindow(v, bright(v, 150), nil, everywhere)
			two := w.two(-100)
			if twoLogit(w, w.one(-100), two, 1) < 0 {
				continue
			}
			together++
			m := Match([]volume.Vec{one.centre, other.centre}, []volume.Vec{
				v.Grid.Origin.Add(volume.Vec(two.bars[0].centre)), v.Grid.Origin.Add(volume.Vec(two.bars[1].centre)),
			}, nil, 5)
			for _, p := range m.Pairs {
				right = append(right, p.DistanceMM)
			}
		}
		t.Logf("slices of %g mm: %d of %d clips alone, %d of %d pairs, median centre error %.2f mm", slice, alone, n, together, n, lowerMedian(right))
		if alone < n-1 || together < n*2/3 || lowerMedian(right) > 0.6 {
			t.Errorf("slices of %g mm: one and two clips are taken for each other", slice)
		}
	}
}

// TestRefinePartsAPair: the whole way from one marked component to two clips that share no voxel.
func TestRefinePartsAPair(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	a := wireClip{volume.Vec{-1.9, 0, 0}, volume.Vec{0, 1, 0}, volume.Vec{1, 0, 0}, 6, 0.85}
	b := a
	b.centre = volume.Vec{1.9, 0.5, 0.5}
	v := scanned(r, 3, a, b)
	g := volume.NewUniformGrid(15, 15, 15, 2, 2, 2, volume.Vec{-14, -14, -14})
	var voxels [][3]int
	for z := 6; z < 9; z++ {
		for y := 6; y < 9; y++ {
			for x := 5; x < 10; x++ {
				voxels = append(voxels, [3]int{x, y, z})
			}
		}
	}
	found, err := refine(context.Background(), v, &resampled{Placement: Placement{Grid: g, Source: v.Grid}}, []component{unscored(voxels)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%d clips where 2 are", len(found))
	}
	seen := map[[3]int]bool{}
	for _, f := range found {
		if len(f.voxels) == 0 || len(f.marked) == 0 || f.peakHU < 300 {
			t.Errorf("a clip of %d voxels, %d marked, peak %d HU", len(f.voxels), len(f.marked), f.peakHU)
		}
		for _, p := range f.voxels {
			if seen[p] {
				t.Errorf("two clips share voxel %v", p)
			}
			seen[p] = true
		}
	}
	m := Match([]volume.Vec{a.centre, b.centre}, []volume.Vec{found[0].centre, found[1].centre}, nil, 1.5) // in one slice: its middle is as good as any
	if len(m.Pairs) != 2 {
		t.Errorf("the pair stands at %.1f and %.1f", found[0].centre, found[1].centre)
	}
}

func BenchmarkExplainOne(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	v := scanned(r, 3, randomClip(r, volume.Vec{}, 6, 0.85))
	w := newFitWindow(v, bright(v, 150), nil, everywhere)
	for b.Loop() {
		w.one(-100)
	}
}

func BenchmarkExplainTwo(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 8))
	v := scanned(r, 3, randomClip(r, volume.Vec{}, 6, 0.85))
	w := newFitWindow(v, bright(v, 150), nil, everywhere)
	for b.Loop() {
		w.two(-100)
	}
}

// TestBlocksAreOneClip: what no model explains, a block of even HU with hard edges, stays one mark.
func TestBlocksAreOneClip(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for _, grid := range [][2]float64{{1, 1}, {1, 2.5}, {1.27, 5}} {
		for _, size := range [][3]int{{1, 1, 1}, {2, 2, 1}, {3, 3, 1}, {4, 2, 1}, {2, 2, 2}} {
			for _, hu := range []int16{1800, 3000} {
				g := volume.NewUniformGrid(41, 41, 15, grid[0], grid[0], grid[1], volume.Vec{-20 * grid[0], -20 * grid[0], -7 * grid[1]})
				v := volume.NewVolume(g)
				for i := range v.HU {
					v.HU[i] = int16(math.Round(-100 + 12*r.NormFloat64()))
				}
				for z := range size[2] {
					for y := range size[1] {
						for x := range size[0] {
							v.HU[g.Index(20+x, 20+y, 7+z)] = hu
						}
					}
				}
				n := volume.NewUniformGrid(21, 21, 21, 2, 2, 2, volume.Vec{-20, -20, -20})
				var voxels [][3]int
				for _, p := range bright(v, hu) {
					x, y, z := n.ToVoxel(g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))
					at := [3]int{int(math.Round(x)), int(math.Round(y)), int(math.Round(z))}
					if !slices.Contains(voxels, at) {
						voxels = append(voxels, at)
					}
				}
				found, err := refine(context.Background(), v, &resampled{Placement: Placement{Grid: n, Source: g}}, []component{unscored(voxels)}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if len(found) != 1 {
					t.Errorf("%v voxels of %d HU on %g x %g mm: %d clips, misfit %.1f", size, hu, grid[0], grid[1], len(found), found[0].model.misfit)
				}
			}
		}
	}
}
