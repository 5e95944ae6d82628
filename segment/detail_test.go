package segment

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// detailFake answers with fixed logits, and keeps what it was shown.
type detailFake struct {
	fakeNetwork
	logits [detailAnswers]float32
	seen   []Tensor
}

func (n *detailFake) Run(ctx context.Context, in Tensor, out []float32) error {
	n.seen = append(n.seen, Tensor{in.Channels, in.Size, append([]float32{}, in.Data...)})
	copy(out, n.logits[:])
	return ctx.Err()
}

func detailCard() Card {
	return Card{
		Name: "detail", SHA256: strings.Repeat("0", 64), PatchVoxels: 32, SpacingMM: 0.75, Answers: detailAnswers, Pair: &PairWeights{Fit: 0.5, Detail: 1, Bias: -0.2},
		Channels: []Channel{{Kind: KindWindow, LowHU: -200, HighHU: 200}, {Kind: KindOwn}, {Kind: KindOthers}, {Kind: KindSlice}},
	}
}

// TestWhatTheDetailNetSees: HU where they are, the piece and the others marked in place, the slice thickness.
func TestWhatTheDetailNetSees(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 20, 1, 1, 3, volume.Vec{-20, -20, -30})
	s, c := math.Sincos(0.3)
	g.Row, g.Col = volume.Vec{c, s, 0}, volume.Vec{-s, c, 0}
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = -100
	}
	own, others := [][3]int{{20, 20, 10}, {21, 20, 10}}, [][3]int{{26, 22, 11}}
	for _, p := range append(own, others...) {
		v.HU[g.Index(p[0], p[1], p[2])] = 1000
	}
	net := &detailFake{logits: [detailAnswers]float32{1, 3, 2}}
	card := detailCard()
	d := newDetails(&Networks{Detail: net, DetailCard: card}, nil)
	a, err := d.ask(context.Background(), v, LookClip, own, others, 0)
	if err != nil || !a.known {
		t.Fatal(a, err)
	}
	if got, want := a.clip(), math.Log(math.Exp(3)+math.Exp(2))-1; math.Abs(got-want) > 1e-6 {
		t.Errorf("logit of a clip %g, want %g", got, want)
	}
	if got := a.more(); got != -1 {
		t.Errorf("logit of more %g", got)
	}
	in := net.seen[0]
	patch := patchRound(g, own, 32, 0.75)
	for z := range 32 {
		for y := range 32 {
			for x := range 32 {
				i := (z*32+y)*32 + x
				p := patch.ToPatient(float64(x), float64(y), float64(z))
				hu, _ := v.SampleHU(p)
				if want := max(0, min(1, (math.Round(hu)+200)/400)); math.Abs(float64(in.Channel(0)[i])-want) > 0.006 {
					t.Fatalf("channel 0 at %d %d %d: %g, want %g", x, y, z, in.Channel(0)[i], want)
				}
				fx, fy, fz := g.ToVoxel(p)
				nearest := [3]int{int(math.Floor(fx + 0.5)), int(math.Floor(fy + 0.5)), int(math.Floor(fz + 0.5))}
				for c, voxels := range [][][3]int{own, others} {
					want := float32(0)
					for _, q := range voxels {
						if q == nearest {
							want = 1
						}
					}
					if border := onEdge(fx) || onEdge(fy) || onEdge(fz); in.Channel(1 + c)[i] != want && !border {
						t.Fatalf("channel %d at %d %d %d: %g, want %g", 1+c, x, y, z, in.Channel(1 + c)[i], want)
					}
				}
				if in.Channel(3)[i] != 0.6 {
					t.Fatalf("slice channel %g, want 3 mm / 5 mm", in.Channel(3)[i])
				}
			}
		}
	}
}

// onEdge tells whether a voxel index lies so near the border of two voxels that rounding decides.
func onEdge(x float64) bool { return math.Abs(x-math.Floor(x)-0.5) < 1e-9 }

func TestDetailNetAndModelTogetherTellTwoFromOne(t *testing.T) {
	card := detailCard()
	d := newDetails(&Networks{Detail: &detailFake{}, DetailCard: card}, nil)
	a := answer{known: true, logits: [detailAnswers]float32{0, 1, 3}}
	if got, want := d.pair(1, a), 0.5+2-0.2; math.Abs(got-want) > 1e-12 {
		t.Errorf("logit %g, want %g", got, want)
	}
	a.logits[moreClips] = 9 // a clip whose legs stand apart looks like two to the net
	if got := d.pair(neverTwo, a); got != neverTwo {
		t.Errorf("two clips out of the question have a logit of %g", got)
	}
	if got := d.pair(1, answer{}); got != 1 {
		t.Errorf("without an answer the logit is %g, the model's is 1", got)
	}
}

