package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/segment"
)

// countingEngine counts how often a network is run for a case, and stops the run when asked.
type countingEngine struct {
	brightEngine
	runs *int
	stop func()
}

func (e countingEngine) Open(ctx context.Context, m segment.Model, o segment.Options) (segment.Network, error) {
	n, err := e.brightEngine.Open(ctx, m, o)
	return countingNetwork{n, e}, err
}

type countingNetwork struct {
	segment.Network
	of countingEngine
}

func (n countingNetwork) Run(ctx context.Context, in segment.Tensor, out []float32) error {
	*n.of.runs++
	if n.of.stop != nil {
		n.of.stop()
	}
	return n.Network.Run(ctx, in, out)
}

func rows(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBatchIsResumedAndABrokenCaseIsARow(t *testing.T) {
	root, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for _, name := range []string{"a", "c"} {
		if err := os.Rename(writeCase(t, leftClips()...), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "b", "note.txt"), []byte("no CT"), 0o600); err != nil {
		t.Fatal(err)
	}
	counted := 0
	batch := func(more ...string) (int, string, string) {
		counted = 0
		return call(t, func(d *Deps) { d.Engine = countingEngine{runs: &counted} }, append([]string{"batch", root, "--out", out, "--margin-mm", "5"}, more...)...)
	}
	code, text, errOut := batch()
	if code != ExitOK || !strings.Contains(text, "3 cases:") || !strings.Contains(text, "1 failed") || counted == 0 {
		t.Fatalf("%d %s %s, %d runs", code, text, errOut, counted)
	}
	all := rows(t, filepath.Join(out, "summary.csv"))
	if len(all) != 4 || all[2][0] != "b" || all[2][1] != "failed" || all[2][8] == "" || all[1][2] != "4" || !strings.Contains(all[1][4], "CTVsb_High") {
		t.Errorf("%q", all)
	}
	if _, err := os.Stat(filepath.Join(out, "a", "rs.dcm")); err != nil {
		t.Error(err)
	}

	if code, _, errOut = batch(); code != ExitOK || counted != 0 {
		t.Errorf("done twice: %d, %d runs %s", code, counted, errOut)
	}
	// A run that was killed leaves a set without its record: that case alone is done again.
	if err := os.Remove(filepath.Join(out, "c", "record.json")); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut = batch(); code != ExitOK || counted == 0 || len(rows(t, filepath.Join(out, "summary.csv"))) != 4 {
		t.Errorf("after a kill: %d, %d runs %s", code, counted, errOut)
	}
	if code, _, errOut = call(t, nil, "batch", root, "--out", out, "--margin-mm", "7"); code != ExitFailure || !strings.Contains(errOut, "other settings") {
		t.Errorf("other settings: %d %s", code, errOut)
	}
	if code, _, errOut = call(t, nil, "batch", root, "--out", root); code != ExitFailure || !strings.Contains(errOut, "no results of this command") {
		t.Errorf("a folder of other files: %d %s", code, errOut)
	}
	if code, _, _ = call(t, nil, "batch", root); code != ExitUsage {
		t.Errorf("no --out: %d", code)
	}
}

func TestBatchThatIsStoppedKeepsWhatIsDone(t *testing.T) {
	root, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for _, name := range []string{"a", "b"} {
		if err := os.Rename(writeCase(t, leftClips()...), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	counted := 0
	stop := func() {
		if _, err := os.Stat(filepath.Join(out, "a", "record.json")); err == nil { // within the second case
			cancel()
		}
	}
	var deps Deps
	call(t, func(d *Deps) { deps = *d }, "recipes")
	deps.Engine = countingEngine{runs: &counted, stop: stop}
	if code := Run(ctx, deps, []string{"batch", root, "--out", out}); code == ExitOK {
		t.Fatal("it was not stopped")
	}
	if _, err := os.Stat(filepath.Join(out, "b", "record.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a case has a record: %v", err)
	}
	if code, text, errOut := call(t, nil, "batch", root, "--out", out); code != ExitOK || len(rows(t, filepath.Join(out, "summary.csv"))) != 3 {
		t.Errorf("%d %s %s", code, text, errOut)
	}
}
