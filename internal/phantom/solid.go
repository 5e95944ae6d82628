package phantom

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	titaniumHU = 7140.0
	steelHU    = 14000.0
	leadHU     = 22000.0
)

// point is a speck of a solid: world mm and its volume in mm3.
type point struct{ x, y, z, mm3 float64 }

// solid is a thing of one material too fine for the voxels.
type solid struct {
	kind   string
	hu     float64
	points []point
	centre vec // of its volume
	clip   int // index of the clip it is, or -1
	streak bool
}

// rod adds a cylinder from a to b of radius r.
func (s *solid) rod(a, b vec, r float64) {
	axis := b.Sub(a)
	l := axis.Norm()
	if l < 1e-9 {
		return
	}
	u := axis.Scale(1 / l)
	v := vec{1, 0, 0}
	if math.Abs(u[0]) > 0.8 {
		v = vec{0, 1, 0}
	}
	v = u.Cross(v)
	v = v.Scale(1 / v.Norm())
	w := u.Cross(v)
	n := max(2, int(math.Ceil(r/0.2))) // rings across
	step := math.Min(0.35, math.Max(0.25, r/2))
	along := max(1, int(math.Ceil(l/step)))
	var disc [][2]float64
	for i := -n; i <= n; i++ {
		for j := -n; j <= n; j++ {
			p, q := float64(i)/(float64(n)+0.5), float64(j)/(float64(n)+0.5)
			if p*p+q*q <= 1 {
				disc = append(disc, [2]float64{p * r, q * r})
			}
		}
	}
	mm3 := math.Pi * r * r * l / float64(along*len(disc))
	for k := range along {
		p := a.Add(u.Scale((float64(k) + 0.5) / float64(along) * l))
		for _, d := range disc {
			q := p.Add(v.Scale(d[0])).Add(w.Scale(d[1]))
			s.points = append(s.points, point{q[0], q[1], q[2], mm3})
		}
	}
}

// wire adds rods of radius r through ps.
func (s *solid) wire(r float64, ps ...vec) {
	for i := 1; i < len(ps); i++ {
		s.rod(ps[i-1], ps[i], r)
	}
}

// egg adds an ellipsoid of the given radii; hollow leaves only a shell of that relative thickness.
func (s *solid) egg(c vec, radii [3]float64, hollow float64) {
	n := [3]int{}
	for i, r := range radii {
		n[i] = min(12, max(3, int(math.Ceil(r/0.25))))
	}
	first := len(s.points)
	for k := -n[2]; k <= n[2]; k++ {
		for j := -n[1]; j <= n[1]; j++ {
			for i := -n[0]; i <= n[0]; i++ {
				p := vec{float64(i) / (float64(n[0]) + 0.5), float64(j) / (float64(n[1]) + 0.5), float64(k) / (float64(n[2]) + 0.5)}
				if l := p.Norm(); l <= 1 && (hollow <= 0 || l > 1-hollow) {
					s.points = append(s.points, point{x: c[0] + p[0]*radii[0], y: c[1] + p[1]*radii[1], z: c[2] + p[2]*radii[2]})
				}
			}
		}
	}
	whole := 4 * math.Pi / 3 * radii[0] * radii[1] * radii[2]
	if hollow > 0 {
		whole *= 1 - math.Pow(1-hollow, 3)
	}
	for i := first; i < len(s.points); i++ {
		s.points[i].mm3 = whole / float64(len(s.points)-first)
	}
}

// finish computes the centre.
func (s *solid) finish() {
	var sum vec
	total := 0.0
	for _, p := range s.points {
		sum = sum.Add(vec{p.x, p.y, p.z}.Scale(p.mm3))
		total += p.mm3
	}
	if total > 0 {
		s.centre = sum.Scale(1 / total)
	}
}

// distractor is s as a case names it.
func (s *solid) distractor() Distractor {
	const apartMM = 3
	d := Distractor{Kind: s.kind, CentreMM: s.centre}
	for _, p := range s.points {
		at := vec{p.x, p.y, p.z}
		if !slices.ContainsFunc(d.PlacesMM, func(q vec) bool { return q.Distance(at) < apartMM }) {
			d.PlacesMM = append(d.PlacesMM, at)
		}
	}
	return d
}

// clipSolid is a closed U of titanium wire: two legs along u side by side along v, joined at one end.
func clipSolid(centre, u, v vec, lengthMM, wireMM, gapMM float64) *solid {
	s := &solid{kind: "clip", hu: titaniumHU, streak: true}
	v = v.Sub(u.Scale(v.Dot(u)))
	v = v.Scale(1 / v.Norm())
	r := wireMM / 2
	half := (wireMM + gapMM) / 2
	at := func(p, q float64) vec { return centre.Add(u.Scale(p)).Add(v.Scale(q)) }
	lo, hi := -lengthMM/2+r, lengthMM/2-r
	bend := math.Min(half, hi-lo)
	// The free ends lean together, as a closed clip's do.
	tip := math.Max(r, half*0.85)
	s.wire(r, at(hi, tip), at(lo+bend, half), at(lo+0.3*bend, 0.75*half), at(lo, 0.25*half),
		at(lo, -0.25*half), at(lo+0.3*bend, -0.75*half), at(lo+bend, -half), at(hi, -tip))
	s.finish()
	return s
}

