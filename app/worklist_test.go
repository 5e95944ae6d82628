package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
)

func TestJourneyOfTheWorkList(t *testing.T) {
	d := searched(t)
	d.key(fyne.KeyN)
	first := d.session.View().Selected
	row := d.clips.byID[first]
	if !row.actions.Visible() || !strings.HasPrefix(row.place.content, "skin ") || !strings.Contains(row.place.content, "centre") {
		t.Errorf("the selected row says %q, actions %v", row.place.content, row.actions.Visible())
	}

	// Sorted by volume, the rows stand so, and N follows them.
	d.session.SetSort(session.SortVolume)
	if !slices.IsSortedFunc(d.clips.ids, func(a, b int) int {
		return int(d.session.Plan().Clip(a).VolumeMM3 - d.session.Plan().Clip(b).VolumeMM3)
	}) || !slices.Equal(d.clips.ids, d.session.ClipOrder()) {
		t.Errorf("rows stand as %v", d.clips.ids)
	}
	test.Tap(d.clips.heads[session.SortNumber])
	d.session.SelectClip(1)

	// Split, then merged again with what was split off.
	n := len(d.session.Plan().Clips)
	whole := d.session.Plan().Clip(1).Mask
	test.Tap(d.clips.byID[1].split)
	d.idle()
	if len(d.session.Plan().Clips) != n+1 {
		t.Fatalf("%d clips after splitting one of %d", len(d.session.Plan().Clips), n)
	}
	r := d.clips.byID[1]
	if r.mergeWith != n+1 || !r.merge.Visible() {
		t.Fatalf("offers to merge with %d: %q", r.mergeWith, r.merge.label)
	}
	test.Tap(r.merge)
	d.idle()
	if c := d.session.Plan().Clip(1); len(d.session.Plan().Clips) != n || !c.Mask.Equal(whole) {
		t.Error("merged, it is not what it was")
	}

	// Del rejects and goes on; a draft says that not all was reviewed.
	d.session.SelectClip(2)
	d.key(fyne.KeyDelete)
	d.idle()
	if d.session.Plan().Clip(2).Kept || d.session.View().Selected == 2 {
		t.Error("Del does not reject the clip and go on")
	}
	path := filepath.Join(t.TempDir(), "list.dcm")
	d.session.Save(path, false)
	d.idle()
	if n := d.session.View().Notice; n == nil || !strings.Contains(n.Text, "draft: 2 clips not reviewed") {
		t.Errorf("the window says %+v", n)
	}
	set, err := dicom.ReadStructureSet(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	clips := set.Find(session.ClipsName("R"))
	masks := clips.ClipMasks(d.session.Document().Volume.Grid)
	if len(masks) != n-1 || !masks[1].Equal(whole) || masks[2] != nil || !strings.Contains(clips.Description, "not reviewed") {
		t.Errorf("saved %d clips as %q", len(masks), clips.Description)
	}
}

func TestTheLogIsShown(t *testing.T) {
	d := newDriver(t)
	d.showLog()
	if n := d.session.View().Notice; n == nil || !strings.Contains(n.Text, "Nothing is logged") || d.win.Canvas().Overlays().Top() != nil {
		t.Errorf("without a CT the window says %+v", n)
	}
}
