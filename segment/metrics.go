package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// DSC is the Dice similarity coefficient 2 |A and B| / (|A| + |B|) by volume, 0 to 1. Two empty masks
// agree: 1. The masks must be on the same grid.
func DSC(a, b *volume.Mask) float64 {
	sum := a.VolumeMM3() + b.VolumeMM3()
	if sum == 0 {
		return 1
	}
	return 2 * a.Intersect(b).VolumeMM3() / sum
}

// Surfaces holds the distances between the surfaces of two masks, in mm: AB from each surface point of the first to the
// nearest of the second, BA the other way, each ascending. The surface points of a mask are the centres of its voxels that
// have a side neighbour outside it or beyond the grid.
type Surfaces struct{ AB, BA []float64 }

// CompareSurfaces measures the surfaces of a and b, on the same grid. ok is false when a mask is empty.
func CompareSurfaces(a, b *volume.Mask) (s Surfaces, ok bool) {
	surfaceA, surfaceB := SurfaceVoxels(a), SurfaceVoxels(b)
	if surfaceA.Empty() || surfaceB.Empty() {
		return Surfaces{}, false
	}
	s = Surfaces{directedDistances(surfaceA, surfaceB), directedDistances(surfaceB, surfaceA)}
	slices.Sort(s.AB)
	slices.Sort(s.BA)
	return s, true
}

// HDMM is the Hausdorff distance: the larger of the two directed maxima.
func (s Surfaces) HDMM() float64 { return max(s.AB[len(s.AB)-1], s.BA[len(s.BA)-1]) }

// HD95MM is the larger of the two directed 95th percentiles, interpolated linearly, as NumPy does.
func (s Surfaces) HD95MM() float64 { return max(percentile(s.AB, 0.95), percentile(s.BA, 0.95)) }

// ASDMM is the sum of both sets of distances over the number of surface points of both: equation 3 of the paper,
// normalised.
func (s Surfaces) ASDMM() float64 {
	sum := 0.0
	for _, d := range s.AB {
		sum += d
	}
	for _, d := range s.BA {
		sum += d
	}
	return sum / float64(len(s.AB)+len(s.BA))
}

// SurfaceDistances returns HD95 and ASD of a and b, on the same grid, in mm. ok is false, and both are NaN, when a mask is
// empty.
func SurfaceDistances(a, b *volume.Mask) (hd95MM, asdMM float64, ok bool) {
	s, ok := CompareSurfaces(a, b)
	if !ok {
		return math.NaN(), math.NaN(), false
	}
	return s.HD95MM(), s.ASDMM(), true
}

// SurfaceVoxels returns the voxels of m with a side neighbour outside m or beyond the grid.
func SurfaceVoxels(m *volume.Mask) *volume.Mask {
	s := volume.NewMask(m.Grid)
	m.Each(func(x, y, z int) {
		if !(m.Has(x-1, y, z) && m.Has(x+1, y, z) && m.Has(x, y-1, z) && m.Has(x, y+1, z) && m.Has(x, y, z-1) && m.Has(x, y, z+1)) {
			s.Set(x, y, z, true)
		}
	})
	return s
}

// directPairs is how many pairs of points are compared one by one rather than by a distance map.
const directPairs = 1 << 22

// directedDistances returns for each voxel of from, in any order, the distance in mm to the nearest of to.
func directedDistances(from, to *volume.Mask) []float64 {
	if n := from.Count() * to.Count(); n <= directPairs {
		return pairedDistances(voxelPoints(from), voxelPoints(to))
	}
	b := from.Bounds().Union(to.Bounds())
	d, s := SquaredDistances(to, b), b.Size()
	var all []float64
	from.Each(func(x, y, z int) {
		i := ((z-b.Min[2])*s[1]+y-b.Min[1])*s[0] + x - b.Min[0]
		all = append(all, math.Sqrt(d[i]))
	})
	return all
}

// voxelPoints lists the voxel centres of m in mm along the grid's axes.
func voxelPoints(m *volume.Mask) []volume.Vec {
	var points []volume.Vec
	g := m.Grid
	m.Each(func(x, y, z int) {
		points = append(points, volume.Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]})
	})
	return points
}

func pairedDistances(from, to []volume.Vec) []float64 {
	all := make([]float64, len(from))
	for i, p := range from {
		least := math.Inf(1)
		for _, q := range to {
			x, y, z := p[0]-q[0], p[1]-q[1], p[2]-q[2]
			least = min(least, x*x+y*y+z*z)
		}
		all[i] = math.Sqrt(least)
	}
	return all
}

// percentile returns the value at fraction q between the elements of d, ascending and not empty.
func percentile(d []float64, q float64) float64 {
	at := q * float64(len(d)-1)
	i := min(int(at), max(len(d)-2, 0))
	if i+1 == len(d) {
		return d[i]
	}
	return d[i] + (at-float64(i))*(d[i+1]-d[i])
}
