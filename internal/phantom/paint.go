package phantom

import (
	"context"
	"math"
	"slices"
)

func sortByDistance(ps []vec, from vec) {
	slices.SortFunc(ps, func(a, b vec) int {
		if a.Distance(from) < b.Distance(from) {
			return -1
		}
		return 1
	})
}

// layer is the muscle on the cage at one way round: from gap to gap + thick outside the cage.
type layer struct{ gap, thick float64 }

// muscleLayers tabulates pectoralis, serratus, latissimus and the abdominal wall at height z.
func (m *model) muscleLayers(z float64) (t [ribBins + 1]layer) {
	band := func(lo, lo1, hi, hi1, v float64) float64 {
		return smoothstep(lo, lo1, v) * (1 - smoothstep(hi, hi1, v))
	}
	b := m.muscle
	for k := range t {
		f := float64(k) / ribBins
		th := 10.5 * b * band(-78, -35, 88, 112, z) * band(0.50, 0.60, 0.93, 0.965, f)
		th = math.Max(th, 6*b*band(-140, -110, 50, 80, z)*band(0.33, 0.4, 0.57, 0.68, f))
		th = math.Max(th, 8*b*band(-260, -200, 30, 70, z)*band(0.1, 0.2, 0.38, 0.46, f))
		th = math.Max(th, 10*b*band(-400, -390, -150, -105, z)*band(0.16, 0.24, 0.74, 0.82, f))
		th = math.Max(th, 8.5*b*band(-400, -390, -110, -85, z)*band(0.80, 0.84, 0.965, 0.985, f))
		t[k] = layer{4.5 + 1.8*smoothstep(-120, -90, z), th}
	}
	return t
}

