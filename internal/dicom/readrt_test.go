package dicom

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func sq(items ...[]rawTagged) rawElement { return rawElement{vr: "SQ", items: items} }

// rawContour is a contour item with points "x\y\z\...".
func rawContour(kind, count, data string) []rawTagged {
	return []rawTagged{{0x30060042, str("CS", kind)}, {0x30060046, str("IS", count)}, {0x30060050, str("DS", data)}}
}

const (
	square = `0\0\0\4\0\0\4\4\0\0\4\0`
	inner  = `1\1\0\3\1\0\3\3\0\1\3\0`
)

// rawRT is a structure set as another program might write it: two ROIs, one with contours, no references.
func rawRT() rawFile {
	return rawFile{
		0x00080005: str("CS", "ISO_IR 100"),
		0x00080016: str("UI", classStructureSet),
		0x00080018: str("UI", "1.5.1"),
		0x00080060: str("CS", "RTSTRUCT"),
		0x00100010: str("PN", "M\xFCller"),
		0x30060002: str("SH", "Raw"),
		0x30060020: sq(
			[]rawTagged{{0x30060022, str("IS", "1")}, {0x30060024, str("UI", "1.2.3.0.3")}, {0x30060026, str("LO", "Br\xFCst")}, {0x30060036, str("CS", "MANUAL")}},
			[]rawTagged{{0x30060022, str("IS", "2")}, {0x30060026, str("LO", "Empty")}},
		),
		0x30060039: sq([]rawTagged{
			{0x3006002A, str("IS", `10\20\300`)},
			{0x30060040, sq(rawContour("CLOSED_PLANAR", "4", square))},
			{0x30060084, str("IS", "1")},
		}),
		0x30060080: sq([]rawTagged{{0x30060082, str("IS", "1")}, {0x30060084, str("IS", "1")}, {0x300600A4, str("CS", "CTV")}}),
	}
}

// withContours replaces the contours of rawRT.
func withContours(contours ...[]rawTagged) rawFile {
	return rawRT().with(rawFile{0x30060039: sq([]rawTagged{{0x30060040, sq(contours...)}, {0x30060084, str("IS", "1")}})})
}

func readRaw(t *testing.T, f rawFile, syntaxUID string) (*StructureSet, *Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rs.dcm")
	writeFile(t, path, f.encode(syntaxUID))
	var report Report
	set, err := ReadStructureSet(path, &report)
	return set, &report, err
}

func TestReadForeignStructureSet(t *testing.T) {
	for _, uid := range []string{syntaxImplicitLE, syntaxExplicitLE, syntaxExplicitBE, syntaxDeflatedLE} {
		set, report, err := readRaw(t, rawRT(), uid)
		if err != nil {
			t.Fatal(err)
		}
		if set.Label != "Raw" || set.FrameOfReferenceUID != "1.2.3.0.3" || len(set.Structures) != 2 || set.Patient.Name != "Müller" {
			t.Errorf("%s: %+v", uid, set)
		}
		s := set.Structures[0]
		if s.Name != "Brüst" || s.Type != "CTV" || s.Algorithm != "MANUAL" || s.Colour != [3]uint8{10, 20, 255} || len(s.Contours) != 1 || s.Groups != nil {
			t.Errorf("%s: %+v", uid, s)
		}
		if s.Contours[0].Points[2] != (volume.Vec{4, 4, 0}) {
			t.Errorf("points %v", s.Contours[0].Points)
		}
		if e := set.Structures[1]; e.Name != "Empty" || e.Contours != nil || e.Colour == [3]uint8{} {
			t.Errorf("empty structure %+v", e)
		}
		wantFinding(t, report, SeverityInfo, "does not say on which series")
	}
}

