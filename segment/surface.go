package segment

import (
	"cmp"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// The surface of a mask. Voxels say of a body only which centres it holds: its surface lies somewhere
// between the last centre inside and the first outside, in steps as coarse as the slices. A margin from those
// steps is wrong by several percent of volume: from the centres it is too small, from the faces or any surface that
// keeps the steps too large, because what is nearest to a point outside is always a step's edge. So the steps are
// smoothed away: the mask is blurred by a Gaussian as wide as they are, and the surface is the level that encloses the
// mask's own volume, half way up where it is flat, lower where it is convex, so that curved bodies do not
// shrink. It is kept between the centres: where all voxels around are inside it is inside, and where all
// are outside, outside. What lies beyond the grid continues what is at its border.

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

// newSolidOf is newSolid on a lattice of rows stepMM apart, or more for a large body.
func newSolidOf(m *volume.Mask, b volume.Box, stepMM float64) *solid {
	g := m.Grid
	s := newLattice(g, stepMM,
		float64(b.Min[1]-1)*g.SpacingY, float64(b.Max[1])*g.SpacingY,
		sliceAt(g, b.Min[2]-1), sliceAt(g, b.Max[2]))
	rows := make([][]rowSpan, len(s.zs))
	parts := volume.ComponentRuns(m)
	for i := range parts {
		newSmoother(s, &parts[i]).addSpans(rows)
	}
	if len(parts) > 1 {
		for k := range rows {
			rows[k] = mergeRows(rows[k])
		}
	}
	s.assemble(rows)
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
	in     []uint8    // [z][y][x] of box
	j0, nj int        // lattice rows j0 .. j0 + nj - 1 cover box
	k0, nk int        // lattice slices
	across []float32  // [z of box][nj][x of box] the mask blurred along x and y
	alongZ []taps     // of each lattice slice
	blurMM float64    // standard deviation
}

func newSmoother(s *solid, c *volume.Component) *smoother {
	g := s.grid
	t := &smoother{s: s, box: c.Bounds().Grow(1)}
	t.size = t.box.Size()
	t.in = make([]uint8, t.size[0]*t.size[1]*t.size[2])
	for _, r := range c.Runs {
		t.volume += float64(r.X1-r.X0) * g.VoxelVolume(r.Z)
		row := t.row(r.Y-t.box.Min[1], r.Z-t.box.Min[2])
		for x := r.X0; x < r.X1; x++ {
			row[x-t.box.Min[0]] = 1
		}
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

// row is row (y, z) of box.
func (t *smoother) row(y, z int) []uint8 {
	i := (z*t.size[1] + y) * t.size[0]
	return t.in[i : i+t.size[0] : i+t.size[0]]
}

// continueBeyondGrid copies the outermost voxels of the grid to the voxels of box beyond it.
func (t *smoother) continueBeyondGrid() {
	n := t.s.grid.Bounds().Max
	lastX, lastY, lastZ := t.size[0]-1, t.size[1]-1, t.size[2]-1
	for z := range t.size[2] {
		for y := range t.size[1] {
			row := t.row(y, z)
			if t.box.Min[0] < 0 {
				row[0] = row[1]
			}
			if t.box.Max[0] > n[0] {
				row[lastX] = row[lastX-1]
			}
		}
		if t.box.Min[1] < 0 {
			copy(t.row(0, z), t.row(1, z))
		}
		if t.box.Max[1] > n[1] {
			copy(t.row(lastY, z), t.row(lastY-1, z))
		}
	}
	slice := t.size[0] * t.size[1]
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

// taps are the weights with which the voxels from first on count at one position.
type taps struct {
	first   int
	weights []float32
}

// gaussian returns the share of a Gaussian of width blurMM round each position that falls into each voxel.
func gaussian(positions, edges []float64, blurMM float64) []taps {
	const reach = 3.5 // widths: what lies beyond is 2e-4
	scale := 1 / (blurMM * math.Sqrt2)
	all := make([]taps, len(positions))
	for i, p := range positions {
		first := 0
		for edges[first+1] < p-reach*blurMM {
			first++
		}
		w := taps{first: first}
		below := -1.0
		for k := first; k+1 < len(edges) && edges[k] < p+reach*blurMM; k++ {
			upTo := math.Erf((edges[k+1] - p) * scale)
			w.weights = append(w.weights, float32((upTo-below)/2))
			below = upTo
		}
		all[i] = w
	}
	return all
}

// blur fills across and alongZ.
func (t *smoother) blur() {
	g, s := t.s.grid, t.s
	xs, ys := make([]float64, t.size[0]), make([]float64, t.nj)
	for i := range xs {
		xs[i] = float64(t.box.Min[0]+i) * g.SpacingX
	}
	for j := range ys {
		ys[j] = s.y(t.j0 + j)
	}
	atX := func(i int) float64 { return float64(i) * g.SpacingX }
	atY := func(i int) float64 { return float64(i) * g.SpacingY }
	atZ := func(i int) float64 { return sliceAt(g, i) }
	alongX := gaussian(xs, edges(t.box.Min[0], t.size[0], atX), t.blurMM)
	alongY := gaussian(ys, edges(t.box.Min[1], t.size[1], atY), t.blurMM)
	t.alongZ = gaussian(s.zs[t.k0:t.k0+t.nk], edges(t.box.Min[2], t.size[2], atZ), t.blurMM)
	nx := t.size[0]
	t.across = make([]float32, t.size[2]*t.nj*nx)
	inParallel(t.size[2], func() func(int) {
		blurred := make([]float32, t.size[1]*nx)
		return func(z int) {
			for y := range t.size[1] {
				convolve(blurred[y*nx:(y+1)*nx], t.row(y, z), alongX)
			}
			for j, w := range alongY {
				out := t.across[(z*t.nj+j)*nx:][:nx]
				for i, c := range w.weights {
					addScaled(out, blurred[(w.first+i)*nx:][:nx], c)
				}
			}
		}
	})
}

// convolve writes the weighted sums of in.
func convolve(dst []float32, in []uint8, w []taps) {
	for i := range dst {
		sum := float32(0)
		src := in[w[i].first:]
		for k, c := range w[i].weights {
			sum += c * float32(src[k])
		}
		dst[i] = sum
	}
}

// addScaled adds c src to dst, of the same length.
func addScaled(dst, src []float32, c float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += c * v
	}
}

// slice writes the blurred mask on lattice slice k0 + k into field, [nj][x of box].
func (t *smoother) slice(field []float32, k int) {
	clear(field)
	n := t.nj * t.size[0]
	for i, c := range t.alongZ[k].weights {
		addScaled(field, t.across[(t.alongZ[k].first+i)*n:][:n], c)
	}
}

// level is the value above which the blurred mask has the component's volume within the grid.
func (t *smoother) level() float32 {
	g, s := t.s.grid, t.s
	histograms := make([][levels]float64, t.nk)
	last := g.Nz() - 1
	z0, z1 := -g.SliceThickness(0)/2, g.SliceMM[last]+g.SliceThickness(last)/2
	inParallel(t.nk, func() func(int) {
		field := make([]float32, t.nj*t.size[0])
		return func(k int) {
			z := s.zs[t.k0+k]
			before, after := z, z
			if k > 0 {
				before = (z + s.zs[t.k0+k-1]) / 2
			}
			if k+1 < t.nk {
				after = (z + s.zs[t.k0+k+1]) / 2
			}
			height := min(after, z1) - max(before, z0)
			if height <= 0 {
				return
			}
			t.slice(field, k)
			h := &histograms[k]
			for j := range t.nj {
				y := s.y(t.j0 + j)
				if y < -g.SpacingY/2 || y > (float64(g.Ny)-0.5)*g.SpacingY {
					continue
				}
				row := field[j*t.size[0]:][:t.size[0]]
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
	left := t.volume / (g.SpacingX * s.stepYMM)
	for i := levels - 1; i > 0; i-- {
		step := 0.0
		for k := range histograms {
			step += histograms[k][i]
		}
		if left -= step; left <= 0 {
			return (float32(i) + float32(-left/step)) / levels
		}
	}
	return 0.5 / levels
}

// addSpans adds the component's spans to rows, one list a lattice slice.
func (t *smoother) addSpans(rows [][]rowSpan) {
	level := t.level()
	nx := t.size[0]
	x0 := float64(t.box.Min[0]) * t.s.grid.SpacingX
	inParallel(t.nk, func() func(int) {
		field := make([]float32, t.nj*nx)
		return func(k int) {
			t.slice(field, k)
			for j := range t.nj {
				row := field[j*nx:][:nx]
				for i := range row {
					row[i] -= level
				}
				t.keepBetweenCentres(row, j, k)
				rows[t.k0+k] = appendSpans(rows[t.k0+k], int32(t.j0+j), row, x0, t.s.grid.SpacingX)
			}
		}
	})
}

// just is how far a field is moved to the right side of its level.
const just = 1e-6

// keepBetweenCentres makes the field of a lattice row, less its level, positive where the voxels on all
// sides are in, and negative where all are out.
func (t *smoother) keepBetweenCentres(row []float32, j, k int) {
	s := t.s
	at := s.firstY + t.j0 + j
	y := floorDiv(at, s.fineY) - t.box.Min[1]
	z := s.below[t.k0+k] - t.box.Min[2]
	a := t.row(y, z)
	b, c, d := a, a, a
	if at%s.fineY != 0 && y+1 < t.size[1] {
		b = t.row(y+1, z)
	}
	if !s.exact[t.k0+k] && z+1 < t.size[2] {
		c = t.row(y, z+1)
		d = c
		if at%s.fineY != 0 && y+1 < t.size[1] {
			d = t.row(y+1, z+1)
		}
	}
	for i := range row {
		switch a[i] + b[i] + c[i] + d[i] {
		case 4:
			row[i] = max(row[i], just)
		case 0:
			row[i] = min(row[i], -just)
		}
	}
}

// appendSpans appends the spans of lattice row j where the samples of row, at x0, x0 + step, ... mm and
// linear in between, are not negative.
func appendSpans(spans []rowSpan, j int32, row []float32, x0, step float64) []rowSpan {
	start, in := 0.0, false
	for i, v := range row {
		if (v >= 0) == in {
			continue
		}
		at := x0 + float64(i)*step
		if i > 0 {
			at -= step * float64(v) / float64(v-row[i-1])
		}
		if in {
			spans = append(spans, rowSpan{j, span{start, at}})
		}
		start, in = at, !in
	}
	if in {
		spans = append(spans, rowSpan{j, span{start, x0 + float64(len(row)-1)*step}})
	}
	return spans
}
