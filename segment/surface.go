package segment

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// The surface of a mask. Voxels say of a body only which centres it holds: its surface lies somewhere
// between the last centre inside and the first outside, in steps as coarse as the slices. A margin from those
// steps is wrong by several percent of volume: from the centres it is too small, from the faces or any surface that
// keeps the steps too large, because what is nearest to a point outside is always a step's edge. So the steps are
// smoothed away: the mask is blurred by a Gaussian as wide as they are, and the surface is the level that encloses the
// mask's own volume, half way up where it is flat, lower where it is convex, so that curved bodies do not
// shrink. It is kept between the centres: where the blurred mask has a centre on the wrong side it is lifted or lowered
// there, less and less towards the neighbours, and where all voxels around are inside it is inside, where all are
// outside, outside. What lies beyond the grid continues what is at its border.

// smoothSteps and smoothPixels are the width (standard deviation) of the blur in slice distances and in
// pixels; the larger counts. Spheres and rings of 10 mm or more on slices of 1 to 5 mm then keep the
// volume of their margins within 1 % (margin_test.go).
const (
	smoothSteps  = 0.5
	smoothPixels = 1.0
)

// levels is the number of steps between 0 and 1 in which the surface's level is sought.
const levels = 2048

// newSolid returns the body whose surface is that of m, whose bounds are b, not empty.
func newSolid(m *volume.Mask, b volume.Box) *solid { return newSolidOf(m, b, finestMM) }

// Rows farther apart do for a wide margin: a point of the surface half way between two rows lies the sagitta of half their
// distance from both, in the margin's ellipsoid and in the body.
const (
	coarsestMM = 1
	sagittaMM  = 0.025
	roundMM    = 10 // the body is taken to be no more sharply curved than this
)

// stepFor is the distance between lattice rows that keeps a margin true to sagittaMM or so.
func stepFor(r reach) float64 {
	least, most := math.Inf(1), 0.0
	for i := range 3 {
		least, most = min(least, r.minus[i], r.plus[i]), max(most, r.minus[i], r.plus[i])
	}
	sharpest := least * least / most // radius of curvature at the tip of the ellipsoid
	return max(finestMM, min(math.Sqrt(8*sagittaMM/(1/sharpest+1/roundMM)), coarsestMM))
}

// newSolidOf is newSolid on a lattice of rows stepMM apart, or more for a large body.
func newSolidOf(m *volume.Mask, b volume.Box, stepMM float64) *solid {
	return surfaceOf(m, b, stepMM, false)
}

// newSolidFor is newSolid on rows as far apart as the margin r allows, with more of them where the surface lies along them.
func newSolidFor(m *volume.Mask, b volume.Box, r reach) *solid {
	return surfaceOf(m, b, stepFor(r), true)
}

func surfaceOf(m *volume.Mask, b volume.Box, stepMM float64, refine bool) *solid {
	g := m.Grid
	s := newLattice(g, stepMM,
		float64(b.Min[1]-1)*g.SpacingY, float64(b.Max[1])*g.SpacingY,
		sliceAt(g, b.Min[2]-1), sliceAt(g, b.Max[2]))
	rows := make([][]rowSpan, len(s.zs))
	parts := volume.ComponentRuns(m)
	var more []between
	if refine {
		s.tips = make([][]tip, len(s.zs))
	}
	for i := range parts {
		t := newSmoother(s, &parts[i])
		more = append(more, t.addSpans(rows, refine)...)
	}
	if len(parts) > 1 {
		for k := range rows {
			rows[k] = mergeRows(rows[k])
		}
		for _, tips := range s.tips {
			slices.SortFunc(tips, func(a, b tip) int { return cmp.Compare(a.y, b.y) })
		}
	}
	s.assemble(s.insert(rows, more))
	return s
}

// sliceAt is where slice k lies, mm along the normal; beyond the ends at the distance of the last step.
func sliceAt(g *volume.Grid, k int) float64 {
	n := g.Nz()
	switch {
	case k < 0:
		return float64(k) * g.SliceThickness(0)
	case k >= n:
		return g.SliceMM[n-1] + float64(k-n+1)*g.SliceThickness(n-1)
	}
	return g.SliceMM[k]
}

// rowSpan is a span of lattice row j.
type rowSpan struct {
	j int32
	span
}

// mergeRows sorts the spans of a lattice slice and joins those that overlap.
func mergeRows(rows []rowSpan) []rowSpan {
	slices.SortFunc(rows, func(a, b rowSpan) int { return cmp.Or(cmp.Compare(a.j, b.j), cmp.Compare(a.x0, b.x0)) })
	out := rows[:0]
	for _, r := range rows {
		if n := len(out) - 1; n >= 0 && out[n].j == r.j && r.x0 <= out[n].x1 {
			out[n].x1 = max(out[n].x1, r.x1)
			continue
		}
		out = append(out, r)
	}
	return out
}

