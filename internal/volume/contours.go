package volume

import (
	"math/bits"
	"sort"
)

// smallComponentPx is the pixel count on a slice below which an outline follows the pixel edges, so
// that a clip of one pixel has that pixel's area. Larger outlines pass half way between the centres
// inside and outside, which cuts the corners of the steps.
const smallComponentPx = 12

// Contours returns closed polygons for every slice of m, in slice order: see ContoursOnSlice.
func Contours(m *Mask) []Contour {
	perSlice := make([][]Contour, m.Grid.Nz())
	inParallel(len(perSlice), func(z int) { perSlice[z] = ContoursOnSlice(m, z) })
	var all []Contour
	for _, cs := range perSlice {
		all = append(all, cs...)
	}
	return all
}

// ContoursOnSlice returns closed polygons in LPS mm on the plane of slice z, such that the even-odd
// rule at pixel centres gives back exactly the pixels of m; every pixel centre keeps a third of a pixel's
// distance from the edges. Each 8-connected component is one polygon, those inside holes too. A hole is
// a keyhole: a bridge between pixel rows, whose two ends each occur twice with the same coordinates.
// Collinear points are left out.
func ContoursOnSlice(m *Mask, z int) []Contour {
	t := newTracer(m, z)
	if t == nil {
		return nil
	}
	t.trace()
	return t.contours(m.Grid, z)
}

// crack is a pixel side between a pixel inside and one outside, walked with the inside on the left
// hand as the image shows it (y down): a pixel's left side is walked towards growing y.
type crack struct {
	x, y int32 // the pixel inside, in the tracer's box
	dir  int8  // 0 left side, walked +y; 1 bottom side, +x; 2 right side, -y; 3 top side, -x
}

// start is the corner where the crack begins and middle its midpoint, in half pixels from the centre
// of pixel (0, 0) of the box.
func (c crack) start() [2]int32 {
	return [2]int32{2*c.x + [4]int32{-1, -1, 1, 1}[c.dir], 2*c.y + [4]int32{-1, 1, 1, -1}[c.dir]}
}

func (c crack) middle() [2]int32 {
	return [2]int32{2*c.x + [4]int32{-1, 0, 1, 0}[c.dir], 2*c.y + [4]int32{0, 1, 0, -1}[c.dir]}
}

// ring is a closed walk along cracks.
type ring struct {
	first  int // of tracer.cracks
	count  int
	top    int // the crack whose midpoint has the least y, and the least x among those
	area   int // pixels enclosed, summed along the vertical cracks; negative for a hole
	parent int // the outer ring of the component
}

// tracer walks the outlines of one slice.
type tracer struct {
	m         *Mask
	z         int
	x0, y0    int     // the box's first pixel on the grid
	nx, ny    int     // pixels of the box
	in        []uint8 // [ny+2][nx+2], a margin of outside round the box
	leftCrack []int32 // [ny][nx] 1 + index of the pixel's left crack, 0 if not walked
	cracks    []crack // of all rings, each ring in one piece
	ringOf    []int32 // of each crack
	rings     []ring
	small     bool    // of the component being put together: pixel edges
	next      []int32 // successor of each vertex being put together
	vertices  [][2]int32
	keep      []bool // bridge vertices, kept though collinear
}

func newTracer(m *Mask, z int) *tracer {
	b := m.boundsOnSlice(z)
	if b.Empty() {
		return nil
	}
	s := b.Size()
	t := &tracer{m: m, z: z, x0: b.Min[0], y0: b.Min[1], nx: s[0], ny: s[1]}
	t.in = make([]uint8, (t.nx+2)*(t.ny+2))
	for y := range t.ny {
		m.Dense(Box{[3]int{b.Min[0], b.Min[1] + y, z}, [3]int{b.Max[0], b.Min[1] + y + 1, z + 1}}, t.in[(y+1)*(t.nx+2)+1:])
	}
	t.leftCrack = make([]int32, t.nx*t.ny)
	return t
}

// boundsOnSlice is Bounds of the voxels of slice z.
func (m *Mask) boundsOnSlice(z int) Box {
	s := Mask{Grid: m.Grid, tx: m.tx, ty: m.ty, tiles: m.tiles[z*m.tx*m.ty : (z+1)*m.tx*m.ty]}
	b := s.Bounds()
	if !b.Empty() {
		b.Min[2], b.Max[2] = z, z+1
	}
	return b
}

// has tells whether pixel (x, y) of the box, or one of its margin, is inside.
func (t *tracer) has(x, y int32) bool { return t.in[(int(y)+1)*(t.nx+2)+int(x)+1] != 0 }

