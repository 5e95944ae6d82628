package dicom

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lib "github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// smallCT is a CT in memory, never written: enough to refer to.
func smallCT(g *volume.Grid) *Series {
	return newWrittenSeries("ct", g, CTMeta{Patient: testPatient, StudyDescription: "Study"})
}

// square3 is a closed contour on slice z of g.
func square3(g *volume.Grid, z int) volume.Contour {
	return volume.Contour{Points: []volume.Vec{g.ToPatient(1, 1, float64(z)), g.ToPatient(5, 1, float64(z)), g.ToPatient(5, 5, float64(z)), g.ToPatient(1, 5, float64(z))}}
}

// rawElements is what the library alone finds in path.
func rawElements(t *testing.T, path string) dataset {
	t.Helper()
	d, err := lib.ParseFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := dataset{elements: d.Elements}
	if all.text(tag.TransferSyntaxUID) != syntaxImplicitLE {
		t.Errorf("written as %s", all.text(tag.TransferSyntaxUID))
	}
	all.charset = all.raw(tag.SpecificCharacterSet)
	return all
}

// TestWhatValidatorsMiss checks what dciodvfy lets pass: counts, numbers, frames, colours, planes, names.
func TestWhatValidatorsMiss(t *testing.T) {
	g := testGrid(8)
	ct := smallCT(g)
	set := testSet(g)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, set, ct, false); err != nil {
		t.Fatal(err)
	}
	d := rawElements(t, path)
	numbers := map[int]string{}
	for _, roi := range d.items(tag.StructureSetROISequence) {
		n := roi.integer(tag.ROINumber, -1)
		if _, twice := numbers[n]; twice || n < 1 {
			t.Errorf("ROI number %d", n)
		}
		numbers[n] = roi.text(tag.ROIName)
		if len(numbers[n]) > 16 || roi.text(tag.ReferencedFrameOfReferenceUID) != ct.FrameOfReferenceUID {
			t.Errorf("ROI %d: %q in frame %s", n, numbers[n], roi.text(tag.ReferencedFrameOfReferenceUID))
		}
	}
	images := map[string]Slice{}
	for _, s := range ct.Slices {
		images[s.SOPInstanceUID] = s
	}
	for _, item := range d.items(tag.ROIContourSequence) {
		name, ok := numbers[item.integer(tag.ReferencedROINumber, -1)]
		if !ok {
			t.Error("contours of no ROI")
		}
		for _, c := range item.ints(tag.ROIDisplayColor) {
			if c < 0 || c > 255 {
				t.Errorf("colour %d", c)
			}
		}
		if item.has(tag.ContourSequence) == (name == "Empty") {
			t.Errorf("%s: ContourSequence %v", name, item.has(tag.ContourSequence))
		}
		for k, c := range item.items(tag.ContourSequence) {
			values := c.strings(tag.ContourData)
			n := c.integer(tag.NumberOfContourPoints, -1)
			kind := c.text(tag.ContourGeometricType)
			if len(values) != 3*n || c.integer(tag.ContourNumber, -1) != k+1 {
				t.Errorf("%s contour %d: %d values for %d points", name, k, len(values), n)
			}
			for _, v := range values {
				if len(v) > 16 || len(v)-strings.Index(v, ".") != 4 {
					t.Errorf("%s: decimal %q", name, v)
				}
			}
			if kind == "POINT" { // refers to the slice that it is nearest to
				image := images[c.items(tag.ContourImageSequence)[0].text(tag.ReferencedSOPInstanceUID)]
				if math.Abs(image.Position[2]+100) > 1.5 {
					t.Errorf("%s: a point at -100 mm refers to the slice at %g", name, image.Position[2])
				}
				continue
			}
			if kind != "CLOSED_PLANAR" || n < 3 || slices.Equal(values[:3], values[len(values)-3:]) {
				t.Errorf("%s contour %d: %s of %d points", name, k, kind, n)
			}
			image, ok := images[c.items(tag.ContourImageSequence)[0].text(tag.ReferencedSOPInstanceUID)]
			if !ok {
				t.Fatalf("%s contour %d refers to no slice", name, k)
			}
			z := strings.TrimSuffix(string(appendThousandths(nil, image.Position[2])), "")
			for i := 2; i < len(values); i += 3 {
				if values[i] != z {
					t.Errorf("%s contour %d at z %s, its slice at %s", name, k, values[i], z)
				}
			}
		}
	}
	if seen := len(d.items(tag.RTROIObservationsSequence)); seen != len(numbers) {
		t.Errorf("%d observations for %d ROIs", seen, len(numbers))
	}
	for _, must := range []tag.Tag{tag.OperatorsName, tag.ReferringPhysicianName, tag.PositionReferenceIndicator, tag.AccessionNumber, tag.StudyID} {
		if !d.has(must) {
			t.Errorf("no %v", must)
		}
	}
	if d.text(tag.ApprovalStatus) != "UNAPPROVED" || d.charset != "" || d.text(tag.StudyDescription) != "Study" {
		t.Error("approval, character set or study description")
	}
	// every save has its own identity
	second := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(second, set, ct, false); err != nil {
		t.Fatal(err)
	}
	e := rawElements(t, second)
	for _, id := range []tag.Tag{tag.SOPInstanceUID, tag.SeriesInstanceUID} {
		if uid := d.text(id); uid == e.text(id) || !strings.HasPrefix(uid, "2.25.") || len(uid) > 64 {
			t.Errorf("%v: %s and %s", id, uid, e.text(id))
		}
	}
}

