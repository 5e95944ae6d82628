package session

import (
	"time"

	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/segment"
)

// undoSteps is how many plans undo keeps. A plan is small: masks are shared.
const undoSteps = 200

// mergeWithin joins edits of the same thing into one undo step: a margin typed digit by digit.
const mergeWithin = time.Second

// edit is the last change of the plan, to join it with the next.
type edit struct {
	merge string
	at    time.Time
}

// edit makes a new plan from the present one. redraft tells whether the targets follow from what changed, unless that is a
// drawing: those that targets are made from are known. Edits with the same non-empty merge key in quick succession are one
// undo step.
func (s *Session) edit(name, merge string, redraft bool, change func(p *Plan)) {
	s.Update(func() {
		next := *s.plan
		next.Name = name
		s.revisions++
		next.Revision = s.revisions
		if redraft {
			next.draft = s.revisions
		}
		change(&next)
		if next.readsOtherDrawings(s.plan) {
			next.draft = s.revisions
		}
		now := s.now()
		if merge == "" || merge != s.lastEdit.merge || now.Sub(s.lastEdit.at) > mergeWithin || len(s.past) == 0 {
			s.past = append(s.past, s.plan)
			if len(s.past) > undoSteps {
				s.past = s.past[1:]
			}
		}
		s.lastEdit = edit{merge, now}
		s.future = nil
		s.plan = &next
		s.mark(PlanChanged)
		s.record(store.Event{Action: name})
		s.redraft()
		s.surround()
	})
}

// UndoName is what Undo would take back, and whether there is anything.
func (s *Session) UndoName() (string, bool) {
	if len(s.past) == 0 {
		return "", false
	}
	return s.plan.Name, true
}

// RedoName is what Redo would do again, and whether there is anything.
func (s *Session) RedoName() (string, bool) {
	if len(s.future) == 0 {
		return "", false
	}
	return s.future[len(s.future)-1].Name, true
}

// Undo goes back to the plan before the last edit.
func (s *Session) Undo() {
	if len(s.past) == 0 {
		return
	}
	s.Update(func() {
		s.CancelStroke()
		s.record(store.Event{Action: "Undo: " + s.plan.Name})
		s.future = append(s.future, s.plan)
		s.restore(s.past[len(s.past)-1])
		s.past = s.past[:len(s.past)-1]
	})
}

// Redo does again what Undo took back.
func (s *Session) Redo() {
	if len(s.future) == 0 {
		return
	}
	s.Update(func() {
		s.CancelStroke()
		s.record(store.Event{Action: "Redo: " + s.future[len(s.future)-1].Name})
		s.past = append(s.past, s.plan)
		s.restore(s.future[len(s.future)-1])
		s.future = s.future[:len(s.future)-1]
	})
}

func (s *Session) restore(p *Plan) {
	if p.search != s.plan.search {
		reviewed := s.decided[p.search]
		s.keepReviewed()
		s.view.Reviewed = reviewed
		s.mark(ViewChanged)
	}
	s.plan = p
	s.lastEdit = edit{}
	if s.view.Selected != 0 && p.Clip(s.view.Selected) == nil {
		s.view.Selected = 0
		s.mark(ViewChanged)
	}
	s.mark(PlanChanged)
	s.redraft()
	s.surround()
}

// renumber makes clips, which a search numbered anew, those of p, and reviewed what was decided on of them.
func (s *Session) renumber(p *Plan, clips []segment.Clip, reviewed map[int]bool) {
	s.keepReviewed()
	p.Clips, p.search, s.view.Reviewed = clips, p.Revision, reviewed
	s.mark(ViewChanged)
}

// keepReviewed keeps what was decided on of the plan that is being left, for undo and redo, and forgets what was measured of
// its clips, which have the numbers of others.
func (s *Session) keepReviewed() {
	s.derived.Around, s.measured = nil, around{}
	if s.decided == nil {
		s.decided = map[uint64]map[int]bool{}
	}
	s.decided[s.plan.search] = s.view.Reviewed
}

// stamp tells one state of the work from another.
type stamp struct {
	revision uint64
	reviewed int
}

func (s *Session) stamp() stamp { return stamp{s.plan.Revision, s.ReviewedCount()} }

// Unsaved tells whether there are clips, decisions on them or drawings that came after the file last saved.
func (s *Session) Unsaved() bool {
	return len(s.plan.Clips)+len(s.plan.Drawn) > 0 && s.stamp() != s.view.saved
}

// Decided tells whether a person's work would be lost without saving: clips decided on, drawings, or a file being written.
func (s *Session) Decided() bool {
	return s.Unsaved() && (s.ReviewedCount() > 0 || len(s.plan.Drawn) > 0 || s.jobs[JobSave] != nil)
}
