package dicom

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// foreignBase is a structure set of another program on ct, in the given transfer syntax: private elements, reviewers,
// group lengths, an ROI without contours and one number that no list has.
func foreignBase(t *testing.T, ct *Series, syntaxUID string, change rawFile) string {
	t.Helper()
	f := rawRT().with(rawFile{
		0x00080012: str("DA", "20240101"),
		0x00080020: str("DA", ct.Study.Date),
		0x00091010: {vr: "LO", value: []byte("PRIVATE CREATOR ")},
		0x00091001: {vr: "UN", value: []byte{1, 2, 3, 4}},
		0x00280010: u16("US", 513),
		0x00091002: sq([]rawTagged{{0x00091003, str("LO", "inside")}, {0x00091004, rawElement{vr: "SQ", fixed: true, items: [][]rawTagged{{{0x00091005, str("DS", "1.50")}}}}}}),
		0x00100010: str("PN", "M\xFCller^Eva"),
		0x00100020: str("LO", ct.Study.Patient.ID),
		0x0020000D: str("UI", ct.Study.UID),
		0x0020000E: str("UI", "1.5.2"),
		0x30060000: {vr: "UL", value: []byte{9, 9, 0, 0}},
		0x300E0002: str("CS", "APPROVED"),
		0x300E0004: str("DA", "20240102"),
		0x300E0008: str("PN", "Reviewer"),
		0x30060080: sq([]rawTagged{{0x30060082, str("IS", "7")}, {0x30060084, str("IS", "1")}, {0x300600A4, str("CS", "CTV")}}),
		0x30060010: sq([]rawTagged{{0x00200052, str("UI", ct.FrameOfReferenceUID)}}),
	}).with(change)
	path := filepath.Join(t.TempDir(), "theirs.dcm")
	writeFile(t, path, f.encode(syntaxUID))
	return path
}

func addition(g *volume.Grid) *StructureSet {
	m := ball(g, g.ToPatient(24, 20, 3), 9)
	return &StructureSet{Label: "ignored", Structures: []Structure{
		{Name: "Bed", Type: "CTV", Algorithm: "AUTOMATIC", Colour: [3]uint8{1, 2, 3}, Contours: volume.Contours(m)},
		{Name: "Clip_L_01", Type: "MARKER", Algorithm: "AUTOMATIC", Points: []volume.Vec{{1, 2, -100}}},
	}}
}

