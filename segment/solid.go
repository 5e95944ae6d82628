package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// solid is a body known finer than voxels: on rows along x of a lattice that refines the grid in y and
// z, the spans where the body is, with continuous ends. Coordinates are mm along the grid's axes from
// the centre of voxel (0, 0, 0). Every row and slice of the grid inside the lattice is a row and slice of it.
type solid struct {
	grid    *volume.Grid
	fineY   int       // lattice rows per row of the grid
	firstY  int       // lattice row j is at y = (firstY + j) SpacingY / fineY
	ny      int       // lattice rows
	zs      []float64 // of the lattice slices, mm, increasing
	below   []int     // of each lattice slice: the slice of the grid at or below it, counted on beyond the grid
	exact   []bool    // of each lattice slice: whether it is that slice
	starts  []int32   // [len(zs)][ny], and one more: where the spans of a row begin
	spans   []span
	stepYMM float64
	convex  bool    // one span a row at most, and no dent anywhere
	tips    [][]tip // of each lattice slice: spans between its rows; nil for none

	latticeMM float64 // what newLatticeOf was given
}

// span is the part of a row from X0 to X1, mm.
type span struct{ x0, x1 float64 }

// finestMM is the distance between lattice rows that is aimed at, and mostRows the number of rows beyond
// which it is made coarser: what a large body loses is small beside its size.
const (
	finestMM = 0.5
	mostRows = 60_000
)

// newLattice returns a solid without spans that covers y0..y1 and z0..z1, mm, with rows step mm apart, or more when they are many.
func newLattice(g *volume.Grid, step, y0, y1, z0, z1 float64) *solid {
	if rows := (y1 - y0) * (z1 - z0) / (step * step); rows > mostRows {
		step *= math.Sqrt(rows / mostRows)
	}
	return newLatticeOf(g, y0, y1, z0, z1, step)
}

// newLatticeOf is newLattice with rows no farther apart than step mm.
func newLatticeOf(g *volume.Grid, y0, y1, z0, z1, step float64) *solid {
	s := &solid{grid: g, latticeMM: step, fineY: even(g.SpacingY / step)}
	s.stepYMM = g.SpacingY / float64(s.fineY)
	s.firstY = int(math.Floor(y0/s.stepYMM + 1e-9))
	s.ny = int(math.Ceil(y1/s.stepYMM-1e-9)) - s.firstY + 1
	k := min(int(math.Floor(z0/g.SliceThickness(0))), 0) // beyond the first slice, or that: the others may be closer or farther
	for ; sliceAt(g, k+1) <= z0+1e-9; k++ {
	}
	for ; sliceAt(g, k) < z1-1e-9; k++ {
		from, gap := sliceAt(g, k), sliceAt(g, k+1)-sliceAt(g, k)
		parts := even(gap / step)
		for i := range parts {
			s.addSlice(from+gap*float64(i)/float64(parts), k, i == 0)
		}
	}
	s.addSlice(sliceAt(g, k), k, true)
	return s
}

func (s *solid) addSlice(z float64, below int, exact bool) {
	s.zs, s.below, s.exact = append(s.zs, z), append(s.below, below), append(s.exact, exact)
}

// even is the least even number of parts, so that half way between two voxels there is a row: faces lie there.
func even(parts float64) int { return max(2, 2*int(math.Ceil(parts/2-1e-9))) }

// y is where lattice row j lies, mm.
func (s *solid) y(j int) float64 { return float64(s.firstY+j) * s.stepYMM }

// row returns the spans of lattice row j of lattice slice k, in order, none touching the next.
func (s *solid) row(k, j int) []span {
	i := k*s.ny + j
	return s.spans[s.starts[i]:s.starts[i+1]]
}

// assemble takes the spans of each lattice slice, sorted by row and along it.
func (s *solid) assemble(rows [][]rowSpan) {
	total := 0
	for _, r := range rows {
		total += len(r)
	}
	s.spans = make([]span, 0, total)
	s.starts = make([]int32, 0, len(s.zs)*s.ny+1)
	for _, r := range rows {
		for j := range s.ny {
			s.starts = append(s.starts, int32(len(s.spans)))
			for len(r) > 0 && int(r[0].j) == j {
				s.spans = append(s.spans, r[0].span)
				r = r[1:]
			}
		}
	}
	s.starts = append(s.starts, int32(len(s.spans)))
}

// dilate returns the voxels whose centre is within reach of the body: in every slice of the grid each row
// is the union of the spans of the lattice rows nearby, widened by the ellipsoid's width at their distance.
func (s *solid) dilate(r reach) *volume.Mask {
	if !s.convex && r.aligned {
		if o := newOutline(s); o != nil {
			return o.dilateEnds(r)
		}
	}
	m := volume.NewMask(s.grid)
	z0, z1 := s.slicesWithin(r)
	inParallel(z1-z0, func() func(int) {
		w := newWidening(s, r)
		return func(i int) { w.slice(m, z0+i) }
	})
	return m
}

