package phantom

import "math"

// Tissue classes of a voxel's centre.
const (
	tissueAir uint8 = iota
	tissueCouch
	tissueSkin
	tissueFat
	tissueBreast
	tissueMuscle
	tissueLung
	tissueBone
	tissueInside // mediastinum and abdomen
	tissueVessel
	tissueImplant
)

// material is what fills a shape: an inner texture and, for bone, a cortex.
type material struct {
	hu, textureHU, textureMM float64
	cortexHU, cortexMM       float64
	roughMM, roughScaleMM    float64 // the surface waves by roughMM
	blendMM                  float64 // neighbouring shapes melt together over blendMM
	tissue                   uint8
	onlyIn                   uint8 // paint only over this tissue (0: everywhere)
	inside                   bool  // cut to the inside of the cage
}

// group is a union of shapes of one material, painted at once.
type group struct {
	prims []prim
	m     material
}

// canvas is one plane of the body at height z, all slices [y][x], distances in body mm.
type canvas struct {
	nx, ny         int
	px             float64 // pixel in body mm (mean of both axes)
	x0, y0         float64 // body coordinates of pixel (0, 0)
	xi, xj, yi, yj float64 // steps of body x, y along pixel i (column) and j (row)
	z              float64
	hu             []float32
	tissue         []uint8
	skin, cage     []float32 // signed distances
	organs         []float32 // distance to the nearest mediastinal organ
	work           []float32
	lung           []float32
	tex            *texture
}

func newCanvas(nx, ny int, tex *texture) *canvas {
	n := nx * ny
	c := &canvas{nx: nx, ny: ny, tex: tex, hu: make([]float32, n), tissue: make([]uint8, n)}
	for _, p := range []*[]float32{&c.skin, &c.cage, &c.organs, &c.work, &c.lung} {
		*p = make([]float32, n)
	}
	return c
}

func (c *canvas) body(i, j int) (x, y float64) {
	fi, fj := float64(i), float64(j)
	return c.x0 + fi*c.xi + fj*c.xj, c.y0 + fi*c.yi + fj*c.yj
}

type rect struct{ x0, y0, x1, y1 int }

func (r rect) empty() bool { return r.x0 >= r.x1 || r.y0 >= r.y1 }

func (r rect) union(s rect) rect {
	if r.empty() {
		return s
	}
	if s.empty() {
		return r
	}
	return rect{min(r.x0, s.x0), min(r.y0, s.y0), max(r.x1, s.x1), max(r.y1, s.y1)}
}

// pixels is the rectangle of pixels that may lie in the body rectangle lo..hi.
func (c *canvas) pixels(lox, loy, hix, hiy float64) rect {
	det := c.xi*c.yj - c.xj*c.yi
	minI, minJ, maxI, maxJ := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for k := range 4 {
		x, y := lox, loy
		if k&1 != 0 {
			x = hix
		}
		if k&2 != 0 {
			y = hiy
		}
		dx, dy := x-c.x0, y-c.y0
		i, j := (dx*c.yj-dy*c.xj)/det, (dy*c.xi-dx*c.yi)/det
		minI, maxI = math.Min(minI, i), math.Max(maxI, i)
		minJ, maxJ = math.Min(minJ, j), math.Max(maxJ, j)
	}
	return rect{
		max(0, int(math.Floor(minI))), max(0, int(math.Floor(minJ))),
		min(c.nx, int(math.Ceil(maxI))+1), min(c.ny, int(math.Ceil(maxJ))+1),
	}
}

// reachOf is the pixels within reach mm of p on this plane.
func (c *canvas) reachOf(p *prim, reach float64) rect {
	if c.z < p.lo[2]-reach || c.z > p.hi[2]+reach {
		return rect{}
	}
	return c.pixels(p.lo[0]-reach, p.lo[1]-reach, p.hi[0]+reach, p.hi[1]+reach)
}

// lower sets dst to the smooth minimum of itself and p's distance less inflate, within reach.
func (c *canvas) lower(dst []float32, p *prim, inflate, blend, reach float64) rect {
	r := c.reachOf(p, reach)
	if r.empty() {
		return r
	}
	switch p.kind {
	case kindCapsule:
		c.lowerCapsule(dst, p, r, inflate, blend)
	case kindEllipsoid:
		c.lowerEllipsoid(dst, p, r, inflate, blend, reach)
	case kindPlate:
		c.lowerPlate(dst, p, r, inflate, blend, reach)
	}
	return r
}

func (c *canvas) lowerCapsule(dst []float32, p *prim, r rect, inflate, blend float64) {
	ba := p.b.Sub(p.a)
	inv := 0.0
	if l := ba.Dot(ba); l > 0 {
		inv = 1 / l
	}
	pz := c.z - p.a[2]
	dr := p.rb - p.ra
	for j := r.y0; j < r.y1; j++ {
		x, y := c.body(r.x0, j)
		x, y = x-p.a[0], y-p.a[1]
		row := dst[j*c.nx : (j+1)*c.nx]
		for i := r.x0; i < r.x1; i++ {
			h := (x*ba[0] + y*ba[1] + pz*ba[2]) * inv
			if h < 0 {
				h = 0
			} else if h > 1 {
				h = 1
			}
			ex, ey, ez := x-h*ba[0], y-h*ba[1], pz-h*ba[2]
			d := math.Sqrt(ex*ex+ey*ey+ez*ez) - p.ra - h*dr - inflate
			row[i] = merge(row[i], float32(d), float32(blend))
			x, y = x+c.xi, y+c.yi
		}
	}
}

