package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScanSaysWhatIsThereAndWhatIsNot(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	slice, err := os.ReadFile(filepath.Join(dir, "ct", "CT.0003.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"cut.dcm": slice[:700], "notes.txt": []byte("a note")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errOut := call(t, nil, "scan", dir)
	if code != ExitOK {
		t.Fatalf("%d %s", code, errOut)
	}
	for _, want := range []string{"40 images of 128 x 128, 3 mm apart", "RTSTRUCT truth.dcm", "warning: cut.dcm: left out: truncated", "note: 1 of 43 files are no DICOM"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if err := os.Truncate(filepath.Join(dir, "ct", "CT.0005.dcm"), int64(len(slice)-9)); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := call(t, nil, "scan", "--read", dir); code != ExitFailure || !strings.Contains(errOut, "1 of the series") || !strings.Contains(out, "truncated") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
	empty := t.TempDir()
	if code, _, errOut := call(t, nil, "scan", empty); code != ExitFailure || !strings.Contains(errOut, "no DICOM images found") {
		t.Errorf("%d %s", code, errOut)
	}
	if code, _, errOut := call(t, nil, "scan"); code != ExitUsage || !strings.Contains(errOut, "one folder") {
		t.Errorf("%d %s", code, errOut)
	}
}
