package dicom

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	maxLabel      = 16   // characters: a longer StructureSetLabel broke Eclipse
	maxName       = 16   // characters of an ROI name that every system keeps
	maxLongName   = 64   // characters that LO allows
	onPlaneMM     = 0.05 // how far a contour may lie off its CT slice
	defaultLabel  = "Clipwright"
	rtSeriesNo    = "301" // clear of the scanner's numbers
	defaultSeries = "Clipwright structures"
)

// WriteStructureSet writes set, drawn on ct, as an RTSTRUCT: Implicit VR Little Endian, the character set
// of the CT, new SOP and Series UIDs. The file is written aside, synced, read back and compared, and only
// then put in place; nothing is overwritten unless force is set, and never anything but a structure set.
// set itself is not changed. Contours must lie on slices of ct, clips of one structure (Groups) must not
// share a pixel.
func WriteStructureSet(path string, set *StructureSet, ct *Series, force bool) error {
	if err := writeStructureSet(path, set, ct, force); err != nil {
		return fmt.Errorf("write structure set %s: %w", path, err)
	}
	return nil
}

func writeStructureSet(path string, set *StructureSet, ct *Series, force bool) error {
	if err := refuseTarget(path, ct, force); err != nil {
		return err
	}
	form, err := newStructureForm(set, ct)
	if err != nil {
		return err
	}
	data, err := form.encode()
	if err != nil {
		return err
	}
	return place(path, data, force, form.check)
}

// structureForm is a structure set ready to be written.
type structureForm struct {
	set     StructureSet // a checked copy
	ct      *Series
	grid    *volume.Grid
	charset charset
	slices  [][]int // of each structure, of each contour: its CT slice
}

func newStructureForm(set *StructureSet, ct *Series) (*structureForm, error) {
	switch {
	case ct == nil || ct.Study == nil:
		return nil, errors.New("no CT to refer to")
	case ct.Study.UID == "" || ct.UID == "" || ct.FrameOfReferenceUID == "":
		return nil, errors.New("the CT lacks its study, series or frame of reference UID: no planning system could attach structures to it; export it again")
	case len(set.Structures) == 0:
		return nil, errors.New("there is no structure to write")
	}
	images := map[string]string{}
	for i := range ct.Slices {
		image := &ct.Slices[i]
		if image.SOPInstanceUID == "" || image.SOPClassUID == "" {
			return nil, fmt.Errorf("%s lacks its SOP UIDs: no planning system could attach structures to it; export the CT again", image.Path)
		}
		if first, taken := images[image.SOPInstanceUID]; taken && !(image.frames > 0 && first == image.Path) {
			return nil, fmt.Errorf("%s and %s share one SOPInstanceUID: no planning system could attach structures to them; export the CT again", first, image.Path)
		}
		images[image.SOPInstanceUID] = image.Path
	}
	grid, err := ct.Grid()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	f := &structureForm{set: *set, ct: ct, grid: grid}
	f.set.SOPInstanceUID, f.set.SeriesUID, f.set.StudyUID = newUID(), newUID(), ct.Study.UID
	f.set.FrameOfReferenceUID, f.set.CTSeriesUID, f.set.Patient = ct.FrameOfReferenceUID, ct.UID, ct.Study.Patient
	f.set.Date, f.set.Time, f.set.Approval, f.set.Manufacturer = now.Format("20060102"), now.Format("150405"), "UNAPPROVED", softwareName
	f.set.Label = cmp.Or(cleanText(set.Label, math.MaxInt32), defaultLabel)
	f.set.Name, f.set.Description = cleanText(set.Name, 64), cleanText(set.Description, maxDescriptionChars)
	f.set.ImageUIDs = nil
	for _, z := range f.images() {
		f.set.ImageUIDs = append(f.set.ImageUIDs, ct.Slices[z].SOPInstanceUID)
	}
	if n := len([]rune(f.set.Label)); n > maxLabel {
		return nil, fmt.Errorf("the label %q has %d characters, %d are safe in every planning system; shorten it", f.set.Label, n, maxLabel)
	}
	f.set.Structures = append([]Structure(nil), set.Structures...)
	texts := []string{f.set.Label, f.set.Name, f.set.Description, ct.PositionReference}
	names, numbers := map[string]bool{}, map[int]bool{}
	for i := range f.set.Structures {
		s := &f.set.Structures[i]
		slicesOf, err := f.prepare(s, i, grid)
		if err != nil {
			return nil, fmt.Errorf("structure %q: %w", s.Name, err)
		}
		switch {
		case names[s.Name]:
			return nil, fmt.Errorf("two structures are called %q; rename one", s.Name)
		case numbers[s.Number]:
			return nil, fmt.Errorf("structure %q: the number %d is taken; give each structure its own or none", s.Name, s.Number)
		}
		names[s.Name], numbers[s.Number] = true, true
		f.slices = append(f.slices, slicesOf)
		texts = append(texts, s.Name, s.Description)
	}
	f.charset = ct.Study.charsetFor(ct.CharacterSet, texts...)
	return f, nil
}

