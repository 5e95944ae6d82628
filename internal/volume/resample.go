package volume

import "math"

// SampleHU returns the trilinear HU at p, LPS mm, and whether p lies in a voxel of v. Within the outer
// half of the border voxels the border value holds.
func (v *Volume) SampleHU(p Vec) (float64, bool) {
	g := v.Grid
	x, y, z := g.ToVoxel(p)
	ax, ay, az := makeTap(x, g.Nx), makeTap(y, g.Ny), makeTap(z, g.Nz())
	if ax.outside || ay.outside || az.outside {
		return 0, false
	}
	at := func(i, j, k int) float64 { return float64(v.HU[(k*g.Ny+j)*g.Nx+i]) }
	plane := func(k int) float64 {
		a := at(ax.lo, ay.lo, k) + ax.t*(at(ax.hi, ay.lo, k)-at(ax.lo, ay.lo, k))
		b := at(ax.lo, ay.hi, k) + ax.t*(at(ax.hi, ay.hi, k)-at(ax.lo, ay.hi, k))
		return a + ay.t*(b-a)
	}
	return plane(az.lo) + az.t*(plane(az.hi)-plane(az.lo)), true
}

// tap says which two samples of a row a position falls between: lo with weight 1-t, hi with weight t.
type tap struct {
	lo, hi  int
	t       float64
	outside bool
}

// edgeTolerancePx keeps a position on the outer border of a voxel inside in spite of rounding.
const edgeTolerancePx = 1e-6

// makeTap is the tap at continuous index x of n samples, each half a step wide on either side.
func makeTap(x float64, n int) tap {
	if !(x >= -0.5-edgeTolerancePx && x <= float64(n)-0.5+edgeTolerancePx) {
		return tap{outside: true}
	}
	x = max(0, min(x, float64(n-1)))
	lo := min(int(x), max(n-2, 0))
	return tap{lo: lo, hi: min(lo+1, n-1), t: x - float64(lo)}
}

// Resample returns v on dst by trilinear interpolation, rounded to whole HU; voxels of dst whose centre is in no
// voxel of v get outsideHU. Within the outer half of the border voxels the border value holds. No low-pass filter is applied.
func Resample(dst *Grid, v *Volume, outsideHU int16) *Volume {
	out := NewVolume(dst)
	ResampleInto(out.HU, dst, v, outsideHU)
	return out
}

// ResampleInto is Resample into hu, [z][y][x] of dst, which must be exactly as long.
func ResampleInto(hu []int16, dst *Grid, v *Volume, outsideHU int16) {
	if len(hu) != dst.Len() {
		panic("volume: resample into a slice of another length than the grid")
	}
	inParallel(dst.Nz(), func(z int) { ResampleSlice(hu[z*dst.Nx*dst.Ny:(z+1)*dst.Nx*dst.Ny], dst, z, v, outsideHU) })
}

// ResampleSlice is Resample of slice z of dst into hu, [y][x]; for callers that run slices on goroutines of their own.
func ResampleSlice(hu []int16, dst *Grid, z int, v *Volume, outsideHU int16) {
	if aligned(dst, v.Grid) {
		resampleAligned(hu, dst, z, v, outsideHU)
		return
	}
	for y := range dst.Ny {
		row := hu[y*dst.Nx : (y+1)*dst.Nx]
		for x := range row {
			value, ok := v.SampleHU(dst.ToPatient(float64(x), float64(y), float64(z)))
			if !ok {
				row[x] = outsideHU
				continue
			}
			row[x] = int16(math.Round(value))
		}
	}
}

// axisTwist is the largest difference of direction cosines at which two grids count as parallel: over a field of 500
// mm it displaces a voxel by less than a thousandth of a mm.
const axisTwist = 1e-6

func aligned(a, b *Grid) bool {
	return a.Row.Distance(b.Row) < axisTwist && a.Col.Distance(b.Col) < axisTwist
}

// resampleAligned is ResampleSlice for parallel grids: the taps of each axis are the same for every voxel.
func resampleAligned(hu []int16, dst *Grid, z int, v *Volume, outsideHU int16) {
	g := v.Grid
	x0, y0, z0 := g.ToVoxel(dst.ToPatient(0, 0, float64(z)))
	az := makeTap(z0, g.Nz())
	xs := make([]tap, dst.Nx)
	inside0, inside1 := dst.Nx, 0 // the columns inside v are consecutive
	for x := range xs {
		xs[x] = makeTap(x0+float64(x)*dst.SpacingX/g.SpacingX, g.Nx)
		if !xs[x].outside {
			inside0, inside1 = min(inside0, x), x+1
		}
	}
	blended := make([]float32, g.Nx) // the row of v that lies under the row of dst
	weights := make([]float32, dst.Nx)
	for x := range xs {
		weights[x] = float32(xs[x].t)
	}
	n := g.Nx * g.Ny
	for y := range dst.Ny {
		row := hu[y*dst.Nx : (y+1)*dst.Nx]
		ay := makeTap(y0+float64(y)*dst.SpacingY/g.SpacingY, g.Ny)
		if az.outside || ay.outside || inside0 >= inside1 {
			for x := range row {
				row[x] = outsideHU
			}
			continue
		}
		a := v.HU[az.lo*n+ay.lo*g.Nx:][:g.Nx]
		b := v.HU[az.lo*n+ay.hi*g.Nx:][:g.Nx]
		c := v.HU[az.hi*n+ay.lo*g.Nx:][:g.Nx]
		d := v.HU[az.hi*n+ay.hi*g.Nx:][:g.Nx]
		wb, wc, wd := float32(ay.t*(1-az.t)), float32((1-ay.t)*az.t), float32(ay.t*az.t)
		wa := float32((1 - ay.t) * (1 - az.t))
		for x := range blended {
			blended[x] = wa*float32(a[x]) + wb*float32(b[x]) + wc*float32(c[x]) + wd*float32(d[x])
		}
		for x := range inside0 {
			row[x] = outsideHU
		}
		for x := inside0; x < inside1; x++ {
			lo, hi := blended[xs[x].lo], blended[xs[x].hi]
			// + 65536 makes the truncation a floor.
			row[x] = int16(int32(lo+weights[x]*(hi-lo)+65536.5) - 65536)
		}
		for x := inside1; x < dst.Nx; x++ {
			row[x] = outsideHU
		}
	}
}
