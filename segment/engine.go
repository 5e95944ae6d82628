package segment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Engine opens networks on what this machine can compute with.
type Engine interface {
	// Providers tries every provider and tells which really run here, and why the others do not.
	Providers(ctx context.Context) []Provider
	// Open makes m ready to run. A provider that was asked for by name and does not work is an error;
	// "auto" falls back to the CPU and says so in Network.Notice.
	Open(ctx context.Context, m Model, o Options) (Network, error)
}

// Network is one open model. It runs one patch at a time.
type Network interface {
	// Run computes one patch: in has the card's channels, out is [z][y][x] logits of in's size, or the card's Answers.
	// When ctx is cancelled it stops within 200 ms and returns ctx.Err().
	Run(ctx context.Context, in Tensor, out []float32) error
	Provider() string // what really runs, for example "CPU"
	Notice() string   // "" or what the user should know, for example that the GPU was refused
	Close() error
}

// Model is a network's graph and its card.
type Model struct {
	Name string // "location", "segmentation" or "detail"
	ONNX []byte
	Card Card
}

// ErrChecksum says that a network is not the one its card describes.
var ErrChecksum = errors.New("the network does not match the checksum in its card")

// NewModel reads the card and returns the model. It does not look into the graph: see Verify.
func NewModel(name string, onnx, card []byte) (Model, error) {
	c, err := ParseCard(card)
	if err != nil {
		return Model{}, fmt.Errorf("model %s: %w", name, err)
	}
	if len(onnx) == 0 {
		return Model{}, fmt.Errorf("model %s: the network is empty; build the program again from a complete copy of its source", name)
	}
	return Model{Name: name, ONNX: onnx, Card: c}, nil
}

// Verify compares the graph with the card's SHA-256; the error wraps ErrChecksum.
func (m Model) Verify() error {
	sum := sha256.Sum256(m.ONNX)
	if got := hex.EncodeToString(sum[:]); got != m.Card.SHA256 {
		return fmt.Errorf("model %s: %w (SHA-256 %s, card says %s); install the program again", m.Name, ErrChecksum, got, m.Card.SHA256)
	}
	return nil
}

// Models are the graphs and cards of the program. Without ONNX bytes in Detail there is no Detail Net.
type Models struct{ Location, Segmentation, Detail Model }

// All are the models that there are.
func (m *Models) All() []Model {
	if len(m.Detail.ONNX) == 0 {
		return []Model{m.Location, m.Segmentation}
	}
	return []Model{m.Location, m.Segmentation, m.Detail}
}

// Sums are the SHA-256 of All, as their cards have them.
func (m *Models) Sums() []string {
	var sums []string
	for _, model := range m.All() {
		sums = append(sums, model.Card.SHA256)
	}
	return sums
}

// Open opens the networks of m with e. The Detail Net, whose patches are small, always runs on the CPU. What was opened is
// closed again when one fails.
func (m *Models) Open(ctx context.Context, e Engine, o Options) (*Networks, error) {
	n := &Networks{LocationCard: m.Location.Card, SegmentationCard: m.Segmentation.Card, DetailCard: m.Detail.Card}
	parts := []struct {
		name  string
		model Model
		o     Options
		into  *Network
	}{
		{"Location Net", m.Location, o, &n.Location},
		{"Segmentation Net", m.Segmentation, o, &n.Segmentation},
		{"Detail Net", m.Detail, Options{Provider: "cpu", Threads: o.Threads}, &n.Detail},
	}
	for _, part := range parts[:len(m.All())] {
		opened, err := e.Open(ctx, part.model, part.o)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the %s: %w", part.name, err), n.Close())
		}
		*part.into = opened
	}
	return n, nil
}

// Close closes what is open of n.
func (n *Networks) Close() error {
	var err error
	for _, net := range []Network{n.Detail, n.Segmentation, n.Location} {
		if net != nil {
			err = errors.Join(err, net.Close())
		}
	}
	return err
}

// Options chooses where a network runs. The zero value is the best provider that works, all cores.
type Options struct {
	Provider string // "", "auto", "cpu", "cuda", "webgpu", "directml" or "coreml"
	Device   int    // number of the GPU
	Threads  int    // CPU threads; 0: one for each physical core; -n: all physical cores but n, at least one
}

// DeviceLister is what an Engine may do besides: name the devices that Options.Device chooses among.
type DeviceLister interface {
	// Devices names the devices of a provider, in the order of their numbers; nil where there is no choice.
	// It loads nothing and returns at once.
	Devices(provider string) []string
}

// Provider is what Engine.Providers found out about one way to compute.
type Provider struct {
	Name, Device string
	Number       int // of the device, as in Options.Device
	Works        bool
	Reason       string  // why it does not work
	ParityError  float64 // largest difference of a logit from the CPU's on a fixed patch
	PatchMS      float64 // time of one patch
	Nodes, OnCPU int     // nodes of the graph, and those that the provider left to the CPU; 0 nodes when unknown
}

// Tensor is the input of one patch.
type Tensor struct {
	Channels int
	Size     [3]int    // x, y, z voxels
	Data     []float32 // [c][z][y][x]
}

// NewTensor returns a tensor of zeros.
func NewTensor(channels int, size [3]int) Tensor {
	return Tensor{Channels: channels, Size: size, Data: make([]float32, channels*size[0]*size[1]*size[2])}
}

// Channel returns channel c as a view, [z][y][x].
func (t Tensor) Channel(c int) []float32 {
	n := t.Size[0] * t.Size[1] * t.Size[2]
	return t.Data[c*n : (c+1)*n : (c+1)*n]
}
