package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Where every row of a body is one span, a row of its margin is one too, but for rare hollows, and only its two ends are
// sought: the farthest that any lattice row nearby carries them. Rows are looked at in blocks, and a block whose farthest
// end, carried by its widest width, does not reach one voxel more than what is already found holds nothing new. The result
// is that of looking at all of them.

// blockRows is the number of lattice rows that are bounded together.
const blockRows = 8

// borderPx is how far a centre may lie beyond the border and be in, in pixels.
const borderPx = 1e-7

// nothing is below every coordinate that occurs, and above what is -Inf because it does not exist.
const nothing = -math.MaxFloat64

// groupSlices is the number of lattice slices whose blocks are bounded together.
const groupSlices = 8

// outline holds the ends of a solid's rows, towards smaller x (side 0, mirrored: -x0) and larger x (side 1: x1).
// What has no span is -Inf.
type outline struct {
	s       *solid
	blocks  int          // of a lattice slice
	rows    [2][]float64 // [lattice slice][lattice row]
	block   [2][]float64 // [lattice slice][block] the farthest of its rows and tips
	group   [2][]float64 // [group of slices][block] the farthest of those
	tipAt   []int32      // [lattice slice][block + 1] where the tips of a block begin, those above its rows
	j0, j1  int          // the first and last row that has a span in any slice
	present bool         // whether there is a span at all
}

// newOutline returns nil if a row has two spans.
func newOutline(s *solid) *outline {
	nk := len(s.zs)
	o := &outline{s: s, blocks: (s.ny + blockRows - 1) / blockRows, j0: s.ny}
	for i := 1; i < len(s.starts); i++ {
		if s.starts[i]-s.starts[i-1] > 1 {
			return nil
		}
	}
	groups := (nk + groupSlices - 1) / groupSlices
	for side := range 2 {
		o.rows[side], o.block[side], o.group[side] = none(nk*s.ny), none(nk*o.blocks), none(groups*o.blocks)
		for k := range nk {
			for j := range s.ny {
				at := k*s.ny + j
				if i := s.starts[at]; i < s.starts[at+1] {
					o.rows[side][at] = mirrored(s.spans[i], side)
					o.bound(side, k, j, o.rows[side][at])
					o.j0, o.j1, o.present = min(o.j0, j), max(o.j1, j), true
				}
			}
		}
	}
	if s.tips == nil {
		return o
	}
	o.tipAt = make([]int32, nk*(o.blocks+1))
	for k, tips := range s.tips {
		at := o.tipAt[k*(o.blocks+1):][:o.blocks+1]
		for _, p := range tips {
			j := s.lower(p.y)
			at[j/blockRows+1]++
			for side := range 2 {
				o.bound(side, k, j, mirrored(p.span, side))
			}
		}
		for b := range o.blocks {
			at[b+1] += at[b]
		}
	}
	return o
}

// none returns n ends of nothing.
func none(n int) []float64 {
	ends := make([]float64, n)
	for i := range ends {
		ends[i] = math.Inf(-1)
	}
	return ends
}

// bound takes an end in row j of slice k, or just above it, into the bounds.
func (o *outline) bound(side, k, j int, end float64) {
	b := j / blockRows
	at, group := k*o.blocks+b, k/groupSlices*o.blocks+b
	o.block[side][at] = max(o.block[side][at], end)
	o.group[side][group] = max(o.group[side][group], end)
}

// mirrored is the end of sp on a side.
func mirrored(sp span, side int) float64 {
	if side == 0 {
		return -sp.x0
	}
	return sp.x1
}

// place is a lattice row: slice and row; with tip > 0 the tip before that of the slice.
type place struct{ k, j, tip int }

// farthest is the scratch of one goroutine that seeks the ends of the rows of a slice.
type farthest struct {
	*outline
	w      *widening
	z      float64      // mm, of the slice that is written
	k0, k1 int          // lattice slices within reach
	width  [2][]float64 // [slice - k0][2 n + 1] by how much a row n - i rows above carries its end; -Inf out of reach
	peak   [2][]int     // [slice - k0] the index of the largest
	most   [2][]float64 // [group - k0 / groupSlices][2 n + 1] the largest width of a group's slices within reach
	top    [2][]int     // of each of these groups: the index of the largest, or -1 where its slices differ in that
	next   float64      // what reaches one voxel farther than what is found
	seed   [2]place     // where the row before had its ends
}

func newFarthest(o *outline, r reach) *farthest {
	return &farthest{outline: o, w: newWidening(o.s, r)}
}

