package phantom

import (
	"math"
	"math/rand/v2"
	"slices"
)

// clutter makes the things that are mistaken for clips. load scales how many kinds a case has.
type clutter struct {
	r      *rand.Rand
	t      *terrain
	m      *model // nil in a real CT
	side   float64
	bed    vec
	solids []*solid
}

func (c *clutter) chance(p, load float64) bool { return c.r.Float64() < math.Min(0.95, p*load) }

func (c *clutter) add(kind string, hu float64, streak bool, build func(s *solid)) {
	s := &solid{kind: kind, hu: hu, clip: -1, streak: streak}
	build(s)
	if len(s.points) > 0 {
		s.finish()
		c.solids = append(c.solids, s)
	}
}

// scatter draws the case's mix.
func (c *clutter) scatter(load float64) {
	if c.chance(0.6, load) {
		c.skinMarkers(1 + c.r.IntN(4))
	}
	if c.chance(0.4, load) {
		c.skinWire()
	}
	if c.chance(0.2, load) {
		c.staples()
	}
	if c.chance(0.45, load) {
		c.breastCalcifications()
	}
	if c.chance(0.25, load) {
		c.ecgLeads()
	}
	if c.m == nil {
		return
	}
	if c.chance(0.6, load) {
		c.vesselCalcifications()
	}
	if c.chance(0.12, load) {
		c.sternalWires()
	}
	if c.chance(0.18, load) {
		c.port()
	}
	c.expanderPort()
}

// DistractorKinds lists what can be mistaken for a clip, as Distractor.Kind names it. An ECG lead has its cable, a port its catheter.
func DistractorKinds() []string {
	return []string{kindMarker, kindWire, kindStaple, kindBreastCalc, kindLead, kindVesselCalc, kindSternal, kindPort}
}

const (
	kindMarker     = "skin marker"
	kindWire       = "skin wire"
	kindStaple     = "skin staple"
	kindBreastCalc = "breast calcification"
	kindLead       = "ECG lead"
	kindVesselCalc = "vessel calcification"
	kindSternal    = "sternal wire"
	kindPort       = "port"
)

// put adds each of kinds as far as the body has a place for it; the order does not matter.
func (c *clutter) put(kinds []string) {
	makers := map[string]func(){
		kindMarker: func() { c.skinMarkers(2 + c.r.IntN(3)) }, kindWire: c.skinWire, kindStaple: c.staples,
		kindBreastCalc: c.breastCalcifications, kindLead: c.ecgLeads,
	}
	if c.m != nil {
		makers[kindVesselCalc], makers[kindSternal], makers[kindPort] = c.vesselCalcifications, c.sternalWires, c.port
	}
	for _, kind := range DistractorKinds() {
		if do := makers[kind]; do != nil && slices.Contains(kinds, kind) {
			do()
		}
	}
}

// onSkin finds a skin point near the bed (share near of the time) or anywhere on the front.
func (c *clutter) onSkin(near float64) (p, outward vec, ok bool) {
	r := c.r
	for range 12 {
		z, a := c.bed[2]+uniform(r, -70, 70), uniform(r, -1.5, 1.5)
		if r.Float64() < near {
			z = c.bed[2] + uniform(r, -28, 28)
			a = math.Atan2(c.bed[0]-c.t.centre[0], -(c.bed[1]-c.t.centre[1])) + uniform(r, -0.35, 0.35)
		}
		outward = vec{math.Sin(a), -math.Cos(a), 0}
		if p, ok = c.t.skin(vec{c.t.centre[0], c.t.centre[1], z}, outward, 260); ok {
			return p, outward, true
		}
	}
	return vec{}, vec{}, false
}

func (c *clutter) skinMarkers(n int) {
	hu := leadHU
	if c.r.Float64() < 0.4 {
		hu = uniform(c.r, 1500, 5000) // ceramic, barium
	}
	radius := uniform(c.r, 0.6, 1.2)
	for range n {
		if p, out, ok := c.onSkin(0.5); ok {
			c.add(kindMarker, hu, true, func(s *solid) {
				b := radius * uniform(c.r, 0.9, 1.1)
				s.egg(p.Add(out.Scale(b+0.4)), [3]float64{b, b, b}, 0)
			})
		}
	}
}

