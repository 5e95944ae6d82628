package session

import (
	"context"
	"fmt"
	"slices"

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
		s.edit(fmt.Sprintf("Add clip %d", c.ID), "", true, func(p *Plan) { p.Clips = append(slices.Clone(p.Clips), c) })
		s.MarkReviewed(c.ID)
		s.SelectClip(c.ID)
		s.Notify(nil)
	})
}

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
