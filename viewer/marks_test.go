package viewer

import (
	"image"
	"image/color"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// TestMarksShowWhereTheyAre draws each shape on its slice, beside it, and too far away.
func TestMarksShowWhereTheyAre(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 10, 1, 1, 3, volume.Vec{})
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = -1000
	}
	r := NewRenderer()
	red := color.RGBA{255, 0, 0, 255}
	count := func(shape Sign, z float64) (n int, centre bool) {
		s := Scene{
			Volume: v, Plane: Axial, CursorMM: g.ToPatient(20, 20, z), Window: Window{40, 400}, WidthPx: 200, HeightPx: 200,
			Marks: []Mark{{AtMM: g.ToPatient(20, 20, 4), Sign: shape, Colour: red, SizePx: 40, WidthPx: 2, ReachMM: 3, Label: "7"}},
		}
		dst := image.NewRGBA(image.Rect(0, 0, 200, 200))
		r.Render(dst, &s)
		x, y := ToPicture(&s, s.Marks[0].AtMM)
		for i := range 200 {
			for k := range 200 {
				if c := dst.RGBAAt(i, k); c.R > 128 && c.G == 0 {
					n++
				}
			}
		}
		if labels := AppendLabels(nil, &s); (len(labels) == 1) != (n > 0) || n > 0 && labels[0].Text != "7" {
			t.Errorf("shape %d at slice %g: %d labels", shape, z, len(labels))
		}
		return n, dst.RGBAAt(int(x), int(y)).R > 128
	}
	seen := map[int]Sign{}
	for _, shape := range []Sign{Ring, Square, Diamond, Cross, Triangle} {
		on, centre := count(shape, 4)
		beside, _ := count(shape, 5)
		far, _ := count(shape, 6)
		if on == 0 || beside == 0 || beside >= on || far != 0 {
			t.Errorf("shape %d covers %d pixels on its slice, %d beside it, %d far away", shape, on, beside, far)
		}
		if centre != (shape == Cross) {
			t.Errorf("shape %d covers its middle: %v", shape, centre)
		}
		if other, double := seen[on]; double {
			t.Errorf("shapes %d and %d look the same", shape, other)
		}
		seen[on] = shape
	}
}
