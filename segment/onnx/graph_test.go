package onnx

import (
	"errors"
	"os"
	"testing"
)

func TestCheckGraph(t *testing.T) {
	for name, channels := range map[string]int{"probe": 2, "deep": 1, "mixed": 1} {
		if got, err := checkGraph(model(t, name).ONNX, 0); got != channels || err != nil {
			t.Errorf("%s: %d channels, %v", name, got, err)
		}
	}
	if _, err := checkGraph(model(t, "names").ONNX, 0); !errors.Is(err, errGraph) {
		t.Errorf("another input name: %v", err)
	}
	accepted := 0
	for n := range len(probe) {
		_, err := checkGraph(probe[:n], 0)
		if err == nil {
			accepted++ // cut behind the graph: ONNX Runtime is to judge that
		} else if !errors.Is(err, errGraph) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if accepted > 16 {
		t.Errorf("%d of %d truncations were accepted", accepted, len(probe))
	}
}

func FuzzCheckGraph(f *testing.F) {
	f.Add(probe)
	if data, err := os.ReadFile("testdata/mixed.onnx"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := checkGraph(data, 0); err != nil && !errors.Is(err, errGraph) {
			t.Error(err)
		}
	})
}
