package segment

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// fakeNetwork marks the voxels whose channel reaches level; every pass takes delay.
type fakeNetwork struct {
	channel int
	level   float32
	delay   time.Duration
	passes  int
	inputs  func(Tensor)
	answer  func(out []float32)
}

func (n *fakeNetwork) Run(ctx context.Context, in Tensor, out []float32) error {
	n.passes++
	if n.inputs != nil {
		n.inputs(in)
	}
	if n.delay > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(n.delay):
		}
	}
	for i, v := range in.Channel(n.channel) {
		out[i] = 20 * (v - n.level)
	}
	if n.answer != nil {
		n.answer(out)
	}
	return ctx.Err()
}

func (n *fakeNetwork) Provider() string { return "fake" }
func (n *fakeNetwork) Notice() string   { return "" }
func (n *fakeNetwork) Close() error     { return nil }

func fakeCard(name string, channels ...Channel) Card {
	return Card{
		Name: name, SHA256: strings.Repeat("0", 64), PatchVoxels: 96, SpacingMM: 2, Overlap: 0.25, SkippedLogit: -10,
		Channels: append(DefaultChannels(), channels...), Threshold: 0.5, MinVoxels: 1, CalibrationA: 1,
	}
}

// fakeNetworks mark what reaches hu at 2 mm.
func fakeNetworks(hu float32) (Networks, *fakeNetwork, *fakeNetwork) {
	location := &fakeNetwork{channel: 2, level: (hu + 200) / 2400}
	segmentation := &fakeNetwork{channel: 2, level: (hu + 200) / 2400}
	return Networks{
		Location: location, Segmentation: segmentation,
		LocationCard: fakeCard("location"), SegmentationCard: fakeCard("segmentation", Channel{Kind: KindFeature}),
	}, location, segmentation
}

// rod is a made-up clip: a straight wire with a Gaussian profile.
type rod struct {
	centre, along volume.Vec // mm; along is a unit vector
	lengthMM      float64
	peakHU        float64 // above the background, at the middle
}

const rodSigmaMM = 1.0

// rise is the HU that the rod adds at p.
func (r rod) rise(p volume.Vec) float64 {
	d := p.Sub(r.centre)
	t := max(-r.lengthMM/2, min(r.lengthMM/2, d.Dot(r.along)))
	off := d.Sub(r.along.Scale(t)).Norm() / rodSigmaMM
	return r.peakHU * math.Exp(-off*off/2)
}

// thorax is a crude patient on g, centred on its middle: an elliptic cylinder of fat in air, lungs, a spine,
// and rods. Semi-axes in mm.
type thorax struct {
	a, b   float64 // half width and half depth
	noise  float64
	couch  float64 // thickness in mm of a slab that touches the back; 0: none
	flank  float64 // mm by which the couch is wider than the body on either side
	couchH int16
	tilt   float64 // mm that the couch falls for each mm towards the head
	rods   []rod
}

func middle(g *volume.Grid) volume.Vec {
	return g.ToPatient(float64(g.Nx-1)/2, float64(g.Ny-1)/2, float64(g.Nz()-1)/2)
}

func (t thorax) make(g *volume.Grid) *volume.Volume {
	v := volume.NewVolume(g)
	c := middle(g)
	_ = eachSlice(context.Background(), g.Nz(), func(z int) {
		rng := rand.New(rand.NewPCG(uint64(z), 7))
		slice := v.Slice(z)
		for y := range g.Ny {
			for x := range g.Nx {
				p := g.ToPatient(float64(x), float64(y), float64(z))
				d := p.Sub(c)
				hu := float64(t.tissue(d))
				for _, r := range t.rods {
					if p.Distance(r.centre) < r.lengthMM/2+8 {
						hu += r.rise(p)
					}
				}
				hu += t.noise * rng.NormFloat64()
				slice[y*g.Nx+x] = int16(max(-1024, min(3071, math.Round(hu))))
			}
		}
	})
	return v
}

func (t thorax) tissue(d volume.Vec) int16 {
	in := func(x, y, a, b float64) bool { return x*x/(a*a)+y*y/(b*b) <= 1 }
	switch {
	case in(d[0], d[1], t.a, t.b):
		switch {
		case in(d[0]-0.45*t.a, d[1], 0.3*t.a, 0.6*t.b), in(d[0]+0.45*t.a, d[1], 0.3*t.a, 0.6*t.b):
			return -820
		case in(d[0], d[1]-0.7*t.b, 0.1*t.a, 0.15*t.b):
			return 80
		}
		return -100
	case t.couch > 0 && d[1]-t.tilt*d[2] > t.b-3 && d[1]-t.tilt*d[2] <= t.b-3+t.couch && math.Abs(d[0]) <= t.a+t.flank:
		return t.couchH
	}
	return -1000
}
