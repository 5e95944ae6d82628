package qa

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// outline returns the pixels of slice z of m, dense over b's columns and rows [y][x], that have one of their four
// neighbours on the slice outside m.
func outline(m *volume.Mask, b volume.Box, z int) []uint8 {
	s := b.Size()
	edge := make([]uint8, s[0]*s[1])
	for y := b.Min[1]; y < b.Max[1]; y++ {
		for x := b.Min[0]; x < b.Max[0]; x++ {
			if m.At(x, y, z) && !(m.Has(x-1, y, z) && m.Has(x+1, y, z) && m.Has(x, y-1, z) && m.Has(x, y+1, z)) {
				edge[(y-b.Min[1])*s[0]+x-b.Min[0]] = 1
			}
		}
	}
	return edge
}

// addedPath returns for each slice of the grid the outline of ref, in mm, that test lacks.
func addedPath(ref, test *volume.Mask, toleranceMM float64) []float64 {
	g := ref.Grid
	path := make([]float64, g.Nz())
	all := ref.Bounds()
	pixel := (g.SpacingX + g.SpacingY) / 2
	for z := all.Min[2]; z < all.Max[2]; z++ {
		if ref.CountSlice(z) == 0 {
			continue
		}
		edge := outline(ref, all, z)
		near := nearOutline(test, all, z, toleranceMM)
		n := 0
		for i, e := range edge {
			if e != 0 && near[i] == 0 {
				n++
			}
		}
		path[z] = float64(n) * pixel
	}
	return path
}

// nearOutline returns the pixels of b on slice z within toleranceMM, on the slice, of the outline of m.
func nearOutline(m *volume.Mask, b volume.Box, z int, toleranceMM float64) []uint8 {
	g := m.Grid
	rx, ry := int(toleranceMM/g.SpacingX+toleranceSlackMM), int(toleranceMM/g.SpacingY+toleranceSlackMM)
	wide := b
	wide.Min[0], wide.Max[0] = max(0, b.Min[0]-rx), min(g.Nx, b.Max[0]+rx)
	wide.Min[1], wide.Max[1] = max(0, b.Min[1]-ry), min(g.Ny, b.Max[1]+ry)
	edge := outline(m, wide, z)
	s, w := b.Size(), wide.Size()
	near := make([]uint8, s[0]*s[1])
	for i, e := range edge {
		if e == 0 {
			continue
		}
		x0, y0 := i%w[0]+wide.Min[0]-b.Min[0], i/w[0]+wide.Min[1]-b.Min[1]
		for dy := -ry; dy <= ry; dy++ {
			for dx := -rx; dx <= rx; dx++ {
				x, y := x0+dx, y0+dy
				if x >= 0 && y >= 0 && x < s[0] && y < s[1] && math.Hypot(float64(dx)*g.SpacingX, float64(dy)*g.SpacingY) <= toleranceMM+toleranceSlackMM {
					near[y*s[0]+x] = 1
				}
			}
		}
	}
	return near
}

// walkSurfaces measures the distances between the surfaces of two masks, neither empty, and lists the slices on which
// the masks differ: by the largest surface distance, then by the lowest overlap. path is the added path of each slice.
func walkSurfaces(ref, test *volume.Mask, path []float64) (segment.Surfaces, []Slice) {
	g := ref.Grid
	surfaceR, surfaceT := segment.SurfaceVoxels(ref), segment.SurfaceVoxels(test)
	b := surfaceR.Bounds().Union(surfaceT.Bounds())
	all := make([]Slice, g.Nz())
	surfaces := segment.Surfaces{
		AB: directed(surfaceR, surfaceT, b, all),
		BA: directed(surfaceT, surfaceR, b, all),
	}
	both := ref.Intersect(test)
	var worst []Slice
	for z := b.Min[2]; z < b.Max[2]; z++ {
		n := ref.CountSlice(z) + test.CountSlice(z)
		if n == 0 || 2*both.CountSlice(z) == n {
			continue
		}
		s := all[z]
		s.Index, s.AddedPathMM, s.DSC = z, path[z], 2*float64(both.CountSlice(z))/float64(n)
		worst = append(worst, s)
	}
	slices.SortStableFunc(worst, func(a, b Slice) int {
		switch {
		case a.LargestMM != b.LargestMM:
			return descending(a.LargestMM, b.LargestMM)
		default:
			return descending(b.DSC, a.DSC)
		}
	})
	return surfaces, worst
}

// directed returns the distances from the voxels of from to the nearest of to, ascending, and keeps the largest of
// each slice in worst. b holds both.
func directed(from, to *volume.Mask, b volume.Box, worst []Slice) []float64 {
	squared, size := segment.SquaredDistances(to, b), b.Size()
	distances := make([]float64, 0, from.Count())
	from.Each(func(x, y, z int) {
		mm := math.Sqrt(squared[((z-b.Min[2])*size[1]+y-b.Min[1])*size[0]+x-b.Min[0]])
		distances = append(distances, mm)
		if mm > worst[z].LargestMM {
			worst[z].LargestMM, worst[z].PlaceMM = mm, from.Grid.ToPatient(float64(x), float64(y), float64(z))
		}
	})
	slices.Sort(distances)
	return distances
}

func descending(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}
