package phantom

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// terrain answers where things may be put: the phantom's own classes, or a real CT read by HU.
type terrain struct {
	g        *volume.Grid
	tissue   []uint8 // nil for a real CT
	hu       []int16
	external *volume.Mask
	centre   vec                 // of the body, world mm
	wall     [][wallBins]float32 // of a real CT: see chestWall
}

// at is the tissue at p; outside the grid it is air.
func (t *terrain) at(p vec) uint8 {
	x, y, z := t.g.ToVoxel(p)
	i, j, k := int(math.Round(x)), int(math.Round(y)), int(math.Round(z))
	if !t.g.Contains(i, j, k) {
		return tissueAir
	}
	n := t.g.Index(i, j, k)
	if t.tissue != nil {
		return t.tissue[n]
	}
	if !t.external.At(i, j, k) {
		return tissueAir
	}
	dx, dy := p[0]-t.centre[0], p[1]-t.centre[1]
	if w := t.wall[k][azimuth(dx, dy)]; dx*dx+dy*dy < float64(w*w) {
		return tissueInside
	}
	switch h := t.hu[n]; {
	case h < -300:
		return tissueLung
	case h > 130:
		return tissueBone
	case h > -20:
		return tissueMuscle
	}
	return tissueFat
}

func body(class uint8) bool { return class != tissueAir && class != tissueCouch }

// soft tells whether a clip may lie there.
func soft(class uint8) bool {
	return class == tissueFat || class == tissueBreast || class == tissueMuscle
}

// skin is the point where the ray from a body point outwards along d last leaves the body, within
// reach mm; it is found from outside, refined to a tenth of a voxel.
func (t *terrain) skin(from, d vec, reach float64) (vec, bool) {
	last := -1.0
	for s := 0.0; s < reach; s += 2 {
		if body(t.at(from.Add(d.Scale(s)))) {
			last = s
		} else if last >= 0 && s-last > 30 {
			break
		}
	}
	if last < 0 || last > reach-4 {
		return vec{}, false
	}
	lo, hi := last, last+2
	for range 5 {
		if mid := (lo + hi) / 2; body(t.at(from.Add(d.Scale(mid)))) {
			lo = mid
		} else {
			hi = mid
		}
	}
	p := from.Add(d.Scale(hi))
	x, y, z := t.g.ToVoxel(p)
	return p, t.g.Contains(int(math.Round(x)), int(math.Round(y)), int(math.Round(z)))
}

// thickness is how far soft tissue reaches inwards from skin point p along d, up to most mm.
func (t *terrain) thickness(p, d vec, most float64) float64 {
	for s := 1.5; s < most; s += 1.5 {
		if c := t.at(p.Sub(d.Scale(s))); !soft(c) && c != tissueSkin {
			return s
		}
	}
	return most
}

// around is the share of soft tissue on the sphere of radius r about p.
func (t *terrain) around(p vec, r float64) float64 {
	n := 0
	const of = 26
	for i := range of {
		if soft(t.at(p.Add(fibonacci(i, of).Scale(r)))) {
			n++
		}
	}
	return float64(n) / of
}

// fibonacci is direction i of n spread evenly over the sphere.
func fibonacci(i, n int) vec {
	z := 1 - (2*float64(i)+1)/float64(n)
	s, c := math.Sincos(float64(i) * 2.399963229728653)
	q := math.Sqrt(1 - z*z)
	return vec{q * c, q * s, z}
}
