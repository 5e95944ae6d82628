package phantom

import (
	"context"
	"math"
	"math/rand/v2"
)

// model is one woman: everything continuous, in body coordinates, before any grid.
type model struct {
	tex *texture
	// frame: body = R(roll) (world - shift(z)) / scale
	scale           vec
	roll, tilt      float64
	sway, swayPhase float64 // scoliosis: mm, radians
	worldZ0         float64 // world z of body z = 0
	worldY0         float64
	fatMM, muscle   float64 // subcutaneous fat; muscle bulk, 1 is normal
	fatHU           float64
	cageW, cageA    knots
	cageP, spineY   knots
	torsoW, torsoA  knots
	torsoP          knots
	backY, squircle float64
	skinMM          float64
	arms            []prim
	breasts         [2]breast // right, left
	ribs            [2][12]rib
	cartilageCalc   float64
	trabecularHU    float64
	organs          []group // mediastinum, painted over the lung
	abdomen         []group
	implants        []group
	expander        int     // side of a tissue expander, or -1
	implantDepth    float64 // half of the expander's, mm
	muscles         []group
	bones           []group
	mediastinum     []inflated
	dome            [2]float64 // top of the diaphragm, right and left
	vessels         []prim     // of the lungs, thin
	lungHU          float64
	couchY          float64 // world y of the couch top
	board           bool
	boardMM         float64
	vesselCalcSites []vec // body coordinates on walls of arteries
	stomach         stomach
}

// inflated is an organ the lung keeps away from.
type inflated struct {
	p  prim
	by float64
}

type breast struct {
	shape   prim
	nipple  vec // on the skin
	base    vec // middle of the chest wall side
	normal  vec
	radii   [3]float64
	density float64 // 0 fat .. 1 dense
	glandHU float64
	grain   float64 // mm
	offset  float64 // moves the texture
	extent  float64
}

type stomach struct {
	shape  prim
	levelY float64 // gas lies anterior of it
}

func newModel(seed int64, o Options) *model {
	r := stream(seed, streamBody, 0)
	u := func(lo, hi float64) float64 { return uniform(r, lo, hi) }
	m := &model{tex: newTexture(stream(seed, streamTexture, 0))}
	size := u(0.95, 1.07)
	m.scale = vec{size * u(0.96, 1.05), size * u(0.95, 1.05), size * u(0.97, 1.04)}
	m.roll, m.tilt = u(-0.03, 0.03), u(0, 0.08)
	m.sway, m.swayPhase = u(0, 5), u(0, 2*math.Pi)
	m.worldZ0 = math.Round(u(-900, -300))
	m.fatMM = 6 + 22*math.Pow(u(0, 1), 1.4)
	if o.Habitus > 0 {
		m.fatMM = 4 + 26*o.Habitus
	}
	m.muscle, m.fatHU = u(0.75, 1.25), u(-112, -98)
	m.skinMM = u(1.0, 2.2)
	m.squircle = u(0.25, 0.5)
	m.cartilageCalc = u(0, 1)
	m.trabecularHU = u(120, 220)
	m.lungHU = u(-880, -790)

	m.cageW = knots{{-330, 124}, {-280, 121}, {-220, 119}, {-160, 126}, {-110, 130}, {-60, 131}, {-10, 127}, {40, 115}, {70, 97}, {90, 75}, {105, 48}, {116, 14}}
	m.cageA = knots{{-330, 84}, {-280, 84}, {-220, 85}, {-160, 89}, {-110, 91}, {-60, 89}, {-10, 83}, {40, 70}, {70, 58}, {90, 46}, {105, 34}, {116, 12}}
	m.cageP = knots{{-330, 66}, {-220, 70}, {-160, 78}, {-110, 82}, {-60, 84}, {-10, 83}, {40, 77}, {70, 68}, {90, 58}, {105, 45}, {116, 20}}
	m.spineY = knots{{-330, 24}, {-250, 25}, {-180, 32}, {-120, 43}, {-60, 50}, {0, 50}, {60, 42}, {110, 29}, {150, 17}, {200, 12}}
	f := m.fatMM
	lat, ant, post := 15*m.muscle+f, 8+0.55*f, 14*m.muscle+0.5*f
	belly := 0.8 * f
	m.torsoW = knots{{-330, 124 + lat + f}, {-280, 121 + lat + 0.7*f}, {-220, 119 + lat}, {-160, 124 + lat}, {-60, 131 + lat}, {-10, 127 + lat}, {40, 116 + lat}, {80, 112 + 0.9*lat}, {105, 98 + 0.9*lat}, {125, 84 + 0.7*f}, {145, 68 + 0.5*f}, {165, 58 + 0.3*f}, {200, 56 + 0.2*f}}
	m.torsoA = knots{{-330, 84 + ant + belly}, {-250, 85 + ant + belly}, {-180, 88 + ant + 0.4*belly}, {-110, 91 + ant}, {-60, 89 + ant}, {-10, 83 + ant}, {40, 71 + ant}, {70, 61 + ant}, {95, 54 + ant}, {120, 52}, {140, 50}, {165, 54}, {200, 62}}
	m.torsoP = knots{{-330, 70 + post}, {-220, 75 + post}, {-110, 83 + post}, {-10, 85 + post}, {60, 83 + post}, {95, 78 + post}, {125, 74 + 0.5*post}, {150, 66}, {200, 64}}
	m.backY = 83 + post - u(4, 9)
	m.worldY0 = u(-5, 15)
	m.board = u(0, 1) < 0.7
	m.boardMM = u(25, 60)
	m.couchY = m.worldY0 + m.backY*m.scale[1] + 1
	if m.board {
		m.couchY += m.boardMM
	} else {
		m.tilt = 0
	}
	m.buildArms(r)
	m.buildBreasts(r, o, drawImplants(seed))
	m.buildRibs(r)
	m.buildBones(r)
	m.buildMuscles(r)
	m.buildAbdomen(r)
	m.buildOrgans(r)
	return m
}