// smoother finds the surface of one component on a lattice.
type smoother struct {
	s      *solid
	volume float64    // of the component, mm3
	box    volume.Box // the component's and one voxel more on every side, which may lie beyond the grid
	size   [3]int     // of box
	words  int        // of a row
	in     []uint64   // [z][y][words] of box, bit 0 the smallest x
	j0, nj int        // lattice rows j0 .. j0 + nj - 1 cover box
	k0, nk int        // lattice slices
	across []float32  // [z of box][nj][x of box] the mask blurred along x and y
	alongZ []taps     // of each lattice slice
	blurMM float64    // standard deviation
	lift   []float32  // [z][y][x] of box: what brings the blurred mask at a centre to the right side of its level
	lifted []bool     // [z][y] of box: whether any of the row is
}

func newSmoother(s *solid, c *volume.Component) *smoother {
	g := s.grid
	t := &smoother{s: s, box: c.Bounds().Grow(1)}
	t.size = t.box.Size()
	t.words = (t.size[0] + 63) / 64
	t.in = make([]uint64, t.words*t.size[1]*t.size[2])
	for _, r := range c.Runs {
		t.volume += float64(r.X1-r.X0) * g.VoxelVolume(r.Z)
		setBits(t.row(r.Y-t.box.Min[1], r.Z-t.box.Min[2]), r.X0-t.box.Min[0], r.X1-t.box.Min[0])
	}
	t.continueBeyondGrid()
	gap := (sliceAt(g, t.box.Max[2]-1) - sliceAt(g, t.box.Min[2])) / float64(t.size[2]-1)
	t.blurMM = max(smoothSteps*gap, smoothPixels*max(g.SpacingX, g.SpacingY))
	t.j0 = max(t.box.Min[1]*s.fineY-s.firstY, 0)
	t.nj = min((t.box.Max[1]-1)*s.fineY-s.firstY, s.ny-1) - t.j0 + 1
	for t.k0 < len(s.zs)-1 && s.below[t.k0] < t.box.Min[2] {
		t.k0++
	}
	for t.k0+t.nk < len(s.zs) && s.zs[t.k0+t.nk] <= sliceAt(g, t.box.Max[2]-1)+1e-9 {
		t.nk++
	}
	t.blur()
	return t
}

// setBits sets bits x0 <= x < x1.
func setBits(row []uint64, x0, x1 int) {
	for x0 < x1 {
		end := min(x1, (x0/64+1)*64)
		w := ^uint64(0) << (x0 % 64)
		if r := end % 64; r != 0 {
			w &= 1<<r - 1
		}
		row[x0/64] |= w
		x0 = end
	}
}

// row is row (y, z) of box.
func (t *smoother) row(y, z int) []uint64 {
	i := (z*t.size[1] + y) * t.words
	return t.in[i : i+t.words : i+t.words]
}

// continueBeyondGrid copies the outermost voxels of the grid to the voxels of box beyond it.
func (t *smoother) continueBeyondGrid() {
	n := t.s.grid.Bounds().Max
	lastX, lastY, lastZ := t.size[0]-1, t.size[1]-1, t.size[2]-1
	for z := range t.size[2] {
		for y := range t.size[1] {
			row := t.row(y, z)
			if t.box.Min[0] < 0 && row[0]>>1&1 == 1 {
				setBits(row, 0, 1)
			}
			if t.box.Max[0] > n[0] && row[(lastX-1)/64]>>((lastX-1)%64)&1 == 1 {
				setBits(row, lastX, lastX+1)
			}
		}
		if t.box.Min[1] < 0 {
			copy(t.row(0, z), t.row(1, z))
		}
		if t.box.Max[1] > n[1] {
			copy(t.row(lastY, z), t.row(lastY-1, z))
		}
	}
	slice := t.words * t.size[1]
	if t.box.Min[2] < 0 {
		copy(t.in[:slice], t.in[slice:2*slice])
	}
	if t.box.Max[2] > n[2] {
		copy(t.in[lastZ*slice:], t.in[(lastZ-1)*slice:lastZ*slice])
	}
}

// edges returns the borders between the voxels first .. first+n-1 of an axis whose centres are at(i); the
// outermost are far away, so that what is there continues.
func edges(first, n int, at func(i int) float64) []float64 {
	e := make([]float64, n+1)
	for i := 1; i < n; i++ {
		e[i] = (at(first+i-1) + at(first+i)) / 2
	}
	e[0], e[n] = math.Inf(-1), math.Inf(1)
	return e
}

// blurReach is where the Gaussian ends, in widths: what lies beyond is 2e-4.
const blurReach = 3.5