// TestDetailNetIsAskedAboutEveryClip runs the pipeline with one that says no to everything: the confidences show it, and the
// looks that training reads are the same without a net.
func TestDetailNetIsAskedAboutEveryClip(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	v := testThorax(middle(g)).make(g)
	nets, _, _ := fakeNetworks(200)
	var shown []Look
	plain, err := Run(context.Background(), v, nets, RunOptions{Looks: func(l Look) { shown = append(shown, l) }})
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, l := range shown {
		if len(l.HU) != 32*32*32 || len(l.Marks) != len(l.HU) || len(l.Own) == 0 {
			t.Fatalf("a look of %d HU and %d marks at %d voxels", len(l.HU), len(l.Marks), len(l.Own))
		}
		if l.Stage == LookClip {
			last++
		}
	}
	if last != len(plain.Clips) || last == 0 {
		t.Errorf("%d looks at %d clips", last, len(plain.Clips))
	}
	net := &detailFake{logits: [detailAnswers]float32{8, 0, 0}}
	nets.Detail, nets.DetailCard = net, detailCard()
	nets.SegmentationCard.Judge = &Judge{Weights: map[string]float64{"detail": 4}, Keep: 0.3}
	looked, err := Run(context.Background(), v, nets, RunOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(net.seen) == 0 || len(looked.Clips) != len(plain.Clips) {
		t.Fatalf("%d looks, %d clips, were %d", len(net.seen), len(looked.Clips), len(plain.Clips))
	}
	for _, c := range looked.Clips {
		if !c.Evidence.Looked || c.Confidence > 0.01 {
			t.Errorf("clip %d: %+v, confidence %g", c.ID, c.Evidence, c.Confidence)
		}
	}
	if kept, err := Run(context.Background(), v, nets, RunOptions{}); err != nil || len(kept.Clips) != 0 {
		t.Errorf("%v: clips kept against the Detail Net", err)
	}
	nets.Detail = nil
	if _, err := Run(context.Background(), v, nets, RunOptions{}); err == nil || !strings.Contains(err.Error(), "Detail Net") {
		t.Errorf("a judge that misses its Detail Net: %v", err)
	}
}

func TestDetailCardsThatCannotBeRead(t *testing.T) {
	good := detailCard()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Card){
		"negative answers": func(c *Card) { c.Answers = -1 },
		"feature":          func(c *Card) { c.Channels[1] = Channel{Kind: KindFeature} },
		"own with HU":      func(c *Card) { c.Channels[1].HU = 5 },
		"own in a map":     func(c *Card) { *c = fakeCard("segmentation", Channel{Kind: KindOwn}) },
	} {
		c := detailCard()
		if change(&c); c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	nets, _, _ := fakeNetworks(200)
	nets.Detail, nets.DetailCard = &detailFake{}, detailCard()
	nets.DetailCard.Pair = nil
	if err := nets.validate(); err == nil {
		t.Error("a Detail Net without the weights of a pair is taken")
	}
}

// failingEngine opens what it is asked for but the model of a name.
type failingEngine struct {
	fails  string
	opened []string
	closed *int
}

type closing struct {
	fakeNetwork
	closed *int
}

func (n *closing) Close() error { *n.closed++; return nil }

func (e *failingEngine) Providers(context.Context) []Provider { return nil }

func (e *failingEngine) Open(_ context.Context, m Model, o Options) (Network, error) {
	if m.Name == e.fails {
		return nil, errors.New("no memory")
	}
	e.opened = append(e.opened, m.Name+" on "+o.Provider)
	return &closing{closed: e.closed}, nil
}

func TestModelsOpenTogetherOrNotAtAll(t *testing.T) {
	all := Models{Location: Model{Name: "location"}, Segmentation: Model{Name: "segmentation"}, Detail: Model{Name: "detail", ONNX: []byte("x")}}
	closed := 0
	e := &failingEngine{closed: &closed}
	nets, err := all.Open(context.Background(), e, Options{Provider: "cuda"})
	if err != nil || strings.Join(e.opened, ", ") != "location on cuda, segmentation on cuda, detail on cpu" {
		t.Fatal(e.opened, err)
	}
	if err := nets.Close(); err != nil || closed != 3 {
		t.Errorf("%d closed: %v", closed, err)
	}
	closed = 0
	e = &failingEngine{fails: "detail", closed: &closed}
	if _, err := all.Open(context.Background(), e, Options{}); err == nil || !strings.Contains(err.Error(), "Detail Net") || closed != 2 {
		t.Errorf("%v; %d of 2 closed", err, closed)
	}
	all.Detail = Model{}
	if nets, err = all.Open(context.Background(), &failingEngine{closed: &closed}, Options{}); err != nil || nets.Detail != nil || len(all.All()) != 2 {
		t.Errorf("without a Detail Net: %v", err)
	}
}
