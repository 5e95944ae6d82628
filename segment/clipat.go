package segment

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	clickSliceMM  = 3   // a click reaches no farther than this across slices, unless on the nearest one
	clickRiseHU   = 120 // the least rise over the surroundings that can be a clip
	clickBallMM   = 2.1 // what a click marks round the peak for the refinement
	clickAroundMM = 30  // how near clips may claim part of what was clicked
)

// clickReachMM is how far from a click its peak is looked for: farther only while nothing stands out.
func clickReachMM() []float64 { return []float64{2, 3.5, 5} }

// ErrNothingThere says that a click met nothing that stands out.
var ErrNothingThere = errors.New("nothing bright enough for a clip within 5 mm: put the crosshair on its brightest point")

// ErrClipThere says that a click met a clip that is known already.
var ErrClipThere = errors.New("this clip is in the list already")

// ClipAt grows the clip at a point that a user pointed at, as Run does from what the network marks: the
// brightest voxel nearby that belongs to none of clips, and what is connected to it above the half level,
// midway between the local background and that peak. at is in LPS mm. The clip has confidence 1 and no number.
func ClipAt(ctx context.Context, v *volume.Volume, external *volume.Mask, clips []Clip, at volume.Vec) (Clip, error) {
	near := clipsNear(clips, at)
	if x, y, z := v.Grid.ToVoxel(at); holds(near, int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) {
		return Clip{}, ErrClipThere
	}
	var best *grown
	for _, reach := range clickReachMM() {
		g, err := growAt(ctx, v, near, at, reach)
		if err != nil {
			return Clip{}, err
		}
		if g != nil && (best == nil || g.rise() > best.rise()) {
			best = g
		}
		if best != nil && best.rise() >= lowContrastHU {
			break
		}
	}
	if best == nil || best.rise() < clickRiseHU {
		return Clip{}, ErrNothingThere
	}
	c := best.clip(v.Grid, best.network, external)
	for _, other := range near {
		c.Mask = c.Mask.Subtract(other.Mask)
	}
	if c.Mask.Empty() {
		return Clip{}, ErrClipThere
	}
	c.VolumeMM3, c.Confidence, c.ByHand, c.Marked = c.Mask.VolumeMM3(), 1, true, nil
	return c, nil
}

// grown is what grew round a click, on the grid it was marked on.
type grown struct {
	refined
	network *volume.Grid
}

// rise is how far the peak stands above its surroundings, in HU.
func (g *grown) rise() float64 { return float64(g.peakHU) - g.backgroundHU }

// growAt grows the brightest voxel within reachMM of at that no clip holds; nil when it belongs to one after all.
func growAt(ctx context.Context, v *volume.Volume, near []Clip, at volume.Vec, reachMM float64) (*grown, error) {
	peak, ok := brightest(v, near, at, reachMM)
	if !ok {
		return nil, nil
	}
	g := gridAround(v.Grid, v.Grid.ToPatient(float64(peak[0]), float64(peak[1]), float64(peak[2])))
	parts := []component{unscored(ballAround(g))}
	for _, c := range near {
		parts = append(parts, unscored(resampleVoxels(g, c.Mask)))
	}
	_, found, err := grow(ctx, v, &resampled{Placement: Placement{Grid: g, Source: v.Grid}}, parts)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if slices.Contains(f.voxels, peak) {
			return &grown{f, g}, nil
		}
	}
	return nil, nil
}

// clipsNear are the clips that may claim voxels round at.
func clipsNear(clips []Clip, at volume.Vec) []Clip {
	var near []Clip
	for _, c := range clips {
		if c.CentreMM.Distance(at) <= clickAroundMM {
			near = append(near, c)
		}
	}
	return near
}

func unscored(voxels [][3]int) component {
	return component{voxels: voxels, logits: make([]float32, len(voxels))}
}

// brightest is the brightest voxel within reachMM of at that no clip holds.
func brightest(v *volume.Volume, clips []Clip, at volume.Vec, reachMM float64) (found [3]int, ok bool) {
	g := v.Grid
	slice, _ := g.NearestSlice(at)
	normal := g.Normal()
	best := int16(math.MinInt16)
	box := boxAround(g, at, reachMM)
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			for x := box.Min[0]; x < box.Max[0]; x++ {
				d := g.ToPatient(float64(x), float64(y), float64(z)).Sub(at)
				across := d.Dot(normal)
				inPlane := math.Sqrt(max(d.Dot(d)-across*across, 0))
				hu := v.At(x, y, z)
				if inPlane > reachMM || math.Abs(across) > clickSliceMM && z != slice || hu <= best || holds(clips, x, y, z) {
					continue
				}
				best, found, ok = hu, [3]int{x, y, z}, true
			}
		}
	}
	return found, ok
}

func holds(clips []Clip, x, y, z int) bool {
	for _, c := range clips {
		if c.Mask.At(x, y, z) {
			return true
		}
	}
	return false
}

// gridAround is a grid of 2 mm voxels along the axes of g, one of them centred at p, large enough for the refinement.
func gridAround(g *volume.Grid, p volume.Vec) *volume.Grid {
	const spacing = 2
	n := 2*int(math.Ceil((clickAroundMM+shellOuterMM)/spacing)) + 1
	corner := float64(n/2) * spacing
	origin := p.Sub(g.Row.Scale(corner)).Sub(g.Col.Scale(corner)).Sub(g.Normal().Scale(corner))
	small := volume.NewUniformGrid(n, n, n, spacing, spacing, spacing, origin)
	small.Row, small.Col = g.Row, g.Col
	return small
}

// ballAround are the voxels of g within clickBallMM of its middle.
func ballAround(g *volume.Grid) [][3]int {
	var out [][3]int
	m := g.Nx / 2
	p := g.ToPatient(float64(m), float64(m), float64(m))
	box := boxAround(g, p, clickBallMM)
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			for x := box.Min[0]; x < box.Max[0]; x++ {
				if g.ToPatient(float64(x), float64(y), float64(z)).Distance(p) <= clickBallMM {
					out = append(out, [3]int{x, y, z})
				}
			}
		}
	}
	return out
}

// resampleVoxels are the voxels of g that hold a voxel centre of m.
func resampleVoxels(g *volume.Grid, m *volume.Mask) [][3]int {
	seen := map[[3]int]bool{}
	var out [][3]int
	m.Each(func(x, y, z int) {
		u, v, w := g.ToVoxel(m.Grid.ToPatient(float64(x), float64(y), float64(z)))
		p := [3]int{int(math.Round(u)), int(math.Round(v)), int(math.Round(w))}
		if !seen[p] && g.Contains(p[0], p[1], p[2]) {
			seen[p] = true
			out = append(out, p)
		}
	})
	return out
}
