package segment

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// mostVoxels is the size of the network grid at which a component is a region, 16 cc at 2 mm, and no clip.
const mostVoxels = 2000

// clipSearch is the second stage, ready to look into regions.
type clipSearch struct {
	net      Network
	card     *Card
	network  *resampled
	feature  *logitMap   // nil when the card has no feature channel
	within   *volume.Box // of the network grid: clips whose centre is outside are dropped
	all      bool        // keep candidates that the card's judge takes for no clip
	v        *volume.Volume
	external *volume.Mask
	details  *details
	progress func(done, total int)
	unkept   float64 // sum of the confidences of candidates that the judge dropped
}

// find runs the Segmentation Net over region, a box of the network grid of at least one patch a side,
// and turns each component of what it marks into clips on the CT's grid.
func (s *clipSearch) find(ctx context.Context, region volume.Box) (clips []Clip, dropped int, err error) {
	starts := patchStarts(region, s.card.PatchVoxels, s.card.Overlap)
	slide := slider{name: "Segmentation Net", net: s.net, card: s.card, in: s.network, feature: s.feature, progress: s.progress}
	logits, err := slide.slide(ctx, region, starts)
	if err != nil {
		return nil, 0, err
	}
	regions := marked(logits, s.network, s.card)
	for dropped < len(regions) && len(regions[dropped].voxels) > mostVoxels {
		dropped++
	}
	var parts []component
	for _, r := range regions[dropped:] {
		parts = append(parts, r.modes(s.card)...)
	}
	parts = parts[:min(len(parts), mostComponents)]
	found, err := refine(ctx, s.v, s.network, parts, s.details)
	if err != nil {
		return nil, 0, err
	}
	if err := s.details.askAll(ctx, s.v, found); err != nil {
		return nil, 0, err
	}
	evidence := gatherEvidence(found, s.v, s.external, s.feature, s.card)
	for i, f := range found {
		confidence := s.card.judge(&evidence[i])
		if !s.inside(f.centre) {
			continue
		}
		if !s.all && s.card.Judge != nil && confidence < s.card.Judge.Keep {
			s.unkept += confidence
			continue
		}
		c := f.clip(s.v.Grid, s.network.Grid, s.external)
		c.Evidence, c.Confidence = evidence[i], confidence
		clips = append(clips, c)
	}
	return clips, dropped, nil
}

// inside tells whether a place is one to search at.
func (s *clipSearch) inside(p volume.Vec) bool {
	if s.within == nil {
		return true
	}
	x, y, z := s.network.Grid.ToVoxel(p)
	return s.within.Contains(int(math.Floor(x+0.5)), int(math.Floor(y+0.5)), int(math.Floor(z+0.5)))
}

// sortClips puts clips in order of slices from head to foot, then from the patient's right to left, and
// numbers them from 1.
func sortClips(g *volume.Grid, clips []Clip) {
	up := g.Normal()[2]
	height := func(c *Clip) float64 { // mm
		if math.Abs(up) < 0.7 { // sagittal or coronal slices
			return c.CentreMM[2]
		}
		z, _ := g.NearestSlice(c.CentreMM)
		return math.Copysign(g.SliceMM[z], up)
	}
	slices.SortStableFunc(clips, func(a, b Clip) int {
		return cmp.Or(cmp.Compare(height(&b), height(&a)), cmp.Compare(a.CentreMM[0], b.CentreMM[0]))
	})
	for i := range clips {
		clips[i].ID = i + 1
	}
}

const (
	largeMM3      = 250 // the half-level volume of a 9 mm clip on 5 mm slices stays below
	lowContrastHU = 300 // a 4 mm clip on 5 mm slices with a soft kernel rises this far over fat
	nearSkinMM    = 4   // skin markers and wires lie on the skin, the surgeon's clips deeper
)

// clip is f as the rest of the program knows it.
func (f *refined) clip(g, network *volume.Grid, external *volume.Mask) Clip {
	c := Clip{
		CentreMM: f.centre, PeakHU: int(f.peakHU), Kept: true,
		Side: SideOf(external, f.centre), Mask: volume.NewMask(g), Marked: volume.NewMask(network),
	}
	for _, v := range f.voxels {
		c.Mask.Set(v[0], v[1], v[2], true)
	}
	for _, v := range f.marked {
		c.Marked.Set(v[0], v[1], v[2], true)
	}
	c.VolumeMM3 = c.Mask.VolumeMM3()
	if depthMM(external, f.centre, skinReachMM) <= nearSkinMM {
		c.Flags = append(c.Flags, FlagNearSkin)
	}
	if f.touches {
		c.Flags = append(c.Flags, FlagTouchesBone)
	}
	if c.VolumeMM3 > largeMM3 || f.capped {
		c.Flags = append(c.Flags, FlagLarge)
	}
	if float64(f.peakHU)-f.backgroundHU < lowContrastHU {
		c.Flags = append(c.Flags, FlagLowContrast)
	}
	return c
}

// boxAround is the box of the voxels of g whose centres are within mm of p along each axis, and the ones
// nearest to p.
func boxAround(g *volume.Grid, p volume.Vec, mm float64) volume.Box {
	x, y, _ := g.ToVoxel(p)
	near, _ := g.NearestSlice(p)
	along := p.Sub(g.Origin).Dot(g.Normal())
	b := volume.Box{
		Min: [3]int{int(math.Floor(x - mm/g.SpacingX)), int(math.Floor(y - mm/g.SpacingY)), near},
		Max: [3]int{int(math.Ceil(x+mm/g.SpacingX)) + 1, int(math.Ceil(y+mm/g.SpacingY)) + 1, near + 1},
	}
	for b.Min[2] > 0 && along-g.SliceMM[b.Min[2]-1] <= mm {
		b.Min[2]--
	}
	for b.Max[2] < g.Nz() && g.SliceMM[b.Max[2]]-along <= mm {
		b.Max[2]++
	}
	return b.Intersect(g.Bounds())
}