// paintSlice paints the whole plane: air, body wall, organs, bones.
func (m *model) paintSlice(ctx context.Context, c *canvas) error {
	fill(c.hu, -1000)
	clear(c.tissue)
	if err := m.fields(ctx, c); err != nil {
		return err
	}
	m.paintWall(c)
	for i := range m.implants {
		c.paintGroup(&m.implants[i])
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.z < m.dome[0]+10 {
		for i := range m.abdomen {
			c.paintGroup(&m.abdomen[i])
		}
		m.paintStomach(c)
	}
	m.paintLung(c)
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range m.organs {
		c.paintGroup(&m.organs[i])
	}
	m.paintVessels(c)
	for i := range m.muscles {
		g := m.muscles[i]
		c.paintGroup(&g)
	}
	m.paintCanal(c)
	m.paintRibs(c)
	m.paintSpine(c)
	m.paintSternum(c)
	for i := range m.bones {
		c.paintGroup(&m.bones[i])
	}
	m.paintSkin(c)
	return ctx.Err()
}

// paintWall fills the body: fat with septa, breast, the muscle shell and the cavity behind it.
func (m *model) paintWall(c *canvas) {
	layers := m.muscleLayers(c.z)
	half := float32(c.px / 2)
	z := c.z
	px := c.px
	for j := range c.ny {
		bx, by := c.body(0, j)
		for i := range c.nx {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			ds := c.skin[k]
			if ds > half {
				continue
			}
			cd := float64(c.cage[k])
			if cd < -4-px { // inside the cage: fat until organs are painted
				c.hu[k] = float32(m.fatHU + 4 + 8*c.tex.at(x*0.11, y*0.11, z*0.11))
				c.tissue[k] = tissueInside
				continue
			}
			hu := m.fatHU + 5*c.tex.at(x*0.3, y*0.3, z*0.3) + 70*c.tex.ridge(x*0.055+2, y*0.055, z*0.055, 0.035)
			tissue := tissueFat
			muscle, wall := 0.0, 5.5
			if cd < 40 {
				f := math.Atan2(math.Abs(x), y) / math.Pi * ribBins
				b := min(int(f), ribBins-1)
				f -= float64(b)
				gap := layers[b].gap
				th := layers[b].thick + f*(layers[b+1].thick-layers[b].thick)
				w := 1.2 * c.tex.at(x*0.06+40, y*0.06, z*0.06)
				cw := cd + w
				muscle = cover(cd-4, px) - cover(cd+4, px)
				if th > 0.4 {
					muscle += cover(cw-gap-th, px) - cover(cw-gap, px)
					wall = gap + th + 1
				}
			}
			if s, ok := m.inBreast(x, y, z); ok && cd > wall {
				tissue = tissueBreast
				if g := m.breasts[s].gland(c.tex, vec{x, y, z}, float64(ds), cd-wall); g > 0 {
					hu += g * (m.breasts[s].glandHU - hu)
				}
			}
			if muscle > 0 {
				fibre := 54 + 10*c.tex.fbm(x*0.2, y*0.2, z*0.1) - 60*c.tex.ridge(x*0.09, y*0.09, z*0.05, 0.05)
				hu += math.Min(1, muscle) * (fibre - hu)
				if muscle > 0.5 {
					tissue = tissueMuscle
				}
			}
			c.hu[k] = float32(hu)
			c.tissue[k] = tissue
		}
	}
}

// inBreast tells the side, and whether the point lies in that breast's ellipsoid, slightly widened.
func (m *model) inBreast(x, y, z float64) (side int, ok bool) {
	if x > 0 {
		side = 1
	}
	s := &m.breasts[side].shape
	if z < s.lo[2]-8 || z > s.hi[2]+8 {
		return side, false
	}
	return side, s.distance(vec{x, y, z}) < 8
}

// gland is the fibroglandular fraction at a point: lobules behind the nipple and thin Cooper's
// ligaments, away from the skin (depth ds < 0) and from the chest wall.
func (b *breast) gland(tex *texture, p vec, ds, wall float64) float64 {
	x, y, z := p[0], p[1], p[2]
	o := b.offset
	s := 1 / b.grain
	rel := p.Sub(b.nipple)
	depth := -rel.Dot(b.normal)
	across := rel.Add(b.normal.Scale(depth)).Norm()
	cone := 1 - across/((14+0.85*math.Max(0, depth))*b.extent)
	reach := smoothstep(0, 9, -ds) * smoothstep(0, 8, wall)
	n := 0.75*tex.fbm(x*s+o, y*s, z*s) + 0.3*tex.at(x*0.32, y*0.32+o, z*0.32)
	v := clamp01((n+0.9*cone-0.55+1.0*b.density)*3.0) * reach * smoothstep(-0.35, 0.25, cone+0.45*b.density)
	lig := 0.55 * tex.ridge(x*0.07+o, y*0.07, z*0.07+9, 0.05) * smoothstep(0, 3, -ds)
	duct := smoothstep(10, 0, across) * smoothstep(26, 4, depth) * 0.8
	return math.Min(1, math.Max(math.Max(v, lig), duct))
}

func (m *model) paintSkin(c *canvas) {
	half := float32(c.px / 2)
	for k, d := range c.skin {
		if d > half || float64(d) < -m.skinMM-float64(half) {
			continue
		}
		a := cover(float64(d), c.px)
		in := cover(float64(d)+m.skinMM, c.px)
		c.hu[k] = float32((1-a)*-1000 + (a-in)*42 + in*float64(c.hu[k]))
		switch {
		case a < 0.5:
			c.tissue[k] = tissueAir
		case in < 0.5:
			c.tissue[k] = tissueSkin
		}
	}
}

func (m *model) paintLung(c *canvas) {
	if c.z > cageTop || c.z < -190 {
		return
	}
	fill(c.organs, 40)
	for i := range m.mediastinum {
		c.lower(c.organs, &m.mediastinum[i].p, m.mediastinum[i].by, 7, 14)
	}
	z := c.z
	half := c.px / 2
	// The junction of the lungs before and behind the mediastinum.
	for j := range c.ny {
		bx, by := c.body(0, j)
		for i := range c.nx {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			if c.cage[k] > -3 {
				continue
			}
			slab := math.Abs(x+3) - 3 - 5*smoothstep(-20, 20, y) - 22*smoothstep(60, 100, z)
			d := math.Max(float64(c.cage[k])+4.6, -smin(float64(c.organs[k]), slab, 8))
			if z < m.dome[0]+3 {
				dz := (m.diaphragmZ(x, y) - z) * 0.55
				d = math.Max(d, dz)
			}
			if d > half {
				continue
			}
			a := cover(d, c.px)
			hu := m.lungHU + 0.55*(y+10) + 18*c.tex.fbm(x*0.12, y*0.12, z*0.12) + 14*c.tex.at(x*0.5, y*0.5, z*0.5)
			c.hu[k] = float32((1-a)*float64(c.hu[k]) + a*hu)
			if a >= 0.5 {
				c.tissue[k] = tissueLung
			}
		}
	}
}

func (m *model) paintVessels(c *canvas) {
	v := material{hu: 38, tissue: tissueLung, onlyIn: tissueLung}
	for i := range m.vessels {
		p := &m.vessels[i]
		r := c.reachOf(p, c.px)
		if r.empty() {
			continue
		}
		c.fillRect(c.work, r, far)
		c.lower(c.work, p, 0, 0, c.px)
		c.paint(c.work, r, &v)
	}
}

// paintCanal paints dural sac and cord before the bones close round them.
func (m *model) paintCanal(c *canvas) {
	y := m.spineY.at(c.z)
	k := knots{{-300, 24}, {-150, 22}, {0, 20}, {200, 15}}.at(c.z)
	cord := 5.0
	if c.z < -150 {
		cord = 2
	}
	for _, g := range []group{
		{prims: []prim{egg(vec{0, y + k + 2, c.z}, 11, 10, 9)}, m: material{hu: -20, textureHU: 20, textureMM: 5, tissue: tissueInside}},
		{prims: []prim{egg(vec{0, y + k, c.z}, 8.5, 7.5, 9)}, m: material{hu: 16, tissue: tissueInside}},
		{prims: []prim{egg(vec{0, y + k, c.z}, cord+0.8, cord, 9)}, m: material{hu: 38, tissue: tissueInside}},
	} {
		c.paintGroup(&g)
	}
}