func TestCharacterSets(t *testing.T) {
	g := testGrid(2)
	for _, c := range []struct{ charset, patient, roi, want string }{
		{"", "Plain^Name", "CTV", ""},
		{"", "Müller^Eva", "CTV", "ISO_IR 100"},
		{"ISO_IR 100", "Müller^Eva", "Brüst", "ISO_IR 100"},
		{"ISO_IR 100", "Müller^Eva", "Грудь", "ISO_IR 192"},
		{"ISO_IR 101", "Dvořák^Jan", "Łuk", "ISO_IR 101"},
		{"ISO_IR 144", "Иванова^Анна", "Грудь", "ISO_IR 144"},
		{"ISO_IR 126", "Παπαδοπούλου^Ελένη", "CTV", "ISO_IR 126"},
		{"ISO_IR 148", "Çağlar^Ayşe", "CTV", "ISO_IR 148"},
		{"ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ", "CTV", "ISO_IR 13"},
		{"GB18030", "王^小東", "CTV", "GB18030"},
		{"ISO_IR 192", "王^小東=山田^太郎", "Łuk", "ISO_IR 192"},
		{`\ISO 2022 IR 87`, "Yamada^Tarou=山田^太郎", "CTV", "ISO_IR 192"},
		{`\ISO 2022 IR 87`, "Yamada^Tarou", "CTV", `\ISO 2022 IR 87`},
		{"ISO_IR 203", "Plain^Name", "CTV", "ISO_IR 203"},
	} {
		ct := smallCT(g)
		ct.CharacterSet, ct.Study.Patient.Name = c.charset, c.patient
		set := &StructureSet{Structures: []Structure{{Name: c.roi, Contours: []volume.Contour{square3(g, 1)}}}}
		path := filepath.Join(t.TempDir(), "rs.dcm")
		if err := WriteStructureSet(path, set, ct, false); err != nil { // reads it back, too
			t.Errorf("%q: %v", c.charset, err)
			continue
		}
		var r reader
		h, err := r.open(path, true, inflation{}, wantStructureSet, func(uint32) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if h.data.charset != c.want {
			t.Errorf("%q with %q and %q is written as %q", c.charset, c.patient, c.roi, h.data.charset)
		}
	}
	// the bytes are Latin-1, not UTF-8
	ct := smallCT(g)
	ct.CharacterSet, ct.Study.Patient.Name = "ISO_IR 100", "Müller"
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, &StructureSet{Structures: []Structure{{Name: "A"}}}, ct, false); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "M\xFCller") {
		t.Error("the patient's name is not written in Latin-1")
	}
}

