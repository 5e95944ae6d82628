package viewer

import (
	"image"
	"math"
	"testing"

	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/internal/volume"
)

// clinicalScene is a CT of 512 x 512 x 100 with 12 clips in boxes, a large target, the body and a
// crosshair, in a picture of 900 x 900.
func clinicalScene(plane Plane) *Scene {
	g := volume.NewUniformGrid(512, 512, 100, 0.98, 0.98, 3, volume.Vec{-250, -250, -150})
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(i*7919%2400 - 1000)
	}
	ball := func(centre volume.Vec, radiusMM float64) *volume.Mask {
		m := volume.NewMask(g)
		for z := range g.Nz() {
			for y := range g.Ny {
				p := g.ToPatient(0, float64(y), float64(z))
				half := math.Sqrt(max(radiusMM*radiusMM-(p[1]-centre[1])*(p[1]-centre[1])-(p[2]-centre[2])*(p[2]-centre[2]), 0)) / g.SpacingX
				middle := (centre[0] - p[0]) / g.SpacingX
				m.SetSpan(int(math.Ceil(middle-half)), int(math.Ceil(middle+half)), y, z)
			}
		}
		return m
	}
	s := &Scene{
		Volume: v, Plane: plane, Window: Window{40, 400}, Zoom: 1, Smooth: true, Crosshair: true,
		WidthPx: 900, HeightPx: 900, Scale: 1,
		Overlays: []Overlay{
			{Mask: ball(volume.Vec{}, 220), Colour: green, WidthPx: 1},
			{Mask: ball(volume.Vec{-60, -60, 0}, 70), Colour: red, WidthPx: 1.5, Fill: 0.1, Dashed: true},
		},
		Boxes: []Box{{MinMM: volume.Vec{-150, -150, -80}, MaxMM: volume.Vec{40, 40, 80}, Colour: red, WidthPx: 1, Dashed: true}},
	}
	for k := range 12 {
		a := 2 * math.Pi * float64(k) / 12
		c := volume.Vec{-60 + 30*math.Cos(a), -60 + 30*math.Sin(a), 0}
		s.Overlays = append(s.Overlays, Overlay{Mask: ball(c, 4), Colour: red, WidthPx: 1.5})
		s.Boxes = append(s.Boxes, Box{MinMM: c.Sub(volume.Vec{6, 6, 6}), MaxMM: c.Add(volume.Vec{6, 6, 6}), Colour: red, WidthPx: 1.5})
	}
	return s
}

// scrolling moves the cursor of s to and fro through its slices, as a turning wheel does.
func scrolling(s *Scene) (next func()) {
	n := 0
	middle := volume.Vec{-60, -60, 0}
	through := [...]int{Axial: 2, Sagittal: 0, Coronal: 1}[s.Plane]
	return func() {
		n++
		s.CursorMM = middle
		s.CursorMM[through] += float64(n%8-4) * 3
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, plane := range planes() {
		s := clinicalScene(plane)
		r, dst, next := NewRenderer(), image.NewRGBA(image.Rect(0, 0, 900, 900)), scrolling(s)
		frame := func() {
			next()
			r.Render(dst, s)
		}
		for range 10 {
			frame()
		}
		if n := testing.AllocsPerRun(20, frame); n != 0 {
			t.Errorf("%v: %g allocations a picture", plane, n)
		}
	}
}

// benchmark draws the plane with every picture on another slice, and with the same slice again and again
// (zoom, window, crosshair).
func benchmark(b *testing.B, plane Plane) {
	s := clinicalScene(plane)
	dst := image.NewRGBA(image.Rect(0, 0, 900, 900))
	still := func() { s.CursorMM = volume.Vec{-60, -60, 0} }
	for _, c := range []struct {
		name string
		next func()
	}{{"scroll", scrolling(s)}, {"still", still}} {
		b.Run(c.name, func(b *testing.B) {
			r := NewRenderer()
			c.next()
			r.Render(dst, s)
			b.ReportAllocs()
			began := cputime.Used()
			for b.Loop() {
				c.next()
				r.Render(dst, s)
			}
			b.ReportMetric(float64((cputime.Used()-began).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

func BenchmarkAxial(b *testing.B)    { benchmark(b, Axial) }
func BenchmarkSagittal(b *testing.B) { benchmark(b, Sagittal) }
func BenchmarkCoronal(b *testing.B)  { benchmark(b, Coronal) }
