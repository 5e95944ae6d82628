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
	"unicode/utf8"

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
	in         *DraftInput
	letter     string // L or R
	clips      []Clip // of this side
	suffix     string // of the names, when both sides have clips
	bed        *bed
	seroma     *volume.Mask // accepted on this side, or nil
	seromaBody *solid
	made       map[string]shape // targets of the recipe so far, without suffix
	warnings   []string
}

// named is the name of a target on this side; a long one is cut, so that what planning systems show tells the sides apart.
func (s *side) named(name string) string {
	for len(name)+len(s.suffix) > mostNameLength {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return name + s.suffix
}

// shape is a target on its way: a mask, its bodies as long as it is SurgicalBed itself, and what was done.
type shape struct {
	mask   *volume.Mask
	bodies []*solid
	words  string
	asked  Margin // beyond SurgicalBed so far
	known  bool   // whether that is said: not of what began as another structure
}

// with is the shape after a step that leaves the margin as it is.
func (sh shape) with(m *volume.Mask, words string) shape {
	return shape{m, nil, words, sh.asked, sh.known}
}

// plus and less add to and take from what is asked for.
func (m Margin) plus(o Margin) Margin {
	return Margin{m.R + o.R, m.L + o.L, m.A + o.A, m.P + o.P, m.S + o.S, m.I + o.I}
}

func (m Margin) less(o Margin) Margin {
	return Margin{m.R - o.R, m.L - o.L, m.A - o.A, m.P - o.P, m.S - o.S, m.I - o.I}
}

// apply makes one target.
func (s *side) apply(ctx context.Context, t RecipeTarget) (Target, error) {
	sh := s.start(s.bed)
	for _, step := range t.Steps {
		if err := ctx.Err(); err != nil {
			return Target{}, err
		}
		var err error
		if sh, err = s.step(sh, step); err != nil {
			return Target{}, fmt.Errorf("%s: %w", s.named(t.Name), err)
		}
	}
	s.made[t.Name] = sh
	s.warnOutside(t, sh)
	made := Target{Name: s.named(t.Name), Type: t.Type, Mask: sh.mask, Recipe: sh.words, Inputs: s.inputs(s.in.Recipe)}
	if sh.known {
		made.Requested = &sh.asked
	}
	return made, nil
}

// inputs says what r, nil for the bed alone, made targets from.
func (s *side) inputs(r *Recipe) string {
	var ids []string
	for _, c := range s.clips {
		ids = append(ids, strconv.Itoa(c.ID))
	}
	text := "Clips " + strings.Join(ids, ", ")
	if s.seroma != nil {
		text += fmt.Sprintf("; seroma of %.1f cc", s.seroma.VolumeMM3()/1000)
	}
	if r == nil {
		return text
	}
	if r.UsesFreeMargins() {
		text += "; free margins " + Margin(s.in.FreeMargin).String()
	}
	return "Recipe " + r.Name + ". " + text
}

// start is the envelope of the clips, and the seroma that was accepted on this side.
func (s *side) start(b *bed) shape {
	sh := shape{b.mask, []*solid{b.body}, BedName + s.suffix, Margin{}, true}
	if s.seroma != nil {
		sh.mask, sh.bodies = sh.mask.Union(s.seroma), append(sh.bodies, s.seromaBody)
	}
	return sh
}

// warnOutside names the clips that a CTV or PTV leaves out: a crop took them; and, without a seroma, a CTV that has all of them on one side.
func (s *side) warnOutside(t RecipeTarget, sh shape) {
	if t.Type != "CTV" && t.Type != "PTV" {
		return
	}
	var outside []string
	for _, id := range outsideOf(sh.mask, s.clips) {
		outside = append(outside, strconv.Itoa(id))
	}
	if len(outside) > 0 {
		s.warnings = append(s.warnings, fmt.Sprintf("clip %s lies outside %s (%s)", strings.Join(outside, ", "), s.named(t.Name), sh.words))
	}
	if s.seroma != nil || t.Type != "CTV" || sh.mask.Empty() {
		return
	}
	var places []volume.Vec
	for _, c := range s.clips {
		places = append(places, c.CentreMM)
	}
	if way, all := AllOnOneSide(centroid(sh.mask), places); all {
		s.warnings = append(s.warnings, fmt.Sprintf("the clips all lie %s of the middle of %s: they do not show its other side", direction(way), s.named(t.Name)))
	}
}

func (s *side) step(sh shape, step Step) (shape, error) {
	words := step.words(sh.words, step.Margin)
	switch step.Do {
	case StepExpand:
		return s.expand(sh, step)
	case StepContract:
		made := sh.with(Contract(sh.mask, step.Margin), words)
		made.asked = sh.asked.less(step.Margin)
		return made, nil
	case StepEnvelope:
		made := s.start(newAlphaBed(s.in.Grid, s.clips, step.Amount))
		made.words = words
		return made, nil
	case StepSmooth:
		return sh.with(Smooth(sh.mask, step.Amount), words), nil
	case StepIslands:
		return sh.with(RemoveIslands(sh.mask, step.Amount), words), nil
	case StepInterpolate:
		return sh.with(Interpolate(sh.mask, step.Amount), words), nil
	}
	with, name := s.structure(step.With)
	if with.mask == nil {
		if step.Optional {
			if !slices.Contains([]string{ExternalName, SeromaName}, step.With) {
				s.warnings = append(s.warnings, fmt.Sprintf("there is no structure %s: that step of the recipe is left out", step.With))
			}
			return sh, nil
		}
		return sh, fmt.Errorf("the recipe needs the structure %s; open a structure set that holds it, or choose another recipe", step.With)
	}
	step.With = name
	words = step.words(sh.words, step.Margin)
	m, wide := with.mask, step.Margin != Margin{}
	switch {
	case step.Do == StepTake:
		with.words = words
		return with, nil
	case step.Do == StepIntersect && wide:
		m = s.in.Cache.contract(m, step.Margin)
	case wide:
		m = Expand(m, step.Margin)
	}
	switch step.Do {
	case StepUnion:
		return sh.with(sh.mask.Union(m), words), nil
	case StepSubtract:
		return sh.with(sh.mask.Subtract(m), words), nil
	}
	return sh.with(sh.mask.Intersect(m), words), nil
}

// expand adds a margin: to SurgicalBed from its bodies, to anything else from its voxels.
func (s *side) expand(sh shape, step Step) (shape, error) {
	m, err := s.margin(step)
	if err != nil {
		return sh, err
	}
	s.warnings = append(s.warnings, thinMargin(s.in.Grid, m)...)
	grown := sh.mask
	for _, b := range sh.bodies {
		if b == s.seromaBody { // a mask, whose margin is that of any other
			grown = grown.Union(Expand(s.seroma, m))
			continue
		}
		grown = grown.Union(b.dilate(newReach(s.in.Grid, m)))
	}
	if len(sh.bodies) == 0 {
		grown = Expand(sh.mask, m)
	}
	made := sh.with(grown, step.words(sh.words, m))
	made.asked = sh.asked.plus(m)
	return made, nil
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

// structure finds an earlier target, External, a structure of that name, or of that name and the side, the seroma that was
// accepted, or anatomy.
func (s *side) structure(name string) (shape, string) {
	if sh, ok := s.made[name]; ok {
		return sh.with(sh.mask, ""), s.named(name)
	}
	if name == ExternalName {
		return shape{mask: s.in.External}, name
	}
	for _, n := range []string{name, name + "_" + s.letter} {
		for have, m := range s.in.Structures {
			if strings.EqualFold(have, n) {
				return shape{mask: m}, have
			}
		}
	}
	if name == SeromaName {
		return shape{mask: s.seroma}, name
	}
	for have, m := range s.in.Anatomy {
		if strings.EqualFold(have, name) {
			return shape{mask: m}, have
		}
	}
	return shape{}, name
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
