package viewer

import (
	"image"
	"image/color"
	"math"
)

// coverage collects how much of each pixel of some rows one outline covers, so that pieces that meet do not
// darken each other.
type coverage struct {
	alpha       []uint8 // [y - top][x]
	touched     []int32 // pixels of alpha that are not 0
	w           int
	top, bottom int // the rows: top and up to bottom
}

func (c *coverage) resize(w, top, bottom int) {
	c.w, c.top, c.bottom = w, top, bottom
	n := w * (bottom - top)
	if cap(c.alpha) < n {
		c.alpha = make([]uint8, n)
	}
	c.alpha = c.alpha[:n]
}

// segment covers the straight line from (x0, y0) to (x1, y1) with smooth edges. Dashes follow the
// picture's raster, so that they stand still while the outline changes.
func (c *coverage) segment(x0, y0, x1, y1 float64, p pen) {
	reach := p.widthPx/2 + 0.5
	left, right := max(int(min(x0, x1)-reach), 0), min(int(max(x0, x1)+reach)+1, c.w)
	top, bottom := max(int(min(y0, y1)-reach), c.top), min(int(max(y0, y1)+reach)+1, c.bottom)
	dx, dy := x1-x0, y1-y0
	flat := math.Abs(dx) >= math.Abs(dy)
	perLength2 := 1 / max(dx*dx+dy*dy, 1e-12)
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			if p.dashPx > 0 && (flat && x/p.dashPx%2 != 0 || !flat && y/p.dashPx%2 != 0) {
				continue
			}
			px, py := float64(x)+0.5-x0, float64(y)+0.5-y0
			t := min(max((px*dx+py*dy)*perLength2, 0), 1)
			ex, ey := px-t*dx, py-t*dy
			distance2 := ex*ex + ey*ey
			if distance2 >= reach*reach {
				continue
			}
			over := reach - math.Sqrt(distance2)
			a := uint8(min(over, 1) * 255)
			if i := (y-c.top)*c.w + x; a > c.alpha[i] {
				if c.alpha[i] == 0 {
					c.touched = append(c.touched, int32(i))
				}
				c.alpha[i] = a
			}
		}
	}
}

// flush lays the outline over the picture, as opaque as colour is, and forgets it.
func (c *coverage) flush(dst *image.RGBA, colour color.RGBA) {
	for _, i := range c.touched {
		at := (int(i)/c.w+c.top)*dst.Stride + int(i)%c.w*4
		blendPixel(dst.Pix[at:], colour, int32(c.alpha[i])*int32(colour.A)/255)
		c.alpha[i] = 0
	}
	c.touched = c.touched[:0]
}

// pen is how a line is drawn, in device pixels.
type pen struct {
	widthPx float64
	dashPx  int // length of a dash and of a gap; 0 draws without gaps
}

// dashPx is the length of a dash and of a gap, in device-independent pixels.
const dashPx = 4

// newPen returns the pen for a line of widthPx device-independent pixels.
func newPen(s *Scene, widthPx float64, dashed bool) pen {
	p := pen{widthPx: widthPx * scale(s)}
	if dashed {
		p.dashPx = max(int(dashPx*scale(s)), 1)
	}
	return p
}

// drawOverlay draws the iso-line at one half of the mask's indicator, interpolated between voxel centres:
// an outline that is smooth at any zoom and shows even a single voxel.
func (b *band) drawOverlay(r *Renderer, o *Overlay) {
	q := r.sections[o.Mask]
	if q.empty() {
		return
	}
	if o.Fill > 0 {
		b.fill(r, o, q)
	}
	if o.WidthPx <= 0 {
		return
	}
	p := newPen(&r.scene, o.WidthPx, o.Dashed && !r.tooSmallForDashes(q))
	for _, c := range q.cells {
		b.outlineCell(&r.frame, c, p)
	}
	b.marks.flush(r.dst, o.Colour)
}

// tooSmallForDashes tells whether the outline of q might fall into a gap.
func (r *Renderer) tooSmallForDashes(q *section) bool {
	f := &r.frame
	width := f.voxelPx(&f.right, q.right0+q.w-1, f.leftMM) - f.voxelPx(&f.right, q.right0, f.leftMM)
	height := f.voxelPx(&f.down, q.down0+q.h-1, f.topMM) - f.voxelPx(&f.down, q.down0, f.topMM)
	return max(math.Abs(width), math.Abs(height)) < 4*dashPx*scale(&r.scene)
}

