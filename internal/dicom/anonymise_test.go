package dicom

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// telling writes a CT and two structure sets that name their patient wherever they can.
func telling(t *testing.T) (*Series, *volume.Volume) {
	t.Helper()
	dir := t.TempDir()
	g := volume.NewUniformGrid(24, 20, 6, 1.5, 1.5, 3, volume.Vec{-20, 10, -30})
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(i%700 - 300)
	}
	who := Patient{Name: "Lindqvist^Astrid", ID: "MRN-48151", BirthDate: "19710203", Sex: "F"}
	ct, err := WriteCT(context.Background(), filepath.Join(dir, "ct"), v, CTMeta{
		Patient: who, StudyDescription: "Lindqvist planning", AccessionNumber: "ACC1623", Date: "20240105", Time: "081523",
		Description: "for Dr Holm", Manufacturer: "Holm Clinic", StudyID: "S42",
	})
	if err != nil {
		t.Fatal(err)
	}
	set := &StructureSet{Label: "Astrid", Name: "plan of Lindqvist", Description: "seen by Dr Holm", Structures: []Structure{
		{Name: "CTVsb_High", Type: "CTV", Algorithm: "MANUAL", Description: "for Astrid", Colour: [3]uint8{1, 2, 3}, Contours: []volume.Contour{voxelSquare(g, 2, 5, 5, 12, 12), voxelSquare(g, 3, 6, 6, 11, 11)}},
		{Name: "Astrid bed", Type: "CTV", Algorithm: "MANUAL", Contours: []volume.Contour{voxelSquare(g, 1, 3, 3, 8, 8)}},
	}}
	for _, name := range []string{"a.dcm", "b.dcm"} {
		if err := WriteStructureSet(filepath.Join(dir, name), set, ct, false); err != nil {
			t.Fatal(err)
		}
	}
	studies, err := Scan(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ct, err = ChooseCT(studies, ""); err != nil {
		t.Fatal(err)
	}
	if v, err = ReadCT(context.Background(), ct, nil); err != nil {
		t.Fatal(err)
	}
	return ct, v
}

// voxelSquare is the outline of voxels x0..x1, y0..y1 of slice z.
func voxelSquare(g *volume.Grid, z, x0, y0, x1, y1 int) volume.Contour {
	m := volume.MaskWhere(g, func(x, y, k int) bool { return k == z && x >= x0 && x < x1 && y >= y0 && y < y1 })
	return volume.Contours(m)[0]
}

func TestAnonymiseLeavesNothingThatTells(t *testing.T) {
	ct, v := telling(t)
	out := filepath.Join(t.TempDir(), "anon")
	made, err := Anonymise(context.Background(), out, ct, v, ct.Study.StructureSets, "Case 7")
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Notices) != 2 || strings.Contains(strings.ToLower(strings.Join(made.Notices, " ")), "astrid") {
		t.Errorf("notices %q", made.Notices)
	}
	old := []string{"Lindqvist", "Astrid", "MRN-48151", "19710203", "ACC1623", "20240105", "081523", "Holm", "S42", ct.UID, ct.Study.UID, ct.FrameOfReferenceUID, ct.Slices[0].SOPInstanceUID}
	files := 0
	err = filepath.WalkDir(out, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for _, word := range old {
			if bytes.Contains(bytes.ToLower(b), []byte(strings.ToLower(word))) {
				t.Errorf("%s still holds %q", filepath.Base(path), word)
			}
		}
		if bytes.Contains(b, []byte("\x28\x00\x01\x03CS")) {
			t.Errorf("%s speaks of Burned In Annotation, which nobody has looked for", filepath.Base(path))
		}
		for _, word := range []string{"113100", "YES", "Case 7"} {
			if !bytes.Contains(b, []byte(word)) {
				t.Errorf("%s lacks %q", filepath.Base(path), word)
			}
		}
		return err
	})
	if err != nil || files != 8 {
		t.Fatalf("%d files, %v", files, err)
	}

	studies, err := Scan(context.Background(), out, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ChooseCT(studies, "")
	if err != nil {
		t.Fatal(err)
	}
	w, err := ReadCT(context.Background(), again, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(v.HU, w.HU) || !v.Grid.Equal(w.Grid, 1e-6) {
		t.Error("voxels or geometry changed")
	}
	if len(again.Study.StructureSets) != 2 || again.Study.Date != "" || again.Study.Patient != (Patient{Name: "Case 7", ID: "Case 7"}) {
		t.Errorf("%+v", again.Study)
	}
	for i, path := range again.Study.StructureSets {
		before, err := ReadStructureSet(ct.Study.StructureSets[i], nil)
		if err != nil {
			t.Fatal(err)
		}
		after, err := ReadStructureSet(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if after.CTSeriesUID != again.UID || after.FrameOfReferenceUID != again.FrameOfReferenceUID || !after.Check(path, again, w.Grid, nil) {
			t.Error("the structure set does not mean the new CT")
		}
		if after.Structures[0].Name != "CTVsb_High" || after.Structures[1].Name != "Structure 2" {
			t.Errorf("names %q, %q", after.Structures[0].Name, after.Structures[1].Name)
		}
		for k := range before.Structures {
			if !before.Structures[k].Mask(v.Grid).Equal(after.Structures[k].Mask(w.Grid)) {
				t.Errorf("structure %d changed", k)
			}
		}
		for _, uid := range after.ImageUIDs {
			if !slices.ContainsFunc(again.Slices, func(s Slice) bool { return s.SOPInstanceUID == uid }) {
				t.Errorf("image %s is not of the new CT", uid)
			}
		}
	}
}

func TestAnonymiseRefuses(t *testing.T) {
	ct, v := telling(t)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "no.dcm")
	if err := os.WriteFile(bad, []byte("not DICOM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		out, as, want string
		sets          []string
	}{
		{full, "A", "empty", nil},
		{filepath.Join(t.TempDir(), "o"), " ", "name is needed", nil},
		{filepath.Join(t.TempDir(), "o"), "A", "no.dcm", []string{bad}},
	} {
		if _, err := Anonymise(context.Background(), c.out, ct, v, c.sets, c.as); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
		if entries, err := os.ReadDir(c.out); err == nil && len(entries) > 1 {
			t.Errorf("%q left %d files", c.want, len(entries))
		}
	}
}
