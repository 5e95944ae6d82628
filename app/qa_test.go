package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
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

// tapRowWith taps the first row of the QA page on which all of that stands.
func (d *driver) tapRowWith(words ...string) {
	d.t.Helper()
	for _, o := range test.LaidOutObjects(d.qa.panel) {
		r, ok := o.(*row)
		if !ok {
			continue
		}
		var said strings.Builder
		for _, inner := range test.LaidOutObjects(r.content) {
			if w, ok := inner.(*text); ok {
				said.WriteString(w.content + "\n")
			}
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(said.String(), w) }) {
			r.Tapped(&fyne.PointEvent{})
			return
		}
	}
	d.t.Fatalf("no row says %q", words)
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
	for _, want := range []string{"a_reference.dcm", "b_test.dcm", "CTVsb_High", "HD95", "missed", "found", "Worst slices", "L 6.0"} {
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
	d.tapRowWith("CTVsb_High", "DSC 0.")
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
	if !d.qaMapped() {
		t.Error("the solid view shows no distance map")
	}
	d.key(fyne.KeyEscape)
	if d.qaShown() || !d.body.Visible() {
		t.Error("Escape does not lead back")
	}
}

// qaMapped tells whether the distance map of the pair that is shown is in the solid view, once it is made.
func (d *driver) qaMapped() bool {
	q := d.qa
	d.until("the distance map", func() bool { return q.maps[q.shownPair().TestMask] != nil })
	return q.views.solid.Visible() && q.views.shaped() == q.maps[q.shownPair().TestMask]
}

// pressQA presses the button of that label on the QA page.
func (d *driver) pressQA(label string) {
	d.t.Helper()
	for _, o := range test.LaidOutObjects(d.qa.box) {
		if b, ok := o.(*button); ok && b.label == label && b.Visible() && !b.Disabled() {
			test.Tap(b)
			return
		}
	}
	d.t.Fatalf("no button %q to press", label)
}

// judged opens a QA case and waits until it is compared and its CT is there.
func judged(t *testing.T) (*driver, string) {
	d, dir := newDriver(t), writeQACase(t)
	d.openQAFolder(dir)
	d.until("the comparison", func() bool { return d.qa.session.HasVolume() && len(d.qa.results) > 0 })
	return d, dir
}

func TestQAPairsByHand(t *testing.T) {
	d, _ := judged(t)
	q := d.qa
	compared := func() {
		t.Helper()
		before := q.results
		d.until("the comparison", func() bool { return &q.results[0] != &before[0] })
	}
	names := func() string {
		var all []string
		for _, p := range q.result().Pairs {
			all = append(all, p.Ref+"="+p.Test+" "+p.How)
		}
		return strings.Join(all, ", ")
	}
	if got := names(); got != "Clips_R=Clips_R name, CTVsb_High=CTVsb_High name" {
		t.Fatalf("pairs %s", got)
	}
	var selects []*widget.Select
	for _, o := range test.LaidOutObjects(q.panel) {
		if s, ok := o.(*widget.Select); ok {
			selects = append(selects, s)
		}
	}
	if len(selects) != 2 {
		t.Fatalf("%d lists to choose from", len(selects))
	}
	selects[0].SetSelected("CTVsb_High")
	selects[1].SetSelected("Clips_R")
	d.pressQA("Pair")
	d.shoot("qa_waiting")
	compared()
	if got := names(); got != "CTVsb_High=Clips_R by hand" {
		t.Errorf("paired by hand: %s", got)
	}
	d.shoot("qa_by_hand")
	d.pressQA("Pair by names again")
	compared()
	if got := names(); got != "Clips_R=Clips_R name, CTVsb_High=CTVsb_High name" {
		t.Errorf("paired by names again: %s", got)
	}
	d.pressQA("as reference")
	compared()
	if r := q.result(); r.Reference.File != "b_test.dcm" || r.Test.File != "a_reference.dcm" || r.Clips.Extra != 1 {
		t.Errorf("reference %s, test %s, %d extra clips", r.Reference.File, r.Test.File, r.Clips.Extra)
	}
	before := q.results
	d.dropped(filepath.Join(t.TempDir(), "absent.dcm")) // no structure set: a folder, which is not there
	d.until("the refusal", func() bool { return !d.qaShown() })
	if len(before) == 0 || d.session.View().Notice == nil {
		t.Error("a folder that is not there is not said")
	}
}

