package dicom

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cocosip/go-dicom-codec/jpeg/lossless14sv1"
	"github.com/cocosip/go-dicom-codec/jpeg2000"
	"github.com/cocosip/go-dicom-codec/jpegls/lossless"

	"github.com/clipwright/clipwright/internal/volume"
)

// wantRaw is the HU of n slices of rawCT.
func wantRaw(n int) []int16 {
	var hu []int16
	for z := range n {
		for i := range 12 {
			hu = append(hu, int16(10*z+i))
		}
	}
	return hu
}

func TestEncodings(t *testing.T) {
	// Elements that trip readers: 64-bit VRs, unknown sequences, private ones, odd lengths of their own.
	trips := rawFile{
		0x00091001: {vr: "UN", value: []byte{1, 2, 3, 4}},
		0x00091002: {vr: "SQ", items: [][]rawTagged{{{0x00091003, str("LO", "x")}}, {}}},
		0x00081140: {vr: "SQ", fixed: true, items: [][]rawTagged{{{0x00081150, str("UI", "1.2")}}}},
		0x00189999: {vr: "OV", value: make([]byte, 16)},
		0x0018999B: {vr: "UV", value: make([]byte, 8)},
		0x00200011: str("IS", "7"),
	}
	for _, uid := range []string{
		syntaxImplicitLE, syntaxExplicitLE, syntaxExplicitBE, syntaxDeflatedLE, syntaxRLE, syntaxJPEGLossless,
		syntaxJPEGLosslessSV1, syntaxJPEGLS, syntaxJPEG2000Lossless,
	} {
		t.Run(uid, func(t *testing.T) {
			dir := writeRaw(t, 3, uid, func(z int, f rawFile) rawFile {
				f = f.with(trips)
				f[tagPixelData] = compress(uid, f[tagPixelData].value)
				return f
			})
			v, s, report, err := load(t, dir)
			if err != nil {
				t.Fatal(err, report.Findings())
			}
			if !slices.Equal(v.HU, wantRaw(3)) {
				t.Errorf("HU %v", v.HU)
			}
			if s.Number != 7 || s.Study.Patient.Name != "Müller^Eva" || len(report.Findings()) > 0 {
				t.Errorf("series %d of %q, findings %v", s.Number, s.Study.Patient.Name, report.Findings())
			}
			g := v.Grid
			if g.SpacingX != 0.75 || g.SpacingY != 0.5 || g.Origin != (volume.Vec{-10, -20, 0}) || !slices.Equal(g.SliceMM, []float64{0, 3, 6}) {
				t.Errorf("grid %+v", g)
			}
		})
	}
}

// rleElement packs 16-bit words as one RLE frame: a replicate run, then literal ones.
func rleElement(words []byte) rawElement {
	header := make([]byte, 64)
	binary.LittleEndian.PutUint32(header, 2)
	frame := header
	for s := range 2 {
		binary.LittleEndian.PutUint32(frame[4+4*s:], uint32(len(frame)))
		var plane []byte
		for i := 1 - s; i < len(words); i += 2 {
			plane = append(plane, words[i])
		}
		same := 1
		for same < len(plane) && plane[same] == plane[0] {
			same++
		}
		if same > 1 {
			frame = append(frame, byte(1-same), plane[0])
			plane = plane[same:]
		}
		if len(plane) > 0 {
			frame = append(append(frame, byte(len(plane)-1)), plane...)
		}
		if len(frame)%2 != 0 {
			frame = append(frame, 0x80)
		}
	}
	return encapsulated(frame)
}

// encapsulated is pixel data of one fragment, PS3.5 A.4.
func encapsulated(frame []byte) rawElement {
	if len(frame)%2 != 0 {
		frame = append(frame, 0)
	}
	item := func(b []byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte{0xFE, 0xFF, 0x00, 0xE0}, uint32(len(b))), b...)
	}
	value := append(item(nil), append(item(frame), 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0)...)
	return rawElement{vr: "encapsulated", value: value}
}

// compress is the pixel data of a raw CT, 4 x 3 words, under uid.
func compress(uid string, words []byte) rawElement {
	var frame []byte
	var err error
	switch uid {
	case syntaxRLE:
		return rleElement(words)
	case syntaxJPEGLosslessSV1, syntaxJPEGLossless:
		frame, err = lossless14sv1.Encode(words, 4, 3, 1, 16)
	case syntaxJPEGLS, syntaxJPEGLSNear:
		frame, err = lossless.Encode(words, 4, 3, 1, 16)
	case syntaxJPEG2000Lossless, syntaxJPEG2000:
		frame, err = jpeg2000.NewEncoder(jpeg2000.DefaultEncodeParams(4, 3, 1, 16, false)).Encode(words)
	default:
		return rawElement{vr: "OW", value: words}
	}
	if err != nil {
		panic(err)
	}
	return encapsulated(frame)
}

