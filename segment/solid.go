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
	starts  []int32   // [len(zs)][ny], and one more: where the spans of a row begin
	spans   []span
	stepYMM float64
}

// span is the part of a row from X0 to X1, mm.
type span struct{ x0, x1 float64 }

// finestMM is the distance between lattice rows that is aimed at, and mostRows the number of rows beyond
// which it is made coarser: what a large body loses is small beside its size.
const (
	finestMM = 0.5
	mostRows = 100_000
)

// newLattice returns a solid without spans that covers y0..y1 and z0..z1, mm.
func newLattice(g *volume.Grid, y0, y1, z0, z1 float64) *solid {
	step := finestMM
	if rows := (y1 - y0) * (z1 - z0) / (step * step); rows > mostRows {
		step *= math.Sqrt(rows / mostRows)
	}
	s := &solid{grid: g, fineY: max(1, int(math.Ceil(g.SpacingY/step-1e-9)))}
	s.stepYMM = g.SpacingY / float64(s.fineY)
	s.firstY = int(math.Floor(y0/s.stepYMM + 1e-9))
	s.ny = int(math.Ceil(y1/s.stepYMM-1e-9)) - s.firstY + 1
	s.zs = latticeSlices(g, z0, z1, step)
	return s
}

// latticeSlices divides the steps between slices, those at the ends repeated beyond them as needed.
func latticeSlices(g *volume.Grid, z0, z1, step float64) []float64 {
	n := g.Nz()
	before, after := g.SliceThickness(0), g.SliceThickness(n-1)
	at := func(k int) float64 {
		switch {
		case k < 0:
			return float64(k) * before
		case k >= n:
			return g.SliceMM[n-1] + float64(k-n+1)*after
		}
		return g.SliceMM[k]
	}
	k := int(math.Floor(z0 / before))
	for k < n && at(k+1) <= z0 {
		k++
	}
	var zs []float64
	for ; at(k) <= z1; k++ {
		gap := at(k+1) - at(k)
		parts := max(1, int(math.Ceil(gap/step-1e-9)))
		for i := range parts {
			zs = append(zs, at(k)+gap*float64(i)/float64(parts))
		}
	}
	return append(zs, at(k))
}

// y is where lattice row j lies, mm.
func (s *solid) y(j int) float64 { return float64(s.firstY+j) * s.stepYMM }

// row returns the spans of lattice row j of lattice slice k, in order, none touching the next.
func (s *solid) row(k, j int) []span {
	i := k*s.ny + j
	return s.spans[s.starts[i]:s.starts[i+1]]
}

// assemble takes the spans slice by slice: counts holds how many each row has.
func (s *solid) assemble(slices [][]span, counts [][]int32) {
	s.starts = make([]int32, 0, len(s.zs)*s.ny+1)
	s.starts = append(s.starts, 0)
	total := 0
	for k := range slices {
		for _, n := range counts[k] {
			s.starts = append(s.starts, s.starts[len(s.starts)-1]+n)
		}
		total += len(slices[k])
	}
	s.spans = make([]span, 0, total)
	for _, spans := range slices {
		s.spans = append(s.spans, spans...)
	}
}

// dilate returns the voxels whose centre is within reach of the body: in every slice of the grid each row
// is the union of the spans of the lattice rows nearby, widened by the ellipsoid's width at their distance.
func (s *solid) dilate(r reach) *volume.Mask {
	g := s.grid
	m := volume.NewMask(g)
	inParallel(g.Nz(), func() func(int) {
		w := newWidening(s, r)
		return func(z int) { w.slice(m, z) }
	})
	return m
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
		for y, sp := range w.main {
			setSpanMM(m, sp.x0, sp.x1, y, z)
		}
	}
}

// widths fills lo and hi for lattice slices dz mm below, and returns the first and last index within reach.
func (w *widening) widths(dz float64) (from, to int) {
	from, to = len(w.lo), -1
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

// setSpanMM puts the voxels of row (y, z) with centres from x0 to x1 mm into m.
func setSpanMM(m *volume.Mask, x0, x1 float64, y, z int) {
	if !(x0 <= x1) {
		return
	}
	const tolerance = 1e-7 // px: centres on the border are in
	n := float64(m.Grid.Nx)
	a := max(math.Ceil(x0/m.Grid.SpacingX-tolerance), 0)
	b := min(math.Floor(x1/m.Grid.SpacingX+tolerance)+1, n)
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

// outside returns what is not body within the grid, as far round the body as r reaches.
func (s *solid) outside(r reach) *solid {
	g := s.grid
	x0, x1 := math.Inf(1), math.Inf(-1)
	for _, sp := range s.spans {
		x0, x1 = min(x0, sp.x0), max(x1, sp.x1)
	}
	edge := g.SpacingX / 2
	x0, x1 = max(x0-r.extent[0]-1, -edge), min(x1+r.extent[0]+1, float64(g.Nx-1)*g.SpacingX+edge)
	y0 := max(s.y(0)-r.extent[1]-1, -g.SpacingY/2)
	y1 := min(s.y(s.ny-1)+r.extent[1]+1, (float64(g.Ny)-0.5)*g.SpacingY)
	last := g.Nz() - 1
	z0 := max(s.zs[0]-r.extent[2]-1, 0)
	z1 := min(s.zs[len(s.zs)-1]+r.extent[2]+1, g.SliceMM[last])
	o := &solid{grid: g, fineY: s.fineY, stepYMM: s.stepYMM}
	o.firstY = int(math.Ceil(y0/s.stepYMM - 1e-9))
	o.ny = int(math.Floor(y1/s.stepYMM+1e-9)) - o.firstY + 1
	// The same lattice slices where the body is known, and slices of like distance beyond.
	for _, z := range latticeSlices(g, z0, z1, s.zs[1]-s.zs[0]) {
		if z < s.zs[0]-1e-9 && z >= z0-1e-9 {
			o.zs = append(o.zs, z)
		}
	}
	shift := len(o.zs)
	skipped := 0
	for _, z := range s.zs {
		switch {
		case z < -1e-9:
			skipped++
		case z <= g.SliceMM[last]+1e-9:
			o.zs = append(o.zs, z)
		}
	}
	known := len(o.zs) - shift
	for _, z := range latticeSlices(g, z0, z1, s.zs[1]-s.zs[0]) {
		if z > s.zs[len(s.zs)-1]+1e-9 && z <= z1+1e-9 {
			o.zs = append(o.zs, z)
		}
	}
	o.starts = append(o.starts, 0)
	for k := range o.zs {
		for j := range o.ny {
			at := x0
			row := j + o.firstY - s.firstY
			if k >= shift && k < shift+known && row >= 0 && row < s.ny {
				for _, sp := range s.row(k-shift+skipped, row) {
					if sp.x0 > at {
						o.spans = append(o.spans, span{at, sp.x0})
					}
					at = sp.x1
				}
			}
			if at < x1 {
				o.spans = append(o.spans, span{at, x1})
			}
			o.starts = append(o.starts, int32(len(o.spans)))
		}
	}
	return o
}
