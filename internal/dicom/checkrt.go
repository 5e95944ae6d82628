package dicom

import (
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// roundingMM is how far a coordinate may move by three decimals.
const roundingMM = 0.0005 + 1e-9

// check reads the file at path and compares it with what was to be written.
func (f *structureForm) check(path string) error {
	got, err := ReadStructureSet(path, nil)
	if err != nil {
		return err
	}
	want := &f.set
	for _, field := range []struct{ name, got, want string }{
		{"SOPInstanceUID", got.SOPInstanceUID, want.SOPInstanceUID},
		{"SeriesInstanceUID", got.SeriesUID, want.SeriesUID},
		{"StudyInstanceUID", got.StudyUID, want.StudyUID},
		{"FrameOfReferenceUID", got.FrameOfReferenceUID, want.FrameOfReferenceUID},
		{"the CT's SeriesInstanceUID", got.CTSeriesUID, want.CTSeriesUID},
		{"PatientName", got.Patient.Name, want.Patient.Name},
		{"PatientID", got.Patient.ID, want.Patient.ID},
		{"StructureSetLabel", got.Label, want.Label},
		{"StructureSetName", got.Name, want.Name},
		{"StructureSetDescription", got.Description, want.Description},
	} {
		if field.got != field.want {
			return fmt.Errorf("%s is %q instead of %q", field.name, field.got, field.want)
		}
	}
	if !slices.Equal(got.ImageUIDs, want.ImageUIDs) {
		return fmt.Errorf("it refers to %d images instead of %d", len(got.ImageUIDs), len(want.ImageUIDs))
	}
	if len(got.Structures) != len(want.Structures) {
		return fmt.Errorf("it holds %d structures instead of %d", len(got.Structures), len(want.Structures))
	}
	for i := range want.Structures {
		if err := want.Structures[i].differs(&got.Structures[i]); err != nil {
			return fmt.Errorf("structure %q: %w", want.Structures[i].Name, err)
		}
	}
	return nil
}

// differs names the first way in which got is not s.
func (s *Structure) differs(got *Structure) error {
	switch {
	case got.Number != s.Number || got.Name != s.Name:
		return fmt.Errorf("it is number %d, %q, instead of %d", got.Number, got.Name, s.Number)
	case got.Type != s.Type || got.Algorithm != s.Algorithm || got.Colour != s.Colour:
		return fmt.Errorf("type, algorithm or colour are %s, %s, %v", got.Type, got.Algorithm, got.Colour)
	case got.Description != s.Description:
		return fmt.Errorf("its description is %q", got.Description)
	case !slices.Equal(got.Groups, s.Groups):
		return fmt.Errorf("its contours are grouped into other clips")
	case len(got.Contours) != len(s.Contours):
		return fmt.Errorf("it has %d contours instead of %d", len(got.Contours), len(s.Contours))
	case !samePoints(got.Points, s.Points):
		return fmt.Errorf("its points differ")
	}
	for i := range s.Contours {
		if !samePoints(got.Contours[i].Points, s.Contours[i].Points) {
			return fmt.Errorf("contour %d differs", i+1)
		}
	}
	return nil
}

func samePoints(a, b []volume.Vec) bool {
	return slices.EqualFunc(a, b, func(p, q volume.Vec) bool {
		for i := range 3 {
			if d := p[i] - q[i]; d > roundingMM || d < -roundingMM {
				return false
			}
		}
		return true
	})
}
