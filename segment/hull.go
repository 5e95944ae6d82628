package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// halfSpace is the set of p with normal . p <= offset; the normal has length 1.
type halfSpace struct {
	normal volume.Vec
	offset float64
}

func (h halfSpace) above(p volume.Vec) float64 { return h.normal.Dot(p) - h.offset }

// facet is a triangle of a hull, its corners counter-clockwise from outside.
type facet struct {
	corner [3]int
	plane  halfSpace
	gone   bool
}

// hull is the convex hull of points that do not lie in a plane.
type hull struct {
	points []volume.Vec
	facets []facet
}

// hullGrainMM is by how much points are moved so that no four are in a plane: the facets are triangles.
const hullGrainMM = 1e-6

// hullStepMM is the distance between the rows of a hull's lattice: a margin from it is then true to 0.1 mm, and as a convex
// body it is cheap.
const hullStepMM = 0.15

// newHull returns the hull of points; ok is false if they lie within a thousandth of a mm of a plane. Points are added one
// by one, the farthest first: what sees a new point is replaced by a fan from it to the horizon
// (Preparata and Hong 1977, doi:10.1145/359423.359430).
func newHull(points []volume.Vec) (h *hull, ok bool) {
	h = &hull{points: make([]volume.Vec, len(points))}
	for i, p := range points {
		h.points[i] = p.Add(grain(i))
	}
	first, ok := h.simplex()
	if !ok {
		return nil, false
	}
	inner := volume.Vec{}
	for _, i := range first {
		inner = inner.Add(h.points[i].Scale(0.25))
	}
	for _, c := range [4][3]int{{0, 1, 2}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}} {
		h.add([3]int{first[c[0]], first[c[1]], first[c[2]]}, inner)
	}
	for _, i := range h.order() {
		h.extend(i, inner)
	}
	kept := h.facets[:0]
	for _, f := range h.facets {
		if !f.gone {
			kept = append(kept, f)
		}
	}
	h.facets = kept
	return h, true
}

// grain is a small displacement, different for each i and the same every time.
func grain(i int) volume.Vec {
	var v volume.Vec
	state := uint64(i)*0x9E3779B97F4A7C15 + 1
	for k := range v {
		state ^= state >> 30
		state *= 0xBF58476D1CE4E5B9
		state ^= state >> 27
		v[k] = hullGrainMM * (float64(state>>11)/(1<<53) - 0.5)
	}
	return v
}

// simplex picks four points far from a common plane.
func (h *hull) simplex() (corner [4]int, ok bool) {
	farthest := func(measure func(p volume.Vec) float64) (int, float64) {
		best, most := 0, -1.0
		for i, p := range h.points {
			if d := measure(p); d > most {
				best, most = i, d
			}
		}
		return best, most
	}
	if len(h.points) < 4 {
		return corner, false
	}
	corner[0], _ = farthest(func(p volume.Vec) float64 { return p[0] - h.points[0][0] + 1e6 })
	a := h.points[corner[0]]
	corner[1], _ = farthest(func(p volume.Vec) float64 { return p.Distance(a) })
	ab := h.points[corner[1]].Sub(a)
	corner[2], _ = farthest(func(p volume.Vec) float64 { return ab.Cross(p.Sub(a)).Norm() })
	normal := ab.Cross(h.points[corner[2]].Sub(a))
	if !(normal.Norm() > 1e-3*ab.Norm()) || ab.Norm() < 1e-3 {
		return corner, false
	}
	normal = normal.Scale(1 / normal.Norm())
	height := 0.0
	corner[3], height = farthest(func(p volume.Vec) float64 { return math.Abs(normal.Dot(p.Sub(a))) })
	return corner, height > 1e-3
}

// order lists the points with those farthest out in 26 directions first, so that most others are found
// to be inside a hull that hardly grows any more.
func (h *hull) order() []int {
	order := make([]int, 0, len(h.points)+26)
	for k := range 27 {
		d := volume.Vec{float64(k%3 - 1), float64(k/3%3 - 1), float64(k/9 - 1)}
		best := 0
		for i, p := range h.points {
			if p.Dot(d) > h.points[best].Dot(d) {
				best = i
			}
		}
		order = append(order, best)
	}
	for i := range h.points {
		order = append(order, i)
	}
	return order
}

