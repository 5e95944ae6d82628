package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Smooth rounds the surface of m off: m is blurred by a Gaussian of standard deviation mm, and what is above the level that
// keeps its volume stays. What lies beyond the grid continues what is at its border.
func Smooth(m *volume.Mask, mm float64) *volume.Mask {
	b := m.Bounds()
	if b.Empty() || mm <= 0 {
		return m
	}
	g := m.Grid
	thin := math.Inf(1)
	for z := b.Min[2]; z < b.Max[2]; z++ {
		thin = min(thin, g.SliceThickness(z))
	}
	b = b.Grow(int(math.Ceil(3 * mm / min(g.SpacingX, g.SpacingY, thin)))).Intersect(g.Bounds())
	field, s := blurred(m, b, mm), b.Size()
	var counts [levels]float64
	plane := s[0] * s[1]
	for z := range s[2] {
		height := g.SliceThickness(b.Min[2] + z)
		for _, v := range field[z*plane : (z+1)*plane] {
			counts[min(int(v*levels), levels-1)] += height
		}
	}
	left := m.VolumeMM3() / (g.SpacingX * g.SpacingY)
	level := float32(0.5 / levels)
	for i := levels - 1; i > 0; i-- {
		if left -= counts[i]; left <= 0 {
			level = float32(i) / levels
			break
		}
	}
	out := volume.NewMask(g)
	in := make([]bool, s[0])
	row := make([]bool, g.Nx)
	for z := range s[2] {
		for y := range s[1] {
			for x, v := range field[(z*s[1]+y)*s[0]:][:s[0]] {
				in[x] = v >= level
			}
			copy(row[b.Min[0]:], in)
			setRuns(out, row[:b.Max[0]], b.Min[1]+y, b.Min[2]+z)
		}
	}
	return out
}

// blurred is m as 0 and 1, blurred, [z][y][x] of b.
func blurred(m *volume.Mask, b volume.Box, mm float64) []float32 {
	g, s := m.Grid, b.Size()
	along := func(axis int, at func(i int) float64) []taps {
		positions := make([]float64, s[axis])
		for i := range positions {
			positions[i] = at(b.Min[axis] + i)
		}
		return gaussian(positions, edges(b.Min[axis], s[axis], at), mm)
	}
	alongX := along(0, func(i int) float64 { return float64(i) * g.SpacingX })
	alongY := along(1, func(i int) float64 { return float64(i) * g.SpacingY })
	alongZ := along(2, func(i int) float64 { return g.SliceMM[i] })
	dense := m.Dense(b, nil)
	plane := s[0] * s[1]
	across, out := make([]float32, len(dense)), make([]float32, len(dense))
	inParallel(s[2], func() func(int) {
		rows := make([]float32, plane)
		return func(z int) {
			for y := range s[1] {
				convolve(rows[y*s[0]:][:s[0]], dense[z*plane+y*s[0]:][:s[0]], alongX)
			}
			for y, w := range alongY {
				addTaps(across[z*plane+y*s[0]:][:s[0]], rows, w, s[0])
			}
		}
	})
	inParallel(s[2], func() func(int) {
		return func(z int) {
			addTaps(out[z*plane:][:plane], across, alongZ[z], plane)
		}
	})
	return out
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

// RemoveIslands returns the 26-connected parts of m of leastCC or more, and its largest part in any case.
func RemoveIslands(m *volume.Mask, leastCC float64) *volume.Mask {
	parts := volume.ComponentRuns(m)
	out := volume.NewMask(m.Grid)
	for i := range parts {
		if i > 0 && runsMM3(m.Grid, parts[i].Runs) < 1000*leastCC {
			continue
		}
		for _, r := range parts[i].Runs {
			out.SetSpan(r.X0, r.X1, r.Y, r.Z)
		}
	}
	return out
}

// Interpolate fills slices that m leaves empty between two that it does not, when these are no farther apart than mostMM: the
// shape goes over from one to the other by their signed distances within the slices (Raya and Udupa 1990,
// doi:10.1109/42.52980).
func Interpolate(m *volume.Mask, mostMM float64) *volume.Mask {
	g, b := m.Grid, m.Bounds()
	out := m.Clone()
	last := -1
	var before []float32
	for z := b.Min[2]; z < b.Max[2]; z++ {
		if m.CountSlice(z) == 0 {
			continue
		}
		if gap := z - last; last >= 0 && gap > 1 && g.SliceMM[z]-g.SliceMM[last] <= mostMM {
			before = signedInSlice(m, b, last, before)
			after := signedInSlice(m, b, z, nil)
			for k := last + 1; k < z; k++ {
				f := float32((g.SliceMM[k] - g.SliceMM[last]) / (g.SliceMM[z] - g.SliceMM[last]))
				i := 0
				for y := b.Min[1]; y < b.Max[1]; y++ {
					for x := b.Min[0]; x < b.Max[0]; x++ {
						if (1-f)*before[i]+f*after[i] >= 0 {
							out.Set(x, y, k, true)
						}
						i++
					}
				}
			}
		}
		last = z
	}
	return out
}

// signedInSlice is the signed distance in mm from each pixel of slice z to the outline half way between pixels in and out of m,
// positive inside, [y][x] of b. dst is used when it is long enough.
func signedInSlice(m *volume.Mask, b volume.Box, z int, dst []float32) []float32 {
	g, s := m.Grid, b.Size()
	b.Min[2], b.Max[2] = z, z+1
	// A rim of pixels outside goes round, so that every pixel in has one out.
	nx, ny := s[0]+2, s[1]+2
	in, out := make([]uint8, nx*ny), make([]uint8, nx*ny)
	dense := m.Dense(b, nil)
	for y := range s[1] {
		copy(in[(y+1)*nx+1:], dense[y*s[0]:(y+1)*s[0]])
	}
	for i, v := range in {
		out[i] = 1 - v
	}
	toIn, toOut := squaredInPlane(in, nx, ny, g.SpacingX, g.SpacingY), squaredInPlane(out, nx, ny, g.SpacingX, g.SpacingY)
	if cap(dst) < s[0]*s[1] {
		dst = make([]float32, s[0]*s[1])
	}
	half := float32(math.Sqrt(g.SpacingX*g.SpacingY) / 2)
	for y := range s[1] {
		for x := range s[0] {
			i := (y+1)*nx + x + 1
			d := float32(math.Sqrt(float64(toOut[i]))) - half
			if in[i] == 0 {
				d = half - float32(math.Sqrt(float64(toIn[i])))
			}
			dst[y*s[0]+x] = d
		}
	}
	return dst
}

// squaredInPlane is the squared distance from each pixel to the nearest set one, [ny][nx].
func squaredInPlane(in []uint8, nx, ny int, spacingX, spacingY float64) []float32 {
	d := make([]float32, nx*ny)
	squaredAlongRows(d, in, nx, spacingX)
	ys, column, e := make([]float64, ny), make([]float64, ny), newEnvelope(ny)
	for y := range ys {
		ys[y] = float64(y) * spacingY
	}
	for x := range nx {
		for y := range column {
			column[y] = float64(d[y*nx+x])
		}
		lower(e, d[x:], nx, ys, column)
	}
	return d
}