// trace walks every ring. Every ring has a left crack; in raster order the first one of a component is
// on its outer ring, and a hole's is preceded in its row by a left crack of the same component.
func (t *tracer) trace() {
	for y := range t.ny {
		for wx := range (t.nx + 63) / 64 {
			for w := t.leftCracks(wx, y); w != 0; w &= w - 1 {
				x := wx*64 + bits.TrailingZeros64(w)
				if t.leftCrack[y*t.nx+x] == 0 {
					t.walk(x, y)
				}
			}
		}
	}
}

// leftCracks is a bit for each pixel 64 wx .. 64 wx + 63 of row y that is inside with its left neighbour outside.
func (t *tracer) leftCracks(wx, y int) uint64 {
	row := t.in[(y+1)*(t.nx+2):]
	var w uint64
	for k := range min(64, t.nx-64*wx) {
		x := 64*wx + k
		w |= uint64(row[x+1]&^row[x]) << k
	}
	return w
}

// walk follows the ring that holds the left crack of pixel (x, y), diagonal neighbours joined.
func (t *tracer) walk(x, y int) {
	r := ring{first: len(t.cracks), top: len(t.cracks), parent: len(t.rings)}
	c := crack{int32(x), int32(y), 0}
	for {
		i := len(t.cracks)
		t.cracks = append(t.cracks, c)
		t.ringOf = append(t.ringOf, int32(len(t.rings)))
		switch c.dir {
		case 0:
			t.leftCrack[int(c.y)*t.nx+int(c.x)] = int32(i) + 1
			r.area -= int(c.x)
		case 2:
			r.area += int(c.x) + 1
		}
		a, b := c.middle(), t.cracks[r.top].middle()
		if a[1] < b[1] || a[1] == b[1] && a[0] < b[0] {
			r.top = i
		}
		c = t.following(c)
		if c.dir == 0 && int(c.x) == x && int(c.y) == y {
			break
		}
	}
	r.count = len(t.cracks) - r.first
	if r.area < 0 {
		// The hole is to the left of (x, y); left of the hole the row holds its component's pixels.
		top := t.cracks[r.top]
		hx := top.x // the hole's pixel (hx, top.y + 1); its left neighbour is inside
		for t.leftCrack[int(top.y+1)*t.nx+int(hx-1)] == 0 {
			hx--
		}
		left := t.leftCrack[int(top.y+1)*t.nx+int(hx-1)] - 1
		r.parent = t.rings[t.ringOf[left]].parent
	}
	t.rings = append(t.rings, r)
}

// following is the crack after c: right round the corner when the pixel ahead on the right hand is
// inside (so diagonal neighbours are joined), else straight on, else left round c's own pixel.
func (t *tracer) following(c crack) crack {
	ahead := [4][2]int32{{0, 1}, {1, 0}, {0, -1}, {-1, 0}}[c.dir]
	right := [4][2]int32{{-1, 0}, {0, 1}, {1, 0}, {0, -1}}[c.dir]
	ax, ay := c.x+ahead[0], c.y+ahead[1]
	if t.has(ax+right[0], ay+right[1]) {
		return crack{ax + right[0], ay + right[1], (c.dir + 3) % 4}
	}
	if t.has(ax, ay) {
		return crack{ax, ay, c.dir}
	}
	return crack{c.x, c.y, (c.dir + 1) % 4}
}

// contours puts the rings of each component together.
func (t *tracer) contours(g *Grid, z int) []Contour {
	pixels := make([]int, len(t.rings)) // of each outer ring's component
	holes := make([][]int, len(t.rings))
	for i, r := range t.rings {
		pixels[r.parent] += r.area
		if r.parent != i {
			holes[r.parent] = append(holes[r.parent], i)
		}
	}
	var out []Contour
	for i, r := range t.rings {
		if r.parent == i {
			out = append(out, t.polygon(g, z, i, holes[i], pixels[i] < smallComponentPx))
		}
	}
	return out
}

