package session

import (
	"context"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// draftKey is what targets were made from: the same again makes the same.
type draftKey struct {
	plan     uint64 // Plan.draft
	external *volume.Mask
	anatomy  *segment.Anatomy // nil also where the recipe does not ask for it
}

func (s *Session) draftKey() draftKey {
	k := draftKey{plan: s.plan.draft, external: s.derived.External}
	if r := s.plan.BoostRecipe(); r != nil && r.UsesAnatomy() {
		k.anatomy = s.derived.Anatomy
	}
	return k
}

// drafted is what the clips and margins of one plan lead to.
type drafted struct {
	key      draftKey
	targets  []TargetVolume
	warnings []string
	seconds  float64
}

// cachedDrafts is how many drafts are kept, so that undo and redo show at once.
const cachedDrafts = 16

// draftCache holds the latest drafts, oldest first.
type draftCache []drafted

func (c draftCache) find(key draftKey) *drafted {
	for i := range c {
		if c[i].key == key {
			return &c[i]
		}
	}
	return nil
}

func (c *draftCache) add(d drafted) {
	if len(*c) == cachedDrafts {
		*c = (*c)[1:]
	}
	*c = append(*c, d)
}

func (s *Session) draftInput() segment.DraftInput {
	return segment.DraftInput{
		Grid: s.document.Volume.Grid, Clips: s.plan.Kept(), External: s.derived.External,
		Structures: s.plan.drawnMasks(), Anatomy: s.anatomy(), Seroma: s.plan.drawnSeroma(),
		Recipe: s.plan.BoostRecipe(), FreeMargin: s.plan.Free, Cache: &s.contracted,
	}
}

// draftTargets drafts; what the recipe lacks comes as a warning, with the targets that could be made.
func (p *pipeline) draftTargets(ctx context.Context, key draftKey, in segment.DraftInput) (drafted, error) {
	start := time.Now()
	d := drafted{key: key}
	targets, warnings, lacking := p.draft(ctx, in)
	if err := ctx.Err(); err != nil {
		return d, err
	}
	if lacking != nil {
		warnings = append([]string{lacking.Error()}, warnings...)
	}
	for _, t := range targets {
		d.targets = append(d.targets, TargetVolume{t, t.Mask.VolumeMM3() / 1000})
	}
	d.warnings = warnings
	d.seconds = time.Since(start).Seconds()
	return d, nil
}

// redraft brings the targets in line with the plan: at once from the cache, or by a job.
func (s *Session) redraft() {
	if s.document.Volume == nil || len(s.plan.Kept()) == 0 {
		s.drop(JobDraft)
		s.setDraft(drafted{})
		return
	}
	in, key := s.draftInput(), s.draftKey()
	if d := s.drafts.find(key); d != nil {
		s.drop(JobDraft)
		s.setDraft(*d)
		return
	}
	s.derived.Stale = true
	s.mark(DerivedChanged)
	s.start(JobDraft, "Draft the targets", func(ctx context.Context, _ *job) (func(), error) {
		d, err := s.work.draftTargets(ctx, key, in)
		if err != nil {
			return nil, err
		}
		return func() {
			s.drafts.add(d)
			s.setDraft(d)
		}, nil
	})
}

func (s *Session) setDraft(d drafted) {
	s.derived.Targets, s.derived.DraftWarnings, s.derived.DraftSeconds = d.targets, d.warnings, d.seconds
	s.derived.Stale = false
	s.mark(DerivedChanged)
	s.measure()
}