// taps are the weights with which the voxels from first on count at one position.
type taps struct {
	first   int
	weights []float32
}

// gaussian returns the share of a Gaussian of width blurMM round each position that falls into each voxel.
func gaussian(positions, edges []float64, blurMM float64) []taps {
	scale := 1 / (blurMM * math.Sqrt2)
	all := make([]taps, len(positions))
	const usual = 12
	weights := make([]float32, 0, usual*len(positions))
	first := 0
	for i, p := range positions {
		for edges[first+1] < p-blurReach*blurMM {
			first++
		}
		begin := len(weights)
		below := -1.0
		for k := first; k+1 < len(edges) && edges[k] < p+blurReach*blurMM; k++ {
			upTo := math.Erf((edges[k+1] - p) * scale)
			weights = append(weights, float32((upTo-below)/2))
			below = upTo
		}
		all[i] = taps{first, weights[begin:len(weights):len(weights)]}
	}
	return all
}

// blur fills across and alongZ.
func (t *smoother) blur() {
	g, s := t.s.grid, t.s
	ys := make([]float64, t.nj)
	for j := range ys {
		ys[j] = s.y(t.j0 + j)
	}
	atY := func(i int) float64 { return float64(i) * g.SpacingY }
	atZ := func(i int) float64 { return sliceAt(g, i) }
	alongX := edgeShares(t.size[0], g.SpacingX, t.blurMM)
	alongY := gaussian(ys, edges(t.box.Min[1], t.size[1], atY), t.blurMM)
	t.alongZ = gaussian(s.zs[t.k0:t.k0+t.nk], edges(t.box.Min[2], t.size[2], atZ), t.blurMM)
	nx := t.size[0]
	t.across = make([]float32, t.size[2]*t.nj*nx)
	inParallel(t.size[2], func() func(int) {
		blurred := make([]float32, t.size[1]*nx)
		return func(z int) {
			clear(blurred)
			for y := range t.size[1] {
				blurRow(blurred[y*nx:(y+1)*nx], t.row(y, z), alongX)
			}
			for j, w := range alongY {
				addTaps(t.across[(z*t.nj+j)*nx:][:nx], blurred, w, nx)
			}
		}
	})
}

// edgeShares returns at n + d the share of a Gaussian round a pixel that lies above the lower edge of the one d pixels
// before it, for n pixels a row.
func edgeShares(n int, spacing, blurMM float64) []float32 {
	share := make([]float32, 2*n+1)
	for i := range share {
		share[i] = float32((1 + math.Erf((float64(i-n)+0.5)*spacing/(blurMM*math.Sqrt2))) / 2)
	}
	return share
}

// blurRow adds to dst, which is 0, the blurred bits of row. What is at the ends of the row continues beyond it.
func blurRow(dst []float32, row []uint64, share []float32) {
	n := len(dst)
	for x := nextBit(row, 0, n, 0); x < n; {
		end := nextBit(row, x, n, ^uint64(0))
		if x == 0 {
			for i := range dst {
				dst[i]++
			}
		} else {
			for i, v := range share[n-x : 2*n-x] {
				dst[i] += v
			}
		}
		if end < n {
			for i, v := range share[n-end : 2*n-end] {
				dst[i] -= v
			}
		}
		x = nextBit(row, end, n, 0)
	}
}

// nextBit is the first bit from x on that differs from those of like (all 0 or all 1); n if there is none.
func nextBit(row []uint64, x, n int, like uint64) int {
	for x < n {
		if w := (row[x/64] ^ like) >> (x % 64); w != 0 {
			return min(x+bits.TrailingZeros64(w), n)
		}
		x = (x/64 + 1) * 64
	}
	return n
}

// addTaps adds to dst the weighted sum of the rows of rows, each stride long, that w names.
func addTaps(dst, rows []float32, w taps, stride int) {
	c, at := w.weights, w.first*stride
	n := len(dst)
	for ; len(c) >= 4; c, at = c[4:], at+4*stride {
		c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
		r0, r1, r2, r3 := rows[at:][:n], rows[at+stride:][:n], rows[at+2*stride:][:n], rows[at+3*stride:][:n]
		for i := range dst {
			dst[i] += c0*r0[i] + c1*r1[i] + (c2*r2[i] + c3*r3[i])
		}
	}
	for ; len(c) > 0; c, at = c[1:], at+stride {
		c0, r0 := c[0], rows[at:][:n]
		for i := range dst {
			dst[i] += c0 * r0[i]
		}
	}
}

// enoughSamples is the number of samples of the blurred mask beyond which, for a quick level, every other lattice row or slice does.
const enoughSamples = 40_000

