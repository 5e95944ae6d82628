package viewer

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"runtime"
	"sync"

	"github.com/clipwright/clipwright/internal/volume"
)

// maxBands bounds the goroutines that share one picture.
const maxBands = 4

// Renderer draws pictures; it keeps its scratch memory, so that a steady stream of pictures of one size
// allocates nothing. It serves one goroutine at a time.
type Renderer struct {
	dst   *image.RGBA // while a picture is drawn
	scene Scene
	frame frame

	window   Window
	grey     *[1 << 16]uint32 // pixels by int16 HU + 32768, of window
	left     int              // the first picture column that is not outside
	columns  []column         // of left and those that follow inside
	nearest  []int32          // for each picture column the nearest voxel, or -1 outside
	bands    []band
	wait     sync.WaitGroup
	sections map[*volume.Mask]*section
	pictures uint64 // drawn so far
}

// tap says which two voxels a picture column mixes: a + (b - a) * weight / 256; a < 0 is outside.
type tap struct {
	a, b   int32
	weight int32
}

// column says which two voxels a picture column mixes: voxel << columnBits + the weight of the one after it, of 256.
type column uint32

const columnBits = 9

// band is the rows from top on, before bottom, of the picture, and the scratch of the goroutine that draws them: two source
// lines, which voxel lines they hold, and what an outline covers.
type band struct {
	run         func() // kept, so that starting it allocates nothing
	top, bottom int
	lines       [2][]int32
	holds       [2]int
	mixed       []step
	marks       coverage
}

// NewRenderer returns a renderer with no memory yet.
func NewRenderer() *Renderer {
	r := &Renderer{sections: map[*volume.Mask]*section{}, bands: make([]band, min(runtime.GOMAXPROCS(0), maxBands))}
	for i := range r.bands {
		r.bands[i].run = func() {
			r.bands[i].draw(r)
			r.wait.Done()
		}
	}
	return r
}

// Render draws s into dst, which must be s.WidthPx by s.HeightPx. The picture is opaque.
func (r *Renderer) Render(dst *image.RGBA, s *Scene) {
	if dst.Rect.Dx() != s.WidthPx || dst.Rect.Dy() != s.HeightPx {
		panic("viewer: the picture has not the size of its scene")
	}
	r.dst, r.scene, r.frame = dst, *s, newFrame(s)
	r.pictures++
	r.setWindow(s.Window)
	r.setColumns()
	for i := range s.Overlays {
		r.cutSection(s.Overlays[i].Mask)
	}
	r.wait.Add(len(r.bands))
	for i := range r.bands {
		b := &r.bands[i]
		b.top, b.bottom = i*s.HeightPx/len(r.bands), (i+1)*s.HeightPx/len(r.bands)
		if i > 0 {
			go b.run()
		}
	}
	r.bands[0].run()
	r.wait.Wait()
	r.forgetSections()
	r.dst, r.scene, r.frame = nil, Scene{}, frame{}
}

func (r *Renderer) setWindow(w Window) {
	if r.grey != nil && r.window == w {
		return
	}
	if r.grey == nil {
		r.grey = new([1 << 16]uint32)
	}
	r.window = w
	width := max(w.WidthHU, 1)
	low := w.CentreHU - width/2
	for i := range r.grey {
		v := (float64(i-1<<15) - low) * 255 / width
		r.grey[i] = opaque | uint32(min(max(v+0.5, 0), 255))*0x010101
	}
}

func (r *Renderer) setColumns() {
	n := r.scene.WidthPx
	if cap(r.columns) < n {
		r.columns, r.nearest = make([]column, n), make([]int32, n)
	}
	r.left, r.columns, r.nearest = 0, r.columns[:0], r.nearest[:n]
	right := &r.frame.right
	low, high := right.extent()
	for x := range r.nearest {
		mm := r.frame.leftMM + (float64(x)+0.5)/r.frame.pxPerMM
		r.nearest[x] = makeTap(right, mm, low, high, false).a
		t := makeTap(right, mm, low, high, r.scene.Smooth)
		switch {
		case t.a >= 0:
			r.columns = append(r.columns, column(t.a<<columnBits|t.weight))
		case len(r.columns) == 0:
			r.left = x + 1
		}
	}
}

func makeTap(l *line, mm, low, high float64, smooth bool) tap {
	if mm < low || mm >= high {
		return tap{a: -1}
	}
	if !smooth {
		i := int32(l.nearest(mm))
		return tap{a: i, b: i}
	}
	i := min(max(l.index(mm), 0), float64(l.n-1))
	a := min(int32(i), int32(max(l.n-2, 0)))
	return tap{a: a, b: min(a+1, int32(l.n-1)), weight: int32((i-float64(a))*256 + 0.5)}
}

// draw draws the rows of b.
func (b *band) draw(r *Renderer) {
	s := &r.scene
	b.drawImage(r)
	b.marks.resize(s.WidthPx, b.top, b.bottom)
	for i := range s.Overlays {
		b.drawOverlay(r, &s.Overlays[i])
	}
	for i := range s.Boxes {
		b.drawBox(r, &s.Boxes[i])
	}
	for i := range s.Marks {
		b.drawMark(r, &s.Marks[i])
	}
	b.drawPath(r, &s.Path)
	if s.Crosshair {
		b.drawCrosshair(r)
	}
}

