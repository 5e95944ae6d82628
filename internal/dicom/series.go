package dicom

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
)

// Patient is whom a study belongs to, text as UTF-8.
type Patient struct {
	Name      string // PN: family^given^middle^prefix^suffix
	ID        string
	BirthDate string // YYYYMMDD
	Sex       string // M, F, O or empty
}

// Study is one examination of a patient, as a folder scan found it.
type Study struct {
	UID, ID            string
	Date, Time         string // YYYYMMDD, HHMMSS
	Description        string
	AccessionNumber    string
	ReferringPhysician string
	Patient            Patient
	Series             []*Series
	StructureSets      []string // paths of RTSTRUCT files
	deidentified       bool     // what is written of it says so
	raw                studyText
}

// studyText is the text of a study in the bytes of its files, which are what other systems compare.
type studyText struct {
	charset                                                                      string
	patientName, patientID, id, accessionNumber, referringPhysician, description string
}

// Series is the images of one series that share orientation, size and spacing: a DICOM series whose
// images differ in these becomes several. Images of other modalities are kept as a series too.
type Series struct {
	UID                 string
	Modality            string
	Description         string
	Date, Time          string
	Number              int
	FrameOfReferenceUID string
	PositionReference   string // PositionReferenceIndicator
	PatientPosition     string // HFS, FFP, ...: for display, geometry never uses it
	CharacterSet        string // SpecificCharacterSet, several separated by a backslash
	Manufacturer        string
	ImageType           string // values separated by a backslash
	Study               *Study
	Slices              []Slice // along the normal; ReadCT leaves one for each slice of its volume

	Rows, Columns    int
	PixelSpacing     [2]float64 // mm between rows, mm between columns: y, x
	Row, Col         volume.Vec // unit directions of growing column and row index, LPS
	SliceThicknessMM float64    // as the header says; the distance between slices is SpacingMM
	TransferSyntax   string     // name, as in PS3.6, of the first image
	Localizer        bool       // a scout, by ImageType or by geometry
	Enhanced         bool       // multi-frame: several slices are in one file
	convert          string     // command that makes its pixels native; empty when they are read here
	leastBytes       int        // of a file that holds all its native pixels; 0 when it may hold fewer
	unreadable       string     // why ReadCT will refuse; empty if it should not
}

// Slice is one image of a series.
type Slice struct {
	Path              string
	SOPClassUID       string
	SOPInstanceUID    string
	Position          volume.Vec // centre of the first pixel, LPS mm
	InstanceNumber    int
	AcquisitionNumber int
	bytes             int64 // of the file
	frame             int   // from 0, of a multi-frame file
	frames            int   // that its file holds; 0 for a single image
}

// name is how findings call the slice: its file, and its frame if there are several.
func (s *Slice) name() string {
	if s.frames > 1 {
		return fmt.Sprintf("%s frame %d", s.Path, s.frame+1)
	}
	return s.Path
}

// Tolerances of geometry, mm unless said otherwise.
const (
	samePlaneMM      = 0.01 // slices nearer than this along the normal are on one plane
	driftToleranceMM = 0.25 // sideways deviation of a slice from the stack's normal
	axisTolerance    = 1e-3 // deviation of the axes from orthonormal, and between slices of one series
	spacingTolerance = 1e-3 // relative difference of pixel spacing between slices of one series
	unevenTolerance  = 0.05 // mm by which steps between slices may differ without a word
	gapFactor        = 1.5  // a step longer than this many usual ones is a gap
	mostTiltDegrees  = 31.0 // gantries tilt by 30
	maxVoxels        = 1 << 30
	maxRows          = 1 << 14
)

// SpacingMM is the usual distance between neighbouring slices: the median, 0 for fewer than two.
func (s *Series) SpacingMM() float64 {
	if len(s.Slices) < 2 {
		return 0
	}
	return medianStep(s.offsets())
}

// offsets returns each slice's distance along the normal from the first.
func (s *Series) offsets() []float64 {
	n := s.Row.Cross(s.Col)
	offsets := make([]float64, len(s.Slices))
	for i := range s.Slices {
		offsets[i] = s.Slices[i].Position.Sub(s.Slices[0].Position).Dot(n)
	}
	return offsets
}

func medianStep(offsets []float64) float64 {
	steps := make([]float64, 0, len(offsets))
	for i := 1; i < len(offsets); i++ {
		if d := offsets[i] - offsets[i-1]; d > samePlaneMM {
			steps = append(steps, d)
		}
	}
	if len(steps) == 0 {
		return 0
	}
	sort.Float64s(steps)
	return steps[len(steps)/2]
}

// sortSlices puts the slices in the order of the normal; what lies on one plane by number, then by path.
func (s *Series) sortSlices() {
	n := s.Row.Cross(s.Col)
	slices.SortFunc(s.Slices, func(a, b Slice) int {
		da, db := a.Position.Dot(n), b.Position.Dot(n)
		switch {
		case da < db:
			return -1
		case da > db:
			return 1
		case a.InstanceNumber != b.InstanceNumber:
			return a.InstanceNumber - b.InstanceNumber
		case a.frame != b.frame:
			return a.frame - b.frame
		}
		return strings.Compare(a.Path, b.Path)
	})
}
