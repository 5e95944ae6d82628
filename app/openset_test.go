package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// withSet writes the chest with a structure set beside it: a lung, the first two clips and a point where the third is. change alters it.
func withSet(t *testing.T, change func(*dicom.StructureSet, *dicom.Series)) (dir, path string) {
	t.Helper()
	dir = writeChest(t)
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
	clips := dicom.Structure{Name: "Clips_R", Type: "MARKER", Colour: [3]uint8{1, 2, 3}}
	for i, c := range metalCentres()[:2] {
		m := volume.MaskWhere(v.Grid, func(x, y, z int) bool {
			return v.Grid.ToPatient(float64(x), float64(y), float64(z)).Distance(c) < 3.2
		})
		contours := volume.Contours(m)
		clips.Contours = append(clips.Contours, contours...)
		clips.Groups = append(clips.Groups, slices.Repeat([]int{i + 1}, len(contours))...)
	}
	set := &dicom.StructureSet{Label: "Theirs", Structures: []dicom.Structure{
		{Name: "Lung_L", Type: "ORGAN", Contours: volume.Contours(lung), Colour: [3]uint8{10, 200, 30}},
		clips,
		{Name: "Seed", Type: "MARKER", Points: metalCentres()[2:3]},
	}}
	if change != nil {
		change(set, ct)
	}
	path = filepath.Join(dir, "theirs.dcm")
	if err := dicom.WriteStructureSet(path, set, ct, false); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

func rowOf(d *driver, title string) *structureRow {
	for _, r := range d.structures.rows {
		if r.name.content == title && r.shown.Opened {
			return r
		}
	}
	return nil
}

// TestOpenedSetIsLockedUntilItsStructuresAreTakenOver walks from a planning system's set to one of ours.
func TestOpenedSetIsLockedUntilItsStructuresAreTakenOver(t *testing.T) {
	d := newDriver(t)
	dir, path := withSet(t, nil)
	d.open(dir)
	d.idle()
	revision := d.session.Plan().Revision
	d.session.OpenSet(path)
	d.idle()
	for _, title := range []string{"Lung_L", "Clips_R", "Seed"} {
		r := rowOf(d, title)
		switch {
		case r == nil:
			t.Fatalf("%s is not listed", title)
		case r.shown.Drawable || r.shown.Saveable || !strings.Contains(r.detail.content, "locked"):
			t.Errorf("%s is not locked: %+v", title, r.shown)
		}
	}
	overlays, _ := d.views.marks()
	green := slices.ContainsFunc(overlays, func(o viewer.Overlay) bool { return o.Colour.R == 10 && o.Colour.G == 200 && !o.Dashed })
	if !green {
		t.Error("the images do not show the lung in its colour")
	}
	if d.session.Plan().Revision != revision || d.session.CanSave() == nil {
		t.Error("opening a set changed the plan")
	}
	lung := rowOf(d, "Lung_L").shown
	d.session.SetActive(lung.Name)
	d.session.SetTool(session.ToolBrush)
	if d.session.View().Active == lung.Name && slices.Contains(d.session.Drawable(), lung.Name) {
		t.Error("a locked structure can be drawn upon")
	}

	d.session.Unlock(lung.Name)
	d.idle()
	drawn := d.session.Plan().Drawing("Lung_L")
	if drawn == nil || drawn.Type != "ORGAN" || rowOf(d, "Lung_L") != nil {
		t.Fatalf("unlocked: %+v", drawn)
	}
	if got := d.session.Style("Lung_L").Colour; got != [3]uint8{10, 200, 30} {
		t.Errorf("unlocked, its colour is %v", got)
	}
	d.session.TakeClips(rowOf(d, "Clips_R").shown.Name)
	d.session.TakeClips(rowOf(d, "Seed").shown.Name)
	d.session.TakeClips(rowOf(d, "Clips_R").shown.Name) // again: known already
	d.idle()
	clips := d.session.Plan().Clips
	if len(clips) != 3 || d.session.ReviewedCount() != 0 {
		t.Fatalf("%d clips taken over, %d reviewed; want 3 and none", len(clips), d.session.ReviewedCount())
	}
	for i, c := range clips {
		if mm := c.CentreMM.Distance(metalCentres()[i]); mm > 1.5 || c.Side != "R" || !c.Kept {
			t.Errorf("clip %d is %.1f mm off, side %s", c.ID, mm, c.Side)
		}
	}
	if out := filepath.Join(t.TempDir(), "ours.dcm"); true {
		d.session.Save(out, false)
		d.idle()
		set, err := dicom.ReadStructureSet(out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if st := set.Find("Lung_L"); st == nil || !st.Mask(d.session.Document().Volume.Grid).Equal(drawn.Mask) || !strings.Contains(st.Description, "theirs.dcm") {
			t.Errorf("the lung is not saved as it was: %+v", st)
		}
		if set.Find("Seed") != nil {
			t.Error("a locked structure was saved")
		}
	}
	d.session.Undo() // the seed
	d.session.Undo() // the clips
	d.session.Undo() // the lung
	d.idle()
	if rowOf(d, "Lung_L") == nil || len(d.session.Plan().Clips) != 0 {
		t.Error("Undo does not lock it again")
	}
	d.session.CloseSet()
	if rowOf(d, "Seed") != nil {
		t.Error("closed, the set is still listed")
	}
}

func TestOddSetsSayWhatIsOdd(t *testing.T) {
	d := newDriver(t)
	dir, path := withSet(t, func(set *dicom.StructureSet, ct *dicom.Series) {
		ct.UID = "2.25.98"
		set.Structures[0].Name = "A name longer than planning systems take"
		set.LongNames = true
	})
	d.open(dir)
	d.idle()
	d.session.OpenSet(path)
	d.idle()
	n := d.session.View().Notice
	if n == nil || !strings.Contains(strings.Join(n.Details, "\n"), "another series") {
		t.Fatalf("notice %+v", n)
	}
	if len(d.session.Document().Findings) == 0 {
		t.Error("the report does not list it")
	}
	d.session.Unlock(rowOf(d, "A name longer than planning systems take").shown.Name)
	if names := d.session.Plan().Drawn; len(names) != 1 || len(names[0].Name) > 16 {
		t.Errorf("unlocked as %+v", names)
	}
}

func TestSetOfAnotherFrameOfReferenceIsRefused(t *testing.T) {
	d := newDriver(t)
	dir, _ := withSet(t, nil)
	_, foreign := withSet(t, func(_ *dicom.StructureSet, ct *dicom.Series) { ct.FrameOfReferenceUID = "2.25.99" })
	d.open(dir)
	d.idle()
	d.openPath(foreign)
	d.until("the refusal", func() bool { return d.session.View().Notice != nil })
	if n := d.session.View().Notice; n.Severity != session.Failure || !strings.Contains(n.Text, "frame of reference") || d.session.Opened() != nil {
		t.Errorf("notice %+v", n)
	}
}
