package session

import (
	"fmt"
	"maps"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Drawn is a structure that the user drew, or a drafted target that the user drew upon. It is never written.
type Drawn struct {
	Name   string
	Type   string // RT ROI Interpreted Type
	Mask   *volume.Mask
	CC     float64
	Recipe string // of the drafted target it began as; empty when it was drawn from nothing
	Origin string // what made it, when it was not drawn from nothing: a proposal that was accepted
	draft  uint64 // of the plan whose target it began as
	opened string // key of the opened structure it is a copy of
}

// Edited tells whether d began as a drafted target; it no longer follows the clips and margins.
func (d *Drawn) Edited() bool { return d.Recipe != "" }

// Drawing returns the structure called name that was drawn, or nil.
func (p *Plan) Drawing(name string) *Drawn {
	for i := range p.Drawn {
		if p.Drawn[i].Name == name {
			return &p.Drawn[i]
		}
	}
	return nil
}

// drawnMasks are the structures drawn from nothing, by name, for recipes that read them.
func (p *Plan) drawnMasks() map[string]*volume.Mask {
	masks := map[string]*volume.Mask{}
	for _, d := range p.Drawn {
		if !d.Edited() && !d.Mask.Empty() {
			masks[d.Name] = d.Mask
		}
	}
	return masks
}

// readsOtherDrawings tells whether targets of p are made from other drawings than those of before.
func (p *Plan) readsOtherDrawings(before *Plan) bool {
	return p.drawnSeroma() != before.drawnSeroma() || p.Recipe != nil && !maps.Equal(p.drawnMasks(), before.drawnMasks())
}

// Tool is what the left button does on the images.
type Tool int

// Tools.
const (
	ToolCrosshair Tool = iota
	ToolBrush          // a disc on the slice
	ToolEraser
	ToolContour // freehand; what it encloses is filled
	ToolSphere  // a ball across slices
	ToolBox     // the region to search
	ToolClip    // what a click would add is shown round the mouse
)

// Draws tells whether t changes a structure.
func (t Tool) Draws() bool { return t >= ToolBrush && t <= ToolSphere }

// Sizes of the brush, mm across.
const (
	leastBrushMM = 1.0
	mostBrushMM  = 80.0
	firstBrushMM = 8.0
)

// Stroke is what is being drawn between press and release.
type Stroke struct {
	Name  string        // of the structure
	Clip  int           // id of the clip that is drawn upon, 0 for none or a new one
	Mask  *volume.Mask  // the structure as it would be
	Path  []volume.Vec  // of a contour that is not closed yet, LPS mm
	on    *volume.Slice // nil: across slices
	at    volume.Slice  // the slice that is named for undo
	tool  Tool
	erase bool
	last  volume.Vec
	base  *volume.Mask
}

// SetTool chooses what the left button does. Tools that draw need a structure: without one, the first is taken.
func (s *Session) SetTool(t Tool) {
	if s.view.Tool == t {
		return
	}
	s.Update(func() {
		s.CancelStroke()
		s.ProposeClip(nil)
		s.view.Tool = t
		if t.Draws() && !s.drawable(s.view.Active) {
			s.view.Active = ""
			if all := s.Drawable(); len(all) > 0 {
				s.view.Active = all[0]
			}
		}
		s.mark(ViewChanged)
	})
}

// SetBrush sets the diameter of brush, eraser and sphere in mm.
func (s *Session) SetBrush(mm float64) {
	mm = min(max(mm, leastBrushMM), mostBrushMM)
	if mm == s.view.BrushMM {
		return
	}
	s.Update(func() {
		s.view.BrushMM = mm
		s.mark(ViewChanged)
	})
}

// StepBrush makes the brush larger or smaller, in steps that grow with it.
func (s *Session) StepBrush(up bool) {
	mm := s.view.BrushMM
	step := 1.0
	if mm > 30 || mm == 30 && up {
		step = 5
	} else if mm > 12 || mm == 12 && up {
		step = 2
	}
	if !up {
		step = -step
	}
	s.SetBrush(mm + step)
}

// Drawable lists the structures that can be drawn upon, in the order of the list.
func (s *Session) Drawable() []string {
	var names []string
	for _, v := range s.Structures() {
		if v.Drawable {
			names = append(names, v.Name)
		}
	}
	return names
}

// drawable tells whether tools may change name; the first clip of a side may be drawn.
func (s *Session) drawable(name string) bool {
	return IsClips(name) || slices.Contains(s.Drawable(), name)
}

// SetActive chooses the structure that tools draw upon.
func (s *Session) SetActive(name string) {
	if s.view.Active == name {
		return
	}
	s.Update(func() {
		s.CancelStroke()
		s.view.Active = name
		s.mark(ViewChanged)
	})
}

// NewStructure adds an empty structure to draw and chooses it; for the clips of a side it is their first to be drawn.
func (s *Session) NewStructure(name, interpreted string) error {
	if s.document.Volume == nil {
		return nil
	}
	clips := IsClips(name)
	if err := s.CheckName(name, ""); err != nil && !clips {
		return err
	}
	s.Update(func() {
		if !clips {
			s.edit("New structure "+name, "", false, func(p *Plan) {
				p.Drawn = append(slices.Clone(p.Drawn), Drawn{Name: name, Type: interpreted, Mask: volume.NewMask(s.document.Volume.Grid)})
			})
		}
		s.view.Active = name
		if !s.view.Tool.Draws() {
			s.view.Tool = ToolBrush
		}
		s.mark(ViewChanged)
	})
	return nil
}

// RemoveDrawn takes away what was drawn under name; a drafted target is as drafted again.
func (s *Session) RemoveDrawn(name string) {
	d := s.plan.Drawing(name)
	if d == nil {
		return
	}
	verb := "Delete "
	if d.Edited() {
		verb = "Take back the edits of "
	}
	s.Update(func() {
		s.CancelStroke()
		s.edit(verb+name, "", false, func(p *Plan) {
			p.Drawn = slices.DeleteFunc(slices.Clone(p.Drawn), func(d Drawn) bool { return d.Name == name })
		})
		if s.view.Active == name && !s.drawable(name) {
			s.view.Active = ""
			s.mark(ViewChanged)
		}
	})
}

// RenameDrawn gives a structure that was drawn from nothing another name; an edited target keeps that of its recipe.
func (s *Session) RenameDrawn(name, to string) {
	d := s.plan.Drawing(name)
	if d == nil || d.Edited() || name == to {
		return
	}
	if err := s.CheckName(to, name); err != nil {
		s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("%s is not renamed: %v.", name, err)})
		return
	}
	s.Update(func() {
		s.CancelStroke()
		s.edit(fmt.Sprintf("Rename %s to %s", name, to), "", false, func(p *Plan) {
			p.Drawn = slices.Clone(p.Drawn)
			p.Drawing(name).Name = to
		})
		if s.view.Active == name {
			s.view.Active = to
		}
		s.mark(ViewChanged)
	})
}

