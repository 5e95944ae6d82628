package teach

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Grading is all that an answer is judged by.
type Grading struct {
	Case      *Case
	Volume    *volume.Volume // of the case
	Reference *Reference
	Learner   string
	Begun     time.Time
	Version   string // of the program
}

// mostAlias is the longest name of a learner, in characters.
const mostAlias = 40

// CheckLearner refuses what cannot name a learner.
func CheckLearner(alias string) error {
	switch n := len([]rune(strings.TrimSpace(alias))); {
	case n == 0:
		return errors.New("say who learns: a name or an alias")
	case n > mostAlias:
		return fmt.Errorf("an alias has at most %d characters", mostAlias)
	case strings.ContainsFunc(alias, func(r rune) bool { return r < ' ' }):
		return errors.New("an alias has no control characters")
	}
	return nil
}

// Grade matches an answer with the reference and says what became of each clip and each mark.
func Grade(ctx context.Context, g Grading, a Answer) (*Attempt, error) {
	if err := CheckLearner(g.Learner); err != nil {
		return nil, err
	}
	l := &g.Case.Lesson
	t := &Attempt{
		Format: attemptFormat, ID: uuid.NewString(), Learner: strings.TrimSpace(g.Learner), Case: l.ID, Title: l.Title,
		Difficulty: l.Difficulty, Categories: slices.Clone(l.Categories), Begun: g.Begun.UTC(), Seconds: a.Seconds, LimitSeconds: a.LimitSeconds,
		HitRadiusMM: l.HitRadiusMM, Slices: g.Volume.Grid.Nz(), SlicesSeen: slicesSeen(a.Path), Path: slices.Clone(a.Path), Marks: slices.Clone(a.Marks), Version: g.Version,
	}
	if t.Path == nil {
		t.Path = []Look{}
	}
	if t.Marks == nil {
		t.Marks = []Mark{}
	}
	places := make([]volume.Vec, len(a.Marks))
	numbers := make([]int, len(a.Marks))
	for i, m := range a.Marks {
		places[i], numbers[i] = m.PlaceMM, m.Number
	}
	j := &judge{lesson: l, volume: g.Volume}
	var err error
	if t.Score, t.Verdicts, err = j.verdicts(ctx, g.Reference, places, numbers); err != nil {
		return nil, err
	}
	for i := range t.Verdicts {
		v := &t.Verdicts[i]
		if v.Clip == 0 || v.Outcome == SetAside {
			continue
		}
		b := g.Reference.Clips[v.Clip-1].Mask.Bounds()
		v.SeenSeconds = seenSeconds(a.Path, a.Seconds, b.Min[2], b.Max[2]-1)
		if v.Outcome == Missed && len(a.Path) > 0 {
			v.Reason = &Reason{Kind: ReasonSeen, DistanceMM: qa.Number(math.NaN())}
			if v.SeenSeconds == 0 {
				v.Reason.Kind = ReasonUnseen
			}
		}
	}
	if a.Boost != nil && !a.Boost.Empty() && g.Reference.Target != nil {
		m := qa.Measure(g.Reference.Target, a.Boost, tolerances())
		t.Boost = &m
	}
	return t, ctx.Err()
}

// Definitions says what the figures of a boost are.
func Definitions() []qa.Definition { return qa.Definitions(tolerances()) }

func tolerances() qa.Tolerances {
	m := qa.DefaultRules().Metrics
	return qa.Tolerances{SurfaceMM: m.SurfaceToleranceMM, PathMM: m.PathToleranceMM}
}

// Compare says what the networks made of the case: clips that they keep, by the same matching.
func Compare(ctx context.Context, g Grading, found []segment.Clip) (*Network, error) {
	var places []volume.Vec
	var numbers []int
	for _, c := range found {
		if c.Kept {
			places, numbers = append(places, c.CentreMM), append(numbers, c.ID)
		}
	}
	j := &judge{lesson: &g.Case.Lesson, volume: g.Volume}
	n := &Network{}
	var err error
	n.Score, n.Verdicts, err = j.verdicts(ctx, g.Reference, places, numbers)
	return n, err
}

// verdicts matches places, called by numbers, with the reference.
func (j *judge) verdicts(ctx context.Context, ref *Reference, places []volume.Vec, numbers []int) (Score, []Verdict, error) {
	m := segment.Match(qa.Centres(ref.Clips), places, qa.Centres(ref.Axillary), j.lesson.HitRadiusMM)
	s := Score{Found: len(m.Pairs), Missed: len(m.Missed), False: len(m.False), SetAside: len(m.Ignored), MeanErrorMM: qa.Number(math.NaN())}
	all := []Verdict{}
	none := qa.Number(math.NaN())
	sum := 0.0
	for _, p := range m.Pairs {
		sum += p.DistanceMM
		all = append(all, Verdict{
			Outcome: Found, Clip: p.Truth + 1, Mark: numbers[p.Found], PlaceMM: ref.Clips[p.Truth].CentreMM,
			ErrorMM: qa.Number(p.DistanceMM), Offset: qa.Letters(places[p.Found].Sub(ref.Clips[p.Truth].CentreMM)),
		})
	}
	if s.Found > 0 {
		s.MeanErrorMM = qa.Number(sum / float64(s.Found))
	}
	missed := map[int]bool{}
	for _, i := range m.Missed {
		missed[i+1] = true
		all = append(all, Verdict{Outcome: Missed, Clip: i + 1, PlaceMM: ref.Clips[i].CentreMM, ErrorMM: none})
	}
	slices.SortStableFunc(all, func(a, b Verdict) int { return a.Clip - b.Clip })
	for _, i := range m.Ignored {
		all = append(all, Verdict{Outcome: SetAside, Mark: numbers[i], PlaceMM: places[i], ErrorMM: none, Reason: &Reason{Kind: ReasonAxillary, DistanceMM: none}})
	}
	for _, i := range m.False {
		r, err := j.blame(ctx, places[i], ref, missed)
		if err != nil {
			return s, nil, err
		}
		all = append(all, Verdict{Outcome: False, Mark: numbers[i], PlaceMM: places[i], ErrorMM: none, Reason: r})
	}
	return s, all, nil
}

// ratio is a/b, or NaN for b = 0.
func ratio(a, b int) qa.Number {
	if b == 0 {
		return qa.Number(math.NaN())
	}
	return qa.Number(float64(a) / float64(b))
}
