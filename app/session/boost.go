package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// NameSeroma is the fluid in the cavity: grown or drawn, it is part of SurgicalBed.
const NameSeroma = segment.SeromaName

const typeCavity = "CAVITY"

// FindStructure is the mask called name, whatever the case of its letters, or nil.
func FindStructure(masks map[string]*volume.Mask, name string) *volume.Mask {
	for have, m := range masks {
		if strings.EqualFold(have, name) {
			return m
		}
	}
	return nil
}

// ClipsOfSide are the kept clips of a side.
func ClipsOfSide(clips []segment.Clip, side string) []segment.Clip {
	var own []segment.Clip
	for _, c := range clips {
		if c.Kept && c.Side == side {
			own = append(own, c)
		}
	}
	return own
}

// SeromaDrawn is a seroma that was proposed and accepted, as a structure.
func SeromaDrawn(s *segment.Seroma) Drawn {
	return Drawn{
		Name: NameSeroma, Type: typeCavity, Mask: s.Mask, CC: s.Mask.VolumeMM3() / 1000,
		Origin: fmt.Sprintf("Grown between the clips, %.0f HU on average; accepted by the user", s.MeanHU),
	}
}

// anatomyFound brings what follows from lungs and chest wall in line: targets that are cropped with them, or figures alone.
func (s *Session) anatomyFound() {
	if s.draftKey().anatomy != nil {
		s.redraft()
		return
	}
	s.measure()
}

// anatomy is lungs, bones and chest wall by name, as far as they are known.
func (s *Session) anatomy() map[string]*volume.Mask {
	if s.derived.Anatomy == nil {
		return nil
	}
	return s.derived.Anatomy.Structures()
}

// figuredFrom is what figures were made from: the same again needs no new ones.
type figuredFrom struct {
	masks  []*volume.Mask // of targets, External, lungs and breast
	beside *segment.Recipe
}

func (m figuredFrom) equal(o figuredFrom) bool {
	return m.beside == o.beside && slices.Equal(m.masks, o.masks)
}

