package viewer

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// solidBall is the surface of a ball of 20 mm.
func solidBall(thin bool) *Shape {
	g := volume.NewUniformGrid(60, 60, 30, 1, 1, 2, volume.Vec{-30, -30, -30})
	return NewShape(volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Norm() <= 20
	}), thin)
}

func TestShapeHoldsTheSurfaceWithNormalsOutwards(t *testing.T) {
	for _, thin := range []bool{false, true} {
		s := solidBall(thin)
		if len(s.points) < 500 {
			t.Errorf("thin %v: %d points", thin, len(s.points))
		}
		for _, p := range s.points {
			at := volume.Vec{float64(p.at[0]), float64(p.at[1]), float64(p.at[2])}
			if r := at.Norm(); r < 16 || r > 20.01 {
				t.Fatalf("thin %v: a point lies at %.1f mm of a ball of 20", thin, r)
			}
			n := volume.Vec{float64(p.normal[0]), float64(p.normal[1]), float64(p.normal[2])}
			if n.Dot(at.Scale(1/at.Norm())) < 0.7 {
				t.Fatalf("thin %v: normal %v at %v", thin, n, at)
			}
		}
		if low, high, ok := s.Bounds(); !ok || math.Abs(high[0]-low[0]-40) > 1 {
			t.Errorf("bounds %v to %v", low, high)
		}
	}
	if _, _, ok := NewShape(volume.NewMask(volume.NewUniformGrid(4, 4, 4, 1, 1, 1, volume.Vec{})), false).Bounds(); ok {
		t.Error("an empty mask has a surface")
	}
}

func TestTurnKeepsRadiologicalSides(t *testing.T) {
	for _, c := range []struct {
		turn     Turn
		p        volume.Vec
		x, y     int // sign on the picture, right and down
		describe string
	}{
		{Turn{}, volume.Vec{10, 0, 0}, 1, 0, "from the front the patient's left is on the right"},
		{Turn{}, volume.Vec{0, 0, 10}, 0, -1, "the head is up"},
		{Turn{YawDeg: 90}, volume.Vec{0, 10, 0}, -1, 0, "turned, her left forward, the back is on the left"},
		{Turn{PitchDeg: 90}, volume.Vec{0, -10, 0}, 0, 1, "seen from the head, the front is below"},
	} {
		s := SolidScene{Turn: c.turn, PxPerMM: 1, WidthPx: 100, HeightPx: 100}
		x, y := s.Project(c.p)
		if sign(x-50) != c.x || sign(y-50) != c.y {
			t.Errorf("%s: at %.1f, %.1f", c.describe, x-50, y-50)
		}
	}
}

func sign(v float64) int {
	switch {
	case v > 1e-6:
		return 1
	case v < -1e-6:
		return -1
	}
	return 0
}

func TestLaterSolidsAreSeenThroughEarlierOnes(t *testing.T) {
	g := volume.NewUniformGrid(60, 60, 30, 1, 1, 2, volume.Vec{-30, -30, -30})
	core := NewShape(volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Norm() <= 6
	}), false)
	s := &SolidScene{
		Solids:  []Solid{{Shape: solidBall(false), Colour: green, Opacity: 0.4}, {Shape: core, Colour: red, Opacity: 1}},
		PxPerMM: 2, WidthPx: 120, HeightPx: 120,
	}
	dst := image.NewRGBA(image.Rect(0, 0, 120, 120))
	var r SolidRenderer
	r.Render(dst, s)
	if c := dst.RGBAAt(60, 60); c.R < 150 || c.G > c.R/2 {
		t.Errorf("the core is %v", c)
	}
	if c := dst.RGBAAt(60+25, 60); c.G < 30 || c.R > 20 {
		t.Errorf("the ball round it is %v", c)
	}
	if c := dst.RGBAAt(3, 3); c != (color.RGBA{0, 0, 0, 255}) {
		t.Errorf("the background is %v", c)
	}
	if n := testing.AllocsPerRun(5, func() { r.Render(dst, s) }); n > 0 {
		t.Errorf("a picture allocates %g times", n)
	}
}

func BenchmarkSolids(b *testing.B) {
	shapes := []Solid{{Shape: solidBall(true), Colour: green, Opacity: 0.3, Inside: true}, {Shape: solidBall(false), Colour: red, Opacity: 0.5}}
	s := &SolidScene{Solids: shapes, PxPerMM: 8, WidthPx: 450, HeightPx: 450}
	dst := image.NewRGBA(image.Rect(0, 0, 450, 450))
	var r SolidRenderer
	for i := range b.N {
		s.Turn.YawDeg = float64(i)
		r.Render(dst, s)
	}
}
