package onnx

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clipwright/clipwright/segment"
)

// engine returns an Engine, or ends the test where the library is not there: nothing here runs without it.
func engine(t testing.TB) *Engine {
	t.Helper()
	e := New(LibraryOptions{})
	if _, _, err := e.Library(); err != nil {
		t.Fatalf("%v\nRun `make setup` in the project's root first.", err)
	}
	return e
}

func model(t testing.TB, name string) segment.Model {
	t.Helper()
	data := probe
	if name != "probe" {
		var err error
		if data, err = os.ReadFile("testdata/" + name + ".onnx"); err != nil {
			t.Fatal(err)
		}
	}
	return segment.Model{Name: name, ONNX: data}
}

func open(t testing.TB, name string, o segment.Options) segment.Network {
	t.Helper()
	n, err := engine(t).Open(context.Background(), model(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// hashed fills a tensor as hashed() in testdata/generate.py does.
func hashed(channels, x, y, z int) segment.Tensor {
	t := segment.NewTensor(channels, [3]int{x, y, z})
	for i := range t.Data {
		t.Data[i] = float32(float64(uint32(i)*2654435761) / (1 << 32))
	}
	return t
}

// stored reads the logits that ONNX Runtime gave in Python for hashed(2, 28, 20, 12).
func stored(t testing.TB) []float32 {
	t.Helper()
	raw, err := os.ReadFile("testdata/probe.f32")
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}

func worst(a, b []float32) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

func TestLogitsAreThoseOfPython(t *testing.T) {
	want := stored(t)
	for _, provider := range []string{"cpu", "auto", ""} {
		n := open(t, "probe", segment.Options{Provider: provider})
		out := make([]float32, len(want))
		for range 3 { // the second pass reuses the buffers
			if err := n.Run(context.Background(), hashed(2, 28, 20, 12), out); err != nil {
				t.Fatal(err)
			}
			if d := worst(out, want); d > 1e-5 {
				t.Fatalf("provider %q: logits differ from Python's by %g", provider, d)
			}
			clear(out)
		}
		t.Logf("provider %q runs on %s %q", provider, n.Provider(), n.Notice())
	}
}

func TestShapesMayChangeBetweenPasses(t *testing.T) {
	n := open(t, "probe", segment.Options{Provider: "cpu"})
	first := make([]float32, 28*20*12)
	for _, size := range [][3]int{{28, 20, 12}, {32, 32, 32}, {8, 16, 4}, {28, 20, 12}} {
		out := make([]float32, size[0]*size[1]*size[2])
		if err := n.Run(context.Background(), hashed(2, size[0], size[1], size[2]), out); err != nil {
			t.Fatal(err)
		}
		first = out
	}
	if d := worst(first, stored(t)); d > 1e-5 {
		t.Errorf("after other shapes the logits differ by %g", d)
	}
}

func TestCancelStopsWithin200ms(t *testing.T) {
	n := open(t, "deep", segment.Options{Provider: "cpu"})
	const edge = 96
	in := hashed(1, edge, edge, edge)
	out := make([]float32, edge*edge*edge)
	for i := range out {
		out[i] = -1
	}
	for _, wait := range []time.Duration{0, 30 * time.Millisecond, 250 * time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		var cancelled time.Time
		time.AfterFunc(wait, func() { cancelled = time.Now(); cancel() })
		err := n.Run(ctx, in, out)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %v: %v, wanted context.Canceled", wait, err)
		}
		took := time.Since(cancelled)
		t.Logf("cancelled after %v: returned in %v", wait, took)
		if took > 200*time.Millisecond {
			t.Errorf("cancelled after %v: returned only after %v", wait, took)
		}
		if out[0] != -1 || out[len(out)-1] != -1 {
			t.Error("a cancelled pass wrote its output")
		}
	}
	// The network still works, on another shape.
	small := make([]float32, 16*16*16)
	if err := n.Run(context.Background(), hashed(1, 16, 16, 16), small); err != nil {
		t.Errorf("after a cancelled pass: %v", err)
	}
}

func TestCancelledBeforeItBegan(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n := open(t, "probe", segment.Options{Provider: "cpu"})
	if err := n.Run(ctx, hashed(2, 8, 8, 8), make([]float32, 512)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, wanted context.Canceled", err)
	}
}

func TestPassesFromManyGoroutines(t *testing.T) {
	want := stored(t)
	shared := open(t, "probe", segment.Options{Provider: "cpu"})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			n := shared
			if i%2 == 1 {
				own, err := engine(t).Open(context.Background(), model(t, "probe"), segment.Options{Provider: "cpu", Threads: 1})
				if err != nil {
					t.Error(err)
					return
				}
				defer own.Close()
				n = own
			}
			for range 5 {
				out := make([]float32, len(want))
				if err := n.Run(context.Background(), hashed(2, 28, 20, 12), out); err != nil {
					t.Error(err)
				} else if d := worst(out, want); d > 1e-5 {
					t.Errorf("logits differ by %g", d)
				}
			}
		})
	}
	wg.Wait()
}

