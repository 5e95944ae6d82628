package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/clipwright/clipwright/internal/volume"
)

// ErrFreeMargin says that a recipe needs a free margin which is not known; the text asks for it.
var ErrFreeMargin = errors.New("free margin unknown")

// FreeMargin holds pathology's free margins in mm, as Margin has its directions; NaN where unknown.
type FreeMargin Margin

// UnknownFreeMargin knows none of the six.
func UnknownFreeMargin() FreeMargin { return FreeMargin(UniformMargin(math.NaN())) }

// unknown lists the letters of the directions that are not known.
func (f FreeMargin) unknown() string {
	var letters []string
	for i, v := range Margin(f).values() {
		if math.IsNaN(v) {
			letters = append(letters, string("RLAPSI"[i]))
		}
	}
	return strings.Join(letters, ", ")
}

// shorten takes the free margins off m, never below zero.
func (f FreeMargin) shorten(m Margin, use FreeMarginUse) Margin {
	free := Margin(f).values()
	if use == FreeSmallest {
		least := slices.Min(free[:])
		free = [6]float64{least, least, least, least, least, least}
	}
	v := m.values()
	for i := range v {
		v[i] = max(0, v[i]-free[i])
	}
	return Margin{v[0], v[1], v[2], v[3], v[4], v[5]}
}

// side is one side's clips on their way to targets.
type side struct {
	in       *DraftInput
	letter   string // L or R
	clips    []Clip // of this side
	suffix   string // of the names, when both sides have clips
	bed      *bed
	made     map[string]*volume.Mask // targets of the recipe so far, without suffix
	warnings []string
}

// shape is a target on its way: a mask, its body as long as it is the hull itself, and what was done.
type shape struct {
	mask  *volume.Mask
	body  *solid
	words string
}

// apply makes one target.
func (s *side) apply(ctx context.Context, t RecipeTarget) (Target, error) {
	sh := shape{s.bed.mask, s.bed.body, BedName + s.suffix}
	for _, step := range t.Steps {
		if err := ctx.Err(); err != nil {
			return Target{}, err
		}
		var err error
		if sh, err = s.step(sh, step); err != nil {
			return Target{}, fmt.Errorf("%s: %w", t.Name+s.suffix, err)
		}
	}
	s.made[t.Name] = sh.mask
	s.warnOutside(t, sh)
	return Target{t.Name + s.suffix, t.Type, sh.mask, sh.words}, nil
}

// warnOutside names the clips that a CTV or PTV leaves out: a crop took them.
func (s *side) warnOutside(t RecipeTarget, sh shape) {
	if t.Type != "CTV" && t.Type != "PTV" {
		return
	}
	var outside []string
	for _, id := range outsideOf(sh.mask, s.clips) {
		outside = append(outside, strconv.Itoa(id))
	}
	if len(outside) > 0 {
		s.warnings = append(s.warnings, fmt.Sprintf("clip %s lies outside %s (%s)", strings.Join(outside, ", "), t.Name+s.suffix, sh.words))
	}
}

func (s *side) step(sh shape, step Step) (shape, error) {
	switch step.Do {
	case StepExpand:
		m, err := s.margin(step)
		if err != nil {
			return sh, err
		}
		s.warnings = append(s.warnings, thinMargin(s.in.Grid, m)...)
		words := step.words(sh.words, m)
		if sh.body != nil {
			return shape{sh.body.dilate(newReach(s.in.Grid, m)).Union(sh.mask), nil, words}, nil
		}
		return shape{Expand(sh.mask, m), nil, words}, nil
	case StepContract:
		return shape{Contract(sh.mask, step.Margin), nil, step.words(sh.words, step.Margin)}, nil
	}
	with, name := s.structure(step.With)
	if with == nil {
		if step.Optional {
			if step.With != ExternalName {
				s.warnings = append(s.warnings, fmt.Sprintf("there is no structure %s: the target is not cut to it", step.With))
			}
			return sh, nil
		}
		return sh, fmt.Errorf("the recipe needs the structure %s; open a structure set that holds it, or choose another recipe", step.With)
	}
	step.With = name
	words := step.words(sh.words, step.Margin)
	wide := step.Margin != Margin{}
	switch step.Do {
	case StepTake:
		return shape{with, nil, words}, nil
	case StepUnion:
		if wide {
			with = Expand(with, step.Margin)
		}
		return shape{sh.mask.Union(with), nil, words}, nil
	case StepSubtract:
		if wide {
			with = Expand(with, step.Margin)
		}
		return shape{sh.mask.Subtract(with), nil, words}, nil
	}
	if wide {
		with = s.in.Cache.contract(with, step.Margin)
	}
	return shape{sh.mask.Intersect(with), nil, words}, nil
}

// margin is what expand adds: the step's margin less pathology's free margins where the recipe says so.
func (s *side) margin(step Step) (Margin, error) {
	if step.Less == FreeUnused {
		return step.Margin, nil
	}
	if letters := s.in.FreeMargin.unknown(); letters != "" {
		return Margin{}, fmt.Errorf("%w: what is the free margin towards %s, in mm? The pathology report says; the recipe takes it off its %s",
			ErrFreeMargin, letters, step.Margin)
	}
	return s.in.FreeMargin.shorten(step.Margin, step.Less), nil
}

// structure finds an earlier target, External, or a structure of that name, or of that name and the side.
func (s *side) structure(name string) (*volume.Mask, string) {
	if m, ok := s.made[name]; ok {
		return m, name + s.suffix
	}
	if name == ExternalName {
		return s.in.External, name
	}
	for _, n := range []string{name, name + "_" + s.letter} {
		for have, m := range s.in.Structures {
			if strings.EqualFold(have, n) {
				return m, have
			}
		}
	}
	return nil, name
}

// DraftCache keeps what a recipe makes of a structure that does not change while margins are tried, such as External
// less 5 mm. Its zero value is ready, nil keeps nothing, and goroutines may share it.
type DraftCache struct {
	mu     sync.Mutex
	mask   *volume.Mask
	margin Margin
	made   *volume.Mask
}

func (c *DraftCache) contract(m *volume.Mask, margin Margin) *volume.Mask {
	if c == nil {
		return Contract(m, margin)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mask != m || c.margin != margin {
		c.mask, c.margin, c.made = m, margin, Contract(m, margin)
	}
	return c.made
}