func TestContoursOfEveryKind(t *testing.T) {
	grid := volume.NewUniformGrid(8, 8, 2, 1, 1, 3, volume.Vec{-0.5, -0.5, 0})
	for _, c := range []struct {
		name     string
		contours [][]rawTagged
		voxels   int
		points   int
		say      string
	}{
		{"closed", [][]rawTagged{rawContour("CLOSED_PLANAR", "4", square)}, 16, 0, ""},
		{"closed and repeated", [][]rawTagged{rawContour("CLOSED_PLANAR", "5", square+`\0\0\0`)}, 16, 0, ""},
		{"nested", [][]rawTagged{rawContour("CLOSED_PLANAR", "4", square), rawContour("CLOSED_PLANAR", "4", inner)}, 12, 0, ""},
		{"xor", [][]rawTagged{rawContour("CLOSEDPLANAR_XOR", "4", square), rawContour("CLOSEDPLANAR_XOR", "4", inner)}, 12, 0, "CLOSEDPLANAR_XOR"},
		{"points", [][]rawTagged{rawContour("POINT", "1", `1\2\0`), rawContour("POINT", "1", `3\2\3`)}, 0, 2, ""},
		{"closed point", [][]rawTagged{rawContour("CLOSED_PLANAR", "1", `1\2\0`)}, 0, 1, "read as points"},
		{"closed line", [][]rawTagged{rawContour("CLOSED_PLANAR", "2", `1\2\0\3\3\0`)}, 0, 0, "two points"},
		{"open", [][]rawTagged{rawContour("OPEN_PLANAR", "4", square)}, 0, 0, "open"},
		{"miscounted", [][]rawTagged{rawContour("CLOSED_PLANAR", "7", square)}, 16, 0, "another number of points"},
		{"incomplete", [][]rawTagged{rawContour("CLOSED_PLANAR", "4", square+`\1`)}, 0, 0, "without usable coordinates"},
		{"no numbers", [][]rawTagged{rawContour("CLOSED_PLANAR", "3", `a\b\c`)}, 0, 0, "without usable coordinates"},
		{"NaN", [][]rawTagged{rawContour("CLOSED_PLANAR", "3", `0\0\0\NaN\0\0\4\4\0`)}, 0, 0, "without usable coordinates"},
		{"far away", [][]rawTagged{rawContour("CLOSED_PLANAR", "3", `0\0\0\1e30\0\0\4\4\0`)}, 0, 0, "outside any patient"},
		{"spaces", [][]rawTagged{rawContour("CLOSED_PLANAR", "4", strings.ReplaceAll(square, `\`, ` \ `))}, 16, 0, ""},
		{"exponents", [][]rawTagged{rawContour("CLOSED_PLANAR", "4", `0\0\0e0\4.0E0\0\0\+4\4\0\0\4\0`)}, 16, 0, ""},
		{"no type", [][]rawTagged{{{0x30060050, str("DS", square)}}}, 16, 0, "of the type"},
		{"as UN", [][]rawTagged{{{0x30060042, str("CS", "CLOSED_PLANAR")}, {0x30060046, str("IS", "4")}, {0x30060050, str("UN", square)}}}, 16, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, report, err := readRaw(t, withContours(c.contours...), syntaxExplicitLE)
			if err != nil {
				t.Fatal(err)
			}
			s := set.Structures[0]
			if n := s.Mask(grid).Count(); n != c.voxels || len(s.Points) != c.points {
				t.Errorf("%d voxels, %d points, want %d, %d", n, len(s.Points), c.voxels, c.points)
			}
			if c.say != "" {
				wantFinding(t, report, SeverityWarning, c.say)
			}
		})
	}
}

func TestClipsOfForeignStructures(t *testing.T) {
	grid := volume.NewUniformGrid(16, 8, 2, 1, 1, 3, volume.Vec{-0.5, -0.5, 0})
	far := `8\0\0\10\0\0\10\2\0\8\2\0`
	set, _, err := readRaw(t, withContours(rawContour("CLOSED_PLANAR", "4", far), rawContour("CLOSED_PLANAR", "4", square)), syntaxImplicitLE)
	if err != nil {
		t.Fatal(err)
	}
	clips := set.Structures[0].ClipMasks(grid)
	if len(clips) != 2 || clips[1].Count() != 16 || clips[2].Count() != 4 {
		t.Errorf("clips by component: %v", clips)
	}
	set, _, err = readRaw(t, withContours(rawContour("POINT", "1", `1.1\2.3\0.2`), rawContour("POINT", "1", `30\2\0`)), syntaxImplicitLE)
	if err != nil {
		t.Fatal(err)
	}
	clips = set.Structures[0].ClipMasks(grid)
	if len(clips) != 1 || !clips[1].At(2, 3, 0) {
		t.Errorf("clips by point: %v", clips)
	}
}

func TestOddLists(t *testing.T) {
	roi := func(number, name string) []rawTagged {
		return []rawTagged{{0x30060022, str("IS", number)}, {0x30060026, str("LO", name)}}
	}
	for name, c := range map[string]struct {
		change rawFile
		n      int
		say    string
	}{
		"dangling contours": {rawFile{0x30060020: sq(roi("5", "Five"))}, 2, "which the list of ROIs lacks"},
		"number twice":      {rawFile{0x30060020: sq(roi("1", "One"), roi("1", "Uno"))}, 2, "used twice"},
		"name twice":        {rawFile{0x30060020: sq(roi("1", "One"), roi("2", "One"))}, 2, `called "One"`},
		"no contours":       {rawFile{0x30060039: {}}, 2, "does not say"},
		"no lists":          {rawFile{0x30060020: {}, 0x30060039: {}, 0x30060080: {}}, 0, "does not say"},
	} {
		t.Run(name, func(t *testing.T) {
			set, report, err := readRaw(t, rawRT().with(c.change), syntaxImplicitLE)
			if err != nil {
				t.Fatal(err)
			}
			if len(set.Structures) != c.n {
				t.Errorf("%d structures", len(set.Structures))
			}
			for _, f := range report.Findings() {
				if strings.Contains(f.Text, c.say) {
					return
				}
			}
			t.Errorf("no finding %q in %v", c.say, report.Findings())
		})
	}
}

// TestUnknownSequences reads a file whose sequences went through a converter that knew none of them: UN of
// undefined length holds implicit elements, PS3.5 6.2.2.
func TestUnknownSequences(t *testing.T) {
	f := rawRT()
	b := f.with(rawFile{0x30060020: {}, 0x30060039: {}, 0x30060080: {}}).encode(syntaxExplicitLE)
	for _, tag := range []uint32{0x30060020, 0x30060039, 0x30060080} {
		implicit := appendRaw(nil, tag, f[tag], true, false)
		b = append(b, implicit[:4]...)
		b = append(b, 'U', 'N', 0, 0)
		b = append(b, implicit[4:]...)
	}
	// and one of defined length
	path := filepath.Join(t.TempDir(), "rs.dcm")
	writeFile(t, path, b)
	set, err := ReadStructureSet(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Structures) != 2 || len(set.Structures[0].Contours) != 1 || set.Structures[0].Type != "CTV" {
		t.Errorf("%+v", set)
	}
}

func TestReadStructureSetRefusals(t *testing.T) {
	dir := t.TempDir()
	ct := filepath.Join(dir, "ct.dcm")
	writeFile(t, ct, rawCT(0).encode(syntaxExplicitLE))
	_, err := ReadStructureSet(ct, nil)
	wantError(t, err, "ct.dcm", "it is CT, not a structure set")
	text := filepath.Join(dir, "a.txt")
	writeFile(t, text, []byte(strings.Repeat("some words ", 70)))
	_, err = ReadStructureSet(text, nil)
	wantError(t, err, "a.txt", "not a DICOM file")
	_, err = ReadStructureSet(filepath.Join(dir, "none"), nil)
	wantError(t, err, "none")
	_, err = ReadStructureSet(dir, nil)
	wantError(t, err, "not a DICOM file")
	cut := filepath.Join(dir, "cut.dcm")
	data := rawRT().encode(syntaxImplicitLE)
	writeFile(t, cut, data[:len(data)-30])
	_, err = ReadStructureSet(cut, nil)
	wantError(t, err, "cut.dcm", "truncated")
}

// TestStaleClipList: another program dropped a contour and kept the description.
func TestStaleClipList(t *testing.T) {
	f := withContours(rawContour("CLOSED_PLANAR", "4", square))
	f[0x30060020] = sq([]rawTagged{{0x30060022, str("IS", "1")}, {0x30060026, str("LO", "Clips_L")}, {0x30060028, str("ST", "Found; clips 1:1 2:2")}})
	set, report, err := readRaw(t, f, syntaxImplicitLE)
	if err != nil {
		t.Fatal(err)
	}
	if s := set.Structures[0]; s.Groups != nil || s.Description != "Found" {
		t.Errorf("groups %v, description %q", s.Groups, s.Description)
	}
	wantFinding(t, report, SeverityWarning, "another program has changed")
}

func TestFindingsAreInTheirOrder(t *testing.T) {
	var r Report
	for _, s := range []string{"a", "b"} {
		r.info("", s)
	}
	if f := r.Findings(); !slices.Equal(f, []Finding{{SeverityInfo, "", "a"}, {SeverityInfo, "", "b"}}) {
		t.Error(f)
	}
}

func TestParseDecimalAgreesWithTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	words := []string{"0", "-0", "1.", ".5", "-.5", "-", "", ".", "1e3", " 7 ", "1.2.3", "999999999999999.9", "123456789012345678", "0.1", "-271.2805", "+4", "1,5"}
	for range 2000 {
		words = append(words, strconv.FormatFloat(random.NormFloat64()*1000, 'f', random.IntN(17), 64))
	}
	for _, w := range words {
		got, ok := parseDecimal([]byte(w))
		want, wantOK := parseFloat(w)
		if got != want || ok != wantOK {
			t.Errorf("%q: %v %v, want %v %v", w, got, ok, want, wantOK)
		}
	}
}