// sliceProfile is the near-box profile of a slice t mm thick at distance d from its centre; its
// integral over d is 1.
func sliceProfile(d, t float64) float64 {
	e := 0.12 * t // half width of the shoulders
	return clamp01(0.5-(math.Abs(d)-t/2)/(2*e)) / t
}

// patch is what a solid fills of each voxel of box, after blurring.
type patch struct {
	s        *solid
	box      volume.Box
	fraction []float32 // [z][y][x] of box, then the contribution in HU once rendered
	weight   []float32 // the fraction, kept
}

// splat renders s on g (axis-aligned) through the point spread of psfMM and the slice profile.
func splat(g *volume.Grid, s *solid, psfMM float64) *patch {
	if len(s.points) == 0 {
		return nil
	}
	sigma := psfMM / fwhmPerSigma
	rx := 3 * sigma
	lo, hi := vec{far, far, far}, vec{-far, -far, -far}
	for _, p := range s.points {
		q := vec{p.x, p.y, p.z}
		for i := range 3 {
			lo[i], hi[i] = math.Min(lo[i], q[i]), math.Max(hi[i], q[i])
		}
	}
	var box volume.Box
	thick := g.SliceThickness(0)
	x0, y0, _ := g.ToVoxel(vec{lo[0] - rx, lo[1] - rx, lo[2]})
	x1, y1, _ := g.ToVoxel(vec{hi[0] + rx, hi[1] + rx, hi[2]})
	box.Min = [3]int{int(math.Floor(x0)), int(math.Floor(y0)), g.Nz()}
	box.Max = [3]int{int(math.Ceil(x1)) + 1, int(math.Ceil(y1)) + 1, 0}
	for z := range g.SliceMM {
		thick = math.Max(thick, g.SliceThickness(z))
		c := g.Origin[2] + g.SliceMM[z]
		if reach := 0.62 * g.SliceThickness(z); c > lo[2]-reach && c < hi[2]+reach {
			box.Min[2], box.Max[2] = min(box.Min[2], z), max(box.Max[2], z+1)
		}
	}
	box = box.Intersect(g.Bounds())
	if box.Empty() {
		return nil
	}
	size := box.Size()
	p := &patch{s: s, box: box, fraction: make([]float32, size[0]*size[1]*size[2])}
	norm := 1 / (2 * math.Pi * sigma * sigma)
	ex, ey := make([]float32, size[0]), make([]float32, size[1])
	for _, q := range s.points {
		vx, vy := (q.x-g.Origin[0])/g.SpacingX-float64(box.Min[0]), (q.y-g.Origin[1])/g.SpacingY-float64(box.Min[1])
		i0, i1 := max(0, int(math.Ceil(vx-rx/g.SpacingX))), min(size[0]-1, int(math.Floor(vx+rx/g.SpacingX)))
		j0, j1 := max(0, int(math.Ceil(vy-rx/g.SpacingY))), min(size[1]-1, int(math.Floor(vy+rx/g.SpacingY)))
		if i0 > i1 || j0 > j1 {
			continue
		}
		for i := i0; i <= i1; i++ {
			d := (float64(i) - vx) * g.SpacingX / sigma
			ex[i] = float32(math.Exp(-0.5 * d * d))
		}
		for j := j0; j <= j1; j++ {
			d := (float64(j) - vy) * g.SpacingY / sigma
			ey[j] = float32(math.Exp(-0.5 * d * d))
		}
		for k := range size[2] {
			z := box.Min[2] + k
			w := float32(q.mm3 * norm * sliceProfile(q.z-g.Origin[2]-g.SliceMM[z], g.SliceThickness(z)))
			if w == 0 {
				continue
			}
			for j := j0; j <= j1; j++ {
				wy := w * ey[j]
				row := p.fraction[(k*size[1]+j)*size[0]:]
				for i := i0; i <= i1; i++ {
					row[i] += wy * ex[i]
				}
			}
		}
	}
	for i, f := range p.fraction {
		if f > 1 {
			p.fraction[i] = 1
		}
	}
	return p
}

// mask is the voxels of p whose contribution is at least half the peak.
func (p *patch) mask(g *volume.Grid) *volume.Mask {
	m := volume.NewMask(g)
	peak := float32(0)
	for _, v := range p.fraction {
		peak = max(peak, v)
	}
	size := p.box.Size()
	for i, v := range p.fraction {
		if v > 0 && v >= peak/2 {
			x := i % size[0]
			y := i / size[0] % size[1]
			m.Set(p.box.Min[0]+x, p.box.Min[1]+y, p.box.Min[2]+i/(size[0]*size[1]), true)
		}
	}
	return m
}