// Stroke is what is being drawn, or nil.
func (s *Session) Stroke() *Stroke { return s.stroke }

// BeginStroke begins to draw at p, LPS mm, on slice, with the tool of the view; opposite makes a brush erase and an
// eraser draw. A notice says why nothing can be drawn.
func (s *Session) BeginStroke(p volume.Vec, slice volume.Slice, opposite bool) {
	if s.document.Volume == nil || !s.view.Tool.Draws() {
		return
	}
	k := &Stroke{Name: s.view.Active, at: slice, tool: s.view.Tool, erase: (s.view.Tool == ToolEraser) != opposite, last: p}
	if !s.drawable(k.Name) {
		s.Notify(&Notice{Text: "Choose the structure to draw on, or make a new one, beside the tools."})
		return
	}
	if IsClips(k.Name) {
		if c := s.plan.Clip(s.view.Selected); c != nil && ClipsName(c.Side) == k.Name {
			k.Clip, k.base = c.ID, c.Mask
		} else if k.erase {
			s.Notify(&Notice{Text: "Select the clip to erase from first: click its row, or press N."})
			return
		}
	} else {
		k.base = s.maskOf(k.Name)
	}
	if k.base == nil {
		k.base = volume.NewMask(s.document.Volume.Grid)
	}
	k.Mask = k.base
	if k.tool != ToolSphere {
		k.on = &slice
	}
	s.Update(func() {
		s.stroke = k
		s.mark(StrokeChanged)
		s.StrokeTo(p)
	})
}

