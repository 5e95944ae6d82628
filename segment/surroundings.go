package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Surroundings is how far a clip's centre lies from what matters about it, in mm; NaN where that is not known or
// farther than SurroundingsMM.
type Surroundings struct {
	SkinMM   float64 // to the surface of External
	BoneMM   float64 // to the nearest bone
	CentreMM float64 // to the mean of the kept clips of its side: the middle of the cavity
}

// SurroundingsMM is how far Surround looks.
const SurroundingsMM = 80

// Surround measures clip c among clips. external and bones may be nil.
func Surround(c *Clip, clips []Clip, external, bones *volume.Mask) Surroundings {
	s := Surroundings{SkinMM: math.NaN(), BoneMM: math.NaN(), CentreMM: math.NaN()}
	if external != nil {
		s.SkinMM = nearestVoxelMM(external, c.CentreMM, false)
	}
	if bones != nil {
		s.BoneMM = nearestVoxelMM(bones, c.CentreMM, true)
	}
	var middle volume.Vec
	n := 0.0
	for i := range clips {
		if clips[i].Kept && clips[i].Side == c.Side {
			middle = middle.Add(clips[i].CentreMM)
			n++
		}
	}
	if n > 1 {
		s.CentreMM = c.CentreMM.Distance(middle.Scale(1 / n))
	}
	return s
}

// nearestVoxelMM is the distance from p to the nearest voxel centre that is in m, or not in m; 0 when p lies in such a
// voxel. Where the grid ends the patient goes on. It looks near first, so that near answers are cheap.
func nearestVoxelMM(m *volume.Mask, p volume.Vec, in bool) float64 {
	g := m.Grid
	x, y, z := g.ToVoxel(p)
	if i, j, k := int(math.Round(x)), int(math.Round(y)), int(math.Round(z)); g.Contains(i, j, k) && m.At(i, j, k) == in {
		return 0
	}
	at := alongAxes(g, p)
	for reach := 5.0; reach <= SurroundingsMM; reach *= 2 {
		best := reach * reach
		found := false
		box := boxAround(g, p, reach)
		for z := box.Min[2]; z < box.Max[2]; z++ {
			dz := g.SliceMM[z] - at[2]
			for y := box.Min[1]; y < box.Max[1]; y++ {
				dy := float64(y)*g.SpacingY - at[1]
				rest := best - dz*dz - dy*dy
				if rest < 0 {
					continue
				}
				for x := box.Min[0]; x < box.Max[0]; x++ {
					dx := float64(x)*g.SpacingX - at[0]
					if d := dx*dx + dy*dy + dz*dz; d <= best && m.At(x, y, z) == in {
						best, found = d, true
					}
				}
			}
		}
		if found {
			return math.Sqrt(best)
		}
	}
	return math.NaN()
}
