package viewer

import (
	"image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

func zeroHU(int, int, int) int16 { return 0 }

// coloured counts the pixels that lean towards c more than grey does.
func coloured(p *image.RGBA, c color.RGBA) int {
	n := 0
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			if leans(p.RGBAAt(x, y), c) {
				n++
			}
		}
	}
	return n
}

func leans(p, c color.RGBA) bool {
	const clearly = 40
	if c.R > c.G {
		return int(p.R)-int(p.G) > clearly
	}
	return int(p.G)-int(p.R) > clearly
}

func TestSingleVoxelIsVisible(t *testing.T) {
	for _, width := range []int{16, 64, 640} { // a quarter of a pixel to ten pixels a voxel
		for _, at := range [][3]int{{30, 20, 1}, {0, 0, 1}, {63, 63, 1}} {
			s := phantomScene(64, 64, 3, zeroHU)
			s.WidthPx, s.HeightPx = width, width
			m := volume.NewMask(s.Volume.Grid)
			m.Set(at[0], at[1], at[2], true)
			s.Overlays = []Overlay{{Mask: m, Colour: red, WidthPx: 1.5}}
			for _, dashed := range []bool{false, true} {
				s.Overlays[0].Dashed = dashed
				if coloured(render(s), red) == 0 {
					t.Errorf("voxel %v does not show in a picture %d pixels wide, dashed: %v", at, width, dashed)
				}
			}
			s.CursorMM[2] = 0
			if n := coloured(render(s), red); n != 0 {
				t.Errorf("voxel %v shows %d pixels on the slice below", at, n)
			}
		}
	}
}

func TestOutlineRunsBetweenVoxels(t *testing.T) {
	s := phantomScene(32, 32, 1, zeroHU)
	s.WidthPx, s.HeightPx = 320, 320
	m := volume.MaskWhere(s.Volume.Grid, func(x, y, _ int) bool { return x >= 8 && x < 20 && y >= 10 && y < 16 })
	s.Overlays = []Overlay{{Mask: m, Colour: red, WidthPx: 2}}
	picture := render(s)
	for _, on := range [][2]int{{80, 130}, {200, 130}, {140, 100}, {140, 160}} {
		if !leans(picture.RGBAAt(on[0], on[1]), red) {
			t.Errorf("no outline on the face at %v", on)
		}
	}
	for _, off := range [][2]int{{140, 130}, {76, 130}, {84, 130}, {140, 96}, {140, 104}, {80, 100}} {
		if leans(picture.RGBAAt(off[0], off[1]), red) {
			t.Errorf("an outline at %v, away from the faces", off)
		}
	}
}

func TestTouchingMasksBothShow(t *testing.T) {
	s := phantomScene(32, 32, 1, zeroHU)
	s.WidthPx, s.HeightPx = 320, 320
	half := func(low, high int) *volume.Mask {
		return volume.MaskWhere(s.Volume.Grid, func(x, y, _ int) bool { return x >= low && x < high && y >= 8 && y < 24 })
	}
	s.Overlays = []Overlay{
		{Mask: half(6, 16), Colour: red, WidthPx: 1.5, Fill: 0.3},
		{Mask: half(16, 26), Colour: green, WidthPx: 1.5, Fill: 0.3},
	}
	picture := render(s)
	if !leans(picture.RGBAAt(60, 160), red) || !leans(picture.RGBAAt(260, 160), green) {
		t.Error("an outer face is missing")
	}
	if !leans(picture.RGBAAt(160, 160), green) {
		t.Error("the later mask's outline does not lie on top of the common face")
	}
	for x := 61; x < 259; x++ {
		got := picture.RGBAAt(x, 160)
		if x < 158 && !leans(got, red) {
			t.Fatalf("column %d of the first mask is %v", x, got)
		}
		if x > 162 && !leans(got, green) {
			t.Fatalf("column %d of the second mask is %v", x, got)
		}
	}
}

// A pixel is tinted exactly if its nearest voxel is in the mask.
func TestFillFollowsTheNearestVoxel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		g := s.Volume.Grid
		for i := range s.Volume.HU {
			s.Volume.HU[i] = 0
		}
		seed := rapid.Uint32().Draw(t, "mask seed")
		m := volume.MaskWhere(g, func(x, y, z int) bool {
			seed = seed*1664525 + 1013904223
			return seed>>20&1 == 1
		})
		s.Overlays = []Overlay{{Mask: m, Colour: red, Fill: 0.5}}
		picture := render(s)
		for y := range s.HeightPx {
			for x := range s.WidthPx {
				v, inside, sure := nearestVoxel(g, ToPatient(s, float64(x)+0.5, float64(y)+0.5))
				if !sure {
					continue
				}
				if got, want := leans(picture.RGBAAt(x, y), red), inside && m.At(v[0], v[1], v[2]); got != want {
					t.Fatalf("pixel (%d, %d) at voxel %v tinted: %v, want %v", x, y, v, got, want)
				}
			}
		}
	})
}

