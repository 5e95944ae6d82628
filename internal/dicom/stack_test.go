package dicom

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// tilted writes the slices of v as a gantry tilted by degrees would give them: planes at right angles to the gantry,
// their first pixels in a column along the table.
func tilted(t *testing.T, degrees, backwards float64) (dir string, v *volume.Volume) {
	t.Helper()
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	g := volume.NewUniformGrid(40, 36, 12, 1.25, 1.5, 3*cos, volume.Vec{-30, -25, -100})
	g.Col = volume.Vec{0, cos, sin}
	dir, v, s := writeTestCT(t, g)
	for z := range s.Slices { // along the table instead of along the normal
		at := g.Origin.Add(volume.Vec{0, 0, 3 * float64(z) * backwards})
		rewritePosition(t, s.Slices[z].Path, at)
	}
	return dir, v
}

// rewritePosition replaces ImagePositionPatient in a file that WriteCT wrote.
func rewritePosition(t *testing.T, path string, at volume.Vec) {
	t.Helper()
	var r reader
	h, err := r.open(path, true, inflation{}, wantScan, stopAtPixels)
	if err != nil {
		t.Fatal(err)
	}
	w := walker{data: h.body, total: h.total, want: func(uint32) bool { return false }}
	w.stop = func(tag uint32) bool { return tag == 0x00200032 }
	start, ok := sniff(h.body)
	_, first, err := r.meta(start, h.total)
	if !ok || err != nil {
		t.Fatal(err)
	}
	pos, err := w.dataset(first, h.total, h.syntax.encoding, 0, false, false)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.header(pos, h.total, h.syntax.encoding)
	if err != nil {
		t.Fatal(err)
	}
	text := decimal(at[0]) + `\` + decimal(at[1]) + `\` + decimal(at[2])
	data := append([]byte(nil), h.body[:pos]...)
	data = append(data, appendRaw(nil, 0x00200032, str("DS", text), false, false)...)
	data = append(data, h.body[e.value+int(e.length):]...)
	writeFile(t, path, data)
}

// TestTiltedGantry: every pixel of a tilted slice stands where the file says it lies.
func TestTiltedGantry(t *testing.T) {
	for _, c := range []struct{ degrees, sign float64 }{{15, 1}, {-12, 1}, {29, 1}} {
		t.Run(fmt.Sprint(c.degrees), func(t *testing.T) {
			dir, want := tilted(t, c.degrees, c.sign)
			v, s, report, err := load(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			wantFinding(t, report, SeverityWarning, fmt.Sprintf("tilted by %.1f degrees", math.Abs(c.degrees)))
			worst := 0.0
			for z := range s.Slices {
				at := s.Slices[z].Position
				for y := 2; y < s.Rows-2; y++ {
					for x := range s.Columns {
						p := at.Add(s.Row.Scale(float64(x) * 1.25)).Add(s.Col.Scale(float64(y) * 1.5))
						i, j, k := v.Grid.ToVoxel(p)
						if math.Abs(k-float64(z)) > 1e-6 {
							t.Fatalf("slice %d lies at %.3f of the grid", z, k)
						}
						// linear between the pixels that the shift blended: the source is the mean of its surroundings at most half a pixel off
						lo, hi := want.At(x, y-1, z), want.At(x, y-1, z)
						for dy := -1; dy <= 1; dy++ {
							h := want.At(x, y+dy, z)
							lo, hi = min(lo, h), max(hi, h)
						}
						got := v.At(int(math.Round(i)), int(math.Round(j)), z)
						if got < lo || got > hi {
							t.Fatalf("(%d,%d,%d): %d HU, not between %d and %d", x, y, z, got, lo, hi)
						}
						if f := j - math.Floor(j); f < 1e-9 || f > 1-1e-9 {
							worst = max(worst, math.Abs(float64(got-want.At(x, y, z))))
						}
					}
				}
			}
			if worst > 0 {
				t.Errorf("where no interpolation is due HU differ by %.0f", worst)
			}
			// what is drawn lies on the CT's own planes, and comes back
			m := ball(v.Grid, v.Grid.ToPatient(20, float64(v.Grid.Ny)/2, 6), 9)
			path := filepath.Join(t.TempDir(), "rs.dcm")
			if err := WriteStructureSet(path, &StructureSet{Structures: []Structure{{Name: "Ball", Contours: volume.Contours(m)}}}, s, false); err != nil {
				t.Fatal(err)
			}
			set, err := ReadStructureSet(path, nil)
			if err != nil || !set.Structures[0].Mask(v.Grid).Equal(m) {
				t.Errorf("the ball did not come back: %v", err)
			}
			n := s.Row.Cross(s.Col)
			for _, contour := range set.Structures[0].Contours {
				near := math.Inf(1)
				for z := range s.Slices {
					near = min(near, math.Abs(contour.Points[0].Sub(s.Slices[z].Position).Dot(n)))
				}
				if near > 0.002 {
					t.Errorf("a contour lies %.3f mm off every slice of the CT", near)
				}
			}
		})
	}
}

// orientations are how patients lie, as ImageOrientationPatient says it, and an oblique stack.
func orientations() map[string][2]volume.Vec {
	oblique := volume.Vec{-0.48, 0.64, 0.6}
	return map[string][2]volume.Vec{
		"HFS":     {{1, 0, 0}, {0, 1, 0}},
		"HFP":     {{-1, 0, 0}, {0, -1, 0}},
		"HFDR":    {{0, -1, 0}, {1, 0, 0}},
		"HFDL":    {{0, 1, 0}, {-1, 0, 0}},
		"FFS":     {{-1, 0, 0}, {0, 1, 0}},
		"FFP":     {{1, 0, 0}, {0, -1, 0}},
		"FFDR":    {{0, 1, 0}, {1, 0, 0}},
		"FFDL":    {{0, -1, 0}, {-1, 0, 0}},
		"oblique": {{0.8, 0.6, 0}, oblique},
	}
}

// inOrientation writes a CT of a patient who lies like that, with one bright voxel at a place in the patient.
func inOrientation(t *testing.T, name string) (dir string, bright volume.Vec) {
	t.Helper()
	axes := orientations()[name]
	g := testGrid(9)
	g.Row, g.Col = axes[0], axes[1]
	g.Origin = volume.Vec{12.5, -7.25, 30}
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = -1000
	}
	v.HU[g.Index(31, 8, 6)] = 2500
	dir = filepath.Join(t.TempDir(), name)
	if _, err := WriteCT(context.Background(), dir, v, CTMeta{Patient: testPatient, PatientPosition: map[bool]string{true: "HFS", false: name}[name == "oblique"]}); err != nil {
		t.Fatal(err)
	}
	step := axes[0].Cross(axes[1]).Scale(3)
	return dir, volume.Vec{12.5, -7.25, 30}.Add(axes[0].Scale(31 * 1.25)).Add(axes[1].Scale(8 * 1.5)).Add(step.Scale(6))
}

// TestPatientsLieInEveryWay: position and orientation alone place the voxels, and structures come back to them.
func TestPatientsLieInEveryWay(t *testing.T) {
	for name := range orientations() {
		t.Run(name, func(t *testing.T) {
			dir, bright := inOrientation(t, name)
			v, s, report, err := load(t, dir)
			if err != nil || len(report.Findings()) > 0 {
				t.Fatalf("%v, %v", err, report.Findings())
			}
			x, y, z := v.Grid.ToVoxel(bright)
			if got := v.At(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))); got != 2500 {
				t.Fatalf("%d HU at %v", got, bright)
			}
			clip := volume.MaskWhere(v.Grid, func(x, y, z int) bool { return v.At(x, y, z) > 2000 })
			path := filepath.Join(t.TempDir(), "rs.dcm")
			if err := WriteStructureSet(path, &StructureSet{Structures: []Structure{{Name: "Clip", Type: "MARKER", Contours: volume.Contours(clip)}}}, s, false); err != nil {
				t.Fatal(err)
			}
			set, err := ReadStructureSet(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if clip.Count() != 1 || !set.Structures[0].Mask(v.Grid).Equal(clip) {
				t.Error("the clip did not come back")
			}
			var middle volume.Vec
			points := set.Structures[0].Contours[0].Points
			for _, p := range points {
				middle = middle.Add(p.Scale(1 / float64(len(points))))
			}
			if middle.Distance(bright) > 0.002 {
				t.Errorf("the clip is written at %v, it lies at %v", middle, bright)
			}
		})
	}
}
