package segment

import (
	"math"
	"sync"

	"github.com/clipwright/clipwright/internal/volume"
)

// Where every row of a body is one span, a row of its margin is one too, but for rare hollows, and only its two ends are
// sought: the farthest that any lattice row nearby carries them. An end of a lattice row carries the farthest only where it
// beats its neighbours, and as the ellipsoid is round, that is a small window of offsets, which the slopes to the neighbours
// tell. So each end is carried through its window alone. The result is that of carrying all of them everywhere.

// borderPx is how far a centre may lie beyond the border and be in, in pixels.
const borderPx = 1e-7

// site is a span at y mm of a lattice slice: a row, or a tip between rows.
type site struct{ y, x0, x1 float64 }

// end is the end of a site on a side: how far it reaches towards smaller x (side 0, mirrored) or larger (side 1).
func (s *site) end(side int) float64 {
	if side == 0 {
		return -s.x0
	}
	return s.x1
}

// outline holds the sites of a solid whose rows have one span each.
type outline struct {
	s      *solid
	sites  []site  // of the lattice slices one after the other, in each from small y to large
	starts []int32 // [lattice slice + 1]
}

// newOutline returns nil if a row has two spans.
func newOutline(s *solid) *outline {
	for i := 1; i < len(s.starts); i++ {
		if s.starts[i]-s.starts[i-1] > 1 {
			return nil
		}
	}
	total := len(s.spans)
	for _, tips := range s.tips {
		total += len(tips)
	}
	o := &outline{s, make([]site, 0, total), make([]int32, 1, len(s.zs)+1)}
	for k := range s.zs {
		var tips []tip
		if s.tips != nil {
			tips = s.tips[k]
		}
		for j := range s.ny {
			y := s.y(j)
			for len(tips) > 0 && tips[0].y < y {
				o.sites, tips = append(o.sites, site{tips[0].y, tips[0].x0, tips[0].x1}), tips[1:]
			}
			if i := k*s.ny + j; s.starts[i] < s.starts[i+1] {
				sp := s.spans[s.starts[i]]
				o.sites = append(o.sites, site{y, sp.x0, sp.x1})
			}
		}
		for _, p := range tips {
			o.sites = append(o.sites, site{p.y, p.x0, p.x1})
		}
		o.starts = append(o.starts, int32(len(o.sites)))
	}
	return o
}

// ends are the ends of the margin's rows found so far.
type ends struct {
	y0, ny, z0, z1 int          // the first row of the grid and the number of rows, the first slice and the one after the last
	best           [2][]float64 // [slice - z0][row - y0] the farthest, mirrored on side 0
	from           [2][]int32   // the site it comes from, -1 for none
}

func newEnds(o *outline, r *reach, z0, z1 int) *ends {
	g := o.s.grid
	low, high := math.Inf(1), math.Inf(-1)
	for i := range o.sites {
		low, high = min(low, o.sites[i].y), max(high, o.sites[i].y)
	}
	e := &ends{z0: z0, z1: z1, y0: max(int(math.Ceil((low-r.extent[1])/g.SpacingY-1e-9)), 0)}
	e.ny = max(min(int(math.Floor((high+r.extent[1])/g.SpacingY+1e-9)), g.Ny-1)-e.y0+1, 0)
	for side := range 2 {
		e.best[side], e.from[side] = make([]float64, (z1-z0)*e.ny), make([]int32, (z1-z0)*e.ny)
		for i := range e.from[side] {
			e.best[side][i], e.from[side][i] = -math.MaxFloat64, -1
		}
	}
	return e
}

// join takes over what other found farther in slice z.
func (e *ends) join(other *ends, z int) {
	for side := range 2 {
		for i := (z - e.z0) * e.ny; i < (z-e.z0+1)*e.ny; i++ {
			if other.best[side][i] > e.best[side][i] {
				e.best[side][i], e.from[side][i] = other.best[side][i], other.from[side][i]
			}
		}
	}
}

// dilateEnds is dilate where every row is one span and the grid's axes are the patient's.
func (o *outline) dilateEnds(r reach) *volume.Mask {
	m := volume.NewMask(o.s.grid)
	z0, z1 := o.s.slicesWithin(r)
	if z0 >= z1 || len(o.sites) == 0 {
		return m
	}
	var mu sync.Mutex
	var all []*ends
	inParallel(len(o.s.zs), func() func(int) {
		e := newEnds(o, &r, z0, z1)
		mu.Lock()
		all = append(all, e)
		mu.Unlock()
		return newCarrier(o, e, &r).carry
	})
	inParallel(z1-z0, func() func(int) {
		return func(i int) {
			for _, e := range all[1:] {
				all[0].join(e, z0+i)
			}
			o.write(m, &r, all[0], z0+i)
		}
	})
	return m
}

