package dicom

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestScanFolders(t *testing.T) {
	root := t.TempDir()
	for _, d := range []string{"a/b/c", "empty", "other"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for z := range 4 {
		writeFile(t, filepath.Join(root, "a/b/c", fmt.Sprint(z)), rawCT(z).encode(syntaxExplicitLE))
	}
	second := rawCT(0).with(rawFile{
		0x0020000D: str("UI", "1.9.1"), 0x0020000E: str("UI", "1.9.2"), 0x00080018: str("UI", "1.9.3"), 0x00100010: str("PN", "Other"),
	})
	writeFile(t, filepath.Join(root, "other/x.dcm"), second.encode(syntaxImplicitLE))
	writeFile(t, filepath.Join(root, "other/rs.dcm"), rawFile{
		0x00080016: str("UI", classStructureSet), 0x00080018: str("UI", "1.9.4"), 0x00080060: str("CS", "RTSTRUCT"),
		0x0020000D: str("UI", "1.9.1"), 0x0020000E: str("UI", "1.9.5"),
	}.encode(syntaxImplicitLE))
	writeFile(t, filepath.Join(root, "notes.txt"), []byte("no DICOM at all, only words, and long enough to have a preamble's length: "+strings.Repeat("word ", 50)))
	writeFile(t, filepath.Join(root, "empty.dcm"), nil)
	writeFile(t, filepath.Join(root, "DICOMDIR"), rawFile{0x00041130: str("CS", "DISK")}.encode(syntaxExplicitLE))
	writeFile(t, filepath.Join(root, "broken.dcm"), rawCT(8).encode(syntaxExplicitLE)[:400])
	writeFile(t, filepath.Join(root, "odd.dcm"), rawCT(8).encode("1.2.840.113619.5.2"))
	// copies, links and a loop
	writeFile(t, filepath.Join(root, "copy of 1"), rawCT(1).encode(syntaxExplicitLE))
	for link, target := range map[string]string{"a/loop": root, "a/file": filepath.Join(root, "other/x.dcm"), "dangling": "nowhere"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	makePipe(t, filepath.Join(root, "pipe"))

	var report Report
	studies, err := Scan(context.Background(), root, &report)
	if err != nil {
		t.Fatal(err)
	}
	if len(studies) != 2 {
		t.Fatalf("%d studies", len(studies))
	}
	slices.SortFunc(studies, func(a, b *Study) int { return strings.Compare(a.UID, b.UID) })
	first := studies[0].Series[0]
	if len(studies[0].Series) != 1 || len(first.Slices) != 4 || first.Study != studies[0] || first.SpacingMM() != 3 || first.Date != "20260102" {
		t.Errorf("first study: %+v", first)
	}
	for z, s := range first.Slices { // InstanceNumber runs the other way
		if s.Position[2] != float64(3*z) || s.InstanceNumber != 100-z {
			t.Errorf("slice %d at %v", z, s.Position)
		}
	}
	if len(studies[1].StructureSets) != 1 || filepath.Base(studies[1].StructureSets[0]) != "rs.dcm" || len(studies[1].Series[0].Slices) != 1 {
		t.Errorf("second study: %+v", studies[1])
	}
	wantFinding(t, &report, SeverityInfo, "3 of 13 files are no DICOM")
	wantFinding(t, &report, SeverityInfo, "the same image as")
	wantFinding(t, &report, SeverityWarning, "truncated")
	wantFinding(t, &report, SeverityWarning, "1.2.840.113619.5.2")
	wantFinding(t, &report, SeverityWarning, "leads nowhere")

	again, err := Scan(context.Background(), filepath.Join(root, "other/x.dcm"), nil)
	if err != nil || len(again) != 1 {
		t.Errorf("a single file: %v, %v", again, err)
	}
	_, err = Scan(context.Background(), filepath.Join(root, "missing"), nil)
	wantError(t, err, "missing")
}

func TestUnreadableFileIsNamed(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := writeRaw(t, 3, syntaxExplicitLE, nil)
	if err := os.Chmod(filepath.Join(dir, "im01"), 0); err != nil {
		t.Fatal(err)
	}
	var report Report
	if _, err := Scan(context.Background(), dir, &report); err != nil {
		t.Fatal(err)
	}
	wantFinding(t, &report, SeverityWarning, "permission")
}

// TestFilesThatVanishAreNamed: what was listed but cannot be opened any more, or never could, is a finding by file.
func TestFilesThatVanishAreNamed(t *testing.T) {
	var report Report
	c := census{dir: "/ct", report: &report}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Skip("no symbolic links here")
	}
	gone := filepath.Join(t.TempDir(), "gone.dcm")
	if err := c.read(context.Background(), []string{gone, loop}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{gone, loop} {
		if !slices.ContainsFunc(report.Findings(), func(f Finding) bool {
			return f.File == file && f.Severity == SeverityWarning && strings.Contains(f.Text, "left out")
		}) {
			t.Errorf("%s is not named: %v", file, report.Findings())
		}
	}
}

func TestImagesThatDifferAreApart(t *testing.T) {
	for name, c := range map[string]struct {
		change rawFile
		loc    bool
	}{
		"orientation": {rawFile{0x00200037: str("DS", `0\1\0\0\0\-1`)}, true},
		"rows":        {rawFile{0x00280010: u16("US", 2)}, false},
		"spacing":     {rawFile{0x00280030: str("DS", `0.5\0.7`)}, false},
		"frame":       {rawFile{0x00200052: str("UI", "9.9")}, false},
		"scout":       {rawFile{0x00080008: str("CS", `ORIGINAL\PRIMARY\LOCALIZER`)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeRaw(t, 5, syntaxExplicitLE, func(z int, f rawFile) rawFile {
				if z == 2 {
					return f.with(c.change)
				}
				return f
			})
			studies, err := Scan(context.Background(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(studies[0].Series); n != 2 {
				t.Fatalf("%d series", n)
			}
			small := studies[0].Series[1]
			if len(small.Slices) != 1 || small.Localizer != c.loc {
				t.Errorf("%d slices apart, localizer %v", len(small.Slices), small.Localizer)
			}
			s, err := ChooseCT(studies, "1.2.3.0.2")
			if err != nil || len(s.Slices) != 4 {
				t.Errorf("chose %v, %v", s, err)
			}
		})
	}
}

func TestSharedUIDsAreNotDropped(t *testing.T) {
	dir := writeRaw(t, 3, syntaxExplicitLE, always(rawFile{0x00080018: str("UI", "1.2.3.4")}))
	v, s, report, err := load(t, dir)
	if err != nil || v.Grid.Nz() != 3 {
		t.Fatal(err)
	}
	wantFinding(t, report, SeverityWarning, "SOPInstanceUID")
	set := &StructureSet{Structures: []Structure{{Name: "A"}}}
	err = WriteStructureSet(filepath.Join(t.TempDir(), "rs.dcm"), set, s, false)
	wantError(t, err, "share one SOPInstanceUID")
}

func TestFilesWithoutUIDs(t *testing.T) {
	dir := writeRaw(t, 3, syntaxExplicitLE, always(rawFile{0x00080018: {}, 0x0020000D: {}, 0x0020000E: {}, 0x00200052: {}}))
	v, s, _, err := load(t, dir)
	if err != nil || !slices.Equal(v.HU, wantRaw(3)) {
		t.Fatal(err)
	}
	err = WriteStructureSet(filepath.Join(t.TempDir(), "rs.dcm"), &StructureSet{Structures: []Structure{{Name: "A"}}}, s, false)
	wantError(t, err, "UID", "export it again")
}

// choice is a CT series for ChooseCT.
func choice(uid string, n int, change func(*Series)) *Series {
	s := &Series{UID: uid, Modality: "CT", Row: [3]float64{1}, Col: [3]float64{0, 1}, Rows: 512, Columns: 512}
	for z := range n {
		s.Slices = append(s.Slices, Slice{Position: [3]float64{0, 0, float64(3 * z)}})
	}
	if change != nil {
		change(s)
	}
	return s
}

func TestChooseCT(t *testing.T) {
	full := choice("full", 100, nil)
	scout := choice("scout", 1, func(s *Series) { s.Localizer = true })
	short := choice("short", 5, nil)
	compressed := choice("compressed", 120, func(s *Series) { s.unreadable = "compressed" })
	reformat := choice("reformat", 80, func(s *Series) { s.ImageType = `DERIVED\SECONDARY\REFORMATTED` })
	mr := choice("mr", 100, func(s *Series) { s.Modality = "MR" })
	second := choice("second", 90, nil)
	of := func(list ...*Series) []*Study { return []*Study{{Series: list}} }
	for name, c := range map[string]struct {
		studies []*Study
		uid     string
		want    string
		err     []string
	}{
		"one":                {of(full), "", "full", nil},
		"beside lesser ones": {of(scout, short, compressed, mr, full, reformat), "", "full", nil},
		"short alone":        {of(scout, short), "", "short", nil},
		"two":                {of(full, second), "", "", []string{"2 CT series", "full", "second", "UID"}},
		"two studies":        {append(of(full), of(second)...), "", "", []string{"2 CT series"}},
		"by UID":             {of(full, second), "second", "second", nil},
		"unknown UID":        {of(full), "third", "", []string{"no series", "third", "full"}},
		"UID of an MR":       {of(full, mr), "mr", "", []string{"MR, not CT"}},
		"only MR":            {of(mr), "", "", []string{"no CT series", "mr"}},
		"nothing":            {nil, "", "", []string{"no DICOM"}},
		"compressed alone":   {of(compressed), "", "compressed", nil}, // ReadCT says why not
	} {
		t.Run(name, func(t *testing.T) {
			s, err := ChooseCT(c.studies, c.uid)
			if c.err != nil {
				wantError(t, err, c.err...)
			} else if err != nil || s.UID != c.want {
				t.Errorf("chose %v, %v", s, err)
			}
		})
	}
}

func TestReportIsOptional(t *testing.T) {
	var r *Report
	r.Add(Finding{})
	if r.Findings() != nil {
		t.Error("a nil report found something")
	}
}