// prepare checks structure i, tidies its text, and finds the slice of each contour.
func (f *structureForm) prepare(s *Structure, i int, g *volume.Grid) ([]int, error) {
	s.Number = cmp.Or(s.Number, i+1)
	limit := maxName
	if f.set.LongNames {
		limit = maxLongName
	}
	switch name := cleanText(s.Name, math.MaxInt32); {
	case name == "":
		return nil, errors.New("it has no name")
	case name != s.Name:
		return nil, errors.New("its name holds a backslash, control characters or outer spaces; rename it")
	case len([]rune(name)) > limit:
		return nil, fmt.Errorf("its name has more than %d characters, which planning systems cut off; shorten it", limit)
	case s.Number < 0:
		return nil, fmt.Errorf("its number %d is negative", s.Number)
	case !isCode(s.Type):
		return nil, fmt.Errorf("its type %q is no DICOM code: capitals, digits and underscores, at most 16", s.Type)
	case s.Groups != nil && len(s.Groups) != len(s.Contours):
		panic("dicom: Groups and Contours differ in length")
	}
	switch s.Algorithm {
	case "AUTOMATIC", "SEMIAUTOMATIC", "MANUAL", "":
	default:
		return nil, fmt.Errorf("its algorithm %q is none of AUTOMATIC, SEMIAUTOMATIC, MANUAL", s.Algorithm)
	}
	s.sortByGroup()
	if err := s.checkClips(g); err != nil {
		return nil, err
	}
	list := clipList(s.Groups)
	if len(list) > maxDescriptionChars {
		return nil, fmt.Errorf("the list of its %d contours by clip is longer than the %d characters that ROIDescription holds; write the clips as several structures", len(s.Contours), maxDescriptionChars)
	}
	text, _, _ := splitClipList(s.Description, 0) // a list of another time must not pass for this one's
	s.Description = strings.TrimRight(cleanText(text, max(0, maxDescriptionChars-len(list)-2)), "; ")
	slices := make([]int, len(s.Contours))
	for c := range s.Contours {
		var err error
		if slices[c], err = onSlice(&s.Contours[c], g); err != nil {
			return nil, fmt.Errorf("contour %d %w", c+1, err)
		}
	}
	for _, p := range s.Points {
		if !isPlace(p) {
			return nil, fmt.Errorf("point %v is nowhere in a patient", p)
		}
	}
	return slices, nil
}

// checkClips makes sure that no pixel belongs to two clips.
func (s *Structure) checkClips(g *volume.Grid) error {
	if s.Groups == nil {
		return nil
	}
	owner := map[[3]int]int{}
	for id, contours := range s.byGroup() {
		m := volume.Rasterise(g, contours)
		other, shared := 0, false
		m.Each(func(x, y, z int) {
			if first, taken := owner[[3]int{x, y, z}]; taken {
				other, shared = first, true
			}
			owner[[3]int{x, y, z}] = id
		})
		if shared {
			return fmt.Errorf("clips %d and %d share pixels; separate or join them", min(id, other), max(id, other))
		}
	}
	return nil
}

