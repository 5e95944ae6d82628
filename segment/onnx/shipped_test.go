package onnx

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/clipwright/clipwright/segment"
)

// shippedParity is the largest difference of a logit between PyTorch and Go that counts as the same network.
const shippedParity = 1e-3

// npy reads a float32 .npy file and its shape.
func npy(t *testing.T, path string) (shape []int, values []float32) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 10 + int(binary.LittleEndian.Uint16(b[8:]))
	head := string(b[10:n])
	if !bytes.Contains(b[10:n], []byte("'<f4'")) {
		t.Fatalf("%s holds %s, not float32", path, head)
	}
	dims := regexp.MustCompile(`\(([^)]*)\)`).FindStringSubmatch(head)
	for _, d := range regexp.MustCompile(`\d+`).FindAllString(dims[1], -1) {
		v, err := strconv.Atoi(d)
		if err != nil {
			t.Fatal(err)
		}
		shape = append(shape, v)
	}
	values = make([]float32, (len(b)-n)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[n+4*i:]))
	}
	return shape, values
}

// TestShippedNetworksGivePyTorchsLogits runs the networks that ship on the tensors that export.py stored
// with PyTorch's own answer.
func TestShippedNetworksGivePyTorchsLogits(t *testing.T) {
	models := filepath.Join("..", "..", "models")
	for _, name := range []string{"location", "segmentation", "detail"} {
		t.Run(name, func(t *testing.T) {
			graph, err := os.ReadFile(filepath.Join(models, name+".onnx"))
			if err != nil {
				t.Fatal(err)
			}
			card, err := os.ReadFile(filepath.Join(models, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := segment.NewModel(name, graph, card)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Verify(); err != nil {
				t.Fatal(err)
			}
			net, err := engine(t).Open(context.Background(), m, segment.Options{Provider: "cpu"})
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			shape, input := npy(t, filepath.Join(models, "testdata", name+"_input.npy"))
			_, want := npy(t, filepath.Join(models, "testdata", name+"_logits.npy"))
			if len(shape) != 5 || shape[1] != len(m.Card.Channels) {
				t.Fatalf("stored input is %v, the card has %d channels", shape, len(m.Card.Channels))
			}
			got := make([]float32, len(want))
			in := segment.Tensor{Channels: shape[1], Size: [3]int{shape[4], shape[3], shape[2]}, Data: input}
			if err := net.Run(context.Background(), in, got); err != nil {
				t.Fatal(err)
			}
			if d := worst(got, want); !(d <= shippedParity) {
				t.Errorf("logits differ from PyTorch's by %g", d)
			}
		})
	}
}
