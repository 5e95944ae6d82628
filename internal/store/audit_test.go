package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAuditOnlyGrowsAndNamesNoSeries(t *testing.T) {
	a := Audit{Dir: filepath.Join(t.TempDir(), "audit")}
	if events, err := a.Read("1.2.3"); err != nil || events != nil {
		t.Fatalf("an absent log gives %v, %v", events, err)
	}
	for _, action := range []string{"Open", "Reject clip 3"} {
		if err := a.Append("1.2.3", Event{Time: time.Unix(1, 0).UTC(), User: "doctor", Action: action, Models: []string{"ab"}}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(a.path("1.2.3"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"20`); err != nil { // a crash
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	events, err := a.Read("1.2.3")
	if err != nil || len(events) != 2 || events[1].Action != "Reject clip 3" || events[0].User != "doctor" || events[0].Models[0] != "ab" {
		t.Errorf("read %+v, %v", events, err)
	}
	if strings.Contains(a.path("1.2.3"), "1.2.3") {
		t.Error("the file names the series")
	}
	if other, err := a.Read("1.2.4"); err != nil || other != nil {
		t.Errorf("another series has the log %v, %v", other, err)
	}
	blocked := Audit{Dir: a.path("1.2.3")}
	if err := blocked.Append("1", Event{}); err == nil {
		t.Error("a folder that cannot be made is no error")
	}
}

func TestAnEventAfterACrashIsNotLostWithTheLineItCutShort(t *testing.T) {
	a := Audit{Dir: t.TempDir()}
	if err := os.WriteFile(a.path("1.2.3"), []byte(`{"time":"20`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"Open CT", "Find clips"} {
		if err := a.Append("1.2.3", Event{Action: action}); err != nil {
			t.Fatal(err)
		}
	}
	events, err := a.Read("1.2.3")
	if err != nil || len(events) != 2 || events[0].Action != "Open CT" || events[1].Action != "Find clips" {
		t.Errorf("read %+v, %v", events, err)
	}
}