// along walks the skin from p for length mm in steps, by azimuth and z.
func (c *clutter) along(p vec, length, step, heading, curl float64) []vec {
	path := []vec{p}
	for range int(length / step) {
		from := path[len(path)-1]
		axis := vec{c.t.centre[0], c.t.centre[1], from[2]}
		out := from.Sub(axis)
		out = out.Scale(1 / out.Norm())
		tangent := vec{-out[1], out[0], 0}
		next := from.Add(tangent.Scale(step * math.Cos(heading))).Add(vec{0, 0, step * math.Sin(heading)})
		heading += curl
		axis[2] = next[2]
		d := next.Sub(axis)
		q, ok := c.t.skin(axis, d.Scale(1/d.Norm()), 260)
		if !ok || q.Distance(from) > 3*step {
			break
		}
		path = append(path, q)
	}
	return path
}

func (c *clutter) outward(p vec) vec {
	d := p.Sub(vec{c.t.centre[0], c.t.centre[1], p[2]})
	return d.Scale(1 / d.Norm())
}

func (c *clutter) skinWire() {
	p, _, ok := c.onSkin(0.8)
	if !ok {
		return
	}
	curl := 0.0
	length := uniform(c.r, 30, 90) // along the scar
	if c.r.Float64() < 0.4 {
		length, curl = uniform(c.r, 120, 300), uniform(c.r, 0.06, 0.12) // round the breast
	}
	path := c.along(p, length, 4, uniform(c.r, 0, 2*math.Pi), curl)
	radius := uniform(c.r, 0.2, 0.5)
	for i := range path {
		path[i] = path[i].Add(c.outward(path[i]).Scale(radius + 0.3))
	}
	if len(path) > 2 {
		c.add(kindWire, uniform(c.r, 4000, 12000), true, func(s *solid) { s.wire(radius, path...) })
	}
}

func (c *clutter) staples() {
	p, _, ok := c.onSkin(0.9)
	if !ok {
		return
	}
	gap := uniform(c.r, 6, 9)
	for _, q := range c.along(p, uniform(c.r, 35, 80), gap, uniform(c.r, 0, 2*math.Pi), 0) {
		out := c.outward(q)
		across := out.Cross(direction(c.r))
		across = across.Scale(1 / across.Norm())
		a, b := q.Add(across.Scale(3)).Add(out.Scale(0.5)), q.Sub(across.Scale(3)).Add(out.Scale(0.5))
		in := out.Scale(-3.4)
		c.add(kindStaple, steelHU, true, func(s *solid) { s.wire(0.26, a.Add(in), a, b, b.Add(in)) })
	}
}

func (c *clutter) breastCalcifications() {
	r := c.r
	for range 1 + r.IntN(3) {
		p := c.bed.Add(direction(r).Scale(uniform(r, 5, 50)))
		if r.Float64() < 0.4 {
			p[0] = 2*c.t.centre[0] - p[0]
		}
		if !soft(c.t.at(p)) || c.t.around(p, 5) < 0.8 {
			continue
		}
		switch r.IntN(4) {
		case 0: // a cluster
			for range 3 + r.IntN(6) {
				q := p.Add(direction(r).Scale(uniform(r, 0, 9)))
				b := uniform(r, 0.25, 0.8)
				c.add(kindBreastCalc, uniform(r, 900, 2600), false, func(s *solid) { s.egg(q, [3]float64{b, b, b * uniform(r, 1, 1.8)}, 0) })
			}
		case 1: // popcorn
			b := uniform(r, 1.2, 4)
			c.add(kindBreastCalc, uniform(r, 350, 1100), false, func(s *solid) {
				for range 4 {
					s.egg(p.Add(direction(r).Scale(b*0.7)), [3]float64{b * 0.6, b * 0.7, b * 0.5}, 0)
				}
			})
		case 2: // rods of secretory disease, along ducts
			u := direction(r)
			for range 1 + r.IntN(3) {
				q, w := p.Add(direction(r).Scale(uniform(r, 0, 12))), u.Add(direction(r).Scale(0.4))
				half := w.Scale(uniform(r, 1.2, 4.5) / w.Norm())
				thick := uniform(r, 0.35, 0.8)
				c.add("breast calcification", uniform(r, 700, 1900), false, func(s *solid) { s.rod(q.Sub(half), q.Add(half), thick) })
			}
		default: // eggshell of fat necrosis
			b := uniform(r, 3, 8)
			c.add(kindBreastCalc, uniform(r, 350, 1000), false, func(s *solid) { s.egg(p, [3]float64{b, b * 0.9, b}, 0.12) })
		}
	}
}

