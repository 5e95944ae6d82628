package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// writeQACase makes a CT with two structure sets: a reference of all clips and a target, and a test that misses a clip and has
// its target 6 mm to the left.
func writeQACase(t testing.TB) string {
	t.Helper()
	dir := writeChest(t)
	studies, err := dicom.Scan(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ct, err := dicom.ChooseCT(studies, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := dicom.ReadCT(context.Background(), ct, nil)
	if err != nil {
		t.Fatal(err)
	}
	near := func(p volume.Vec, mm float64) []volume.Contour {
		return volume.Contours(volume.MaskWhere(v.Grid, func(x, y, z int) bool { return v.Grid.ToPatient(float64(x), float64(y), float64(z)).Distance(p) < mm }))
	}
	write := func(name string, clips []volume.Vec, target volume.Vec) {
		s := dicom.Structure{Number: 1, Name: "Clips_R", Type: "MARKER", Algorithm: "MANUAL"}
		for i, p := range clips {
			for _, c := range near(p, 3.2) {
				s.Contours, s.Groups = append(s.Contours, c), append(s.Groups, i+1)
			}
		}
		set := &dicom.StructureSet{Structures: []dicom.Structure{s, {Number: 2, Name: "CTVsb_High", Type: "CTV", Algorithm: "MANUAL", Contours: near(target, 20)}}}
		if err := dicom.WriteStructureSet(filepath.Join(dir, name), set, ct, false); err != nil {
			t.Fatal(err)
		}
	}
	centres := metalCentres()
	write("a_reference.dcm", centres, centres[0])
	write("b_test.dcm", centres[1:], centres[0].Add(volume.Vec{6, 0, 0}))
	return dir
}

// teachingShown and qaShown tell whether the mode has the window.
func (d *driver) teachingShown() bool { return d.teaching != nil && d.side() == d.teaching.sideMode }
func (d *driver) qaShown() bool       { return d.qa != nil && d.side() == d.qa.sideMode }

// texts are the words on the QA page.
func (d *driver) texts() string {
	var b strings.Builder
	for _, o := range test.LaidOutObjects(d.qa.box) {
		switch w := o.(type) {
		case *text:
			b.WriteString(w.content + "\n")
		case *button:
			b.WriteString(w.label + "\n")
		}
	}
	return b.String()
}

// tapRowWith taps the first row of the QA page on which that text stands.
func (d *driver) tapRowWith(what string) {
	d.t.Helper()
	for _, o := range test.LaidOutObjects(d.qa.panel) {
		r, ok := o.(*row)
		if !ok {
			continue
		}
		for _, inner := range test.LaidOutObjects(r.content) {
			if w, ok := inner.(*text); ok && strings.Contains(w.content, what) {
				r.Tapped(&fyne.PointEvent{})
				return
			}
		}
	}
	d.t.Fatalf("no row says %q", what)
}

func TestJourneyThroughAQACase(t *testing.T) {
	d := newDriver(t)
	d.openQAFolder(writeQACase(t))
	q := d.qa
	d.until("the comparison", func() bool { return q.session.HasVolume() && len(q.results) > 0 })
	if d.body.Visible() || !d.qaShown() {
		t.Fatal("the page is not shown")
	}
	d.shoot("qa")
	words := d.texts()
	for _, want := range []string{"a_reference.dcm", "b_test.dcm", "CTVsb_High = CTVsb_High", "HD95", "missed", "found", "Worst slices", "L 6.0"} {
		if !strings.Contains(words, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	r := q.result()
	target := -1
	for i, p := range r.Pairs {
		if p.Ref == "CTVsb_High" {
			target = i
		}
	}
	if target < 0 {
		t.Fatalf("%+v", r.Pairs)
	}
	d.tapRowWith("CTVsb_High = CTVsb_High")
	if q.pair != target || q.session.View().Cursor != r.Pairs[target].WorstMM {
		t.Errorf("pair %d at %v, the surfaces lie farthest apart at %v", q.pair, q.session.View().Cursor, r.Pairs[target].WorstMM)
	}
	if n := len(q.views.beside); n != 4 {
		t.Fatalf("%d layers over the pictures", n)
	}
	if q.views.beside[0].Mask.Empty() || q.views.beside[1].Mask.Empty() || q.views.beside[0].Fill == 0 {
		t.Error("the difference is not shaded")
	}
	d.tapRowWith("missed")
	if at := q.session.View().Cursor; at.Distance(metalCentres()[0]) > 2 {
		t.Errorf("a tap on the missed clip goes to %v", at)
	}
	d.shoot("qa_clip")
	before := q.session.View().WindowWidthHU
	d.key("4")
	if q.session.View().WindowWidthHU == before {
		t.Errorf("a key of the window leaves its width at %g HU", before)
	}
	d.key("B") // the brush would draw
	if q.session.View().Tool.Draws() {
		t.Error("the brush is taken where nothing may change")
	}
	d.key(fyne.KeyEscape)
	if d.qaShown() || !d.body.Visible() {
		t.Error("Escape does not lead back")
	}
}

func TestQAOfAFolderWithoutStructuresGoesBack(t *testing.T) {
	d := newDriver(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "note.txt"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.openQAFolder(dir)
	d.until("the refusal", func() bool { return !d.qaShown() })
	if n := d.session.View().Notice; n == nil || n.Severity != session.Failure || !d.body.Visible() || !d.banner.box.Visible() {
		t.Errorf("nothing says why: %+v", n)
	}
}
