package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// mostAlphaClips is the number of clips up to which every four are tried for an alpha shape.
const mostAlphaClips = 60

// alphaTetrahedra are the fours of points whose circumscribed sphere holds no other point and is no larger than alphaMM: the
// alpha shape of the points (Edelsbrunner and Mücke 1994, doi:10.1145/174462.156635). Points are few: every four is tried.
func alphaTetrahedra(points []volume.Vec, alphaMM float64) [][4]int {
	moved := make([]volume.Vec, len(points))
	for i, p := range points {
		moved[i] = p.Add(grain(i)) // no five lie on a sphere
	}
	var kept [][4]int
	for a := range moved {
		for b := range a {
			for c := range b {
				for d := range c {
					centre, radius, ok := circumsphere(moved[a], moved[b], moved[c], moved[d])
					if !ok || radius > alphaMM {
						continue
					}
					empty := true
					for i, p := range moved {
						if i != a && i != b && i != c && i != d && p.Distance(centre) < radius {
							empty = false
							break
						}
					}
					if empty {
						kept = append(kept, [4]int{a, b, c, d})
					}
				}
			}
		}
	}
	return kept
}

// circumsphere goes through the four points; ok is false where they lie in a plane.
func circumsphere(p, a, b, c volume.Vec) (centre volume.Vec, radiusMM float64, ok bool) {
	a, b, c = a.Sub(p), b.Sub(p), c.Sub(p)
	det := 2 * a.Dot(b.Cross(c))
	if math.Abs(det) < 1e-6*a.Norm()*b.Norm()*c.Norm() {
		return volume.Vec{}, 0, false
	}
	to := b.Cross(c).Scale(a.Dot(a)).Add(c.Cross(a).Scale(b.Dot(b))).Add(a.Cross(b).Scale(c.Dot(c))).Scale(1 / det)
	return p.Add(to), to.Norm(), true
}

// newAlphaBed is the bed of clips as their alpha shape: the hulls of those fours of clips that a sphere of alphaMM round them
// holds and no other clip is in. A clip in none of them is joined to the nearest by their common hull, so that none is lost.
// It returns nil if no clip is kept.
func newAlphaBed(g *volume.Grid, clips []Clip, alphaMM float64) *bed {
	hullBed := newBed(g, clips)
	if hullBed == nil || hullBed.count < enoughClips || hullBed.count > mostAlphaClips {
		return hullBed
	}
	var centres []volume.Vec
	var surfaces [][]volume.Vec
	for _, c := range clips {
		if c.Kept && c.Mask != nil && !c.Mask.Empty() {
			centres = append(centres, alongAxes(g, c.CentreMM))
			surfaces = append(surfaces, surfacePoints(c.Mask))
		}
	}
	groups := [][]int{}
	used := make([]bool, len(centres))
	for _, four := range alphaTetrahedra(centres, alphaMM) {
		groups = append(groups, four[:])
		for _, i := range four {
			used[i] = true
		}
	}
	for i := range centres {
		if used[i] {
			continue
		}
		near, least := -1, math.Inf(1)
		for j, p := range centres {
			if d := p.Distance(centres[i]); j != i && d < least {
				near, least = j, d
			}
		}
		groups = append(groups, []int{i, near})
	}
	b := &bed{count: hullBed.count, warnings: hullBed.warnings, mask: volume.NewMask(g)}
	b.body = unionOfHulls(g, groups, surfaces)
	for _, c := range clips {
		if c.Kept && c.Mask != nil {
			b.mask = b.mask.Union(c.Mask)
		}
	}
	b.mask = b.body.dilate(newReach(g, Margin{})).Union(b.mask)
	return b
}

// unionOfHulls is the body of the hulls of groups of surfaces.
func unionOfHulls(g *volume.Grid, groups [][]int, surfaces [][]volume.Vec) *solid {
	lo, hi := surfaces[0][0], surfaces[0][0]
	hulls := make([]*hull, 0, len(groups))
	for _, group := range groups {
		var points []volume.Vec
		for _, i := range group {
			points = append(points, surfaces[i]...)
		}
		h, ok := newHull(points)
		if !ok {
			panic("segment: the surface points of a voxel lie in a plane")
		}
		hulls = append(hulls, h)
		for _, p := range points {
			for k := range 3 {
				lo[k], hi[k] = min(lo[k], p[k]), max(hi[k], p[k])
			}
		}
	}
	s := newLattice(g, finestMM, lo[1], hi[1], lo[2], hi[2])
	rows := make([][]rowSpan, len(s.zs))
	inParallel(len(s.zs), func() func(int) {
		return func(k int) {
			for _, h := range hulls {
				for j := range s.ny {
					if sp, ok := h.row(s.y(j), s.zs[k]); ok {
						rows[k] = append(rows[k], rowSpan{int32(j), sp})
					}
				}
			}
			rows[k] = mergeRows(rows[k])
		}
	})
	s.assemble(rows)
	return s
}
