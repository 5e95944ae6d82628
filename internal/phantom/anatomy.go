package phantom

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/clipwright/clipwright/internal/volume"
)

// Anatomy is a woman rendered on a grid without noise, clips or other solids: what samples share.
// It is read-only and safe for concurrent use.
type Anatomy struct {
	o      Options
	m      *model
	grid   *volume.Grid
	base   []int16 // HU, [z][y][x]
	tissue []uint8 // [z][y][x]
}

// Grid is the anatomy's own grid.
func (a *Anatomy) Grid() *volume.Grid { return a.grid }

// Lungs, Bones and Breasts are what was painted as such: truth for methods that look for them. Vessels of the lung are lung,
// breast is gland and the fat between.
func (a *Anatomy) Lungs() *volume.Mask { return a.painted(tissueLung) }

// Bones are ribs, sternum, spine and shoulders, cartilage as far as it is painted as bone.
func (a *Anatomy) Bones() *volume.Mask { return a.painted(tissueBone) }

// Breasts are both.
func (a *Anatomy) Breasts() *volume.Mask { return a.painted(tissueBreast) }

func (a *Anatomy) painted(class uint8) *volume.Mask {
	return volume.MaskWhere(a.grid, func(x, y, z int) bool { return a.tissue[a.grid.Index(x, y, z)] == class })
}

// NewAnatomy renders the body of o.Seed.
func NewAnatomy(ctx context.Context, o Options) (*Anatomy, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	m := newModel(o.Seed, o)
	span := float64(o.Slices) * o.SliceMM
	middle := -15 - 45*clamp01((span-300)/200) // body z at the middle of the scan
	z0 := math.Round(m.worldZ0+middle*m.scale[2]-span/2) + 0.5
	origin := volume.Vec{-0.5 * float64(o.Columns-1) * o.PixelMM, -0.5*float64(o.Rows-1)*o.PixelMM + 5, z0}
	a := &Anatomy{o: o, m: m, grid: volume.NewUniformGrid(o.Columns, o.Rows, o.Slices, o.PixelMM, o.PixelMM, o.SliceMM, origin)}
	a.base, a.tissue = make([]int16, a.grid.Len()), make([]uint8, a.grid.Len())
	return a, a.render(ctx)
}

// parallel calls work for 0 <= i < n on every processor; each worker gets its own scratch.
func parallel[S any](ctx context.Context, n int, scratch func() S, work func(s S, i int) error) error {
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s := scratch()
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = work(s, i)
				}
				if err != nil {
					once.Do(func() { first = err })
					next.Store(int64(n))
					return
				}
			}
		}()
	}
	wg.Wait()
	return first
}

func (a *Anatomy) render(ctx context.Context) error {
	g := a.grid
	n := g.Nx * g.Ny
	planes := max(1, int(math.Ceil(a.o.SliceMM/1.9)))
	kernel := gaussianKernel(a.o.PSFMM / fwhmPerSigma / g.SpacingX)
	type scratch struct {
		c        *canvas
		sum, tmp []float32
	}
	return parallel(ctx, g.Nz(),
		func() scratch {
			return scratch{newCanvas(g.Nx, g.Ny, a.m.tex), make([]float32, n), make([]float32, n)}
		},
		func(s scratch, z int) error {
			clear(s.sum)
			for p := range planes {
				dz := ((float64(p)+0.5)/float64(planes) - 0.5) * a.o.SliceMM
				wz := g.Origin[2] + g.SliceMM[z] + dz
				a.m.aim(s.c, g.Origin[0], g.Origin[1], wz, g.SpacingX)
				if err := a.m.paintSlice(ctx, s.c); err != nil {
					return err
				}
				a.m.paintCouch(s.c, g.Origin[0], g.Origin[1], wz, g.SpacingX)
				for k, v := range s.c.hu {
					s.sum[k] += v
				}
				if p == planes/2 {
					copy(a.tissue[z*n:(z+1)*n], s.c.tissue)
				}
			}
			convolve(s.sum, s.tmp, g.Nx, g.Ny, kernel)
			out := a.base[z*n : (z+1)*n]
			inv := 1 / float32(planes)
			for k, v := range s.sum {
				out[k] = int16(math.Round(float64(v * inv)))
			}
			return ctx.Err()
		})
}