func TestFilesWithoutPreamble(t *testing.T) {
	for name, data := range map[string]func(f rawFile) []byte{
		"implicit":   func(f rawFile) []byte { return f.elements(true, false) },
		"explicit":   func(f rawFile) []byte { return f.elements(false, false) },
		"big endian": func(f rawFile) []byte { return f.elements(false, true) },
		"meta alone": func(f rawFile) []byte { return f.encode(syntaxExplicitLE)[132:] },
		"no meta": func(f rawFile) []byte {
			return append(append(make([]byte, 128), "DICM"...), f.elements(false, false)...)
		},
		"zeros behind":   func(f rawFile) []byte { return append(f.encode(syntaxExplicitLE), make([]byte, 100)...) },
		"rubbish behind": func(f rawFile) []byte { return append(f.encode(syntaxExplicitLE), "rubbish"...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for z := range 3 {
				writeFile(t, filepath.Join(dir, fmt.Sprint(z)), data(rawCT(z)))
			}
			v, _, report, err := load(t, dir)
			if err != nil {
				t.Fatal(err, report.Findings())
			}
			if !slices.Equal(v.HU, wantRaw(3)) {
				t.Errorf("HU %v", v.HU)
			}
		})
	}
}

func TestPixelFormats(t *testing.T) {
	first := func(words ...uint16) rawElement {
		return u16("OW", append(words, make([]uint16, 12-len(words))...)...)
	}
	for _, c := range []struct {
		name    string
		changes rawFile
		want    []int16 // the first pixels
	}{
		{"signed", rawFile{0x00280103: u16("US", 1), tagPixelData: first(0xFFFF, 0x8000, 5)}, []int16{-1001, -32768, -995}},
		{"12 bits with an overlay above", rawFile{0x00280101: u16("US", 12), 0x00280102: u16("US", 11), tagPixelData: first(0xF3E8, 0x03E9)}, []int16{0, 1}},
		{"12 signed bits", rawFile{0x00280101: u16("US", 12), 0x00280102: u16("US", 11), 0x00280103: u16("US", 1), 0x00281052: str("DS", "0"), tagPixelData: first(0x0FFF, 0x0800, 0x07FF)}, []int16{-1, -2048, 2047}},
		{"12 high bits", rawFile{0x00280101: u16("US", 12), tagPixelData: first(1000<<4|7, 1001<<4)}, []int16{0, 1}},
		{"slope", rawFile{0x00281053: str("DS", "0.5"), tagPixelData: first(2001, 2003, 2005)}, []int16{1, 2, 3}}, // 0.5, 1.5, 2.5: away from zero
		{"beyond int16", rawFile{tagPixelData: first(65535, 34000)}, []int16{32767, 32767}},
		{"padding", rawFile{0x00280103: u16("US", 1), 0x00280120: u16("US", 0xF830), 0x00281052: str("DS", "-1024"), tagPixelData: first(0xF830, 0xF831)}, []int16{-1024, -3023}},
		{"padding range", rawFile{0x00280120: u16("US", 0), 0x00280121: u16("US", 10), tagPixelData: first(0, 10, 11)}, []int16{-1024, -1024, -989}},
		{"padding that is tissue", rawFile{0x00280120: u16("US", 1000), tagPixelData: first(1000, 1001)}, []int16{0, 1}},
		{"8 bits", rawFile{
			0x00280100: u16("US", 8), 0x00280101: u16("US", 8), 0x00280102: u16("US", 7), 0x00281053: str("DS", "10"),
			tagPixelData: {vr: "OB", value: []byte{0, 1, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		}, []int16{-1000, -990, 1550}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, _, _, err := load(t, writeRaw(t, 2, syntaxImplicitLE, always(c.changes)))
			if err != nil {
				t.Fatal(err)
			}
			if got := v.HU[:len(c.want)]; !slices.Equal(got, c.want) {
				t.Errorf("HU %v, want %v", got, c.want)
			}
		})
	}
}

func TestRescaleIsPerSlice(t *testing.T) {
	v, _, _, err := load(t, writeRaw(t, 3, syntaxExplicitLE, func(z int, f rawFile) rawFile {
		return f.with(rawFile{0x00281052: str("DS", fmt.Sprint(-1000-100*z)), 0x00281053: str("DS", fmt.Sprint(1+z))})
	}))
	if err != nil {
		t.Fatal(err)
	}
	for z, want := range []int16{0, 2*1010 - 1100, 3*1020 - 1200} {
		if v.At(0, 0, z) != want {
			t.Errorf("slice %d: %d HU, want %d", z, v.At(0, 0, z), want)
		}
	}
}

// at moves slice z to another place.
func at(position func(z int) string) func(int, rawFile) rawFile {
	return func(z int, f rawFile) rawFile { return f.with(rawFile{0x00200032: str("DS", position(z))}) }
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		syntax string
		n      int
		each   func(int, rawFile) rawFile
		say    []string
	}{
		{"MR", "", 3, always(rawFile{0x00080060: str("CS", "MR")}), []string{"no CT series", "MR"}},
		{"localizer", "", 3, always(rawFile{0x00080008: str("CS", `ORIGINAL\PRIMARY\LOCALIZER`)}), []string{"no CT series", "localizer"}},
		{"enhanced", "", 1, always(rawFile{0x00080016: str("UI", classEnhancedCT)}), []string{"im00", "multi-frame", "says that it has 0 frames", "export"}},
		{"multi-frame", "", 1, always(rawFile{0x00280008: str("IS", "2")}), []string{"im00", "2 frames", "export"}},
		{"retired JPEG", "1.2.840.10008.1.2.4.53", 3, nil, []string{"JPEG (retired process)", "im00", "dcmdjpeg"}},
		{"HTJ2K", "1.2.840.10008.1.2.4.201", 3, nil, []string{"High-Throughput JPEG 2000", "im00", "export"}},
		{"native pixels under JPEG", syntaxJPEGExtended, 3, nil, []string{"im00"}},
		{"native pixels under JPEG-LS", syntaxJPEGLS, 3, nil, []string{"im00"}},
		{"no position", "", 3, always(rawFile{0x00200032: {}}), []string{"im00", "ImagePositionPatient", "export"}},
		{"no orientation", "", 3, always(rawFile{0x00200037: {}}), []string{"im00", "ImageOrientationPatient"}},
		{"skewed axes", "", 3, always(rawFile{0x00200037: str("DS", `1\0\0\0.1\1\0`)}), []string{"im00", "orthonormal"}},
		{"no spacing", "", 3, always(rawFile{0x00280030: {}}), []string{"im00", "PixelSpacing"}},
		{"negative spacing", "", 3, always(rawFile{0x00280030: str("DS", `-1\1`)}), []string{"PixelSpacing"}},
		{"NaN spacing", "", 3, always(rawFile{0x00280030: str("DS", `NaN\1`)}), []string{"PixelSpacing"}},
		{"lean", "", 4, at(func(z int) string { return fmt.Sprintf(`-10\%g\%d`, -20-2.5*float64(z), 3*z) }), []string{"39.8 degrees", "im00", "im03", "resample"}},
		{"sideways", "", 4, at(func(z int) string { return fmt.Sprintf(`%d\-20\%d`, -10+z%2, 3*z) }), []string{"im0", "beside", "separate"}},
		{"4D", "", 4, at(func(z int) string { return fmt.Sprintf(`-10\-20\%d`, 3*(z/2)) }), []string{"im01", "im00", "one plane", "folder of their own"}},
		{"truncated pixels", "", 3, func(z int, f rawFile) rawFile {
			if z == 1 {
				return f.with(rawFile{tagPixelData: u16("OW", 1, 2, 3)})
			}
			return f
		}, []string{"im01", "truncated", "6 of 24 bytes", "copy"}},
		{"no pixels", "", 3, func(z int, f rawFile) rawFile {
			if z == 2 {
				return f.with(rawFile{tagPixelData: {}})
			}
			return f
		}, []string{"im02", "no pixel data"}},
		{"colour", "", 3, always(rawFile{0x00280002: u16("US", 3)}), []string{"im00", "3 samples"}},
		{"inverted", "", 3, always(rawFile{0x00280004: str("CS", "MONOCHROME1")}), []string{"MONOCHROME1"}},
		{"32 bits", "", 3, always(rawFile{0x00280100: u16("US", 32)}), []string{"32 bits"}},
		{"high bit", "", 3, always(rawFile{0x00280102: u16("US", 3)}), []string{"HighBit 3"}},
		{"slope 0", "", 3, always(rawFile{0x00281053: str("DS", "0")}), []string{"RescaleSlope is 0"}},
		{"native length under RLE", syntaxRLE, 3, nil, []string{"im00"}},
		{"no rows", "", 3, always(rawFile{0x00280010: u16("US", 0)}), []string{"im00", "no CT slice"}},
		{"nothing", "", 0, nil, []string{"no DICOM images", "choose the folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.syntax == "" {
				c.syntax = syntaxExplicitLE
			}
			_, _, _, err := load(t, writeRaw(t, c.n, c.syntax, c.each))
			wantError(t, err, c.say...)
		})
	}
}

