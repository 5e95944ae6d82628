package session

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// TestOpenTakesWhateverHoldsACT: a folder, an archive, and any single slice, which stands for its series.
func TestOpenTakesWhateverHoldsACT(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ct")
	g := volume.NewUniformGrid(24, 20, 12, 2, 2, 5, volume.Vec{-20, -20, 0})
	planning, err := dicom.WriteCT(context.Background(), dir, volume.NewVolume(g), dicom.CTMeta{Description: "Planning"})
	if err != nil {
		t.Fatal(err)
	}
	slice := planning.Slices[7].Path
	other := volume.NewUniformGrid(24, 20, 30, 2, 2, 5, volume.Vec{-20, -20, 0}) // longer: what the folder alone would open
	if _, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "other"), volume.NewVolume(other), dicom.CTMeta{Description: "Other"}); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "sent.zip")
	zipSlices(t, archive, planning)
	alone := filepath.Join(t.TempDir(), "alone", "im.dcm")
	if data, err := os.ReadFile(slice); err != nil || os.MkdirAll(filepath.Dir(alone), 0o700) != nil || os.WriteFile(alone, data, 0o600) != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(t.TempDir(), "case", "rs")
	if err := os.CopyFS(filepath.Join(filepath.Dir(theirs), "ct"), os.DirFS(filepath.Dir(slice))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(filepath.Dir(theirs), "ct", "other")); err != nil {
		t.Fatal(err)
	}
	cross := []volume.Vec{g.ToPatient(5, 5, 3), g.ToPatient(9, 5, 3), g.ToPatient(7, 9, 3)}
	set := &dicom.StructureSet{Structures: []dicom.Structure{{Name: "Bed", Contours: []volume.Contour{{Points: cross}}}}}
	if err := dicom.WriteStructureSet(theirs, set, planning, false); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, dir string
		slices          int
	}{
		{"archive", archive, archive, 12},
		{"slice", slice, dir, 12},
		{"structure set", theirs, filepath.Dir(theirs), 12},
		{"slice without others", alone, filepath.Dir(alone), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			s := New(l.post, Deps{Engine: new(fakeEngine)})
			s.OpenFolder(c.path, "")
			l.until("the CT", func() bool { return !s.Job(JobOpen).Running })
			doc := s.Document()
			if doc.Volume == nil || doc.Series.UID != planning.UID || doc.Volume.Grid.Nz() != c.slices || doc.Dir != c.dir {
				t.Errorf("document %q, notice %+v", doc.Dir, s.View().Notice)
			}
			l.until("the pictures", func() bool { return !s.Job(JobPreviews).Running })
			s.Discard()
		})
	}
}

func zipSlices(t *testing.T, path string, series *dicom.Series) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, slice := range series.Slices {
		data, err := os.ReadFile(slice.Path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create("images/" + filepath.Base(slice.Path))
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if z.Close() != nil || f.Close() != nil {
		t.Fatal("the archive was not written")
	}
}
