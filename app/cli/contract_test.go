package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/segment"
)

// closedEngine fails the test when a network is opened.
type closedEngine struct {
	brightEngine
	t *testing.T
}

func (e closedEngine) Open(ctx context.Context, m segment.Model, o segment.Options) (segment.Network, error) {
	e.t.Error("a network was opened before it was seen that nothing can be written")
	return e.brightEngine.Open(ctx, m, o)
}

func TestWhatCannotBeWrittenIsSaidBeforeTheWork(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	ct, set := filepath.Join(dir, "ct"), filepath.Join(dir, "set.json")
	if err := os.WriteFile(set, []byte(`{"name": "one", "cases": [{"seed": 1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	out, nowhere := filepath.Join(dir, "out"), filepath.Join(dir, "nowhere", "out")
	image := filepath.Join(ct, "CT.0003.dcm")
	whole, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{ExitFailure, "no folder", []string{"segment", ct, "--out", nowhere}},
		{ExitFailure, "no folder", []string{"segment", ct, "--out", out, "--json", nowhere}},
		{ExitUsage, "same file", []string{"segment", ct, "--out", out, "--json", filepath.Join(dir, ".", "out"), "--force"}},
		{ExitFailure, "no folder", []string{"compare", "--ct", ct, dir + "/truth.dcm", dir + "/truth.dcm", "--json", nowhere}},
		{ExitFailure, "no folder", []string{"draft", "--ct", ct, "--clips", dir + "/truth.dcm", "--margin-mm", "5", "--out", nowhere}},
		{ExitUsage, "--threads", []string{"evaluate", "--cases", set, "--threads", "-1"}},
		{ExitUsage, "--limit", []string{"evaluate", "--cases", set, "--limit", "-1"}},
		{ExitUsage, "one recipe", []string{"recipes", "a", "b"}},
		{ExitFailure, "no structure set", []string{"segment", ct, "--out", image, "--force"}},
		{ExitFailure, "no structure set", []string{"draft", "--ct", ct, "--clips", dir + "/truth.dcm", "--margin-mm", "5", "--out", image, "--force"}},
		{ExitFailure, "DICOM file", []string{"segment", ct, "--out", out, "--json", image, "--force"}},
		{ExitFailure, "DICOM file", []string{"compare", "--ct", ct, dir + "/truth.dcm", dir + "/truth.dcm", "--json", dir + "/truth.dcm", "--force"}},
	} {
		code, stdout, errOut := call(t, func(d *Deps) { d.Engine = closedEngine{t: t} }, c.args...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%q: exit %d (want %d), said %q (want %q)\n%s", c.args, code, c.code, errOut, c.want, stdout)
		}
		if _, err := os.Lstat(out); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%q wrote", c.args)
		}
		if now, err := os.ReadFile(image); err != nil || !bytes.Equal(now, whole) {
			t.Fatalf("%q: an image of the CT is not what it was, %v", c.args, err)
		}
	}
}

func TestEvaluateMakesItsFoldersBeforeTheWork(t *testing.T) {
	dir := t.TempDir()
	set, report := filepath.Join(dir, "set.json"), filepath.Join(dir, "docs", "models.md")
	if err := os.WriteFile(set, []byte(`{"name": "one", "cases": [{"seed": 1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no library")
	if code, _, errOut := call(t, func(d *Deps) { d.Engine = brightEngine{refuse: refused} }, "evaluate", "--cases", set, "--markdown", report); code != ExitFailure || !strings.Contains(errOut, refused.Error()) {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	if _, err := os.Stat(filepath.Dir(report)); err != nil {
		t.Errorf("hours of measuring would end with %v", err)
	}
}

func TestClipsThatAreLeftOutAreSaidToBe(t *testing.T) {
	dir := writeCase(t, append(leftClips(), [3]int{75, 95, 37})...)
	result := filepath.Join(dir, "r.json")
	code, out, errOut := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", filepath.Join(dir, "rs.dcm"), "--json", result)
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	var r Result
	readJSON(t, result, &r)
	kept := 0
	for _, c := range r.Clips {
		if c.Kept {
			kept++
		}
		if c.Kept == slices.Contains(c.Flags, segment.FlagFar) {
			t.Errorf("clip %d, flags %q: kept is %v in the JSON file", c.ID, c.Flags, c.Kept)
		}
	}
	if kept != 4 {
		t.Errorf("%d clips are kept in the JSON file", kept)
	}
	left := ""
	for _, line := range strings.Split(out, "\n") {
		if strings.Contains(line, segment.FlagFar) {
			left += line
		}
	}
	if !strings.Contains(left, "left out") || !strings.Contains(out, "written: 4 clips, 1 left out") {
		t.Errorf("printed\n%s", out)
	}
}

func TestDraftKeepsTheNumbersOfClips(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	ct, truth := filepath.Join(dir, "ct"), filepath.Join(dir, "truth.dcm")
	var report dicom.Report
	loaded, err := readCT(context.Background(), ct, "", &report)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dicom.ReadStructureSet(truth, &report)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range set.Structures[0].Groups { // clips 1 and 3 were rejected, as it were
		set.Structures[0].Groups[i] = []int{0, 2, 4, 7, 8}[id]
	}
	renumbered, out := filepath.Join(dir, "renumbered.dcm"), filepath.Join(dir, "out.dcm")
	if err := dicom.WriteStructureSet(renumbered, set, loaded.series, false); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := call(t, nil, "draft", "--ct", ct, "--clips", renumbered, "--margin-mm", "5", "--out", out); code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	made, err := dicom.ReadStructureSet(out, &report)
	if err != nil {
		t.Fatal(err)
	}
	masks := made.Find("Clips_L").ClipMasks(loaded.volume.Grid)
	for _, id := range []int{2, 4, 7, 8} {
		if masks[id] == nil {
			t.Errorf("clip %d has another number now", id)
		}
	}
	if bed := made.Find("SurgicalBed"); bed == nil || !strings.Contains(bed.Description, "Clips 2, 4, 7, 8") {
		t.Errorf("bed %+v", bed.Description)
	}
}

func TestExportTellsWhatTheFilesHold(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	out := filepath.Join(dir, "ex")
	code, text, errOut := call(t, nil, "export", filepath.Join(dir, "ct"), "--rtstruct", filepath.Join(dir, "truth.dcm"), "--slice-mm", "1", "--out", out)
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	if !strings.Contains(text, "36 voxels, 0.144 cc") { // 4 clips of 3 voxels of 2 x 2 x 3 mm, three slices each
		t.Errorf("printed\n%s", text)
	}
}
