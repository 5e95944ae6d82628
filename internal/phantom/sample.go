package phantom

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// SampleOptions shapes one sample; the zero value is the training mix.
type SampleOptions struct {
	Whole              bool    // the whole grid instead of a region round the bed
	RegionMM           float64 // side of the region, default 230
	MinClips, MaxClips int     // bed clips, default 5 to 14
	Distractors        float64 // 1 is a clinical mix, default 1.6
	NoClips            bool    // distractors alone

	// For a case with a purpose; the zero values leave each to the seed.
	ClipMM      float64  // length of every clip of the bed
	Pairs       Choice   // clips of the bed in pairs
	Axillary    Choice   // clips in the axilla
	Kinds       []string // distractors of these kinds (DistractorKinds) and no others; Distractors is then without meaning
	SeromaOffMM float64  // the fluid has moved so far from the middle of the clips
}

// Choice leaves something to the seed, forbids it or demands it.
type Choice int

// Choices.
const (
	Drawn Choice = iota
	Never
	Always
)

// or is what was drawn, unless it was chosen.
func (c Choice) or(drawn bool) bool { return c == Always || c == Drawn && drawn }

func (o SampleOptions) withDefaults() SampleOptions {
	if o.RegionMM == 0 {
		o.RegionMM = 230
	}
	if o.MinClips == 0 {
		o.MinClips = 5
	}
	if o.MaxClips == 0 {
		o.MaxClips = max(14, o.MinClips)
	}
	if o.Distractors == 0 {
		o.Distractors = 1.6
	}
	return o
}

// plan is what a sample puts into a body.
type plan struct {
	region      volume.Box
	side        float64
	cavity      *cavity
	solids      []*solid
	clips       []Clip // Clips[i] belongs to the solid with clip == i
	psfMM       float64
	noiseHU     float64 // 0: the volume has its own
	hostNoiseHU float64 // of the real CT, for what the cavity replaces
	extended    bool
	sharpness   float64
}

// Sample puts a cavity, clips and distractors of this seed into the anatomy and renders a region of
// it on the anatomy's own voxels.
func (a *Anatomy) Sample(ctx context.Context, seed int64, o SampleOptions) (*Case, error) {
	t, p, err := a.plan(seed, o.withDefaults())
	if err != nil {
		return nil, err
	}
	return render(ctx, seed, t, a.base, p, a.m)
}

// Layout says where Sample will put what, without rendering it.
type Layout struct {
	Clips       []Clip // without Mask, VolumeMM3 and PeakHU
	Distractors []Distractor
	SeromaMM    volume.Vec // middle of the fluid
	SeromaFresh float64    // 0 healed to 1: all of it fluid
}

// Layout is what Sample of the same arguments renders: cheap enough to search seeds with.
func (a *Anatomy) Layout(seed int64, o SampleOptions) (*Layout, error) {
	_, p, err := a.plan(seed, o.withDefaults())
	if err != nil {
		return nil, err
	}
	l := &Layout{Clips: p.clips, SeromaMM: p.cavity.centre, SeromaFresh: p.cavity.strength}
	for _, s := range p.solids {
		if s.clip < 0 {
			l.Distractors = append(l.Distractors, s.distractor())
		}
	}
	return l, nil
}

func (a *Anatomy) plan(seed int64, o SampleOptions) (*terrain, *plan, error) {
	t := &terrain{g: a.grid, tissue: a.tissue, centre: a.m.toWorld(vec{0, 0, -20})}
	zs := [2]float64{a.m.toWorld(vec{0, 0, -85})[2], a.m.toWorld(vec{0, 0, 35})[2]}
	r := stream(seed, streamBed, 1)
	home := func(side float64) vec {
		return a.m.toWorld(vec{side * uniform(r, 118, 138), uniform(r, -15, 15), uniform(r, 45, 80)})
	}
	p, err := newPlan(seed, o, t, a.m, a.m.tex, zs, home)
	if err != nil {
		return nil, nil, fmt.Errorf("phantom %d, sample %d: %w", a.o.Seed, seed, err)
	}
	p.psfMM, p.noiseHU, p.extended, p.sharpness = a.o.PSFMM, a.o.NoiseHU, a.o.ExtendedRange, a.o.Sharpness
	if !o.Whole {
		p.noiseHU *= uniform(r, 0.7, 1.3)
	}
	return t, p, nil
}

// Host is a real CT ready to take insertions: what they share is worked out once. It is read-only
// and safe for concurrent use.
type Host struct {
	t       *terrain
	lo, hi  vec // bounds of the body, world mm
	noiseHU float64
}

// NewHost readies v; external is the body without the couch. v's grid must be axis-aligned head
// first supine.
func NewHost(v *volume.Volume, external *volume.Mask) (*Host, error) {
	g := v.Grid
	if g.Row.Distance(vec{1, 0, 0}) > 0.01 || g.Col.Distance(vec{0, 1, 0}) > 0.01 {
		return nil, errors.New("inserting clips: the CT's axes are not those of a supine patient, resample it first")
	}
	if external == nil || external.Empty() {
		return nil, errors.New("inserting clips: the External mask is empty, compute it first")
	}
	b := external.Bounds()
	h := &Host{
		lo: g.ToPatient(float64(b.Min[0]), float64(b.Min[1]), float64(b.Min[2])),
		hi: g.ToPatient(float64(b.Max[0]-1), float64(b.Max[1]-1), float64(b.Max[2]-1)),
	}
	h.t = &terrain{g: g, hu: v.HU, external: external, centre: h.lo.Add(h.hi).Scale(0.5)}
	h.t.chestWall()
	h.noiseHU = noiseOf(v, external)
	return h, nil
}