// jitter moves v by up to amount mm each way.
func jitter(r *rand.Rand, v vec, amount float64) vec {
	for i := range v {
		v[i] += uniform(r, -amount, amount)
	}
	return v
}

func (m *model) shift(z float64) (x, y float64) {
	x = m.sway * math.Sin(z/90+m.swayPhase)
	y = m.worldY0
	if m.board {
		y -= m.tilt * (z + 40)
	}
	return x, y
}

// toBody and toWorld turn LPS mm into body coordinates and back.
func (m *model) toBody(w vec) vec {
	z := (w[2] - m.worldZ0) / m.scale[2]
	sx, sy := m.shift(z)
	s, c := math.Sincos(m.roll)
	x, y := w[0]-sx, w[1]-sy
	return vec{(c*x + s*y) / m.scale[0], (-s*x + c*y) / m.scale[1], z}
}

func (m *model) toWorld(b vec) vec {
	sx, sy := m.shift(b[2])
	s, c := math.Sincos(m.roll)
	x, y := b[0]*m.scale[0], b[1]*m.scale[1]
	return vec{c*x - s*y + sx, s*x + c*y + sy, b[2]*m.scale[2] + m.worldZ0}
}

// aim points the canvas at world plane z with pixel (0, 0) at world (x, y) and spacing px.
func (m *model) aim(c *canvas, worldX, worldY, worldZ, px float64) {
	o := m.toBody(vec{worldX, worldY, worldZ})
	s, k := math.Sincos(m.roll)
	c.x0, c.y0, c.z = o[0], o[1], o[2]
	c.xi, c.xj = k*px/m.scale[0], s*px/m.scale[0]
	c.yi, c.yj = -s*px/m.scale[1], k*px/m.scale[1]
	c.px = px / math.Sqrt(m.scale[0]*m.scale[1])
}

// ring is the signed radial distance of (x, y) from a closed curve with half width w and half
// depths a (anterior) and p (posterior), between an ellipse (s = 0) and a rectangle (s = 1).
func ring(x, y, w, a, p, s float64) float64 {
	d := p
	if y < 0 {
		d = a
	}
	u, v := x/w, y/d
	u, v = u*u, v*v
	q := u + v
	rr := 0.5 * (q + math.Sqrt(math.Max(0, q*q-4*s*u*v)))
	if rr < 1e-4 {
		return -math.Min(w, d)
	}
	return math.Sqrt(x*x+y*y) * (1 - 1/math.Sqrt(rr))
}

const cageTop = 116 // body z above which there is no rib cage

func (m *model) cageDistance(p vec) float64 {
	if p[2] >= cageTop {
		return far
	}
	return ring(p[0], p[1], m.cageW.at(p[2]), m.cageA.at(p[2]), m.cageP.at(p[2]), m.squircle)
}