// onSlice returns the CT slice on which c lies.
func onSlice(c *volume.Contour, g *volume.Grid) (int, error) {
	if len(c.Points) < 3 {
		return 0, fmt.Errorf("has %d points, a closed contour needs three", len(c.Points))
	}
	for _, p := range c.Points {
		if !isPlace(p) {
			return 0, fmt.Errorf("has a point %v that is nowhere in a patient", p)
		}
	}
	z, _ := g.NearestSlice(c.Points[0])
	for _, p := range c.Points {
		d := p.Sub(g.Origin).Dot(g.Normal()) - g.SliceMM[z]
		if math.Abs(d) > onPlaneMM {
			return 0, fmt.Errorf("lies %.2f mm off the nearest CT slice; structures are written on the slices of the CT alone", math.Abs(d))
		}
	}
	return z, nil
}

func isPlace(p volume.Vec) bool {
	for _, v := range p {
		if !(math.Abs(v) < maxCoordinateMM) {
			return false
		}
	}
	return true
}

// isCode tells whether s is a code string, PS3.5 6.2, or empty.
func isCode(s string) bool {
	for _, r := range s {
		if !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == ' ') {
			return false
		}
	}
	return len(s) <= 16
}

// fullDescription is what ROIDescription says: the text and the clip list.
func (s *Structure) fullDescription() string {
	list := clipList(s.Groups)
	if list == "" || s.Description == "" {
		return s.Description + list
	}
	return s.Description + "; " + list
}

// encode returns the file, PS3.3 A.19.3.
func (f *structureForm) encode() ([]byte, error) {
	set := &f.set
	b := builder{charset: f.charset}
	b.patientAndStudy(f.ct.Study)
	b.ascii(tag.SOPClassUID, classStructureSet)
	b.ascii(tag.SOPInstanceUID, set.SOPInstanceUID)
	b.ascii(tag.InstanceCreationDate, set.Date)
	b.ascii(tag.InstanceCreationTime, set.Time)
	b.ascii(tag.Modality, "RTSTRUCT")
	b.ascii(tag.SeriesInstanceUID, set.SeriesUID)
	b.ascii(tag.SeriesNumber, rtSeriesNo)
	b.ascii(tag.SeriesDate, set.Date)
	b.ascii(tag.SeriesTime, set.Time)
	b.text(tag.SeriesDescription, defaultSeries)
	b.ascii(tag.OperatorsName, "")
	b.ascii(tag.Manufacturer, softwareName)
	b.ascii(tag.ManufacturerModelName, softwareName)
	b.ascii(tag.SoftwareVersions, softwareName)
	b.ascii(tag.InstanceNumber, "1")
	b.ascii(tag.FrameOfReferenceUID, set.FrameOfReferenceUID)
	b.text(tag.PositionReferenceIndicator, f.ct.PositionReference)
	b.text(tag.StructureSetLabel, set.Label)
	if set.Name != "" {
		b.text(tag.StructureSetName, set.Name)
	}
	if set.Description != "" {
		b.text(tag.StructureSetDescription, set.Description)
	}
	b.ascii(tag.StructureSetDate, set.Date)
	b.ascii(tag.StructureSetTime, set.Time)
	b.ascii(tag.ApprovalStatus, set.Approval)
	b.sequence(tag.ReferencedFrameOfReferenceSequence, f.reference)
	f.sequences(&b, 0)
	return b.encode(classStructureSet, set.SOPInstanceUID, syntaxImplicitLE)
}

// sequences adds what describes the structures; their observations are numbered on from last.
func (f *structureForm) sequences(b *builder, last int) {
	var rois, contours, observations []func(*builder)
	for i := range f.set.Structures {
		s := &f.set.Structures[i]
		rois = append(rois, func(b *builder) { f.roi(b, s) })
		contours = append(contours, func(b *builder) { f.contours(b, s, f.slices[i]) })
		observations = append(observations, func(b *builder) {
			b.ascii(tag.ObservationNumber, fmt.Sprint(last+i+1))
			b.ascii(tag.ReferencedROINumber, fmt.Sprint(s.Number))
			b.ascii(tag.RTROIInterpretedType, s.Type)
			b.ascii(tag.ROIInterpreter, "")
		})
	}
	b.sequence(tag.StructureSetROISequence, rois...)
	b.sequence(tag.ROIContourSequence, contours...)
	b.sequence(tag.RTROIObservationsSequence, observations...)
}