// write puts slice z of the margin into m.
func (f *farthest) write(m *volume.Mask, z int) {
	s, g := f.s, f.s.grid
	if !f.present || !f.widths(g.SliceMM[z]) {
		return
	}
	f.seed = [2]place{{k: f.k0, j: f.j0}, {k: f.k0, j: f.j0}}
	y0 := max(ceilDiv(s.firstY+f.j0-1-f.w.n, s.fineY), 0) // tips may lie a row farther out
	y1 := min(floorDiv(s.firstY+f.j1+1+f.w.n, s.fineY), g.Ny-1)
	for y := y0; y <= y1; y++ {
		at := y*s.fineY - s.firstY + f.w.n // row j has the widths of index at - j
		left, l := f.end(0, at)
		if left == nothing {
			continue
		}
		right, r := f.end(1, at)
		// Together these two rows cover all in between, unless the body is hollow there.
		px := g.SpacingX
		leftEnds := math.Floor(f.carried(1, l, at)/px + borderPx)
		rightBegins := math.Ceil(-f.carried(0, r, at)/px - borderPx)
		if rightBegins > leftEnds+1 {
			f.hollow(m, y, z, at)
			continue
		}
		a, b := math.Ceil(-left/px-borderPx), math.Floor(right/px+borderPx)
		if a = max(a, 0); a <= b {
			m.SetSpan(int(a), int(min(b, float64(g.Nx)))+1, y, z)
		}
	}
}

// widths fills in what every lattice slice does to slice z of the grid, mm; false if none is within reach.
func (f *farthest) widths(z float64) bool {
	s, n := f.s, 2*f.w.n+1
	f.z, f.k0 = z, 0
	for f.k0 < len(s.zs) && z-s.zs[f.k0] > f.w.r.extent[2]+1e-9 {
		f.k0++
	}
	for f.k1 = f.k0; f.k1 < len(s.zs) && s.zs[f.k1]-z <= f.w.r.extent[2]+1e-9; f.k1++ {
	}
	nk := f.k1 - f.k0
	if nk == 0 {
		return false
	}
	if cap(f.peak[0]) < nk {
		for side := range 2 {
			f.width[side], f.peak[side] = make([]float64, 2*nk*n), make([]int, 2*nk)
			f.most[side], f.top[side] = make([]float64, (2*nk/groupSlices+2)*n), make([]int, 2*nk/groupSlices+2)
		}
	}
	for k := range nk {
		f.w.widths(z - s.zs[f.k0+k])
		for side, from := range [2][]float64{f.w.lo, f.w.hi} {
			to := f.width[side][k*n : (k+1)*n]
			peak := 0
			for i, v := range from {
				if side == 0 {
					v = -v
				}
				to[i] = v
				if v > to[peak] {
					peak = i
				}
			}
			f.peak[side][k] = peak
			f.gather(side, k, to, peak)
		}
	}
	return true
}

// gather takes the widths of slice k0 + k into its group's.
func (f *farthest) gather(side, k int, widths []float64, peak int) {
	group := (f.k0+k)/groupSlices - f.k0/groupSlices
	most := f.most[side][group*len(widths):][:len(widths)]
	if k == 0 || (f.k0+k)%groupSlices == 0 {
		copy(most, widths)
		f.top[side][group] = peak
		return
	}
	for i, v := range widths {
		most[i] = max(most[i], v)
	}
	if f.top[side][group] != peak {
		f.top[side][group] = -1
	}
}

// carried is how far lattice row p carries its end to the row of the grid that at stands for; -Inf if not at all.
func (f *farthest) carried(side int, p place, at int) float64 {
	if p.tip > 0 {
		return f.carriedTip(side, p, at)
	}
	i, n := at-p.j, 2*f.w.n+1
	if i < 0 || i >= n || p.k < f.k0 || p.k >= f.k1 || p.j < 0 || p.j >= f.s.ny {
		return math.Inf(-1)
	}
	return f.rows[side][p.k*f.s.ny+p.j] + f.width[side][(p.k-f.k0)*n+i]
}

// carriedTip is carried for a tip.
func (f *farthest) carriedTip(side int, p place, at int) float64 {
	s := f.s
	t := s.tips[p.k][p.tip-1]
	lo, hi, ok := f.w.r.width(float64(at-f.w.n+s.firstY)*s.stepYMM-t.y, f.z-s.zs[p.k])
	switch {
	case !ok:
		return math.Inf(-1)
	case side == 0:
		return -t.x0 - lo
	}
	return t.x1 + hi
}

