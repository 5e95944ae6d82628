package segment

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	growMM        = 6    // a clip reaches no farther than this from the voxels the network marked
	footprintMM   = 3.5  // its peak lies no farther than this from them: 26-neighbours at 2 mm
	closeMM       = 2    // and a second clip of the same component no farther than this
	shellInnerMM  = 6    // the local background is the median of a shell round
	shellOuterMM  = 10   // the marked voxels
	shellAirHU    = -300 // voxels below are air or lung, no background of a clip
	floorFraction = 0.15 // of the contrast of a component: what is fainter takes no part in the flooding
	saddleLimit   = 0.70 // two peaks are two clips when the saddle is below this part of the lower one, and
	acrossLimit   = 0.50 // across slices, where one slanting clip has a saddle of its own, below this
	secondLimit   = 0.25 // of the component's contrast, and
	secondHU      = 150  // at least this: what a second peak must rise over the background
	secondMM      = 2.5  // and how far it must be from the first
	centreLimit   = 0.30 // of the contrast: only what rises above it weighs in the centre
	mostMM3       = 400  // a clip is no larger; the level rises until it fits
)

// refined is one clip on the CT's grid.
type refined struct {
	voxels       [][3]int // of the CT's grid
	marked       [][3]int // of the network grid
	logits       []float32
	centre       volume.Vec
	peakHU       int16
	backgroundHU float64
	touches      bool // the flooding was stopped at something as dense that is not this clip
	capped       bool
	joined       bool    // of two pieces, which one clip explains as well
	parted       bool    // of a piece that was more than one clip:
	pair         float64 // the least logit of the partings that made it
	whole        answer  // of the Detail Net on the piece, before it could be parted
	detail       answer  // and on this
	model        modelled
}

// refine brings the components that the network marked back to the CT's grid. Voxels near them are flooded
// in order of descending HU (a watershed), so that each falls to the peak it belongs to: peaks of different
// components stay apart, and so does what is brighter and of no component (bone); peaks of the same component stay apart when the
// saddle between them is low, which tells a pair of clips from one. Each peak close to what the network marked,
// or the closest in a component's footprint, is a clip: the voxels of its basin connected to it above the half level, midway between the local
// background and the peak. A component without a peak of its own, on the slope of bone, keeps the voxels
// it marked.
// In the end explain joins and parts them.
func refine(ctx context.Context, v *volume.Volume, r *resampled, parts []component, d *details) ([]refined, error) {
	f, clips, err := grow(ctx, v, r, parts)
	if err != nil {
		return nil, err
	}
	f.details = d
	return f.explain(ctx, clips)
}

// grow is the flooding alone: what stands out round the components, each peak a clip.
func grow(ctx context.Context, v *volume.Volume, r *resampled, parts []component) (*flood, []refined, error) {
	f := newFlood(v, r, parts)
	for i := range parts {
		f.parts = append(f.parts, f.survey(int32(i), &parts[i]))
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	if err := f.gather(ctx); err != nil {
		return nil, nil, err
	}
	f.run()
	return f, f.harvest(), ctx.Err()
}

// foreign owns what belongs to no component.
const foreign = -1

// flood is the state of one refinement.
type flood struct {
	v          *volume.Volume
	network    *resampled
	components []component
	near       *nearest
	parts      []surveyed // of each component
	voxels     []pixel    // what takes part, HU descending
	at         map[int]int32
	basins     []basin
	details    *details
}

// surveyed is what a component's surroundings say.
type surveyed struct {
	box          volume.Box // of the CT's grid: its voxels grown by growMM
	backgroundHU float64
	peakHU       int16 // largest in the footprint
}

// pixel is a voxel of the CT's grid that takes part in the flooding.
type pixel struct {
	x, y, z int
	hu      int16
	owner   int32   // nearest component, foreign when it is farther than growMM from any
	mm      float64 // from the nearest voxel that the network marked
	basin   int32
}

// basin is what drains to one peak. Merged basins point to the one they became.
type basin struct {
	peak   int32 // pixel
	owner  int32
	parent int32
}

func newFlood(v *volume.Volume, r *resampled, parts []component) *flood {
	return &flood{v: v, network: r, components: parts, near: newNearest(r.Grid, parts, growMM), at: map[int]int32{}}
}

// survey measures the background of component i, and the peak in its footprint.
func (f *flood) survey(i int32, c *component) surveyed {
	g := f.v.Grid
	points := make([]volume.Vec, 0, 300)
	step := max(1, len(c.voxels)/300)
	var wide volume.Box
	var s surveyed
	for k, p := range c.voxels {
		at := f.network.Grid.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))
		s.box = s.box.Union(boxAround(g, at, growMM))
		wide = wide.Union(boxAround(g, at, shellOuterMM))
		if k%step == 0 {
			points = append(points, at)
		}
	}
	s.peakHU = math.MinInt16
	var shell, air []int16
	for z := wide.Min[2]; z < wide.Max[2]; z++ {
		for y := wide.Min[1]; y < wide.Max[1]; y++ {
			for x := wide.Min[0]; x < wide.Max[0]; x++ {
				p := g.ToPatient(float64(x), float64(y), float64(z))
				hu := f.v.At(x, y, z)
				owner, mm := f.near.lookup(p)
				if owner == i && mm <= footprintMM {
					s.peakHU = max(s.peakHU, hu)
				}
				if owner != foreign {
					continue
				}
				if d := distanceTo(points, p, shellOuterMM); d >= shellInnerMM && d <= shellOuterMM {
					if hu < shellAirHU {
						air = append(air, hu)
					} else {
						shell = append(shell, hu)
					}
				}
			}
		}
	}
	s.backgroundHU = 0
	if len(shell) > 0 {
		s.backgroundHU = median(shell)
	} else if len(air) > 0 {
		s.backgroundHU = median(air)
	}
	return s
}

