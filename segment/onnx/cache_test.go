package onnx

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/segment"
)

// keep opens the probe on WebGPU with a cache and returns the cache's one record.
func keep(t *testing.T, e *Engine, o segment.Options) (network segment.Network, name string, r record) {
	t.Helper()
	n, err := e.Open(context.Background(), model(t, "probe"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	all := readCache(e.options.Cache)
	if len(all) != 1 {
		t.Fatalf("the cache holds %v", all)
	}
	for name, r = range all {
	}
	return n, name, r
}

func TestSelfTestIsKeptOnDisk(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	path := filepath.Join(t.TempDir(), "sub", "selftest.json")
	e := New(LibraryOptions{Cache: path})
	n, name, r := keep(t, e, segment.Options{Provider: webgpu})
	if n.Provider() != webgpu || r.Nodes == 0 || r.PassMS <= 0 || r.CPUPassMS <= 0 || r.Refused != "" {
		t.Errorf("runs on %s; %+v", n.Provider(), r)
	}
	for _, part := range []string{webgpu, "SwiftShader", "driver 0x", "onnxruntime " + Version, "model "} {
		if !strings.Contains(name, part) {
			t.Errorf("%q does not name %q", name, part)
		}
	}

	// Another process does not test again: it believes what is written, here an answer that cannot be measured.
	write := func(change func(*record)) {
		changed := r
		change(&changed)
		next := New(LibraryOptions{Cache: path})
		next.change(trialKey{webgpu, 0, [32]byte{}}, func(all map[string]record, _ string) { clear(all); all[name] = changed })
	}
	write(func(r *record) { r.OnCPU = map[string]int{"Conv": 1}; r.Nodes = 77 })
	if n, _, _ := keep(t, New(LibraryOptions{Cache: path}), segment.Options{Provider: webgpu}); n.Notice() != "webgpu leaves 1 of 77 nodes to the CPU (1 Conv)" {
		t.Errorf("notice %q", n.Notice())
	}
	// A driver that took the program down is left alone by auto, and tried again when it is asked for.
	auto := func() segment.Network {
		next := New(LibraryOptions{Cache: path})
		next.software = true
		n, _, _ := keep(t, next, segment.Options{})
		return n
	}
	write(func(r *record) { r.Refused = errCrashed.Error() })
	if n := auto(); n.Provider() != cpu || !strings.Contains(n.Notice(), "ended the program") {
		t.Errorf("runs on %s, notice %q", n.Provider(), n.Notice())
	}
	if n, _, r := keep(t, New(LibraryOptions{Cache: path}), segment.Options{Provider: webgpu}); n.Provider() != webgpu || r.Refused != "" {
		t.Errorf("runs on %s; %+v", n.Provider(), r)
	}
	// An old result is no result, and neither is a damaged file.
	write(func(r *record) { r.Nodes = 77; r.Time = time.Now().Add(-2 * keptFor) })
	if _, _, r := keep(t, New(LibraryOptions{Cache: path}), segment.Options{Provider: webgpu}); r.Nodes == 77 {
		t.Error("a result of two months ago was believed")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, r := keep(t, New(LibraryOptions{Cache: path}), segment.Options{Provider: webgpu}); r.Nodes == 0 {
		t.Errorf("after a damaged file: %+v", r)
	}
}

func TestCacheIsBounded(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	engine(t)
	e := New(LibraryOptions{Cache: filepath.Join(t.TempDir(), "selftest.json")})
	for i := range mostRecords + 9 {
		e.remember(trialKey{webgpu, 0, [32]byte{byte(i)}}, trial{err: errors.New("wrong"), nodes: i})
	}
	if all := readCache(e.options.Cache); len(all) != mostRecords {
		t.Errorf("%d records", len(all))
	}
	last := trialKey{webgpu, 0, [32]byte{mostRecords + 8}}
	if got, ok := e.recall(last); !ok || got.nodes != mostRecords+8 || got.err == nil {
		t.Errorf("%+v, %v", got, ok)
	}
	e.forget(last)
	if _, ok := e.recall(last); ok {
		t.Error("what was forgotten is still there")
	}
	// Without the driver's version nothing is kept.
	e.remember(trialKey{directml, 5, [32]byte{}}, trial{})
	if _, ok := e.recall(trialKey{directml, 5, [32]byte{}}); ok {
		t.Error("a result of an unknown driver was kept")
	}
}