// Sample puts a cavity, clips and skin markers into the CT. The site is soft tissue between skin and
// ribs, never lung, air or couch. The case holds the region round the bed unless o.Whole.
func (h *Host) Sample(ctx context.Context, seed int64, o SampleOptions) (*Case, error) {
	t, lo, hi := h.t, h.lo, h.hi
	zs := [2]float64{lo[2] + 0.2*(hi[2]-lo[2]), lo[2] + 0.8*(hi[2]-lo[2])}
	r := stream(seed, streamBed, 1)
	home := func(side float64) vec {
		return vec{t.centre[0] + side*0.4*(hi[0]-lo[0]), t.centre[1] + uniform(r, -15, 15), uniform(r, zs[0], zs[1])}
	}
	p, err := newPlan(seed, o.withDefaults(), t, nil, newTexture(stream(seed, streamTexture, 0)), zs, home)
	if err != nil {
		return nil, fmt.Errorf("inserting clips, sample %d: %w", seed, err)
	}
	p.psfMM = math.Max(uniform(r, 1.0, 1.7), 0.8*t.g.SpacingX)
	p.hostNoiseHU = h.noiseHU
	return render(ctx, seed, t, t.hu, p, nil)
}

// noiseOf estimates the noise of v: the median difference of soft-tissue voxels 3 columns apart,
// each pair as normal noise would give it.
func noiseOf(v *volume.Volume, external *volume.Mask) float64 {
	g := v.Grid
	count := make([]int, 200)
	n := 0
	for z := 0; z < g.Nz(); z += 2 {
		for y := 0; y < g.Ny; y += 3 {
			for x := 0; x+3 < g.Nx; x += 4 {
				a, b := int(v.At(x, y, z)), int(v.At(x+3, y, z))
				if a > -140 && a < 140 && b > -140 && b < 140 && abs(a-b) < len(count) && external.At(x, y, z) {
					count[abs(a-b)]++
					n++
				}
			}
		}
	}
	half := n / 2
	for d, c := range count {
		if half -= c; half < 0 {
			return math.Min(60, float64(d)/(0.6745*math.Sqrt2))
		}
	}
	return 0
}

// InsertInto is NewHost and one Sample.
func InsertInto(ctx context.Context, v *volume.Volume, external *volume.Mask, seed int64, o SampleOptions) (*Case, error) {
	h, err := NewHost(v, external)
	if err != nil {
		return nil, err
	}
	return h.Sample(ctx, seed, o)
}

var errNoSite = errors.New("no soft tissue between skin and ribs is thick enough for a cavity")

func newPlan(seed int64, o SampleOptions, t *terrain, m *model, tex *texture, zs [2]float64, axilla func(side float64) vec) (*plan, error) {
	r := stream(seed, streamBed, 0)
	p := &plan{side: math.Copysign(1, uniform(r, -1, 1))}
	ok := false
	for try := 0; try < 6 && !ok; try++ {
		if p.cavity, ok = placeCavity(r, t, tex, p.side, zs[0], zs[1]); !ok {
			p.side = -p.side
		}
	}
	if !ok {
		return nil, errNoSite
	}
	bed := p.cavity.centre
	p.region = t.g.Bounds()
	if !o.Whole {
		p.region = regionAround(stream(seed, streamRegion, 0), t.g, bed, o.RegionMM)
	}
	name := func(p vec) string {
		if p[0] > t.centre[0] {
			return "L"
		}
		return "R"
	}
	add := func(solids []*solid, lengths []float64, axillary bool) {
		for i, s := range solids {
			s.clip = len(p.clips)
			p.clips = append(p.clips, Clip{ID: s.clip + 1, Side: name(s.centre), Axillary: axillary, CentreMM: s.centre, LengthMM: lengths[i]})
			p.solids = append(p.solids, s)
		}
	}
	if !o.NoClips {
		solids, lengths := bedClips(r, t, p.cavity, o.MinClips+r.IntN(o.MaxClips-o.MinClips+1), o)
		add(solids, lengths, false)
		if len(solids) == 0 {
			return nil, errNoSite
		}
		if o.Axillary.or(r.Float64() < 0.35) {
			solids, lengths = axillaryClips(r, t, axilla(p.side), 1+r.IntN(7))
			add(solids, lengths, true)
		}
	}
	c := &clutter{r: stream(seed, streamDistractors, 0), t: t, m: m, side: p.side, bed: bed}
	if o.Kinds != nil {
		c.put(o.Kinds)
	} else {
		c.scatter(o.Distractors)
	}
	if o.SeromaOffMM > 0 {
		p.cavity.move(t, o.SeromaOffMM)
	}
	p.solids = append(p.solids, c.solids...)
	return p, nil
}

// regionAround is a box of side mm that holds the bed somewhere in its inner part.
func regionAround(r interface{ Float64() float64 }, g *volume.Grid, bed vec, side float64) volume.Box {
	var b volume.Box
	x, y, z := g.ToVoxel(bed)
	slice, _ := g.Uniform()
	at := [3]float64{x, y, z}
	for i, step := range [3]float64{g.SpacingX, g.SpacingY, slice} {
		n := [3]int{g.Nx, g.Ny, g.Nz()}[i]
		size := min(n, int(math.Ceil(side/step)))
		lo := int(at[i] + (r.Float64()-0.5)*0.5*side/step - float64(size)/2)
		lo = min(max(0, lo), n-size)
		b.Min[i], b.Max[i] = lo, lo+size
	}
	return b
}
