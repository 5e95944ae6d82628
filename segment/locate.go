package segment

import (
	"context"
	"math"
	"slices"
	"sort"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	// denseHU is the least that any clip reaches: only such voxels of the body are worth a patch.
	denseHU = 150
	// clusterMM is how far a component may be from the one that its cluster is counted at.
	clusterMM = 96
	// edgeMM is how far from a border of the region, where the CT goes on beyond it, a component counts as outside: what lies with it
	// may be cut off.
	edgeMM = 16
	// secondSum is what the confidences of a second cluster must add up to before it is searched too.
	secondSum = 1.5
	// mostComponents bounds the work for a network gone wild; the largest ones count.
	mostComponents = 1000
)

// located is what the Location Net found.
type located struct {
	feature *logitMap
	found   bool
	centre  [3]float64  // mean of the positive voxels of the best cluster, voxels of the network grid
	second  *[3]float64 // of the next best cluster outside the first's cube or at its edge, where that may hold clips of another bed or the axilla
	spread  float64     // mm from the centre to the farthest component, of any cluster, that is more likely a clip than not
}

// locate slides the Location Net over the network grid and finds the densest cluster of positive voxels.
// Only what may be clip is looked at (cover), and with within given only what lies there. Cancelled work returns ctx.Err().
func locate(ctx context.Context, net Network, card *Card, r *resampled, within *volume.Box, progress func(done, total int)) (*located, error) {
	bounds := r.Grid.Bounds()
	if within != nil {
		bounds = *within
	}
	starts := r.cover(bounds, card.PatchVoxels, card.Overlap)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s := slider{name: "Location Net", net: net, card: card, in: r, progress: progress}
	feature, err := s.slide(ctx, r.Grid.Bounds(), starts)
	if err != nil {
		return nil, err
	}
	l := &located{feature: feature}
	parts := marked(feature, r, card)
	parts = parts[:min(len(parts), mostComponents)]
	l.centreOfBest(parts, r.Grid)
	return l, nil
}

// component is a connected set of voxels that a network marks as clip.
type component struct {
	voxels     [][3]int // of the network grid
	logits     []float32
	centre     [3]float64 // mean of voxels
	confidence float64
}

// marked returns the 26-connected components of the voxels of m in the body whose logit is above the card's
// threshold, largest first, without those of fewer than the card's MinVoxels.
func marked(m *logitMap, r *resampled, card *Card) []component {
	limit := card.thresholdLogit()
	size := m.box.Size()
	positive := volume.NewMask(r.Grid)
	i := 0
	for z := m.box.Min[2]; z < m.box.Max[2]; z++ {
		for y := m.box.Min[1]; y < m.box.Max[1]; y++ {
			hu := r.hu[r.Grid.Index(m.box.Min[0], y, z):][:size[0]]
			for x, l := range m.logits[i : i+size[0]] {
				if l > limit && hu[x] != outsideBody {
					positive.Set(m.box.Min[0]+x, y, z, true)
				}
			}
			i += size[0]
		}
	}
	var parts []component
	for _, found := range volume.ComponentRuns(positive) {
		if found.Voxels < card.MinVoxels {
			continue
		}
		var voxels [][3]int
		var logits []float32
		for _, run := range found.Runs {
			for x := run.X0; x < run.X1; x++ {
				voxels = append(voxels, [3]int{x, run.Y, run.Z})
				logits = append(logits, m.at(x, run.Y, run.Z))
			}
		}
		parts = append(parts, newComponent(voxels, logits, card))
	}
	return parts
}

func newComponent(voxels [][3]int, logits []float32, card *Card) component {
	return component{voxels, logits, meanVoxel(voxels), card.confidence(topMean(logits))}
}

func meanVoxel(voxels [][3]int) (mean [3]float64) {
	for _, v := range voxels {
		for i := range 3 {
			mean[i] += float64(v[i])
		}
	}
	for i := range 3 {
		mean[i] /= float64(len(voxels))
	}
	return mean
}

// topMean is the mean of the three largest logits.
func topMean(logits []float32) float64 {
	top := slices.Clone(logits)
	sort.Slice(top, func(i, j int) bool { return top[i] > top[j] })
	top = top[:min(3, len(top))]
	sum := 0.0
	for _, l := range top {
		sum += float64(l)
	}
	return sum / float64(len(top))
}

