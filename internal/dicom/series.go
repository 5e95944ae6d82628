package dicom

import (
	"fmt"
	"math"
	"slices"
	"sort"

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
	Enhanced         bool       // multi-frame: ReadCT refuses it
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
}

// Tolerances of geometry, mm unless said otherwise.
const (
	samePlaneMM      = 0.01 // slices nearer than this along the normal are on one plane
	driftToleranceMM = 0.25 // sideways deviation of a slice from the stack's normal
	axisTolerance    = 1e-3 // deviation of the axes from orthonormal, and between slices of one series
	spacingTolerance = 1e-3 // relative difference of pixel spacing between slices of one series
	unevenTolerance  = 0.05 // mm by which steps between slices may differ without a word
	gapFactor        = 1.5  // a step longer than this many usual ones is a gap
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
		case a.Path < b.Path:
			return -1
		}
		return 1
	})
}

// Grid places the series' voxels in the patient. The slices must be sorted, as Scan and ReadCT leave
// them; two on one plane, a tilt or a sideways shift is an error that names the files.
func (s *Series) Grid() (*volume.Grid, error) {
	if len(s.Slices) == 0 {
		return nil, fmt.Errorf("the series holds no image")
	}
	if s.Rows < 1 || s.Columns < 1 || s.Rows > maxRows || s.Columns > maxRows {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels is no CT slice", s.Slices[0].Path, s.Columns, s.Rows)
	}
	if s.Rows*s.Columns*len(s.Slices) > maxVoxels {
		return nil, fmt.Errorf("%d slices of %d x %d pixels are more than fit into memory; choose a series of fewer or smaller slices", len(s.Slices), s.Columns, s.Rows)
	}
	g := &volume.Grid{
		Nx: s.Columns, Ny: s.Rows, SpacingX: s.PixelSpacing[1], SpacingY: s.PixelSpacing[0],
		Origin: s.Slices[0].Position, Row: s.Row, Col: s.Col, SliceMM: s.offsets(),
	}
	for z := 1; z < len(g.SliceMM); z++ {
		if g.SliceMM[z]-g.SliceMM[z-1] <= samePlaneMM {
			return nil, fmt.Errorf("%s and %s lie on one plane; remove one of them", s.Slices[z-1].Path, s.Slices[z].Path)
		}
	}
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Slices[0].Path, err)
	}
	return g, s.checkDrift(g.SliceMM)
}

// checkDrift refuses a stack that does not stand upright on its slices: a Grid cannot hold it, and
// loading it as if it were upright would put structures in the wrong place.
func (s *Series) checkDrift(offsets []float64) error {
	n := s.Row.Cross(s.Col)
	last := len(s.Slices) - 1
	extent := offsets[last]
	drift := s.Slices[last].Position.Sub(s.Slices[0].Position).Sub(n.Scale(extent))
	worst, worstSlice := 0.0, 0
	for i, o := range offsets {
		side := s.Slices[i].Position.Sub(s.Slices[0].Position).Sub(n.Scale(o))
		if d := side.Norm(); d > worst {
			worst, worstSlice = d, i
		}
	}
	if worst <= driftToleranceMM {
		return nil
	}
	sheared := true // a constant lean explains every slice
	for i, o := range offsets {
		side := s.Slices[i].Position.Sub(s.Slices[0].Position).Sub(n.Scale(o))
		if side.Distance(drift.Scale(o/extent)) > driftToleranceMM {
			sheared = false
		}
	}
	if sheared {
		degrees := math.Atan2(drift.Norm(), extent) * 180 / math.Pi
		return fmt.Errorf("the gantry was tilted by %.1f degrees: from %s to %s the slices move %.1f mm sideways. Clipwright does not load tilted stacks; resample the series to upright slices at the scanner or planning system first",
			degrees, s.Slices[0].Path, s.Slices[last].Path, drift.Norm())
	}
	return fmt.Errorf("%s lies %.1f mm beside the stack that begins with %s; the series mixes scans: separate them",
		s.Slices[worstSlice].Path, worst, s.Slices[0].Path)
}