// StrokeTo draws on to p, LPS mm.
func (s *Session) StrokeTo(p volume.Vec) {
	k := s.stroke
	if k == nil {
		return
	}
	if k.tool == ToolContour {
		k.Path = append(k.Path, p)
	} else {
		next := k.Mask.Clone() // the one on the screen is read-only; both share all tiles but those of this step
		next.Paint(k.last, p, s.view.BrushMM/2, k.on, !k.erase)
		k.Mask = next
	}
	k.last = p
	s.Update(func() { s.mark(StrokeChanged) })
}

// CancelStroke forgets what is being drawn.
func (s *Session) CancelStroke() {
	if s.stroke == nil {
		return
	}
	s.Update(func() {
		s.stroke = nil
		s.mark(StrokeChanged)
	})
}

// EndStroke makes what was drawn one step of the plan that undo takes back.
func (s *Session) EndStroke() {
	k := s.stroke
	if k == nil {
		return
	}
	if k.tool == ToolContour {
		m := k.base.Clone()
		m.FillPolygon(k.Path, *k.on, !k.erase)
		k.Mask = m
	}
	s.Update(func() {
		s.stroke = nil
		s.mark(StrokeChanged)
		if k.Mask.Equal(k.base) {
			return
		}
		verb := "Draw"
		if k.erase {
			verb = "Erase"
		}
		s.commitMask(k, func(what string) string {
			return fmt.Sprintf("%s %s on %s", verb, what, s.sliceName(k.at))
		})
	})
}

// sliceName is "slice 41" for an axial slice, counted from the feet as the image counts it.
func (s *Session) sliceName(at volume.Slice) string {
	g := s.document.Volume.Grid
	n, of := at.Index+1, [3]int{g.Nx, g.Ny, g.Nz()}[at.Axis]
	through, sign := mainAxis([3]volume.Vec{g.Row, g.Col, g.Normal()}[at.Axis])
	if sign < 0 {
		n = of + 1 - n
	}
	view := [3]string{"sagittal ", "coronal ", ""}[through]
	return fmt.Sprintf("%sslice %d", view, n)
}

// commitMask puts the mask of k into the plan: a clip, a drawn structure, or a drafted target that is edited from now on.
func (s *Session) commitMask(k *Stroke, name func(what string) string) {
	if IsClips(k.Name) {
		s.commitClip(k, name)
		return
	}
	d := Drawn{Name: k.Name, Mask: k.Mask, CC: k.Mask.VolumeMM3() / 1000}
	if have := s.plan.Drawing(k.Name); have != nil {
		d.Type, d.Recipe, d.Origin, d.draft, d.opened = have.Type, have.Recipe, have.Origin, have.draft, have.opened
	} else if t := s.target(k.Name); t != nil {
		d.Type, d.Recipe, d.draft = t.Type, t.Recipe, s.plan.draft
		s.Notify(&Notice{Text: k.Name + " is edited by hand from now on: it no longer follows clips and margins. Its row takes the edits back."})
	}
	if d.Edited() { // no target follows from it, but its figures do
		s.Update(func() {
			s.edit(name(k.Name), "", false, func(p *Plan) { p.setDrawn(d) })
			s.measure()
		})
		return
	}
	s.edit(name(k.Name), "", false, func(p *Plan) { p.setDrawn(d) })
}

func (p *Plan) setDrawn(d Drawn) {
	p.Drawn = slices.Clone(p.Drawn)
	if i := slices.IndexFunc(p.Drawn, func(have Drawn) bool { return have.Name == d.Name }); i >= 0 {
		p.Drawn[i] = d
		return
	}
	p.Drawn = append(p.Drawn, d)
}

