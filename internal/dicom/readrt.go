package dicom

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// maxInflation is how many times its size a deflated RTSTRUCT may have: digits shrink to a third or so.
const (
	maxInflation      = 20
	freeInflatedBytes = 8 << 20
)

// defaultColour is that of a structure whose file names none.
const (
	defaultRed, defaultGreen, defaultBlue = 255, 255, 0
)

// IsStructureSet tells whether the file at path is an RTSTRUCT, by its header.
func IsStructureSet(path string) bool {
	var r reader
	defer r.close()
	h, err := r.open(path, false, inflation{base: scanInflated}, wantScan, func(t uint32) bool { return t > 0x0008FFFF })
	return err == nil && cmp.Or(h.data.text(tag.SOPClassUID), h.class) == classStructureSet
}

// ReadStructureSet reads an RTSTRUCT of any planning system. It takes missing references, structures without
// contours, points and open contours (which enclose nothing and are left out), exclusive-or contours and
// ROI lists that do not agree, and reports each oddity.
func ReadStructureSet(path string, report *Report) (*StructureSet, error) {
	set, err := readStructureSet(path, report)
	if err != nil {
		return nil, fmt.Errorf("read structure set %s: %w", path, err)
	}
	return set, nil
}

// wantStructureSet tells which elements, on any level, a structure set is read from.
func wantStructureSet(t uint32) bool {
	switch t {
	case 0x00080005, 0x00080016, 0x00080018, 0x00080020, 0x00080030, 0x00080050, 0x00080060, 0x00080070, 0x00080090, 0x00081030, 0x00081155,
		0x00100010, 0x00100020, 0x00100030, 0x00100040,
		0x0020000D, 0x0020000E, 0x00200010, 0x00200052,
		0x30060002, 0x30060004, 0x30060006, 0x30060008, 0x30060009, 0x30060010, 0x30060012, 0x30060014, 0x30060016,
		0x30060020, 0x30060022, 0x30060024, 0x30060026, 0x30060028, 0x3006002A, 0x30060036, 0x30060039,
		tagContours, 0x30060080, 0x30060082, 0x30060084, 0x300600A4, 0x300E0002:
		return true
	}
	return false
}

func readStructureSet(path string, report *Report) (*StructureSet, error) {
	var r reader
	defer r.close()
	h, err := r.openStructureSet(path)
	if err != nil {
		return nil, err
	}
	return newStructureSet(h, path, report)
}

func (r *reader) openStructureSet(path string) (head, error) {
	return r.open(path, true, inflation{freeInflatedBytes, maxInflation}, wantStructureSet, func(uint32) bool { return false })
}

// newStructureSet makes a structure set of the file h.
func newStructureSet(h head, path string, report *Report) (*StructureSet, error) {
	d := h.data
	if class := d.text(tag.SOPClassUID); class != classStructureSet && d.text(tag.Modality) != "RTSTRUCT" {
		return nil, fmt.Errorf("it is %s, not a structure set", orUnknown(d.text(tag.Modality), "no DICOM object with a modality"))
	}
	set := &StructureSet{
		Label: d.text(tag.StructureSetLabel), Name: d.text(tag.StructureSetName), Description: d.text(tag.StructureSetDescription),
		SOPInstanceUID: d.text(tag.SOPInstanceUID), SeriesUID: d.text(tag.SeriesInstanceUID), StudyUID: d.text(tag.StudyInstanceUID),
		Manufacturer: d.text(tag.Manufacturer), Date: d.text(tag.StructureSetDate), Time: d.text(tag.StructureSetTime),
		Approval: d.text(tag.ApprovalStatus), Patient: newStudy(d).Patient, LongNames: true,
	}
	set.readReferences(d, path, report)
	byNumber := set.readROIs(d, path, report)
	for _, item := range d.items(tag.ROIContourSequence) {
		number := item.integer(tag.ReferencedROINumber, -1)
		i, ok := byNumber[number]
		if !ok {
			report.warning(path, fmt.Sprintf("contours of ROI %d, which the list of ROIs lacks: read as %q", number, fmt.Sprintf("ROI %d", number)))
			i = len(set.Structures)
			byNumber[number] = i
			set.Structures = append(set.Structures, Structure{
				Number: number, Name: fmt.Sprintf("ROI %d", number),
				Colour: [3]uint8{defaultRed, defaultGreen, defaultBlue},
			})
		}
		set.Structures[i].readContours(item, h, path, report)
	}
	for _, item := range d.items(tag.RTROIObservationsSequence) {
		set.lastObservation = max(set.lastObservation, item.integer(tag.ObservationNumber, 0))
		if i, ok := byNumber[item.integer(tag.ReferencedROINumber, -1)]; ok && set.Structures[i].Type == "" {
			set.Structures[i].Type = item.text(tag.RTROIInterpretedType)
		}
	}
	return set, nil
}

