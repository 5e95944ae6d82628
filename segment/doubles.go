package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	leastClips  = 4   // clips from which a usual amount of metal can be told
	doubleLimit = 1.8 // times the usual amount of metal,
	spreadLimit = 1.5 // spread so many times as far as usual: it is two clips. Below, long single clips are parted
	apartMM     = 2.2 // two clips in one are at least so far apart
)

// partDoubles splits what holds the metal of two clips although it has one peak: a pair that lies closer than
// slices or pixels resolve. A surgeon uses clips of one size, and partial volume spreads a clip's HU without
// changing their sum.
func partDoubles(v *volume.Volume, network *volume.Grid, clips []refined) []refined {
	if len(clips) < leastClips {
		return clips
	}
	pieces := make([]metal, len(clips))
	sums, spreads := make([]float64, len(clips)), make([]float64, len(clips))
	for i := range clips {
		pieces[i] = clips[i].metal(v)
		sums[i], spreads[i] = pieces[i].sum(), pieces[i].spreadMM()
	}
	usualSum, usualSpread := lowerMedian(sums), lowerMedian(spreads)
	var out []refined
	for i := range clips {
		more := sums[i] >= doubleLimit*usualSum && spreads[i] >= spreadLimit*usualSpread
		centres, apart := pieces[i].twoCentres()
		if !more || !apart || clips[i].touches || clips[i].capped {
			out = append(out, clips[i])
			continue
		}
		out = append(out, clips[i].part(centres, v, network)...)
	}
	return out
}

func lowerMedian(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}

// metal is what the voxels of a clip rise above its background.
type metal struct {
	at     []volume.Vec // voxel centres, LPS mm
	weight []float64    // HU mm³
	sizeMM float64      // standard deviation of the place within one voxel
}

func (c *refined) metal(v *volume.Volume) metal {
	g := v.Grid
	slice, _ := g.Uniform()
	m := metal{sizeMM: math.Sqrt((g.SpacingX*g.SpacingX + g.SpacingY*g.SpacingY + slice*slice) / 12)}
	for _, p := range c.voxels {
		m.at = append(m.at, g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))
		m.weight = append(m.weight, max(float64(v.At(p[0], p[1], p[2]))-c.backgroundHU, 1)*g.VoxelVolume(p[2]))
	}
	return m
}

func (m *metal) sum() float64 {
	sum := 0.0
	for _, w := range m.weight {
		sum += w
	}
	return sum
}

// spreadMM is the standard deviation of the metal's place.
func (m *metal) spreadMM() float64 {
	centres := [2]volume.Vec{m.at[0], m.at[0]}
	middle, _ := m.shares(centres) // all of it is nearest to the first
	variance := 0.0
	for i, p := range m.at {
		d := p.Sub(middle[0])
		variance += m.weight[i] * d.Dot(d)
	}
	return math.Sqrt(variance/m.sum() + m.sizeMM*m.sizeMM)
}

// shares are the centroids of what lies nearer to each centre, and how much that is.
func (m *metal) shares(centres [2]volume.Vec) (centroid [2]volume.Vec, total [2]float64) {
	for i, p := range m.at {
		k := nearer(centres, p)
		centroid[k], total[k] = centroid[k].Add(p.Scale(m.weight[i])), total[k]+m.weight[i]
	}
	for k := range centroid {
		if total[k] > 0 {
			centroid[k] = centroid[k].Scale(1 / total[k])
		}
	}
	return centroid, total
}

// twoCentres are the centres of two halves (2-means), and whether they lie apart as two clips do.
func (m *metal) twoCentres() ([2]volume.Vec, bool) {
	centres := farthest(m.at)
	for range 20 {
		next, total := m.shares(centres)
		if total[0] == 0 || total[1] == 0 {
			return centres, false
		}
		centres = next
	}
	return centres, centres[0].Distance(centres[1]) >= apartMM
}

// part gives each voxel of c, and each that the network marked, to the nearer centre.
func (c *refined) part(centres [2]volume.Vec, v *volume.Volume, network *volume.Grid) []refined {
	parts := make([]refined, 2)
	for k := range parts {
		parts[k] = refined{backgroundHU: c.backgroundHU, centre: centres[k], peakHU: math.MinInt16}
	}
	for _, p := range c.voxels {
		k := &parts[nearer(centres, v.Grid.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))]
		k.voxels, k.peakHU = append(k.voxels, p), max(k.peakHU, v.At(p[0], p[1], p[2]))
	}
	for i, p := range c.marked {
		k := &parts[nearer(centres, network.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))]
		k.marked, k.logits = append(k.marked, p), append(k.logits, c.logits[i])
	}
	for k := range parts {
		if len(parts[k].logits) == 0 {
			parts[k].logits = c.logits
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