// outlineCell covers the iso-line through c. Where the diagonals differ the outline keeps them apart.
func (b *band) outlineCell(f *frame, c cell, p pen) {
	m := &b.marks
	x0, x1 := f.voxelPx(&f.right, int(c.right), f.leftMM), f.voxelPx(&f.right, int(c.right)+1, f.leftMM)
	if max(x0, x1) < -p.widthPx || min(x0, x1) > float64(m.w)+p.widthPx {
		return
	}
	y0, y1 := f.voxelPx(&f.down, int(c.down), f.topMM), f.voxelPx(&f.down, int(c.down)+1, f.topMM)
	if max(y0, y1) < float64(m.top)-p.widthPx || min(y0, y1) > float64(m.bottom)+p.widthPx {
		return
	}
	mx, my := (x0+x1)/2, (y0+y1)/2
	switch c.inside {
	case topLeft, all &^ topLeft:
		m.segment(mx, y0, x0, my, p)
	case topRight, all &^ topRight:
		m.segment(mx, y0, x1, my, p)
	case bottomLeft, all &^ bottomLeft:
		m.segment(mx, y1, x0, my, p)
	case bottomRight, all &^ bottomRight:
		m.segment(mx, y1, x1, my, p)
	case topLeft | bottomLeft, topRight | bottomRight:
		m.segment(mx, y0, mx, y1, p)
	case topLeft | topRight, bottomLeft | bottomRight:
		m.segment(x0, my, x1, my, p)
	case topLeft | bottomRight:
		m.segment(mx, y0, x0, my, p)
		m.segment(mx, y1, x1, my, p)
	case topRight | bottomLeft:
		m.segment(mx, y0, x1, my, p)
		m.segment(mx, y1, x0, my, p)
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
func (b *band) fill(r *Renderer, o *Overlay, q *section) {
	tint := newTint(o.Colour, int32(o.Fill*255))
	f := &r.frame
	low, high := f.down.extent()
	left, right := r.columnsOf(q)
	if left >= right {
		return
	}
	for y := b.top; y < b.bottom; y++ {
		bits := q.row(makeTap(&f.down, f.topMM+(float64(y)+0.5)/f.pxPerMM, low, high, false).a)
		if bits == nil {
			continue
		}
		pixels := r.dst.Pix[y*r.dst.Stride+4*left : y*r.dst.Stride+4*right]
		for _, i := range r.nearest[left:right] {
			if k := uint(int(i) - q.right0); k < uint(len(bits)) && bits[k] != 0 {
				p := pixels[:3]
				p[0], p[1], p[2] = tint[0][p[0]], tint[1][p[1]], tint[2][p[2]]
			}
			pixels = pixels[4:]
		}
	}
}

// columnsOf is the picture columns from left on, before right, that show voxels of q.
func (r *Renderer) columnsOf(q *section) (left, right int) {
	left, right = len(r.nearest), 0
	for x, i := range r.nearest {
		if k := int(i) - q.right0; i >= 0 && k >= 0 && k < q.w {
			left, right = min(left, x), x+1
		}
	}
	return left, right
}

// tint is what becomes of each level of a channel, red, green and blue, under a colour.
type tint [3][256]uint8

func newTint(c color.RGBA, opacity int32) (t tint) {
	for channel, level := range [3]uint8{c.R, c.G, c.B} {
		for p := range int32(256) {
			t[channel][p] = uint8(p) + uint8((int32(level)-p)*opacity/255)
		}
	}
	return t
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

func (b *band) drawBox(r *Renderer, box *Box) {
	q, ok := r.frame.rectangle(box)
	if !ok {
		return
	}
	p := newPen(&r.scene, box.WidthPx, box.Dashed)
	b.marks.segment(q[0], q[1], q[2], q[1], p)
	b.marks.segment(q[2], q[1], q[2], q[3], p)
	b.marks.segment(q[2], q[3], q[0], q[3], p)
	b.marks.segment(q[0], q[3], q[0], q[1], p)
	b.marks.flush(r.dst, box.Colour)
	if box.Handles {
		mx, my := (q[0]+q[2])/2, (q[1]+q[3])/2
		for _, at := range [8][2]float64{{q[0], q[1]}, {mx, q[1]}, {q[2], q[1]}, {q[2], my}, {q[2], q[3]}, {mx, q[3]}, {q[0], q[3]}, {q[0], my}} {
			b.drawHandle(r, at[0], at[1], box.Colour)
		}
	}
}

// handlePx is the side of a handle, in device-independent pixels.
const handlePx = 7

func (b *band) drawHandle(r *Renderer, x, y float64, c color.RGBA) {
	half := handlePx * scale(&r.scene) / 2
	for j := int(y - half); j <= int(y+half); j++ {
		for i := int(x - half); i <= int(x+half); i++ {
			b.blend(r.dst, i, j, c, 255)
		}
	}
}

func (b *band) drawPath(r *Renderer, p *Path) {
	if len(p.Points) < 2 {
		return
	}
	pen := newPen(&r.scene, p.WidthPx, false)
	x0, y0 := r.frame.px(p.Points[0])
	for _, point := range p.Points[1:] {
		x, y := r.frame.px(point)
		b.marks.segment(x0, y0, x, y, pen)
		x0, y0 = x, y
	}
	b.marks.flush(r.dst, p.Colour)
}