// commitClip changes clip k.Clip, or adds one. One that is erased altogether is rejected, as it was.
func (s *Session) commitClip(k *Stroke, name func(what string) string) {
	m := k.Mask
	for _, c := range s.plan.Clips {
		if c.ID != k.Clip {
			m = m.Subtract(c.Mask)
		}
	}
	if m.Empty() {
		if k.Clip != 0 {
			s.SetKept(k.Clip, false)
		}
		return
	}
	id := k.Clip
	s.Update(func() {
		if id == 0 {
			id = s.newID()
			c := segment.Clip{ID: id, Confidence: 1, ByHand: true, Kept: true, Side: k.Name[len(clipsPrefix):]}
			measure(s.document.Volume, &c, m)
			s.edit(name(fmt.Sprintf("clip %d", id)), "", true, func(p *Plan) { p.Clips = append(slices.Clone(p.Clips), c) })
		} else {
			s.edit(name(fmt.Sprintf("clip %d", id)), "", true, func(p *Plan) {
				p.Clips = slices.Clone(p.Clips)
				c := p.Clip(id)
				c.Kept = true
				measure(s.document.Volume, c, m)
			})
		}
		s.MarkReviewed(id)
		s.view.Selected = id // so that the next stroke goes on with it; the crosshair stays
		s.mark(ViewChanged)
	})
}

// measure gives c the mask m and what follows from it: volume, peak, and the centre, weighted by HU above the
// least in it.
func measure(v *volume.Volume, c *segment.Clip, m *volume.Mask) {
	c.Mask, c.VolumeMM3 = m, m.VolumeMM3()
	least, peak := 1<<15, -1<<15
	m.Each(func(x, y, z int) {
		hu := int(v.At(x, y, z))
		least, peak = min(least, hu), max(peak, hu)
	})
	var sum volume.Vec
	total := 0.0
	m.Each(func(x, y, z int) {
		w := (float64(int(v.At(x, y, z))-least) + 1) * v.Grid.VoxelVolume(z)
		sum = sum.Add(v.Grid.ToPatient(float64(x), float64(y), float64(z)).Scale(w))
		total += w
	})
	c.PeakHU, c.CentreMM = peak, sum.Scale(1/total)
}

// interpolateMM is the widest gap between drawn slices that is filled.
const interpolateMM = 60

// Interpolate fills the slices that were left out between drawn ones of the active structure.
func (s *Session) Interpolate() {
	s.reshape("Interpolate", "No slice is left out between those drawn of %s.", func(m *volume.Mask) *volume.Mask {
		return segment.Interpolate(m, interpolateMM)
	})
}

// FillHoles fills what the active structure encloses on each slice.
func (s *Session) FillHoles() {
	s.reshape("Fill holes of", "%s has no holes.", volume.FillHoles)
}

func (s *Session) reshape(verb, nothing string, change func(*volume.Mask) *volume.Mask) {
	name := s.view.Active
	if s.document.Volume == nil {
		return
	}
	if !s.drawable(name) || IsClips(name) {
		s.Notify(&Notice{Text: "Choose a structure to draw on beside the tools first; clips are too small for this."})
		return
	}
	s.CancelStroke()
	m := s.maskOf(name)
	if m == nil {
		return
	}
	next := change(m)
	if next.Equal(m) {
		s.Notify(&Notice{Text: fmt.Sprintf(nothing, name)})
		return
	}
	s.Update(func() {
		s.commitMask(&Stroke{Name: name, Mask: next, base: m}, func(what string) string { return verb + " " + what })
	})
}

// maskOf is the structure called name as it is now, drawn or drafted; nil when there is none.
func (s *Session) maskOf(name string) *volume.Mask {
	if d := s.plan.Drawing(name); d != nil {
		return d.Mask
	}
	if t := s.target(name); t != nil {
		return t.Mask
	}
	return nil
}

func (s *Session) target(name string) *TargetVolume {
	for i := range s.derived.Targets {
		if s.derived.Targets[i].Name == name {
			return &s.derived.Targets[i]
		}
	}
	return nil
}