func TestFileCutShort(t *testing.T) {
	dir := writeRaw(t, 3, syntaxExplicitLE, nil)
	path := filepath.Join(dir, "im01")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data[:len(data)-5])
	_, _, _, err = load(t, dir)
	wantError(t, err, "im01", "truncated", "19 of 24 bytes", "copy")
	// cut within the header it is left out by the scan, and the gap shows
	writeFile(t, path, data[:300])
	_, _, report, err := load(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantFinding(t, report, SeverityWarning, "truncated")
}

func TestFileChangedAfterScan(t *testing.T) {
	dir := writeRaw(t, 3, syntaxExplicitLE, nil)
	studies, err := Scan(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := studies[0].Series[0]
	writeFile(t, s.Slices[1].Path, rawCT(9).encode(syntaxExplicitLE))
	_, err = ReadCT(context.Background(), s, nil)
	wantError(t, err, "im01", "changed", "again")
	if err := os.Remove(s.Slices[1].Path); err != nil {
		t.Fatal(err)
	}
	_, err = ReadCT(context.Background(), s, nil)
	wantError(t, err, "im01", "no such file")
}

func TestDoublesGapsAndSpacing(t *testing.T) {
	t.Run("equal double", func(t *testing.T) {
		dir := writeRaw(t, 3, syntaxExplicitLE, nil)
		writeFile(t, filepath.Join(dir, "copy"), rawCT(1).with(rawFile{0x00080018: str("UI", "1.2.9")}).encode(syntaxExplicitBE))
		v, s, report, err := load(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(v.HU, wantRaw(3)) || len(s.Slices) != 3 {
			t.Error("the double was not left out")
		}
		wantFinding(t, report, SeverityWarning, "the same image as")
	})
	t.Run("gap", func(t *testing.T) {
		v, _, report, err := load(t, writeRaw(t, 6, syntaxExplicitLE, at(func(z int) string { return fmt.Sprintf(`-10\-20\%d`, 3*z+6*(z/4)) })))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(v.Grid.SliceMM, []float64{0, 3, 6, 9, 18, 21}) {
			t.Error(v.Grid.SliceMM)
		}
		wantFinding(t, report, SeverityWarning, "gap of 9.00 mm")
	})
	t.Run("uneven", func(t *testing.T) {
		_, _, report, err := load(t, writeRaw(t, 4, syntaxExplicitLE, at(func(z int) string { return fmt.Sprintf(`-10\-20\%g`, []float64{0, 3, 5.8, 9}[z]) })))
		if err != nil {
			t.Fatal(err)
		}
		wantFinding(t, report, SeverityWarning, "2.80 to 3.20 mm")
	})
	t.Run("no rescale", func(t *testing.T) {
		_, _, report, err := load(t, writeRaw(t, 2, syntaxExplicitLE, always(rawFile{0x00281053: {}})))
		if err != nil {
			t.Fatal(err)
		}
		wantFinding(t, report, SeverityWarning, "RescaleSlope")
	})
}

func TestReadCTStopsWhenCancelled(t *testing.T) {
	dir, _, _ := writeTestCT(t, testGrid(20))
	studies, err := Scan(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ReadCT(ctx, studies[0].Series[0], nil); err != context.Canceled {
		t.Errorf("error %v", err)
	}
	if _, err := Scan(ctx, dir, nil); err == nil {
		t.Error("a cancelled scan returned")
	}
	out := filepath.Join(t.TempDir(), "out")
	if _, err := WriteCT(ctx, out, testVolume(testGrid(3)), CTMeta{}); err == nil {
		t.Error("a cancelled write returned")
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
