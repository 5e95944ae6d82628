package phantom

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

type vec = volume.Vec

type primKind uint8

const (
	kindCapsule primKind = iota
	kindEllipsoid
	kindPlate
)

// prim is one closed shape with a signed distance in mm, negative inside.
type prim struct {
	kind    primKind
	a, b, c vec        // capsule: ends a, b; ellipsoid: centre a; plate: corners
	ra, rb  float64    // radii at a and b; a plate's half thickness is ra
	axes    [3]vec     // ellipsoid: unit axes
	inv     [3]float64 // ellipsoid: 1 / radius
	lo, hi  vec        // bounds
}

func bounded(p prim, r float64, points ...vec) prim {
	p.lo, p.hi = points[0], points[0]
	for _, q := range points {
		for i := range 3 {
			p.lo[i], p.hi[i] = math.Min(p.lo[i], q[i]), math.Max(p.hi[i], q[i])
		}
	}
	for i := range 3 {
		p.lo[i], p.hi[i] = p.lo[i]-r, p.hi[i]+r
	}
	return p
}

// capsule is a rod from a to b whose radius goes linearly from ra to rb.
func capsule(a, b vec, ra, rb float64) prim {
	return bounded(prim{kind: kindCapsule, a: a, b: b, ra: ra, rb: rb}, math.Max(ra, rb), a, b)
}

// tube joins points by capsules of one radius.
func tube(r float64, points ...vec) []prim {
	var ps []prim
	for i := 1; i < len(points); i++ {
		ps = append(ps, capsule(points[i-1], points[i], r, r))
	}
	return ps
}

// ellipsoid has its first axis along u and its second as near to v as it can be.
func ellipsoid(c vec, radii [3]float64, u, v vec) prim {
	u = u.Scale(1 / u.Norm())
	v = v.Sub(u.Scale(v.Dot(u)))
	v = v.Scale(1 / v.Norm())
	p := prim{kind: kindEllipsoid, a: c, axes: [3]vec{u, v, u.Cross(v)}}
	for i := range 3 {
		p.inv[i] = 1 / radii[i]
	}
	for k := range 3 {
		e := math.Sqrt(square(radii[0]*p.axes[0][k]) + square(radii[1]*p.axes[1][k]) + square(radii[2]*p.axes[2][k]))
		p.lo[k], p.hi[k] = c[k]-e, c[k]+e
	}
	return p
}

// egg is an ellipsoid along the axes.
func egg(c vec, rx, ry, rz float64) prim {
	return ellipsoid(c, [3]float64{rx, ry, rz}, vec{1, 0, 0}, vec{0, 1, 0})
}

// plate is a triangle thickened by r on both sides.
func plate(a, b, c vec, r float64) prim {
	return bounded(prim{kind: kindPlate, a: a, b: b, c: c, ra: r}, r, a, b, c)
}

// distance is the signed distance of p in mm; for an ellipsoid a first-order estimate
// (I. Quilez, distance to an ellipsoid).
func (s *prim) distance(p vec) float64 {
	switch s.kind {
	case kindCapsule:
		pa, ba := p.Sub(s.a), s.b.Sub(s.a)
		h := 0.0
		if l := ba.Dot(ba); l > 0 {
			h = math.Min(1, math.Max(0, pa.Dot(ba)/l))
		}
		d := pa.Sub(ba.Scale(h))
		return math.Sqrt(d.Dot(d)) - s.ra - h*(s.rb-s.ra)
	case kindEllipsoid:
		d := p.Sub(s.a)
		x, y, z := d.Dot(s.axes[0])*s.inv[0], d.Dot(s.axes[1])*s.inv[1], d.Dot(s.axes[2])*s.inv[2]
		k0 := math.Sqrt(x*x + y*y + z*z)
		x, y, z = x*s.inv[0], y*s.inv[1], z*s.inv[2]
		k1 := math.Sqrt(x*x + y*y + z*z)
		if k1 < 1e-9 {
			return -1 / math.Max(s.inv[0], math.Max(s.inv[1], s.inv[2]))
		}
		return k0 * (k0 - 1) / k1
	}
	return triangleDistance(p, s.a, s.b, s.c) - s.ra
}

// triangleDistance is the unsigned distance from p to triangle abc (I. Quilez).
func triangleDistance(p, a, b, c vec) float64 {
	ba, cb, ac := b.Sub(a), c.Sub(b), a.Sub(c)
	pa, pb, pc := p.Sub(a), p.Sub(b), p.Sub(c)
	n := ba.Cross(ac)
	if sign(ba.Cross(n).Dot(pa))+sign(cb.Cross(n).Dot(pb))+sign(ac.Cross(n).Dot(pc)) < 2 {
		edge := func(e, q vec) float64 {
			d := e.Scale(clamp01(e.Dot(q) / e.Dot(e))).Sub(q)
			return d.Dot(d)
		}
		return math.Sqrt(math.Min(edge(ba, pa), math.Min(edge(cb, pb), edge(ac, pc))))
	}
	return math.Abs(n.Dot(pa)) / n.Norm()
}

func sign(v float64) float64 {
	if v > 0 {
		return 1
	} else if v < 0 {
		return -1
	}
	return 0
}

func clamp01(v float64) float64 {
	if v < 0 {
		return 0
	} else if v > 1 {
		return 1
	}
	return v
}

// cover is the part of a pixel h mm wide that lies inside a surface at signed distance d.
func cover(d, h float64) float64 { return clamp01(0.5 - d/h) }

// smin is a minimum rounded over k mm.
func smin(a, b, k float64) float64 {
	h := k - math.Abs(a-b)
	if h <= 0 {
		return math.Min(a, b)
	}
	return math.Min(a, b) - h*h/(4*k)
}

func smoothstep(lo, hi, v float64) float64 {
	t := clamp01((v - lo) / (hi - lo))
	return t * t * (3 - 2*t)
}

// mirror returns ps and their mirror images at the midline.
func mirror(ps ...prim) []prim {
	out := append([]prim(nil), ps...)
	for _, p := range ps {
		for _, v := range []*vec{&p.a, &p.b, &p.c, &p.axes[0], &p.axes[1], &p.axes[2]} {
			v[0] = -v[0]
		}
		p.lo[0], p.hi[0] = -p.hi[0], -p.lo[0]
		out = append(out, p)
	}
	return out
}

// knots is a piecewise linear function with its corners rounded by interpolation in t^2(3-2t) mixed half and half.
type knots [][2]float64

func (k knots) at(x float64) float64 {
	if x <= k[0][0] {
		return k[0][1]
	}
	for i := 1; i < len(k); i++ {
		if x <= k[i][0] {
			t := (x - k[i-1][0]) / (k[i][0] - k[i-1][0])
			t = 0.6*t + 0.4*t*t*(3-2*t)
			return k[i-1][1] + t*(k[i][1]-k[i-1][1])
		}
	}
	return k[len(k)-1][1]
}