// distanceTo is the distance from p to the nearest of points, or anything above limit when that is farther.
func distanceTo(points []volume.Vec, p volume.Vec, limit float64) float64 {
	best := (limit + 1) * (limit + 1)
	for _, q := range points {
		d := p.Sub(q)
		best = min(best, d.Dot(d))
	}
	return math.Sqrt(best)
}

func median(values []int16) float64 {
	slices.Sort(values)
	n := len(values)
	return (float64(values[(n-1)/2]) + float64(values[n/2])) / 2
}

// gather collects the voxels that take part: near a component, and above its floor. Brighter voxels first.
func (f *flood) gather(ctx context.Context) error {
	g := f.v.Grid
	for i, s := range f.parts {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		floor := s.backgroundHU + floorFraction*(float64(s.peakHU)-s.backgroundHU)
		for z := s.box.Min[2]; z < s.box.Max[2]; z++ {
			for y := s.box.Min[1]; y < s.box.Max[1]; y++ {
				for x := s.box.Min[0]; x < s.box.Max[0]; x++ {
					hu := f.v.At(x, y, z)
					if float64(hu) < floor {
						continue
					}
					owner, mm := f.near.lookup(g.ToPatient(float64(x), float64(y), float64(z)))
					if owner != int32(i) {
						continue
					}
					f.voxels = append(f.voxels, pixel{x: x, y: y, z: z, hu: hu, owner: owner, mm: mm, basin: -1})
				}
			}
		}
	}
	sort.SliceStable(f.voxels, func(i, j int) bool { return f.voxels[i].hu > f.voxels[j].hu })
	for i := range f.voxels {
		p := &f.voxels[i]
		f.at[g.Index(p.x, p.y, p.z)] = int32(i)
	}
	return nil
}

// run floods: each voxel joins the basin that the steepest way up leads to, or starts its own; where basins
// meet they merge unless they are different things.
func (f *flood) run() {
	for i := range f.voxels {
		p := &f.voxels[i]
		best, steepest := int32(-1), math.Inf(-1)
		var meets []int32
		f.neighbours(p, func(j int32) {
			q := &f.voxels[j]
			if q.basin < 0 {
				return
			}
			// Across slices only straight up or down: on thick slices the diagonal joins what lies far apart.
			straight := q.z == p.z || q.x == p.x && q.y == p.y
			if slope := float64(q.hu-p.hu) / f.position(*p).Distance(f.position(*q)); straight && slope > steepest {
				best, steepest = j, slope
			}
			if b := f.root(q.basin); !slices.Contains(meets, b) {
				meets = append(meets, b)
			}
		})
		if best < 0 {
			owner := p.owner
			if p.mm > footprintMM {
				owner = foreign
			}
			p.basin = int32(len(f.basins))
			f.basins = append(f.basins, basin{peak: int32(i), owner: owner, parent: p.basin})
		} else {
			p.basin = f.root(f.voxels[best].basin)
		}
		for _, b := range meets {
			mine, other := f.root(p.basin), f.root(b)
			if mine != other && f.same(mine, other, p.hu) {
				f.merge(mine, other)
			}
		}
	}
}

func (f *flood) root(b int32) int32 {
	for f.basins[b].parent != b {
		b = f.basins[b].parent
	}
	return b
}

// merge joins two basins; the brighter peak stays.
func (f *flood) merge(a, b int32) {
	if f.basins[a].peak > f.basins[b].peak {
		a, b = b, a
	}
	f.basins[b].parent = a
}

// same tells whether basins a and b, which meet at saddleHU, are one thing.
func (f *flood) same(a, b int32, saddleHU int16) bool {
	if f.basins[a].peak > f.basins[b].peak {
		a, b = b, a
	}
	mine, other := f.basins[a].owner, f.basins[b].owner
	if mine == foreign { // brighter than the clip on its slope: bone
		return other == foreign
	}
	high, low := f.voxels[f.basins[a].peak], f.voxels[f.basins[b].peak]
	s := f.parts[low.owner]
	rise := float64(low.hu) - s.backgroundHU
	near := f.position(high).Distance(f.position(low)) < secondMM
	limit := saddleLimit
	if high.z != low.z {
		limit = acrossLimit
	}
	deep := float64(saddleHU)-s.backgroundHU < limit*rise
	if other == foreign { // a lesser peak of the same metal, or something beside it
		return !deep
	}
	if mine != other {
		return near && !deep
	}
	clear := rise >= secondHU && rise >= secondLimit*(float64(s.peakHU)-s.backgroundHU)
	return near || !deep || !clear
}

func (f *flood) position(p pixel) volume.Vec {
	return f.v.Grid.ToPatient(float64(p.x), float64(p.y), float64(p.z))
}

// neighbours calls visit for each of the 26 neighbours of p that takes part.
func (f *flood) neighbours(p *pixel, visit func(i int32)) {
	g := f.v.Grid
	for dz := -1; dz <= 1; dz++ {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				x, y, z := p.x+dx, p.y+dy, p.z+dz
				if (dx != 0 || dy != 0 || dz != 0) && g.Contains(x, y, z) {
					if j, ok := f.at[g.Index(x, y, z)]; ok {
						visit(j)
					}
				}
			}
		}
	}
}
