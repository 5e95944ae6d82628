package qa

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// writeCases writes n folders with a small CT and two structure sets; of the last the CT is damaged.
func writeCases(t *testing.T, n int) string {
	t.Helper()
	root := t.TempDir()
	b := newBench()
	v := volume.NewVolume(b.grid)
	body := ball(b.grid, volume.Vec{}, 55)
	for i := range v.HU {
		v.HU[i] = -1000
	}
	body.Each(func(x, y, z int) { v.HU[b.grid.Index(x, y, z)] = 20 })
	for i := range n {
		dir := filepath.Join(root, fmt.Sprintf("case%02d", i))
		ct, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "ct"), v, dicom.CTMeta{Patient: dicom.Patient{Name: "Case^One", ID: "1"}})
		if err != nil {
			t.Fatal(err)
		}
		for k, name := range []string{"ref.dcm", "test.dcm"} {
			centre := volume.Vec{20, float64(2 * k * (i % 2)), 0}
			set := &dicom.StructureSet{Structures: []dicom.Structure{
				b.structure("External", "EXTERNAL", body), b.structure("Clips_L", "MARKER", b.clips(volume.Vec{20, 0, 0}, 12)...),
				b.structure("CTVsb_High", "CTV", ball(b.grid, centre, 20)),
			}}
			if err := dicom.WriteStructureSet(filepath.Join(dir, name), set, ct, false); err != nil {
				t.Fatal(err)
			}
		}
		if i == n-1 {
			for _, s := range ct.Slices {
				if err := os.Truncate(s.Path, 900); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return root
}

func TestABatchGoesOnWhereItStopped(t *testing.T) {
	const n = 6
	root, out := writeCases(t, n), filepath.Join(t.TempDir(), "out")
	o := BatchOptions{Root: root, Out: out, Rules: DefaultRules(), RulesText: DefaultRulesText, Version: "1"}

	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	first := o
	first.Progress = func(done, _ int) {
		if done == 2 {
			stop()
		}
	}
	if _, err := Batch(ctx, first); !errors.Is(err, context.Canceled) {
		t.Fatalf("a stopped batch: %v", err)
	}
	written, err := filepath.Glob(filepath.Join(out, "cases", "*.json"))
	if err != nil || len(written) < 2 || len(written) == n {
		t.Fatalf("%d records after stopping: %v", len(written), err)
	}
	before, err := os.Stat(written[0])
	if err != nil {
		t.Fatal(err)
	}
	// What a killed run leaves half-written is no record.
	half := filepath.Join(out, "cases", "case04.json")
	if err := os.WriteFile(half, []byte(`{"case": "case04", "finger`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half+"123", nil, 0o644); err != nil {
		t.Fatal(err)
	}

	records, err := Batch(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(written[0])
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("a finished case was measured again: %v", err)
	}
	if _, err := os.Stat(half + "123"); err == nil {
		t.Error("a leftover of the killed run is still there")
	}
	if err := WriteSummary(out, records); err != nil {
		t.Fatal(err)
	}
	checkSummary(t, out, n)

	o.RulesText += "# edited\n"
	if _, err := Batch(context.Background(), o); err == nil || !strings.Contains(err.Error(), "other rules") {
		t.Errorf("other rules: %v", err)
	}
	foreign := o
	foreign.Out = root
	if _, err := Batch(context.Background(), foreign); err == nil || !strings.Contains(err.Error(), "choose an empty folder") {
		t.Errorf("a folder with other files: %v", err)
	}
}

func checkSummary(t *testing.T, out string, n int) {
	t.Helper()
	text, err := os.Open(filepath.Join(out, "summary.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	lines, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	reason := slices.Index(lines[0], "reason")
	for _, l := range lines[1:] {
		count[l[0]]++
		if (l[reason] != "") != (l[0] == fmt.Sprintf("case%02d", n-1)) {
			t.Errorf("reason of %s: %q", l[0], l[reason])
		}
	}
	for i := range n {
		want := 3 // pairs
		if i == n-1 {
			want = 1
		}
		if name := fmt.Sprintf("case%02d", i); count[name] != want {
			t.Errorf("%s has %d rows, not %d", name, count[name], want)
		}
	}
}

func TestOutliersLieBeyondTheFences(t *testing.T) {
	var records []CaseRecord
	for i, dsc := range []float64{0.9, 0.91, 0.92, 0.9, 0.93, 0.3} {
		m := Metrics{DSC: Number(dsc), HDMM: missing(), HD95MM: missing(), ASDMM: missing(), SurfaceDSC: missing(), AddedPathMM: missing(), VolumeRatio: missing(), OffsetTotalMM: missing()}
		records = append(records, CaseRecord{CaseHead: CaseHead{Case: fmt.Sprint(i)}, Results: []*Result{{Pairs: []PairResult{{Ref: "CTV", Metrics: m}}}}})
	}
	rows := Rows(records)
	for i := range rows {
		if want := i == 5; (len(rows[i].Outliers) == 1) != want {
			t.Errorf("row %d: %v", i, rows[i].Outliers)
		}
	}
	if s := Spreads(rows); len(s) != 1 || s[0].N != 6 || s[0].Median != 0.905 {
		t.Errorf("%+v", s)
	}
}

func TestOpenTellsReferenceFromTest(t *testing.T) {
	root := writeCases(t, 2)
	dir := filepath.Join(root, "case00")
	in, err := Open(context.Background(), dir, DefaultRules(), Choice{})
	if err != nil {
		t.Fatal(err)
	}
	if len(in) != 1 || filepath.Base(in[0].Ref.Path) != "ref.dcm" || filepath.Base(in[0].Test.Path) != "test.dcm" || len(in[0].Notices) != 0 {
		t.Errorf("%+v", in)
	}
	// A copy of the CT under other UIDs: matched by geometry, with a notice.
	other := filepath.Join(root, "case01", "test.dcm")
	in, err = Open(context.Background(), dir, DefaultRules(), Choice{Ref: filepath.Join(dir, "ref.dcm"), Test: other})
	if err != nil || len(in) != 1 || len(in[0].Notices) != 1 || !strings.Contains(in[0].Notices[0], "by geometry") {
		t.Errorf("%+v %v", in, err)
	}
	if _, err := Open(context.Background(), filepath.Join(dir, "ct"), DefaultRules(), Choice{}); err == nil || !strings.Contains(err.Error(), "no RTSTRUCT") {
		t.Errorf("a folder without structure sets: %v", err)
	}
}
