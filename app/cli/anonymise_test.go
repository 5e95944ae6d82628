package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnonymiseACase(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	out := filepath.Join(t.TempDir(), "anon")
	code, text, errOut := call(t, nil, "anonymise", dir, "--out", out, "--as", "Case 7")
	if code != ExitOK || !strings.Contains(text, "40 slices and 1 structure sets") {
		t.Fatalf("%d %s %s", code, text, errOut)
	}
	if code, text, errOut = call(t, nil, "qa", out); code != ExitOK || !strings.Contains(text, "rs1.dcm") {
		t.Errorf("qa of what was written: %d %s %s", code, text, errOut)
	}
	if code, _, errOut = call(t, nil, "anonymise", dir, "--out", out); code != ExitFailure || !strings.Contains(errOut, "empty") {
		t.Errorf("a full folder: %d %s", code, errOut)
	}
	if code, _, _ = call(t, nil, "anonymise", dir); code != ExitUsage {
		t.Errorf("no --out: %d", code)
	}
	if _, err := os.Stat(filepath.Join(out, "ct", "CT.0001.dcm")); err != nil {
		t.Error(err)
	}
}
