package viewer

import (
	"image/color"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Sign is the shape that a Mark is drawn as: told apart without colour.
type Sign int

// Shapes.
const (
	Ring Sign = iota
	Square
	Diamond
	Cross
	Triangle
)

// Mark is a sign at a place of the patient, of one size at any zoom.
type Mark struct {
	AtMM    volume.Vec
	Sign    Sign
	Colour  color.RGBA
	SizePx  float64 // across, in device-independent pixels
	WidthPx float64
	ReachMM float64 // it shows on planes no farther than this, and always on the slice that holds it; dashed but on that one
	Label   string  // written beside it by whoever shows the picture
}

// shown tells whether the plane of f shows m, and whether m lies on it.
func (f *frame) shown(m *Mark) (shown, on bool) {
	mm := f.through.mm(m.AtMM)
	on = f.through.nearest(mm) == f.throughVoxel
	return on || math.Abs(mm-f.through.offset(f.throughVoxel)) <= m.ReachMM, on
}

// Strokes are the lines of a sign in a box from -1 to 1, each from x, y to x, y.
func (s Sign) Strokes() [][4]float64 {
	switch s {
	case Square:
		return [][4]float64{{-1, -1, 1, -1}, {1, -1, 1, 1}, {1, 1, -1, 1}, {-1, 1, -1, -1}}
	case Diamond:
		return [][4]float64{{0, -1, 1, 0}, {1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}}
	case Cross:
		return [][4]float64{{-1, -1, 1, 1}, {-1, 1, 1, -1}}
	case Triangle:
		return [][4]float64{{0, -1, 0.95, 0.8}, {0.95, 0.8, -0.95, 0.8}, {-0.95, 0.8, 0, -1}}
	}
	const of = 24
	ring := make([][4]float64, of)
	for i := range ring {
		s0, c0 := math.Sincos(2 * math.Pi * float64(i) / of)
		s1, c1 := math.Sincos(2 * math.Pi * float64(i+1) / of)
		ring[i] = [4]float64{c0, s0, c1, s1}
	}
	return ring
}

func (b *band) drawMark(r *Renderer, m *Mark) {
	shown, on := r.frame.shown(m)
	if !shown {
		return
	}
	s := &r.scene
	x, y := r.frame.px(m.AtMM)
	half := m.SizePx / 2 * scale(s)
	p := newPen(s, m.WidthPx, false)
	for i, c := range m.Sign.Strokes() {
		if !on && m.Sign == Ring && i%2 == 1 { // a ring off its slice is broken; lines are dashed by halves
			continue
		}
		x1, y1 := c[2], c[3]
		if !on && m.Sign != Ring {
			x1, y1 = c[0]+0.55*(c[2]-c[0]), c[1]+0.55*(c[3]-c[1])
		}
		b.marks.segment(x+c[0]*half, y+c[1]*half, x+x1*half, y+y1*half, p)
	}
	b.marks.flush(r.dst, m.Colour)
}

// appendMarkLabels appends the labels of the marks that s shows, at their upper right.
func appendMarkLabels(dst []Label, s *Scene, f *frame) []Label {
	for i := range s.Marks {
		m := &s.Marks[i]
		if shown, _ := f.shown(m); !shown || m.Label == "" {
			continue
		}
		x, y := f.px(m.AtMM)
		half := m.SizePx / 2 * scale(s)
		dst = append(dst, Label{X: x + half, Y: y - half/2, Text: m.Label, Colour: m.Colour})
	}
	return dst
}
