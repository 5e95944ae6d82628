package dicom

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStalledShare: a read that never returns ends with the file's name, and a cancelled one at once.
func TestStalledShare(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	hang := func(*reader, int) error { <-never; return nil }
	name := func(int) string { return "/share/slow.dcm" }
	err := inParallelReading(context.Background(), 1, 200*time.Millisecond, name, hang)
	wantError(t, err, "/share/slow.dcm", "no answer", "network share")

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	if err := inParallelReading(ctx, 1, time.Hour, name, hang); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a cancelled read held on for %v", took)
	}
}

// TestSlowShareIsNotStalled: bytes that come slowly but steadily are waited for.
func TestSlowShareIsNotStalled(t *testing.T) {
	slow := func(r *reader, _ int) error {
		for range 20 {
			time.Sleep(20 * time.Millisecond)
			r.pulse.beat()
		}
		return nil
	}
	if err := inParallelReading(context.Background(), 1, 300*time.Millisecond, func(int) string { return "x" }, slow); err != nil {
		t.Error(err)
	}
}

// TestHugeFolder scans 50,000 files, of which three are images.
func TestHugeFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 50,000 files")
	}
	dir := t.TempDir()
	for z := range 3 {
		writeFile(t, filepath.Join(dir, "im"+strings.Repeat("x", z)), rawCT(z).encode(syntaxExplicitLE))
	}
	first := filepath.Join(dir, "note")
	writeFile(t, first, []byte("a note that is no image"))
	for i := 3; i < 50000; i++ { // links to one file are files of their own that cost nothing to make
		if err := os.Link(first, filepath.Join(dir, "n"+strings.Repeat("0", i%100)+string(rune('a'+i/100%26))+string(rune('a'+i/2600)))); err != nil {
			t.Skip("no hard links here")
		}
	}
	start := time.Now()
	v, _, report, err := load(t, dir)
	if err != nil || v.Grid.Nz() != 3 {
		t.Fatal(err)
	}
	wantFinding(t, report, SeverityInfo, "of 50001 files")
	t.Logf("50,001 files in %v", time.Since(start))
}
