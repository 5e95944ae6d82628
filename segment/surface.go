package segment

import (
	"github.com/clipwright/clipwright/internal/volume"
)

// newSolid finds the body whose half-level surface m, with bounds b, samples.
func newSolid(m *volume.Mask, b volume.Box) *solid {
	g := m.Grid
	wide := b.Grow(1)
	sl := wide.Size()
	at := func(k int) float64 {
		n := g.Nz()
		switch {
		case k < 0:
			return float64(k) * g.SliceThickness(0)
		case k >= n:
			return g.SliceMM[n-1] + float64(k-n+1)*g.SliceThickness(n-1)
		}
		return g.SliceMM[k]
	}
	s := newLattice(g, float64(wide.Min[1])*g.SpacingY, float64(wide.Max[1]-1)*g.SpacingY, at(wide.Min[2]), at(wide.Max[2]-1)-1e-6)
	dense := make([]float32, sl[0]*sl[1]*sl[2])
	for z := range sl[2] {
		for y := range sl[1] {
			for x := range sl[0] {
				if m.Has(wide.Min[0]+x, wide.Min[1]+y, wide.Min[2]+z) {
					dense[(z*sl[1]+y)*sl[0]+x] = 1
				}
			}
		}
	}
	slices := make([][]span, len(s.zs))
	counts := make([][]int32, len(s.zs))
	inParallel(len(s.zs), func() func(int) {
		row := make([]float32, sl[0])
		return func(k int) {
			z := 0
			for z+2 < sl[2] && at(wide.Min[2]+z+1) <= s.zs[k] {
				z++
			}
			tz := float32((s.zs[k] - at(wide.Min[2]+z)) / (at(wide.Min[2]+z+1) - at(wide.Min[2]+z)))
			counts[k] = make([]int32, s.ny)
			for j := range s.ny {
				f := s.firstY + j
				y := min(floorDiv(f, s.fineY)-wide.Min[1], sl[1]-2)
				ty := float32(f-(y+wide.Min[1])*s.fineY) / float32(s.fineY)
				for x := range row {
					p := func(dy, dz int) float32 { return dense[((z+dz)*sl[1]+y+dy)*sl[0]+x] }
					a := p(0, 0)*(1-ty) + p(1, 0)*ty
					b := p(0, 1)*(1-ty) + p(1, 1)*ty
					row[x] = a*(1-tz) + b*tz - 0.5
				}
				n := len(slices[k])
				slices[k] = appendSpans(slices[k], row, float64(wide.Min[0])*g.SpacingX, g.SpacingX)
				counts[k][j] = int32(len(slices[k]) - n)
			}
		}
	})
	s.assemble(slices, counts)
	return s
}

// appendSpans appends the spans where the samples of row, at x0, x0 + step, ... mm, linearly interpolated, are not negative.
func appendSpans(spans []span, row []float32, x0, step float64) []span {
	var start float64
	in := false
	for i, v := range row {
		if (v >= 0) == in {
			continue
		}
		at := x0 + float64(i)*step
		if i > 0 {
			at -= step * float64(v) / float64(v-row[i-1])
		}
		if in {
			spans = append(spans, span{start, at})
		}
		start, in = at, !in
	}
	if in {
		spans = append(spans, span{start, x0 + float64(len(row)-1)*step})
	}
	return spans
}
