package qa

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// box is the voxels lo <= v < hi.
func box(g *volume.Grid, lo, hi [3]int) *volume.Mask {
	return volume.MaskWhere(g, func(x, y, z int) bool { return volume.Box{Min: lo, Max: hi}.Contains(x, y, z) })
}

func near(t *testing.T, what string, got Number, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= tolerance) {
		t.Errorf("%s: got %.9g, want %.9g", what, float64(got), want)
	}
}

func TestBoxesAreMeasuredExactly(t *testing.T) {
	const exact = 1e-6
	g := volume.NewUniformGrid(90, 70, 40, 1.25, 0.75, 3, volume.Vec{-50, 20, 300})
	ref := box(g, [3]int{20, 20, 10}, [3]int{40, 40, 20})
	test := box(g, [3]int{24, 20, 10}, [3]int{44, 40, 20})
	m := Measure(ref, test, Tolerances{SurfaceMM: 1})
	cc := 20 * 20 * 10 * 1.25 * 0.75 * 3 / 1000.0
	near(t, "reference cc", m.RefCC, cc, exact)
	near(t, "test cc", m.TestCC, cc, exact)
	near(t, "ratio", m.VolumeRatio, 1, exact)
	near(t, "DSC", m.DSC, 0.8, exact)
	near(t, "HD", m.HDMM, 5, exact)
	near(t, "offset", m.OffsetTotalMM, 5, exact)
	if m.OffsetText != "L 5.0 P 0.0 S 0.0 mm" {
		t.Errorf("offset in letters: %q", m.OffsetText)
	}
	// Per slice: the left column, 3 pixels of the top and of the bottom row, and the right column less its two ends,
	// which lie on the test's rows.
	near(t, "added path", m.AddedPathMM, 10*(20+3*2+18)*1.0, exact)
	// The two ends along x lie 5 mm apart; all else of the surface that overlaps is shared.
	if !(m.SurfaceDSC > 0.6 && m.SurfaceDSC < 0.95) {
		t.Errorf("surface DSC %g", m.SurfaceDSC)
	}
	if same := Measure(ref, ref, Tolerances{}); same.SurfaceDSC != 1 || same.HDMM != 0 || same.ASDMM != 0 || same.AddedPathMM != 0 || len(same.Worst) != 0 {
		t.Errorf("a mask against itself: %+v", same)
	}
	if wide := Measure(ref, test, Tolerances{SurfaceMM: 5}); wide.SurfaceDSC != 1 {
		t.Errorf("surface DSC at the distance itself: %g", wide.SurfaceDSC)
	}
}

func TestUnevenSlicesCount(t *testing.T) {
	g := volume.NewUniformGrid(30, 30, 4, 1, 1, 2, volume.Vec{})
	g.SliceMM = []float64{0, 2, 7, 9}
	ref, test := box(g, [3]int{5, 5, 1}, [3]int{25, 25, 2}), box(g, [3]int{5, 5, 2}, [3]int{25, 25, 3})
	m := Measure(ref, test, Tolerances{})
	near(t, "HD", m.HDMM, 5, 1e-6)
	near(t, "HD95", m.HD95MM, 5, 1e-6)
	near(t, "ASD", m.ASDMM, 5, 1e-6)
	near(t, "ratio", m.VolumeRatio, 1, 1e-6)
	if m.DSC != 0 || len(m.Worst) != 2 || m.Worst[0].LargestMM != 5 {
		t.Errorf("%+v", m)
	}
}

