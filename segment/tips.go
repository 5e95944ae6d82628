package segment

import (
	"cmp"
	"math"
	"slices"
)

// Rows along x tell a surface well where they pierce it and poorly where it lies along them: the top of a dome between two
// rows is missed by up to their distance. There, where the spans of neighbouring rows differ much, rows are put in between:
// tips between the rows of a lattice slice, and slices of a few rows between the lattice's.

// tip is a span of a row at y mm.
type tip struct {
	y float64
	span
}

// between is a slice of rows put between two of the lattice.
type between struct {
	z     float64 // mm
	below int     // slice of the grid below it
	rows  []rowSpan
	tips  []tip
}

const (
	steepMM  = 1.2 // between two rows whose ends differ by more, rows are put
	rimMM    = 2.5 // and between the rims of two slices
	tipParts = 4   // parts into which these divide the distance
)

// apart is by how much the ends of two rows, whose spans are a and b, differ, mm; infinite if their numbers do.
func apart(a, b []rowSpan) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(a[i].x0-b[i].x0), math.Abs(a[i].x1-b[i].x1))
	}
	return most
}

// takeRow returns the spans of row j at the beginning of list, and what follows.
func takeRow(list []rowSpan, j int) (row, rest []rowSpan) {
	n := 0
	for n < len(list) && int(list[n].j) == j {
		n++
	}
	return list[:n], list[n:]
}

// tips returns rows between those of list, the spans of the slice c has turned to, of rows j0 + j with among[j], or all for nil.
func (c *crossing) tips(list []rowSpan, among []bool) []tip {
	t := c.t
	var tips []tip
	var spans []rowSpan
	last, rest := takeRow(list, t.j0)
	for j := 1; j < t.nj; j++ {
		var row []rowSpan
		row, rest = takeRow(rest, t.j0+j)
		if (among == nil || among[j-1] && among[j]) && apart(last, row) > steepMM {
			for part := 1; part < tipParts; part++ {
				f := float32(part) / tipParts
				spans = c.appendSpans(spans[:0], j-1, f)
				for _, sp := range spans {
					tips = append(tips, tip{t.s.y(t.j0+j-1) + float64(f)*t.s.stepYMM, sp.span})
				}
			}
		}
		last = row
	}
	return tips
}

// between returns rows between the lattice slices of the component, whose spans are own.
func (t *smoother) between(own [][]rowSpan, level float32) []between {
	s, g := t.s, t.s.grid
	atZ := edges(t.box.Min[2], t.size[2], func(i int) float64 { return sliceAt(g, i) })
	found := make([][]between, max(t.nk-1, 0))
	inParallel(len(found), func() func(int) {
		c := newCrossing(t, level)
		var rows []int
		among := make([]bool, t.nj)
		scratch := [2][][]rowSpan{make([][]rowSpan, t.nj), make([][]rowSpan, t.nj)}
		return func(k int) {
			rows = t.steepRows(rows[:0], own[k], own[k+1], s.zs[t.k0+k+1]-s.zs[t.k0+k], &scratch)
			if len(rows) == 0 {
				return
			}
			from, to := s.zs[t.k0+k], s.zs[t.k0+k+1]
			clear(among)
			for _, j := range rows {
				among[j] = true
			}
			at := make([]float64, tipParts-1)
			for i := range at {
				at[i] = from + (to-from)*float64(i+1)/tipParts
			}
			for i, w := range gaussian(at, atZ, t.blurMM) {
				b := between{z: at[i], below: s.below[t.k0+k]}
				c.slice(b.z, b.below, false, w)
				for _, j := range rows {
					b.rows = c.appendSpans(b.rows, j, 0)
				}
				b.tips = c.tips(b.rows, among)
				if len(b.rows)+len(b.tips) > 0 {
					found[k] = append(found[k], b)
				}
			}
		}
	})
	return slices.Concat(found...)
}

// steepRows appends the rows, counted from j0, where between two neighbouring slices the surface lies along them, and rather
// across z than across y, where tips do. One row alone is the rim of a slice; where the next slice has none beside it either,
// it is the body's end. scratch holds a list a row each.
func (t *smoother) steepRows(rows []int, a, b []rowSpan, apartMM float64, scratch *[2][][]rowSpan) []int {
	ra, rb := perRow(scratch[0], a, t.j0), perRow(scratch[1], b, t.j0)
	before := false
	for j := 1; j+1 < t.nj; j++ {
		full, other := ra, rb
		if wideMM(rb[j]) > wideMM(ra[j]) {
			full, other = rb, ra
		}
		if len(full[j]) > 0 && len(other[j-1])+len(other[j])+len(other[j+1]) == 0 {
			rows, before = append(rows, j), false
			continue
		}
		is := false
		alongZ, alongY := apart(ra[j], rb[j]), max(apart(full[j], full[j-1]), apart(full[j], full[j+1]))
		switch {
		case len(full[j-1]) == 0 || len(full[j+1]) == 0: // the rim
			is = alongZ > rimMM && !math.IsInf(alongZ, 1)
		case math.IsInf(alongZ, 1):
			is = true
		case math.IsInf(alongY, 1): // where a row of two spans begins
			is = alongZ > steepMM
		default:
			is = alongZ > steepMM && alongZ/apartMM > 1.2*alongY/t.s.stepYMM
		}
		if is && before {
			if n := len(rows); n == 0 || rows[n-1] != j-1 {
				rows = append(rows, j-1)
			}
			rows = append(rows, j)
		}
		before = is
	}
	return rows
}

// wideMM is the length of the spans of a row.
func wideMM(row []rowSpan) float64 {
	sum := 0.0
	for _, r := range row {
		sum += r.x1 - r.x0
	}
	return sum
}

// perRow cuts list into rows, from j0 on.
func perRow(rows [][]rowSpan, list []rowSpan, j0 int) [][]rowSpan {
	for j := range rows {
		rows[j], list = takeRow(list, j0+j)
	}
	return rows
}

// insert puts the slices of more among those of the lattice, whose rows are rows, and returns the rows of all.
func (s *solid) insert(rows [][]rowSpan, more []between) [][]rowSpan {
	if len(more) == 0 {
		return rows
	}
	slices.SortStableFunc(more, func(a, b between) int { return cmp.Compare(a.z, b.z) })
	var all [][]rowSpan
	old := *s
	s.zs, s.below, s.exact, s.tips = nil, nil, nil, nil
	for k, z := range old.zs {
		for len(more) > 0 && more[0].z < z {
			s.addSlice(more[0].z, more[0].below, false)
			all, s.tips = append(all, more[0].rows), append(s.tips, more[0].tips)
			more = more[1:]
		}
		s.addSlice(z, old.below[k], old.exact[k])
		all, s.tips = append(all, rows[k]), append(s.tips, old.tips[k])
	}
	return all
}
