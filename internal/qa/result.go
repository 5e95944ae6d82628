package qa

import (
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// Set is a structure set and the file it is from.
type Set struct {
	Path     string
	File     *dicom.StructureSet
	Findings []dicom.Finding // what reading came upon
}

// SetInfo names a structure set in a result.
type SetInfo struct {
	File         string `json:"file"` // without its folder
	Label        string `json:"label"`
	Manufacturer string `json:"manufacturer"`
	Date         string `json:"date"` // YYYYMMDD
	UID          string `json:"sop_instance_uid"`
}

// Result is what a case came to.
type Result struct {
	Case      string         `json:"case"`
	Rules     string         `json:"rules"`
	Patient   dicom.Patient  `json:"-"` // for reports that name the patient
	CT        string         `json:"ct_series_uid"`
	Grid      string         `json:"grid"`      // for people: "92 slices, 1.27 x 1.27 x 3 mm"
	Reference *SetInfo       `json:"reference"` // null when the test alone was checked
	Test      SetInfo        `json:"test"`
	Notices   []string       `json:"notices"`
	Pairs     []PairResult   `json:"pairs"`
	RefOnly   []string       `json:"reference_only"`
	TestOnly  []string       `json:"test_only"`
	Clips     ClipResult     `json:"clips"`
	Targets   []TargetResult `json:"targets"`
	Checks    []Check        `json:"checks"`
}

// PairResult is one pair of structures and how they differ.
type PairResult struct {
	Ref  string `json:"ref"`
	Test string `json:"test"`
	How  string `json:"paired_by"`
	Metrics
	RefMask  *volume.Mask `json:"-"`
	TestMask *volume.Mask `json:"-"`
}

// The states of a clip.
const (
	Found  = "found"
	Missed = "missed"
	Extra  = "extra"
	Only   = "listed" // there is no reference to compare with
)

// ClipResult compares the clips of the bed, matched one to one within the rules' hit radius; axillary ones count neither way.
type ClipResult struct {
	Found    int           `json:"found"`
	Missed   int           `json:"missed"`
	Extra    int           `json:"extra"`
	Axillary int           `json:"axillary"` // clips of the test that match an axillary one of the reference
	Clips    []ClipFinding `json:"clips"`
}

// ClipFinding is one clip of the reference, of the test, or of both.
type ClipFinding struct {
	State    string     `json:"state"` // Found, Missed, Extra or Only
	Ref      int        `json:"ref"`   // number in the reference, from 1; 0 when it has none
	Test     int        `json:"test"`
	CentreMM volume.Vec `json:"centre_mm"` // of the reference, of an extra clip its own, LPS mm
	ErrorMM  Number     `json:"error_mm"`  // distance of the centres
	Offset   string     `json:"offset"`    // from reference to test, in letters
}

// TargetResult says what lies in and near one target of the test.
type TargetResult struct {
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	CC     float64      `json:"cc"`
	Inside int          `json:"clips_inside"`
	Clips  []ClipInside `json:"clips"`
	SkinMM Number       `json:"skin_mm"` // least distance between its surface voxels and the body's, where the CT goes on
	LungMM Number       `json:"lung_mm"` // and to the voxels of a lung; null without one
}

// ClipInside is where one clip lies in a target.
type ClipInside struct {
	Clip   int     `json:"clip"`
	Inside bool    `json:"inside"`
	EdgeMM float64 `json:"edge_mm"` // from its centre to the nearest surface voxel of the target; negative outside
}

// Check is one thing that was looked at.
type Check struct {
	ID        string      `json:"id"` // the key of the rules file, or limit:METRIC
	Outcome   Outcome     `json:"outcome"`
	Structure string      `json:"structure"` // empty when it concerns no single one
	Text      string      `json:"text"`
	PlaceMM   *volume.Vec `json:"place_mm"` // LPS mm; null when there is no single place
}

// Worst is the gravest outcome of the checks.
func (r *Result) Worst() Outcome {
	worst := Pass
	for _, c := range r.Checks {
		if c.Outcome.Rank() > worst.Rank() {
			worst = c.Outcome
		}
	}
	return worst
}

// Count is the number of checks of an outcome.
func (r *Result) Count(o Outcome) int {
	n := 0
	for _, c := range r.Checks {
		if c.Outcome == o {
			n++
		}
	}
	return n
}
