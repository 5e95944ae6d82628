package segment

import (
	"math"
	"sort"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	tableMM    = 180 // a table top or board is wider than this
	thickMM    = 80  // and thinner than this
	shelfMM    = 8   // and stands out by more than this on both sides
	edgePx     = 2   // its sides are straight within this
	shelfRows  = 3   // rows within which the patient above it is narrower
	tableShare = 0.5 // of the slices show it
	onLinePx   = 2   // its top runs straight from slice to slice within this
	onLine     = 0.8 // in this share of those slices
)

// cutTable removes a solid table top or board that survived the opening: posterior of the patient, of the same
// width over several rows, standing out like a shelf on both sides, its top a straight line from slice to
// slice (level, or tilted like a breast board). Nothing of a patient looks like that from behind. Grids whose
// rows do not run from side to side are left as they are.
func (c *coarse) cutTable(m *volume.Mask) *volume.Mask {
	g := c.grid
	if math.Abs(g.Row[0]) < 0.95 || math.Abs(g.Col[1]) < 0.95 {
		return m
	}
	var slices, tops []float64 // z in mm, row of the top
	filled := 0
	for z := range g.Nz() {
		rows := rowExtents(m, z)
		if len(rows) == 0 {
			continue
		}
		filled++
		if g.Col[1] < 0 {
			for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
				rows[i], rows[j] = rows[j], rows[i]
			}
		}
		if top, ok := shelf(rows, g); ok {
			slices, tops = append(slices, g.SliceMM[z]), append(tops, float64(top))
		}
	}
	if len(tops) < 3 || float64(len(tops)) < tableShare*float64(filled) {
		return m
	}
	at, slope := line(slices, tops)
	good := 0
	for i, z := range slices {
		if math.Abs(at+slope*z-tops[i]) <= onLinePx {
			good++
		}
	}
	if float64(good) < onLine*float64(len(tops)) {
		return m
	}
	keep := volume.NewMask(g)
	for z := range g.Nz() {
		top := int(math.Round(at + slope*g.SliceMM[z]))
		for y := range g.Ny {
			if g.Col[1] > 0 && y < top || g.Col[1] < 0 && y > top {
				keep.SetSpan(0, g.Nx, y, z)
			}
		}
	}
	return volume.LargestComponent(volume.Open(m.Intersect(keep), externalOpenMM))
}

// shelf looks for a table at the end of rows, which run from anterior to posterior, and returns its first row.
func shelf(rows []volume.Run, g *volume.Grid) (top int, ok bool) {
	last := len(rows) - 1
	rim := int(math.Ceil(externalOpenMM / g.SpacingY)) // rounded by the opening
	if last-rim < shelfRows {
		return 0, false
	}
	plate := rows[last-rim]
	if float64(plate.X1-plate.X0)*g.SpacingX < tableMM {
		return 0, false
	}
	first := last - rim
	for first > 0 && abs(rows[first-1].X0-plate.X0) <= edgePx && abs(rows[first-1].X1-plate.X1) <= edgePx {
		first--
	}
	if float64(last-first+1)*g.SpacingY > thickMM || first < shelfRows {
		return 0, false
	}
	// The opening rounds the upper edges too: the shelf is where the rows have become narrow.
	for k := first - 1; k >= max(0, first-rim-shelfRows); k-- {
		if float64(rows[k].X0-plate.X0)*g.SpacingX > shelfMM && float64(plate.X1-rows[k].X1)*g.SpacingX > shelfMM {
			return rows[k+1].Y, true
		}
	}
	return 0, false
}

func abs(n int) int { return max(n, -n) }

// line fits y = at + slope x by the median of the slopes of all pairs (Theil 1950), and of what is left.
func line(x, y []float64) (at, slope float64) {
	var slopes []float64
	for i := range x {
		for j := range i {
			slopes = append(slopes, (y[i]-y[j])/(x[i]-x[j]))
		}
	}
	slope = middleOf(slopes)
	rest := make([]float64, len(x))
	for i := range x {
		rest[i] = y[i] - slope*x[i]
	}
	return middleOf(rest), slope
}

// middleOf is the median of values, which it sorts.
func middleOf(values []float64) float64 {
	sort.Float64s(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