// carrier carries the ends of lattice slices: the scratch of one goroutine.
type carrier struct {
	*outline
	*ends
	r      *reach
	inv    [3][2]float64         // of r.half
	turns  [turnBins + 1]float64 // t / sqrt(1 + t^2) at t = bin / turnsPerUnit
	beside [2][farSlices]besides // the next lattice slices below and above
}

// farSlices is how many lattice slices away a neighbour is looked for: those between the others hold few rows.
const farSlices = tipParts

// turnsPerUnit bins of t up to where its turn is nearly 1.
const (
	turnsPerUnit = 64
	turnBins     = 8 * turnsPerUnit
)

func newCarrier(o *outline, e *ends, r *reach) *carrier {
	c := &carrier{outline: o, ends: e, r: r}
	for axis := range 3 {
		for way := range 2 {
			c.inv[axis][way] = 1 / r.half[axis][way]
		}
	}
	for i := range c.turns {
		t := float64(i) / turnsPerUnit
		c.turns[i] = t / math.Sqrt(1+t*t)
	}
	return c
}

// besides is a lattice slice in which neighbours are looked for, by growing y.
type besides struct {
	at, end int32   // its sites that are left
	apartMM float64 // 0 beyond the lattice
}

// find returns the site at y of a lattice slice beside, -1 for none.
func (c *carrier) find(b *besides, y float64) int32 {
	for b.at < b.end && c.sites[b.at].y < y-tieMM {
		b.at++
	}
	if b.at == b.end || c.sites[b.at].y > y+tieMM {
		return -1
	}
	return b.at
}

// neighbour is a site beside another along an axis.
type neighbour struct {
	site    int32 // -1 for none
	apartMM float64
}

// carry carries the ends of lattice slice k.
func (c *carrier) carry(k int) {
	first, end := c.starts[k], c.starts[k+1]
	if first == end {
		return
	}
	zs := c.s.zs
	for d := range farSlices {
		for way, n := range [2]int{k - d - 1, k + d + 1} {
			c.beside[way][d] = besides{}
			if n >= 0 && n < len(zs) {
				c.beside[way][d] = besides{c.starts[n], c.starts[n+1], math.Abs(zs[n] - zs[k])}
			}
		}
	}
	none := neighbour{site: -1}
	for i := first; i < end; i++ {
		y := c.sites[i].y
		near := [3][2]neighbour{1: {none, none}, 2: {none, none}}
		for n := i - 1; n >= first; n-- {
			if apart := y - c.sites[n].y; apart > 0 {
				near[1][0] = neighbour{n, apart}
				break
			}
		}
		for n := i + 1; n < end; n++ {
			if apart := c.sites[n].y - y; apart > 0 {
				near[1][1] = neighbour{n, apart}
				break
			}
		}
		for way := range 2 {
			for d := range farSlices {
				b := &c.beside[way][d]
				if at := c.find(b, y); at >= 0 {
					near[2][way] = neighbour{at, b.apartMM}
					break
				}
			}
		}
		for side := range 2 {
			c.carryEnd(i, side, k, &near)
		}
	}
}

// carryEnd carries one end through its window.
//
// With offsets u = dy / hy and v = dz / hz an end f is carried to f + hx sqrt(1 - u^2 - v^2). A neighbour g mm further along y
// whose end is f + d is no farther only if hx times the change of the root from dy - g to dy is at least d; the
// root's slope somewhere between is then at least d / (g hx), and as that falls with dy, dy - g is at most where it has just this
// value: hy t / sqrt(1 + t^2) sqrt(1 - v^2) with t = -d hy / (g hx). So for the other three.
func (c *carrier) carryEnd(index int32, side, k int, near *[3][2]neighbour) {
	z := c.s.zs[k]
	f := c.sites[index].end(side)
	yTo, zTo := c.bounds(1, f, side, &near[1]), c.bounds(2, f, side, &near[2])
	// The windows along y and z narrow each other: far along one the root is steeper along the other.
	zLow, zHigh := zTo.window(0)
	yLow, yHigh := yTo.window(c.leastRoot(2, zLow, zHigh))
	if yLow > yHigh {
		return
	}
	zLow, zHigh = zTo.window(c.leastRoot(1, yLow, yHigh))
	g := c.s.grid
	y := c.sites[index].y
	y0 := max(int(math.Ceil((y+yLow)/g.SpacingY-1e-9)), c.y0)
	y1 := min(int(math.Floor((y+yHigh)/g.SpacingY+1e-9)), c.y0+c.ny-1)
	if y0 > y1 {
		return
	}
	hx, inv := c.r.half[0][side], c.inv[0][side]
	for at := c.firstSlice(k, z+zLow-1e-9); at < c.z1 && g.SliceMM[at] <= z+zHigh+1e-9; at++ {
		rest := 1 - square(g.SliceMM[at]-z, &c.inv[2])
		i := (at-c.z0)*c.ny - c.y0
		for row := y0; row <= y1; row++ {
			left := rest - square(float64(row)*g.SpacingY-y, &c.inv[1])
			// To reach beyond the best the root must be more than this.
			least := (c.best[side][i+row] - f) * inv
			if least >= 0 && left <= least*least || left < 0 {
				continue
			}
			c.best[side][i+row], c.from[side][i+row] = f+hx*math.Sqrt(left), index
		}
	}
}