// reference fills the one item of ReferencedFrameOfReferenceSequence: the study, the series, each slice.
func (f *structureForm) reference(b *builder) {
	b.ascii(tag.FrameOfReferenceUID, f.set.FrameOfReferenceUID)
	b.sequence(tag.RTReferencedStudySequence, func(b *builder) {
		b.ascii(tag.ReferencedSOPClassUID, classStudy)
		b.ascii(tag.ReferencedSOPInstanceUID, f.ct.Study.UID)
		b.sequence(tag.RTReferencedSeriesSequence, func(b *builder) {
			b.ascii(tag.SeriesInstanceUID, f.ct.UID)
			var images []func(*builder)
			for _, z := range f.images() {
				images = append(images, func(b *builder) { f.image(b, z) })
			}
			b.sequence(tag.ContourImageSequence, images...)
		})
	})
}

// images returns a slice of each image of the CT: every one, but for frames of one file only the first.
func (f *structureForm) images() []int {
	var list []int
	seen := map[string]bool{}
	for z := range f.ct.Slices {
		if uid := f.ct.Slices[z].SOPInstanceUID; !seen[uid] {
			seen[uid] = true
			list = append(list, z)
		}
	}
	return list
}

// slice refers to CT slice z, by its frame if its file has several.
func (f *structureForm) slice(b *builder, z int) {
	f.image(b, z)
	if s := &f.ct.Slices[z]; s.frames > 1 {
		b.ascii(tag.ReferencedFrameNumber, fmt.Sprint(s.frame+1))
	}
}

// image refers to the image that CT slice z is of.
func (f *structureForm) image(b *builder, z int) {
	b.ascii(tag.ReferencedSOPClassUID, f.ct.Slices[z].SOPClassUID)
	b.ascii(tag.ReferencedSOPInstanceUID, f.ct.Slices[z].SOPInstanceUID)
}

func (f *structureForm) roi(b *builder, s *Structure) {
	b.ascii(tag.ROINumber, fmt.Sprint(s.Number))
	b.ascii(tag.ReferencedFrameOfReferenceUID, f.set.FrameOfReferenceUID)
	b.text(tag.ROIName, s.Name)
	if d := s.fullDescription(); d != "" {
		b.text(tag.ROIDescription, d)
	}
	b.ascii(tag.ROIGenerationAlgorithm, s.Algorithm)
}

// contours fills the item of ROIContourSequence; an ROI without contours has no ContourSequence.
func (f *structureForm) contours(b *builder, s *Structure, slices []int) {
	b.ascii(tag.ROIDisplayColor, fmt.Sprint(s.Colour[0]), fmt.Sprint(s.Colour[1]), fmt.Sprint(s.Colour[2]))
	b.ascii(tag.ReferencedROINumber, fmt.Sprint(s.Number))
	var items []func(*builder)
	number := 0
	for i := range s.Contours {
		points, z := s.Contours[i].Points, slices[i]
		number++
		k := number
		items = append(items, func(b *builder) {
			b.sequence(tag.ContourImageSequence, func(b *builder) { f.slice(b, z) })
			contour(b, "CLOSED_PLANAR", k, points)
		})
	}
	for _, p := range s.Points {
		number++
		k := number
		items = append(items, func(b *builder) {
			if z, off := f.grid.NearestSlice(p); off <= f.grid.SliceThickness(z)/2 {
				b.sequence(tag.ContourImageSequence, func(b *builder) { f.slice(b, z) })
			}
			contour(b, "POINT", k, []volume.Vec{p})
		})
	}
	if len(items) > 0 {
		b.sequence(tag.ContourSequence, items...)
	}
}

// contour adds the points as one joined string: the library is quadratic in the number of values.
func contour(b *builder, geometry string, number int, points []volume.Vec) {
	b.ascii(tag.ContourNumber, fmt.Sprint(number))
	b.ascii(tag.ContourGeometricType, geometry)
	b.ascii(tag.NumberOfContourPoints, fmt.Sprint(len(points)))
	data := make([]byte, 0, 30*len(points))
	for _, p := range points {
		for _, v := range p {
			if len(data) > 0 {
				data = append(data, '\\')
			}
			data = appendThousandths(data, v)
		}
	}
	b.ascii(tag.ContourData, string(data))
}