func TestQAByTheRulesOfASite(t *testing.T) {
	d, _ := judged(t)
	q := d.qa
	d.remembered = memory{}
	outcome := func() qa.Outcome {
		for _, c := range q.result().Checks {
			if c.ID == "limit:dsc" && c.Structure == "CTVsb_High" {
				return c.Outcome
			}
		}
		return ""
	}
	path := filepath.Join(t.TempDir(), "ours.toml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("nonsense = 3\n")
	q.setRules(path)
	if q.rules.Name != qa.DefaultRules().Name || !q.banner.box.Visible() {
		t.Error("a rules file that cannot be read is not said")
	}
	for _, c := range []struct {
		least float64
		want  qa.Outcome
	}{{0.99, qa.Fail}, {0.1, qa.Pass}} {
		write(fmt.Sprintf("name = \"Ours\"\n[[limits]]\nstructure = \"CTV*\"\nmetric = \"dsc\"\npass = %g\nlook = %g\n", c.least, c.least))
		before := q.results
		q.setRules(path)
		d.until("the comparison", func() bool { return len(q.results) > 0 && &q.results[0] != &before[0] })
		if got := outcome(); got != c.want {
			t.Errorf("by a least DSC of %g: %q, want %q", c.least, got, c.want)
		}
	}
	if !strings.Contains(d.texts(), "Rules: Ours") || q.recallRules() != nil || q.rules.Name != "Ours" {
		t.Error("the rules in force are not shown, or not remembered")
	}
}

func TestQASavesWhatTheCommandLineDoes(t *testing.T) {
	d, dir := judged(t)
	out := t.TempDir()
	begin := map[string]string{"qa.pdf": "%PDF-", "qa.html": "<!DOCTYPE html>", "qa.csv": "case,reference,test,outcome", "qa.json": "[\n  {\n    \"case\": "}
	for _, o := range qaOutputs() {
		for _, name := range []string{o.name, strings.Replace(o.name, ".", " 2.", 1)} { // the second leaves the first alone
			d.qa.askSave(o)
			d.exporting.folderIn.SetText(out)
			d.shoot("qa_save")
			test.Tap(d.exporting.save)
			d.until(name, func() bool { return d.qa.banner.text.content == "Saved "+filepath.Join(out, name)+"." })
			b, err := os.ReadFile(filepath.Join(out, name))
			if err != nil || !strings.HasPrefix(string(b), begin[o.name]) {
				t.Errorf("%s begins %.40q, %v", name, b, err)
			}
		}
	}
	var results []qa.Result
	if b, err := os.ReadFile(filepath.Join(out, "qa.json")); err != nil || json.Unmarshal(b, &results) != nil || len(results) != 1 || results[0].Clips.Missed != 1 {
		t.Errorf("figures %+v, %v", results, err)
	}
	if b, err := os.ReadFile(filepath.Join(out, "qa.csv")); err != nil || strings.Count(string(b), "\n") != 3 || !strings.Contains(string(b), "CTVsb_High") {
		t.Errorf("table %s, %v", b, err)
	}
	page := qaOutputs()[1]
	d.qa.askSave(page)
	d.exporting.folderIn.SetText(out)
	d.exporting.file.SetText("nameless")
	test.Tap(d.exporting.more[0].(*button))
	test.Tap(d.exporting.save)
	path := filepath.Join(out, "nameless.html")
	d.until("the report", func() bool { return d.qa.banner.text.content == "Saved "+path+"." })
	for _, secret := range []string{"Journey", filepath.Base(dir), "b_test.dcm"} {
		named, err := os.ReadFile(filepath.Join(out, "qa.html"))
		if err != nil || !strings.Contains(string(named), secret) && secret != filepath.Base(dir) {
			t.Errorf("the report does not name %s", secret)
		}
		if b, err := os.ReadFile(path); err != nil || secret != "ct" && strings.Contains(string(b), secret) {
			t.Errorf("without names, it names %s", secret)
		}
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
