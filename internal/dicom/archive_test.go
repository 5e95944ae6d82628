package dicom

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// zipOf packs members, by name, into an archive; names that end in ".stored" are not deflated.
func zipOf(t testing.TB, members map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, data := range members {
		method := zip.Deflate
		if strings.HasSuffix(name, ".stored") {
			method = zip.Store
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestZipArchives(t *testing.T) {
	rt := rawRT().with(rawFile{0x0020000D: str("UI", "1.2.3.0.1")}).encode(syntaxImplicitLE)
	inner := zipOf(t, map[string][]byte{"x.dcm": rawCT(7).encode(syntaxExplicitLE)})
	data := zipOf(t, map[string][]byte{
		"study/":                 nil,
		`study\a\im0`:            rawCT(0).encode(syntaxExplicitLE), // as some Windows programs write it
		"study/a/im1.stored":     rawCT(1).encode(syntaxImplicitLE),
		"../../im2":              rawCT(2).encode(syntaxExplicitLE),
		"study/rs.dcm":           rt,
		"study/readme.txt":       []byte(strings.Repeat("not an image ", 40)),
		"study/more.zip":         inner,
		"__MACOSX/study/._im0.x": []byte("Mac OS X attributes"),
	})
	dir := t.TempDir()
	path := filepath.Join(dir, "case.bin") // by what it is, not by its name
	writeFile(t, path, data)
	for _, from := range []string{dir, path} {
		var report Report
		studies, err := Scan(context.Background(), from, &report)
		if err != nil || len(studies) != 1 || len(studies[0].Series) != 1 {
			t.Fatalf("%v, %v, %v", studies, err, report.Findings())
		}
		s := studies[0].Series[0]
		v, err := ReadCT(context.Background(), s, &report)
		if err != nil || !slices.Equal(v.HU, wantRaw(3)) {
			t.Fatalf("%v", err)
		}
		if want := filepath.Join(path, "study", "a", "im0"); s.Slices[0].Path != want || s.Slices[2].Path != filepath.Join(path, "im2") {
			t.Errorf("slices are called %q and %q", s.Slices[0].Path, s.Slices[2].Path)
		}
		set, err := ReadStructureSet(studies[0].StructureSets[0], &report)
		if err != nil || len(set.Structures) != 2 {
			t.Errorf("structure set in an archive: %v", err)
		}
		wantFinding(t, &report, SeverityWarning, "archive within an archive")
		wantFinding(t, &report, SeverityInfo, "2 of ")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("something was unpacked: %v", left)
	}
	ct := &Series{Slices: []Slice{{Path: filepath.Join(path, "im2")}}}
	wantError(t, refuseTarget(path, ct, true), "no structure set")
}

func TestZipArchivesThatAreRefused(t *testing.T) {
	whole := zipOf(t, map[string][]byte{"im0": rawCT(0).encode(syntaxExplicitLE)})
	stored := zipOf(t, map[string][]byte{"im0.stored": rawCT(0).encode(syntaxExplicitLE)})
	change := func(data []byte, f func([]byte)) []byte {
		data = bytes.Clone(data)
		f(data)
		return data
	}
	central := bytes.Index(whole, []byte("PK\x01\x02"))
	for name, c := range map[string]struct {
		data []byte
		say  string
	}{
		"cut short": {whole[:len(whole)-30], "no complete zip archive"},
		"encrypted": {change(whole, func(b []byte) { b[central+8] |= 1; b[6] |= 1 }), "encrypted"},
		"Deflate64": {change(whole, func(b []byte) { b[central+10], b[8] = 9, 9 }), "method 9"},
		"bomb":      {change(whole, func(b []byte) { copy(b[central+24:], "\x00\x00\x00\x70") }), "claims more"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.zip")
			writeFile(t, path, c.data)
			var report Report
			if studies, err := Scan(context.Background(), path, &report); err != nil || len(studies) != 0 {
				t.Errorf("%v, %v", studies, err)
			}
			wantFinding(t, &report, SeverityWarning, c.say)
		})
	}
	t.Run("damaged pixels", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.zip")
		at := bytes.Index(stored, []byte("PK\x01\x02")) - 30 // within the pixels, before the data descriptor
		writeFile(t, path, change(stored, func(b []byte) { b[at] ^= 1 }))
		var report Report
		_, _, _, err := load(t, path)
		if err == nil { // a small file is read whole, so that the scan sees it already
			t.Fatalf("%v", report.Findings())
		}
	})
}

// TestHostileArchives: archives are walked like anything else.
func TestHostileArchives(t *testing.T) {
	zeros := zipOf(t, map[string][]byte{"zeros": append(append(make([]byte, 128), "DICM"...), make([]byte, 60<<20)...)})
	many := map[string][]byte{}
	for i := range 3000 {
		many[fmt.Sprint(i)] = []byte{1}
	}
	survive(t, t.TempDir(), "a bomb of zeros", zeros, true)
	survive(t, t.TempDir(), "many members", zipOf(t, many), true)
	whole := zipOf(t, map[string][]byte{"im0": rawCT(0).encode(syntaxExplicitLE), "im1.stored": rawCT(1).encode(syntaxImplicitLE)})
	dir := t.TempDir()
	for n := 0; n < len(whole); n += 53 {
		survive(t, dir, "cut archive", whole[:n], true)
	}
}

// rawDirectory is a DICOMDIR that lists files, as components.
func rawDirectory(files ...string) rawFile {
	records := [][]rawTagged{{{0x00041430, str("CS", "PATIENT")}, {0x00100010, str("PN", "X")}}}
	for _, f := range files {
		records = append(records, []rawTagged{{0x00041430, str("CS", "IMAGE")}, {0x00041500, str("CS", f)}})
	}
	return rawFile{0x00041130: str("CS", "DISK"), 0x00041220: sq(records...), 0x00020002: str("UI", classMediaDirectory)}
}

func TestMediaWithDICOMDIR(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "dicom", "st0"), 0o755); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(dir, "DICOMDIR")
	writeFile(t, index, encodeDirectory(rawDirectory(`DICOM\ST0\IM0`, `DICOM\ST0\IM1`, `DICOM\ST0\IM2`)))
	_, err := Scan(context.Background(), index, nil)
	wantError(t, err, "DICOMDIR lists 3 files", "3 are missing", "copy the whole medium")
	for z := range 2 { // in another case and with what ISO 9660 adds
		writeFile(t, filepath.Join(dir, "dicom", "st0", fmt.Sprintf("im%d.;1", z)), rawCT(z).encode(syntaxExplicitLE))
	}
	for _, from := range []string{dir, index} {
		v, _, report, err := load(t, from)
		if err != nil || !slices.Equal(v.HU, wantRaw(2)) {
			t.Fatalf("%v", err)
		}
		wantFinding(t, report, SeverityWarning, "missing: the DICOMDIR lists it")
		wantFinding(t, report, SeverityInfo, "lists 3 files, of which 2 are here")
		if n := len(report.Findings()); n != 3 { // and the DICOMDIR itself is no image
			t.Errorf("%d findings: %v", n, report.Findings())
		}
	}
	writeFile(t, index, encodeDirectory(rawDirectory(`DICOM\ST0\IM0`))[:300])
	if _, _, _, err := load(t, dir); err != nil {
		t.Errorf("a damaged DICOMDIR: %v", err)
	}
}

// encodeDirectory moves the class into the meta information, where a DICOMDIR has it.
func encodeDirectory(f rawFile) []byte {
	class := f[0x00020002]
	data := f.with(rawFile{0x00020002: {}}).encode(syntaxExplicitLE)
	element := appendRaw(nil, 0x00020002, class, false, false)
	const firstOfMeta = 128 + 4 + 12
	return slices.Concat(data[:firstOfMeta], element, data[firstOfMeta:])
}
