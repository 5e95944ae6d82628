package volume

import (
	"math"
	"slices"
)

// Slice is one layer of voxels of a grid: those with Index along voxel axis Axis (0 x, 1 y, 2 z).
type Slice struct{ Axis, Index int }

// Paint puts the voxels whose centre lies within radiusMM of the line from a to b, LPS mm, in or out of m, and the
// voxel nearest to b whatever the radius. With on, only voxels of that slice change and distances are measured in it:
// a flat brush; without, a ball is drawn along the line. It allocates no more than the tiles it writes.
func (m *Mask) Paint(a, b Vec, radiusMM float64, on *Slice, in bool) {
	g := m.Grid
	p, q := g.alongAxes(a), g.alongAxes(b)
	if on != nil {
		if !g.Bounds().containsIndex(on.Axis, on.Index) {
			return
		}
		at := g.axisMM(on.Axis, on.Index)
		p[on.Axis], q[on.Axis] = at, at
	}
	box := g.boxOfLine(p, q, radiusMM)
	if on != nil {
		box.Min[on.Axis], box.Max[on.Axis] = on.Index, on.Index+1
	}
	if x, y, z, ok := g.nearestVoxel(q); ok {
		m.Set(x, y, z, in)
	}
	d := q.Sub(p)
	perLength2 := 1 / max(d.Dot(d), 1e-12)
	reach2 := radiusMM * radiusMM
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			for x := box.Min[0]; x < box.Max[0]; x++ {
				v := Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]}.Sub(p)
				v = v.Sub(d.Scale(min(max(v.Dot(d)*perLength2, 0), 1)))
				if v.Dot(v) <= reach2 {
					m.Set(x, y, z, in)
				}
			}
		}
	}
}

func (b Box) containsIndex(axis, i int) bool { return i >= b.Min[axis] && i < b.Max[axis] }

// alongAxes turns LPS mm into mm along Row, Col and Normal from voxel (0, 0, 0).
func (g *Grid) alongAxes(p Vec) Vec {
	d := p.Sub(g.Origin)
	return Vec{d.Dot(g.Row), d.Dot(g.Col), d.Dot(g.Normal())}
}

// axisMM is the offset in mm along its axis of voxel i.
func (g *Grid) axisMM(axis, i int) float64 {
	switch axis {
	case 0:
		return float64(i) * g.SpacingX
	case 1:
		return float64(i) * g.SpacingY
	}
	return g.SliceMM[i]
}

// nearestVoxel is the voxel nearest to p, mm along the axes, and whether p lies on the grid.
func (g *Grid) nearestVoxel(p Vec) (x, y, z int, ok bool) {
	x, y = int(math.Round(p[0]/g.SpacingX)), int(math.Round(p[1]/g.SpacingY))
	z, off := g.NearestSlice(g.Origin.Add(g.Normal().Scale(p[2])))
	return x, y, z, g.Contains(x, y, z) && off <= g.SliceThickness(z)
}

// boxOfLine holds every voxel whose centre is within mm of the line from p to q, mm along the axes.
func (g *Grid) boxOfLine(p, q Vec, mm float64) Box {
	var b Box
	for axis, spacing := range [2]float64{g.SpacingX, g.SpacingY} {
		b.Min[axis] = int(math.Ceil((min(p[axis], q[axis]) - mm) / spacing))
		b.Max[axis] = int(math.Floor((max(p[axis], q[axis])+mm)/spacing)) + 1
	}
	low, _ := slices.BinarySearch(g.SliceMM, min(p[2], q[2])-mm)
	high, _ := slices.BinarySearch(g.SliceMM, max(p[2], q[2])+mm)
	b.Min[2], b.Max[2] = low, high+1
	return b.Intersect(g.Bounds())
}

// FillPolygon puts the voxels of slice on whose centre is inside the closed polygon of points, LPS mm, by the
// even-odd rule, in or out of m.
func (m *Mask) FillPolygon(points []Vec, on Slice, in bool) {
	g := m.Grid
	if len(points) < 3 || !g.Bounds().containsIndex(on.Axis, on.Index) {
		return
	}
	across, along := [3]int{1, 0, 0}[on.Axis], [3]int{2, 2, 1}[on.Axis] // rows run along across, one for each index of along
	corners := make([][2]float64, len(points))
	low, high := math.Inf(1), math.Inf(-1)
	for i, p := range points {
		x, y, z := g.ToVoxel(p)
		v := [3]float64{x, y, z}
		corners[i] = [2]float64{v[across], v[along]}
		low, high = min(low, v[along]), max(high, v[along])
	}
	bounds := g.Bounds()
	var at [3]int
	at[on.Axis] = on.Index
	var crossings []float64
	for j := max(int(math.Ceil(low)), 0); j < bounds.Max[along] && float64(j) <= high; j++ {
		crossings = crossings[:0]
		for i, c := range corners {
			n := corners[(i+1)%len(corners)]
			if y := float64(j); c[1] <= y != (n[1] <= y) {
				crossings = append(crossings, c[0]+(y-c[1])/(n[1]-c[1])*(n[0]-c[0]))
			}
		}
		slices.Sort(crossings)
		at[along] = j
		for k := 0; k+1 < len(crossings); k += 2 {
			end := min(clampInt(math.Ceil(crossings[k+1])), bounds.Max[across])
			for i := max(clampInt(math.Ceil(crossings[k])), 0); i < end; i++ {
				at[across] = i
				m.Set(at[0], at[1], at[2], in)
			}
		}
	}
}
