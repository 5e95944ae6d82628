package viewer

import (
	"image"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// coverage collects how much of each picture pixel one outline covers, so that pieces that meet do not
// darken each other.
type coverage struct {
	alpha   []uint8 // [y][x]
	touched []int32 // pixels of alpha that are not 0
	w, h    int
}

func (c *coverage) resize(w, h int) {
	c.w, c.h = w, h
	if cap(c.alpha) < w*h {
		c.alpha = make([]uint8, w*h)
	}
	c.alpha = c.alpha[:w*h]
}

// segment covers the straight line from (x0, y0) to (x1, y1), width px wide, with smooth edges.
func (c *coverage) segment(x0, y0, x1, y1, width float64) {
	half := width / 2
	reach := half + 0.5
	left, right := max(int(min(x0, x1)-reach), 0), min(int(max(x0, x1)+reach)+1, c.w)
	top, bottom := max(int(min(y0, y1)-reach), 0), min(int(max(y0, y1)+reach)+1, c.h)
	dx, dy := x1-x0, y1-y0
	length2 := max(dx*dx+dy*dy, 1e-12)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			t := min(max((px*dx+py*dy)/length2, 0), 1)
			ex, ey := px-t*dx, py-t*dy
			over := reach - math.Sqrt(ex*ex+ey*ey)
			if over <= 0 {
				continue
			}
			a := uint8(min(over, 1) * 255)
			if i := y*c.w + x; a > c.alpha[i] {
				if c.alpha[i] == 0 {
					c.touched = append(c.touched, int32(i))
				}
				c.alpha[i] = a
			}
		}
	}
}

// dashPx is the length of a dash and of a gap, in device-independent pixels.
const dashPx = 4

// flush lays the outline over the picture and forgets it. Dashes follow the picture's raster, so that
// they stand still while the outline changes.
func (c *coverage) flush(dst *image.RGBA, o *Overlay, scale float64) {
	dash := max(int(dashPx*scale), 1)
	for _, i := range c.touched {
		x, y := int(i)%c.w, int(i)/c.w
		if !o.Dashed || (x/dash+y/dash)%2 == 0 {
			blend(dst, x, y, o.Colour, int32(c.alpha[i]))
		}
		c.alpha[i] = 0
	}
	c.touched = c.touched[:0]
}

// maxKnownBounds bounds the memory of masks whose bounds are known.
const maxKnownBounds = 256

func (r *Renderer) boundsOf(m *volume.Mask) volume.Box {
	b, ok := r.bounds[m]
	if !ok {
		if len(r.bounds) >= maxKnownBounds {
			clear(r.bounds)
		}
		b = m.Bounds()
		r.bounds[m] = b
	}
	return b
}

// drawOverlay draws the iso-line at one half of the mask's indicator, interpolated between voxel centres:
// an outline that is smooth at any zoom and shows even a single voxel.
func (r *Renderer) drawOverlay(dst *image.RGBA, s *Scene, f *frame, o *Overlay) {
	b := r.boundsOf(o.Mask)
	lo, hi := slab(s, f)
	if b.Empty() || hi < b.Min[f.through.axis] || lo >= b.Max[f.through.axis] {
		return
	}
	lo, hi = max(lo, b.Min[f.through.axis]), min(hi, b.Max[f.through.axis]-1)
	in := func(right, down int) bool {
		var p [3]int
		p[f.right.axis], p[f.down.axis] = right, down
		for k := lo; k <= hi; k++ {
			p[f.through.axis] = k
			if o.Mask.Has(p[0], p[1], p[2]) {
				return true
			}
		}
		return false
	}
	right := [2]int{b.Min[f.right.axis], b.Max[f.right.axis]}
	down := [2]int{b.Min[f.down.axis], b.Max[f.down.axis]}
	if o.Fill > 0 {
		fill(dst, s, f, o, in, right, down)
	}
	if o.WidthPx <= 0 {
		return
	}
	r.marks.resize(s.WidthPx, s.HeightPx)
	width := o.WidthPx * scale(s)
	for j := down[0] - 1; j < down[1]; j++ {
		a, c := in(right[0]-1, j), in(right[0]-1, j+1)
		for i := right[0] - 1; i < right[1]; i++ {
			bb, d := in(i+1, j), in(i+1, j+1)
			if a != bb || a != c || a != d {
				r.cell(f, i, j, a, bb, c, d, width)
			}
			a, c = bb, d
		}
	}
	r.marks.flush(dst, o, scale(s))
}