// fields fills the canvas's skin and cage distances.
func (m *model) fields(ctx context.Context, c *canvas) error {
	z := c.z
	tw, ta, tp := m.torsoW.at(z), m.torsoA.at(z), m.torsoP.at(z)
	cw, ca, cp := m.cageW.at(z), m.cageA.at(z), m.cageP.at(z)
	for j := range c.ny {
		x, y := c.body(0, j)
		k := j * c.nx
		for range c.nx {
			d := ring(x, y, tw, ta, tp, 0.42)
			d = -smin(-d, -(y - m.backY), 14)
			c.skin[k] = float32(d)
			if z < cageTop {
				if d < 4 {
					w := c.tex.at(x*0.02+3, y*0.02+9, z*0.02)
					c.cage[k] = float32(ring(x, y, cw, ca, cp, m.squircle) + 2.2*w)
				} else {
					c.cage[k] = float32(d + 10)
				}
			} else {
				c.cage[k] = far
			}
			x, y = x+c.xi, y+c.yi
			k++
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range m.arms {
		c.lower(c.skin, &m.arms[i], 0, 26, 40)
	}
	for s := range m.breasts {
		c.lower(c.skin, &m.breasts[s].shape, 0, 16, 24)
		n := m.breasts[s].nipple
		nip := capsule(n.Sub(m.breasts[s].normal.Scale(7)), n.Sub(m.breasts[s].normal.Scale(1.5)), 6, 5)
		c.lower(c.skin, &nip, 0, 5, 8)
	}
	m.sharpenSkin(c)
	return ctx.Err()
}

// sharpenSkin turns the blended field near the surface into mm by its own gradient.
func (m *model) sharpenSkin(c *canvas) {
	copy(c.work, c.skin)
	inv := 1 / (2 * c.px)
	for j := 1; j < c.ny-1; j++ {
		for i := 1; i < c.nx-1; i++ {
			k := j*c.nx + i
			d := float64(c.work[k])
			if d > 8 || d < -14 {
				continue
			}
			gx := float64(c.work[k+1]-c.work[k-1]) * inv
			gy := float64(c.work[k+c.nx]-c.work[k-c.nx]) * inv
			g := math.Sqrt(gx*gx + gy*gy)
			if g < 0.35 {
				g = 0.35
			}
			c.skin[k] = float32(d / g)
		}
	}
}

func (m *model) buildArms(r *rand.Rand) {
	f, b := m.fatMM, m.muscle
	for _, side := range []float64{-1, 1} {
		j := func(v vec) vec { v = jitter(r, v, 5); v[0] *= side; return v }
		shoulder, top, mid, axilla := j(vec{158, 8, 132}), j(vec{196, -8, 250}), j(vec{178, 0, 190}), j(vec{112, 16, 78})
		m.arms = append(m.arms,
			capsule(axilla, shoulder, 40+0.5*f+4*b, 43+0.4*f+4*b),
			capsule(shoulder, mid, 43+0.4*f+4*b, 39+0.4*f+4*b),
			capsule(mid, top, 39+0.4*f+4*b, 34+0.4*f+4*b),
			capsule(vec{side * 40, 18, 112}, shoulder, 40, 40))
	}
}

func (m *model) buildBreasts(r *rand.Rand, o Options, under implants) {
	big := uniform(r, 0, 1)
	if o.BreastSize > 0 {
		big = o.BreastSize
	}
	density := math.Pow(uniform(r, 0, 1), 1.5)
	if o.Density > 0 {
		density = o.Density
	}
	for s, side := range []float64{-1, 1} {
		own := clamp01(big + uniform(r, -0.08, 0.08))
		b := &m.breasts[s]
		b.density = clamp01(density + uniform(r, -0.06, 0.06))
		b.glandHU, b.grain, b.offset = uniform(r, 28, 46), uniform(r, 7, 13), uniform(r, 0, 60)
		b.extent = uniform(r, 0.75, 1.0)
		x := 72 + 18*own + uniform(r, -4, 4)
		z := -28 - 8*own + uniform(r, -10, 8)
		lat := 0.42 + 0.35*own + uniform(r, -0.08, 0.08) // lean to the side, radians from anterior
		y := -m.cageA.at(z) * math.Sqrt(math.Max(0.1, 1-math.Pow(x/m.cageW.at(z), 2)))
		b.base = vec{side * x, y - 4, z}
		sn, cs := math.Sincos(lat)
		b.normal = vec{side * sn, -cs, -0.06}
		b.normal = b.normal.Scale(1 / b.normal.Norm())
		b.radii = [3]float64{34 + 30*own + 0.5*m.fatMM, 62 + 18*own, 66 + 20*own}
		if depth := under.depth[s]; depth > 0 {
			b.radii[0] = math.Max(b.radii[0], 2*depth+22)
		}
		b.shape = ellipsoid(b.base, b.radii, b.normal, vec{cs, sn * side, 0})
		p := b.base.Add(b.normal.Scale(b.radii[0] - 1))
		b.nipple = p.Add(vec{side * uniform(r, -3, 3), 0, uniform(r, -6, 3)})
		b.nipple = b.nipple.Sub(b.normal.Scale(math.Max(-3, b.shape.distance(b.nipple))))
		if bag, ok := under.beneath(b, s); ok {
			m.implants = append(m.implants, bag)
		}
	}
	if m.expander = under.expander; m.expander >= 0 {
		m.implantDepth = under.depth[m.expander]
	}
}
