package onnx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/clipwright/clipwright/segment"
)

// network is an open model. It implements segment.Network.
type network struct {
	model    segment.Model
	channels int
	threads  int
	behind   bool // passes on the CPU let everything else go first
	auto     bool // the provider was not asked for by name: it may be replaced

	mu       sync.Mutex // guards what follows
	session  runner
	provider string
	notice   string
	closed   bool
}

// runner is a session: passes data [c][z][y][x] of size (x, y, z) through the network into out.
type runner interface {
	run(ctx context.Context, data []float32, channels int, size [3]int, out []float32) error
	close() error
}

func (n *network) openCPU() error {
	s, err := openSession(n.model.Name, n.model.ONNX, sessionOptions{threads: n.threads, behind: n.behind})
	if err != nil {
		return fmt.Errorf("on the CPU: %w; the model may be damaged: fetch or build the program again", err)
	}
	n.session, n.provider = s, cpu
	return nil
}

// Run passes one patch in [c][z][y][x] through the network and writes its logits to out: [z][y][x], or as many as the card
// says that a patch as a whole has. It returns ctx.Err()
// within 200 ms of the end of ctx; out is then untouched. Should a GPU that auto chose fail, the pass is done again on the
// CPU, later passes stay there, and Notice says so. A tensor whose data do not fit its size is a programmer's error.
func (n *network) Run(ctx context.Context, in segment.Tensor, out []float32) error {
	voxels := in.Size[0] * in.Size[1] * in.Size[2]
	answers := cmp.Or(n.model.Card.Answers, voxels)
	if voxels <= 0 || in.Channels*voxels != len(in.Data) || answers != len(out) {
		panic(fmt.Sprintf("onnx: tensor of %d x %v with %d values and %d outputs", in.Channels, in.Size, len(in.Data), len(out)))
	}
	if in.Channels != n.channels {
		return fmt.Errorf("network %s takes %d channels, the patch has %d: the model's card describes other channels",
			n.model.Name, n.channels, in.Channels)
	}
	s, provider := n.current()
	err := s.run(ctx, in.Data, in.Channels, in.Size, out)
	if err == nil && provider != cpu {
		err = finite(out)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errClosed), provider == cpu:
		return fmt.Errorf("network %s on %v voxels: %w", n.model.Name, in.Size, err)
	case !n.auto:
		what := "failed"
		if ranOutOfMemory(err) {
			what = "ran out of memory"
		}
		return fmt.Errorf("network %s on %s %s on %v voxels: %w; choose the provider auto or cpu", n.model.Name, provider, what, in.Size, err)
	}
	if err := n.fallBack(s, err); err != nil {
		return err
	}
	return n.Run(ctx, in, out)
}

func (n *network) current() (runner, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.session, n.provider
}

// fallBack replaces a failed session by one on the CPU, unless another pass has done so already.
func (n *network) fallBack(failed runner, reason error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != failed || n.closed {
		return nil
	}
	was := n.provider
	if err := n.openCPU(); err != nil {
		return fmt.Errorf("%s failed (%w), and so did the CPU: %w", was, reason, err)
	}
	what := "failed"
	if ranOutOfMemory(reason) {
		what = "ran out of memory"
	}
	n.notice = fmt.Sprintf("%s %s during the run (%v); running on the CPU", was, what, reason)
	go failed.close() // a lost device may take its time
	return nil
}

// ranOutOfMemory tells from the words of a provider or its driver whether memory was short.
func ranOutOfMemory(err error) bool {
	text := strings.ToLower(err.Error())
	for _, words := range []string{
		"out of memory", "outofmemory", "out_of_memory", "failed to allocate", "available memory", "bad_alloc", "bad allocation",
		"8007000e", // E_OUTOFMEMORY
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// finite guards against a GPU that has lost its memory: it answers without an error, but not with numbers.
func finite(values []float32) error {
	for _, v := range values {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("the GPU gave a value that is not a number")
		}
	}
	return nil
}

// Provider names what the network runs on now.
func (n *network) Provider() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.provider
}

// Notice tells the user what was refused or replaced; empty when all is as asked.
func (n *network) Notice() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.notice
}

// Close waits for the pass under way and frees the network. A second Close does nothing.
func (n *network) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return n.session.close()
}
