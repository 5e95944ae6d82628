package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	a := Autosave{Dir: filepath.Join(t.TempDir(), "work")}
	if w, err := a.Read("1.2.3"); w != nil || err != nil {
		t.Fatalf("nothing kept yet: %v, %v", w, err)
	}
	free := 3.5
	want := Work{
		Saved: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Voxels: [3]int{8, 8, 4}, Expected: 5, Boost: true,
		MarginMM: [6]float64{1, 2, 3, 4, 5, 6}, FreeMM: [6]*float64{&free}, Recipe: "gec-estro",
		Clips: []Clip{{ID: 2, Side: "L", CentreMM: volume.Vec{1, 2, 3}, VolumeMM3: 8, PeakHU: 900, Confidence: 0.7, Flags: []string{"large"}, Kept: true, Reviewed: true, Runs: []volume.Run{{X0: 1, X1: 3, Y: 2, Z: 1}}}},
	}
	for range 2 { // the second replaces the first
		if err := a.Write("1.2.3", want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := a.Read("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&want, got); d != "" {
		t.Error(d)
	}
	files, _ := os.ReadDir(a.Dir)
	if len(files) != 1 || strings.Contains(files[0].Name(), "1.2.3") {
		t.Errorf("files %v", files)
	}
	if err := a.Remove("1.2.3", want.Saved.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if w, err := a.Read("1.2.3"); w == nil || err != nil {
		t.Errorf("another program's work is gone: %v", err)
	}
	if err := a.Remove("1.2.3", want.Saved); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove("1.2.3", want.Saved); err != nil {
		t.Error(err)
	}
	if w, err := a.Read("1.2.3"); w != nil || err != nil {
		t.Errorf("after Remove: %v, %v", w, err)
	}
}

func TestEachProgramKeepsItsOwn(t *testing.T) {
	dir := t.TempDir()
	first, second, old := Autosave{Dir: dir, Program: "a1"}, Autosave{Dir: dir, Program: "b2"}, Autosave{Dir: dir}
	at := func(minute int) Work {
		return Work{Saved: time.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC), Expected: minute}
	}
	for _, err := range []error{old.Write("1", at(1)), first.Write("1", at(3)), second.Write("1", at(2)), second.Write("12", at(5)), first.Write("1", at(4))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	kept := func() (minutes []int) {
		all, err := second.All("1")
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range all {
			minutes = append(minutes, w.Expected)
		}
		return minutes
	}
	if d := cmp.Diff([]int{4, 2, 1}, kept()); d != "" {
		t.Error(d)
	}
	if err := first.Remove("1", at(2).Saved, at(3).Saved); err != nil { // the second's; of its own an earlier one
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{4, 1}, kept()); d != "" {
		t.Error(d)
	}
	if w, err := old.Read("1"); err != nil || w.Expected != 4 {
		t.Errorf("the newest is %+v, %v", w, err)
	}
}

func TestABrokenFileIsPutAside(t *testing.T) {
	a := Autosave{Dir: t.TempDir()}
	if err := os.WriteFile(a.path("1"), []byte(`{"clips": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read("1"); err == nil || !strings.Contains(err.Error(), ".unreadable") {
		t.Errorf("error %v does not name the file", err)
	}
	if _, err := os.Stat(a.path("1") + ".unreadable"); err != nil {
		t.Error(err)
	}
	if w, err := a.Read("1"); w != nil || err != nil {
		t.Errorf("the second time: %v, %v", w, err)
	}
}

func TestMaskRefusesVoxelsOutsideTheCT(t *testing.T) {
	g := volume.NewUniformGrid(8, 8, 4, 1, 1, 1, volume.Vec{})
	c := Clip{Runs: []volume.Run{{X0: 6, X1: 8, Y: 7, Z: 3}}}
	if m, ok := c.Mask(g); !ok || m.Count() != 2 {
		t.Errorf("mask %v, %v", m, ok)
	}
	for _, r := range []volume.Run{{X0: 6, X1: 9, Y: 7, Z: 3}, {X0: -1, X1: 1}, {X0: 2, X1: 2}, {X0: 0, X1: 1, Z: 4}} {
		c.Runs = []volume.Run{r}
		if _, ok := c.Mask(g); ok {
			t.Errorf("run %v taken", r)
		}
	}
}
