package phantom

import "math"

// implants draws what lies under some breasts: a pair of silicone or saline implants, or after a mastectomy of the
// other side one tissue expander, whose port is of metal.
type implants struct {
	depth    [2]float64 // half of it, mm, right and left; 0: none
	hu       float64
	expander int // side of the expander, or -1
}

const (
	implantShare  = 0.06
	expanderShare = 0.015
)

func drawImplants(seed int64) implants {
	r := stream(seed, streamImplants, 0)
	d := implants{expander: -1}
	switch p := r.Float64(); {
	case p < expanderShare:
		d.expander = r.IntN(2)
		d.depth[d.expander], d.hu = uniform(r, 16, 26), uniform(r, 0, 12)
	case p < expanderShare+implantShare:
		depth := uniform(r, 15, 24)
		d.depth = [2]float64{depth * uniform(r, 0.93, 1.07), depth * uniform(r, 0.93, 1.07)}
		d.hu = uniform(r, 75, 125) // silicone
		if r.Float64() < 0.25 {
			d.hu = uniform(r, 0, 15) // saline
		}
	}
	return d
}

// beneath is the implant of breast b on side s: an oblate bag on the chest wall.
func (d *implants) beneath(b *breast, s int) (group, bool) {
	half := d.depth[s]
	if half == 0 {
		return group{}, false
	}
	across := math.Min(b.radii[1], b.radii[2])
	wide := math.Min(across-6, 2.3*half)
	centre := b.base.Add(b.normal.Scale(half + 6))
	bag := ellipsoid(centre, [3]float64{half, wide, wide}, b.normal, vec{0, 0, 1})
	return group{
		prims: []prim{bag},
		m:     material{hu: d.hu, textureHU: 2, textureMM: 9, cortexHU: d.hu + 60, cortexMM: 0.8, roughMM: 1.2, roughScaleMM: 26, tissue: tissueImplant},
	}, true
}

// expanderPort is the steel back and the magnet's ring of a tissue expander, under the skin in front of the bag.
func (c *clutter) expanderPort() {
	if c.m.expander < 0 {
		return
	}
	b := &c.m.breasts[c.m.expander]
	half := c.m.implantDepth
	p := c.m.toWorld(b.base.Add(b.normal.Scale(2*half - 1)).Add(vec{0, 0, 12}))
	out := b.normal
	u := out.Cross(vec{0, 0, 1})
	u = u.Scale(1 / u.Norm())
	v := out.Cross(u)
	ring := func(radius float64) []vec {
		var loop []vec
		for k := range 25 {
			sn, cs := math.Sincos(2 * math.Pi * float64(k) / 24)
			loop = append(loop, p.Add(u.Scale(radius*cs)).Add(v.Scale(radius*sn)))
		}
		return loop
	}
	c.add("expander port", steelHU, true, func(s *solid) {
		for radius := 1.0; radius < 10; radius += 2 {
			s.wire(0.7, ring(radius)...)
		}
	})
}
