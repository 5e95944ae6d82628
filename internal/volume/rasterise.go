package volume

import (
	"math"
	"slices"
)

// planeToleranceMM is the distance along the normal within which contours count as being on one plane.
const planeToleranceMM = 0.1

// flatToleranceMM is how far the points of one contour may lie apart along the normal.
const flatToleranceMM = 0.5

// snapPx is the grain in pixels to which points are rounded, so that points meant to lie on pixel
// centres are all treated alike whatever their last digits.
const snapPx = 1.0 / (1 << 16)

// Rasterise is RasteriseReport without the count.
func Rasterise(g *Grid, cs []Contour) *Mask {
	m, _ := RasteriseReport(g, cs)
	return m
}

// RasteriseReport fills contours, LPS mm, on the grid. A pixel is in when its centre is inside by the
// even-odd rule over all contours of the plane: keyholes, nested contours and exclusive-or contours
// alike. A plane fills its nearest slice if it is within half the distance between slices there; of several planes on one
// slice the nearest is taken. Contours off every slice, or not parallel to the slices, are left out and counted in offPlane.
// Contours of fewer than three points enclose nothing.
func RasteriseReport(g *Grid, cs []Contour) (m *Mask, offPlane int) {
	m = NewMask(g)
	planes := make([][]plane, g.Nz())
	normal := g.Normal()
	for i := range cs {
		points := cs[i].Points
		if len(points) < 3 {
			continue
		}
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, p := range points {
			d := p.Sub(g.Origin).Dot(normal)
			lo, hi = min(lo, d), max(hi, d)
		}
		offset := (lo + hi) / 2
		z, distance := g.NearestSlice(g.Origin.Add(normal.Scale(offset)))
		if !(hi-lo <= flatToleranceMM) || distance > g.nearerStep(z)/2+1e-3 {
			offPlane++
			continue
		}
		planes[z] = addToPlane(planes[z], offset, i)
	}
	inParallel(g.Nz(), func(z int) {
		if len(planes[z]) == 0 {
			return
		}
		nearest := slices.MinFunc(planes[z], func(a, b plane) int {
			return compareFloat(math.Abs(a.offset-g.SliceMM[z]), math.Abs(b.offset-g.SliceMM[z]))
		})
		fillSlice(m, z, cs, nearest.contours)
	})
	return m, offPlane
}

// plane gathers the contours at one offset along the normal.
type plane struct {
	offset   float64 // mm from the grid's origin
	contours []int
}

func addToPlane(planes []plane, offset float64, contour int) []plane {
	for k := range planes {
		if math.Abs(planes[k].offset-offset) <= planeToleranceMM {
			planes[k].contours = append(planes[k].contours, contour)
			return planes
		}
	}
	return append(planes, plane{offset, []int{contour}})
}

func compareFloat(a, b float64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// nearerStep is the least distance in mm between slices round slice z, the pairs beyond its neighbours
// included: where a slice is missing the gap does not count as thickness. A lone slice has its thickness.
func (g *Grid) nearerStep(z int) float64 {
	step := g.SliceThickness(z)
	for k := max(z-1, 1); k <= min(z+2, len(g.SliceMM)-1); k++ {
		step = min(step, g.SliceMM[k]-g.SliceMM[k-1])
	}
	return step
}

// crossing is where an edge passes a row of pixel centres.
type crossing struct {
	y int
	x float64
}

// fillSlice fills the chosen contours on slice z by the even-odd rule.
func fillSlice(m *Mask, z int, cs []Contour, chosen []int) {
	g := m.Grid
	var crossings []crossing
	var xs, ys []float64
	for _, i := range chosen {
		points := cs[i].Points
		xs, ys = xs[:0], ys[:0]
		for _, p := range points {
			d := p.Sub(g.Origin)
			xs = append(xs, math.Round(d.Dot(g.Row)/g.SpacingX/snapPx)*snapPx)
			ys = append(ys, math.Round(d.Dot(g.Col)/g.SpacingY/snapPx)*snapPx)
		}
		for k := range points {
			j := (k + 1) % len(points)
			crossings = appendCrossings(crossings, xs[k], ys[k], xs[j], ys[j], g.Ny)
		}
	}
	slices.SortFunc(crossings, func(a, b crossing) int {
		if a.y != b.y {
			return a.y - b.y
		}
		return compareFloat(a.x, b.x)
	})
	// Closed polygons cross every row an even number of times.
	for k := 0; k+1 < len(crossings); k += 2 {
		a, b := crossings[k], crossings[k+1]
		m.SetSpan(clampInt(math.Ceil(a.x)), clampInt(math.Ceil(b.x)), a.y, z)
	}
}

// clampInt turns a pixel coordinate into an int however far off the grid it is.
func clampInt(x float64) int { return int(max(-1, min(x, 1<<30))) }

// appendCrossings appends where the edge from (x0, y0) to (x1, y1) crosses rows 0..ny-1: an edge owns its
// lower-y end, so that neighbouring edges share no row.
func appendCrossings(crossings []crossing, x0, y0, x1, y1 float64, ny int) []crossing {
	if y0 > y1 {
		x0, y0, x1, y1 = x1, y1, x0, y0
	}
	first, last := max(math.Ceil(y0), 0), min(math.Ceil(y1)-1, float64(ny-1))
	if !(first <= last) {
		return crossings
	}
	slope := (x1 - x0) / (y1 - y0)
	for y := first; y <= last; y++ {
		crossings = append(crossings, crossing{int(y), x0 + (y-y0)*slope})
	}
	return crossings
}
