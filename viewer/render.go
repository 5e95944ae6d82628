package viewer

import (
	"image"
	"image/color"
	"math"
	"sync"

	"github.com/clipwright/clipwright/internal/volume"
)

// Renderer draws pictures; it keeps its scratch memory, so that a steady stream of pictures of one size
// allocates nothing. It serves one goroutine at a time.
type Renderer struct {
	window  Window
	grey    []uint8 // 65536 greys by int16 HU + 32768, of window
	columns []tap   // for each picture column
	workers [2]band
	marks   coverage
	bounds  map[*volume.Mask]volume.Box
}

// tap says which two voxels a picture column mixes: a + (b - a) * weight / 256; a < 0 is outside.
type tap struct {
	a, b   int32
	weight int32
}

// band is the scratch of one worker: two source lines and which voxel lines they hold.
type band struct {
	lines [2][]int32
	holds [2]int
	mixed []int32
}

// NewRenderer returns a renderer with no memory yet.
func NewRenderer() *Renderer { return &Renderer{bounds: map[*volume.Mask]volume.Box{}} }

// Render draws s into dst, which must be s.WidthPx by s.HeightPx. The picture is opaque.
func (r *Renderer) Render(dst *image.RGBA, s *Scene) {
	if dst.Rect.Dx() != s.WidthPx || dst.Rect.Dy() != s.HeightPx {
		panic("viewer: the picture has not the size of its scene")
	}
	f := newFrame(s)
	r.setWindow(s.Window)
	r.setColumns(s, &f)
	var wait sync.WaitGroup
	half := s.HeightPx / 2
	wait.Add(1)
	go func() {
		defer wait.Done()
		r.renderRows(dst, s, &f, &r.workers[0], 0, half)
	}()
	r.renderRows(dst, s, &f, &r.workers[1], half, s.HeightPx)
	wait.Wait()
	for i := range s.Overlays {
		r.drawOverlay(dst, s, &f, &s.Overlays[i])
	}
	for i := range s.Boxes {
		r.drawBox(dst, s, &f, &s.Boxes[i])
	}
	if s.Crosshair {
		r.drawCrosshair(dst, s, &f)
	}
}

func (r *Renderer) setWindow(w Window) {
	if r.grey != nil && r.window == w {
		return
	}
	if r.grey == nil {
		r.grey = make([]uint8, 1<<16)
	}
	r.window = w
	width := max(w.WidthHU, 1)
	low := w.CentreHU - width/2
	for i := range r.grey {
		v := (float64(i-1<<15) - low) * 255 / width
		r.grey[i] = uint8(min(max(v+0.5, 0), 255))
	}
}

func (r *Renderer) setColumns(s *Scene, f *frame) {
	if cap(r.columns) < s.WidthPx {
		r.columns = make([]tap, s.WidthPx)
	}
	r.columns = r.columns[:s.WidthPx]
	low, high := f.right.extent()
	for x := range r.columns {
		r.columns[x] = makeTap(&f.right, f.leftMM+(float64(x)+0.5)/f.pxPerMM, low, high, s.Smooth)
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

// renderRows draws picture rows y0 <= y < y1.
func (r *Renderer) renderRows(dst *image.RGBA, s *Scene, f *frame, b *band, y0, y1 int) {
	n := f.right.n
	if cap(b.mixed) < n {
		b.lines[0], b.lines[1], b.mixed = make([]int32, n), make([]int32, n), make([]int32, n)
	}
	b.lines[0], b.lines[1], b.mixed = b.lines[0][:n], b.lines[1][:n], b.mixed[:n]
	b.holds = [2]int{-1, -1}
	low, high := f.down.extent()
	for y := y0; y < y1; y++ {
		row := dst.Pix[y*dst.Stride : y*dst.Stride+4*s.WidthPx]
		t := makeTap(&f.down, f.topMM+(float64(y)+0.5)/f.pxPerMM, low, high, s.Smooth)
		if t.a < 0 {
			black(row)
			continue
		}
		r.shade(row, b.mix(s, f, t))
	}
}

func black(row []uint8) {
	for i := 0; i < len(row); i += 4 {
		row[i], row[i+1], row[i+2], row[i+3] = 0, 0, 0, 255
	}
}

// shade turns one mixed source line into greys.
func (r *Renderer) shade(row []uint8, line []int32) {
	grey := r.grey
	for x, t := range r.columns {
		var v uint8
		if t.a >= 0 {
			hu := line[t.a] + ((line[t.b]-line[t.a])*t.weight)>>8
			v = grey[uint16(hu+1<<15)]
		}
		p := row[4*x : 4*x+4 : 4*x+4]
		p[0], p[1], p[2], p[3] = v, v, v, 255
	}
}

// mix returns the source line of tap t: a and b weighted, [right axis voxel] HU.
func (b *band) mix(s *Scene, f *frame, t tap) []int32 {
	first := b.line(s, f, int(t.a), int(t.b))
	if t.weight == 0 || t.a == t.b {
		return first
	}
	second := b.line(s, f, int(t.b), int(t.a))
	for i := range b.mixed {
		b.mixed[i] = first[i] + ((second[i]-first[i])*t.weight)>>8
	}
	return b.mixed
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

func (r *Renderer) drawCrosshair(dst *image.RGBA, s *Scene, f *frame) {
	accent := color.RGBA{0x56, 0xB4, 0xE9, 255}
	const opacity = 140
	cx, cy := f.px(s.CursorMM)
	gap := crosshairGapPx * scale(s)
	x, y := int(math.Floor(cx)), int(math.Floor(cy))
	for i := range s.WidthPx {
		if math.Abs(float64(i)+0.5-cx) > gap {
			blend(dst, i, y, accent, opacity)
		}
	}
	for j := range s.HeightPx {
		if math.Abs(float64(j)+0.5-cy) > gap {
			blend(dst, x, j, accent, opacity)
		}
	}
}

// blend lays c with the given opacity (0 to 255) over pixel (x, y), if it is on the picture.
func blend(dst *image.RGBA, x, y int, c color.RGBA, opacity int32) {
	if x < 0 || y < 0 || x >= dst.Rect.Dx() || y >= dst.Rect.Dy() {
		return
	}
	p := dst.Pix[y*dst.Stride+4*x:]
	p[0] += uint8((int32(c.R) - int32(p[0])) * opacity / 255)
	p[1] += uint8((int32(c.G) - int32(p[1])) * opacity / 255)
	p[2] += uint8((int32(c.B) - int32(p[2])) * opacity / 255)
}
