package onnx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clipwright/clipwright/segment"
)

const (
	// testEdgeVox is the edge of the self-test's tensor, the smallest that the product's networks take.
	testEdgeVox = 32
	// parityTolerance bounds the difference of logits from the CPU's, relative to the largest logit or 1. Single precision
	// in another order of summation stays below 1e-4 on our networks; a wrong kernel is off by whole units.
	parityTolerance = 1e-3
	// slowFactor is how much longer than the CPU auto lets a GPU take on the self-test's tensor: so small a tensor is mostly
	// overhead on a real GPU, while a software rasteriser takes tens of times as long.
	slowFactor = 2
)

var (
	// errProvider marks the refusal of a provider that was asked for by name.
	errProvider = errors.New("provider")
	// errAbsent marks a provider that does not open at all here, as against one that opens and is refused.
	errAbsent = errors.New("is not available")
	// errFailed marks a self-test that did not run to its end, perhaps only this time.
	errFailed = errors.New("failed the self-test")
	// errCrashed stands in the cache while a self-test runs, and stays there when it took the program down.
	errCrashed = errors.New("ended the program in an earlier self-test (`clipwright doctor` tests it anew)")
)

// trial is how a provider did on the self-test of a model.
type trial struct {
	err         error
	logits      []float32 // of the CPU's trial only
	parityError float64
	pass        time.Duration // second pass, on testEdgeVox^3
	cpuPass     time.Duration // the same on the CPU
	nodes       int           // nodes of the optimised graph; 0 when unknown
	onCPU       map[string]int
}

// refusal says why the provider is not to be used; auto rather takes the CPU than a GPU that is slower.
func (t trial) refusal(auto bool) error {
	if t.err != nil {
		return t.err
	}
	if auto && t.pass > slowFactor*t.cpuPass {
		return fmt.Errorf("is slower than the CPU (%.0f ms against %.0f ms for %d^3 voxels)",
			milliseconds(t.pass), milliseconds(t.cpuPass), testEdgeVox)
	}
	return nil
}

// placementNotice says how many nodes the provider left to the CPU, and which; empty when none.
func (t trial) placementNotice(name string) string {
	if len(t.onCPU) == 0 {
		return ""
	}
	left := 0
	var kinds []string
	for _, op := range slices.Sorted(maps.Keys(t.onCPU)) {
		left += t.onCPU[op]
		kinds = append(kinds, fmt.Sprintf("%d %s", t.onCPU[op], op))
	}
	return fmt.Sprintf("%s leaves %d of %d nodes to the CPU (%s)", name, left, t.nodes, strings.Join(kinds, ", "))
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// testTensor is reproducible noise in [0, 1): neighbours differ, as at the edge of a clip.
func testTensor(channels, edge int) segment.Tensor {
	t := segment.Tensor{Channels: channels, Size: [3]int{edge, edge, edge}, Data: make([]float32, channels*edge*edge*edge)}
	for i := range t.Data {
		t.Data[i] = float32(float64(uint32(i)*2654435761) / (1 << 32))
	}
	return t
}

// tryCPU runs the self-test on the CPU: the answer and the time that the GPU is held against.
func tryCPU(ctx context.Context, n *network) (trial, error) {
	var t trial
	s, err := openSession(n.model.Name, n.model.ONNX, sessionOptions{threads: n.threads})
	if err != nil {
		return t, fmt.Errorf("the CPU's own self-test: %w", err)
	}
	defer s.close()
	if t.logits, t.pass, err = twoPasses(ctx, s, n.channels); err != nil {
		return t, fmt.Errorf("the CPU's own self-test: %w", err)
	}
	return t, nil
}

// tryGPU runs the self-test on an open GPU session, and once more under the profiler, which tells where each node ran.
func tryGPU(ctx context.Context, s *session, n *network, o sessionOptions, reference trial) trial {
	t := trial{cpuPass: reference.pass}
	logits, pass, err := twoPasses(ctx, s, n.channels)
	if err != nil {
		t.err = fmt.Errorf("%w: %w", errFailed, err)
		return t
	}
	t.pass = pass
	if t.parityError, t.err = parity(logits, reference.logits); t.err != nil {
		return t
	}
	perProvider, err := placement(ctx, n, o)
	if err != nil {
		t.err = fmt.Errorf("%w: cannot tell where its nodes run: %w", errFailed, err)
		return t
	}
	for name, ops := range perProvider {
		for op, count := range ops {
			t.nodes += count
			if name != o.gpu.ortName {
				if t.onCPU == nil {
					t.onCPU = map[string]int{}
				}
				t.onCPU[op] += count
			}
		}
	}
	if len(perProvider[o.gpu.ortName]) == 0 {
		t.err = errors.New("left every node to the CPU")
	}
	return t
}

// twoPasses returns the logits of the test tensor and the time of the second pass: the first compiles kernels.
func twoPasses(ctx context.Context, s *session, channels int) (logits []float32, second time.Duration, err error) {
	in := testTensor(channels, testEdgeVox)
	logits = make([]float32, testEdgeVox*testEdgeVox*testEdgeVox)
	for range 2 {
		start := time.Now()
		if err := s.run(ctx, in.Data, channels, in.Size, logits); err != nil {
			return nil, 0, err
		}
		second = time.Since(start)
	}
	return logits, second, nil
}

// parity returns the largest difference between two sets of logits, and an error when it is beyond parityTolerance.
func parity(got, want []float32) (float64, error) {
	worst, largest := 0.0, 1.0
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			return d, errors.New("gave a value that is not a number in the self-test")
		}
		worst = max(worst, d)
		largest = max(largest, math.Abs(float64(w)))
	}
	if worst > parityTolerance*largest {
		return worst, fmt.Errorf("differs from the CPU by %.3g in the self-test (largest logit %.3g, allowed %.3g)",
			worst, largest, parityTolerance*largest)
	}
	return worst, nil
}

