package dicom

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	lib "github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// CTMeta is what a written CT says of itself beside its voxels. Zero values are filled: new UIDs, today's
// date, study 1, "DERIVED\SECONDARY\AXIAL", CHEST, HFS.
type CTMeta struct {
	Patient               Patient
	StudyUID              string
	StudyID               string
	StudyDescription      string
	Date, Time            string // YYYYMMDD, HHMMSS: of study and series
	AccessionNumber       string
	SeriesUID             string
	SeriesNumber          int
	FrameOfReferenceUID   string
	Description           string   // of the series
	ImageType             []string // three values
	DerivationDescription string
	Manufacturer          string
	ModelName             string
	KVP                   float64 // 0: unknown
	Kernel                string  // ConvolutionKernel
	BodyPart              string  // BodyPartExamined, a code such as BREAST
	PatientPosition       string
	deidentified          bool // dates and times are left empty, and the files say that the patient cannot be known
}

// WriteCT writes v as CT Image Storage, one file a slice, into dir, which is made if need be and may hold
// no file of the same names (CT.0001.dcm, ...). HU from -1024 to 3071 are stored in 12 bits, others in 16.
// The series it returns is what Scan would find.
func WriteCT(ctx context.Context, dir string, v *volume.Volume, meta CTMeta) (*Series, error) {
	s, err := writeCT(ctx, dir, v, meta)
	if err != nil {
		return nil, fmt.Errorf("write CT to %s: %w", dir, err)
	}
	return s, nil
}

func writeCT(ctx context.Context, dir string, v *volume.Volume, meta CTMeta) (*Series, error) {
	if err := v.Grid.Validate(); err != nil {
		panic(fmt.Sprintf("dicom: WriteCT: %v", err))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := newWrittenSeries(dir, v.Grid, meta)
	form := ctForm{series: s, meta: meta, grid: v.Grid, charset: s.Study.charsetFor("", meta.Description, meta.Manufacturer, meta.ModelName, meta.DerivationDescription, meta.Kernel)}
	form.setFormat(v.HU)
	s.CharacterSet = form.charset.name
	written := make([]bool, len(s.Slices))
	err := inParallel(ctx, len(s.Slices), func(_ *reader, z int) error {
		data, err := form.slice(z, v.Slice(z))
		if err != nil {
			return fmt.Errorf("%s: %w", s.Slices[z].Path, err)
		}
		written[z], err = createFile(s.Slices[z].Path, data)
		return err
	})
	if err != nil {
		for z, is := range written {
			if is {
				os.Remove(s.Slices[z].Path)
			}
		}
		return nil, err
	}
	return s, nil
}

// createFile writes a file that must not exist yet; created tells whether it does now.
func createFile(path string, data []byte) (created bool, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return false, fmt.Errorf("%s exists already; choose an empty folder", path)
	}
	if err != nil {
		return false, err
	}
	_, err = f.Write(data)
	return true, errors.Join(err, f.Close())
}

