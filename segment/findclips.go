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

// findClips runs the Segmentation Net over region, a box of the network grid of at least one patch a side,
// and turns each component of what it marks into clips on the CT's grid. feature may be nil when the card
// has no feature channel. Clips whose centre is outside within are dropped.
func findClips(ctx context.Context, net Network, card *Card, r *resampled, feature *logitMap, region volume.Box,
	within *volume.Box, v *volume.Volume, external *volume.Mask, progress func(done, total int),
) (clips []Clip, dropped int, err error) {
	starts := patchStarts(region, card.PatchVoxels, card.Overlap)
	s := slider{name: "Segmentation Net", net: net, card: card, in: r, feature: feature, progress: progress}
	logits, err := s.slide(ctx, region, starts)
	if err != nil {
		return nil, 0, err
	}
	parts := marked(logits, r, card)
	for dropped < len(parts) && len(parts[dropped].voxels) > mostVoxels {
		dropped++
	}
	parts = parts[dropped:]
	parts = parts[:min(len(parts), mostComponents)]
	found, err := refine(ctx, v, r, parts)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range found {
		if within != nil {
			x, y, z := r.Grid.ToVoxel(f.centre)
			if !within.Contains(int(math.Floor(x+0.5)), int(math.Floor(y+0.5)), int(math.Floor(z+0.5))) {
				continue
			}
		}
		clips = append(clips, f.clip(v.Grid, r.Grid, card, external))
	}
	sortClips(v.Grid, clips)
	return clips, dropped, nil
}

// sortClips puts clips in order of slices from head to foot, then from the patient's right to left, and
// numbers them from 1.
func sortClips(g *volume.Grid, clips []Clip) {
	up := 1
	if g.Normal()[2] < 0 {
		up = -1
	}
	slice := func(c *Clip) int {
		z, _ := g.NearestSlice(c.CentreMM)
		return up * z
	}
	slices.SortStableFunc(clips, func(a, b Clip) int {
		return cmp.Or(cmp.Compare(slice(&b), slice(&a)), cmp.Compare(a.CentreMM[0], b.CentreMM[0]))
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
func (f *refined) clip(g, network *volume.Grid, card *Card, external *volume.Mask) Clip {
	c := Clip{
		CentreMM: f.centre, PeakHU: int(f.peakHU), Confidence: card.confidence(topMean(f.logits)), Kept: true,
		Side: SideOf(external, f.centre), Mask: volume.NewMask(g), Marked: volume.NewMask(network),
	}
	for _, v := range f.voxels {
		c.Mask.Set(v[0], v[1], v[2], true)
	}
	for _, v := range f.marked {
		c.Marked.Set(v[0], v[1], v[2], true)
	}
	c.VolumeMM3 = c.Mask.VolumeMM3()
	if nearSurface(external, f.centre, nearSkinMM) {
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

// nearSurface tells whether a voxel outside m, within its grid, lies within mm of p. Where the grid ends
// the patient goes on.
func nearSurface(m *volume.Mask, p volume.Vec, mm float64) bool {
	g := m.Grid
	box := boxAround(g, p, mm)
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			for x := box.Min[0]; x < box.Max[0]; x++ {
				if !m.At(x, y, z) && g.ToPatient(float64(x), float64(y), float64(z)).Distance(p) <= mm {
					return true
				}
			}
		}
	}
	return false
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