// polygon is the outer ring with its holes spliced in, as points of slice z of g.
func (t *tracer) polygon(g *Grid, z, outer int, holes []int, small bool) Contour {
	t.small = small
	t.vertices, t.next, t.keep = t.vertices[:0], t.next[:0], t.keep[:0]
	first := make(map[int]int32, 1+len(holes)) // vertex of the first crack of each ring
	for _, i := range append([]int{outer}, holes...) {
		first[i] = int32(len(t.vertices))
		t.addRing(t.rings[i])
	}
	// From the top down a hole's bridge ends on a ring that is already part of the outline.
	sort.Slice(holes, func(i, j int) bool {
		a, b := t.cracks[t.rings[holes[i]].top].middle(), t.cracks[t.rings[holes[j]].top].middle()
		return a[1] < b[1] || a[1] == b[1] && a[0] < b[0]
	})
	vertexOf := func(crackIndex int) int32 {
		i := int(t.ringOf[crackIndex])
		return first[i] + int32(crackIndex-t.rings[i].first)
	}
	for _, h := range holes {
		t.bridge(t.rings[h].top, vertexOf)
	}
	return Contour{Points: t.points(g, z, first[outer])}
}

// addRing appends the ring's vertices, linked in a circle.
func (t *tracer) addRing(r ring) {
	base := int32(len(t.vertices))
	for i, c := range t.cracks[r.first : r.first+r.count] {
		v := c.middle()
		if t.small {
			v = c.start()
		}
		t.vertices = append(t.vertices, v)
		t.next = append(t.next, base+int32((i+1)%r.count))
		t.keep = append(t.keep, false)
	}
}

// bridge joins the hole whose top crack is given to the outline on its left, along the line between the
// hole's top row and the row above it, which is inside on both sides until the outline is met.
func (t *tracer) bridge(top int, vertexOf func(int) int32) {
	c := t.cracks[top] // a bottom side: the hole's pixel is (c.x, c.y + 1)
	x := c.x
	for t.has(x-1, c.y) && t.has(x-1, c.y+1) {
		x--
	}
	var end int32
	switch above, below := t.has(x-1, c.y), t.has(x-1, c.y+1); {
	case above: // the outline turns from the bottom of (x-1, y) to the left side of (x, y+1)
		left := int(t.leftCrack[int(c.y+1)*t.nx+int(x)] - 1)
		if t.small {
			end = vertexOf(left)
		} else {
			end = vertexOf(t.before(left))
		}
	case below || t.small: // from the left side of (x, y) to the top of (x-1, y+1), or straight down
		end = vertexOf(t.after(int(t.leftCrack[int(c.y)*t.nx+int(x)] - 1)))
	default: // straight down: a new vertex half way
		up := vertexOf(int(t.leftCrack[int(c.y)*t.nx+int(x)] - 1))
		end = t.insertAfter(up, [2]int32{2*x - 1, 2*c.y + 1})
	}
	// end -> hole ... hole' -> end' -> what followed end
	hole := vertexOf(top)
	back := t.insertAfter(end, t.vertices[end])
	again := int32(len(t.vertices))
	t.vertices, t.next, t.keep = append(t.vertices, t.vertices[hole]), append(t.next, back), append(t.keep, true)
	// What came before hole in its ring now leads to again: swap the roles of the two by value.
	t.next[again], t.next[end] = t.next[hole], again
	t.next[hole] = back
	t.keep[hole], t.keep[end], t.keep[back] = true, true, true
}

// before and after are the neighbours of a crack in its ring.
func (t *tracer) before(i int) int {
	r := t.rings[t.ringOf[i]]
	return r.first + (i-r.first+r.count-1)%r.count
}

func (t *tracer) after(i int) int {
	r := t.rings[t.ringOf[i]]
	return r.first + (i-r.first+1)%r.count
}

func (t *tracer) insertAfter(i int32, v [2]int32) int32 {
	n := int32(len(t.vertices))
	t.vertices, t.next, t.keep = append(t.vertices, v), append(t.next, t.next[i]), append(t.keep, false)
	t.next[i] = n
	return n
}

// points turns the circle of vertices from first into LPS mm without the collinear ones.
func (t *tracer) points(g *Grid, z int, first int32) []Vec {
	origin := g.ToPatient(float64(t.x0), float64(t.y0), float64(z))
	stepX, stepY := g.Row.Scale(g.SpacingX/2), g.Col.Scale(g.SpacingY/2)
	var circle []int32
	for i := first; ; {
		circle = append(circle, i)
		if i = t.next[i]; i == first {
			break
		}
	}
	points := make([]Vec, 0, len(circle)/2)
	n := len(circle)
	for k, i := range circle {
		v := t.vertices[i]
		if !t.keep[i] {
			p, q := t.vertices[circle[(k+n-1)%n]], t.vertices[circle[(k+1)%n]]
			if (v[0]-p[0])*(q[1]-v[1]) == (v[1]-p[1])*(q[0]-v[0]) {
				continue
			}
		}
		points = append(points, origin.Add(stepX.Scale(float64(v[0]))).Add(stepY.Scale(float64(v[1]))))
	}
	return points
}
