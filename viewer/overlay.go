package viewer

import (
	"image"
	"math"
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

// drawOverlay draws the iso-line at one half of the mask's indicator, interpolated between voxel centres:
// an outline that is smooth at any zoom and shows even a single voxel.
func (r *Renderer) drawOverlay(o *Overlay) {
	q := r.sectionOf(o.Mask)
	if q.empty() {
		return
	}
	if o.Fill > 0 {
		r.fill(o, q)
	}
	if o.WidthPx <= 0 {
		return
	}
	r.marks.resize(r.scene.WidthPx, r.scene.HeightPx)
	width := o.WidthPx * scale(&r.scene)
	for _, c := range q.cells {
		r.outlineCell(c, width)
	}
	r.marks.flush(r.dst, o, scale(&r.scene))
}

// outlineCell covers the iso-line through c. Where the diagonals differ the outline keeps them apart.
func (r *Renderer) outlineCell(c cell, width float64) {
	f, m := &r.frame, &r.marks
	x0, x1 := f.voxelPx(&f.right, int(c.right), f.leftMM), f.voxelPx(&f.right, int(c.right)+1, f.leftMM)
	if max(x0, x1) < -width || min(x0, x1) > float64(m.w)+width {
		return
	}
	y0, y1 := f.voxelPx(&f.down, int(c.down), f.topMM), f.voxelPx(&f.down, int(c.down)+1, f.topMM)
	if max(y0, y1) < -width || min(y0, y1) > float64(m.h)+width {
		return
	}
	mx, my := (x0+x1)/2, (y0+y1)/2
	switch c.inside {
	case topLeft, all &^ topLeft:
		m.segment(mx, y0, x0, my, width)
	case topRight, all &^ topRight:
		m.segment(mx, y0, x1, my, width)
	case bottomLeft, all &^ bottomLeft:
		m.segment(mx, y1, x0, my, width)
	case bottomRight, all &^ bottomRight:
		m.segment(mx, y1, x1, my, width)
	case topLeft | bottomLeft, topRight | bottomRight:
		m.segment(mx, y0, mx, y1, width)
	case topLeft | topRight, bottomLeft | bottomRight:
		m.segment(x0, my, x1, my, width)
	case topLeft | bottomRight:
		m.segment(mx, y0, x0, my, width)
		m.segment(mx, y1, x1, my, width)
	case topRight | bottomLeft:
		m.segment(mx, y0, x1, my, width)
		m.segment(mx, y1, x0, my, width)
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

// fill tints every picture pixel whose nearest voxel is in q.
func (r *Renderer) fill(o *Overlay, q *section) {
	opacity := int32(o.Fill * 255)
	f := &r.frame
	low, high := f.down.extent()
	for y := range r.scene.HeightPx {
		bits := q.row(makeTap(&f.down, f.topMM+(float64(y)+0.5)/f.pxPerMM, low, high, false).a)
		if bits == nil {
			continue
		}
		pixels := r.dst.Pix[y*r.dst.Stride:]
		for x, i := range r.nearest {
			if k := uint(int(i) - q.right0); k < uint(len(bits)) && bits[k] != 0 {
				blendPixel(pixels[4*x:], o.Colour, opacity)
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

func (r *Renderer) drawBox(b *Box) {
	q, ok := r.frame.rectangle(b)
	if !ok {
		return
	}
	s := &r.scene
	r.marks.resize(s.WidthPx, s.HeightPx)
	width := b.WidthPx * scale(s)
	r.marks.segment(q[0], q[1], q[2], q[1], width)
	r.marks.segment(q[2], q[1], q[2], q[3], width)
	r.marks.segment(q[2], q[3], q[0], q[3], width)
	r.marks.segment(q[0], q[3], q[0], q[1], width)
	r.marks.flush(r.dst, &Overlay{Colour: b.Colour, Dashed: b.Dashed}, scale(s))
}
