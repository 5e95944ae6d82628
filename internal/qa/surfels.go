package qa

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Surface elements. The centres of eight neighbouring voxels are the corners of a cell; where some are inside a mask
// and some outside, the surface passes through the cell, half way along each edge that joins the two. The element of
// a cell lies at its middle and has the area of that surface, so that a figure by area does not depend on how the grid
// lies to the surface (Nikolov et al. 2021, doi:10.2196/26151). A mask ends at the border of its grid.

// surfels are the elements of a mask on the lattice of cell middles of its grid: cell (i, j, k) has voxels i-1..i,
// j-1..j, k-1..k as corners.
type surfels struct {
	lattice *volume.Grid
	mask    *volume.Mask // on lattice
	at      [][3]int
	areaMM2 []float64
}

// cellLattice is the grid of the cell middles of g: one more in each direction than voxels.
func cellLattice(g *volume.Grid) *volume.Grid {
	n := g.Nz()
	c := *g
	c.Nx, c.Ny = g.Nx+1, g.Ny+1
	c.SliceMM = make([]float64, n+1)
	first := -g.SliceThickness(0) / 2
	for k := range c.SliceMM {
		switch {
		case k == 0:
		case k == n:
			c.SliceMM[k] = g.SliceMM[n-1] + g.SliceThickness(n-1)/2 - first
		default:
			c.SliceMM[k] = (g.SliceMM[k-1]+g.SliceMM[k])/2 - first
		}
	}
	c.Origin = g.Origin.Add(g.Row.Scale(-g.SpacingX / 2)).Add(g.Col.Scale(-g.SpacingY / 2)).Add(g.Normal().Scale(first))
	return &c
}

// cellHeight is the distance of the slices that bound cell layer k.
func cellHeight(g *volume.Grid, k int) float64 {
	if k == 0 || k == g.Nz() {
		return g.SliceThickness(max(0, k-1))
	}
	return g.SliceMM[k] - g.SliceMM[k-1]
}

func newSurfels(m *volume.Mask, lattice *volume.Grid) surfels {
	g := m.Grid
	s := surfels{lattice: lattice, mask: volume.NewMask(lattice)}
	b := m.Bounds()
	if b.Empty() {
		return s
	}
	wide := b.Grow(1)
	size := wide.Size()
	inside := make([]uint8, size[0]*size[1]*size[2])
	for _, r := range m.Runs() {
		row := ((r.Z-wide.Min[2])*size[1]+r.Y-wide.Min[1])*size[0] - wide.Min[0]
		for x := r.X0; x < r.X1; x++ {
			inside[row+x] = 1
		}
	}
	var areas [256]float64
	height := math.NaN()
	plane := size[0] * size[1]
	for k := 1; k < size[2]; k++ {
		if h := cellHeight(g, wide.Min[2]+k); h != height {
			height = h
			areas = cellAreas(g.SpacingX, g.SpacingY, height)
		}
		for j := 1; j < size[1]; j++ {
			row := k*plane + j*size[0]
			left := column(inside, row, size[0], plane)
			for i := 1; i < size[0]; i++ {
				right := column(inside, row+i, size[0], plane)
				code := left | right<<1
				left = right
				if code == 0 || code == 255 {
					continue
				}
				at := [3]int{wide.Min[0] + i, wide.Min[1] + j, wide.Min[2] + k}
				s.mask.Set(at[0], at[1], at[2], true)
				s.at, s.areaMM2 = append(s.at, at), append(s.areaMM2, areas[code])
			}
		}
	}
	return s
}

// column gathers the four voxels at i of rows j-1, j and slices k-1, k into bits 0, 2, 4, 6.
func column(inside []uint8, i, nx, plane int) uint8 {
	return inside[i-plane-nx] | inside[i-plane]<<2 | inside[i-nx]<<4 | inside[i]<<6
}

// cellAreas returns for each code, bit x + 2 y + 4 z for the corner (x, y, z), the area in mm2 of the surface in a
// cell of this size.
func cellAreas(dx, dy, dz float64) (areas [256]float64) {
	for code := 1; code < 255; code++ {
		areas[code] = cellArea(uint8(code), volume.Vec{dx, dy, dz})
	}
	return areas
}