func TestWriteStructureSetRefusals(t *testing.T) {
	g := testGrid(4)
	c := square3(g, 1)
	off := volume.Contour{Points: slices.Clone(c.Points)}
	for i := range off.Points {
		off.Points[i][2] += 0.2
	}
	bent := volume.Contour{Points: slices.Clone(c.Points)}
	bent.Points[2][2] += 3
	nan := volume.Contour{Points: slices.Clone(c.Points)}
	nan.Points[2][0] = math.NaN()
	overlap := square3(g, 1)
	var many []volume.Contour
	var groups []int
	for i := range 400 {
		x := float64(i % 20 * 2)
		y := float64(i / 20 * 2)
		many = append(many, volume.Contour{Points: []volume.Vec{g.ToPatient(x-.4, y-.4, 0), g.ToPatient(x+.4, y-.4, 0), g.ToPatient(x+.4, y+.4, 0)}})
		groups = append(groups, i)
	}
	one := func(s Structure) *StructureSet { return &StructureSet{Structures: []Structure{s}} }
	for name, c := range map[string]struct {
		set *StructureSet
		say []string
	}{
		"nothing":        {&StructureSet{}, []string{"no structure"}},
		"no name":        {one(Structure{}), []string{"no name"}},
		"backslash":      {one(Structure{Name: `a\b`}), []string{"backslash"}},
		"long name":      {one(Structure{Name: "Clips of the left side"}), []string{"Clips of the left side", "16 characters"}},
		"name twice":     {&StructureSet{Structures: []Structure{{Name: "A"}, {Name: "A"}}}, []string{"two structures", "rename"}},
		"number twice":   {&StructureSet{Structures: []Structure{{Name: "A", Number: 2}, {Name: "B", Number: 2}}}, []string{"number 2"}},
		"negative":       {one(Structure{Name: "A", Number: -1}), []string{"negative"}},
		"long label":     {&StructureSet{Label: "a label that is too long", Structures: []Structure{{Name: "A"}}}, []string{"label", "16"}},
		"type":           {one(Structure{Name: "A", Type: "Clip!"}), []string{"type", "Clip!"}},
		"algorithm":      {one(Structure{Name: "A", Algorithm: "MAGIC"}), []string{"MAGIC"}},
		"off plane":      {one(Structure{Name: "A", Contours: []volume.Contour{off}}), []string{`"A"`, "contour 1", "0.20 mm off"}},
		"bent":           {one(Structure{Name: "A", Contours: []volume.Contour{c, bent}}), []string{"contour 2", "3.00 mm off"}},
		"two points":     {one(Structure{Name: "A", Contours: []volume.Contour{{Points: c.Points[:2]}}}), []string{"2 points"}},
		"NaN":            {one(Structure{Name: "A", Contours: []volume.Contour{nan}}), []string{"nowhere"}},
		"point nowhere":  {one(Structure{Name: "A", Points: []volume.Vec{{math.Inf(1), 0, 0}}}), []string{"nowhere"}},
		"clips overlap":  {one(Structure{Name: "Clips_L", Contours: []volume.Contour{c, overlap}, Groups: []int{7, 3}}), []string{"clips 3 and 7 share"}},
		"too many clips": {one(Structure{Name: "Clips_L", Contours: many, Groups: groups}), []string{"1024", "several structures"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "rs.dcm")
			err := WriteStructureSet(path, c.set, smallCT(g), false)
			wantError(t, err, append(c.say, "rs.dcm")...)
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	long := one(Structure{Name: "Clips of the left side"})
	long.LongNames = true
	if err := WriteStructureSet(filepath.Join(t.TempDir(), "rs.dcm"), long, smallCT(g), false); err != nil {
		t.Error(err)
	}
	err := WriteStructureSet(filepath.Join(t.TempDir(), "rs.dcm"), long, nil, false)
	wantError(t, err, "no CT")
}

func TestNothingIsOverwritten(t *testing.T) {
	g := testGrid(3)
	dir, _, ct := writeTestCT(t, g)
	set := &StructureSet{Structures: []Structure{{Name: "A", Contours: []volume.Contour{square3(g, 1)}}}}
	path := filepath.Join(dir, "rs.dcm")
	if err := WriteStructureSet(path, set, ct, true); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	err = WriteStructureSet(path, set, ct, false)
	wantError(t, err, "exists", "rs.dcm")
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v is no fs.ErrExist", err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the refused write changed the file")
	}
	if err := WriteStructureSet(path, set, ct, true); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); string(after) == string(before) {
		t.Error("force did not replace the file")
	}
	slice := ct.Slices[1].Path
	image, _ := os.ReadFile(slice)
	wantError(t, WriteStructureSet(slice, set, ct, true), "image of the CT")
	link := filepath.Join(t.TempDir(), "link.dcm")
	if os.Symlink(slice, link) == nil {
		wantError(t, WriteStructureSet(link, set, ct, true), "image of the CT")
	}
	if after, _ := os.ReadFile(slice); string(after) != string(image) {
		t.Error("a slice of the CT was changed")
	}
	text := filepath.Join(dir, "notes.txt")
	writeFile(t, text, []byte("my notes"))
	wantError(t, WriteStructureSet(text, set, ct, true), "no structure set")
	wantError(t, WriteStructureSet(dir, set, ct, true), "folder")
	wantError(t, WriteStructureSet(filepath.Join(dir, "none", "rs.dcm"), set, ct, true), "no folder", "make it first")
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 5 { // three slices, rs.dcm, notes.txt
		t.Errorf("temporary files are left: %v", names)
	}
}

