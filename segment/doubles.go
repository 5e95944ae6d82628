package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	leastClips  = 4   // clips from which a usual amount of metal can be told
	doubleLimit = 1.8 // times the usual amount of metal,
	spreadLimit = 1.3 // spread so many times as far as usual: it is two clips
	apartMM     = 2.2 // two clips in one are at least so far apart
)

// partDoubles splits what holds the metal of two clips although it has one peak: a pair that lies closer than
// slices or pixels resolve. A surgeon uses clips of one size, and partial volume spreads a clip's HU without
// changing their sum.
func partDoubles(v *volume.Volume, network *volume.Grid, clips []refined) []refined {
	if len(clips) < leastClips {
		return clips
	}
	metal, spread := make([]float64, len(clips)), make([]float64, len(clips))
	for i := range clips {
		metal[i], spread[i] = clips[i].metal(v)
	}
	usualMetal, usualSpread := lowerMedian(metal), lowerMedian(spread)
	var out []refined
	for i := range clips {
		if metal[i] < doubleLimit*usualMetal || spread[i] < spreadLimit*usualSpread || clips[i].touches || clips[i].capped {
			out = append(out, clips[i])
			continue
		}
		out = append(out, clips[i].part(v, network)...)
	}
	return out
}

func lowerMedian(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}

// metal is the sum of what the clip's voxels rise above the background, HU mm³, and how far it is spread: the
// standard deviation of its place, mm.
func (c *refined) metal(v *volume.Volume) (sum, spreadMM float64) {
	var mean volume.Vec
	each := func(visit func(at volume.Vec, weight float64)) {
		for _, p := range c.voxels {
			visit(v.Grid.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])),
				(float64(v.At(p[0], p[1], p[2]))-c.backgroundHU)*v.Grid.VoxelVolume(p[2]))
		}
	}
	each(func(at volume.Vec, weight float64) { sum, mean = sum+weight, mean.Add(at.Scale(weight)) })
	mean = mean.Scale(1 / sum)
	variance := 0.0
	each(func(at volume.Vec, weight float64) {
		d := at.Sub(mean)
		variance += weight * d.Dot(d)
	})
	// A voxel is a box, not a point.
	g := v.Grid
	slice, _ := g.Uniform()
	box := (g.SpacingX*g.SpacingX + g.SpacingY*g.SpacingY + slice*slice) / 12
	return sum, math.Sqrt(variance/sum + box)
}

// part divides c at the middle between two centres of its metal (2-means), or leaves it whole where they are
// too near each other.
func (c *refined) part(v *volume.Volume, network *volume.Grid) []refined {
	g := v.Grid
	at := make([]volume.Vec, len(c.voxels))
	weight := make([]float64, len(c.voxels))
	for i, p := range c.voxels {
		at[i] = g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))
		weight[i] = (float64(v.At(p[0], p[1], p[2])) - c.backgroundHU) * g.VoxelVolume(p[2])
	}
	centres := farthest(at)
	for range 20 {
		var sum [2]volume.Vec
		var total [2]float64
		for i, p := range at {
			k := nearer(centres, p)
			sum[k], total[k] = sum[k].Add(p.Scale(weight[i])), total[k]+weight[i]
		}
		if total[0] == 0 || total[1] == 0 {
			return []refined{*c}
		}
		centres = [2]volume.Vec{sum[0].Scale(1 / total[0]), sum[1].Scale(1 / total[1])}
	}
	if centres[0].Distance(centres[1]) < apartMM {
		return []refined{*c}
	}
	parts := []refined{{backgroundHU: c.backgroundHU, centre: centres[0], peakHU: math.MinInt16}, {backgroundHU: c.backgroundHU, centre: centres[1], peakHU: math.MinInt16}}
	for i, p := range c.voxels {
		k := &parts[nearer(centres, at[i])]
		k.voxels, k.peakHU = append(k.voxels, p), max(k.peakHU, v.At(p[0], p[1], p[2]))
	}
	for i, p := range c.marked {
		k := &parts[nearer(centres, network.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))]
		k.marked, k.logits = append(k.marked, p), append(k.logits, c.logits[i])
	}
	for i := range parts {
		if len(parts[i].logits) == 0 {
			parts[i].logits = c.logits
		}
	}
	return parts
}

// farthest are two points far from each other: the one farthest from the first, and the one farthest from that.
func farthest(points []volume.Vec) [2]volume.Vec {
	from := func(p volume.Vec) volume.Vec {
		best := p
		for _, q := range points {
			if q.Distance(p) > best.Distance(p) {
				best = q
			}
		}
		return best
	}
	a := from(points[0])
	return [2]volume.Vec{a, from(a)}
}

func nearer(centres [2]volume.Vec, p volume.Vec) int {
	if p.Distance(centres[1]) < p.Distance(centres[0]) {
		return 1
	}
	return 0
}
