package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInsertIntoACTFolder makes a phantom CT, takes it for a real one, and puts other clips into it.
func TestInsertIntoACTFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a phantom")
	}
	host, out := filepath.Join(t.TempDir(), "host"), filepath.Join(t.TempDir(), "out")
	if code, _, errOut := call(t, nil, "phantom", "--seed", "21", "--size", "small", "--out", host); code != 0 {
		t.Fatal(errOut)
	}
	code, said, errOut := call(t, nil, "phantom", "--seed", "5", "--insert", filepath.Join(host, "ct"), "--out", out)
	if code != 0 || !strings.Contains(said, "60 slices") {
		t.Fatalf("exit %d, %q, %s", code, said, errOut)
	}
	files, err := os.ReadDir(filepath.Join(out, "ct"))
	if err != nil || len(files) != 60 {
		t.Errorf("%d CT files, %v", len(files), err)
	}
	code, said, errOut = call(t, nil, "compare", "--ct", filepath.Join(out, "ct"), filepath.Join(out, "truth.dcm"), filepath.Join(out, "truth.dcm"))
	if code != 0 || !strings.Contains(said, "0 missed, 0 false") {
		t.Errorf("exit %d, %q, %s", code, said, errOut)
	}
}

func TestInsertNamesWhatIsNotThere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nothing")
	code, _, errOut := call(t, nil, "phantom", "--insert", missing, "--out", filepath.Join(t.TempDir(), "out"))
	if code != 1 || !strings.Contains(errOut, missing) {
		t.Errorf("exit %d, %q", code, errOut)
	}
	empty := t.TempDir()
	code, _, errOut = call(t, nil, "phantom", "--insert", empty, "--out", filepath.Join(t.TempDir(), "out"))
	if code != 1 || !strings.Contains(errOut, empty) {
		t.Errorf("exit %d, %q", code, errOut)
	}
}