// placement counts, for each of ONNX Runtime's providers, the nodes it ran by operator.
func placement(ctx context.Context, n *network, o sessionOptions) (map[string]map[string]int, error) {
	folder, err := os.MkdirTemp("", "clipwright-selftest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	o.profile = filepath.Join(folder, "profile")
	s, err := openSession(n.model.Name, n.model.ONNX, o)
	if err != nil {
		return nil, err
	}
	in := testTensor(n.channels, testEdgeVox)
	err = s.run(ctx, in.Data, n.channels, in.Size, make([]float32, len(in.Data)/n.channels))
	if err := errors.Join(err, s.close()); err != nil { // closing writes the profile
		return nil, err
	}
	files, err := filepath.Glob(o.profile + "*")
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("ONNX Runtime wrote %d profiles: %w", len(files), err)
	}
	profile, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	return readProfile(profile)
}

// readProfile counts the nodes in a profile that ONNX Runtime wrote. Nodes that only reckon with shapes are left out: they
// belong on the CPU, where ONNX Runtime puts them on purpose.
func readProfile(profile []byte) (map[string]map[string]int, error) {
	var events []struct {
		Category string `json:"cat"`
		Name     string `json:"name"`
		Args     struct {
			Provider string               `json:"provider"`
			Operator string               `json:"op_name"`
			Outputs  []map[string][]int64 `json:"output_type_shape"` // element type: shape
		} `json:"args"`
	}
	if err := json.Unmarshal(profile, &events); err != nil {
		return nil, fmt.Errorf("reading ONNX Runtime's profile: %w", err)
	}
	perProvider := map[string]map[string]int{}
	for _, e := range events {
		if e.Category != "Node" || !strings.HasSuffix(e.Name, "_kernel_time") {
			continue
		}
		integers := 0
		for _, output := range e.Args.Outputs {
			if _, ok := output["int64"]; ok {
				integers++
			}
		}
		if integers > 0 && integers == len(e.Args.Outputs) {
			continue
		}
		if perProvider[e.Args.Provider] == nil {
			perProvider[e.Args.Provider] = map[string]int{}
		}
		perProvider[e.Args.Provider][e.Args.Operator]++
	}
	return perProvider, nil
}
