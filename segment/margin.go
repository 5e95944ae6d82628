package segment

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
)

// Margin is a distance in mm in each of six directions of the patient: right, left, anterior, posterior,
// superior, inferior. In between it follows an ellipsoid, an octant for each combination of three.
type Margin struct{ R, L, A, P, S, I float64 }

// MaxMarginMM is the largest margin that is taken: more is a slip of the hand.
const MaxMarginMM = 50

// UniformMargin is the same distance in every direction.
func UniformMargin(mm float64) Margin { return Margin{mm, mm, mm, mm, mm, mm} }

// ParseMargin reads "10" or "R,L,A,P,S,I", for example "10,10,5,10,10,10", in mm.
func ParseMargin(text string) (Margin, error) {
	fields := strings.Split(text, ",")
	values := make([]float64, len(fields))
	for i, f := range fields {
		v, err := strconv.ParseFloat(strings.TrimSpace(f), 64)
		if err != nil {
			return Margin{}, fmt.Errorf("margin %q: %q is not a number of mm; write one number, or six for R,L,A,P,S,I", text, f)
		}
		values[i] = v
	}
	var m Margin
	switch len(values) {
	case 1:
		m = UniformMargin(values[0])
	case 6:
		m = Margin{values[0], values[1], values[2], values[3], values[4], values[5]}
	default:
		return Margin{}, fmt.Errorf("margin %q has %d numbers; write one, or six for R,L,A,P,S,I", text, len(values))
	}
	if err := m.Validate(); err != nil {
		return Margin{}, err
	}
	return m, nil
}

// Validate reports a margin that is negative, not a number, or above MaxMarginMM.
func (m Margin) Validate() error {
	for i, v := range m.values() {
		if !(v >= 0 && v <= MaxMarginMM) {
			return fmt.Errorf("margin %g mm to %c is not between 0 and %d mm", v, "RLAPSI"[i], MaxMarginMM)
		}
	}
	return nil
}

func (m Margin) values() [6]float64 { return [6]float64{m.R, m.L, m.A, m.P, m.S, m.I} }

// Uniform tells whether all six are the same.
func (m Margin) Uniform() bool { return m == UniformMargin(m.R) }

// String writes "10 mm", or each direction: "R 10 L 10 A 5 P 10 S 10 I 10 mm".
func (m Margin) String() string {
	if m.Uniform() {
		return strconv.FormatFloat(m.R, 'f', -1, 64) + " mm"
	}
	var b strings.Builder
	for i, v := range m.values() {
		fmt.Fprintf(&b, "%c %s ", "RLAPSI"[i], strconv.FormatFloat(v, 'f', -1, 64))
	}
	return b.String() + "mm"
}

// opposite swaps the two directions of each axis.
func (m Margin) opposite() Margin { return Margin{m.L, m.R, m.P, m.A, m.I, m.S} }

// Expand returns the voxels whose centre is within mg of m: of its sub-voxel surface, not of its voxels'
// centres or faces, so that 3 mm on 5 mm slices are 3 mm. Directions are the patient's whatever the
// orientation of the grid. m itself is always part of the result. It panics if mg is not valid.
func Expand(m *volume.Mask, mg Margin) *volume.Mask {
	b := m.Bounds()
	if b.Empty() {
		return volume.NewMask(m.Grid)
	}
	r := newReach(m.Grid, mg)
	return newSolidFor(m, b, r).dilate(r).Union(m)
}

// Contract returns the voxels of m whose centre is farther than mg inside its sub-voxel surface: the surface
// on the patient's right moves in by mg.R, and so on. What lies beyond the grid does not contract m.
func Contract(m *volume.Mask, mg Margin) *volume.Mask {
	b := m.Bounds()
	if b.Empty() {
		return volume.NewMask(m.Grid)
	}
	r := newReach(m.Grid, mg.opposite())
	return m.Subtract(newSolid(m, b).outside(r).dilate(r))
}

// leastMarginMM stands for a margin of 0, so that its ellipsoid is flat but not undefined.
const leastMarginMM = 1e-6

