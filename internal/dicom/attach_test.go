package dicom

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestCheckStructureSetAgainstCT(t *testing.T) {
	g := testGrid(8)
	ct := smallCT(g)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, testSet(g), ct, false); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*StructureSet)
		frame  bool
		say    string
	}{
		"fits":         {func(*StructureSet) {}, true, ""},
		"other frame":  {func(s *StructureSet) { s.FrameOfReferenceUID = "1.2" }, false, "another frame of reference"},
		"no frame":     {func(s *StructureSet) { s.FrameOfReferenceUID = "" }, true, ""},
		"other series": {func(s *StructureSet) { s.CTSeriesUID = "1.2" }, true, "another series, 1.2"},
		"images":       {func(s *StructureSet) { s.ImageUIDs = append(s.ImageUIDs, "1.2") }, true, "1 images that the CT lacks, of 9"},
		"off plane": {func(s *StructureSet) {
			c := volume.Contour{Points: slices.Clone(s.Structures[0].Contours[0].Points)}
			c.Points[0][2] += 1
			s.Structures[0].Contours[0] = c
		}, true, `"Shell": 1 of`},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := ReadStructureSet(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.change(set)
			var report Report
			if frame := set.Check(path, ct, g, &report); frame != c.frame {
				t.Errorf("same frame %v", frame)
			}
			if c.say != "" {
				wantFinding(t, &report, SeverityWarning, c.say)
			} else if f := report.Findings(); len(f) > 0 {
				t.Error(f)
			}
		})
	}
}

func TestChooseCTFor(t *testing.T) {
	g := testGrid(8)
	ct := smallCT(g)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, testSet(g), ct, false); err != nil {
		t.Fatal(err)
	}
	shifted := testGrid(8)
	shifted.Origin[2] += 1.5
	other := smallCT(shifted) // between the slices of the first
	other.FrameOfReferenceUID = ct.FrameOfReferenceUID
	foreign := smallCT(g) // the same place in another patient
	scout := smallCT(g)
	scout.Localizer = true
	studies := []*Study{{Series: []*Series{other, foreign, ct, scout}}}
	for name, c := range map[string]struct {
		change func(*StructureSet)
		want   *Series
		say    string
	}{
		"by its series":            {func(*StructureSet) {}, ct, ""},
		"by its images":            {func(s *StructureSet) { s.CTSeriesUID = "" }, ct, ""},
		"a series that is missing": {func(s *StructureSet) { s.CTSeriesUID, s.ImageUIDs = "1.2", nil }, ct, "does not name a CT that is here"},
		"a series that lies":       {func(s *StructureSet) { s.CTSeriesUID, s.ImageUIDs = other.UID, nil }, ct, "but lies on the slices of"},
		"images that lie": {func(s *StructureSet) {
			s.CTSeriesUID, s.ImageUIDs = "", []string{other.Slices[0].SOPInstanceUID}
		}, ct, "but lies on the slices of"},
		"nothing of its own": {func(s *StructureSet) {
			s.CTSeriesUID, s.ImageUIDs, s.FrameOfReferenceUID = "", nil, "1.9"
		}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := ReadStructureSet(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.change(set)
			var report Report
			got, err := ChooseCTFor(studies, set, path, &report)
			if c.want == nil {
				wantError(t, err, "3 CT series")
			} else if err != nil || got != c.want {
				t.Errorf("chose %v, %v", got, err)
			}
			if c.say != "" {
				wantFinding(t, &report, SeverityWarning, c.say)
			} else if len(report.Findings()) > 0 {
				t.Errorf("%v", report.Findings())
			}
		})
	}
}