func TestModelsThatAreRefused(t *testing.T) {
	card := segment.Card{Channels: make([]segment.Channel, 3)}
	for _, c := range []struct {
		name  string
		model segment.Model
		says  string
	}{
		{"empty", segment.Model{Name: "x"}, "not an ONNX file"},
		{"no ONNX", segment.Model{Name: "x", ONNX: []byte("this is a text, not a network")}, "not an ONNX file"},
		{"truncated", segment.Model{Name: "x", ONNX: probe[:len(probe)/2]}, "not an ONNX file"},
		{"other names", model(t, "names"), `an input "image"`},
		{"another card", segment.Model{Name: "x", ONNX: probe, Card: card}, "its card describes 3"},
	} {
		_, err := engine(t).Open(context.Background(), c.model, segment.Options{Provider: "cpu"})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, wanted one with %q", c.name, err, c.says)
		}
	}
	// Damage in the weights' structure that only ONNX Runtime can see.
	damaged := []byte(strings.Replace(string(probe), "Resize", "Rosize", 1))
	_, err := engine(t).Open(context.Background(), segment.Model{Name: "x", ONNX: damaged}, segment.Options{Provider: "cpu"})
	if err == nil || !strings.Contains(err.Error(), "Rosize") {
		t.Errorf("an operator that does not exist: error %v", err)
	}
}

func TestWrongChannelCount(t *testing.T) {
	n := open(t, "probe", segment.Options{Provider: "cpu"})
	err := n.Run(context.Background(), hashed(3, 8, 8, 8), make([]float32, 512))
	if err == nil || !strings.Contains(err.Error(), "takes 2 channels, the patch has 3") {
		t.Errorf("got %v", err)
	}
}

func TestTensorThatDoesNotFitPanics(t *testing.T) {
	n := open(t, "probe", segment.Options{Provider: "cpu"})
	defer func() {
		if recover() == nil {
			t.Error("an output of the wrong length did not panic")
		}
	}()
	n.Run(context.Background(), hashed(2, 8, 8, 8), make([]float32, 100))
}

func TestClosedNetwork(t *testing.T) {
	n, err := engine(t).Open(context.Background(), model(t, "probe"), segment.Options{Provider: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := n.Run(context.Background(), hashed(2, 8, 8, 8), make([]float32, 512)); !errors.Is(err, errClosed) {
		t.Errorf("got %v, wanted errClosed", err)
	}
}

// BenchmarkPatch96 times one 96^3 patch on the CPU, on the product's networks where they are built.
func BenchmarkPatch96(b *testing.B) {
	const edge = 96
	for _, name := range []string{"location", "segmentation", "deep"} {
		b.Run(name, func(b *testing.B) {
			m := segment.Model{Name: name}
			var err error
			if m.ONNX, err = os.ReadFile("../../models/" + name + ".onnx"); err != nil {
				if name != "deep" {
					b.Skip(err)
				}
				m = model(b, name)
			}
			n, err := engine(b).Open(context.Background(), m, segment.Options{Provider: "cpu"})
			if err != nil {
				b.Fatal(err)
			}
			defer n.Close()
			in := hashed(n.(*network).channels, edge, edge, edge)
			out := make([]float32, edge*edge*edge)
			if err := n.Run(context.Background(), in, out); err != nil { // pays for the buffers
				b.Fatal(err)
			}
			for b.Loop() {
				if err := n.Run(context.Background(), in, out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "patches/s")
		})
	}
}
