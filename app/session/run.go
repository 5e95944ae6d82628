package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/segment"
)

// Network is what the next search runs on.
func (s *Session) Network() segment.Options { return s.deps.Network }

// SetNetwork chooses what the next search runs on. A search under way ends where it began.
func (s *Session) SetNetwork(o segment.Options) { s.deps.Network = o }

// Models are the networks.
func (s *Session) Models() []segment.Model {
	return s.deps.Models.All()
}

// Devices names the devices of a provider, in the order of their numbers.
func (s *Session) Devices(provider string) []string {
	if lister, ok := s.deps.Engine.(segment.DeviceLister); ok {
		return lister.Devices(provider)
	}
	return nil
}

// Run lets the networks look for clips. What they find replaces the clips of the plan, undoably.
func (s *Session) Run() { s.run(nil) }

// run searches in box, or with nil where the Location Net points.
func (s *Session) run(box *segment.ROI) {
	if s.document.Volume == nil {
		return
	}
	v := s.document.Volume
	external, deps, memory := s.derived.External, s.deps, s.memory
	s.start(JobRun, "Find clips", func(ctx context.Context, j *job) (func(), error) {
		j.report("Opening the networks", 0, 0)
		var found *segment.Result
		err := s.nets.use(ctx, deps, func(nets segment.Networks) error {
			j.runsOn(nets.Segmentation.Provider())
			var err error
			found, err = s.work.run(ctx, v, nets, segment.RunOptions{Progress: j.report, External: external, Box: box, Memory: memory})
			return err
		})
		if err != nil {
			return nil, err
		}
		cc := 0.0
		if found.External != nil {
			cc = found.External.VolumeMM3() / 1000
		}
		return func() { s.commitRun(found, cc, box) }, nil
	})
}

func (s *Session) commitRun(found *segment.Result, externalCC float64, box *segment.ROI) {
	if s.derived.External == nil && found.External != nil {
		s.drop(JobExternal)
		s.derived.External, s.derived.ExternalCC = found.External, externalCC
	}
	d := &s.derived
	d.Searched, d.Found, d.ROI, d.Provider, d.Warnings = true, found, found.ROI, found.Provider, found.Warnings
	s.mark(DerivedChanged)
	s.record(store.Event{
		Action: "Networks searched: " + plural(len(found.Clips), "clip"), Provider: found.Provider,
		Models: s.deps.Models.Sums(),
	})
	name, before := "Find clips", s.view.Reviewed
	reviewed := map[int]bool{}
	var clips []segment.Clip
	if box == nil {
		clips = withHandMade(s.document.Volume, found.Clips, s.plan.Clips)
		for _, c := range clips {
			reviewed[c.ID] = c.ByHand
		}
	} else {
		name = "Find clips in the box"
		var stays map[int]bool
		clips, stays = mergeBox(s.document.Volume, found.Clips, s.plan.Clips, box)
		for _, c := range clips {
			reviewed[c.ID] = stays[c.ID] && before[c.ID]
		}
	}
	s.view.Selected, s.view.Box = 0, nil
	s.mark(ViewChanged | CursorChanged)
	s.edit(name, "", true, func(p *Plan) { s.renumber(p, clips, reviewed) })
	switch {
	case len(found.Clips) > 0:
		first := max(0, slices.IndexFunc(found.Clips, func(c segment.Clip) bool { return c.Kept }))
		s.view.Cursor = found.Clips[first].CentreMM
	case found.ROI != nil:
		s.view.Cursor = found.ROI.CentreMM
	}
	s.Notify(runNotice(found))
}

// runNotice is what the user should know of a run, or nil when all is plain: what concerns the clips comes
// first, and what computed is no warning.
func runNotice(found *segment.Result) *Notice {
	details := slices.Clone(found.Warnings)
	if found.Notice != "" {
		details = append(details, "Provider: "+found.Notice+".")
	}
	n := &Notice{Severity: Warning}
	switch {
	case len(found.Clips) == 0:
		n.Text, n.Details = "No clip found. Check that this CT shows the breast after surgery; a clip that you see is added with A at the crosshair.", details
	case len(details) == 0:
		return nil
	case len(found.Warnings) == 0:
		n.Severity, n.Text = Info, details[0]
	case len(details) == 1:
		n.Text = details[0]
	default:
		n.Text, n.Details = fmt.Sprintf("%s (%s)", details[0], plural(len(details)-1, "more remark")), details[1:]
	}
	return n
}
