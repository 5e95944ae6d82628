package app

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// TestSavingIntoAPlanningSetKeepsIt opens a folder with a structure set beside the CT and adds the clips to a copy of it.
func TestSavingIntoAPlanningSetKeepsIt(t *testing.T) {
	d := newDriver(t)
	dir := writeChest(t)
	studies, err := dicom.Scan(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ct := studies[0].Series[0]
	v, err := dicom.ReadCT(context.Background(), ct, nil)
	if err != nil {
		t.Fatal(err)
	}
	lung := volume.MaskWhere(v.Grid, func(x, y, z int) bool { return x > 70 && x < 90 && y > 40 && y < 60 && z > 10 && z < 30 })
	theirs := filepath.Join(dir, "theirs.dcm")
	set := &dicom.StructureSet{Label: "Plan", Structures: []dicom.Structure{{Name: "Lung_L", Type: "ORGAN", Contours: volume.Contours(lung)}}}
	if err := dicom.WriteStructureSet(theirs, set, ct, false); err != nil {
		t.Fatal(err)
	}
	d.open(dir)
	d.idle()
	d.session.Run()
	d.idle()
	d.askSave()
	if d.saving.base == nil || !slices.Equal(d.saving.base.Options, []string{"nothing: a set of its own", "a copy of theirs.dcm, without External"}) {
		t.Fatalf("the set in the folder is not offered: %+v", d.saving.base)
	}
	d.saving.base.SetSelectedIndex(1)
	test.Tap(d.saving.points)
	if out := os.Getenv("CLIPWRIGHT_PICTURE"); out != "" {
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, d.win.Canvas().Capture()); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	d.saving.folder.SetText(folder)
	d.saving.name.SetText("both")
	test.Tap(d.saving.save)
	d.idle()
	got, err := dicom.ReadStructureSet(filepath.Join(folder, "both.dcm"), nil)
	if err != nil {
		t.Fatalf("%v; notice %+v", err, d.session.View().Notice)
	}
	var names []string
	for _, s := range got.Structures {
		names = append(names, s.Name)
	}
	if names[0] != "Lung_L" || !got.Structures[0].Mask(v.Grid).Equal(lung) || got.Label != "Plan" {
		t.Errorf("what was there: %v", names)
	}
	all := strings.Join(names, " ")
	if !strings.Contains(all, "Clips_R") || strings.Count(all, "Clip_R_") != len(metalCentres()) || strings.Contains(all, "External") {
		t.Errorf("structures %s", all)
	}
}
