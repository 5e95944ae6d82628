package phantom

import (
	"math"
	"math/rand/v2"
)

// cavity is a lumpectomy cavity: a lumpy ellipsoid of serous fluid in a scarred wall.
type cavity struct {
	shape    prim
	centre   vec
	radii    [3]float64
	fluidHU  float64
	wallHU   float64
	wallMM   float64
	strandMM float64 // how far the scar strays into the fat
	strength float64 // 0 healed .. 1 fresh
	lumpMM   float64
	tex      *texture
	offset   float64
}

// distance is signed, mm, lumps included.
func (c *cavity) distance(p vec) float64 {
	return c.shape.distance(p) + c.lumpMM*c.tex.at(p[0]*0.09+c.offset, p[1]*0.09, p[2]*0.09)
}

// apply blends the cavity into one tissue value at p, and tells how much of the tissue it replaced.
func (c *cavity) apply(hu float64, p vec, px float64) (blended, replaced float64) {
	d := c.distance(p)
	if d > c.strandMM {
		return hu, 0
	}
	blur := 2.2 * px
	wall := cover(d-c.wallMM, blur) * c.strength
	if d > 0 {
		strand := c.tex.ridge(p[0]*0.1+c.offset, p[1]*0.1, p[2]*0.1, 0.22)
		wall = math.Max(wall, strand*(1-d/c.strandMM)*0.8*c.strength)
	}
	if hu < c.wallHU {
		hu += wall * (c.wallHU - hu)
		replaced = wall
	}
	in := cover(d, blur) * c.strength
	return hu + in*(c.fluidHU+3*c.tex.at(p[0]*0.2, p[1]*0.2, p[2]*0.2)-hu), math.Max(replaced, in)
}

// placeCavity finds a site in the breast of side sx (-1 right, +1 left): between skin and chest wall.
func placeCavity(r *rand.Rand, t *terrain, tex *texture, sx, zLo, zHi float64) (*cavity, bool) {
	size := math.Exp(uniform(r, math.Log(6), math.Log(23)))
	best, bestShare, bestSize := vec{}, -1.0, size
	for try := range 90 {
		if try%15 == 14 {
			size *= 0.8
		}
		from := vec{t.centre[0] + sx*uniform(r, 25, 55), t.centre[1] - uniform(r, -10, 30), uniform(r, zLo, zHi)}
		a := uniform(r, 0.0, 1.35) // from anterior to the side
		d := vec{sx * math.Sin(a), -math.Cos(a), 0}
		skin, ok := t.skin(from, d, 240)
		if !ok {
			continue
		}
		th := t.thickness(skin, d, 70)
		if th < 9 {
			continue
		}
		depth := uniform(r, math.Min(6, th/2), th)
		p := skin.Sub(d.Scale(depth))
		if c := t.at(p); !soft(c) || c == tissueMuscle && t.tissue != nil {
			continue
		}
		share := t.around(p, size) + 0.4*t.around(p, size+5)
		if t.tissue != nil && t.at(p) != tissueBreast {
			share -= 0.4
		}
		if share > bestShare {
			best, bestShare, bestSize = p, share, size
		}
		if share > 1.25 {
			break
		}
	}
	if bestShare < 0.3 {
		return nil, false
	}
	c := &cavity{
		centre: best, fluidHU: uniform(r, 10, 25), wallHU: uniform(r, 28, 52), wallMM: uniform(r, 0.8, 3),
		strandMM: uniform(r, 4, 13), strength: 1, lumpMM: uniform(r, 0.5, 3.5) * math.Min(1, bestSize/12), tex: tex, offset: uniform(r, 0, 60),
	}
	if uniform(r, 0, 1) < 0.3 {
		c.strength = uniform(r, 0.1, 0.8) // healing
	}
	for i := range c.radii {
		c.radii[i] = bestSize * uniform(r, 0.65, 1.3)
	}
	c.shape = ellipsoid(best, c.radii, direction(r), direction(r))
	return c, true
}

// move puts the fluid, somewhat shrunk, mm aside to where the softest tissue is: clips and cavity then disagree.
func (c *cavity) move(t *terrain, mm float64) {
	const directions = 40
	best, to := -1.0, c.centre
	for i := range directions {
		p := c.centre.Add(fibonacci(i, directions).Scale(mm))
		if share := t.around(p, (c.radii[0]+c.radii[1]+c.radii[2])/3); soft(t.at(p)) && share > best {
			best, to = share, p
		}
	}
	for i := range c.radii {
		c.radii[i] *= 0.8
	}
	c.centre = to
	c.shape = ellipsoid(to, c.radii, c.shape.axes[0], c.shape.axes[1])
}

