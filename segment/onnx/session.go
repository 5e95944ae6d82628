package onnx

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// abandonAfter is how long a cancelled pass is waited for before its caller gets its answer and the pass is left to end by
// itself: ONNX Runtime looks at the terminate flag between nodes only, and one node can take longer than a user waits.
const abandonAfter = 50 * time.Millisecond

var errClosed = errors.New("the network is closed")

// session is one ONNX Runtime session with the buffers of its last shape. One pass at a time: busy is a lock that can be
// waited for with a context.
type session struct {
	name string // of the model, for errors
	ort  *ort.DynamicAdvancedSession
	busy chan struct{}
	// behind lets everything else on the machine go first: a window that must not wait.
	behind bool

	// Guarded by busy.
	closed        bool
	shape         [5]int // channels, x, y, z and answers of the buffers
	input, output *ort.Tensor[float32]
	pinner        runtime.Pinner
}

type sessionOptions struct {
	gpu     *provider // nil for the CPU
	device  int
	threads int
	behind  bool
	profile string // prefix of the profile's path; empty for none
}

// openSession builds a session: sequential execution, all optimisations, no spinning between the nodes' loops.
func openSession(name string, model []byte, o sessionOptions) (*session, error) {
	so, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer so.Destroy()
	set := func(step error) { err = errors.Join(err, step) }
	set(so.SetExecutionMode(ort.ExecutionModeSequential))
	set(so.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll))
	set(so.SetIntraOpNumThreads(o.threads))
	set(so.SetInterOpNumThreads(1))
	set(so.SetLogSeverityLevel(ort.LoggingLevelFatal)) // errors come back as statuses
	set(so.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"))
	// Without the arena and with memory patterns a pass takes its memory in one block and gives it back: on a 16..256
	// channel net the arena kept 0.5 GB (0.9 GB with patterns) per network between passes, for a few per cent of time.
	set(so.SetCpuMemArena(false))
	set(so.SetMemPattern(o.gpu == nil || !o.gpu.fixedMemory))
	if o.profile != "" {
		set(so.EnableProfiling(o.profile))
	}
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	if o.gpu != nil {
		if err := o.gpu.enable(so, o.device); err != nil {
			return nil, plain(err)
		}
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{inputName}, []string{outputName}, so)
	if err != nil {
		return nil, plain(err)
	}
	return &session{name: name, ort: s, busy: make(chan struct{}, 1), behind: o.behind}, nil
}

// run passes data [c][z][y][x] of size (x, y, z) through the network into out, [z][y][x] or the answers of the whole patch. When ctx ends it returns ctx.Err()
// within about abandonAfter; the pass then ends in the background on buffers of its own, and the next run waits for it.
func (s *session) run(ctx context.Context, data []float32, channels int, size [3]int, out []float32) error {
	select {
	case s.busy <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	release := func() { <-s.busy }
	if s.closed {
		release()
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		release()
		return err
	}
	if err := s.prepare(channels, size, len(out)); err != nil {
		release()
		return err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		release()
		return err
	}
	copy(s.input.GetData(), data)
	done := make(chan error, 1)
	go func() {
		if s.behind {
			runtime.LockOSThread() // for good: the thread ends with the goroutine, and nothing else runs on it
			stepBack()
		}
		done <- s.ort.RunWithOptions([]ort.Value{s.input}, []ort.Value{s.output}, options)
	}()
	end := func(err error) error {
		if err == nil {
			copy(out, s.output.GetData())
		}
		options.Destroy()
		release()
		return err
	}
	select {
	case err := <-done:
		return end(err)
	case <-ctx.Done():
	}
	if err := options.Terminate(); err != nil {
		return errors.Join(ctx.Err(), end(<-done))
	}
	patience := time.NewTimer(abandonAfter)
	defer patience.Stop()
	select {
	case <-done:
		options.Destroy()
		release()
	case <-patience.C:
		go func() {
			<-done
			options.Destroy()
			release()
		}()
	}
	return ctx.Err()
}

// prepare makes the buffers fit a shape. The caller holds busy.
func (s *session) prepare(channels int, size [3]int, answers int) error {
	shape := [5]int{channels, size[0], size[1], size[2], answers}
	if s.shape == shape {
		return nil
	}
	s.free()
	x, y, z := int64(size[0]), int64(size[1]), int64(size[2])
	var err error
	if s.input, err = ort.NewEmptyTensor[float32](ort.NewShape(1, int64(channels), z, y, x)); err != nil {
		return fmt.Errorf("network %s: input of %d x %d x %d x %d: %w", s.name, channels, z, y, x, err)
	}
	out := ort.NewShape(1, 1, z, y, x)
	if int64(answers) != x*y*z {
		out = ort.NewShape(1, int64(answers))
	}
	if s.output, err = ort.NewEmptyTensor[float32](out); err != nil {
		s.free()
		return fmt.Errorf("network %s: output of %v: %w", s.name, out, err)
	}
	// The library keeps these addresses between calls.
	s.pinner.Pin(&s.input.GetData()[0])
	s.pinner.Pin(&s.output.GetData()[0])
	s.shape = shape
	return nil
}

func (s *session) free() {
	for _, t := range []*ort.Tensor[float32]{s.input, s.output} {
		if t != nil {
			t.Destroy()
		}
	}
	s.pinner.Unpin()
	s.input, s.output, s.shape = nil, nil, [5]int{}
}

// close waits for the pass that is under way and frees the session. A second close does nothing.
func (s *session) close() error {
	s.busy <- struct{}{}
	defer func() { <-s.busy }()
	if s.closed {
		return nil
	}
	s.closed = true
	s.free()
	return s.ort.Destroy()
}