// reach is the region around a point that a margin covers: an ellipsoid octant for each combination of
// three directions, on the axes of a grid (x along Row, y along Col, z along the normal).
type reach struct {
	minus, plus [3]float64    // mm towards smaller and larger patient x, y, z
	axes        [3]volume.Vec // Row, Col, normal
	extent      [3]float64    // mm along each grid axis beyond which nothing is covered, either way
	aligned     bool          // every grid axis is a patient axis, either way round
	half        [3][2]float64 // then: mm along each grid axis towards smaller and larger
}

func newReach(g *volume.Grid, m Margin) reach {
	if err := m.Validate(); err != nil {
		panic("segment: " + err.Error())
	}
	r := reach{
		minus: [3]float64{m.R, m.A, m.I}, plus: [3]float64{m.L, m.P, m.S},
		axes: [3]volume.Vec{snapAxis(g.Row), snapAxis(g.Col), snapAxis(g.Normal())},
	}
	for i := range 3 {
		r.minus[i], r.plus[i] = max(r.minus[i], leastMarginMM), max(r.plus[i], leastMarginMM)
	}
	for k, a := range r.axes {
		// The support of an ellipsoid with half axes h in direction a is sqrt(sum (h a)^2).
		for i := range 3 {
			h := max(r.minus[i], r.plus[i]) * a[i]
			r.extent[k] += h * h
		}
		r.extent[k] = math.Sqrt(r.extent[k])
	}
	r.aligned = true
	for k, a := range r.axes {
		on := false
		for i, c := range a {
			switch c {
			case 1:
				r.half[k], on = [2]float64{r.minus[i], r.plus[i]}, true
			case -1:
				r.half[k], on = [2]float64{r.plus[i], r.minus[i]}, true
			}
		}
		r.aligned = r.aligned && on
	}
	return r
}

// snapTolerance is the sine of the angle below which a grid axis counts as parallel to a patient axis.
const snapTolerance = 1e-3

// snapAxis removes the last digits of direction cosines that mean a patient axis.
func snapAxis(a volume.Vec) volume.Vec {
	for i, c := range a {
		if math.Abs(math.Abs(c)-1) < snapTolerance*snapTolerance {
			a = volume.Vec{}
			a[i] = math.Copysign(1, c)
		}
	}
	return a
}

// along returns the interval of x, in mm, that is covered at offset (y, z) from the point, both in mm along
// the grid's axes; ok is false if there is none. The interval is one because the region is convex: it is put
// together from the pieces between the changes of sign of the patient coordinates.
func (r *reach) along(y, z float64) (lo, hi float64, ok bool) {
	base := r.axes[1].Scale(y).Add(r.axes[2].Scale(z)) // patient coordinates are base + x axes[0]
	breaks := [5]float64{-r.extent[0], r.extent[0], r.extent[0], r.extent[0], r.extent[0]}
	for i := range 3 {
		if c := r.axes[0][i]; c != 0 {
			breaks[i+1] = max(-r.extent[0], min(-base[i]/c, r.extent[0]))
		}
	}
	sort3(&breaks)
	lo, hi = math.Inf(1), math.Inf(-1)
	for k := range 4 {
		from, to := breaks[k], breaks[k+1]
		if !(from < to) {
			continue
		}
		var a, b, c float64 // a x^2 + 2 b x + c <= 1
		for i := range 3 {
			h := r.minus[i]
			if base[i]+(from+to)/2*r.axes[0][i] >= 0 {
				h = r.plus[i]
			}
			w := 1 / (h * h)
			a += w * r.axes[0][i] * r.axes[0][i]
			b += w * r.axes[0][i] * base[i]
			c += w * base[i] * base[i]
		}
		root := b*b - a*(c-1)
		if root < 0 {
			continue
		}
		root = math.Sqrt(root)
		from, to = max(from, (-b-root)/a), min(to, (-b+root)/a)
		if from <= to {
			lo, hi, ok = min(lo, from), max(hi, to), true
		}
	}
	return lo, hi, ok
}

// sort3 sorts the three inner elements.
func sort3(b *[5]float64) {
	if b[1] > b[2] {
		b[1], b[2] = b[2], b[1]
	}
	if b[2] > b[3] {
		b[2], b[3] = b[3], b[2]
	}
	if b[1] > b[2] {
		b[1], b[2] = b[2], b[1]
	}
}
