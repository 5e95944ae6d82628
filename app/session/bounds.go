package session

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// boxMarginMM is the air between a clip and the box round it.
const boxMarginMM = 4

// box is an axis-parallel box in the patient, LPS mm.
type box struct{ low, high volume.Vec }

// ClipBox returns the corners of the box drawn round the clip with mask m, LPS mm. Bounds are kept,
// because the images ask for them at every move.
func (s *Session) ClipBox(m *volume.Mask) (low, high volume.Vec) {
	b, ok := s.boxes[m]
	if !ok {
		b = maskBox(m)
		s.boxes[m] = b
	}
	return b.low, b.high
}

// maskBox holds the outer faces of m's voxels and boxMarginMM more; on an oblique grid, the axis-parallel
// box round them.
func maskBox(m *volume.Mask) box {
	bounds := m.Bounds()
	if bounds.Empty() {
		return box{}
	}
	var b box
	for corner := range 8 {
		var at [3]float64
		for axis := range 3 {
			at[axis] = float64(bounds.Min[axis]) - 0.5
			if corner>>axis&1 == 1 {
				at[axis] = float64(bounds.Max[axis]) - 0.5
			}
		}
		p := m.Grid.ToPatient(at[0], at[1], at[2])
		if corner == 0 {
			b = box{p, p}
		}
		for axis := range 3 {
			b.low[axis], b.high[axis] = min(b.low[axis], p[axis]), max(b.high[axis], p[axis])
		}
	}
	for axis := range 3 {
		b.low[axis] -= boxMarginMM
		b.high[axis] += boxMarginMM
	}
	return b
}

// mainAxis is the patient's axis (0 right to left, 1 front to back, 2 foot to head) that a direction follows most, and which way.
func mainAxis(direction volume.Vec) (axis, sign int) {
	for i := range direction {
		if math.Abs(direction[i]) > math.Abs(direction[axis]) {
			axis = i
		}
	}
	if direction[axis] < 0 {
		return axis, -1
	}
	return axis, 1
}
