package session

import (
	"context"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// drafted is what the clips and margins of one plan lead to.
type drafted struct {
	key      uint64
	external *volume.Mask
	targets  []TargetVolume
	warnings []string
	seconds  float64
}

// cachedDrafts is how many drafts are kept, so that undo and redo show at once.
const cachedDrafts = 16

// draftCache holds the latest drafts, oldest first.
type draftCache []drafted

func (c draftCache) find(key uint64, external *volume.Mask) *drafted {
	for i := range c {
		if c[i].key == key && c[i].external == external {
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

// draftInput is all that a draft depends on.
type draftInput struct {
	key      uint64
	grid     *volume.Grid
	clips    []segment.Clip // kept ones
	external *volume.Mask
	margin   *segment.Margin
}

func (s *Session) draftInput() draftInput {
	in := draftInput{
		key: s.plan.draft, grid: s.document.Volume.Grid,
		clips: s.plan.Kept(), external: s.derived.External,
	}
	if s.plan.Boost {
		margin := s.plan.Margin
		in.margin = &margin
	}
	return in
}

func (p *pipeline) draftTargets(ctx context.Context, in draftInput) (drafted, error) {
	start := time.Now()
	d := drafted{key: in.key, external: in.external}
	targets, warnings := p.draft(ctx, in.grid, in.clips, in.external, in.margin)
	if err := ctx.Err(); err != nil {
		return d, err
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
	in := s.draftInput()
	if d := s.drafts.find(in.key, in.external); d != nil {
		s.drop(JobDraft)
		s.setDraft(*d)
		return
	}
	s.derived.Stale = true
	s.mark(DerivedChanged)
	s.start(JobDraft, "Draft the targets", func(ctx context.Context, _ *job) (func(), error) {
		d, err := s.work.draftTargets(ctx, in)
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
}
