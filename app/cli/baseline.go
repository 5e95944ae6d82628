package cli

import (
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// thresholdHU is the paper's threshold method.
const thresholdHU = 300

// Baseline is what a method without networks finds.
type Baseline struct {
	Found int `json:"found"`
	False int `json:"false"`
}

// brightVoxels are the voxels of the body at 300 HU or more: the paper's threshold method takes each component for a clip.
func brightVoxels(v *volume.Volume, body *volume.Mask) *volume.Mask {
	bright := volume.NewMask(v.Grid)
	body.Each(func(x, y, z int) {
		if v.At(x, y, z) >= thresholdHU {
			bright.Set(x, y, z, true)
		}
	})
	return bright
}

// topHat are the components of what an opening by a ball removes from bright, of a clip's size: thin or small things.
func topHat(bright *volume.Mask) []*volume.Mask {
	const radiusMM, leastMM3, mostMM3 = 3, 4, 300
	var out []*volume.Mask
	for _, c := range volume.Components(bright.Subtract(volume.Open(bright, radiusMM))) {
		if mm3 := c.VolumeMM3(); mm3 >= leastMM3 && mm3 <= mostMM3 {
			out = append(out, c)
		}
	}
	return out
}

// baseline counts what components, taken for clips, find.
func baseline(components []*volume.Mask, truth, axillary []volume.Vec) Baseline {
	m := segment.Match(truth, centresOf(components, func(m *volume.Mask) volume.Vec { c, _ := qa.Centroid(m); return c }), axillary, hitRadiusMM)
	return Baseline{Found: len(m.Pairs), False: len(m.False)}
}

// bonesOf are the bright components too large to be a clip.
func bonesOf(grid *volume.Grid, bright []*volume.Mask) *volume.Mask {
	const leastMM3 = 1000
	bones := volume.NewMask(grid)
	for _, c := range bright {
		if c.VolumeMM3() >= leastMM3 {
			bones = bones.Union(c)
		}
	}
	return bones
}