// clipKind is a size of clip on the market: length, wire and inner gap in mm.
func clipKind(r *rand.Rand) (length, wire, gap float64) {
	switch p := r.Float64(); {
	case p < 0.3:
		return uniform(r, 3.7, 4.3), uniform(r, 0.54, 0.68), uniform(r, 0.05, 0.4)
	case p < 0.72:
		return uniform(r, 5.6, 6.4), uniform(r, 0.76, 0.95), uniform(r, 0.1, 0.6)
	}
	return uniform(r, 8.5, 9.4), uniform(r, 0.86, 1.0), uniform(r, 0.1, 0.8)
}

// settle moves p towards home until it lies in soft tissue with soft tissue about it.
func settle(t *terrain, p, home vec, clear float64) (vec, bool) {
	for k := range 12 {
		q := p.Add(home.Sub(p).Scale(float64(k) / 12))
		if soft(t.at(q)) && t.around(q, clear) > 0.85 {
			return q, true
		}
	}
	return p, false
}

// bedClips puts n clips on the wall of c, some of them in pairs of one kind.
func bedClips(r *rand.Rand, t *terrain, c *cavity, n int, o SampleOptions) (solids []*solid, lengths []float64) {
	paired := o.Pairs.or(r.Float64() < 0.4)
	turn := ellipsoid(vec{}, [3]float64{1, 1, 1}, direction(r), direction(r)).axes
	sites := n
	if paired {
		sites = (n + 1) / 2
	}
	length, wire, gap := clipKind(r) // one maker for the case, mostly
	mixed := r.Float64() < 0.3
	spread := uniform(r, 0.95, 1.35)
	var last vec
	for i := range sites * 3 {
		if len(solids) >= n {
			break
		}
		f := fibonacci(i%sites, sites)
		d := turn[0].Scale(f[0]).Add(turn[1].Scale(f[1])).Add(turn[2].Scale(f[2])).Add(direction(r).Scale(0.35))
		d = d.Scale(1 / d.Norm())
		reach := 1 / math.Sqrt(square(d.Dot(c.shape.axes[0])/c.radii[0])+square(d.Dot(c.shape.axes[1])/c.radii[1])+square(d.Dot(c.shape.axes[2])/c.radii[2]))
		p := c.centre.Add(d.Scale(math.Max(5, reach*spread) + uniform(r, -0.5, 2.5)))
		p, ok := settle(t, p, c.centre, 2.5)
		if !ok || tooNear(solids, p, 6) {
			continue
		}
		if mixed {
			length, wire, gap = clipKind(r)
		}
		if o.ClipMM > 0 {
			length, wire, gap = o.ClipMM, math.Min(1, 0.15*o.ClipMM), 0.2
		}
		u := direction(r)
		put := func(p, u vec) {
			s := clipSolid(p, u, direction(r), length, wire, gap)
			solids, lengths = append(solids, s), append(lengths, length)
			last = p
		}
		put(p, u)
		if paired && len(solids) < n {
			off := direction(r)
			off = off.Sub(u.Scale(0.7 * off.Dot(u)))
			q := last.Add(off.Scale(uniform(r, 3, 5) / off.Norm()))
			if soft(t.at(q)) {
				w := u.Add(direction(r).Scale(0.35))
				put(q, w.Scale(1/w.Norm()))
			}
		}
	}
	return solids, lengths
}

func square(v float64) float64 { return v * v }

func tooNear(solids []*solid, p vec, mm float64) bool {
	for _, s := range solids {
		if s.centre.Distance(p) < mm {
			return true
		}
	}
	return false
}

// axillaryClips puts up to n clips into the fat of the axilla of side sx near home.
func axillaryClips(r *rand.Rand, t *terrain, home vec, n int) (solids []*solid, lengths []float64) {
	length, wire, gap := clipKind(r)
	for range n * 8 {
		if len(solids) >= n {
			break
		}
		p := home.Add(vec{uniform(r, -22, 22), uniform(r, -25, 25), uniform(r, -32, 32)})
		if c := t.at(p); c != tissueFat || t.around(p, 3) < 0.8 || tooNear(solids, p, 5) {
			continue
		}
		solids = append(solids, clipSolid(p, direction(r), direction(r), length, wire, gap))
		lengths = append(lengths, length)
	}
	return solids, lengths
}
