package viewer

import (
	"fmt"
	"image/color"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Letters are the patient directions at the edges of a picture.
type Letters struct{ Left, Right, Top, Bottom string }

// EdgeLetters returns the letters of s: R L A P, and H F for head and feet.
func EdgeLetters(s *Scene) Letters {
	v := newView(s.Volume.Grid, s.Plane)
	var l Letters
	l.Left, l.Right = v.right.letters()
	l.Top, l.Bottom = v.down.letters()
	return l
}

// Label is a text at a place of the picture, in device pixels.
type Label struct {
	X, Y   float64
	Text   string
	Colour color.RGBA
}

// AppendLabels appends the labels of the boxes the plane cuts, at their top left corners, and of the marks it shows to dst.
func AppendLabels(dst []Label, s *Scene) []Label {
	f := newFrame(s)
	for i := range s.Boxes {
		b := &s.Boxes[i]
		if b.Label == "" {
			continue
		}
		if r, ok := f.rectangle(b); ok {
			dst = append(dst, Label{X: r[0], Y: r[1], Text: b.Label, Colour: b.Colour})
		}
	}
	return appendMarkLabels(dst, s, &f)
}

// PositionText is where the plane is: "S 104.5 mm · slice 41/92"; slice is that word in the reader's language.
func PositionText(s *Scene, slice string) string {
	f := newFrame(s)
	p := s.CursorMM.Add(f.through.dir.Scale(f.through.offset(f.throughVoxel) - f.throughMM))
	number, of := SliceNumber(s)
	axis := map[Plane]int{Sagittal: 0, Coronal: 1, Axial: 2}[s.Plane]
	return fmt.Sprintf("%s · %s %d/%d", Coordinate(p, axis), slice, number, of)
}

// Coordinate is one patient coordinate with its letter: axis 0 is R or L, 1 A or P, 2 I or S.
func Coordinate(p volume.Vec, axis int) string {
	letters := [3][2]string{{"R", "L"}, {"A", "P"}, {"I", "S"}}[axis]
	letter := letters[1]
	if p[axis] < 0 {
		letter = letters[0]
	}
	return fmt.Sprintf("%s %.1f mm", letter, math.Abs(p[axis]))
}

// HUText is the HU of the voxel at p, or "" outside the CT.
func HUText(v *volume.Volume, p volume.Vec) string {
	x, y, z := v.Grid.ToVoxel(p)
	i, j, k := int(math.Round(x)), int(math.Round(y)), int(math.Round(z))
	if !v.Grid.Contains(i, j, k) {
		return ""
	}
	return fmt.Sprintf("%d HU", v.At(i, j, k))
}

// ScaleBar returns the length of a bar of round length, at most a quarter of the picture wide, in mm
// and device pixels.
func ScaleBar(s *Scene) (mm, px float64) {
	perMM := PxPerMM(s)
	mm = 1
	for _, l := range []float64{2, 5, 10, 20, 50, 100} {
		if l*perMM <= float64(s.WidthPx)/4 {
			mm = l
		}
	}
	return mm, mm * perMM
}