// lowerEllipsoid is prim.distance unrolled: the local coordinates are linear along a row.
func (c *canvas) lowerEllipsoid(dst []float32, p *prim, r rect, inflate, blend, reach float64) {
	var at, step [3]float64
	ia, ib, ic := p.inv[0], p.inv[1], p.inv[2]
	// Beyond this normalised radius nothing is within reach.
	outer := 1 + (reach+inflate)*math.Max(ia, math.Max(ib, ic))
	outer *= outer
	for k := range 3 {
		step[k] = (c.xi*p.axes[k][0] + c.yi*p.axes[k][1]) * p.inv[k]
	}
	for j := r.y0; j < r.y1; j++ {
		x, y := c.body(r.x0, j)
		d := vec{x, y, c.z}.Sub(p.a)
		for k := range 3 {
			at[k] = d.Dot(p.axes[k]) * p.inv[k]
		}
		u, v, w := at[0], at[1], at[2]
		row := dst[j*c.nx : (j+1)*c.nx]
		for i := r.x0; i < r.x1; i++ {
			k0 := u*u + v*v + w*w
			if k0 < outer {
				k1 := square(u*ia) + square(v*ib) + square(w*ic)
				d := -1 / ia
				if k1 > 1e-12 {
					k0 = math.Sqrt(k0)
					d = k0 * (k0 - 1) / math.Sqrt(k1)
				}
				row[i] = merge(row[i], float32(d-inflate), float32(blend))
			}
			u, v, w = u+step[0], v+step[1], w+step[2]
		}
	}
}

// lowerPlate looks only where the plate's plane is near.
func (c *canvas) lowerPlate(dst []float32, p *prim, r rect, inflate, blend, reach float64) {
	n := p.b.Sub(p.a).Cross(p.c.Sub(p.a))
	n = n.Scale(1 / n.Norm())
	most := p.ra + reach + inflate
	step := c.xi*n[0] + c.yi*n[1]
	for j := r.y0; j < r.y1; j++ {
		x, y := c.body(r.x0, j)
		h := vec{x, y, c.z}.Sub(p.a).Dot(n)
		row := dst[j*c.nx : (j+1)*c.nx]
		for i := r.x0; i < r.x1; i++ {
			if h < most && h > -most {
				row[i] = merge(row[i], float32(p.distance(vec{x, y, c.z})-inflate), float32(blend))
			}
			x, y, h = x+c.xi, y+c.yi, h+step
		}
	}
}

// merge is the minimum of a and b, rounded over k mm.
func merge(a, b, k float32) float32 {
	if a < b {
		a, b = b, a
	}
	if h := k - (a - b); h > 0 {
		return b - h*h/(4*k)
	}
	return b
}

const far = 1e4 // mm, farther than anything

func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}

func (c *canvas) fillRect(dst []float32, r rect, v float32) {
	for j := r.y0; j < r.y1; j++ {
		fill(dst[j*c.nx+r.x0:j*c.nx+r.x1], v)
	}
}

// paintGroup paints g where it covers the plane.
func (c *canvas) paintGroup(g *group) {
	reach := c.px + g.m.roughMM + g.m.blendMM
	var r rect
	for k := range g.prims {
		r = r.union(c.reachOf(&g.prims[k], reach))
	}
	if r.empty() {
		return
	}
	c.fillRect(c.work, r, far)
	for k := range g.prims {
		c.lower(c.work, &g.prims[k], 0, g.m.blendMM, reach)
	}
	c.paint(c.work, r, &g.m)
}

// paint lays m over the pixels of r whose distance in dist is negative.
func (c *canvas) paint(dist []float32, r rect, m *material) {
	half := c.px / 2
	rough := m.roughMM
	for j := r.y0; j < r.y1; j++ {
		bx, by := c.body(r.x0, j)
		for i := r.x0; i < r.x1; i++ {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			d := float64(dist[k])
			if d > half+rough || m.onlyIn != 0 && c.tissue[k] != m.onlyIn {
				continue
			}
			if rough > 0 {
				s := 1 / m.roughScaleMM
				d += rough * c.tex.at(x*s, y*s, c.z*s)
			}
			// Nothing but skin and fat lies in the last millimetres.
			d = math.Max(d, float64(c.skin[k])+3.5)
			if m.inside {
				d = math.Max(d, float64(c.cage[k])+4.5)
			}
			a := cover(d, c.px)
			if a == 0 {
				continue
			}
			hu := m.hu
			if m.textureHU > 0 {
				s := 1 / m.textureMM
				hu += m.textureHU * c.tex.fbm(x*s+17, y*s+3, c.z*s+41)
			}
			v := a * hu
			if m.cortexMM > 0 {
				in := cover(d+m.cortexMM, c.px)
				v = (a-in)*m.cortexHU + in*hu
			}
			c.hu[k] = float32((1-a)*float64(c.hu[k]) + v)
			if a >= 0.5 {
				c.tissue[k] = m.tissue
			}
		}
	}
}