// end returns an end that lies in the same voxel as the farthest one, and the lattice row it comes from; nothing if
// no lattice row is within reach.
func (f *farthest) end(side, at int) (float64, place) {
	s, n, px := f.s, 2*f.w.n+1, f.s.grid.SpacingX
	p := place{k: f.seed[side].k, j: f.seed[side].j + s.fineY}
	best := f.climb(side, at, &p)
	var limit float64 // beyond it nothing is left of the grid
	if side == 1 {
		limit = float64(s.grid.Nx-1) * px
	} else {
		limit = 0
	}
	f.next = nextCentre(best, px)
	j0, j1 := max(at-n, f.j0-1, 0), min(at+1, f.j1) // tips reach a row farther
	if j0 > j1 {
		return best, p
	}
	first, aligned := f.k0/groupSlices, f.w.r.aligned
	for group := first; group*groupSlices < f.k1; group++ {
		most, top := f.most[side][(group-first)*n:][:n], f.top[side][group-first]
		for b := j0 / blockRows; b*blockRows <= j1 && best < limit; b++ {
			// Widths are unimodal along the rows: the widest is the one nearest to the peak. Tips lie up to a row above.
			lo, hi := min(max(at-min((b+1)*blockRows, s.ny), 0), n-1), max(min(at-b*blockRows, n-1), 0)
			if aligned && top >= 0 && f.group[side][group*f.blocks+b]+most[min(max(top, lo), hi)] < f.next {
				continue
			}
			for k := max(group*groupSlices, f.k0); k < min((group+1)*groupSlices, f.k1); k++ {
				wide := f.w.r.extent[0] // of an oblique ellipsoid the widest place may lie between rows
				if aligned {
					wide = f.width[side][(k-f.k0)*n+min(max(f.peak[side][k-f.k0], lo), hi)]
				}
				if f.block[side][k*f.blocks+b]+wide >= f.next {
					best, p = f.leaf(side, at, k, b, best, p)
				}
			}
		}
	}
	f.seed[side] = p
	return best, p
}

// leaf looks at every row and tip of block b of slice k.
func (f *farthest) leaf(side, at, k, b int, best float64, p place) (float64, place) {
	s, n, px := f.s, 2*f.w.n+1, f.s.grid.SpacingX
	widths := f.width[side][(k-f.k0)*n:][:n]
	rows := f.rows[side][k*s.ny:][:s.ny]
	for j := max(b*blockRows, at-n+1, 0); j <= min((b+1)*blockRows-1, at, s.ny-1); j++ {
		if v := rows[j] + widths[at-j]; v >= f.next && v > nothing {
			best, p = v, place{k: k, j: j}
			f.next = nextCentre(best, px)
		}
	}
	if f.tipAt == nil {
		return best, p
	}
	for i := f.tipAt[k*(f.blocks+1)+b]; i < f.tipAt[k*(f.blocks+1)+b+1]; i++ {
		q := place{k: k, j: (b + 1) * blockRows, tip: int(i) + 1}
		if f.w.r.aligned && mirrored(s.tips[k][i].span, side)+widths[f.peak[side][k-f.k0]] < f.next {
			continue
		}
		if v := f.carriedTip(side, q, at); v >= f.next && v > nothing {
			q.j = s.lower(s.tips[k][i].y)
			best, p = v, q
			f.next = nextCentre(best, px)
		}
	}
	return best, p
}

// nextCentre is what reaches one voxel centre more than v.
func nextCentre(v, px float64) float64 {
	if v == nothing {
		return nothing
	}
	return (math.Floor(v/px+borderPx) + 1 - borderPx) * px
}

// climb moves p to a neighbour that carries farther as long as there is one; nothing if p does not reach at all.
func (f *farthest) climb(side, at int, p *place) float64 {
	best := f.carried(side, *p, at)
	if math.IsInf(best, -1) {
		return nothing
	}
	for moved := true; moved; {
		moved = false
		for _, d := range [4]place{{j: 1}, {j: -1}, {k: 1}, {k: -1}} {
			q := place{k: p.k + d.k, j: p.j + d.j}
			if v := f.carried(side, q, at); v > best {
				best, *p, moved = v, q, true
			}
		}
	}
	return best
}

// hollow writes row (y, z) from every lattice row within reach.
func (f *farthest) hollow(m *volume.Mask, y, z, at int) {
	n := 2*f.w.n + 1
	for k := f.k0; k < f.k1; k++ {
		for j := max(at-n+1, f.j0); j <= min(at, f.j1); j++ {
			p := place{k: k, j: j}
			setSpanMM(m, -f.carried(0, p, at), f.carried(1, p, at), y, z)
		}
		if f.s.tips == nil {
			continue
		}
		for i := range f.s.tips[k] {
			p := place{k: k, tip: i + 1}
			setSpanMM(m, -f.carried(0, p, at), f.carried(1, p, at), y, z)
		}
	}
}
