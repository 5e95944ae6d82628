package teach

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	made := chest(t)
	c := writeChest(t)
	got, err := ReadCase(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(made.lesson, got.Lesson); d != "" {
		t.Error(d)
	}
	g := grading(t, got)
	if !bytes.Equal(int16Bytes(made.volume.HU), int16Bytes(g.Volume.HU)) {
		t.Error("the CT comes back different")
	}
	if len(g.Reference.Clips) != 3 || len(g.Reference.Axillary) != 1 || g.Reference.Target == nil || g.Reference.Seroma != nil {
		t.Fatalf("reference of %d clips, %d axillary", len(g.Reference.Clips), len(g.Reference.Axillary))
	}
	for i, k := range g.Reference.Clips {
		if !k.Mask.Equal(made.clips[i].Mask) {
			t.Errorf("clip %d comes back different", i+1)
		}
		if !g.Reference.Target.Intersect(k.Mask).Equal(k.Mask) {
			t.Errorf("the drafted target leaves clip %d out", i+1)
		}
	}
	if w := got.Lesson.In("zh"); w.Title != "模拟胸部" || got.Lesson.In("en").Title != "A made chest" {
		t.Errorf("texts %+v", w)
	}
}

func int16Bytes(v []int16) []byte {
	b := make([]byte, 0, 2*len(v))
	for _, h := range v {
		b = append(b, byte(h), byte(h>>8))
	}
	return b
}

func TestCasesThatAreNotWholeAreRefused(t *testing.T) {
	edit := func(from, to string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, lessonFile)
			text, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(text, []byte(from)) {
				t.Fatalf("%q is not in %s: %v", from, text, err)
			}
			if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	whole := os.DirFS(writeChest(t).Dir)
	for want, spoil := range map[string]func(*testing.T, string){
		"unknown key":      edit("difficulty =", "dificulty ="),
		"give 1 (easiest)": edit("difficulty = 2", "difficulty = 9"),
		"needs a sentence": edit("teaches = 'What a wire is.'", "teaches = ''"),
		"hit_radius_mm":    edit("hit_radius_mm = 5.0", "hit_radius_mm = -1.0"),
		"reads format":     edit("format = 1", "format = 7"),
		"line ":            edit("title = ", "title = = "),
		"is no teaching":   remove(lessonFile),
		"is not whole":     remove(referenceFile),
		"again":            remove(ctFolder),
	} {
		dir := filepath.Join(t.TempDir(), "case")
		if err := os.CopyFS(dir, whole); err != nil {
			t.Fatal(err)
		}
		spoil(t, dir)
		if _, err := ReadCase(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("want %q naming the folder, got %v", want, err)
		}
	}
}

func TestACaseIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cases")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := chest(t).write(ctx, filepath.Join(dir, "one")); err == nil {
		t.Fatal("a cancelled case was written")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := chest(t).write(context.Background(), filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if _, err := chest(t).write(context.Background(), filepath.Join(dir, "one")); !errors.Is(err, ErrThere) {
		t.Errorf("a second case in the same folder: %v", err)
	}
	second := chest(t)
	second.lesson.ID, second.lesson.Difficulty = "chest-0", 1
	if _, err := second.write(context.Background(), filepath.Join(dir, "two")); err != nil {
		t.Fatal(err)
	}
	if _, err := chest(t).write(context.Background(), filepath.Join(dir, "copy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "other"), 0o755); err != nil {
		t.Fatal(err)
	}
	cases, errs := Library(dir)
	if len(cases) != 2 || cases[0].Lesson.ID != "chest-0" || len(errs) != 1 || !strings.Contains(errs[0].Error(), "same case") {
		t.Errorf("library of %d, errors %v", len(cases), errs)
	}
	if cases, errs := Library(filepath.Join(dir, "absent")); cases != nil || errs != nil {
		t.Errorf("an absent library: %v, %v", cases, errs)
	}
}

// TestATeachersCaseHoldsNothingOfThePatient makes a case of a CT with a name, and looks for every identifier in its files.
func TestATeachersCaseHoldsNothingOfThePatient(t *testing.T) {
	ctx := context.Background()
	from := chest(t)
	root := t.TempDir()
	series, err := dicom.WriteCT(ctx, filepath.Join(root, "ct"), from.volume, dicom.CTMeta{
		Patient: dicom.Patient{Name: "SECRET^Zhang", ID: "SECRET77", BirthDate: "19610203", Sex: "F"}, StudyID: "SECRET1",
		AccessionNumber: "SECRET9", Description: "SECRET series", StudyDescription: "SECRET study", Date: "20170809", Time: "101112",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := from.draft(ctx); err != nil {
		t.Fatal(err)
	}
	set := from.set()
	set.Label, set.Description = "SECRET", "SECRET"
	set.Structures = append(set.Structures, dicom.Structure{
		Number: 9, Name: "Wire", Type: "CONTROL", Algorithm: "MANUAL",
		Contours: volume.Contours(volume.MaskWhere(from.volume.Grid, func(x, y, z int) bool { return x == 24 && y == 20 && z > 15 && z < 25 })),
	})
	path := filepath.Join(root, "rs.dcm")
	if err := dicom.WriteStructureSet(path, set, series, false); err != nil {
		t.Fatal(err)
	}
	f := FromCT{
		CTDir: filepath.Join(root, "ct"), Reference: path, Distractors: map[string]string{"Wire": "a wire on the skin"},
		Lesson: Lesson{Title: "From the clinic", Difficulty: 3, Teaches: "Look.", Categories: []string{CategoryWire}},
	}
	c, err := MakeFromCT(ctx, filepath.Join(root, "case"), f)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(c.Dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{"SECRET", "Zhang", "19610203", "20170809", "101112", series.UID, series.Study.UID, series.FrameOfReferenceUID} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %q", filepath.Base(path), secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	g := grading(t, c)
	if len(g.Reference.Clips) != 3 || len(g.Reference.Axillary) != 1 {
		t.Fatalf("%d clips, %d axillary", len(g.Reference.Clips), len(g.Reference.Axillary))
	}
	if len(c.Lesson.Distractors) != 1 || c.Lesson.Distractors[0].DistanceMM(volume.Vec{-71, -49, 0}) > 3 {
		t.Errorf("distractors %+v", c.Lesson.Distractors)
	}
	for name, spoil := range map[string]func(*FromCT){
		"no structure \"Boost\"": func(f *FromCT) { f.Target = "Boost" },
		"no structure \"Bead\"":  func(f *FromCT) { f.Distractors = map[string]string{"Bead": ""} },
		"needs a sentence":       func(f *FromCT) { f.Lesson.Teaches = "" },
		"no CT":                  func(f *FromCT) { f.CTDir = t.TempDir() },
	} {
		bad := f
		spoil(&bad)
		if _, err := MakeFromCT(ctx, filepath.Join(root, "bad"), bad); err == nil || !strings.Contains(err.Error(), name) && name != "no CT" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "bad")); err == nil {
		t.Error("a refused case left a folder")
	}
}