// firstSlice is the first slice of the grid within reach of the lattice at z mm or more, sought from lattice slice k on.
func (c *carrier) firstSlice(k int, z float64) int {
	at := min(max(c.s.below[k], c.z0), c.z1)
	for at > c.z0 && c.s.grid.SliceMM[at-1] >= z {
		at--
	}
	for at < c.z1 && c.s.grid.SliceMM[at] < z {
		at++
	}
	return at
}

// square is the square of an offset in half axes.
func square(mm float64, inv *[2]float64) float64 {
	u := mm * inv[0]
	if mm > 0 {
		u = mm * inv[1]
	}
	return u * u
}

// bound is how far along an axis an end may beat a neighbour: fixed + root * mm, where root is the least that the offsets along the
// other axis leave.
type bound struct{ fixed, mm float64 }

// bounds are towards smaller and larger offsets, both counted outwards.
type bounds [2]bound

// bounds holds end f against its neighbours on an axis.
func (c *carrier) bounds(axis int, f float64, side int, near *[2]neighbour) bounds {
	var to bounds
	for way, n := range near {
		half := c.r.half[axis][way]
		if n.site < 0 {
			to[way] = bound{half, 0}
			continue
		}
		t := (f - c.sites[n.site].end(side)) / n.apartMM * c.inv[0][side]
		if t >= 0 {
			bin := turnBins
			if t *= half * turnsPerUnit; t < turnBins {
				bin = int(t) + 1
			}
			turn := c.turns[bin]
			if bin == turnBins {
				turn = 1
			}
			to[way] = bound{min(half*turn+n.apartMM, half), 0}
			continue
		}
		half = c.r.half[axis][1-way]
		bin := turnBins
		if t *= -half * turnsPerUnit; t < turnBins {
			bin = int(t)
		}
		to[way] = bound{n.apartMM, -half * c.turns[bin]}
	}
	return to
}

// window returns the offsets from low to high where the root along the other axis is at least root.
func (b *bounds) window(root float64) (low, high float64) {
	return -b[0].fixed - root*b[0].mm, b[1].fixed + root*b[1].mm
}

// leastRoot is no more than sqrt(1 - u^2) for offsets of an axis from low to high: where w = 1 - u^2, w (3 - w) / 2, as the root
// of 1 / w lies above its tangent at 1.
func (c *carrier) leastRoot(axis int, low, high float64) float64 {
	w := 1 - max(square(low, &c.inv[axis]), square(high, &c.inv[axis]))
	return max(w, 0) * (3 - w) / 2
}

// write puts slice z of the margin into m.
func (o *outline) write(m *volume.Mask, r *reach, e *ends, z int) {
	g := o.s.grid
	px := g.SpacingX
	for row := range e.ny {
		i, y := (z-e.z0)*e.ny+row, e.y0+row
		if e.from[0][i] < 0 || e.from[1][i] < 0 {
			continue
		}
		// Together these two rows cover all in between, unless the body is hollow there.
		_, leftEnds, _ := o.carried(r, e.from[0][i], y, z)
		rightBegins, _, _ := o.carried(r, e.from[1][i], y, z)
		if math.Ceil(rightBegins/px-borderPx) > math.Floor(leftEnds/px+borderPx)+1 {
			o.hollow(m, r, y, z)
			continue
		}
		setSpanMM(m, -e.best[0][i], e.best[1][i], y, z)
	}
}

// carried is the span that a site makes of row (y, z) of the grid; ok is false if it does not reach.
func (o *outline) carried(r *reach, index int32, y, z int) (x0, x1 float64, ok bool) {
	k := o.sliceOf(index)
	s := &o.sites[index]
	lo, hi, ok := r.width(float64(y)*o.s.grid.SpacingY-s.y, o.s.grid.SliceMM[z]-o.s.zs[k])
	return s.x0 + lo, s.x1 + hi, ok
}

// sliceOf is the lattice slice that a site lies in.
func (o *outline) sliceOf(index int32) int {
	low, high := 0, len(o.starts)-1
	for high-low > 1 {
		if mid := (low + high) / 2; o.starts[mid] <= index {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// hollow writes row (y, z) from every site within reach.
func (o *outline) hollow(m *volume.Mask, r *reach, y, z int) {
	for k, at := range o.s.zs {
		if math.Abs(o.s.grid.SliceMM[z]-at) > r.extent[2]+1e-9 {
			continue
		}
		for i := o.starts[k]; i < o.starts[k+1]; i++ {
			if x0, x1, ok := o.carried(r, i, y, z); ok {
				setSpanMM(m, x0, x1, y, z)
			}
		}
	}
}