const fwhmPerSigma = 2.3548200450309493

// gaussianKernel is half a normalised kernel, centre first, out to 3 sigma; sigma in pixels.
func gaussianKernel(sigma float64) []float32 {
	n := int(math.Ceil(3 * sigma))
	k := make([]float64, n+1)
	sum := 0.0
	for i := range k {
		k[i] = math.Exp(-0.5 * float64(i*i) / (sigma * sigma))
		if sum += k[i]; i > 0 {
			sum += k[i]
		}
	}
	out := make([]float32, n+1)
	for i := range k {
		out[i] = float32(k[i] / sum)
	}
	return out
}

// convolve blurs img, [ny][nx], in place by the separable half kernel; edges repeat.
func convolve(img, tmp []float32, nx, ny int, kernel []float32) {
	n := len(kernel) - 1
	for y := range ny {
		row, out := img[y*nx:(y+1)*nx], tmp[y*nx:(y+1)*nx]
		for x := range row {
			v := kernel[0] * row[x]
			if x >= n && x+n < nx {
				for i := 1; i <= n; i++ {
					v += kernel[i] * (row[x-i] + row[x+i])
				}
			} else {
				for i := 1; i <= n; i++ {
					v += kernel[i] * (row[max(0, x-i)] + row[min(nx-1, x+i)])
				}
			}
			out[x] = v
		}
	}
	for y := range ny {
		out := img[y*nx : (y+1)*nx]
		mid := tmp[y*nx : (y+1)*nx]
		for x := range out {
			out[x] = kernel[0] * mid[x]
		}
		for i := 1; i <= n; i++ {
			up, down := tmp[max(0, y-i)*nx:], tmp[min(ny-1, y+i)*nx:]
			w := kernel[i]
			up, down = up[:nx], down[:nx]
			for x := range out {
				out[x] += w * (up[x] + down[x])
			}
		}
	}
}

// paintCouch paints couch and breast board where there is no body. World coordinates.
func (m *model) paintCouch(c *canvas, worldX, worldY, worldZ, px float64) {
	zb := (worldZ - m.worldZ0) / m.scale[2]
	_, sy := m.shift(zb)
	top := sy + m.backY*m.scale[1] + 1.5 // of the board's plate, under the back
	for j := range c.ny {
		y := worldY + float64(j)*px
		if y < top-40 && y < m.couchY-40 {
			continue
		}
		for i := range c.nx {
			k := j*c.nx + i
			if c.skin[k] < float32(c.px/2) {
				continue
			}
			x := worldX + float64(i)*px
			v := couchHU(x, y-m.couchY, px)
			if m.board {
				v = math.Max(v, plateHU(x, y-top, 205, 13, px))
				if zb > 118 { // the raised part that carries head and arms
					v = math.Max(v, plateHU(x, y-top+16, 90, 10, px))
				}
				// Two rails stand the plate on the couch.
				if ax := math.Abs(math.Abs(x) - 170); y > top+6 && y < m.couchY && ax < 6 {
					v = math.Max(v, -1000+900*cover(math.Abs(ax-4.5)-1, px))
				}
			}
			if v > float64(c.hu[k]) {
				c.hu[k] = float32(v)
				if c.tissue[k] == tissueAir && v > -960 {
					c.tissue[k] = tissueCouch
				}
			}
		}
	}
}

// couchHU is a carbon-fibre shell round foam, 530 mm wide and 72 mm thick, hollowed towards its edges.
func couchHU(x, y, px float64) float64 {
	w := 265.0
	u := clamp01((math.Abs(x) - 120) / (w - 120))
	bottom := 72 - 46*u*u
	d := math.Max(math.Max(-y, y-bottom), math.Abs(x)-w)
	shell := cover(d, px) - cover(d+2.4, px)
	foam := cover(d+2.4, px)
	return -1000 + shell*880 + foam*45
}

// plateHU is a flat sandwich plate of half width w and thickness t.
func plateHU(x, y, w, t, px float64) float64 {
	d := math.Max(math.Max(-y, y-t), math.Abs(x)-w)
	shell := cover(d, px) - cover(d+1.2, px)
	return -1000 + shell*880 + cover(d+1.2, px)*70
}
