package report

import (
	"image"
	"image/color"
	"math"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// DistanceMapMM is the distance from which on a colour of the distance map is full.
const DistanceMapMM = 5

// DistanceShape is the surface of ref, coloured by how far off that of test is: grey where it is there, blue where it falls
// short, orange where it goes beyond, full from DistanceMapMM on. Neither may be empty.
func DistanceShape(ref, test *volume.Mask) *viewer.Shape {
	offsets := qa.NewOffsets(ref, test)
	return viewer.NewTintedShape(ref, func(x, y, z int) color.RGBA { return offColour(offsets.At(x, y, z)) })
}

// distanceMap draws the surface of the reference, seen from the front and from the patient's left, coloured by how far off
// the surface of the test is.
func distanceMap(p *qa.PairResult) []*picture {
	shape := DistanceShape(p.RefMask, p.TestMask)
	low, high, _ := shape.Bounds()
	var r viewer.SolidRenderer
	var all []*picture
	for _, v := range []struct {
		name string
		turn viewer.Turn
	}{{"from the front", viewer.Turn{}}, {"from the left", viewer.Turn{YawDeg: 90}}, {"from behind", viewer.Turn{YawDeg: 180}}} {
		s := viewer.SolidScene{
			Solids: []viewer.Solid{{Shape: shape, Opacity: 1}}, Turn: v.turn, CentreMM: low.Add(high).Scale(0.5),
			PxPerMM: picturePx / (1.15 * math.Max(low.Distance(high), 10)), WidthPx: picturePx, HeightPx: picturePx,
		}
		dst := image.NewRGBA(image.Rect(0, 0, picturePx, picturePx))
		r.Render(dst, &s)
		all = append(all, &picture{
			Title:   "distance map",
			Caption: "reference " + v.name + ", head up; grey: the test's surface is there, blue: it falls short by up to 5 mm, orange: it goes beyond by up to 5 mm or more",
			image:   dst,
		})
	}
	return all
}

// offColour goes from grey to blue for what is negative and to orange for what is positive, mm.
func offColour(mm float64) color.RGBA {
	same, short, beyond := volume.Vec{0xC8, 0xC8, 0xC8}, volume.Vec{0x00, 0x72, 0xE0}, volume.Vec{0xF0, 0x80, 0x00}
	to := beyond
	if mm < 0 {
		to = short
	}
	f := math.Min(math.Abs(mm)/DistanceMapMM, 1)
	c := same.Add(to.Sub(same).Scale(f))
	return color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255}
}
