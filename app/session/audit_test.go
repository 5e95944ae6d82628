package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsDoneIsLoggedWithoutNames(t *testing.T) {
	w := newWorld(t)
	w.deps.AuditDir = filepath.Join(t.TempDir(), "audit")
	w.deps.Location.Card.SHA256, w.deps.Segmentation.Card.SHA256 = strings.Repeat("a", 64), strings.Repeat("b", 64)
	w.OpenFolder("/somewhere/Test^One", "1.2")
	w.idle()
	w.Run()
	w.idle()
	w.SetKept(2, false)
	w.idle()
	w.Undo()
	w.Redo()
	w.Save(filepath.Join(t.TempDir(), "Test^One.dcm"), false)
	w.idle()
	events, err := w.AuditLog()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(AuditText(events), "\n")
	for _, want := range []string{"Open CT", "Networks searched: 3 clips", "on CPU", "network aaaaaaaaaaaa", "Reject clip 2", "Undo: Reject clip 2", "Redo: Reject clip 2", "Save RTSTRUCT: draft, 2 clips not reviewed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	files, err := os.ReadDir(w.deps.AuditDir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d logs, %v", len(files), err)
	}
	b, err := os.ReadFile(filepath.Join(w.deps.AuditDir, files[0].Name()))
	if err != nil || strings.Contains(string(b)+files[0].Name(), "Test") || strings.Contains(string(b), "1.2\"") {
		t.Errorf("the log names the patient: %s", b)
	}
	w.deps.AuditDir = filepath.Join(w.deps.AuditDir, files[0].Name()) // no folder
	w.SetKept(1, false)
	if n := w.View().Notice; n == nil || !strings.Contains(n.Text, "not being logged") {
		t.Errorf("a log that cannot be written is not said: %+v", n)
	}
	w.idle()
}