// slicesWithin is the range of slices of the grid within reach of the lattice.
func (s *solid) slicesWithin(r reach) (z0, z1 int) {
	at := s.grid.SliceMM
	for z0 < len(at) && s.zs[0]-at[z0] > r.extent[2]+1e-9 {
		z0++
	}
	for z1 = z0; z1 < len(at) && at[z1]-s.zs[len(s.zs)-1] <= r.extent[2]+1e-9; z1++ {
	}
	return z0, z1
}

// widening is the scratch of one goroutine of dilate.
type widening struct {
	s      *solid
	r      reach
	n      int       // lattice rows within reach on either side
	lo, hi []float64 // [2 n + 1] mm by which a span of the row i - n above or below is widened
	main   []span    // of each row of the grid: the widest span so far; empty if x0 > x1
}

func newWidening(s *solid, r reach) *widening {
	n := int(r.extent[1]/s.stepYMM + 1e-9)
	return &widening{s, r, n, make([]float64, 2*n+1), make([]float64, 2*n+1), make([]span, s.grid.Ny)}
}

// slice writes slice z of the result.
func (w *widening) slice(m *volume.Mask, z int) {
	s, g := w.s, w.s.grid
	touched := false
	for k, zs := range s.zs {
		dz := g.SliceMM[z] - zs
		if math.Abs(dz) > w.r.extent[2]+1e-9 || s.starts[k*s.ny] == s.starts[(k+1)*s.ny] {
			continue
		}
		if !touched {
			for y := range w.main {
				w.main[y] = span{math.Inf(1), math.Inf(-1)}
			}
			touched = true
		}
		from, to := w.widths(dz)
		if s.convex {
			w.convexSlice(k, from, to)
			continue
		}
		for j := range s.ny {
			spans := s.row(k, j)
			if len(spans) == 0 {
				continue
			}
			// Row y of the grid is y fineY - (firstY + j) lattice rows away.
			at := s.firstY + j
			y0 := max(ceilDiv(at+from-w.n, s.fineY), 0)
			y1 := min(floorDiv(at+to-w.n, s.fineY), g.Ny-1)
			for _, sp := range spans {
				for y := y0; y <= y1; y++ {
					i := y*s.fineY - at + w.n
					a, b := sp.x0+w.lo[i], sp.x1+w.hi[i]
					main := &w.main[y]
					switch {
					case a > b: // out of reach
					case a <= main.x1 && b >= main.x0:
						main.x0, main.x1 = min(main.x0, a), max(main.x1, b)
					case main.x0 > main.x1:
						*main = span{a, b}
					default:
						setSpanMM(m, a, b, y, z)
					}
				}
			}
		}
	}
	if touched {
		w.writeTips(m, z)
		for y, sp := range w.main {
			setSpanMM(m, sp.x0, sp.x1, y, z)
		}
	}
}

// writeTips writes what the tips make of slice z.
func (w *widening) writeTips(m *volume.Mask, z int) {
	s, g := w.s, w.s.grid
	for k, tips := range s.tips {
		dz := g.SliceMM[z] - s.zs[k]
		for _, p := range tips {
			y0 := max(int(math.Ceil((p.y-w.r.extent[1])/g.SpacingY-1e-9)), 0)
			y1 := min(int(math.Floor((p.y+w.r.extent[1])/g.SpacingY+1e-9)), g.Ny-1)
			for y := y0; y <= y1; y++ {
				if lo, hi, ok := w.r.width(float64(y)*g.SpacingY-p.y, dz); ok {
					setSpanMM(m, p.x0+lo, p.x1+hi, y, z)
				}
			}
		}
	}
}

// convexSlice is the part of slice that lattice slice k of a convex body makes, with what is within reach from from to to.
// Ends of its rows and widths are both concave along y, so the row that reaches farthest is never above that of the grid's
// row before: each end is followed once through the lattice, not sought anew.
func (w *widening) convexSlice(k, from, to int) {
	s := w.s
	if from > to {
		return
	}
	first, last := 0, s.ny-1
	for len(s.row(k, first)) == 0 {
		first++
	}
	for len(s.row(k, last)) == 0 {
		last--
	}
	spans := s.spans[s.starts[k*s.ny]:s.starts[(k+1)*s.ny]] // of rows first .. last
	y0 := max(ceilDiv(s.firstY+first+from-w.n, s.fineY), 0)
	y1 := min(floorDiv(s.firstY+last+to-w.n, s.fineY), s.grid.Ny-1)
	left, right := 0, 0 // rows whose end reaches farthest, counted from first
	for y := y0; y <= y1; y++ {
		// Row j of the lattice has the widths of index at - j.
		at := y*s.fineY - s.firstY - first + w.n
		j0, j1 := max(0, at-to), min(last-first, at-from)
		if j0 > j1 {
			continue
		}
		left, right = max(left, j0), max(right, j0)
		for left < j1 && spans[left+1].x0+w.lo[at-left-1] <= spans[left].x0+w.lo[at-left]+tieMM {
			left++
		}
		for right < j1 && spans[right+1].x1+w.hi[at-right-1] >= spans[right].x1+w.hi[at-right]-tieMM {
			right++
		}
		main := &w.main[y]
		main.x0, main.x1 = min(main.x0, spans[left].x0+w.lo[at-left]), max(main.x1, spans[right].x1+w.hi[at-right])
	}
}

