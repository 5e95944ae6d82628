package phantom

import (
	"math"
	"slices"
)

const (
	wallBins   = 72   // azimuths of 5 degrees
	wallStep   = 3    // every third voxel of a row and column is looked at
	wallReach  = 18.0 // mm up and down that share ribs
	noWall     = 0.72 // of the body's radius, where neither rib nor lung is near
	ribHU      = 220
	airLungHU  = -400
	skinAwayMM = 6 // bone nearer to the surface is no rib but a couch part, a marker or an arm
)

// chestWall estimates, for a real CT, how far from the axis through t.centre the ribs run at each
// slice and azimuth: what lies nearer is chest or abdomen, what lies farther breast or chest wall.
// The radius is the median of the bone there or the outermost lung, whichever is farther out.
func (t *terrain) chestWall() {
	g := t.g
	nz := g.Nz()
	bone := make([][wallBins][]float32, nz)
	lung := make([][wallBins]float32, nz)
	skin := make([][wallBins]float32, nz)
	for z := range nz {
		for y := 0; y < g.Ny; y += wallStep {
			dy := g.Origin[1] + float64(y)*g.SpacingY - t.centre[1]
			for x := 0; x < g.Nx; x += wallStep {
				if !t.external.At(x, y, z) {
					continue
				}
				h := t.hu[g.Index(x, y, z)]
				dx := g.Origin[0] + float64(x)*g.SpacingX - t.centre[0]
				b := azimuth(dx, dy)
				r := float32(math.Hypot(dx, dy))
				skin[z][b] = max(skin[z][b], r)
				switch {
				case h > ribHU:
					bone[z][b] = append(bone[z][b], r)
				case h < airLungHU:
					lung[z][b] = max(lung[z][b], r)
				}
			}
		}
	}
	t.wall = make([][wallBins]float32, nz)
	var near []float32
	for z := range nz {
		for b := range wallBins {
			near = near[:0]
			out := float32(0)
			for k := range nz {
				if math.Abs(g.SliceMM[k]-g.SliceMM[z]) > wallReach {
					continue
				}
				for db := -1; db <= 1; db++ {
					c := (b + db + wallBins) % wallBins
					for _, r := range bone[k][c] {
						if r < skin[k][c]-skinAwayMM {
							near = append(near, r)
						}
					}
					if l := lung[k][c]; l < skin[k][c]-skinAwayMM {
						out = max(out, l)
					}
				}
			}
			if len(near) > 3 {
				slices.Sort(near)
				out = max(out, near[len(near)*2/3])
			}
			if out == 0 {
				out = noWall * skin[z][b]
			}
			t.wall[z][b] = out + 2
		}
	}
}

func azimuth(dx, dy float64) int {
	b := int((math.Atan2(dx, -dy) + math.Pi) / (2 * math.Pi) * wallBins)
	return min(max(b, 0), wallBins-1)
}
