package onnx

import (
	"context"
	"crypto/sha256"
	_ "embed" // probe
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clipwright/clipwright/segment"
)

// probe is a network of a few kilobytes made of the operators that ours are made of (testdata/generate.py).
//
//go:embed probe.onnx
var probe []byte

// LibraryOptions says how an Engine finds the library and what it measures providers with. The zero value is useful.
type LibraryOptions struct {
	Path  string        // of the library; empty means LibraryPath
	Probe segment.Model // what Providers measures with; without ONNX bytes a tiny network that ships with the package
	// Cache is the file that keeps how providers did on the self-test, by driver, library and model, so that the next
	// start need not test again; empty keeps it for this process alone.
	Cache string
}

// Engine opens networks on ONNX Runtime. It loads the library at the first Open or Providers, and remembers for the life
// of the process how each provider did on each model.
type Engine struct {
	options LibraryOptions
	trials  chan map[trialKey]trial // holds the one map: a lock that can be waited for with a context
	// software lets auto try a GPU that is a CPU in disguise, which is slower than the CPU itself; for tests.
	software bool
	retest   bool // take nothing from Cache
}

type trialKey struct {
	provider string
	device   int
	model    [sha256.Size]byte
}

// New returns an Engine. It touches no file yet.
func New(o LibraryOptions) *Engine {
	e := &Engine{options: o, trials: make(chan map[trialKey]trial, 1)}
	e.trials <- map[trialKey]trial{}
	return e
}

// Library loads the library if need be and returns its path and version.
func (e *Engine) Library() (path, version string, err error) {
	path, err = load(e.options.Path)
	return path, Version, err
}

// Open opens a model on the provider that o names; empty means auto. Auto takes the first GPU provider that opens, agrees
// with the CPU on a small tensor and is not slower there, else the CPU, and the network's Notice says what was refused. A
// provider that is named opens or the error says why not and what to do; it is held to the same self-test, but may be slow.
func (e *Engine) Open(ctx context.Context, m segment.Model, o segment.Options) (segment.Network, error) {
	n, err := e.open(ctx, m, o)
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errProvider):
		return nil, fmt.Errorf("opening network %s: %w; or choose the provider auto or cpu", m.Name, err)
	}
	return nil, fmt.Errorf("opening network %s: %w", m.Name, err)
}

