package qa

import (
	"math"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestOffsetsOfShiftedBoxes(t *testing.T) {
	g := volume.NewUniformGrid(30, 20, 10, 2, 2, 3, volume.Vec{})
	block := func(x0, x1 int) *volume.Mask {
		return volume.MaskWhere(g, func(x, y, z int) bool { return x >= x0 && x < x1 && y >= 5 && y < 15 && z >= 2 && z < 8 })
	}
	ref, test := block(5, 15), block(8, 18)
	o := NewOffsets(ref, test)
	for _, c := range []struct {
		x    int
		want float64
	}{
		{5, -6}, {7, -2}, {8, 0}, {14, 6}, // 3 voxels before the test's first, at it, and 3 before its last
	} {
		if got := o.At(c.x, 10, 5); got != c.want {
			t.Errorf("voxel %d lies at %g mm, want %g", c.x, got, c.want)
		}
	}
	// The largest from either side is HD.
	m, worst := Measure(ref, test, Tolerances{}), 0.0
	for _, pair := range [2][2]*volume.Mask{{ref, test}, {test, ref}} {
		o := NewOffsets(pair[0], pair[1])
		surfaceVoxels(pair[0]).Each(func(x, y, z int) { worst = math.Max(worst, math.Abs(o.At(x, y, z))) })
	}
	if math.Abs(worst-float64(m.HDMM)) > 1e-9 {
		t.Errorf("largest offset %g, HD %g", worst, float64(m.HDMM))
	}
}
