package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// AddClip grows the clip at the crosshair and adds it, kept and reviewed: the user pointed at it. Where
// there is none, or one that is in the list already, a notice says so.
func (s *Session) AddClip() {
	if s.document.Volume == nil {
		return
	}
	if s.derived.External == nil {
		s.Notify(&Notice{Text: "The body outline is still being drawn; add the clip in a moment."})
		return
	}
	c, err := segment.ClipAt(context.Background(), s.document.Volume, s.derived.External, s.plan.Clips, s.view.Cursor)
	if err != nil {
		s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("No clip added: %v.", err)})
		return
	}
	c.ID = s.newID()
	s.Update(func() {
		s.ProposeClip(nil)
		s.edit(fmt.Sprintf("Add clip %d", c.ID), "", true, func(p *Plan) { p.Clips = append(slices.Clone(p.Clips), c) })
		s.MarkReviewed(c.ID)
		s.SelectClip(c.ID)
		s.Notify(nil)
	})
}

// proposal is the clip that a click at a place would add.
type proposal struct {
	at      *volume.Vec // nil: nowhere
	looking bool        // on a goroutine of its own, at this place or one before it
	clip    *segment.Clip
}

// ProposeClip grows the clip that AddClip would add at a place, beside the owner goroutine; nil takes it away. Of many places
// in quick succession the last counts.
func (s *Session) ProposeClip(at *volume.Vec) {
	s.proposed.at = at
	if at == nil {
		s.showProposal(nil)
		return
	}
	if s.proposed.looking || s.document.Volume == nil || s.derived.External == nil {
		return
	}
	v, external, plan := s.document.Volume, s.derived.External, s.plan
	s.proposed.looking = true
	place := *at
	go func() {
		c, err := segment.ClipAt(context.Background(), v, external, plan.Clips, place)
		s.post(func() {
			s.proposed.looking = false
			now := s.proposed.at
			switch {
			case now == nil || s.document.Volume != v:
			case err != nil:
				s.showProposal(nil)
			case s.plan == plan:
				s.showProposal(&c)
			}
			if now != nil && *now != place {
				s.ProposeClip(now)
			}
		})
	}()
}

func (s *Session) showProposal(c *segment.Clip) {
	if s.proposed.clip == nil && c == nil {
		return
	}
	s.Update(func() {
		s.proposed.clip = c
		s.mark(StrokeChanged)
	})
}

// ProposedClip is what a click would add, or nil.
func (s *Session) ProposedClip() *segment.Clip { return s.proposed.clip }

// newID is a number that no clip of this search has, nor had before it was merged away: undo brings that one back.
func (s *Session) newID() int {
	id := nextID(s.plan.Clips)
	for _, p := range s.past {
		if p.search == s.plan.search {
			id = max(id, nextID(p.Clips))
		}
	}
	return id
}

// nextID is a number that no clip has.
func nextID(clips []segment.Clip) int {
	most := 0
	for _, c := range clips {
		most = max(most, c.ID)
	}
	return most + 1
}