// cellArea joins the middles of the cut edges on every side of the cell, which gives closed loops, and adds the areas
// of the loops, each a fan round its middle. On a side with four cut edges each inside corner is cut off by itself.
func cellArea(code uint8, size volume.Vec) float64 {
	in := func(c int) bool { return code>>c&1 != 0 }
	middle := func(a, b int) volume.Vec {
		var p volume.Vec
		for axis := range p {
			p[axis] = size[axis] * float64(a>>axis&1+b>>axis&1) / 2
		}
		return p
	}
	next := map[[2]int][][2]int{} // edge, lower corner first: the one or two edges it is joined to
	join := func(a, b [2]int) { next[a], next[b] = append(next[a], b), append(next[b], a) }
	edge := func(a, b int) [2]int { return [2]int{min(a, b), max(a, b)} }
	for axis := range 3 {
		u, v := 1<<((axis+1)%3), 1<<((axis+2)%3)
		for _, base := range []int{0, 1 << axis} {
			side := [4]int{base, base + u, base + u + v, base + v}
			var cut [][2]int
			for i := range side {
				if a, b := side[i], side[(i+1)%4]; in(a) != in(b) {
					cut = append(cut, edge(a, b))
				}
			}
			switch len(cut) {
			case 2:
				join(cut[0], cut[1])
			case 4:
				for i, c := range side {
					if in(c) {
						join(edge(side[(i+3)%4], c), edge(c, side[(i+1)%4]))
					}
				}
			}
		}
	}
	area := 0.0
	seen := map[[2]int]bool{}
	edges := slices.SortedFunc(maps.Keys(next), func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	for _, start := range edges { // in order, so that the sum has the same last digit every time
		var loop []volume.Vec
		for at, ok := start, true; ok; {
			seen[at] = true
			loop = append(loop, middle(at[0], at[1]))
			ok = false
			for _, n := range next[at] {
				if !seen[n] {
					at, ok = n, true
					break
				}
			}
		}
		area += loopArea(loop)
	}
	return area
}

// loopArea is the area of a closed polygon in space as a fan round its middle; of fewer than three points 0.
func loopArea(loop []volume.Vec) float64 {
	if len(loop) < 3 {
		return 0
	}
	var middle volume.Vec
	for _, p := range loop {
		middle = middle.Add(p.Scale(1 / float64(len(loop))))
	}
	area := 0.0
	for i, p := range loop {
		q := loop[(i+1)%len(loop)]
		area += p.Sub(middle).Cross(q.Sub(middle)).Norm() / 2
	}
	return area
}

// surfaceDSC is the share of both surfaces, by area, that lies within toleranceMM of the other; NaN when a mask is empty.
func surfaceDSC(a, b *volume.Mask, toleranceMM float64) float64 {
	lattice := cellLattice(a.Grid)
	sa, sb := newSurfels(a, lattice), newSurfels(b, lattice)
	if len(sa.at) == 0 || len(sb.at) == 0 {
		return math.NaN()
	}
	box := sa.mask.Bounds().Union(sb.mask.Bounds())
	nearA, areaA := sa.areaWithin(sb, box, toleranceMM)
	nearB, areaB := sb.areaWithin(sa, box, toleranceMM)
	return (nearA + nearB) / (areaA + areaB)
}

// toleranceSlackMM keeps elements exactly at the tolerance within it.
const toleranceSlackMM = 1e-9

// areaWithin returns the area of s within toleranceMM of the elements of o, and all of it. box holds both.
func (s *surfels) areaWithin(o surfels, box volume.Box, toleranceMM float64) (near, all float64) {
	d, size := segment.SquaredDistances(o.mask, box), box.Size()
	limit := (toleranceMM + toleranceSlackMM) * (toleranceMM + toleranceSlackMM)
	for i, p := range s.at {
		all += s.areaMM2[i]
		if d[((p[2]-box.Min[2])*size[1]+p[1]-box.Min[1])*size[0]+p[0]-box.Min[0]] <= limit {
			near += s.areaMM2[i]
		}
	}
	return near, all
}
