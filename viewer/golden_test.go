package viewer

import (
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

var update = flag.Bool("update", false, "write the golden pictures anew; look at them before committing")

// goldenScene is a small body: an ellipse that darkens towards the back, a bright bar on its right front
// whose height differs from slice to slice, a ball as target, two clips in boxes and a region.
func goldenScene(plane Plane) *Scene {
	g := volume.NewUniformGrid(64, 48, 24, 2, 2, 4, volume.Vec{-63, -47, -46})
	v := volume.NewVolume(g)
	ball := func(c volume.Vec, radiusMM float64) *volume.Mask {
		return volume.MaskWhere(g, func(x, y, z int) bool {
			return g.ToPatient(float64(x), float64(y), float64(z)).Distance(c) <= radiusMM
		})
	}
	clips := []volume.Vec{{-30, -14, 2}, {-18, -8, -2}}
	for i := range v.HU {
		x, y, z := i%g.Nx, i/g.Nx%g.Ny, i/(g.Nx*g.Ny)
		p := g.ToPatient(float64(x), float64(y), float64(z))
		switch r := math.Hypot(p[0]/58, p[1]/42); {
		case r > 1:
			v.HU[i] = -1000
		case p[0] < -20 && p[0] > -40 && p[1] < -18+p[2]/4 && p[1] > -26:
			v.HU[i] = 220
		default:
			v.HU[i] = int16(40 - 3*p[1])
		}
	}
	s := &Scene{
		Volume: v, Plane: plane, CursorMM: volume.Vec{-24, -12, 0}, Window: Window{40, 400}, Smooth: true, Crosshair: true,
		WidthPx: 180, HeightPx: 140,
		Overlays: []Overlay{
			{Mask: volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) > -500 }), Colour: color.RGBA{0x00, 0x9E, 0x73, 255}, WidthPx: 1},
			{Mask: ball(volume.Vec{-24, -11, 0}, 18), Colour: color.RGBA{0xD5, 0x5E, 0x00, 255}, WidthPx: 1.5, Fill: 0.2},
		},
		Boxes: []Box{{MinMM: volume.Vec{-50, -36, -30}, MaxMM: volume.Vec{6, 20, 30}, Colour: color.RGBA{0xF0, 0xE4, 0x42, 255}, WidthPx: 1, Dashed: true}},
	}
	pink := color.RGBA{0xCC, 0x79, 0xA7, 255}
	for i, c := range clips {
		s.Overlays = append(s.Overlays, Overlay{Mask: ball(c, 2.5), Colour: pink, WidthPx: 1.5})
		s.Boxes = append(s.Boxes, Box{MinMM: c.Sub(volume.Vec{6, 6, 6}), MaxMM: c.Add(volume.Vec{6, 6, 6}), Colour: pink, WidthPx: 1.5, Dashed: i == 1})
	}
	return s
}

func goldens() map[string]*Scene {
	closeUp := goldenScene(Axial)
	closeUp.Zoom, closeUp.PanMM, closeUp.Scale, closeUp.Smooth = 4, [2]float64{-23, -10}, 2, false
	slab := goldenScene(Coronal)
	slab.SlabMM, slab.WidthPx = 30, 100
	oblique := goldenScene(Axial)
	g := *oblique.Volume.Grid
	g.Row, g.Col = turn(g.Row, 2, 0.35), turn(g.Col, 2, 0.35)
	g.Row, g.Col = g.Row.Scale(-1), g.Col.Scale(-1) // prone
	oblique.Volume = &volume.Volume{Grid: &g, HU: oblique.Volume.HU}
	oblique.CursorMM = g.ToPatient(20, 18, 11)
	roi := goldenScene(Coronal)
	roi.Boxes[0].Handles, roi.Boxes[0].Dashed, roi.Boxes[0].WidthPx = true, false, 1.5
	contour := goldenScene(Axial)
	contour.Path = Path{Colour: color.RGBA{0xE6, 0x9F, 0x00, 255}, WidthPx: 1.5, Points: []volume.Vec{{-44, -20, 0}, {-30, -30, 0}, {-10, -26, 0}, {-4, -8, 0}, {-20, 8, 0}, {-38, 2, 0}}}
	return map[string]*Scene{
		"roi": roi, "contour": contour,
		"axial": goldenScene(Axial), "sagittal": goldenScene(Sagittal), "coronal": goldenScene(Coronal),
		"close-up": closeUp, "slab": slab, "oblique": oblique,
	}
}

// goldenSolid is the body of goldenScene, seen through, with the target in it and a clip in that.
func goldenSolid() *image.RGBA {
	s := goldenScene(Axial)
	scene := &SolidScene{WidthPx: 180, HeightPx: 140, PxPerMM: 1, Turn: Turn{YawDeg: 25, PitchDeg: 15}, Solids: []Solid{
		{Shape: NewShape(s.Overlays[0].Mask, true), Colour: color.RGBA{0xA8, 0xB4, 0xC0, 255}, Opacity: 0.35, Inside: true},
		{Shape: NewShape(s.Overlays[1].Mask, false), Colour: color.RGBA{0xD5, 0x5E, 0x00, 255}, Opacity: 0.45},
		{Shape: NewShape(s.Overlays[2].Mask, false), Colour: color.RGBA{0xCC, 0x79, 0xA7, 255}, Opacity: 1},
	}}
	picture := image.NewRGBA(image.Rect(0, 0, scene.WidthPx, scene.HeightPx))
	new(SolidRenderer).Render(picture, scene)
	return picture
}

func TestGoldenPictures(t *testing.T) {
	pictures := map[string]*image.RGBA{"solid": goldenSolid()}
	for name, s := range goldens() {
		pictures[name] = render(s)
	}
	for name, got := range pictures {
		path := filepath.Join("testdata", name+".png")
		if *update {
			writePNG(t, path, got)
			continue
		}
		want, err := readPNG(path)
		if err != nil {
			t.Errorf("%v; go test ./viewer -update writes it", err)
			continue
		}
		if got.Rect != want.Rect {
			t.Errorf("%s is %v, was %v", name, got.Rect, want.Rect)
			continue
		}
		// Rounding differs between processors: a level or two everywhere, and single pixels on ties.
		const levels, pixels = 3, 0.002
		different := 0
		for i := 0; i < len(got.Pix); i += 4 {
			for c := range 3 {
				if d := int(got.Pix[i+c]) - int(want.Pix[i+c]); d > levels || d < -levels {
					different++
					break
				}
			}
		}
		if n := len(got.Pix) / 4; float64(different) > pixels*float64(n) {
			fresh := filepath.Join(t.ArtifactDir(), name+".png")
			writePNG(t, fresh, got)
			t.Errorf("%s differs in %d of %d pixels; the new one is %s", name, different, n, fresh)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.DeleteFunc(files, func(f string) bool {
		return pictures[strings.TrimSuffix(filepath.Base(f), ".png")] != nil
	}) {
		t.Errorf("%s belongs to no test", f)
	}
}

func writePNG(t *testing.T, path string, p image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, p); err != nil {
		t.Fatal(err)
	}
}

func readPNG(path string) (*image.RGBA, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := png.Decode(f)
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(p.Bounds())
	draw.Draw(out, out.Rect, p, p.Bounds().Min, draw.Src)
	return out, nil
}
