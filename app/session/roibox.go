package session

import (
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// The box to search: the least it can be, and what is proposed round the crosshair, mm a side.
const (
	leastBoxMM = 10.0
	firstBoxMM = 100.0
)

// Box is the region shown: the one the user drew, else the one the Location Net points at; nil for none.
func (s *Session) Box() *segment.ROI {
	if s.view.Box != nil {
		return s.view.Box
	}
	return s.derived.ROI
}

// ProposeBox is Box, or one round the crosshair that SetBox would take.
func (s *Session) ProposeBox() segment.ROI {
	if b := s.Box(); b != nil {
		return *b
	}
	half := volume.Vec{firstBoxMM / 2, firstBoxMM / 2, firstBoxMM / 2}
	return segment.ROI{MinMM: s.view.Cursor.Sub(half), MaxMM: s.view.Cursor.Add(half), CentreMM: s.view.Cursor}
}

// SetBox draws the region to search between two corners, LPS mm; it is kept within the CT and of some size.
func (s *Session) SetBox(a, b volume.Vec) {
	if s.document.Volume == nil {
		return
	}
	low, high := gridExtent(s.document.Volume.Grid)
	box := segment.ROI{}
	for i := range 3 {
		lo, hi := min(a[i], b[i]), max(a[i], b[i])
		lo, hi = max(lo, low[i]), min(hi, high[i])
		if hi-lo < leastBoxMM {
			middle := min(max((lo+hi)/2, low[i]+leastBoxMM/2), high[i]-leastBoxMM/2)
			lo, hi = middle-leastBoxMM/2, middle+leastBoxMM/2
		}
		box.MinMM[i], box.MaxMM[i] = lo, hi
	}
	box.CentreMM = box.MinMM.Add(box.MaxMM).Scale(0.5)
	s.Update(func() {
		s.view.Box = &box
		s.mark(ViewChanged)
	})
}

// ClearBox gives up the box that was drawn.
func (s *Session) ClearBox() {
	if s.view.Box == nil {
		return
	}
	s.Update(func() {
		s.view.Box = nil
		s.mark(ViewChanged)
	})
}

// gridExtent is the axis-parallel box that holds every voxel of g, LPS mm.
func gridExtent(g *volume.Grid) (low, high volume.Vec) {
	for corner := range 8 {
		var at [3]float64
		for axis, n := range [3]int{g.Nx, g.Ny, g.Nz()} {
			at[axis] = float64((corner>>axis&1)*n) - 0.5
		}
		p := g.ToPatient(at[0], at[1], at[2])
		if corner == 0 {
			low, high = p, p
		}
		for i := range 3 {
			low[i], high[i] = min(low[i], p[i]), max(high[i], p[i])
		}
	}
	return low, high
}

// RunInBox lets the Segmentation Net look for clips in the box that was drawn. What it finds replaces the clips
// found there before; those outside the box, and those added by hand, stay.
func (s *Session) RunInBox() {
	if s.view.Box == nil {
		s.Notify(&Notice{Text: "Draw the box to search first: press G, then drag its edges or draw it anew."})
		return
	}
	s.run(s.view.Box)
}