func (b *band) drawImage(r *Renderer) {
	s, f, n := &r.scene, &r.frame, r.frame.right.n
	if cap(b.mixed) < n {
		b.lines[0], b.lines[1], b.mixed = make([]int32, n), make([]int32, n), make([]step, n)
	}
	b.lines[0], b.lines[1], b.mixed = b.lines[0][:n], b.lines[1][:n], b.mixed[:n]
	b.holds = [2]int{-1, -1}
	low, high := f.down.extent()
	for y := b.top; y < b.bottom; y++ {
		row := r.dst.Pix[y*r.dst.Stride : y*r.dst.Stride+4*s.WidthPx]
		t := makeTap(&f.down, f.topMM+(float64(y)+0.5)/f.pxPerMM, low, high, s.Smooth)
		if t.a < 0 {
			black(row)
			continue
		}
		r.shade(row, b.mix(s, f, t))
	}
}

const opaque = 0xFF000000 // of a pixel in memory order R, G, B, A

func black(row []uint8) {
	for ; len(row) >= 4; row = row[4:] {
		binary.LittleEndian.PutUint32(row, opaque)
	}
}

// shade turns one mixed source line into greys.
func (r *Renderer) shade(row []uint8, line []step) {
	inside := row[4*r.left : 4*(r.left+len(r.columns))]
	black(row[:4*r.left])
	black(row[4*r.left+len(inside):])
	grey := r.grey
	for x, c := range r.columns {
		hu := line[c>>columnBits].at(int32(c & (1<<columnBits - 1)))
		binary.LittleEndian.PutUint32(inside[4*x:4*x+4], grey[uint16(hu+1<<15)])
	}
}

// step is the HU of a voxel and how much the next one has more, each in 32 bits: the two are wanted together, for every pixel.
type step uint64

func newStep(hu, next int32) step { return step(uint32(hu))<<32 | step(uint32(next-hu)) }

// at is the HU on the way to the next voxel; weight is of 256.
func (s step) at(weight int32) int32 { return int32(s>>32) + int32(s)*weight>>8 }

// mix returns the source line of tap t: a and b weighted, for each voxel along the right axis.
func (b *band) mix(s *Scene, f *frame, t tap) []step {
	first := b.line(s, f, int(t.a), int(t.b))
	second := first
	if t.weight != 0 {
		second = b.line(s, f, int(t.b), int(t.a))
	}
	mixed := b.mixed
	first, second = first[:len(mixed)], second[:len(mixed)]
	hu := first[0] + (second[0]-first[0])*t.weight>>8
	for i := 1; i < len(mixed); i++ {
		next := first[i] + (second[i]-first[i])*t.weight>>8
		mixed[i-1] = newStep(hu, next)
		hu = next
	}
	mixed[len(mixed)-1] = newStep(hu, hu)
	return mixed
}

// line returns voxel line i of the plane, gathering it into the slot that does not hold keep.
func (b *band) line(s *Scene, f *frame, i, keep int) []int32 {
	for k, held := range b.holds {
		if held == i {
			return b.lines[k]
		}
	}
	k := 0
	if b.holds[0] == keep {
		k = 1
	}
	gather(b.lines[k], s, f, i)
	b.holds[k] = i
	return b.lines[k]
}

// gather reads voxel line i along the right axis; in a slab, the maximum over its slices.
func gather(dst []int32, s *Scene, f *frame, i int) {
	g := s.Volume.Grid
	stride := [3]int{1, g.Nx, g.Nx * g.Ny}
	lo, hi := slab(s, f)
	for k := lo; k <= hi; k++ {
		p := i*stride[f.down.axis] + k*stride[f.through.axis]
		step := stride[f.right.axis]
		if k == lo && step == 1 {
			for x, hu := range s.Volume.HU[p:][:len(dst)] {
				dst[x] = int32(hu)
			}
			continue
		}
		if k == lo {
			for x := range dst {
				dst[x] = int32(s.Volume.HU[p])
				p += step
			}
			continue
		}
		for x := range dst {
			dst[x] = max(dst[x], int32(s.Volume.HU[p]))
			p += step
		}
	}
}

// slab returns the first and last slice shown.
func slab(s *Scene, f *frame) (lo, hi int) {
	if s.SlabMM <= 0 {
		return f.throughVoxel, f.throughVoxel
	}
	lo, hi = f.through.nearest(f.throughMM-s.SlabMM/2), f.through.nearest(f.throughMM+s.SlabMM/2)
	return min(lo, hi), max(lo, hi)
}

// crosshairGapPx is what the crosshair leaves free round the cursor, in device-independent pixels.
const crosshairGapPx = 14

func (b *band) drawCrosshair(r *Renderer) {
	accent := color.RGBA{0x56, 0xB4, 0xE9, 255}
	const opacity = 140
	dst, s := r.dst, &r.scene
	cx, cy := r.frame.px(s.CursorMM)
	gap := crosshairGapPx * scale(s)
	x, y := int(math.Floor(cx)), int(math.Floor(cy))
	for i := range s.WidthPx {
		if math.Abs(float64(i)+0.5-cx) > gap {
			b.blend(dst, i, y, accent, opacity)
		}
	}
	for j := b.top; j < b.bottom; j++ {
		if math.Abs(float64(j)+0.5-cy) > gap {
			b.blend(dst, x, j, accent, opacity)
		}
	}
}

// blend lays c with the given opacity (0 to 255) over pixel (x, y), if it is in the band.
func (b *band) blend(dst *image.RGBA, x, y int, c color.RGBA, opacity int32) {
	if x < 0 || y < b.top || x >= dst.Rect.Dx() || y >= b.bottom {
		return
	}
	blendPixel(dst.Pix[y*dst.Stride+4*x:], c, opacity)
}

// blendPixel lays c with the given opacity (0 to 255) over the pixel p begins with.
func blendPixel(p []uint8, c color.RGBA, opacity int32) {
	_ = p[2]
	p[0] += uint8((int32(c.R) - int32(p[0])) * opacity / 255)
	p[1] += uint8((int32(c.G) - int32(p[1])) * opacity / 255)
	p[2] += uint8((int32(c.B) - int32(p[2])) * opacity / 255)
}