// tieMM is by how much a row may fall short of the one before and still be as far.
const tieMM = 1e-9

// widths fills lo and hi for lattice slices dz mm below, and returns the first and last index within reach.
func (w *widening) widths(dz float64) (from, to int) {
	from, to = len(w.lo), -1
	if w.r.aligned {
		return w.alignedWidths(dz)
	}
	for i := range w.lo {
		lo, hi, ok := w.r.along(float64(i-w.n)*w.s.stepYMM, dz)
		if !ok {
			lo, hi = math.Inf(1), math.Inf(-1)
		} else {
			from, to = min(from, i), i
		}
		w.lo[i], w.hi[i] = lo, hi
	}
	return from, to
}

// alignedWidths is widths where the grid's axes are the patient's: an ellipsoid octant has its half axes along them.
func (w *widening) alignedWidths(dz float64) (from, to int) {
	from, to = len(w.lo), -1
	hz := w.r.half[2][0]
	if dz > 0 {
		hz = w.r.half[2][1]
	}
	rest := 1 - dz*dz/(hz*hz)
	for i := range w.lo {
		dy := float64(i-w.n) * w.s.stepYMM
		hy := w.r.half[1][0]
		if dy > 0 {
			hy = w.r.half[1][1]
		}
		left := rest - dy*dy/(hy*hy)
		if left < 0 {
			w.lo[i], w.hi[i] = math.Inf(1), math.Inf(-1)
			continue
		}
		root := math.Sqrt(left)
		w.lo[i], w.hi[i] = -w.r.half[0][0]*root, w.r.half[0][1]*root
		from, to = min(from, i), i
	}
	return from, to
}

// width is along, quicker where the grid's axes are the patient's.
func (r *reach) width(dy, dz float64) (lo, hi float64, ok bool) {
	if !r.aligned {
		return r.along(dy, dz)
	}
	hy, hz := r.half[1][0], r.half[2][0]
	if dy > 0 {
		hy = r.half[1][1]
	}
	if dz > 0 {
		hz = r.half[2][1]
	}
	left := 1 - dz*dz/(hz*hz) - dy*dy/(hy*hy)
	if left < 0 {
		return 0, 0, false
	}
	root := math.Sqrt(left)
	return -r.half[0][0] * root, r.half[0][1] * root, true
}

// setSpanMM puts the voxels of row (y, z) with centres from x0 to x1 mm into m.
func setSpanMM(m *volume.Mask, x0, x1 float64, y, z int) {
	if !(x0 <= x1) {
		return
	}
	n := float64(m.Grid.Nx)
	a := max(math.Ceil(x0/m.Grid.SpacingX-borderPx), 0)
	b := min(math.Floor(x1/m.Grid.SpacingX+borderPx)+1, n)
	if a < b {
		m.SetSpan(int(a), int(b), y, z)
	}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func ceilDiv(a, b int) int { return -floorDiv(-a, b) }

// outside returns what is not body, within the grid and as far round the body as r reaches.
func (s *solid) outside(r reach) *solid {
	g := s.grid
	x0, x1 := math.Inf(1), math.Inf(-1)
	for _, sp := range s.spans {
		x0, x1 = min(x0, sp.x0), max(x1, sp.x1)
	}
	last := g.Nz() - 1
	x0, x1 = max(x0-r.extent[0]-1, -g.SpacingX/2), min(x1+r.extent[0]+1, (float64(g.Nx)-0.5)*g.SpacingX)
	y0, y1 := max(s.y(0)-r.extent[1], 0), min(s.y(s.ny-1)+r.extent[1], float64(g.Ny-1)*g.SpacingY)
	z0, z1 := max(s.zs[0]-r.extent[2], 0), min(s.zs[len(s.zs)-1]+r.extent[2], g.SliceMM[last])
	o := newLatticeOf(g, y0, y1, z0, z1, s.latticeMM)
	shift := 0 // both lattices divide the grid alike: lattice slice k of o is k + shift of s
	for shift < len(s.zs) && s.zs[shift] < o.zs[0]-1e-9 {
		shift++
	}
	for shift <= 0 && -shift < len(o.zs) && o.zs[-shift] < s.zs[0]-1e-9 {
		shift--
	}
	rows := make([][]rowSpan, len(o.zs))
	for k := range rows {
		for j := range o.ny {
			at, row := x0, j+o.firstY-s.firstY
			if from := k + shift; from >= 0 && from < len(s.zs) && row >= 0 && row < s.ny {
				for _, sp := range s.row(from, row) {
					if sp.x0 > at {
						rows[k] = append(rows[k], rowSpan{int32(j), span{at, sp.x0}})
					}
					at = max(at, sp.x1)
				}
			}
			if at < x1 {
				rows[k] = append(rows[k], rowSpan{int32(j), span{at, x1}})
			}
		}
	}
	o.assemble(rows)
	return o
}