// level is the value above which the blurred mask has the component's volume within the grid; quick looks at fewer samples.
func (t *smoother) level(quick bool) float32 {
	g, s := t.s.grid, t.s
	stepJ, stepK := 1, 1
	for quick && t.nk*t.nj*t.size[0] > enoughSamples*stepJ*stepK && max(stepJ, stepK) < 4 {
		if s.stepYMM*float64(stepJ) < (s.zs[t.k0+t.nk-1]-s.zs[t.k0])/float64(t.nk-1)*float64(stepK) {
			stepJ *= 2
		} else {
			stepK *= 2
		}
	}
	n := (t.nk-1)/stepK + 1
	histograms := make([][levels]float64, n)
	last := g.Nz() - 1
	z0, z1 := -g.SliceThickness(0)/2, g.SliceMM[last]+g.SliceThickness(last)/2
	stride := t.nj * t.size[0]
	inParallel(n, func() func(int) {
		field := make([]float32, t.size[0])
		return func(i int) {
			k := i * stepK
			z := s.zs[t.k0+k]
			before, after := z, z
			if k > 0 {
				before = (z + s.zs[t.k0+k-stepK]) / 2
			}
			if k+stepK < t.nk {
				after = (z + s.zs[t.k0+k+stepK]) / 2
			}
			height := min(after, z1) - max(before, z0)
			if height <= 0 {
				return
			}
			h := &histograms[i]
			for j := 0; j < t.nj; j += stepJ {
				y := s.y(t.j0 + j)
				if y < -g.SpacingY/2 || y > (float64(g.Ny)-0.5)*g.SpacingY {
					continue
				}
				clear(field)
				addTaps(field, t.across[j*t.size[0]:], t.alongZ[k], stride)
				row := field
				if t.box.Min[0] < 0 {
					row = row[1:]
				}
				if t.box.Max[0] > g.Nx {
					row = row[:len(row)-1]
				}
				for _, v := range row {
					h[min(int(v*levels), levels-1)] += height
				}
			}
		}
	})
	var total [levels]float64
	for k := range histograms {
		for i, v := range &histograms[k] {
			total[i] += v
		}
	}
	left := t.volume / (g.SpacingX * s.stepYMM * float64(stepJ))
	for i := levels - 1; i > 0; i-- {
		step := total[i]
		if left -= step; left <= 0 {
			return (float32(i) + float32(-left/step)) / levels
		}
	}
	return 0.5 / levels
}

// addSpans adds the component's spans to rows, one list a lattice slice. With refine it adds tips to the solid and
// returns rows between the lattice slices.
func (t *smoother) addSpans(rows [][]rowSpan, refine bool) []between {
	level := t.level(refine)
	t.bringCentres(level)
	own := make([][]rowSpan, t.nk)
	inParallel(t.nk, func() func(int) {
		c := newCrossing(t, level)
		return func(k int) {
			c.slice(t.s.zs[t.k0+k], t.s.below[t.k0+k], t.s.exact[t.k0+k], t.alongZ[k])
			list := make([]rowSpan, 0, t.nj)
			for j := range t.nj {
				list = c.appendSpans(list, j, 0)
			}
			own[k] = list
			if refine {
				t.s.tips[t.k0+k] = append(t.s.tips[t.k0+k], c.tips(list, nil)...)
			}
		}
	})
	for k, list := range own {
		rows[t.k0+k] = append(rows[t.k0+k], list...)
	}
	if !refine {
		return nil
	}
	return t.between(own, level)
}

// just is how far a field is moved to the right side of its level.
const just = 1e-6

// bringCentres fills lift and lifted.
func (t *smoother) bringCentres(level float32) {
	s, stride := t.s, t.nj*t.size[0]
	t.lift = make([]float32, t.size[0]*t.size[1]*t.size[2])
	t.lifted = make([]bool, t.size[1]*t.size[2])
	inParallel(t.nk, func() func(int) {
		field := make([]float32, t.size[0])
		return func(k int) {
			z := s.below[t.k0+k] - t.box.Min[2]
			if !s.exact[t.k0+k] || z >= t.size[2] {
				return
			}
			for y := range t.size[1] {
				j := (t.box.Min[1]+y)*s.fineY - s.firstY - t.j0
				if j < 0 || j >= t.nj {
					continue
				}
				clear(field)
				addTaps(field, t.across[j*t.size[0]:], t.alongZ[k], stride)
				in, at := t.row(y, z), z*t.size[1]+y
				lift := t.lift[at*t.size[0]:][:t.size[0]]
				for x, v := range field {
					v -= level
					switch inside := in[x/64]>>(x%64)&1 == 1; {
					case inside && v < just:
						lift[x], t.lifted[at] = just-v, true
					case !inside && v > -just:
						lift[x], t.lifted[at] = -just-v, true
					}
				}
			}
		}
	})
}
