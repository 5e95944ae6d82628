package dicom

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestCTRoundTrip(t *testing.T) {
	oblique := testGrid(4)
	oblique.Row, oblique.Col = volume.Vec{0.8, 0.6, 0}, volume.Vec{-0.48, 0.64, 0.6}
	uneven := testGrid(5)
	uneven.SliceMM = []float64{0, 3, 6.5, 9, 12}
	prone := testGrid(4)
	prone.Row, prone.Col = volume.Vec{-1, 0, 0}, volume.Vec{0, -1, 0}
	feetFirst := testGrid(4)
	feetFirst.Row, feetFirst.Col = volume.Vec{-1, 0, 0}, volume.Vec{0, 1, 0}
	for name, g := range map[string]*volume.Grid{
		"upright": testGrid(6), "oblique": oblique, "uneven": uneven, "HFP": prone, "FFS": feetFirst, "single": testGrid(1),
	} {
		t.Run(name, func(t *testing.T) {
			dir, v, written := writeTestCT(t, g)
			got, s, report, err := load(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Grid.Equal(g, 1e-6) {
				t.Errorf("grid %+v, want %+v", got.Grid, g)
			}
			if !slices.Equal(got.HU, v.HU) {
				t.Error("HU differ")
			}
			if s.UID != written.UID || s.FrameOfReferenceUID != written.FrameOfReferenceUID || s.Study.UID != written.Study.UID {
				t.Error("UIDs differ")
			}
			if s.Study.Patient != testPatient || s.Manufacturer != "Clipwright phantom" || s.ImageType != `DERIVED\SECONDARY\AXIAL` {
				t.Errorf("read %+v, %q, %q", s.Study.Patient, s.Manufacturer, s.ImageType)
			}
			for z := range s.Slices {
				if s.Slices[z].SOPInstanceUID != written.Slices[z].SOPInstanceUID {
					t.Errorf("slice %d is another image", z)
				}
			}
			warned := 0
			for _, f := range report.Findings() {
				if f.Severity != SeverityInfo {
					warned++
				}
			}
			if want := name == "uneven" || name == "single"; (warned > 0) != want {
				t.Errorf("findings %v", report.Findings())
			}
		})
	}
}

func TestWriteCTSixteenBits(t *testing.T) {
	g := testGrid(2)
	v := testVolume(g)
	v.HU[5], v.HU[6] = 12000, -2000
	dir := t.TempDir()
	if _, err := WriteCT(context.Background(), dir, v, CTMeta{}); err != nil {
		t.Fatal(err)
	}
	got, _, _, err := load(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.HU, v.HU) {
		t.Error("HU differ")
	}
	_, err = WriteCT(context.Background(), dir, v, CTMeta{})
	wantError(t, err, "exists already", "CT.0001.dcm")
}

// testSet has a structure with a hole, two clips close together, and one on a single pixel.
func testSet(g *volume.Grid) *StructureSet {
	centre := g.ToPatient(24, 20, 3)
	shell := ball(g, centre, 14).Subtract(ball(g, centre, 7))
	clips := []*volume.Mask{
		ball(g, g.ToPatient(20, 20, 2), 2), ball(g, g.ToPatient(25, 20, 2), 2), ball(g, g.ToPatient(30, 30, 4), 0.5),
	}
	s := Structure{
		Name: "Clips_L", Type: "MARKER", Algorithm: "AUTOMATIC", Description: "Surgical clips",
		Colour: [3]uint8{255, 128, 0},
	}
	for i, m := range clips {
		cs := volume.Contours(m)
		s.Contours = append(s.Contours, cs...)
		s.Groups = append(s.Groups, slices.Repeat([]int{i + 4}, len(cs))...)
	}
	return &StructureSet{Label: "Draft", Name: "Test set", Structures: []Structure{
		{Name: "Shell", Type: "CTV", Algorithm: "SEMIAUTOMATIC", Colour: [3]uint8{1, 2, 3}, Contours: volume.Contours(shell)},
		s,
		{Name: "Empty", Type: "CONTROL", Algorithm: "MANUAL"},
		{Name: "Point", Type: "ISOCENTER", Algorithm: "MANUAL", Points: []volume.Vec{{1, 2, -100}}},
	}}
}

func TestStructureSetRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*volume.Grid){
		"upright": func(*volume.Grid) {},
		"oblique": func(g *volume.Grid) { g.Row, g.Col = volume.Vec{0.8, 0.6, 0}, volume.Vec{-0.48, 0.64, 0.6} },
		"uneven":  func(g *volume.Grid) { g.SliceMM = []float64{0, 3, 6.5, 9, 12, 15, 18, 22} },
	} {
		t.Run(name, func(t *testing.T) {
			g := testGrid(8)
			change(g)
			_, _, ct := writeTestCT(t, g)
			set := testSet(g)
			path := filepath.Join(t.TempDir(), "rs.dcm")
			if err := WriteStructureSet(path, set, ct, false); err != nil {
				t.Fatal(err)
			}
			var report Report
			got, err := ReadStructureSet(path, &report)
			if err != nil {
				t.Fatal(err)
			}
			if f := report.Findings(); len(f) > 0 {
				t.Errorf("findings in our own file: %v", f)
			}
			if got.CTSeriesUID != ct.UID || got.StudyUID != ct.Study.UID || got.Patient != testPatient || got.Label != "Draft" || len(got.ImageUIDs) != 8 {
				t.Errorf("read %+v", got)
			}
			for i := range set.Structures {
				want, is := &set.Structures[i], &got.Structures[i]
				if is.Number != i+1 || is.Name != want.Name || is.Type != want.Type || is.Algorithm != want.Algorithm ||
					is.Colour != want.Colour || is.Description != want.Description || !slices.Equal(is.Groups, want.Groups) {
					t.Errorf("structure %d: %+v", i, is)
				}
				if !is.Mask(g).Equal(want.Mask(g)) {
					t.Errorf("%s: mask differs", want.Name)
				}
			}
			clips := got.Find("Clips_L").ClipMasks(g)
			if len(clips) != 3 || clips[4] == nil || clips[5] == nil || clips[6].Count() != 1 {
				t.Errorf("clips %v", clips)
			}
			if points := got.Find("Point").ClipMasks(g); len(got.Find("Point").Points) != 1 || len(points) > 1 {
				t.Errorf("points %v", points)
			}
		})
	}
}