func TestEmptyMasksGiveNoFigure(t *testing.T) {
	g := volume.NewUniformGrid(10, 10, 4, 1, 1, 2, volume.Vec{})
	none, some := volume.NewMask(g), box(g, [3]int{2, 2, 1}, [3]int{5, 5, 3})
	m := Measure(some, none, Tolerances{})
	if m.DSC != 0 || m.HDMM.Exists() || m.SurfaceDSC.Exists() || m.VolumeRatio != 0 || !m.AddedPathMM.Exists() {
		t.Errorf("%+v", m)
	}
	if m = Measure(none, none, Tolerances{}); m.DSC != 1 || m.VolumeRatio.Exists() || m.AddedPathMM.Exists() {
		t.Errorf("%+v", m)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back Metrics
	if err := json.Unmarshal(b, &back); err != nil || back.HDMM.Exists() || back.DSC != 1 {
		t.Errorf("JSON round trip: %v %+v", err, back)
	}
}

func TestSurfaceElementsCoverTheSurface(t *testing.T) {
	// A slab of one layer: its two sides, exact away from its rim.
	for _, h := range []float64{1, 2.5} {
		areas := cellAreas(1.5, 2, h)
		near(t, "a flat cell along z", Number(areas[0b00001111]), 3, 1e-12)
		near(t, "a flat cell along x", Number(areas[0b01010101]), 2*h, 1e-12)
		near(t, "one corner and its opposite", Number(areas[0b00000001]), float64(areas[0b11111110]), 1e-12)
	}
	corner := volume.Vec{0.75, 1, 0.5}
	want := volume.Vec{-corner[0], corner[1], 0}.Cross(volume.Vec{-corner[0], 0, corner[2]}).Norm() / 2
	near(t, "a cut corner", Number(cellAreas(1.5, 2, 1)[1]), want, 1e-12)
}

type peerCase struct {
	Shape     [3]int        `json:"shape_zyx"`
	Spacing   [3]float64    `json:"spacing_xyz_mm"`
	One, Two  [2][3]float64 // centre, radii
	Tolerance float64       `json:"tolerance_mm"`
	Voxels    [2]int        `json:"voxels"`
	Area      [2]float64    `json:"area_mm2"`
}

// The file is made by .ci/qa_peers.py with SimpleITK, SciPy and surface-distance.
func TestFiguresAreThoseOfOtherSoftware(t *testing.T) {
	text, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []peerCase
	var figures []map[string]any
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 4 {
		t.Fatalf("only %d cases", len(cases))
	}
	for i, c := range cases {
		g := volume.NewUniformGrid(c.Shape[2], c.Shape[1], c.Shape[0], c.Spacing[0], c.Spacing[1], c.Spacing[2], volume.Vec{})
		ellipsoid := func(s [2][3]float64) *volume.Mask {
			return volume.MaskWhere(g, func(x, y, z int) bool {
				sum := 0.0
				for k, v := range [3]int{x, y, z} {
					d := (float64(v)*c.Spacing[k] - s[0][k]) / s[1][k]
					sum += d * d
				}
				return sum <= 1
			})
		}
		a, b := ellipsoid(c.One), ellipsoid(c.Two)
		if a.Count() != c.Voxels[0] || b.Count() != c.Voxels[1] {
			t.Fatalf("case %d: %d and %d voxels, the peer had %v", i, a.Count(), b.Count(), c.Voxels)
		}
		m := Measure(a, b, Tolerances{SurfaceMM: c.Tolerance})
		for key, tolerance := range map[string]float64{
			"dsc": 1e-9, "hd_mm": 0.02, "hd95_mm": 1e-9, "asd_mm": 1e-9, "added_path_mm": 1e-9, "surface_dsc": 0.02,
		} {
			want := figures[i][key].(float64)
			got, _ := m.Value(key)
			near(t, key, got, want, tolerance*want)
		}
		lattice := cellLattice(g)
		for k, mask := range []*volume.Mask{a, b} {
			_, area := surfaceArea(mask, lattice)
			near(t, "area", Number(area), c.Area[k], 0.02*c.Area[k])
		}
	}
}

func surfaceArea(m *volume.Mask, lattice *volume.Grid) (elements int, mm2 float64) {
	s := newSurfels(m, lattice)
	for _, a := range s.areaMM2 {
		mm2 += a
	}
	return len(s.at), mm2
}
