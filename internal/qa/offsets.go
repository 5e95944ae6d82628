package qa

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Offsets tells how far the surface of one mask lies from that of another.
type Offsets struct {
	test *volume.Mask
	box  volume.Box
	sqMM []float64 // [z][y][x] of box, to the surface voxels of test
}

// NewOffsets returns how far ref lies from test, masks on the same grid of which neither is empty.
func NewOffsets(ref, test *volume.Mask) *Offsets {
	b := ref.Bounds().Union(test.Bounds())
	return &Offsets{test, b, segment.SquaredDistances(surfaceVoxels(test), b)}
}

// At is the distance in mm from the centre of a voxel of ref to the nearest surface voxel of test, as in HD; negative where
// the voxel is not in test, which falls short of it there.
func (o *Offsets) At(x, y, z int) float64 {
	s := o.box.Size()
	d := math.Sqrt(o.sqMM[((z-o.box.Min[2])*s[1]+y-o.box.Min[1])*s[0]+x-o.box.Min[0]])
	if !o.test.At(x, y, z) {
		return -d
	}
	return d
}

// surfaceVoxels are the voxels of m with one of their six neighbours outside.
func surfaceVoxels(m *volume.Mask) *volume.Mask {
	out := volume.NewMask(m.Grid)
	for _, r := range m.Runs() {
		for x := r.X0; x < r.X1; x++ {
			if x == r.X0 || x == r.X1-1 || !m.Has(x, r.Y-1, r.Z) || !m.Has(x, r.Y+1, r.Z) || !m.Has(x, r.Y, r.Z-1) || !m.Has(x, r.Y, r.Z+1) {
				out.Set(x, r.Y, r.Z, true)
			}
		}
	}
	return out
}