func orUnknown(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// readReferences finds the frame of reference, the CT series and its images.
func (set *StructureSet) readReferences(d dataset, path string, report *Report) {
	frames := d.items(tag.ReferencedFrameOfReferenceSequence)
	for _, frame := range frames {
		if set.FrameOfReferenceUID == "" {
			set.FrameOfReferenceUID = frame.text(tag.FrameOfReferenceUID)
		}
		for _, study := range frame.items(tag.RTReferencedStudySequence) {
			for _, series := range study.items(tag.RTReferencedSeriesSequence) {
				if set.CTSeriesUID == "" {
					set.CTSeriesUID = series.text(tag.SeriesInstanceUID)
				}
				for _, image := range series.items(tag.ContourImageSequence) {
					set.ImageUIDs = append(set.ImageUIDs, image.text(tag.ReferencedSOPInstanceUID))
				}
			}
		}
	}
	if len(frames) > 1 {
		report.warning(path, fmt.Sprintf("it refers to %d frames of reference: the first is used", len(frames)))
	}
	if set.FrameOfReferenceUID == "" {
		set.FrameOfReferenceUID = d.text(tag.FrameOfReferenceUID)
	}
	if set.CTSeriesUID == "" {
		report.info(path, "it does not say on which series it was drawn")
	}
}

// readROIs reads the list of ROIs and returns their place by number.
func (set *StructureSet) readROIs(d dataset, path string, report *Report) map[int]int {
	byNumber := map[int]int{}
	names := map[string]bool{}
	for _, item := range d.items(tag.StructureSetROISequence) {
		s := Structure{
			Number: item.integer(tag.ROINumber, -1), Name: item.text(tag.ROIName),
			Algorithm: item.text(tag.ROIGenerationAlgorithm), Description: item.text(tag.ROIDescription),
			Colour: [3]uint8{defaultRed, defaultGreen, defaultBlue},
		}
		if s.Name == "" {
			s.Name = fmt.Sprintf("ROI %d", s.Number)
		}
		if _, taken := byNumber[s.Number]; taken {
			report.warning(path, fmt.Sprintf("ROI number %d is used twice: %q has no contours of its own", s.Number, s.Name))
		} else {
			byNumber[s.Number] = len(set.Structures)
		}
		if names[s.Name] {
			report.warning(path, fmt.Sprintf("two structures are called %q", s.Name))
		}
		names[s.Name] = true
		if frame := item.text(tag.ReferencedFrameOfReferenceUID); set.FrameOfReferenceUID == "" {
			set.FrameOfReferenceUID = frame
		} else if frame != "" && frame != set.FrameOfReferenceUID {
			report.warning(path, fmt.Sprintf("%q lies in another frame of reference than the set", s.Name))
		}
		set.Structures = append(set.Structures, s)
	}
	return byNumber
}

// readContours reads one item of ROIContourSequence of the file h into s.
func (s *Structure) readContours(item dataset, h head, path string, report *Report) {
	if colour := item.ints(tag.ROIDisplayColor); len(colour) == 3 {
		for i, c := range colour {
			s.Colour[i] = uint8(max(0, min(255, c)))
		}
	}
	odd := map[string]int{}
	sequence := item.contours(h.contours)
	for _, c := range sequence {
		points, ok := parsePoints(h.body[c.from:c.to])
		if !ok {
			odd["without usable coordinates: left out"]++
			continue
		}
		if slices.ContainsFunc(points, func(p volume.Vec) bool { return !isPlace(p) }) {
			odd["with points outside any patient: left out"]++
			continue
		}
		if c.points != len(points) {
			odd["with another number of points than they say: all points are used"]++
		}
		kind := c.kind
		if n := len(points); n > 3 && points[0] == points[n-1] {
			points = points[:n-1]
		}
		switch {
		case kind == "POINT" || len(points) == 1:
			s.Points = append(s.Points, points...)
			if kind != "POINT" {
				odd["of one point: read as points"]++
			}
		case strings.HasPrefix(kind, "OPEN"):
			odd["open: left out, for they enclose nothing"]++
		case len(points) < 3:
			odd["of two points: left out, for they enclose nothing"]++
		default:
			if kind != "CLOSED_PLANAR" {
				odd[fmt.Sprintf("of the type %q: filled even-odd like closed ones", kind)]++
			}
			s.Contours = append(s.Contours, volume.Contour{Points: points})
		}
	}
	for what, n := range odd {
		report.warning(path, fmt.Sprintf("%q: %d of %d contours %s", s.Name, n, len(sequence), what))
	}
	text, groups, stale := splitClipList(s.Description, len(s.Contours))
	if stale {
		report.warning(path, fmt.Sprintf("%q: its list of clips does not fit its contours, which another program has changed: clips are told apart by connection", s.Name))
	}
	s.Description, s.Groups = text, groups
}