// measure works out the figures of the present targets, and what the recipe compared with makes of the same clips.
func (s *Session) measure() {
	if len(s.derived.Targets) == 0 || s.derived.Stale {
		s.drop(JobFigures)
		s.derived.Figures, s.derived.Compared, s.figured = nil, nil, figuredFrom{}
		return
	}
	in, from := s.draftInput(), figuredFrom{beside: s.view.Compare}
	targets := make([]segment.Target, len(s.derived.Targets))
	for i, t := range s.derived.Targets {
		targets[i] = t.Target
		if d := s.plan.Drawing(t.Name); d != nil {
			targets[i].Mask, targets[i].Requested = d.Mask, nil
		}
		from.masks = append(from.masks, targets[i].Mask)
	}
	from.masks = append(from.masks, in.External, in.Anatomy[segment.LungsName])
	for _, name := range []string{segment.LungsName, "Breast", "Breast_L", "Breast_R"} {
		from.masks = append(from.masks, FindStructure(in.Structures, name))
	}
	if from.equal(s.figured) {
		return
	}
	s.derived.Figures, s.derived.Compared, s.figured = nil, nil, from
	s.start(JobFigures, "Measure the targets", func(ctx context.Context, _ *job) (func(), error) {
		figures := segment.MeasureTargets(targets, segment.Neighbours{
			External: in.External, Structures: in.Structures, Anatomy: in.Anatomy, Clips: in.Clips, Cache: &s.contractedSkin,
		})
		var compared []segment.TargetComparison
		var lacking error
		if from.beside != nil {
			other := in
			other.Recipe, other.Cache = from.beside, &s.contractedOther
			made, _, err := s.work.draft(ctx, other)
			if lacking = err; err == nil {
				compared = segment.CompareTargets(targets, made)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return func() {
			s.derived.Figures, s.derived.Compared, s.derived.CompareLacks = figures, compared, ""
			if lacking != nil {
				s.derived.CompareLacks = lacking.Error()
			}
			s.mark(DerivedChanged)
		}, nil
	})
}

// SetCompare sets the targets of r beside those of the plan; nil ends that.
func (s *Session) SetCompare(r *segment.Recipe) {
	s.Update(func() {
		s.view.Compare = r
		s.mark(ViewChanged)
		s.measure()
	})
}

// Recipes are those that ship with the program and those of the site's folder; the error tells which files cannot be read.
func (s *Session) Recipes() ([]*segment.Recipe, error) {
	site, err := segment.SiteRecipes(s.deps.RecipeDir)
	return append(segment.Recipes(), site...), err
}

// editedKey is the key of a recipe that was edited and is in no file.
const editedKey = "edited"

// UseRecipe reads a recipe as it was edited and makes the targets of it.
func (s *Session) UseRecipe(text string) error {
	r, err := segment.ParseRecipe(editedKey, []byte(text))
	if err != nil {
		return err
	}
	s.SetRecipe(r)
	return nil
}

// SaveRecipe keeps an edited recipe as key.toml in the site's folder, and makes the targets of it.
func (s *Session) SaveRecipe(key, text string) error {
	r, err := segment.ParseRecipe(key, []byte(text))
	if err != nil {
		return err
	}
	if s.deps.RecipeDir == "" {
		return errors.New("there is no folder for recipes on this machine")
	}
	path, err := segment.SaveRecipe(s.deps.RecipeDir, key, r)
	if err != nil {
		return err
	}
	s.SetRecipe(r)
	s.Notify(&Notice{Text: fmt.Sprintf("Recipe %s is kept in %s.", r.Name, path)})
	return nil
}

// FindSeroma looks for fluid between the clips: a proposal that the user accepts or not.
func (s *Session) FindSeroma() {
	if s.document.Volume == nil || s.derived.External == nil || len(s.plan.Kept()) == 0 {
		s.Notify(&Notice{Text: "A seroma is grown from between the clips: find or keep some first."})
		return
	}
	v, external, wall, clips := s.document.Volume, s.derived.External, s.anatomy()[segment.ChestwallName], s.plan.Kept()
	s.start(JobSeroma, "Find the seroma", func(ctx context.Context, _ *job) (func(), error) {
		var found *segment.Seroma
		none := error(segment.ErrNoSeroma)
		for _, side := range sides(clips) {
			one, err := s.work.seroma(ctx, v, external, wall, ClipsOfSide(clips, side))
			switch {
			case errors.Is(err, segment.ErrNoSeroma):
			case err != nil:
				return nil, err
			case found == nil || one.Mask.VolumeMM3() > found.Mask.VolumeMM3():
				found = one
			}
		}
		return func() {
			s.derived.Seroma = found
			s.mark(DerivedChanged)
			if found == nil {
				s.Notify(&Notice{Text: upperFirst(none.Error()) + ". Draw it with the brush when you see one."})
				return
			}
			n := &Notice{Text: fmt.Sprintf("Seroma proposed: %.1f cc of %.0f HU, dashed on the images. Accept it in the Boost panel, or leave it.",
				found.Mask.VolumeMM3()/1000, found.MeanHU)}
			if len(found.Warnings) > 0 {
				n.Severity, n.Details = Warning, found.Warnings
			}
			s.Notify(n)
		}, nil
	})
}

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// AcceptSeroma makes the proposal a structure that is part of SurgicalBed and can be drawn upon.
func (s *Session) AcceptSeroma() {
	if s.derived.Seroma == nil {
		return
	}
	d := SeromaDrawn(s.derived.Seroma)
	s.Update(func() {
		s.derived.Seroma = nil
		s.mark(DerivedChanged)
		s.edit("Accept seroma", "", true, func(p *Plan) { p.setDrawn(d) })
		s.Notify(nil)
	})
}

// RejectSeroma drops the proposal.
func (s *Session) RejectSeroma() {
	if s.derived.Seroma == nil {
		return
	}
	s.Update(func() {
		s.derived.Seroma = nil
		s.mark(DerivedChanged)
		s.Notify(nil)
	})
}

// BoostWarnings are what the user should read beside the targets, the edited ones first that no longer fit their clips.
func (s *Session) BoostWarnings() []string {
	var warnings []string
	for i := range s.plan.Drawn {
		if d := &s.plan.Drawn[i]; d.staleFor(s.plan) {
			warnings = append(warnings, d.Name+" was edited by hand, and clips, margins or recipe have changed since: look at it again, or take the edits back")
		}
	}
	warnings = append(warnings, s.unfollowed()...)
	return append(warnings, s.derived.DraftWarnings...)
}

// unfollowed names the targets that were drafted from another as it was before it was edited by hand.
func (s *Session) unfollowed() []string {
	r := s.plan.BoostRecipe()
	if r == nil {
		return nil
	}
	var warnings []string
	for i := range s.plan.Drawn {
		d := &s.plan.Drawn[i]
		if !d.Edited() {
			continue
		}
		base, suffix := d.Name, ""
		for _, side := range []string{"_L", "_R"} { // of a plan with clips on both sides
			if cut, ok := strings.CutSuffix(d.Name, side); ok {
				base, suffix = cut, side
			}
		}
		for _, name := range r.MadeFrom(base) {
			if name += suffix; s.plan.Drawing(name) == nil {
				warnings = append(warnings, fmt.Sprintf("%s is made from %s as it was drafted, not as it was edited by hand: edit it too, or take the edits back", name, d.Name))
			}
		}
	}
	return warnings
}

// staleFor tells whether what the target was drawn upon has changed.
func (d *Drawn) staleFor(p *Plan) bool { return d.Edited() && d.draft != p.draft }

// drawnSeroma is the seroma that was accepted or drawn, or nil.
func (p *Plan) drawnSeroma() *volume.Mask {
	if d := p.Drawing(NameSeroma); d != nil && !d.Mask.Empty() {
		return d.Mask
	}
	return nil
}

// PreviewMargin shows what a margin would make, as it is dragged: a plan of its own that undo does not know. The plan's own
// margin shows the plan again.
func (s *Session) PreviewMargin(m segment.Margin) {
	if s.document.Volume == nil || len(s.plan.Kept()) == 0 || s.plan.Recipe != nil {
		return
	}
	s.Update(func() {
		if m == s.plan.Margin {
			s.redraft()
			return
		}
		next := *s.plan
		next.Margin, next.Boost = m, true
		in := s.draftInput()
		in.Recipe = next.BoostRecipe()
		s.start(JobDraft, "Preview the targets", func(ctx context.Context, _ *job) (func(), error) {
			d, err := s.work.draftTargets(ctx, draftKey{}, in)
			if err != nil {
				return nil, err
			}
			return func() {
				s.derived.Targets, s.derived.DraftWarnings, s.derived.DraftSeconds = d.targets, d.warnings, d.seconds
				s.derived.Figures, s.derived.Stale, s.figured = nil, true, figuredFrom{}
				s.mark(DerivedChanged)
			}, nil
		})
	})
}