func (e *Engine) open(ctx context.Context, m segment.Model, o segment.Options) (*network, error) {
	if _, err := load(e.options.Path); err != nil {
		return nil, err
	}
	channels, err := checkGraph(m.ONNX, m.Card.Answers)
	if err != nil {
		return nil, fmt.Errorf("%w; fetch or build the program again, or name another model", err)
	}
	if c := len(m.Card.Channels); c > 0 && channels > 0 && c != channels {
		return nil, fmt.Errorf("%w: it takes %d channels, its card describes %d: model and card do not belong together",
			errGraph, channels, c)
	}
	if channels == 0 {
		channels = len(m.Card.Channels)
	}
	if channels == 0 {
		return nil, fmt.Errorf("%w: neither it nor its card says how many channels it takes", errGraph)
	}
	n := &network{model: m, channels: channels, threads: threads(o.Threads), behind: o.Threads < 0}
	switch o.Provider {
	case cpu:
		err = n.openCPU()
	case auto, "":
		n.auto = true
		err = e.openAuto(ctx, n, o.Device)
	default:
		err = e.openNamed(ctx, n, o)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (e *Engine) openNamed(ctx context.Context, n *network, o segment.Options) error {
	p, err := findProvider(o.Provider)
	if err != nil {
		return err
	}
	s, t, err := e.openTried(ctx, p, n, o.Device)
	if err != nil {
		return fmt.Errorf("%w %s %w; %s", errProvider, p.name, err, p.advice)
	}
	n.session, n.provider, n.notice = s, p.name, t.placementNotice(p.name)
	return nil
}

func (e *Engine) openAuto(ctx context.Context, n *network, device int) error {
	var refused []string
	for _, p := range gpuProviders() {
		if !p.here() || !e.software && softwareGPU(p.name) {
			continue
		}
		s, t, err := e.openTried(ctx, p, n, device)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			n.session, n.provider, n.notice = s, p.name, t.placementNotice(p.name)
			return nil
		}
		if !errors.Is(err, errAbsent) {
			refused = append(refused, p.name+" "+err.Error())
		}
	}
	if err := n.openCPU(); err != nil {
		return err
	}
	n.notice = "no GPU provider opens here (`clipwright doctor` says why); running on the CPU"
	if len(refused) > 0 {
		n.notice = strings.Join(refused, "; ") + "; running on the CPU"
	}
	return nil
}

// openTried opens a session on a GPU provider, with the self-test passed now or earlier in this process. For auto a
// provider that is slower than the CPU has not passed.
func (e *Engine) openTried(ctx context.Context, p provider, n *network, device int) (*session, trial, error) {
	key := trialKey{p.name, device, sha256.Sum256(n.model.ONNX)}
	var trials map[trialKey]trial
	select {
	case trials = <-e.trials:
	case <-ctx.Done():
		return nil, trial{}, ctx.Err()
	}
	defer func() { e.trials <- trials }()
	if err := p.checkDevice(device); err != nil {
		return nil, trial{}, err
	}
	t, known := trials[key]
	if !known && !e.retest {
		t, known = e.recall(key)
		known = known && (t.err == nil || n.auto) // what is asked for by name gets another chance
		if known {
			trials[key] = t
		}
	}
	if known {
		if err := t.refusal(n.auto); err != nil {
			return nil, t, err
		}
	}
	// A driver may end the whole program. The next start then finds this and leaves the provider alone.
	if !known {
		e.remember(key, trial{err: errCrashed})
	}
	options := sessionOptions{gpu: &p, device: device, threads: n.threads}
	s, err := openSession(n.model.Name, n.model.ONNX, options)
	if err != nil {
		t.err = fmt.Errorf("%w: %w", errAbsent, err)
		trials[key] = t
		e.forget(key)
		return nil, t, t.err
	}
	if known {
		return s, t, nil
	}
	cpuKey := trialKey{provider: cpu, model: key.model}
	reference, known := trials[cpuKey]
	if !known {
		if reference, err = tryCPU(ctx, n); err != nil {
			s.close()
			e.forget(key)
			return nil, t, err
		}
		trials[cpuKey] = reference
	}
	t = tryGPU(ctx, s, n, options, reference)
	if ctx.Err() == nil {
		trials[key] = t
	}
	if ctx.Err() != nil || errors.Is(t.err, errFailed) {
		e.forget(key)
	} else {
		e.remember(key, t)
	}
	if err := t.refusal(n.auto); err != nil {
		s.close()
		return nil, t, err
	}
	return s, t, nil
}

// Devices names the devices that Options.Device chooses among for a provider; it loads nothing.
func (e *Engine) Devices(provider string) []string {
	var names []string
	for _, g := range gpus(provider) {
		names = append(names, g.String())
	}
	return names
}

// Providers tries every provider on this machine, on each of its devices, and says how it did: the CPU first, then the GPU
// providers in the order in which auto would try them. Nothing is taken from an earlier self-test. ParityError is the
// largest difference from the CPU's logits on a 32^3 tensor, PatchMS the milliseconds of one 96^3 patch (27 times a 32^3 one
// where that is estimated to take over 3 s).
func (e *Engine) Providers(ctx context.Context) []segment.Provider {
	m := e.options.Probe
	if len(m.ONNX) == 0 {
		m = segment.Model{Name: "probe", ONNX: probe}
	}
	all := []segment.Provider{{Name: cpu, Device: cpuName()}}
	for _, p := range gpuProviders() {
		all = append(all, segment.Provider{Name: p.name})
		for i, g := range gpus(p.name) {
			if i > 0 {
				all = append(all, segment.Provider{Name: p.name})
			}
			all[len(all)-1].Device, all[len(all)-1].Number = g.String(), i
		}
	}
	anew := &Engine{options: e.options, trials: e.trials, software: e.software, retest: true}
	for i := range all {
		row := &all[i]
		n, err := anew.open(ctx, m, segment.Options{Provider: row.Name, Device: row.Number})
		if err != nil {
			row.Reason = err.Error()
			continue
		}
		row.Works, row.Reason = true, n.Notice()
		if err := anew.measure(ctx, n, row); err != nil {
			row.Works, row.Reason = false, err.Error()
		}
		n.Close()
	}
	return all
}

// measure fills in the parity error and the nodes that the self-test found, and the milliseconds of one 96^3 patch.
func (e *Engine) measure(ctx context.Context, n *network, row *segment.Provider) error {
	const small, patch = 32, 96
	var trials map[trialKey]trial
	select {
	case trials = <-e.trials:
	case <-ctx.Done():
		return ctx.Err()
	}
	t := trials[trialKey{provider: n.provider, device: row.Number, model: sha256.Sum256(n.model.ONNX)}]
	e.trials <- trials
	row.ParityError, row.Nodes = t.parityError, t.nodes
	for _, count := range t.onCPU {
		row.OnCPU += count
	}
	// The first pass of a shape pays for buffers and kernels; the second is what a patch costs.
	times := []time.Duration{}
	for _, edge := range []int{small, small, patch, patch} {
		if edge == patch && times[1].Seconds()*patch*patch*patch/(small*small*small) > 3 {
			break
		}
		in := testTensor(n.channels, edge)
		start := time.Now()
		if err := n.Run(ctx, in, make([]float32, edge*edge*edge)); err != nil {
			return err
		}
		times = append(times, time.Since(start))
	}
	row.PatchMS = milliseconds(times[len(times)-1])
	if len(times) == 2 {
		row.PatchMS *= patch * patch * patch / (small * small * small)
	}
	return nil
}
