package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// TestOneBrokenCaseDoesNotLoseTheOthers: what was measured is written, the case that was not is named, and the exit says so.
func TestOneBrokenCaseDoesNotLoseTheOthers(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.nii.gz")
	if err := os.WriteFile(broken, []byte("no volume"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, report, figures := filepath.Join(dir, "set.json"), filepath.Join(dir, "models.md"), filepath.Join(dir, "e.json")
	text := `{"name": "mixed", "cases": [{"seed": 1, "host": "broken.nii.gz"}, {"seed": 2, "small": true}]}`
	if err := os.WriteFile(set, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := call(t, nil, "evaluate", "--cases", set, "--ct", dir, "--markdown", report, "--json", figures)
	if code != ExitFailure || !strings.Contains(errOut, "1 case") || !strings.Contains(out, "phantom 2: ") {
		t.Fatalf("exit %d: %s\n%s", code, errOut, out)
	}
	var e Evaluation
	b, err := os.ReadFile(figures)
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil || len(e.Sets) != 1 || len(e.Sets[0].Cases) != 1 || len(e.Sets[0].Failed) != 1 || !strings.Contains(e.Sets[0].Failed[0].Reason, "broken.nii.gz") {
		t.Errorf("%v, %+v", err, e.Sets)
	}
	page, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(page), "Not measured") || !strings.Contains(string(page), "broken, 1") {
		t.Errorf("%v\n%s", err, page)
	}
}

// TestLooksForTraining: the arrays have a row for each look, and the truth of each; a second run leaves what is there.
func TestLooksForTraining(t *testing.T) {
	dir := t.TempDir()
	set, looks := filepath.Join(dir, "set.json"), filepath.Join(dir, "looks")
	if err := os.WriteFile(set, []byte(`{"name": "one", "cases": [{"seed": 2, "small": true}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sensitive := func(d *Deps) { d.Engine = brightEngine{levelHU: 400} }
	code, out, errOut := call(t, sensitive, "evaluate", "--cases", set, "--looks", looks)
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	base := filepath.Join(looks, "phantom_2")
	rows := lookRows(t, base)
	if len(rows) == 0 || !strings.Contains(out, "looks") {
		t.Fatalf("%d rows\n%s", len(rows), out)
	}
	for _, r := range rows {
		if r.SliceMM <= 0 || r.Clips < 0 || r.Stage == "" {
			t.Errorf("%+v", r)
		}
	}
	const voxels = 32 * 32 * 32
	for suffix, size := range map[string]int{"_hu.npy": 2 * voxels, "_marks.npy": voxels} {
		f, err := os.Stat(base + suffix)
		if err != nil || f.Size()%int64(64) != 0 || int(f.Size())/size != len(rows) {
			t.Errorf("%s: %v, %d bytes for %d rows", suffix, err, f.Size(), len(rows))
		}
	}
	if code, out, _ := call(t, sensitive, "evaluate", "--cases", set, "--looks", looks); code != ExitOK || strings.Contains(out, "looks") {
		t.Errorf("made again: exit %d\n%s", code, out)
	}
}

// lookRows reads the rows of the case whose files are called base.
func lookRows(t *testing.T, base string) (rows []lookRow) {
	t.Helper()
	b, err := os.ReadFile(base + ".json")
	if err == nil {
		err = json.Unmarshal(b, &rows)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestCrowdedLooks: a crowded case shows many pieces with a clip, some with two, and says that it is crowded.
func TestCrowdedLooks(t *testing.T) {
	dir := t.TempDir()
	set, looks := filepath.Join(dir, "set.json"), filepath.Join(dir, "looks")
	if err := os.WriteFile(set, []byte(`{"name": "one", "cases": [{"seed": 620002, "crowded": true, "anatomy": 620001}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sensitive := func(d *Deps) { d.Engine = brightEngine{levelHU: 400} }
	if code, _, errOut := call(t, sensitive, "evaluate", "--cases", set, "--looks", looks); code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	rows := lookRows(t, filepath.Join(looks, "phantom_620002"))
	clips, pairs := 0, 0
	for _, r := range rows {
		if !r.Crowded {
			t.Errorf("not said to be crowded: %+v", r)
		}
		if r.Clips > 0 {
			clips++
		}
		if r.Clips > 1 {
			pairs++
		}
	}
	if clips < 8 || pairs == 0 {
		t.Errorf("%d rows, %d with a clip, %d with more: want at least 8 and a pair", len(rows), clips, pairs)
	}
}

// TestEveryClipIsOfOnePiece: of the nearest one, when that is near enough.
func TestEveryClipIsOfOnePiece(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 10, 1, 1, 3, volume.Vec{})
	at := func(x, y, z float64) phantom.Clip { return phantom.Clip{CentreMM: volume.Vec{x, y, z}} }
	clips := []phantom.Clip{at(10, 10, 9), at(12.2, 10, 9), at(20, 10, 9), at(30, 30, 9)}
	left, right, nothing := [][3]int{{10, 10, 3}, {11, 10, 3}}, [][3]int{{13, 10, 3}, {19, 10, 3}}, [][3]int{{35, 35, 3}}
	for _, c := range []struct {
		own, others [][3]int
		want        int
	}{{left, right, 1}, {right, left, 2}, {append(left, right...), nothing, 3}, {nothing, append(left, right...), 0}} {
		if got := clipsIn(g, segment.Look{Own: c.own, Others: c.others}, clips); got != c.want {
			t.Errorf("piece %v holds %d clips, want %d", c.own, got, c.want)
		}
	}
}

// TestEvaluateOtherNetworks: networks that are not there are named, and a report of others is its own page.
func TestEvaluateOtherNetworks(t *testing.T) {
	dir := t.TempDir()
	set, page := filepath.Join(dir, "set.json"), filepath.Join(dir, "other.md")
	if err := os.WriteFile(set, []byte(`{"name": "one", "cases": [{"seed": 2, "small": true}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	other := func(d *Deps) { d.Engine = brightEngine{levelHU: 400} }
	code, _, errOut := call(t, other, "evaluate", "--cases", set, "--networks", dir)
	if code != ExitFailure || !strings.Contains(errOut, dir) || !strings.Contains(errOut, ".onnx") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	for _, name := range []string{"location", "segmentation"} {
		for _, ext := range []string{".onnx", ".json"} {
			b, err := os.ReadFile(filepath.Join("..", "..", "models", name+ext))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name+ext), withoutJudge(t, b), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if code, _, errOut := call(t, other, "evaluate", "--cases", set, "--networks", dir, "--markdown", page); code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "do not ship") || strings.Contains(string(text), "Case by case") {
		t.Errorf("%v\n%s", err, text)
	}
}

// withoutJudge is a card without its judge, which needs a Detail Net; what is no card stays.
func withoutJudge(t *testing.T, file []byte) []byte {
	t.Helper()
	var card map[string]any
	if json.Unmarshal(file, &card) != nil {
		return file
	}
	delete(card, "judge")
	out, err := json.Marshal(card)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
