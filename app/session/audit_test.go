package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	w.until("the warning", func() bool { n := w.View().Notice; return n != nil && strings.Contains(n.Text, "not being logged") })
	w.idle()
}

// TestTheLogIsWrittenInOrderAndBeforeTheEnd lets the disk be slower than the user.
func TestTheLogIsWrittenInOrderAndBeforeTheEnd(t *testing.T) {
	w := newWorld(t)
	w.deps.AuditDir = filepath.Join(t.TempDir(), "audit")
	w.OpenFolder("some/folder", "1.2")
	w.idle()
	w.Run()
	w.idle()
	slow := make(chan struct{})
	w.log.add(func() { <-slow })
	var want []string
	for i := range 40 {
		w.SetKept(1+i%3, i/3%2 == 1)
		want = append(want, w.Plan().Name)
	}
	released := w.Close()
	select {
	case <-released:
		t.Error("closed before the log was written")
	default:
	}
	close(slow)
	<-released
	events, err := w.AuditLog()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events[len(events)-len(want):] {
		got = append(got, e.Action)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