func TestAppendKeepsWhatWasThere(t *testing.T) {
	g := testGrid(8)
	_, _, ct := writeTestCT(t, g)
	for _, uid := range []string{syntaxImplicitLE, syntaxExplicitLE, syntaxDeflatedLE, syntaxExplicitBE} {
		t.Run(uid, func(t *testing.T) {
			base := foreignBase(t, ct, uid, nil)
			before, err := os.ReadFile(base)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "both.dcm")
			added := addition(g)
			added.Structures[0].Description = "größer"
			if err := AppendStructureSet(path, base, added, ct, false); err != nil {
				t.Fatal(err)
			}
			var report Report
			set, err := ReadStructureSet(path, &report)
			if err != nil {
				t.Fatal(err)
			}
			old, err := ReadStructureSet(base, nil)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, s := range set.Structures {
				names = append(names, fmt.Sprintf("%d %s %s", s.Number, s.Name, s.Type))
			}
			if want := []string{"1 Brüst CTV", "2 Empty ", "3 Bed CTV", "4 Clip_L_01 MARKER"}; !slices.Equal(names, want) {
				t.Fatalf("%q, want %q", names, want)
			}
			if !set.Structures[2].Mask(g).Equal(addition(g).Structures[0].Mask(g)) || set.Structures[2].Description != "größer" || len(set.Structures[3].Points) != 1 {
				t.Errorf("what was added: %+v", set.Structures[2:])
			}
			if set.SOPInstanceUID == old.SOPInstanceUID || set.SeriesUID == old.SeriesUID || set.Label != "Raw" || set.Approval != "UNAPPROVED" || set.Patient.Name != "Müller^Eva" {
				t.Errorf("identity: %+v", set)
			}
			d := rawElements(t, path)
			if d.has(tag.ReviewDate) || d.has(tag.ReviewerName) {
				t.Error("somebody seems to have reviewed what did not exist")
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// every element that does not change stands in the copy as an encoder of the test's own writes it
			for _, tag := range []uint32{0x00080005, 0x00080020, 0x00091010, 0x00091001, 0x00280010, 0x00100010, 0x00100020, 0x30060002, 0x30060010} {
				raw := rawRT().with(rawFile{
					0x00080020: str("DA", ct.Study.Date), 0x00091010: {vr: "LO", value: []byte("PRIVATE CREATOR ")}, 0x00091001: {vr: "UN", value: []byte{1, 2, 3, 4}}, 0x00280010: u16("US", 513),
					0x00100010: str("PN", "M\xFCller^Eva"), 0x00100020: str("LO", ct.Study.Patient.ID), 0x30060010: sq([]rawTagged{{0x00200052, str("UI", ct.FrameOfReferenceUID)}}),
				})[tag]
				if !bytes.Contains(after, appendRaw(nil, tag, raw, true, false)) {
					t.Errorf("element %08x did not stay", tag)
				}
			}
			contours := appendRaw(nil, 0x30060039, rawRT()[0x30060039], true, false)
			if inside := contours[8 : len(contours)-8]; !bytes.Contains(after, inside) {
				t.Error("the old contours did not stay byte for byte")
			}
			if !bytes.Contains(after, []byte("inside")) || !bytes.Contains(after, []byte("1.50")) {
				t.Error("a private sequence was lost")
			}
			if now, err := os.ReadFile(base); err != nil || !bytes.Equal(now, before) {
				t.Error("the base was changed")
			}
			// and once more on top of the copy
			third := filepath.Join(t.TempDir(), "three.dcm")
			more := &StructureSet{Structures: []Structure{{Name: "More", Contours: addition(g).Structures[0].Contours}}}
			if err := AppendStructureSet(third, path, more, ct, false); err != nil {
				t.Fatal(err)
			}
			if set, err := ReadStructureSet(third, nil); err != nil || len(set.Structures) != 5 {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

func TestAppendRefusals(t *testing.T) {
	g := testGrid(8)
	_, _, ct := writeTestCT(t, g)
	ours := filepath.Join(t.TempDir(), "ours.dcm")
	if err := WriteStructureSet(ours, testSet(g), ct, false); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		base string
		set  *StructureSet
		say  []string
	}{
		"another study":   {foreignBase(t, ct, syntaxImplicitLE, rawFile{0x0020000D: str("UI", "1.9")}), addition(g), []string{"another study"}},
		"another patient": {foreignBase(t, ct, syntaxImplicitLE, rawFile{0x00100020: str("LO", "X1")}), addition(g), []string{"X1", testPatient.ID}},
		"another frame":   {foreignBase(t, ct, syntaxImplicitLE, rawFile{0x30060010: sq([]rawTagged{{0x00200052, str("UI", "1.9")}})}), addition(g), []string{"frame of reference"}},
		"name taken":      {ours, &StructureSet{Structures: []Structure{{Name: "Shell"}, {Name: "Clips_L"}}}, []string{`"Shell"`, `"Clips_L"`, "already"}},
		"character set":   {foreignBase(t, ct, syntaxImplicitLE, nil), &StructureSet{Structures: []Structure{{Name: "乳腺"}}}, []string{"乳腺", "ISO_IR 100", "plain letters"}},
		"no RTSTRUCT":     {ct.Slices[0].Path, addition(g), []string{"CT", "not a structure set"}},
		"missing":         {filepath.Join(t.TempDir(), "none.dcm"), addition(g), []string{"none.dcm"}},
		"no structure":    {ours, &StructureSet{}, []string{"no structure"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out.dcm")
			wantError(t, AppendStructureSet(path, c.base, c.set, ct, false), c.say...)
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	wantError(t, AppendStructureSet(ours, ours, addition(g), ct, false), "exists already")
	if err := AppendStructureSet(ours, ours, addition(g), ct, true); err != nil { // in its own place, when that is wanted
		t.Error(err)
	}
}

// TestValidatorsTakeAppendedSets: dciodvfy finds nothing in a copy of our own file that it does not find in a whole one.
func TestValidatorsTakeAppendedSets(t *testing.T) {
	g := testGrid(8)
	dir, _, ct := writeTestCT(t, g)
	base, path := filepath.Join(t.TempDir(), "a.dcm"), filepath.Join(t.TempDir(), "b.dcm")
	set := testSet(g)
	set.Structures = set.Structures[:2]
	if err := WriteStructureSet(base, set, ct, false); err != nil {
		t.Fatal(err)
	}
	if err := AppendStructureSet(path, base, addition(g), ct, false); err != nil {
		t.Fatal(err)
	}
	noErrorLine(t, "appended", tool(t, "dciodvfy", path))
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	noErrorLine(t, "dcentvfy", tool(t, "dcentvfy", append(all, path)...))
	for _, to := range []string{"+te", "+tb", "+td"} {
		converted := filepath.Join(t.TempDir(), "converted.dcm")
		tool(t, "dcmconv", to, base, converted)
		second := filepath.Join(t.TempDir(), "c.dcm")
		if err := AppendStructureSet(second, converted, addition(g), ct, false); err != nil {
			t.Fatal(err)
		}
		noErrorLine(t, "appended to "+to, tool(t, "dciodvfy", second))
		if out := tool(t, "dcmdump", second); strings.Count(out, "ROIName") != 4 {
			t.Errorf("%s: dcmdump does not see four structures", to)
		}
	}
}
