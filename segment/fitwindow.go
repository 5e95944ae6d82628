package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// fitWindow is the part of a CT round what may be one clip or two.
type fitWindow struct {
	x, y, z  []float64 // mm of columns, rows and slices
	thick    []float64 // slice thickness, mm
	hu       []float64 // [z][y][x]
	weight   []float64 // 1, or 0 where a voxel takes no part
	noiseHU  float64
	weighted float64 // sum of weights
	corner   [3]int  // voxel of the CT at the window's first
}

// newFitWindow cuts out what surrounds own; voxels nearer to others, of air, beyond reach or left out do not count.
func newFitWindow(v *volume.Volume, own, others [][3]int, leave func(x, y, z int) bool) *fitWindow {
	g := v.Grid
	var box volume.Box
	for _, p := range own {
		at := g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))
		box = box.Union(boxAround(g, at, fitReachMM))
	}
	w := &fitWindow{corner: box.Min}
	for x := box.Min[0]; x < box.Max[0]; x++ {
		w.x = append(w.x, float64(x)*g.SpacingX)
	}
	for y := box.Min[1]; y < box.Max[1]; y++ {
		w.y = append(w.y, float64(y)*g.SpacingY)
	}
	for z := box.Min[2]; z < box.Max[2]; z++ {
		w.z, w.thick = append(w.z, g.SliceMM[z]), append(w.thick, g.SliceThickness(z))
	}
	mine, theirs := gridMM(g, own), gridMM(g, others)
	low, high := math.Inf(1), math.Inf(-1)
	for k, z := range w.z {
		for j, y := range w.y {
			for i, x := range w.x {
				h := float64(v.At(box.Min[0]+i, box.Min[1]+j, box.Min[2]+k))
				w.hu = append(w.hu, h)
				near := nearestMM(mine, x, y, z)
				counts := h > shellAirHU && h != saturatedHU && near <= fitReachMM && nearestMM(theirs, x, y, z) > near &&
					!leave(box.Min[0]+i, box.Min[1]+j, box.Min[2]+k)
				if !counts {
					w.weight = append(w.weight, 0)
					continue
				}
				w.weight = append(w.weight, 1)
				w.weighted++
				low, high = min(low, h), max(high, h)
			}
		}
	}
	w.noiseHU = math.Hypot(fitNoiseHU, fitModelShare*max(high-low, 0))
	return w
}

func gridMM(g *volume.Grid, voxels [][3]int) [][3]float64 {
	out := make([][3]float64, len(voxels))
	for i, p := range voxels {
		out[i] = [3]float64{float64(p[0]) * g.SpacingX, float64(p[1]) * g.SpacingY, g.SliceMM[p[2]]}
	}
	return out
}

func nearestMM(points [][3]float64, x, y, z float64) float64 {
	best := math.Inf(1)
	for _, p := range points {
		dx, dy, dz := p[0]-x, p[1]-y, p[2]-z
		best = min(best, dx*dx+dy*dy+dz*dz)
	}
	return math.Sqrt(best)
}

// metalOf is the centroid of what rises above background, and its covariance.
func (w *fitWindow) metalOf(background float64) (centre [3]float64, cov [3][3]float64) {
	total := 0.0
	w.each(func(i int, p [3]float64) {
		if m := w.hu[i] - background; m > 0 {
			total += m
			for a := range 3 {
				centre[a] += m * p[a]
			}
		}
	})
	if total == 0 {
		return centre, cov
	}
	for a := range 3 {
		centre[a] /= total
	}
	w.each(func(i int, p [3]float64) {
		if m := w.hu[i] - background; m > 0 {
			for a := range 3 {
				for b := range 3 {
					cov[a][b] += m * (p[a] - centre[a]) * (p[b] - centre[b]) / total
				}
			}
		}
	})
	return centre, cov
}

// each visits the voxels that take part, with their place.
func (w *fitWindow) each(visit func(i int, p [3]float64)) {
	i := 0
	for _, z := range w.z {
		for _, y := range w.y {
			for _, x := range w.x {
				if w.weight[i] != 0 {
					visit(i, [3]float64{x, y, z})
				}
				i++
			}
		}
	}
}

// image is what the clips of by add to the background, HU, [z][y][x].
func (w *fitWindow) image(by fitted) []float64 {
	f := newFitter(w, 1)
	out := make([]float64, len(w.hu))
	for _, b := range by.bars {
		q := append(b.centre[:], b.half[:]...)
		f.render(q, by.sigmaMM, by.stretch, f.basis[0])
		for i, v := range f.basis[0] {
			out[i] += b.metal * v
		}
	}
	return out
}

// without is the window less what all of parts but part k add to it.
func (w *fitWindow) without(parts []fitted, k int) *fitWindow {
	if len(parts) == 1 {
		return w
	}
	rest := *w
	rest.hu = slices.Clone(w.hu)
	for other, p := range parts {
		if other != k {
			for i, v := range w.image(p) {
				rest.hu[i] -= v
			}
		}
	}
	return &rest
}

// misfit is chi square a voxel of the window against by.
func (w *fitWindow) misfit(by fitted) float64 {
	sum := 0.0
	image := w.image(by)
	for i, h := range w.hu {
		if w.weight[i] != 0 {
			d := (h - by.backgroundHU - image[i]) / w.noiseHU
			sum += d * d
		}
	}
	return sum / max(w.weighted, 1)
}

// eachIndex visits the voxels that take part, with their place in the CT.
func (w *fitWindow) eachIndex(visit func(i int, at [3]int)) {
	i := 0
	for z := range w.z {
		for y := range w.y {
			for x := range w.x {
				if w.weight[i] != 0 {
					visit(i, [3]int{w.corner[0] + x, w.corner[1] + y, w.corner[2] + z})
				}
				i++
			}
		}
	}
}