// TestOnlyWhatReadsBackIsKept breaks the check on purpose.
func TestOnlyWhatReadsBackIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rs.dcm")
	err := place(path, []byte("data"), false, func(string) error { return errors.New("wrong") })
	wantError(t, err, "not kept", "wrong")
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	g := testGrid(3)
	form, err := newStructureForm(&StructureSet{Structures: []Structure{{Name: "A", Contours: []volume.Contour{square3(g, 1)}, Groups: []int{1}}}}, smallCT(g))
	if err != nil {
		t.Fatal(err)
	}
	data, err := form.encode()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
	if err := form.check(path); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*structureForm)
		say    string
	}{
		"name":    {func(f *structureForm) { f.set.Structures[0].Name = "B" }, "number 1"},
		"point":   {func(f *structureForm) { f.set.Structures[0].Contours[0].Points[1][0] += 0.002 }, "contour 1 differs"},
		"groups":  {func(f *structureForm) { f.set.Structures[0].Groups = []int{2} }, "other clips"},
		"colour":  {func(f *structureForm) { f.set.Structures[0].Colour[1]++ }, "colour"},
		"uid":     {func(f *structureForm) { f.set.SOPInstanceUID = "1.2" }, "SOPInstanceUID"},
		"patient": {func(f *structureForm) { f.set.Patient.Name = "Other" }, "PatientName"},
		"images":  {func(f *structureForm) { f.set.ImageUIDs = f.set.ImageUIDs[1:] }, "images"},
		"count":   {func(f *structureForm) { f.set.Structures = f.set.Structures[:0] }, "structures"},
	} {
		changed := *form
		changed.set.Structures = []Structure{form.set.Structures[0]}
		changed.set.Structures[0].Contours = []volume.Contour{{Points: slices.Clone(form.set.Structures[0].Contours[0].Points)}}
		c.change(&changed)
		if err := changed.check(path); err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecimals(t *testing.T) {
	for v, want := range map[float64]string{0: "0.000", -0.0001: "0.000", 1.0005: "1.001", -12.3456: "-12.346", 0.05: "0.050", 999999.9994: "999999.999"} {
		if got := string(appendThousandths(nil, v)); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	for _, v := range []float64{0, 1, -1, 1.0 / 3, -0.000123456789012345, 1e-20, -123456.789012345, 0.9765625, math.Pi * 100} {
		s := decimal(v)
		got, ok := parseFloat(s)
		if len(s) > 16 || !ok || math.Abs(got-v) > 1e-9*math.Max(1, math.Abs(v)) {
			t.Errorf("%v is written %s", v, s)
		}
	}
	seen := map[string]bool{}
	for range 100 {
		uid := newUID()
		if seen[uid] || len(uid) > 64 || strings.HasPrefix(uid, "2.25.0") {
			t.Errorf("UID %s", uid)
		}
		seen[uid] = true
	}
}

func TestWrittenCTCarriesItsMeta(t *testing.T) {
	dir := t.TempDir()
	meta := CTMeta{
		Patient: Patient{Name: "Müller^Eva", ID: "7"}, StudyUID: "1.2.3", SeriesUID: "1.2.4", FrameOfReferenceUID: "1.2.5",
		Description: "Größe", ImageType: []string{"DERIVED", "PRIMARY", "AXIAL"}, BodyPart: "BREAST", KVP: 120, SeriesNumber: 5,
	}
	if _, err := WriteCT(context.Background(), dir, testVolume(testGrid(2)), meta); err != nil {
		t.Fatal(err)
	}
	_, s, _, err := load(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.Study.Patient.Name != "Müller^Eva" || s.Study.UID != "1.2.3" || s.UID != "1.2.4" || s.FrameOfReferenceUID != "1.2.5" ||
		s.Description != "Größe" || s.ImageType != `DERIVED\PRIMARY\AXIAL` || s.Number != 5 || s.SliceThicknessMM != 3 {
		t.Errorf("%+v of %+v", s, s.Study)
	}
}