// cell draws the iso-line of the square between voxel centres (i, j), (i+1, j), (i, j+1), (i+1, j+1), which
// are in the mask or not as a, b, c, d say. Where the diagonals differ the outline keeps them apart.
func (r *Renderer) cell(f *frame, i, j int, a, b, c, d bool, width float64) {
	x0, x1 := f.voxelPx(&f.right, i, f.leftMM), f.voxelPx(&f.right, i+1, f.leftMM)
	y0, y1 := f.voxelPx(&f.down, j, f.topMM), f.voxelPx(&f.down, j+1, f.topMM)
	mx, my := (x0+x1)/2, (y0+y1)/2
	if r.marks.w == 0 || max(x0, x1) < -width || min(x0, x1) > float64(r.marks.w)+width || max(y0, y1) < -width || min(y0, y1) > float64(r.marks.h)+width {
		return
	}
	top, bottom, left, right := a != b, c != d, a != c, b != d
	switch {
	case top && bottom && left && right: // two opposite corners
		if a {
			r.marks.segment(mx, y0, x0, my, width)
			r.marks.segment(mx, y1, x1, my, width)
		} else {
			r.marks.segment(mx, y0, x1, my, width)
			r.marks.segment(mx, y1, x0, my, width)
		}
	case top && bottom:
		r.marks.segment(mx, y0, mx, y1, width)
	case left && right:
		r.marks.segment(x0, my, x1, my, width)
	case top && left:
		r.marks.segment(mx, y0, x0, my, width)
	case top && right:
		r.marks.segment(mx, y0, x1, my, width)
	case bottom && left:
		r.marks.segment(mx, y1, x0, my, width)
	default:
		r.marks.segment(mx, y1, x1, my, width)
	}
}

// voxelPx is where the centre of voxel i of l, which may lie one outside the grid, falls on the picture.
func (f *frame) voxelPx(l *line, i int, startMM float64) float64 {
	mm := 0.0
	switch {
	case i < 0:
		mm = l.offset(0) - l.sign*2*l.half(0)
	case i >= l.n:
		mm = l.offset(l.n-1) + l.sign*2*l.half(l.n-1)
	default:
		mm = l.offset(i)
	}
	return (mm - startMM) * f.pxPerMM
}

// fill tints every picture pixel whose nearest voxel is in the mask.
func fill(dst *image.RGBA, s *Scene, f *frame, o *Overlay, in func(right, down int) bool, right, down [2]int) {
	opacity := int32(o.Fill * 255)
	span := func(l *line, ends [2]int, startMM float64, limit int) (int, int) {
		a, b := f.voxelPx(l, ends[0]-1, startMM), f.voxelPx(l, ends[1], startMM)
		return max(int(min(a, b)), 0), min(int(max(a, b))+1, limit)
	}
	x0, x1 := span(&f.right, right, f.leftMM, s.WidthPx)
	y0, y1 := span(&f.down, down, f.topMM, s.HeightPx)
	for y := y0; y < y1; y++ {
		j := f.down.nearest(f.topMM + (float64(y)+0.5)/f.pxPerMM)
		lastX, lastIn := -1, false
		for x := x0; x < x1; x++ {
			i := f.right.nearest(f.leftMM + (float64(x)+0.5)/f.pxPerMM)
			if i != lastX {
				lastX, lastIn = i, in(i, j)
			}
			if lastIn {
				blend(dst, x, y, o.Colour, opacity)
			}
		}
	}
}

// rectangle is b on the picture as left, top, right, bottom, and whether the plane cuts it.
func (f *frame) rectangle(b *Box) ([4]float64, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	r := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for i := range 8 {
		p := b.MinMM
		for axis := range 3 {
			if i>>axis&1 == 1 {
				p[axis] = b.MaxMM[axis]
			}
		}
		t := f.through.mm(p)
		low, high = min(low, t), max(high, t)
		x, y := f.px(p)
		r = [4]float64{min(r[0], x), min(r[1], y), max(r[2], x), max(r[3], y)}
	}
	at := f.through.offset(f.throughVoxel)
	half := f.through.half(f.throughVoxel)
	return r, low <= at+half && at-half <= high
}

func (r *Renderer) drawBox(dst *image.RGBA, s *Scene, f *frame, b *Box) {
	q, ok := f.rectangle(b)
	if !ok {
		return
	}
	r.marks.resize(s.WidthPx, s.HeightPx)
	width := b.WidthPx * scale(s)
	r.marks.segment(q[0], q[1], q[2], q[1], width)
	r.marks.segment(q[2], q[1], q[2], q[3], width)
	r.marks.segment(q[2], q[3], q[0], q[3], width)
	r.marks.segment(q[0], q[3], q[0], q[1], width)
	r.marks.flush(dst, &Overlay{Colour: b.Colour, Dashed: b.Dashed}, scale(s))
}