// add appends the triangle, turned so that inner is below it.
func (h *hull) add(c [3]int, inner volume.Vec) {
	a, b, d := h.points[c[0]], h.points[c[1]], h.points[c[2]]
	n := b.Sub(a).Cross(d.Sub(a))
	n = n.Scale(1 / max(n.Norm(), 1e-300))
	if n.Dot(inner.Sub(a)) > 0 {
		n = n.Scale(-1)
		c[1], c[2] = c[2], c[1]
	}
	h.facets = append(h.facets, facet{corner: c, plane: halfSpace{n, n.Dot(a)}})
}

// extend makes point i part of the hull if it is outside.
func (h *hull) extend(i int, inner volume.Vec) {
	var horizon [][2]int // directed edges of the facets that see the point
	p := h.points[i]
	for k := range h.facets {
		f := &h.facets[k]
		if f.gone || f.plane.above(p) <= 1e-9 || f.corner[0] == i || f.corner[1] == i || f.corner[2] == i {
			continue
		}
		f.gone = true
		for e := range 3 {
			horizon = append(horizon, [2]int{f.corner[e], f.corner[(e+1)%3]})
		}
	}
	if len(horizon) == 0 {
		return
	}
	inside := make(map[[2]int]bool, len(horizon))
	for _, e := range horizon {
		inside[e] = true
	}
	for _, e := range horizon {
		if !inside[[2]int{e[1], e[0]}] { // its other side does not see the point
			h.add([3]int{e[0], e[1], i}, inner)
		}
	}
	if len(h.facets) > 4*len(h.points)+64 {
		kept := h.facets[:0]
		for _, f := range h.facets {
			if !f.gone {
				kept = append(kept, f)
			}
		}
		h.facets = kept
	}
}

// volumeMM3 is the volume enclosed.
func (h *hull) volumeMM3() float64 {
	v := 0.0
	o := h.points[0]
	for _, f := range h.facets {
		a, b, c := h.points[f.corner[0]].Sub(o), h.points[f.corner[1]].Sub(o), h.points[f.corner[2]].Sub(o)
		v += a.Dot(b.Cross(c)) / 6
	}
	return v
}

// thickness is the least width of the hull in mm perpendicular to a facet, and in which direction that is.
func (h *hull) thickness() (least float64, across volume.Vec) {
	least = math.Inf(1)
	for _, f := range h.facets {
		depth := 0.0
		for _, p := range h.points {
			depth = max(depth, -f.plane.above(p))
		}
		if depth < least {
			least, across = depth, f.plane.normal
		}
	}
	return least, across
}

// solid returns the hull, whose points are mm along the axes of g from its voxel (0, 0, 0), on a lattice of g.
func (h *hull) solid(g *volume.Grid) *solid {
	lo, hi := h.points[0], h.points[0]
	for _, p := range h.points {
		for i := range 3 {
			lo[i], hi[i] = min(lo[i], p[i]), max(hi[i], p[i])
		}
	}
	s := newLatticeOf(g, lo[1], hi[1], lo[2], hi[2], hullStepMM)
	s.convex = true
	rows := make([][]rowSpan, len(s.zs))
	inParallel(len(s.zs), func() func(int) {
		return func(k int) {
			for j := range s.ny {
				if sp, ok := h.row(s.y(j), s.zs[k]); ok {
					rows[k] = append(rows[k], rowSpan{int32(j), sp})
				}
			}
		}
	})
	s.assemble(rows)
	return s
}

// row is the part of the row (y, z) that is in the hull.
func (h *hull) row(y, z float64) (span, bool) {
	sp := span{math.Inf(-1), math.Inf(1)}
	for i := range h.facets {
		p := &h.facets[i].plane
		rest := p.offset - p.normal[1]*y - p.normal[2]*z
		switch nx := p.normal[0]; {
		case nx > 1e-12:
			sp.x1 = min(sp.x1, rest/nx)
		case nx < -1e-12:
			sp.x0 = max(sp.x0, rest/nx)
		case rest < -hullGrainMM:
			return sp, false
		}
	}
	// The grain must not cost a row that lies in a facet.
	return span{sp.x0 - hullGrainMM, sp.x1 + hullGrainMM}, sp.x0 <= sp.x1+2*hullGrainMM
}