func TestClipListRoundTrip(t *testing.T) {
	for _, groups := range [][]int{{1}, {1, 1, 2, 2, 2}, {7, 3, 7, 7, 3, 9}, {2, 1, 2, 1}} {
		list := clipList(groups)
		text, got, stale := splitClipList("two; clips of old; "+list, len(groups))
		if text != "two; clips of old" || stale || !slices.Equal(got, groups) {
			t.Errorf("%q gives %q %v %v", list, text, got, stale)
		}
		for _, n := range []int{len(groups) - 1, len(groups) + 1} {
			if _, got, stale := splitClipList(list, n); got != nil || !stale {
				t.Errorf("%q for %d contours gives %v, stale %v", list, n, got, stale)
			}
		}
	}
	if s := clipList([]int{1, 1, 1, 2, 2}); s != "clips 1:1-3 2:4-5" {
		t.Error(s)
	}
	for _, s := range []string{"", "clips", "Surgical clips found", "clips by hand", "paperclips 1:1", "clips 1:x"} {
		if text, got, stale := splitClipList(s, 3); text != s || got != nil || stale {
			t.Errorf("%q gives %q %v %v", s, text, got, stale)
		}
	}
	// a hundred clips of three contours fit
	var many []int
	for i := range 300 {
		many = append(many, i/3)
	}
	if n := len(clipList(many)); n > maxDescriptionChars {
		t.Errorf("list of %d characters", n)
	}
	if !strings.HasPrefix(clipList(many), "clips 0:1-3 1:4-6") {
		t.Error(clipList(many))
	}
}
