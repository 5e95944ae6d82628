package viewer

import (
	"image"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestWindowIsExact(t *testing.T) {
	for _, w := range []Window{{40, 400}, {-600, 1500}, {400, 1}, {0, 2}, {1024, 4096}} {
		r := NewRenderer()
		r.setWindow(w)
		for i, got := range r.grey {
			if want := opaque | uint32(greyOf(i-1<<15, w))*0x010101; got != want {
				t.Fatalf("window %+v: %d HU is pixel %#x, want %#x", w, i-1<<15, got, want)
			}
		}
	}
	r := NewRenderer()
	r.setWindow(Window{40, 400})
	for hu, want := range map[int]uint8{-161: 0, -160: 0, 40: 128, 240: 255, 3000: 255} {
		if got := uint8(r.grey[hu+1<<15]); got != want {
			t.Errorf("%d HU is grey %d, want %d", hu, got, want)
		}
	}
}

func TestWindowOfNoWidthIsAStep(t *testing.T) {
	r := NewRenderer()
	r.setWindow(Window{100, 0})
	if low, high := uint8(r.grey[98+1<<15]), uint8(r.grey[102+1<<15]); low != 0 || high != 255 {
		t.Errorf("greys beside the step are %d and %d", low, high)
	}
}

// nearestVoxel is the voxel nearest to p, and whether p is in the grid and clearly nearer to it than to others.
func nearestVoxel(g *volume.Grid, p volume.Vec) (index [3]int, inside, sure bool) {
	const margin = 1e-6
	d := p.Sub(g.Origin)
	inside, sure = true, true
	for axis, mm := range [3]float64{d.Dot(g.Row), d.Dot(g.Col), d.Dot(g.Normal())} {
		n := [3]int{g.Nx, g.Ny, g.Nz()}[axis]
		centre := func(i int) float64 {
			if axis == 2 {
				return g.SliceMM[i]
			}
			return float64(i) * [2]float64{g.SpacingX, g.SpacingY}[axis]
		}
		best, second := math.Inf(1), math.Inf(1)
		for i := range n {
			if away := math.Abs(mm - centre(i)); away < best {
				best, second, index[axis] = away, best, i
			} else {
				second = min(second, away)
			}
		}
		thick := [3]float64{g.SpacingX, g.SpacingY, g.SliceThickness(min(index[axis], g.Nz()-1))}[axis]
		if mm < centre(0) || mm > centre(n-1) {
			inside = inside && best < thick/2
			sure = sure && math.Abs(best-thick/2) > margin
		}
		sure = sure && second-best > margin
	}
	return index, inside, sure
}

func TestUnsmoothedPixelShowsItsNearestVoxel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		picture := render(s)
		for y := range s.HeightPx {
			for x := range s.WidthPx {
				p := ToPatient(s, float64(x)+0.5, float64(y)+0.5)
				v, inside, sure := nearestVoxel(s.Volume.Grid, p)
				if !sure {
					continue
				}
				want := uint8(0)
				if inside {
					want = greyOf(int(s.Volume.At(v[0], v[1], v[2])), s.Window)
				}
				if got, ok := greyAt(picture, x, y); !ok || got != want {
					t.Fatalf("pixel (%d, %d) at %v is %v, want grey %d of voxel %v", x, y, p, picture.RGBAAt(x, y), want, v)
				}
			}
		}
	})
}

func TestSmoothedPixelMixesFourVoxels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.Smooth = true
		picture := render(s)
		g, f := s.Volume.Grid, newFrame(s)
		n := [3]int{g.Nx, g.Ny, g.Nz()}
		for y := range s.HeightPx {
			for x := range s.WidthPx {
				p := ToPatient(s, float64(x)+0.5, float64(y)+0.5)
				if _, inside, sure := nearestVoxel(g, p); !inside || !sure {
					continue
				}
				var at [3]float64
				at[0], at[1], at[2] = g.ToVoxel(p)
				at[f.through.axis] = float64(f.throughVoxel)
				hu := 0.0
				for corner := range 8 {
					weight, index := 1.0, [3]int{}
					for axis := range 3 {
						c := min(max(at[axis], 0), float64(n[axis]-1))
						low := int(math.Floor(c))
						part := c - float64(low)
						if corner>>axis&1 == 0 {
							part = 1 - part
						} else {
							low = min(low+1, n[axis]-1)
						}
						weight, index[axis] = weight*part, low
					}
					hu += weight * float64(s.Volume.At(index[0], index[1], index[2]))
				}
				// Weights are 1/256 steps of up to 2000 HU, along each of two axes.
				want := (hu - (s.Window.CentreHU - s.Window.WidthHU/2)) / s.Window.WidthHU * 255
				got, ok := greyAt(picture, x, y)
				if tolerance := 12 * 255 / s.Window.WidthHU; !ok || math.Abs(float64(got)-min(max(want, 0), 255)) > tolerance {
					t.Fatalf("pixel (%d, %d) at voxel %v is %v, want %.1f", x, y, at, picture.RGBAAt(x, y), want)
				}
			}
		}
	})
}

func TestSlabIsTheMaximumOfItsSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.SlabMM = rapid.Float64Range(0.1, 12).Draw(t, "slab")
		got := render(s)
		f := newFrame(s)
		lo, hi := slab(s, &f)
		want := image.NewRGBA(got.Rect)
		one := *s
		one.SlabMM = 0
		for k := lo; k <= hi; k++ {
			one.CursorMM = s.CursorMM.Add(f.through.dir.Scale(f.through.offset(k) - f.throughMM))
			for i, v := range render(&one).Pix {
				want.Pix[i] = max(want.Pix[i], v)
			}
		}
		if string(got.Pix) != string(want.Pix) {
			t.Fatalf("the slab over slices %d to %d is not their maximum", lo, hi)
		}
		for k := range f.through.n {
			away := math.Abs(f.through.offset(k) - f.throughMM)
			if away < s.SlabMM/2-tinyMM && (k < lo || k > hi) {
				t.Fatalf("slice %d is %g mm away, in a slab of %g mm, but not shown", k, away, s.SlabMM)
			}
		}
	})
}

func TestAnisotropicVoxelsKeepTheirShape(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 10, 1, 1, 4, volume.Vec{})
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = -1000
	}
	for z := 3; z < 7; z++ { // 16 mm high, 16 mm wide
		for x := 12; x < 28; x++ {
			v.HU[g.Index(x, 20, z)] = 1000
		}
	}
	s := &Scene{Volume: v, Plane: Coronal, CursorMM: volume.Vec{0, 20, 0}, Window: Window{0, 2000}, WidthPx: 120, HeightPx: 120}
	wide, high := 0, 0
	picture := render(s)
	for i := range 120 {
		if c, _ := greyAt(picture, i, 60); c == 255 {
			wide++
		}
		if c, _ := greyAt(picture, 60, i); c == 255 {
			high++
		}
	}
	if wide != 48 || high != 48 {
		t.Errorf("a square of 16 mm at 3 pixels a mm shows as %d x %d pixels", wide, high)
	}
}

func TestOneRendererDrawsLikeFreshOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRenderer()
		s := drawScene(t)
		g := s.Volume.Grid
		parity := func(m int) *volume.Mask {
			return volume.MaskWhere(g, func(x, y, z int) bool { return (x*y+z)%m == 0 })
		}
		masks := []*volume.Mask{parity(2), parity(3), parity(5)}
		for range 6 {
			s.Plane = rapid.SampledFrom(planes()).Draw(t, "plane")
			s.CursorMM = g.ToPatient(0, float64(rapid.IntRange(0, g.Ny-1).Draw(t, "y")), float64(rapid.IntRange(0, g.Nz()-1).Draw(t, "z")))
			s.SlabMM = rapid.SampledFrom([]float64{0, 3}).Draw(t, "slab")
			s.Smooth, s.Crosshair = rapid.Bool().Draw(t, "smooth"), rapid.Bool().Draw(t, "crosshair")
			s.WidthPx = rapid.IntRange(1, 40).Draw(t, "width")
			s.Overlays = nil
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, 2), 0, 3).Draw(t, "masks") {
				s.Overlays = append(s.Overlays, Overlay{Mask: masks[i], Colour: red, WidthPx: 1.5, Fill: 0.3, Dashed: i == 1})
			}
			got := image.NewRGBA(image.Rect(0, 0, s.WidthPx, s.HeightPx))
			r.Render(got, s)
			if string(got.Pix) != string(render(s).Pix) {
				t.Fatalf("what was drawn before shows in %+v", s)
			}
		}
	})
}

func TestCrosshairLeavesTheCursorFree(t *testing.T) {
	s := phantomScene(100, 80, 3, func(int, int, int) int16 { return 0 })
	plain := render(s)
	s.Crosshair = true
	picture := render(s)
	changed := func(x, y int) bool { return picture.RGBAAt(x, y) != plain.RGBAAt(x, y) }
	cx, cy := ToPicture(s, s.CursorMM)
	for _, p := range [][2]int{{0, int(cy)}, {99, int(cy)}, {int(cx), 0}, {int(cx), 79}} {
		if !changed(p[0], p[1]) {
			t.Errorf("the crosshair does not reach %v", p)
		}
	}
	for d := -12; d <= 12; d++ {
		if changed(int(cx)+d, int(cy)) || changed(int(cx), int(cy)+d) {
			t.Errorf("the crosshair covers what lies %d pixels from the cursor", d)
		}
	}
}

func TestPictureIsOpaqueEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.Crosshair = true
		s.Boxes = []Box{{MinMM: s.CursorMM, MaxMM: s.CursorMM.Add(volume.Vec{2, 2, 2}), Colour: red, WidthPx: 2}}
		picture := render(s)
		for i := 3; i < len(picture.Pix); i += 4 {
			if picture.Pix[i] != 255 {
				t.Fatalf("pixel %d has opacity %d", i/4, picture.Pix[i])
			}
		}
	})
}