// newWrittenSeries is the series that WriteCT is about to write.
func newWrittenSeries(dir string, g *volume.Grid, meta CTMeta) *Series {
	now := time.Now()
	date, clock := cmp.Or(meta.Date, now.Format("20060102")), cmp.Or(meta.Time, now.Format("150405"))
	if meta.deidentified {
		date, clock = "", ""
	}
	imageType := meta.ImageType
	if len(imageType) == 0 {
		imageType = []string{"DERIVED", "SECONDARY", "AXIAL"}
	}
	study := &Study{
		UID: cmp.Or(meta.StudyUID, newUID()), ID: cmp.Or(cleanText(meta.StudyID, 16), "1"), Date: date, Time: clock,
		Description: cleanText(meta.StudyDescription, 64), AccessionNumber: cleanText(meta.AccessionNumber, 16),
		Patient: Patient{
			Name: cleanText(meta.Patient.Name, 64), ID: cleanText(meta.Patient.ID, 64),
			BirthDate: meta.Patient.BirthDate, Sex: meta.Patient.Sex,
		},
		deidentified: meta.deidentified,
	}
	s := &Series{
		UID: cmp.Or(meta.SeriesUID, newUID()), Modality: "CT", Description: cleanText(meta.Description, 64), Date: date, Time: clock,
		Number: cmp.Or(meta.SeriesNumber, 1), FrameOfReferenceUID: cmp.Or(meta.FrameOfReferenceUID, newUID()),
		PatientPosition: cmp.Or(meta.PatientPosition, "HFS"), Manufacturer: cleanText(meta.Manufacturer, 64),
		ImageType: strings.Join(imageType, `\`), Study: study, Rows: g.Ny, Columns: g.Nx,
		PixelSpacing: [2]float64{g.SpacingY, g.SpacingX}, Row: g.Row, Col: g.Col,
		SliceThicknessMM: usualThickness(g), TransferSyntax: "Explicit VR Little Endian",
	}
	study.Series = []*Series{s}
	for z := range g.Nz() {
		s.Slices = append(s.Slices, Slice{
			Path: filepath.Join(dir, fmt.Sprintf("CT.%04d.dcm", z+1)), SOPClassUID: classCTImage, SOPInstanceUID: newUID(),
			Position: g.ToPatient(0, 0, float64(z)), InstanceNumber: z + 1, AcquisitionNumber: 1,
		})
	}
	return s
}

// usualThickness is the median slice spacing, or 1 mm for a lone slice.
func usualThickness(g *volume.Grid) float64 {
	if t := medianStep(g.SliceMM); t > 0 {
		return t
	}
	return g.SliceThickness(0)
}

// ctForm makes the file of each slice.
type ctForm struct {
	series  *Series
	meta    CTMeta
	grid    *volume.Grid
	charset charset
	format  pixelFormat
}

// setFormat chooses 12 unsigned bits when every HU fits, as scanners store it, else 16 signed ones.
func (f *ctForm) setFormat(hu []int16) {
	lo, hi := hu[0], hu[0]
	for _, v := range hu {
		lo, hi = min(lo, v), max(hi, v)
	}
	f.format = pixelFormat{stored: 12, high: 11, slope: 1, intercept: -1024}
	if lo < -1024 || hi > 3071 {
		f.format = pixelFormat{stored: 16, high: 15, slope: 1, signed: true}
	}
}

// slice encodes slice z with its pixels hu, [y][x].
func (f *ctForm) slice(z int, hu []int16) ([]byte, error) {
	s, at := f.series, f.series.Slices[z]
	b := builder{charset: f.charset}
	b.patientAndStudy(s.Study)
	b.ascii(tag.ImageType, strings.Split(s.ImageType, `\`)...)
	b.ascii(tag.SOPClassUID, classCTImage)
	b.ascii(tag.SOPInstanceUID, at.SOPInstanceUID)
	for _, t := range []tag.Tag{tag.SeriesDate, tag.AcquisitionDate, tag.ContentDate} {
		b.ascii(t, s.Date)
	}
	for _, t := range []tag.Tag{tag.SeriesTime, tag.AcquisitionTime, tag.ContentTime} {
		b.ascii(t, s.Time)
	}
	b.ascii(tag.Modality, "CT")
	b.text(tag.Manufacturer, s.Manufacturer)
	if f.meta.ModelName != "" {
		b.text(tag.ManufacturerModelName, cleanText(f.meta.ModelName, 64))
	}
	b.text(tag.SoftwareVersions, softwareName)
	if s.Description != "" {
		b.text(tag.SeriesDescription, s.Description)
	}
	if f.meta.DerivationDescription != "" {
		b.text(tag.DerivationDescription, cleanText(f.meta.DerivationDescription, 1024))
	}
	b.ascii(tag.BodyPartExamined, cmp.Or(f.meta.BodyPart, "CHEST"))
	if f.meta.BodyPart == "BREAST" {
		b.ascii(tag.Laterality, "") // type 2C: wanted for paired parts, and both sides are in the image
	}
	if f.meta.Kernel != "" {
		b.text(tag.ConvolutionKernel, cleanText(f.meta.Kernel, 16))
	}
	b.ascii(tag.SliceThickness, decimal(s.SliceThicknessMM))
	kvp := ""
	if f.meta.KVP > 0 {
		kvp = decimal(f.meta.KVP)
	}
	b.ascii(tag.KVP, kvp)
	b.ascii(tag.PatientPosition, s.PatientPosition)
	b.ascii(tag.SeriesInstanceUID, s.UID)
	b.ascii(tag.SeriesNumber, fmt.Sprint(s.Number))
	b.ascii(tag.AcquisitionNumber, fmt.Sprint(at.AcquisitionNumber))
	b.ascii(tag.InstanceNumber, fmt.Sprint(at.InstanceNumber))
	b.ascii(tag.ImagePositionPatient, decimals(at.Position)...)
	b.ascii(tag.ImageOrientationPatient, append(decimals(s.Row), decimals(s.Col)...)...)
	b.ascii(tag.FrameOfReferenceUID, s.FrameOfReferenceUID)
	b.ascii(tag.PositionReferenceIndicator, s.PositionReference)
	b.ascii(tag.LossyImageCompression, "00")
	b.ascii(tag.PixelSpacing, decimal(s.PixelSpacing[0]), decimal(s.PixelSpacing[1]))
	b.ascii(tag.PhotometricInterpretation, "MONOCHROME2")
	b.ints(tag.SamplesPerPixel, 1)
	b.ints(tag.Rows, s.Rows)
	b.ints(tag.Columns, s.Columns)
	b.ints(tag.BitsAllocated, 16)
	b.ints(tag.BitsStored, f.format.stored)
	b.ints(tag.HighBit, f.format.high)
	b.ints(tag.PixelRepresentation, map[bool]int{true: 1}[f.format.signed])
	b.ascii(tag.RescaleIntercept, decimal(f.format.intercept))
	b.ascii(tag.RescaleSlope, decimal(f.format.slope))
	b.ascii(tag.RescaleType, "HU")
	b.ascii(tag.WindowCenter, "40")
	b.ascii(tag.WindowWidth, "400")
	words := make([]byte, 0, 2*len(hu))
	for _, v := range hu {
		words = binary.LittleEndian.AppendUint16(words, uint16(int(v)-int(f.format.intercept)))
	}
	b.put(tag.PixelData, lib.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: words})
	return b.encode(classCTImage, at.SOPInstanceUID, syntaxExplicitLE)
}
