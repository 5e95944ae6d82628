package segment

import (
	"context"
	"math"
	"sort"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	externalHU       = -350 // about half way between air and skin
	externalOpenMM   = 5    // what is thinner than twice this is couch, board, clothes or tube
	externalCloseMM  = 6    // bridges folds and streaks
	nostrilMM        = 4    // outside air reaches through no passage narrower than twice this
	externalIslandCC = 1    // less than this apart from the body is a fold of clothes or noise
	lungHU           = -950 // a hole denser than this on average is lung, even when the windpipe opens outside
)

// External is the patient's outline, filled: lungs, windpipe and bowel gas are in it, the couch, the
// breast board and clothes are not. Like Body it is found on means over about 2 mm and follows the skin
// on the source grid. What is thinner than 10 mm does not survive the opening by which a couch is cut off;
// a thicker, solid one that touches the back is known by its shape.
func External(ctx context.Context, v *volume.Volume) (*volume.Mask, error) {
	c, err := shrink(ctx, v)
	if err != nil {
		return nil, err
	}
	m, err := c.atLeast(ctx, externalHU)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*volume.Mask) *volume.Mask{
		func(m *volume.Mask) *volume.Mask { return volume.Open(m, externalOpenMM) },
		volume.LargestComponent,
		c.cutTable,
		func(m *volume.Mask) *volume.Mask { return volume.Close(m, externalCloseMM) },
		c.fillInside,
	} {
		if m = step(m); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if m.Empty() {
		return nil, ErrNoBody
	}
	fine, err := c.refine(ctx, m, v, externalHU)
	if err != nil {
		return nil, err
	}
	return RemoveIslands(fine, externalIslandCC), nil
}

// fillInside adds the holes of each slice that are inside the patient: not the air between raised arms
// and head, which other slices join to the air around, but the lungs, whether or not the windpipe or the
// end of the scan opens them.
func (c *coarse) fillInside(m *volume.Mask) *volume.Mask {
	filled := volume.FillHoles(m)
	holes := filled.Subtract(m)
	if holes.Empty() {
		return filled
	}
	// Outside air: a ball of nostrilMM rolls in from the sides of the slices.
	air := volume.Erode(m.Complement(), nostrilMM)
	outside := volume.NewMask(c.grid)
	for _, part := range volume.ComponentRuns(air) {
		if part.Voxels > 0 && touchesSide(part.Runs, c.grid) {
			outside = outside.Union(part.Mask(c.grid))
		}
	}
	outside = volume.Dilate(outside, nostrilMM)
	for _, hole := range volume.ComponentRuns(holes) {
		if c.meanHU(hole.Runs) > lungHU {
			continue
		}
		if open := hole.Mask(c.grid).Intersect(outside); !open.Empty() {
			filled = filled.Subtract(open)
		}
	}
	return volume.LargestComponent(filled)
}

func touchesSide(runs []volume.Run, g *volume.Grid) bool {
	for _, r := range runs {
		if r.X0 == 0 || r.X1 == g.Nx || r.Y == 0 || r.Y == g.Ny-1 {
			return true
		}
	}
	return false
}

func (c *coarse) meanHU(runs []volume.Run) float64 {
	sum, n := 0, 0
	for _, r := range runs {
		for _, hu := range c.hu[c.grid.Index(r.X0, r.Y, r.Z) : c.grid.Index(r.X1-1, r.Y, r.Z)+1] {
			sum += int(hu)
		}
		n += r.X1 - r.X0
	}
	return float64(sum) / float64(n)
}

// levelMM is how far above and below a clip its level reaches.
const levelMM = 10

// SideOf tells on which side of the patient p (LPS mm) lies: "L" or "R" of the midline of external at the
// level of p. The midline is the median of the middles of the outline's rows in its posterior half, where
// breasts and seroma do not shift it; where rows do not run from side to side it is the mean. Without an
// outline (nil or empty) it is x = 0.
func SideOf(external *volume.Mask, p volume.Vec) string {
	middle := 0.0
	if external != nil {
		middle = midlineX(external, p)
	}
	if p[0] > middle {
		return "L"
	}
	return "R"
}

// midlineX is the LPS x of the midline of m at the level of p; 0 when m is empty.
func midlineX(m *volume.Mask, p volume.Vec) float64 {
	g := m.Grid
	at, _ := g.NearestSlice(p)
	for m.CountSlice(at) == 0 { // beyond the outline's end: the nearest slice that has one
		next := nearestFilled(m, at)
		if next < 0 {
			return 0
		}
		at = next
	}
	var middles []float64 // LPS x
	sum, n := 0.0, 0.0
	for z := range g.Nz() {
		if math.Abs(g.SliceMM[z]-g.SliceMM[at]) > levelMM {
			continue
		}
		rows := rowExtents(m, z)
		posterior := math.Inf(-1)
		anterior := math.Inf(1)
		for _, r := range rows {
			y := g.ToPatient(float64(r.X0+r.X1-1)/2, float64(r.Y), float64(z))[1]
			anterior, posterior = min(anterior, y), max(posterior, y)
		}
		for _, r := range rows {
			q := g.ToPatient(float64(r.X0+r.X1-1)/2, float64(r.Y), float64(z))
			width := float64(r.X1 - r.X0)
			sum, n = sum+q[0]*width, n+width
			if q[1] >= (anterior+posterior)/2 {
				middles = append(middles, q[0])
			}
		}
	}
	if math.Abs(g.Row[0]) < 0.8 || len(middles) == 0 {
		return sum / n
	}
	sort.Float64s(middles)
	return middles[len(middles)/2]
}

// nearestFilled is the slice nearest to z that holds a voxel of m; -1 if none does.
func nearestFilled(m *volume.Mask, z int) int {
	for d := 1; d < m.Grid.Nz(); d++ {
		for _, k := range [2]int{z - d, z + d} {
			if k >= 0 && k < m.Grid.Nz() && m.CountSlice(k) > 0 {
				return k
			}
		}
	}
	return -1
}

// rowExtents is, for each row of slice z that holds a voxel of m, the run from its first to its last.
func rowExtents(m *volume.Mask, z int) []volume.Run {
	g := m.Grid
	row := make([]uint8, g.Nx)
	var rows []volume.Run
	for y := range g.Ny {
		row = m.Dense(volume.Box{Min: [3]int{0, y, z}, Max: [3]int{g.Nx, y + 1, z + 1}}, row)
		x0, x1 := 0, g.Nx
		for x0 < x1 && row[x0] == 0 {
			x0++
		}
		for x1 > x0 && row[x1-1] == 0 {
			x1--
		}
		if x0 < x1 {
			rows = append(rows, volume.Run{X0: x0, X1: x1, Y: y, Z: z})
		}
	}
	return rows
}