func (c *clutter) vesselCalcifications() {
	for _, b := range c.m.vesselCalcSites {
		if c.r.Float64() < 0.45 {
			p := c.m.toWorld(b)
			n := uniform(c.r, 0.6, 2)
			hu := uniform(c.r, 400, 1500)
			c.add(kindVesselCalc, hu, false, func(s *solid) {
				s.egg(p, [3]float64{n * uniform(c.r, 0.6, 1.4), n * uniform(c.r, 0.6, 1.4), n * uniform(c.r, 0.8, 3)}, 0)
			})
		}
	}
}

func (c *clutter) sternalWires() {
	r := c.r
	for z := 55.0; z > -60; z -= uniform(r, 17, 25) {
		y := -c.m.cageA.at(z) - 2
		w, d := 13+uniform(r, -2, 3), 9.5
		var loop []vec
		for k := range 21 {
			s, k := math.Sincos(2 * math.Pi * float64(k) / 20)
			loop = append(loop, c.m.toWorld(vec{w * s, y - d*k, z + 2.5*s}))
		}
		knot := []vec{c.m.toWorld(vec{0.8, y - d, z}), c.m.toWorld(vec{-0.8, y - d - 2, z + 3}), c.m.toWorld(vec{1, y - d - 1, z + 7})}
		c.add(kindSternal, steelHU, true, func(s *solid) { s.wire(0.42, loop...); s.wire(0.55, knot...) })
	}
}

func (c *clutter) port() {
	r := c.r
	side := -c.side
	z := uniform(r, 45, 70)
	out := vec{side * 0.35, -0.92, 0.1}
	from := c.m.toWorld(vec{side * uniform(r, 58, 78), 0, z})
	skin, ok := c.t.skin(from, vec{0, -1, 0}, 200)
	if !ok {
		return
	}
	p := skin.Sub(out.Scale(uniform(r, 9, 14)))
	u := out.Cross(vec{0, 0, 1})
	u = u.Scale(1 / u.Norm())
	v := out.Cross(u)
	metal := r.Float64() < 0.6
	hu := uniform(r, 250, 700)
	if metal {
		hu = titaniumHU
	}
	c.add(kindPort, hu, true, func(s *solid) {
		for _, ring := range []struct{ radius, at, wire float64 }{{10, -3.5, 1}, {9, 0, 0.8}, {7, 3.5, 0.8}, {3.5, -4, 1.3}, {7, -4, 1.3}} {
			var loop []vec
			for k := range 25 {
				sn, cs := math.Sincos(2 * math.Pi * float64(k) / 24)
				loop = append(loop, p.Add(u.Scale(ring.radius*cs)).Add(v.Scale(ring.radius*sn)).Add(out.Scale(ring.at)))
			}
			s.wire(ring.wire, loop...)
		}
	})
	catheter := []vec{p.Add(v.Scale(11)), c.m.toWorld(vec{side * 62, -52, 92}), c.m.toWorld(vec{side * 40, -46, 104}), c.m.toWorld(vec{side * 28, -38, 90}), c.m.toWorld(vec{-24, -31, 62}), c.m.toWorld(vec{-24, -29, 10})}
	c.add("port catheter", uniform(r, 500, 1600), false, func(s *solid) { s.wire(0.9, catheter...) })
}

func (c *clutter) ecgLeads() {
	r := c.r
	for range 1 + r.IntN(3) {
		p, out, ok := c.onSkin(0.2)
		if !ok {
			continue
		}
		p = p.Add(out.Scale(1.2))
		c.add(kindLead, uniform(r, 2500, 9000), true, func(s *solid) {
			s.rod(p, p.Add(out.Scale(uniform(r, 1, 2.5))), uniform(r, 1.4, 2.6))
		})
		cable := []vec{p.Add(out.Scale(3))}
		for _, q := range c.along(p, uniform(r, 40, 120), 6, uniform(r, 0, 2*math.Pi), uniform(r, -0.08, 0.08))[1:] {
			cable = append(cable, q.Add(c.outward(q).Scale(uniform(r, 2.2, 3))))
		}
		core := uniform(r, 0.2, 0.45)
		c.add(kindLead, uniform(r, 3000, 9000), true, func(s *solid) { s.wire(core, cable...) })
	}
}
