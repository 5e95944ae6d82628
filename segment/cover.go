package segment

import "github.com/clipwright/clipwright/internal/volume"

// roundDenseMM is how much of what surrounds the outermost dense voxels the windows hold at least, where there is room:
// a clip in the front of a breast is the outermost dense voxel itself.
const roundDenseMM = 16

// cover are the first voxels of patches over every voxel of bounds that may be clip, denseHU or more in the body: as few
// as overlap by at least the part overlap of their side. Slabs first, in each slab the rows that it needs, in each row the
// columns: chest, shoulders and arms differ in width. Every side of the grid holds at least one patch.
func (r *resampled) cover(bounds volume.Box, patch int, overlap float64) [][3]int {
	margin := int(roundDenseMM / r.Grid.SpacingX)
	least := int(overlap * float64(patch))
	grid := r.Grid.Bounds()
	// along places patches on one axis over the dense part of box.
	along := func(axis int, box volume.Box) []int {
		dense := r.dense(box)
		if dense.Empty() {
			return nil
		}
		lo := max(dense.Min[axis]-margin, box.Min[axis])
		hi := min(dense.Max[axis]+margin, box.Max[axis])
		return evenStarts(lo, hi, patch, least, grid.Min[axis], grid.Max[axis])
	}
	var starts [][3]int
	for _, z := range along(2, bounds) {
		slab := bounds
		slab.Min[2], slab.Max[2] = max(bounds.Min[2], z), min(bounds.Max[2], z+patch)
		for _, y := range along(1, slab) {
			row := slab
			row.Min[1], row.Max[1] = max(slab.Min[1], y), min(slab.Max[1], y+patch)
			for _, x := range along(0, row) {
				starts = append(starts, [3]int{x, y, z})
			}
		}
	}
	return starts
}

// evenStarts places the fewest patches over lo to hi, exclusive, that overlap by at least least, evenly, and moves them
// into first to last; one alone lies round the middle.
func evenStarts(lo, hi, patch, least, first, last int) []int {
	n := 1
	if hi-lo > patch {
		n += (hi - lo - patch + patch - least - 1) / (patch - least)
	}
	starts := make([]int, n)
	for i := range starts {
		at := lo + (hi-lo-patch)/2
		if n > 1 {
			at = lo + (hi-lo-patch)*i/(n-1)
		}
		starts[i] = max(first, min(at, last-patch))
	}
	return starts
}

// dense is the smallest box round the voxels of box that are denseHU or more in the body.
func (r *resampled) dense(box volume.Box) volume.Box {
	out := volume.Box{Min: box.Max, Max: box.Min}
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			row := r.hu[r.Grid.Index(box.Min[0], y, z):][:box.Max[0]-box.Min[0]]
			first, last := -1, -1
			for x, h := range row {
				if h >= denseHU {
					if first < 0 {
						first = x
					}
					last = x
				}
			}
			if first < 0 {
				continue
			}
			at := [3]int{box.Min[0] + first, y, z}
			end := [3]int{box.Min[0] + last + 1, y + 1, z + 1}
			for i := range 3 {
				out.Min[i], out.Max[i] = min(out.Min[i], at[i]), max(out.Max[i], end[i])
			}
		}
	}
	if out.Empty() {
		return volume.Box{}
	}
	return out
}
