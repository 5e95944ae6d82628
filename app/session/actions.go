package session

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// SetKept keeps or rejects clip id, and counts it as reviewed: it was decided on.
func (s *Session) SetKept(id int, kept bool) {
	c := s.plan.Clip(id)
	if c == nil {
		return
	}
	s.Update(func() {
		s.MarkReviewed(id)
		if c.Kept == kept {
			return
		}
		verb := "Reject"
		if kept {
			verb = "Keep"
		}
		s.edit(fmt.Sprintf("%s clip %d", verb, id), "", true, func(p *Plan) {
			p.Clips = slices.Clone(p.Clips)
			p.Clip(id).Kept = kept
		})
	})
}

// SetMargin sets the six margins from SurgicalBed to CTVsb_High, each in mm, and asks for that target.
func (s *Session) SetMargin(m segment.Margin) {
	if s.plan.Boost && s.plan.Margin == m {
		return
	}
	s.edit("Margin "+m.String(), "margin", true, func(p *Plan) { p.Margin, p.Boost = m, true })
}

// SetRecipe makes the targets of r, or with nil CTVsb_High from the plain margin.
func (s *Session) SetRecipe(r *segment.Recipe) {
	if s.plan.Boost && s.plan.Recipe == r {
		return
	}
	name := "Plain margin"
	if r != nil {
		name = r.Name
	}
	s.edit("Recipe "+name, "", true, func(p *Plan) { p.Recipe, p.Boost = r, true })
}

// SetFreeMargin notes pathology's free margins, mm; NaN where unknown.
func (s *Session) SetFreeMargin(free segment.FreeMargin) {
	s.edit("Free margins", "free", true, func(p *Plan) { p.Free, p.Boost = free, true })
}

// SetBoost asks for the targets of the recipe, or drops them.
func (s *Session) SetBoost(on bool) {
	if s.plan.Boost == on {
		return
	}
	name := "Remove boost targets"
	if on {
		name = "Add boost targets"
	}
	s.edit(name, "", true, func(p *Plan) { p.Boost = on })
}

// SetExpected notes how many clips the operation note counts; 0 when it does not say.
func (s *Session) SetExpected(n int) {
	if n == s.plan.Expected || n < 0 {
		return
	}
	s.edit(fmt.Sprintf("Expect %d clips", n), "expected", false, func(p *Plan) { p.Expected = n })
}

// MarkReviewed notes that the user has decided on clip id.
func (s *Session) MarkReviewed(id int) {
	if s.plan.Clip(id) == nil || s.view.Reviewed[id] {
		return
	}
	s.Update(func() {
		s.view.Reviewed = maps.Clone(s.view.Reviewed)
		s.view.Reviewed[id] = true
		s.mark(ViewChanged)
	})
}

// ReviewedCount is how many of the plan's clips the user has decided on.
func (s *Session) ReviewedCount() int {
	n := 0
	for _, c := range s.plan.Clips {
		if s.view.Reviewed[c.ID] {
			n++
		}
	}
	return n
}

// SelectClip selects clip id and brings the cursor to it; 0 selects none.
func (s *Session) SelectClip(id int) {
	c := s.plan.Clip(id)
	s.Update(func() {
		s.view.Selected = 0
		if c != nil {
			s.view.Selected = id
			s.view.Cursor = c.CentreMM
			s.mark(CursorChanged)
		}
		s.mark(ViewChanged)
	})
}

// NextClip selects the clip after the selected one, round and round.
func (s *Session) NextClip() { s.stepClip(1) }

// PrevClip selects the clip before the selected one.
func (s *Session) PrevClip() { s.stepClip(-1) }

// walk is the order in which N and P go: that of the list, but what lies far from the bed and was left out comes last.
func (s *Session) walk() []int {
	var near, far []int
	for _, id := range s.ClipOrder() {
		if slices.Contains(s.plan.Clip(id).Flags, segment.FlagFar) {
			far = append(far, id)
		} else {
			near = append(near, id)
		}
	}
	return append(near, far...)
}

func (s *Session) stepClip(by int) {
	order := s.walk()
	n := len(order)
	if n == 0 {
		return
	}
	i := slices.Index(order, s.view.Selected)
	switch {
	case i >= 0:
		i = (i + by + n) % n
	case by > 0:
		i = 0
	default:
		i = n - 1
	}
	s.SelectClip(order[i])
}

// SetCursor moves the crosshair to p, LPS mm, kept inside the volume.
func (s *Session) SetCursor(p volume.Vec) {
	if s.document.Volume == nil {
		return
	}
	p = clampToGrid(s.document.Volume.Grid, p)
	if p == s.view.Cursor {
		return
	}
	s.Update(func() {
		s.view.Cursor = p
		s.mark(CursorChanged)
	})
}

// StepSlice moves the cursor by n slices towards the head (left or posterior where slices do not follow that way), onto a slice
// centre: as the images step, whichever way the patient lay.
func (s *Session) StepSlice(n int) {
	if s.document.Volume == nil {
		return
	}
	g := s.document.Volume.Grid
	x, y, z := g.ToVoxel(s.view.Cursor)
	_, sign := mainAxis(g.Normal())
	s.SetCursor(g.ToPatient(x, y, math.Round(z)+float64(sign*n)))
}

func clampToGrid(g *volume.Grid, p volume.Vec) volume.Vec {
	x, y, z := g.ToVoxel(p)
	clamp := func(v float64, n int) float64 { return min(max(v, 0), float64(n-1)) }
	cx, cy, cz := clamp(x, g.Nx), clamp(y, g.Ny), clamp(z, g.Nz())
	if cx == x && cy == y && cz == z {
		return p
	}
	return g.ToPatient(cx, cy, cz)
}

// minWindowHU is the narrowest window that still shows an image.
const minWindowHU = 1

// SetWindow shows widthHU of grey levels round centreHU.
func (s *Session) SetWindow(centreHU, widthHU float64) {
	s.Update(func() {
		s.view.WindowCentreHU, s.view.WindowWidthHU = centreHU, max(widthHU, minWindowHU)
		s.mark(WindowChanged)
	})
}

// slabsMM are the thicknesses that NextSlab goes through.
func slabsMM() []float64 { return []float64{0, 10, 20, 40} }

// NextSlab shows the brightest of a thicker slab instead of one slice, so that clips jump out, and after the
// thickest single slices again.
func (s *Session) NextSlab() {
	all := slabsMM()
	i := slices.Index(all, s.view.SlabMM)
	s.Update(func() {
		s.view.SlabMM = all[(i+1)%len(all)]
		s.mark(WindowChanged)
	})
}

// SetVisible shows or hides the structure called name.
func (s *Session) SetVisible(name string, visible bool) {
	s.Update(func() {
		s.view.Hidden = maps.Clone(s.view.Hidden)
		s.view.Hidden[name] = !visible
		s.mark(ViewChanged)
	})
}

// SetOverlays shows or hides every mark on the images.
func (s *Session) SetOverlays(on bool) {
	s.Update(func() {
		s.view.Overlays = on
		s.mark(ViewChanged)
	})
}

// SetMarginLinked makes one margin set all six, or lets each stand alone.
func (s *Session) SetMarginLinked(on bool) {
	s.Update(func() {
		s.view.MarginLinked = on
		s.mark(ViewChanged)
	})
}
