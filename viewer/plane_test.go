package viewer

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

const tinyMM = 1e-6

func TestToPictureUndoesToPatient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		x, y := rapid.Float64Range(-50, 90).Draw(t, "x"), rapid.Float64Range(-50, 90).Draw(t, "y")
		p := ToPatient(s, x, y)
		if gotX, gotY := ToPicture(s, p); math.Abs(gotX-x) > tinyMM || math.Abs(gotY-y) > tinyMM {
			t.Fatalf("(%g, %g) is %v, which shows at (%g, %g)", x, y, p, gotX, gotY)
		}
		f := newFrame(s)
		var index [3]float64
		index[0], index[1], index[2] = s.Volume.Grid.ToVoxel(p)
		if got := index[f.through.axis]; math.Abs(got-float64(f.throughVoxel)) > tinyMM {
			t.Fatalf("%v lies on slice %g of the shown direction, not on %d", p, got, f.throughVoxel)
		}
	})
}

func TestPixelsAreSquareInThePatient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		origin, perMM := ToPatient(s, 0, 0), PxPerMM(s)
		for _, d := range [][2]float64{{7, 0}, {0, 7}} {
			if got := ToPatient(s, d[0], d[1]).Distance(origin) * perMM; math.Abs(got-7) > tinyMM {
				t.Fatalf("7 pixels towards %v span %g pixels' worth of mm", d, got)
			}
		}
	})
}

func TestZoomOneFitsTheWholePlane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.Zoom, s.PanMM = 1, [2]float64{}
		g := s.Volume.Grid
		for i := range 8 {
			p := g.ToPatient(float64(i&1*(g.Nx-1)), float64(i>>1&1*(g.Ny-1)), float64(i>>2*(g.Nz()-1)))
			x, y := ToPicture(s, p)
			if x < 0 || y < 0 || x > float64(s.WidthPx) || y > float64(s.HeightPx) {
				t.Fatalf("corner %v falls on (%g, %g), outside %d x %d", p, x, y, s.WidthPx, s.HeightPx)
			}
		}
	})
}

// The right of the patient is on the left of axial and coronal pictures, the front on top of axial and
// on the left of sagittal ones, the head up: however the patient lay and the images were stacked.
func TestRadiologicalConvention(t *testing.T) {
	towards := map[string]volume.Vec{"R": {-1, 0, 0}, "L": {1, 0, 0}, "A": {0, -1, 0}, "P": {0, 1, 0}, "F": {0, 0, -1}, "H": {0, 0, 1}}
	want := map[Plane]Letters{
		Axial:    {Left: "R", Right: "L", Top: "A", Bottom: "P"},
		Sagittal: {Left: "A", Right: "P", Top: "H", Bottom: "F"},
		Coronal:  {Left: "R", Right: "L", Top: "H", Bottom: "F"},
	}
	for _, o := range orientations() {
		for _, tilt := range []float64{0, 0.3} {
			g := &volume.Grid{Nx: 8, Ny: 9, SpacingX: 1, SpacingY: 2, Row: turn(o.row, 0, tilt), Col: turn(o.col, 0, tilt), SliceMM: []float64{0, 3, 6, 10}}
			for _, plane := range planes() {
				s := &Scene{Volume: volume.NewVolume(g), Plane: plane, CursorMM: g.ToPatient(4, 4, 1), WidthPx: 64, HeightPx: 48}
				letters := EdgeLetters(s)
				if diff := cmp.Diff(want[plane], letters); diff != "" {
					t.Errorf("%s tilted by %g, %v: letters (-want +got):\n%s", o.name, tilt, plane, diff)
				}
				x0, y0 := ToPicture(s, s.CursorMM)
				for _, edge := range []struct {
					letter string
					dx, dy float64
				}{{letters.Left, -1, 0}, {letters.Right, 1, 0}, {letters.Top, 0, -1}, {letters.Bottom, 0, 1}} {
					x, y := ToPicture(s, s.CursorMM.Add(towards[edge.letter].Scale(2)))
					if (x-x0)*edge.dx+(y-y0)*edge.dy <= 0 {
						t.Errorf("%s tilted by %g, %v: %s is not where its letter stands", o.name, tilt, plane, edge.letter)
					}
				}
			}
		}
	}
}

func TestStepStaysInsideAndVisitsEverySlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		s.CursorMM = Step(s, -1000)
		first, of := SliceNumber(s)
		if first != 1 {
			t.Fatalf("the far end is slice %d of %d", first, of)
		}
		positive := [...]volume.Vec{Axial: {0, 0, 1}, Sagittal: {1, 0, 0}, Coronal: {0, 1, 0}}[s.Plane]
		for want := 2; want <= of; want++ {
			next := Step(s, 1)
			if next.Sub(s.CursorMM).Dot(positive) <= 0 {
				t.Fatalf("a step up goes from %v to %v", s.CursorMM, next)
			}
			s.CursorMM = next
			if n, _ := SliceNumber(s); n != want {
				t.Fatalf("step to slice %d arrives at %d", want, n)
			}
		}
		if end := Step(s, 3); end.Distance(s.CursorMM) > tinyMM {
			t.Fatalf("a step leaves the CT, from %v to %v", s.CursorMM, end)
		}
		if s.Volume.Grid.Nz() > 0 && Step(s, -1000).Distance(Step(s, 1-of)) > tinyMM {
			t.Fatal("stepping back does not return")
		}
	})
}

func TestStepOnUnevenSlicesLandsOnSlices(t *testing.T) {
	g := volume.NewUniformGrid(4, 4, 4, 1, 1, 1, volume.Vec{0, 0, -100})
	g.SliceMM = []float64{0, 1, 4, 9}
	s := &Scene{Volume: volume.NewVolume(g), CursorMM: volume.Vec{1, 2, -97.4}, WidthPx: 10, HeightPx: 10}
	var got []float64
	for _, n := range []int{-1, 0, 1} {
		got = append(got, Step(s, n)[2])
	}
	if diff := cmp.Diff([]float64{-99, -96, -91}, got); diff != "" {
		t.Errorf("from 2.6 mm above the first slice (-want +got):\n%s", diff)
	}
	if p := Step(s, 1); p[0] != 1 || p[1] != 2 {
		t.Errorf("the cursor moved within the slice, to %v", p)
	}
}

func TestAimPutsAPlaceInTheMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScene(t)
		p := ToPatient(s, rapid.Float64Range(0, 40).Draw(t, "x"), rapid.Float64Range(0, 40).Draw(t, "y"))
		across := rapid.Float64Range(20, 300).Draw(t, "across")
		Aim(s, p, across)
		if x, y := ToPicture(s, p); math.Abs(x-float64(s.WidthPx)/2) > tinyMM || math.Abs(y-float64(s.HeightPx)/2) > tinyMM {
			t.Fatalf("the place shows at (%g, %g) of %d x %d", x, y, s.WidthPx, s.HeightPx)
		}
		if got := float64(s.WidthPx) / PxPerMM(s); math.Abs(got-across) > tinyMM*across {
			t.Fatalf("%g mm across, want %g", got, across)
		}
	})
}
