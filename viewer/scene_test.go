package viewer

import (
	"image"
	"image/color"
	"math"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

var (
	red   = color.RGBA{255, 0, 0, 255}
	green = color.RGBA{0, 255, 0, 255}
)

func planes() []Plane { return []Plane{Axial, Sagittal, Coronal} }

// orientation is how a patient lies in the scanner, as the rows and columns of the images.
type orientation struct {
	name     string
	row, col volume.Vec
}

func orientations() []orientation {
	return []orientation{
		{"head first supine", volume.Vec{1, 0, 0}, volume.Vec{0, 1, 0}},
		{"head first prone", volume.Vec{-1, 0, 0}, volume.Vec{0, -1, 0}},
		{"feet first supine", volume.Vec{-1, 0, 0}, volume.Vec{0, 1, 0}},
		{"feet first prone", volume.Vec{1, 0, 0}, volume.Vec{0, -1, 0}},
		{"head first decubitus", volume.Vec{0, 1, 0}, volume.Vec{-1, 0, 0}},
		{"sagittal images", volume.Vec{0, 1, 0}, volume.Vec{0, 0, -1}},
		{"coronal images", volume.Vec{1, 0, 0}, volume.Vec{0, 0, -1}},
	}
}

// drawGrid draws a small grid: any of orientations or an oblique one, anisotropic, slices even or not.
func drawGrid(t *rapid.T) *volume.Grid {
	spacing := rapid.Float64Range(0.5, 3)
	g := &volume.Grid{
		Nx: rapid.IntRange(1, 9).Draw(t, "nx"), Ny: rapid.IntRange(1, 9).Draw(t, "ny"),
		SpacingX: spacing.Draw(t, "sx"), SpacingY: spacing.Draw(t, "sy"),
		Origin: volume.Vec{rapid.Float64Range(-200, 200).Draw(t, "ox"), 17, -300}, SliceMM: []float64{0},
	}
	o := rapid.SampledFrom(orientations()).Draw(t, "orientation")
	g.Row, g.Col = o.row, o.col
	if rapid.Bool().Draw(t, "oblique") {
		tilt := rapid.Float64Range(-0.6, 0.6)
		for axis := range 3 {
			a := tilt.Draw(t, "tilt")
			g.Row, g.Col = turn(g.Row, axis, a), turn(g.Col, axis, a)
		}
	}
	even, gap := rapid.Bool().Draw(t, "even"), spacing.Draw(t, "sz")
	nz := rapid.IntRange(1, 7).Draw(t, "nz")
	for z := 1; z < nz; z++ {
		if !even {
			gap = spacing.Draw(t, "gap")
		}
		g.SliceMM = append(g.SliceMM, g.SliceMM[z-1]+gap)
	}
	return g
}

// turn rotates v about a patient axis by a radians.
func turn(v volume.Vec, axis int, a float64) volume.Vec {
	i, j := (axis+1)%3, (axis+2)%3
	r := v
	r[i], r[j] = v[i]*math.Cos(a)-v[j]*math.Sin(a), v[i]*math.Sin(a)+v[j]*math.Cos(a)
	return r
}

// drawScene draws a scene of a random volume on a drawGrid, without marks.
func drawScene(t *rapid.T) *Scene {
	g := drawGrid(t)
	v := volume.NewVolume(g)
	seed := rapid.Uint32().Draw(t, "HU seed")
	for i := range v.HU {
		seed = seed*1664525 + 1013904223
		v.HU[i] = int16(seed>>16%2000) - 1000
	}
	inside := rapid.Float64Range(-0.6, 1)
	return &Scene{
		Volume: v, Plane: rapid.SampledFrom(planes()).Draw(t, "plane"),
		CursorMM: g.ToPatient(
			inside.Draw(t, "cx")*float64(g.Nx), inside.Draw(t, "cy")*float64(g.Ny), inside.Draw(t, "cz")*float64(g.Nz())),
		Window: Window{CentreHU: 40, WidthHU: 800}, Zoom: rapid.Float64Range(0.5, 4).Draw(t, "zoom"),
		PanMM:   [2]float64{rapid.Float64Range(-4, 4).Draw(t, "pan right"), rapid.Float64Range(-4, 4).Draw(t, "pan down")},
		WidthPx: rapid.IntRange(1, 40).Draw(t, "width"), HeightPx: rapid.IntRange(1, 40).Draw(t, "height"),
	}
}

// phantomScene is an axial picture through the middle of a uniform CT of hu(x, y, z) HU with voxels of 1 mm.
func phantomScene(nx, ny, nz int, hu func(x, y, z int) int16) *Scene {
	g := volume.NewUniformGrid(nx, ny, nz, 1, 1, 1, volume.Vec{})
	v := volume.NewVolume(g)
	for z := range nz {
		for y := range ny {
			for x := range nx {
				v.HU[g.Index(x, y, z)] = hu(x, y, z)
			}
		}
	}
	return &Scene{
		Volume: v, CursorMM: g.ToPatient(float64(nx/2), float64(ny/2), float64(nz/2)),
		Window: Window{CentreHU: 0, WidthHU: 2000}, WidthPx: nx, HeightPx: ny,
	}
}

func render(s *Scene) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, s.WidthPx, s.HeightPx))
	NewRenderer().Render(dst, s)
	return dst
}

// greyAt is the picture's grey at (x, y); the pixel must be grey and opaque.
func greyAt(p *image.RGBA, x, y int) (grey uint8, ok bool) {
	c := p.RGBAAt(x, y)
	return c.R, c.R == c.G && c.G == c.B && c.A == 255
}

// greyOf is the grey of hu in w, by the definition.
func greyOf(hu int, w Window) uint8 {
	v := (float64(hu) - (w.CentreHU - w.WidthHU/2)) / w.WidthHU * 255
	return uint8(math.Floor(min(max(v, 0), 255) + 0.5))
}