// The outline lies where the mask, interpolated between voxel centres, passes one half: never more than
// a voxel from a face, and on every face between two voxels of which one is in the mask.
func TestOutlineCrossesEveryFace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.Zoom, s.PanMM, s.WidthPx, s.HeightPx = 1, [2]float64{}, 200, 200
		g, f := s.Volume.Grid, newFrame(s)
		for i := range s.Volume.HU {
			s.Volume.HU[i] = 0
		}
		m := volume.MaskWhere(g, func(x, y, z int) bool { return (3*x+5*y+7*z)%4 < 2 })
		s.Overlays = []Overlay{{Mask: m, Colour: red, WidthPx: 2}}
		picture := render(s)
		has := func(right, down int) bool {
			var v [3]int
			v[f.right.axis], v[f.down.axis], v[f.through.axis] = right, down, f.throughVoxel
			return m.Has(v[0], v[1], v[2])
		}
		for j := range f.down.n {
			for i := range f.right.n - 1 {
				x0, x1 := f.voxelPx(&f.right, i, f.leftMM), f.voxelPx(&f.right, i+1, f.leftMM)
				y := f.voxelPx(&f.down, j, f.topMM)
				middle := picture.RGBAAt(int((x0+x1)/2), int(y))
				if got, want := leans(middle, red), has(i, j) != has(i+1, j); got != want && math.Abs(x1-x0) > 12 {
					t.Fatalf("between voxels %d and %d of line %d: outline %v, want %v", i, i+1, j, got, want)
				}
			}
		}
	})
}

func TestSlabOutlinesTheUnionOfItsSlices(t *testing.T) {
	s := phantomScene(32, 32, 9, zeroHU)
	g := s.Volume.Grid
	m := volume.MaskWhere(g, func(x, y, z int) bool { return x >= 2*z && x < 2*z+4 && y >= 10 && y < 20 })
	union := volume.MaskWhere(g, func(x, y, _ int) bool { return x >= 6 && x < 14 && y >= 10 && y < 20 })
	s.SlabMM = 2
	s.Overlays = []Overlay{{Mask: m, Colour: red, WidthPx: 1, Fill: 0.5}}
	got := render(s)
	s.SlabMM = 0
	s.Overlays[0].Mask = union
	if want := render(s); string(got.Pix) != string(want.Pix) {
		t.Error("a slab over slices 3 to 5 does not show their union")
	}
}

func TestDashedOutlineHasGaps(t *testing.T) {
	s := phantomScene(32, 32, 1, zeroHU)
	s.WidthPx, s.HeightPx = 320, 320
	m := volume.MaskWhere(s.Volume.Grid, func(x, y, _ int) bool { return x >= 8 && x < 24 && y >= 8 && y < 24 })
	s.Overlays = []Overlay{{Mask: m, Colour: red, WidthPx: 2}}
	solid := coloured(render(s), red)
	s.Overlays[0].Dashed = true
	if dashed := coloured(render(s), red); dashed < solid/3 || dashed > 2*solid/3 {
		t.Errorf("%d of %d outline pixels are left in dashes", dashed, solid)
	}
}

func TestBoxShowsWhereThePlaneCutsIt(t *testing.T) {
	s := phantomScene(40, 40, 40, zeroHU)
	s.WidthPx, s.HeightPx = 160, 160
	s.Boxes = []Box{{MinMM: volume.Vec{10, 12, 15}, MaxMM: volume.Vec{20, 30, 25}, Colour: red, WidthPx: 1.5, Label: "7"}}
	for _, c := range []struct {
		z     float64
		shown bool
	}{{14, false}, {15, true}, {20, true}, {25, true}, {26, false}} {
		s.CursorMM[2] = c.z
		picture, labels := render(s), AppendLabels(nil, s)
		if got := coloured(picture, red) > 0; got != c.shown || (len(labels) == 1) != c.shown {
			t.Errorf("at %g mm the box shows: %v with %d labels, want %v", c.z, got, len(labels), c.shown)
		}
		if !c.shown {
			continue
		}
		x, y := ToPicture(s, volume.Vec{10, 20, c.z})
		if !leans(picture.RGBAAt(int(x), int(y)), red) {
			t.Errorf("no left side at (%g, %g)", x, y)
		}
		if leans(picture.RGBAAt(60, 80), red) {
			t.Error("the box is not hollow")
		}
		if x, y := ToPicture(s, volume.Vec{10, 12, c.z}); labels[0].X != x || labels[0].Y != y || labels[0].Text != "7" {
			t.Errorf("label %+v, want 7 at (%g, %g)", labels[0], x, y)
		}
	}
}
