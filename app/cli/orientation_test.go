package cli

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// TestTheSamePatientHoweverTheImagesLie: clips, sides and targets do not depend on the orientation, order and spacing of the images.
func TestTheSamePatientHoweverTheImagesLie(t *testing.T) {
	clips := []volume.Vec{{49, -27, -24}, {65, -19, -6}, {53, -3, 12}, {33, -27, 0}, {61, -31, 20}}
	hu := func(p volume.Vec) int16 {
		if p[0]*p[0]/110/110+p[1]*p[1]/80/80 >= 1 {
			return -1000
		}
		sum := 20.0
		for _, c := range clips { // a blurred rod from right to left
			d := p.Sub(c)
			sum += 2000 * math.Exp(-d[0]*d[0]/2/1.8/1.8-(d[1]*d[1]+d[2]*d[2])/2/0.9/0.9)
		}
		return int16(sum)
	}
	// All images are cubes of 2 mm on the same points, from corner to -corner.
	corner := volume.Vec{-127, -101, -60}
	grid := func(row, col volume.Vec) *volume.Grid {
		g := &volume.Grid{SpacingX: 2, SpacingY: 2, Row: row, Col: col}
		size := func(axis volume.Vec) int {
			for i, c := range axis {
				if c != 0 {
					return int(-corner[i]) + 1
				}
			}
			return 0
		}
		g.Nx, g.Ny = size(row), size(col)
		for z := range size(g.Normal()) {
			g.SliceMM = append(g.SliceMM, 2*float64(z))
		}
		for i := range 3 { // begin where the axes come from
			g.Origin[i] = corner[i] * (row[i] + col[i] + g.Normal()[i])
		}
		return g
	}
	uneven := grid(volume.Vec{1, 0, 0}, volume.Vec{0, 1, 0})
	uneven.SliceMM = nil
	for z := 0; z <= 120; z += 2 {
		if z < 10 || z > 20 || z == 16 { // far below the clips
			uneven.SliceMM = append(uneven.SliceMM, float64(z))
		}
	}
	var first Result
	for _, c := range []struct {
		name string
		g    *volume.Grid
	}{
		{"head first supine", grid(volume.Vec{1, 0, 0}, volume.Vec{0, 1, 0})},
		{"head first prone", grid(volume.Vec{-1, 0, 0}, volume.Vec{0, -1, 0})},
		{"feet first supine", grid(volume.Vec{-1, 0, 0}, volume.Vec{0, 1, 0})},
		{"feet first prone", grid(volume.Vec{1, 0, 0}, volume.Vec{0, -1, 0})},
		{"sagittal", grid(volume.Vec{0, 1, 0}, volume.Vec{0, 0, -1})},
		{"coronal", grid(volume.Vec{1, 0, 0}, volume.Vec{0, 0, -1})},
		{"uneven slices", uneven},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := volume.NewVolume(c.g)
			for z := range c.g.Nz() {
				for y := range c.g.Ny {
					for x := range c.g.Nx {
						v.HU[c.g.Index(x, y, z)] = hu(c.g.ToPatient(float64(x), float64(y), float64(z)))
					}
				}
			}
			dir := t.TempDir()
			if _, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "ct"), v, phantomMeta(1)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "r.json")
			code, _, errOut := call(t, func(d *Deps) { d.Engine = brightEngine{levelHU: 500} }, "segment", filepath.Join(dir, "ct"), "--out", filepath.Join(dir, "rs.dcm"), "--json", path, "--margin-mm", "3,12,5,8,10,6")
			if code != ExitOK {
				t.Fatalf("exit %d: %s", code, errOut)
			}
			var r Result
			readJSON(t, path, &r)
			if first.Clips == nil {
				first = r
				if len(r.Clips) != len(clips) {
					t.Fatalf("%d clips", len(r.Clips))
				}
			}
			if len(r.Clips) != len(first.Clips) {
				t.Fatalf("%d clips, %d before", len(r.Clips), len(first.Clips))
			}
			for i, k := range r.Clips {
				w := first.Clips[i]
				if k.CentreMM.Distance(w.CentreMM) > 0.3 || k.Side != "L" || math.Abs(k.VolumeMM3-w.VolumeMM3) > 0.1*w.VolumeMM3 || k.PeakHU != w.PeakHU {
					t.Errorf("clip %+v, before %+v", k, w)
				}
			}
			for i, s := range r.Structures {
				w := first.Structures[i]
				if s.Name != w.Name || math.Abs(s.VolumeCC-w.VolumeCC) > 0.02*w.VolumeCC {
					t.Errorf("%s of %.3f cc, before %s of %.3f cc", s.Name, s.VolumeCC, w.Name, w.VolumeCC)
				}
			}
			if r.ROI.MinMM.Distance(first.ROI.MinMM) > 4 || r.ROI.MaxMM.Distance(first.ROI.MaxMM) > 4 {
				t.Errorf("ROI %v to %v, before %v to %v", r.ROI.MinMM, r.ROI.MaxMM, first.ROI.MinMM, first.ROI.MaxMM)
			}
		})
	}
}
