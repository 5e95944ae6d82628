package dicom

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// scanInflated is how much of a deflated file a scan expands: enough for any header.
const scanInflated = 1 << 20

// found is one DICOM file as a scan sees it: what its study and series are called, and the image itself.
type found struct {
	study    Study
	series   Series
	slice    Slice
	studyKey string
}

// geometry is where an image lies.
type geometry struct {
	rows, columns int
	spacing       [2]float64
	position      volume.Vec
	row, col      volume.Vec
	problem       string // why the image cannot be placed; empty if it can
}

// Scan reads the headers of every file under dir, links followed and zip archives opened, and returns what it found by
// study and series, in a stable order. dir may also be a single file: an image, an archive, or a DICOMDIR, which
// stands for its folder. Files that are no DICOM are counted in an info finding; damaged ones, duplicates and what a
// DICOMDIR lists in vain are named. A folder without DICOM gives no study and no error.
func Scan(ctx context.Context, dir string, report *Report) ([]*Study, error) {
	studies, err := scan(ctx, dir, report)
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("scan %s: %w", dir, err)
	}
	return studies, err
}

func scan(ctx context.Context, dir string, report *Report) ([]*Study, error) {
	files, err := listFiles(ctx, dir, stallLimit, report)
	if err != nil {
		return nil, err
	}
	if len(files) == 1 && files[0] == dir && isDirectory(dir) {
		dir = filepath.Dir(dir)
		if files, err = listFiles(ctx, dir, stallLimit, report); err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	c := census{dir: dir, report: report}
	if err := c.read(ctx, files); err != nil {
		return nil, err
	}
	archives := c.archives
	for _, path := range archives {
		members, err := listArchive(path)
		if err != nil {
			report.warning(path, fmt.Sprintf("left out: %v", err))
			continue
		}
		if err := c.read(ctx, members); err != nil {
			return nil, err
		}
	}
	for _, path := range c.archives[len(archives):] {
		report.warning(path, "left out: an archive within an archive; unpack it and open the folder")
	}
	if c.other > 0 {
		report.info(dir, fmt.Sprintf("%d of %d files are no DICOM images or structure sets and were ignored", c.other, len(c.seen)))
	}
	listed, missing := c.checkDirectories()
	if len(c.all) == 0 && missing > 0 {
		return nil, fmt.Errorf("its DICOMDIR lists %d files, of which %d are missing, and there is no other image; copy the whole medium with its folders", listed, missing)
	}
	return group(c.all, report), nil
}

// census is what a scan has come upon so far.
type census struct {
	dir         string
	report      *Report
	all         []*found
	seen        []string // every file and member looked at
	archives    []string
	directories []string // DICOMDIR files
	other       int      // files that are no DICOM
}

// read reads the headers of files.
func (c *census) read(ctx context.Context, files []string) error {
	got, errs := make([][]*found, len(files)), make([]error, len(files))
	name := func(i int) string { return files[i] }
	err := inParallelReading(ctx, len(files), stallLimit, name, func(r *reader, i int) error {
		got[i], errs[i] = scanFile(r, files[i])
		return nil
	})
	if err != nil {
		return err
	}
	c.seen = append(c.seen, files...)
	for i, err := range errs {
		switch {
		case errors.Is(err, errDirectory):
			c.directories = append(c.directories, files[i])
			c.other++
		case errors.Is(err, errArchive):
			c.archives = append(c.archives, files[i])
		case errors.Is(err, errNotDICOM):
			c.other++
		case errors.Is(err, fs.ErrPermission):
			c.report.warning(files[i], "left out: no permission to read it")
		case err != nil:
			c.report.warning(files[i], fmt.Sprintf("left out: %v", err))
		default:
			c.all = append(c.all, got[i]...)
		}
	}
	return nil
}

// wantScan tells which elements a scan keeps: those of groups 8, 10, 18, 20 and 28 that findings and
// geometry need.
func wantScan(t uint32) bool {
	switch t {
	case 0x00080005, 0x00080008, 0x00080016, 0x00080018, 0x00080020, 0x00080021, 0x00080030, 0x00080031,
		0x00080050, 0x00080060, 0x00080070, 0x00080090, 0x00081030, 0x0008103E,
		0x00100010, 0x00100020, 0x00100030, 0x00100040,
		0x00180050, 0x00185100,
		0x0020000D, 0x0020000E, 0x00200010, 0x00200011, 0x00200012, 0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00201040,
		0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280030,
		0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00280120, 0x00280121, 0x00281052, 0x00281053:
		return true
	}
	return false
}

// scanFile reads what one file holds: an image, a structure set, or the frames of a multi-frame image.
func scanFile(r *reader, path string) ([]*found, error) {
	h, err := r.open(path, false, inflation{base: scanInflated}, wantScan, func(t uint32) bool { return t > 0x0028FFFF })
	if err != nil {
		return nil, err
	}
	d := h.data
	class := cmp.Or(d.text(tag.SOPClassUID), h.class)
	switch {
	case h.class == classMediaDirectory:
		return nil, errDirectory // it lists files that the scan finds by itself
	case class == "" && !d.has(tag.Modality) && !d.has(tag.SeriesInstanceUID):
		return nil, errNotDICOM
	case isMultiFrame(class):
		return scanFrames(r, path, class)
	}
	return []*found{newFound(d, h, path, class)}, nil
}

// newFound describes the image or structure set in the file h at path; d holds its elements, for a frame those that
// apply to it.
func newFound(d dataset, h head, path, class string) *found {
	g := readGeometry(d)
	f := &found{study: newStudy(d), series: newSeries(d, class, h.syntax, g)}
	f.series.unreadable = refusal(&f.series, d, path, h.syntax, g)
	f.slice = Slice{
		Path: path, SOPClassUID: class, SOPInstanceUID: d.text(tag.SOPInstanceUID), Position: g.position,
		InstanceNumber: d.integer(tag.InstanceNumber, 0), AcquisitionNumber: d.integer(tag.AcquisitionNumber, 0), bytes: int64(h.size),
	}
	if !h.syntax.compressed && !h.syntax.deflated {
		f.series.leastBytes = g.rows * g.columns * d.integer(tag.BitsAllocated, 0) / 8
	}
	f.studyKey = cmp.Or(f.study.UID, f.study.Patient.ID+" "+filepath.Dir(path))
	return f
}

// readGeometry takes position, axes and spacing from the Image Plane module, PS3.3 C.7.6.2.
func readGeometry(d dataset) geometry {
	g := geometry{rows: d.integer(tag.Rows, 0), columns: d.integer(tag.Columns, 0)}
	spacing, ok := d.floats(tag.PixelSpacing)
	if !ok || len(spacing) != 2 || !(spacing[0] > 0) || !(spacing[1] > 0) || spacing[0] > 100 || spacing[1] > 100 {
		g.problem = "no usable PixelSpacing"
		return g
	}
	g.spacing = [2]float64{spacing[0], spacing[1]}
	position, ok := d.floats(tag.ImagePositionPatient)
	if !ok || len(position) != 3 || math.Abs(position[0])+math.Abs(position[1])+math.Abs(position[2]) > 1e6 {
		g.problem = "no usable ImagePositionPatient"
		return g
	}
	g.position = volume.Vec(position)
	axes, ok := d.floats(tag.ImageOrientationPatient)
	if !ok || len(axes) != 6 {
		g.problem = "no usable ImageOrientationPatient"
		return g
	}
	g.row, g.col = volume.Vec(axes[:3]), volume.Vec(axes[3:])
	if math.Abs(g.row.Norm()-1) > axisTolerance || math.Abs(g.col.Norm()-1) > axisTolerance || math.Abs(g.row.Dot(g.col)) > axisTolerance {
		g.problem = fmt.Sprintf("ImageOrientationPatient %v is not orthonormal", axes)
		return g
	}
	// Headers round to six digits or so; a Grid wants the axes exact.
	g.row = g.row.Scale(1 / g.row.Norm())
	g.col = g.col.Sub(g.row.Scale(g.row.Dot(g.col)))
	g.col = g.col.Scale(1 / g.col.Norm())
	return g
}

// group sorts files into studies and series.
func group(all []*found, report *Report) []*Study {
	var studies []*Study
	byStudy := map[string]*Study{}
	byUID := map[string][]*Series{} // parts of one DICOM series
	instances := map[string]*found{}
	for _, f := range all {
		if isDouble(f, instances, report) {
			continue
		}
		series := (*Series)(nil)
		key := f.seriesKey()
		if f.slice.SOPClassUID != classStructureSet {
			for _, s := range byUID[key] {
				if s.fits(&f.series) {
					series = s
					break
				}
			}
		}
		if series != nil && series.Study.UID != f.study.UID {
			report.warning(f.slice.Path, fmt.Sprintf("belongs to the series of %s but names another study, %s: taken for a slice of that series all the same", series.Slices[0].Path, f.study.UID))
		}
		if series == nil {
			study := byStudy[f.studyKey]
			if study == nil {
				study = &f.study
				byStudy[f.studyKey] = study
				studies = append(studies, study)
			}
			if f.slice.SOPClassUID == classStructureSet {
				study.StructureSets = append(study.StructureSets, f.slice.Path)
				continue
			}
			series = &f.series
			series.Study, series.Date = study, cmp.Or(series.Date, study.Date)
			byUID[key] = append(byUID[key], series)
			study.Series = append(study.Series, series)
		}
		series.Slices = append(series.Slices, f.slice)
	}
	for _, parts := range byUID {
		markLocalizers(parts)
	}
	for _, study := range studies {
		for _, series := range study.Series {
			series.sortSlices()
		}
	}
	return studies
}

// seriesKey is what images of one DICOM series share: its UID, which is unique in the world, and the patient,
// in case it is not. Without a UID a folder counts as a series.
func (f *found) seriesKey() string {
	if f.series.UID == "" {
		return f.studyKey + "|" + filepath.Dir(f.slice.Path)
	}
	return f.series.UID + "|" + f.study.Patient.ID + "|" + f.study.Patient.Name
}

// isDouble tells whether the image has been seen already, copied to another place. Different images that
// share an identifier are kept: a careless anonymiser made them.
func isDouble(f *found, instances map[string]*found, report *Report) bool {
	uid := f.slice.SOPInstanceUID
	if uid == "" {
		return false
	}
	key := uid
	if f.series.Enhanced {
		key = fmt.Sprintf("%s frame %d", uid, f.slice.frame)
	}
	first, seen := instances[key]
	if !seen {
		instances[key] = f
		return false
	}
	same := f.slice.Position == first.slice.Position && f.series.UID == first.series.UID && f.slice.SOPClassUID == first.slice.SOPClassUID
	if f.slice.SOPClassUID == classStructureSet && (!same || !sameBytes(f.slice.Path, first.slice.Path)) {
		report.warning(f.slice.Path, fmt.Sprintf("has the SOPInstanceUID of %s, which is another structure set", first.slice.Path))
		return false
	}
	if same {
		report.info(f.slice.Path, fmt.Sprintf("left out: the same image as %s (SOPInstanceUID %s)", first.slice.name(), uid))
		return true
	}
	report.warning(f.slice.Path, fmt.Sprintf("has the SOPInstanceUID of %s, which is another image", first.slice.Path))
	return false
}

func newStudy(d dataset) Study {
	return Study{
		UID: d.text(tag.StudyInstanceUID), ID: d.text(tag.StudyID), Date: d.text(tag.StudyDate), Time: d.text(tag.StudyTime),
		Description: d.text(tag.StudyDescription), AccessionNumber: d.text(tag.AccessionNumber),
		ReferringPhysician: d.text(tag.ReferringPhysicianName),
		Patient: Patient{
			Name: d.text(tag.PatientName), ID: d.text(tag.PatientID),
			BirthDate: d.text(tag.PatientBirthDate), Sex: d.text(tag.PatientSex),
		},
		raw: studyText{
			charset: d.charset, patientName: d.raw(tag.PatientName), patientID: d.raw(tag.PatientID), id: d.raw(tag.StudyID),
			accessionNumber: d.raw(tag.AccessionNumber), referringPhysician: d.raw(tag.ReferringPhysicianName),
			description: d.raw(tag.StudyDescription),
		},
	}
}

func newSeries(d dataset, class string, syn syntax, g geometry) Series {
	return Series{
		UID: d.text(tag.SeriesInstanceUID), Modality: d.text(tag.Modality), Description: d.text(tag.SeriesDescription),
		Date: d.text(tag.SeriesDate), Time: d.text(tag.SeriesTime), Number: d.integer(tag.SeriesNumber, 0),
		FrameOfReferenceUID: d.text(tag.FrameOfReferenceUID), PositionReference: d.text(tag.PositionReferenceIndicator),
		PatientPosition: d.text(tag.PatientPosition), CharacterSet: d.charset,
		Manufacturer: d.text(tag.Manufacturer), ImageType: d.text(tag.ImageType),
		Rows: g.rows, Columns: g.columns, PixelSpacing: g.spacing, Row: g.row, Col: g.col,
		SliceThicknessMM: d.number(tag.SliceThickness, 0), TransferSyntax: syn.name, convert: syn.convert,
		Enhanced:  isMultiFrame(class),
		Localizer: slices.Contains(append(d.strings(tag.ImageType), d.strings(tag.FrameType)...), "LOCALIZER"),
	}
}

// refusal says why ReadCT will not read the series of the file at path; empty if it will.
func refusal(s *Series, d dataset, path string, syn syntax, g geometry) string {
	switch {
	case !s.Enhanced && d.integer(tag.NumberOfFrames, 1) > 1:
		return fmt.Sprintf("%s holds %d frames but is no Enhanced CT, so nothing says where each lies; export the series as CT Image Storage", path, d.integer(tag.NumberOfFrames, 1))
	case g.problem != "":
		return fmt.Sprintf("%s has %s, so it cannot be placed in the patient; export the series again", path, g.problem)
	case syn.convert != "":
		return fmt.Sprintf("%s: its pixels are compressed as %s (%s), which Clipwright does not decode; convert every file of the series first: %s",
			path, syn.name, syn.uid, syn.convert)
	}
	return ""
}

// fits tells whether an image whose own series header is o belongs into the stack of s.
func (s *Series) fits(o *Series) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= spacingTolerance*max(math.Abs(a), math.Abs(b)) }
	return s.Modality == o.Modality && s.Rows == o.Rows && s.Columns == o.Columns &&
		near(s.PixelSpacing[0], o.PixelSpacing[0]) && near(s.PixelSpacing[1], o.PixelSpacing[1]) &&
		s.Row.Distance(o.Row) <= axisTolerance && s.Col.Distance(o.Col) <= axisTolerance &&
		s.FrameOfReferenceUID == o.FrameOfReferenceUID && s.Localizer == o.Localizer && s.Enhanced == o.Enhanced &&
		s.convert == o.convert && s.leastBytes == o.leastBytes
}

// markLocalizers finds scouts by geometry: a few images at right angles to the large part of their series.
func markLocalizers(parts []*Series) {
	largest := slices.MaxFunc(parts, func(a, b *Series) int { return len(a.Slices) - len(b.Slices) })
	for _, s := range parts {
		if s != largest && len(s.Slices) <= 3 && math.Abs(s.Row.Cross(s.Col).Dot(largest.Row.Cross(largest.Col))) < 0.1 {
			s.Localizer = true
		}
	}
}
