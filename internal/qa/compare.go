package qa

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// Input is one CT with the structure sets to judge.
type Input struct {
	Name    string // of the case
	CT      *dicom.Series
	Grid    *volume.Grid
	Ref     *Set // nil: the test alone is checked
	Test    *Set
	Pairs   []Named  // pairs by hand; nil: by rules, names and synonyms
	Notices []string // what finding the case came upon
	// Body finds the outline of the body in the CT; it is asked only when neither set holds one. nil: there is none.
	Body func(context.Context) (*volume.Mask, error)
	// Progress is told what begins, and how far the case is; nil for nobody.
	Progress func(Progress)
}

// Stage is a part of judging a case.
type Stage int

// The stages in their order.
const (
	StageBody Stage = iota // reading what was drawn, and the outline of the body
	StagePair
	StageClips
	StageTargets
	StageChecks
)

// Progress is how far a case is.
type Progress struct {
	Stage       Stage
	Structure   string // of the pair, by its name in the reference
	Done, Total int    // Total is 0 while unknown
}

// shape is a structure of a set with its voxels.
type shape struct {
	*dicom.Structure
	mask     *volume.Mask
	offPlane int
	clips    bool
}

// study is an Input at work.
type study struct {
	Input
	rules     *Rules
	ref, test []shape
	body      *volume.Mask // nil: unknown
	skin      *volume.Mask // surface voxels of body
	clips     []Clip       // of the test, or of the reference when the test has none
	result    Result
	done, of  int // parts, for Progress
}

// begin tells what begins.
func (s *study) begin(stage Stage, structure string) {
	if s.Progress != nil {
		s.Progress(Progress{stage, structure, s.done, s.of})
	}
	s.done++
}

// Compare judges one case by the rules.
func Compare(ctx context.Context, in Input, rules *Rules) (*Result, error) {
	s := study{Input: in, rules: rules, result: Result{
		Case: in.Name, Rules: rules.Name, Patient: in.CT.Study.Patient, CT: in.CT.UID, Grid: gridText(in.Grid),
		Test: setInfo(in.Test), Notices: slices.Clone(in.Notices),
		Pairs: []PairResult{}, RefOnly: []string{}, TestOnly: []string{}, Targets: []TargetResult{}, Checks: []Check{},
	}}
	s.begin(StageBody, "")
	s.test = s.shapes(in.Test)
	if in.Ref != nil {
		info := setInfo(in.Ref)
		s.result.Reference = &info
		s.ref = s.shapes(in.Ref)
	}
	if err := s.findBody(ctx); err != nil {
		return nil, err
	}
	if err := s.measurePairs(ctx); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		stage Stage
		do    func() error
	}{{StageClips, s.compareClips}, {StageTargets, s.measureTargets}, {StageChecks, s.check}} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.begin(step.stage, "")
		if err := step.do(); err != nil {
			return nil, err
		}
	}
	if s.result.Notices == nil {
		s.result.Notices = []string{}
	}
	return &s.result, nil
}

func setInfo(s *Set) SetInfo {
	return SetInfo{filepath.Base(s.Path), s.File.Label, s.File.Manufacturer, s.File.Date, s.File.SOPInstanceUID}
}

func gridText(g *volume.Grid) string {
	step, even := g.Uniform()
	uneven := ""
	if !even {
		uneven = ", uneven"
	}
	return fmt.Sprintf("%d slices, %.2f × %.2f × %.1f mm%s", g.Nz(), g.SpacingX, g.SpacingY, step, uneven)
}

// shapes fills the structures of a set on the CT's grid.
func (s *study) shapes(set *Set) []shape {
	all := make([]shape, len(set.File.Structures))
	for i := range all {
		st := &set.File.Structures[i]
		all[i] = shape{Structure: st, clips: IsClips(st)}
		all[i].mask, all[i].offPlane = volume.RasteriseReport(s.Grid, st.Contours)
	}
	for _, f := range set.Findings {
		if f.Severity != dicom.SeverityInfo {
			s.result.Notices = append(s.result.Notices, filepath.Base(set.Path)+": "+f.Text)
		}
	}
	return all
}

// findBody takes the outline of the test, of the reference, or of the CT.
func (s *study) findBody(ctx context.Context) error {
	for _, set := range [][]shape{s.test, s.ref} {
		for i := range set {
			if isBody(set[i].Structure) && !set[i].mask.Empty() {
				s.body = set[i].mask
				return nil
			}
		}
	}
	if s.Body == nil {
		return nil
	}
	var err error
	if s.body, err = s.Body(ctx); err != nil {
		return fmt.Errorf("find the body: %w", err)
	}
	return nil
}

func isBody(s *dicom.Structure) bool {
	return s.Type == "EXTERNAL" || canonical(splitName(s.Name), synonyms()).what == "external"
}

// isTarget tells whether s is a target volume.
func isTarget(s *dicom.Structure) bool {
	return s.Type == "CTV" || s.Type == "PTV" || strings.HasPrefix(s.Name, "CTV") || strings.HasPrefix(s.Name, "PTV")
}

// otherStages is how many parts a case has beside its pairs.
const otherStages = int(StageChecks)

func (s *study) measurePairs(ctx context.Context) error {
	s.of = otherStages
	if s.Ref == nil {
		return nil
	}
	pairs, refOnly, testOnly, err := PairStructures(s.Ref.File, s.Test.File, s.Pairs, s.rules)
	if err != nil {
		return err
	}
	s.result.RefOnly, s.result.TestOnly = append(s.result.RefOnly, refOnly...), append(s.result.TestOnly, testOnly...)
	pairs = slices.DeleteFunc(pairs, func(p Pair) bool { return anyMatches(s.rules.Metrics.Skip, p.Ref.Name) })
	s.of += len(pairs)
	for _, p := range pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.begin(StagePair, p.Ref.Name)
		ref, test := find(s.ref, p.Ref).mask, find(s.test, p.Test).mask
		s.result.Pairs = append(s.result.Pairs, PairResult{
			Ref: p.Ref.Name, Test: p.Test.Name, How: p.How, Metrics: Measure(ref, test, s.rules.tolerances()), RefMask: ref, TestMask: test,
		})
	}
	return nil
}

func find(all []shape, st *dicom.Structure) *shape {
	return &all[slices.IndexFunc(all, func(s shape) bool { return s.Structure == st })]
}
