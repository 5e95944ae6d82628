package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// TargetFigures say what a target became, as against what was asked for.
type TargetFigures struct {
	Achieved    Margin  // mm that its outermost voxel lies beyond the bed's in each direction; negative where it was cut into the bed
	Outside     []int   // ids of kept clips whose centre lies outside it
	ClipEdgeMM  float64 // least distance from the centre of a clip inside to its surface voxels; NaN when none is inside
	SkinMM      float64 // least distance from it to the surface voxels of External; NaN without External or when either is empty
	VolumeRatio float64 // its volume over the bed's
}

// MeasureTarget measures target against the bed it came from and the kept clips. Distances are between voxel centres,
// so they are true to about a voxel. external may be nil.
func MeasureTarget(target, bed, external *volume.Mask, clips []Clip) TargetFigures {
	f := TargetFigures{ClipEdgeMM: math.NaN(), SkinMM: math.NaN(), VolumeRatio: target.VolumeMM3() / bed.VolumeMM3()}
	if target.Empty() || bed.Empty() {
		f.Achieved = UniformMargin(math.NaN())
		return f
	}
	low, high := extent(target)
	bedLow, bedHigh := extent(bed)
	in, out := bedLow.Sub(low), high.Sub(bedHigh)
	f.Achieved = Margin{R: in[0], L: out[0], A: in[1], P: out[1], S: out[2], I: in[2]}

	surface := surfaceVoxels(target)
	edge := voxelPoints(surface)
	f.Outside = outsideOf(target, clips)
	for _, c := range clips {
		if !c.Kept || slices.Contains(f.Outside, c.ID) {
			continue
		}
		centre := alongAxes(target.Grid, c.CentreMM)
		for _, p := range edge {
			if d := p.Distance(centre); !(d >= f.ClipEdgeMM) {
				f.ClipEdgeMM = d
			}
		}
	}
	if external != nil {
		f.SkinMM = leastDistance(surface, surfaceVoxels(external))
	}
	return f
}

// outsideOf returns the ids of the kept clips whose centre is in no voxel of m.
func outsideOf(m *volume.Mask, clips []Clip) []int {
	var ids []int
	for _, c := range clips {
		x, y, z := m.Grid.ToVoxel(c.CentreMM)
		if c.Kept && !m.Has(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// extent returns the least and the largest patient coordinate, LPS mm, of the voxel centres of m.
func extent(m *volume.Mask) (low, high volume.Vec) {
	low, high = volume.Vec{math.Inf(1), math.Inf(1), math.Inf(1)}, volume.Vec{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	m.Each(func(x, y, z int) {
		p := m.Grid.ToPatient(float64(x), float64(y), float64(z))
		for i := range p {
			low[i], high[i] = min(low[i], p[i]), max(high[i], p[i])
		}
	})
	return low, high
}

// leastDistance is the least distance in mm between voxel centres of two masks, NaN when one is empty.
func leastDistance(a, b *volume.Mask) float64 {
	if a.Empty() || b.Empty() {
		return math.NaN()
	}
	least := math.Inf(1)
	for _, d := range directedDistances(a, b) {
		least = min(least, d)
	}
	return least
}