// centreOfBest chooses the component round which, within clusterMM, lies the largest sum of confidences,
// and takes the mean of the positive voxels of that cluster: the paper's centre, without what is far away.
func (l *located) centreOfBest(parts []component, g *volume.Grid) {
	var sum float64
	l.centre, sum = bestCluster(parts, g.SpacingX)
	l.found = sum >= 0
	if !l.found {
		return
	}
	for _, p := range parts {
		if p.confidence >= 0.5 {
			l.spread = max(l.spread, voxelDistance(p.centre, l.centre)*g.SpacingX)
		}
	}
	cube := inner(cubeAround(l.centre, int(2*clusterMM/g.SpacingX), g.Bounds()), g)
	var outside []component
	for _, p := range parts {
		if c := p.centre; !cube.Contains(int(c[0]+0.5), int(c[1]+0.5), int(c[2]+0.5)) {
			outside = append(outside, p)
		}
	}
	if second, sum := bestCluster(outside, g.SpacingX); sum >= secondSum {
		l.second = &second
	}
}

// inner is b, a box of g, less edgeMM on every side where g goes on.
func inner(b volume.Box, g *volume.Grid) volume.Box {
	edge, all := int(edgeMM/g.SpacingX), g.Bounds()
	for i := range 3 {
		if b.Min[i] > all.Min[i] {
			b.Min[i] += edge
		}
		if b.Max[i] < all.Max[i] {
			b.Max[i] -= edge
		}
	}
	return b
}

// bestCluster is the centre of the best cluster and its sum of confidences, -1 without any.
func bestCluster(parts []component, spacingMM float64) (centre [3]float64, best float64) {
	best = -1
	for _, p := range parts {
		sum := 0.0
		var voxels [][3]int
		for _, q := range parts {
			if voxelDistance(p.centre, q.centre)*spacingMM <= clusterMM {
				sum += q.confidence
				voxels = append(voxels, q.voxels...)
			}
		}
		if sum > best {
			centre, best = meanVoxel(voxels), sum
		}
	}
	return centre, best
}

func voxelDistance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}

// cubeAround is the cube of n voxels a side round centre, moved into bounds, which holds it.
func cubeAround(centre [3]float64, n int, bounds volume.Box) volume.Box {
	var b volume.Box
	for i := range 3 {
		start := int(math.Round(centre[i] - float64(n-1)/2))
		b.Min[i] = max(bounds.Min[i], min(start, bounds.Max[i]-n))
		b.Max[i] = b.Min[i] + n
	}
	return b
}

// roi is box of the network grid in patient space.
func roi(g *volume.Grid, box volume.Box, centre volume.Vec) *ROI {
	lo, hi := volume.Vec{math.Inf(1), math.Inf(1), math.Inf(1)}, volume.Vec{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for corner := range 8 {
		var at [3]float64
		for i := range 3 {
			if corner>>i&1 == 0 {
				at[i] = float64(box.Min[i]) - 0.5
			} else {
				at[i] = float64(box.Max[i]) - 0.5
			}
		}
		p := g.ToPatient(at[0], at[1], at[2])
		for i := range 3 {
			lo[i], hi[i] = min(lo[i], p[i]), max(hi[i], p[i])
		}
	}
	return &ROI{MinMM: lo, MaxMM: hi, CentreMM: centre}
}

// boxOf is the box of voxels of g whose cubes meet the box r; empty when r misses the grid.
func boxOf(g *volume.Grid, r *ROI) volume.Box {
	lo := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	hi := [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for corner := range 8 {
		p := r.MinMM
		for i := range 3 {
			if corner>>i&1 == 1 {
				p[i] = r.MaxMM[i]
			}
		}
		x, y, z := g.ToVoxel(p)
		for i, v := range [3]float64{x, y, z} {
			lo[i], hi[i] = min(lo[i], v), max(hi[i], v)
		}
	}
	const slack = 1e-6 // a box made by roi comes back as it was
	var b volume.Box
	for i := range 3 {
		b.Min[i], b.Max[i] = int(math.Floor(lo[i]+0.5+slack)), int(math.Ceil(hi[i]+0.5-slack))
	}
	return b.Intersect(g.Bounds())
}
