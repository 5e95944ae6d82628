package volume

import "math"

// Between returns m with the empty slices between its drawn ones filled, and how many were. The shape between two
// slices is where the mean of their signed distances, each weighted by how near it is, lies inside; both are moved
// so that their centres meet on the way (shape-based interpolation: Raya and Udupa, IEEE TMI 9 (1990) 32,
// doi:10.1109/42.52980).
func Between(m *Mask) (filled *Mask, n int) {
	g := m.Grid
	filled = m.Clone()
	last := -1
	for z := range g.Nz() {
		if m.CountSlice(z) == 0 {
			continue
		}
		if last >= 0 && z-last > 1 {
			n += fillBetween(filled, m, last, z)
		}
		last = z
	}
	return filled, n
}

// fillBetween fills the slices between lo and hi of dst and tells how many got voxels.
func fillBetween(dst, m *Mask, lo, hi int) (n int) {
	g := m.Grid
	// Room for shapes that are moved: no farther than the box of both.
	box := m.boundsOnSlice(lo)
	other := m.boundsOnSlice(hi)
	box.Min[2], box.Max[2], other.Min[2], other.Max[2] = 0, 1, 0, 1
	box = box.Union(other).Grow(1)
	box.Min[2], box.Max[2] = 0, 1
	a, b := newSignedDistance(m, lo, box), newSignedDistance(m, hi, box)
	for z := lo + 1; z < hi; z++ {
		t := (g.SliceMM[z] - g.SliceMM[lo]) / (g.SliceMM[hi] - g.SliceMM[lo])
		var centre [2]float64
		for i := range centre {
			centre[i] = (1-t)*a.centre[i] + t*b.centre[i]
		}
		any := false
		for y := max(box.Min[1], 0); y < min(box.Max[1], g.Ny); y++ {
			for x := max(box.Min[0], 0); x < min(box.Max[0], g.Nx); x++ {
				dx, dy := float64(x)-centre[0], float64(y)-centre[1]
				if (1-t)*a.at(a.centre[0]+dx, a.centre[1]+dy)+t*b.at(b.centre[0]+dx, b.centre[1]+dy) < 0 {
					dst.Set(x, y, z, true)
					any = true
				}
			}
		}
		if any {
			n++
		}
	}
	return n
}

// signedDistance is the distance in mm from each pixel of a box to the edge of a shape, negative inside.
type signedDistance struct {
	box    Box
	mm     []float64 // [y][x] of box
	w, h   int
	centre [2]float64 // mean of the shape, pixels of the grid
}

func newSignedDistance(m *Mask, z int, box Box) *signedDistance {
	g := m.Grid
	size := box.Size()
	d := &signedDistance{box: box, w: size[0], h: size[1], mm: make([]float64, size[0]*size[1])}
	inside, outside := make([]float64, len(d.mm)), make([]float64, len(d.mm))
	count := 0.0
	for y := range d.h {
		for x := range d.w {
			i := y*d.w + x
			if m.Has(box.Min[0]+x, box.Min[1]+y, z) {
				outside[i] = math.Inf(1)
				d.centre[0] += float64(box.Min[0] + x)
				d.centre[1] += float64(box.Min[1] + y)
				count++
			} else {
				inside[i] = math.Inf(1)
			}
		}
	}
	d.centre[0] /= count
	d.centre[1] /= count
	squaredDistance(inside, d.w, d.h, g.SpacingX, g.SpacingY)
	squaredDistance(outside, d.w, d.h, g.SpacingX, g.SpacingY)
	for i := range d.mm {
		d.mm[i] = math.Sqrt(inside[i]) - math.Sqrt(outside[i])
	}
	return d
}

// at is the distance at a point between pixels of the grid; beyond the box, that of its edge and the way there.
func (d *signedDistance) at(x, y float64) float64 {
	x, y = x-float64(d.box.Min[0]), y-float64(d.box.Min[1])
	cx, cy := min(max(x, 0), float64(d.w-1)), min(max(y, 0), float64(d.h-1))
	i, j := min(int(cx), d.w-2), min(int(cy), d.h-2)
	fx, fy := cx-float64(i), cy-float64(j)
	p := d.mm[j*d.w+i:]
	top := p[0]*(1-fx) + p[1]*fx
	bottom := p[d.w]*(1-fx) + p[d.w+1]*fx
	return top*(1-fy) + bottom*fy + math.Hypot(x-cx, y-cy)
}

// squaredDistance replaces 0 (in the set) and +Inf (not) in f, [y][x], by the squared distance in mm to the nearest
// pixel of the set: two passes of lower envelopes of parabolas (Felzenszwalb and Huttenlocher 2012,
// doi:10.4086/toc.2012.v008a019).
func squaredDistance(f []float64, w, h int, spacingX, spacingY float64) {
	n := max(w, h)
	line, hull, cuts := make([]float64, n), make([]int, n), make([]float64, n+1)
	for x := range w {
		envelope(f[x:], w, h, spacingY, line, hull, cuts)
	}
	for y := range h {
		envelope(f[y*w:], 1, w, spacingX, line, hull, cuts)
	}
}

// envelope replaces the n values f[0], f[stride], ... by the least of f[k] + (spacing (i - k))^2 over k.
func envelope(f []float64, stride, n int, spacing float64, line []float64, hull []int, cuts []float64) {
	s2 := spacing * spacing
	k := -1
	for q := range n {
		line[q] = f[q*stride]
		if math.IsInf(line[q], 1) {
			continue
		}
		cut := math.Inf(-1)
		for k >= 0 {
			p := hull[k]
			cut = ((line[q]-line[p])/s2 + float64(q*q-p*p)) / float64(2*(q-p))
			if cut > cuts[k] {
				break
			}
			k--
			cut = math.Inf(-1)
		}
		k++
		hull[k], cuts[k] = q, cut
	}
	if k < 0 {
		return
	}
	last := k
	k = 0
	for i := range n {
		for k < last && cuts[k+1] < float64(i) {
			k++
		}
		d := float64(i - hull[k])
		f[i*stride] = line[hull[k]] + s2*d*d
	}
}
