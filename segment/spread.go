package segment

import (
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Clips show the cavity only where they are: when they lie along a line, on one wall, or all on one side of what is drawn from
// them, the other side is a guess, and the user is told so.

const (
	lineMM     = 6    // distance from their longest axis below which clips count as lying along it
	oneSided   = 0.6  // length of the mean unit vector to the clips above which they are on one side: 0.5 is a hemisphere
	heaped     = 0.45 // the same from the middle of the clips' own hull, in which they are never all on one side
	layerShare = 0.35 // of its width: a layer of clips that is thinner lies on one wall; on a sphere 120 degrees across it has 0.3, half a sphere 0.5
	asideMM    = 3    // how far beyond a plane through the middle of a target every clip must lie to be on one side of it
)

// spreadWarning warns of clips that lie along a line: they tell where the bed is, not how wide.
func spreadWarning(centres []volume.Vec) []string {
	a, b := farthestPair(centres)
	long := a.Distance(b)
	if len(centres) < enoughClips || long == 0 {
		return nil
	}
	along, wide := b.Sub(a).Scale(1/long), 0.0
	for _, p := range centres {
		wide = max(wide, along.Cross(p.Sub(a)).Norm())
	}
	if wide >= lineMM {
		return nil
	}
	return []string{fmt.Sprintf("the %d clips lie within %d mm of a line: they are not spread round the bed; check it against the seroma", len(centres), lineMM)}
}

// farthestPair returns the two points that are the farthest apart; zeros for fewer than two.
func farthestPair(points []volume.Vec) (a, b volume.Vec) {
	long := 0.0
	for i, p := range points {
		for _, q := range points[:i] {
			if d := p.Distance(q); d > long {
				long, a, b = d, p, q
			}
		}
	}
	return a, b
}

// wallWarning warns of clips, of which there are enough, that lie on one wall of the cavity as far as they tell by themselves: in a
// layer, or nearly all in one direction from the middle of their bed. Centres and middle are LPS mm.
func (b *bed) wallWarning(centres []volume.Vec, middle volume.Vec) []string {
	low, high := along(centres, b.across)
	if wide := widthAcross(centres, b.across); high-low < layerShare*wide {
		return []string{fmt.Sprintf("the %d clips lie in a layer %.0f mm thick and %.0f mm wide, as on one wall of the cavity: they do not show its other side; check it against the seroma", b.count, high-low, wide)}
	}
	var to volume.Vec
	for _, c := range centres {
		way := c.Sub(middle)
		to = to.Add(way.Scale(1 / max(way.Norm(), 1) / float64(len(centres))))
	}
	if to.Norm() > heaped {
		return []string{fmt.Sprintf("most of the %d clips lie %s of the middle of the bed: they are not spread round it; check it against the seroma", b.count, direction(to))}
	}
	return nil
}

// widthAcross is the extent of points perpendicular to normal and to the longest distance between them there.
func widthAcross(points []volume.Vec, normal volume.Vec) float64 {
	flat := make([]volume.Vec, len(points))
	for i, p := range points {
		flat[i] = p.Sub(normal.Scale(normal.Dot(p)))
	}
	a, b := farthestPair(flat)
	across := normal.Cross(b.Sub(a))
	if across.Norm() == 0 {
		return 0
	}
	low, high := along(flat, across.Scale(1/across.Norm()))
	return high - low
}

// along is how far points go along a unit direction.
func along(points []volume.Vec, way volume.Vec) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, way.Dot(p)), max(high, way.Dot(p))
	}
	return low, high
}

// AllOnOneSide tells whether three or more points all lie on one side of centre: beyond a plane through it by 3 mm or more. way is the
// direction in which they lie.
func AllOnOneSide(centre volume.Vec, points []volume.Vec) (way volume.Vec, all bool) {
	if len(points) < 3 {
		return way, false
	}
	best := math.Inf(-1)
	const directions = 400
	for i := range directions { // spread evenly, a Fibonacci spiral
		z := 1 - (2*float64(i)+1)/directions
		r, turn := math.Sqrt(1-z*z), math.Pi*(3-math.Sqrt(5))*float64(i)
		d := volume.Vec{r * math.Cos(turn), r * math.Sin(turn), z}
		least := math.Inf(1)
		for _, p := range points {
			least = min(least, p.Sub(centre).Dot(d))
		}
		if least > best {
			best, way = least, d
		}
	}
	return way, best >= asideMM
}

// direction names the patient's direction that v points to most.
func direction(v volume.Vec) string {
	names := [3][2]string{{"right", "left"}, {"anterior", "posterior"}, {"inferior", "superior"}}
	most := 0
	for i := range v {
		if math.Abs(v[i]) > math.Abs(v[most]) {
			most = i
		}
	}
	if v[most] < 0 {
		return names[most][0]
	}
	return names[most][1]
}
