package qa

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/clipwright/clipwright/segment"
)

// DefaultRulesText is the rules file that ships with the program, with its comments: what a site copies and edits.
//
//go:embed rules.toml
var DefaultRulesText string

// Rules are what a site asks of contours: a TOML file, of which every key has a default (rules.toml).
type Rules struct {
	Name     string              `toml:"name"`
	Files    FileRules           `toml:"files"`
	Pairs    map[string][]string `toml:"pairs"`
	Metrics  MetricRules         `toml:"metrics"`
	Limits   []Limit             `toml:"limits"`
	Clips    ClipRules           `toml:"clips"`
	Checks   CheckRules          `toml:"checks"`
	Margin   MarginRule          `toml:"margin"`
	Distance DistanceRules       `toml:"distance"`
}

// FileRules tell the reference from the test by file name.
type FileRules struct {
	Reference []string `toml:"reference"`
	Test      []string `toml:"test"`
}

// MetricRules are what the figures depend on.
type MetricRules struct {
	SurfaceToleranceMM float64  `toml:"surface_tolerance_mm"`
	PathToleranceMM    float64  `toml:"path_tolerance_mm"`
	HitRadiusMM        float64  `toml:"hit_radius_mm"`
	Skip               []string `toml:"skip"`
}

// Limit judges one figure of the pairs whose reference name fits Structure.
type Limit struct {
	Structure string  `toml:"structure"`
	Metric    string  `toml:"metric"`
	Pass      float64 `toml:"pass"`
	Look      float64 `toml:"look"`
}

// ClipRules are about clips.
type ClipRules struct {
	ExpectedLeast int     `toml:"expected_least"`
	ExpectedMost  int     `toml:"expected_most"`
	Missed        Outcome `toml:"missed"`
	Extra         Outcome `toml:"extra"`
	OutsideTarget Outcome `toml:"outside_target"`
	OneSide       Outcome `toml:"one_side"`
}

// CheckRules say how grave each finding is.
type CheckRules struct {
	Patient            Outcome `toml:"patient"`
	FrameOfReference   Outcome `toml:"frame_of_reference"`
	OtherSeries        Outcome `toml:"other_series"`
	SliceGaps          Outcome `toml:"slice_gaps"`
	OffPlane           Outcome `toml:"off_plane"`
	Empty              Outcome `toml:"empty"`
	Duplicate          Outcome `toml:"duplicate"`
	MissingSlices      Outcome `toml:"missing_slices"`
	Islands            Outcome `toml:"islands"`
	OutsideBody        Outcome `toml:"outside_body"`
	WrongSide          Outcome `toml:"wrong_side"`
	NameAndType        Outcome `toml:"name_and_type"`
	ClipsWithoutTarget Outcome `toml:"clips_without_target"`
	TargetWithoutClips Outcome `toml:"target_without_clips"`
	IslandMM3          float64 `toml:"island_mm3"`
	OutsideBodyMM3     float64 `toml:"outside_body_mm3"`
	NameCharacters     int     `toml:"name_characters"`
}

// MarginRule is what the recipe says about the way from the clips to the target.
type MarginRule struct {
	Target      string  `toml:"target"`
	MM          string  `toml:"mm"`
	ToleranceMM float64 `toml:"tolerance_mm"`
	Outcome     Outcome `toml:"outcome"`
}

// DistanceRules are about what lies near a target.
type DistanceRules struct {
	Targets     []string `toml:"targets"`
	SkinLeastMM float64  `toml:"skin_least_mm"`
}

// Outcome is what a check comes to.
type Outcome string

// The outcomes; Off is of rules alone.
const (
	Pass Outcome = "pass"
	Look Outcome = "look"
	Fail Outcome = "fail"
	Off  Outcome = "off"
)

// Rank orders outcomes: the graver the larger.
func (o Outcome) Rank() int { return slices.Index([]Outcome{Off, Pass, Look, Fail, Broken}, o) }

// DefaultRules are those of DefaultRulesText.
func DefaultRules() *Rules {
	var r Rules
	if err := decodeRules([]byte(DefaultRulesText), &r); err != nil {
		panic("qa: the default rules: " + err.Error())
	}
	return &r
}

// ReadRules reads a rules file, and returns its text too.
func ReadRules(file string) (*Rules, string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", fmt.Errorf("read rules: %w", err)
	}
	r, err := ParseRules(text)
	if err != nil {
		return nil, "", fmt.Errorf("rules %s: %w", file, err)
	}
	return r, string(text), nil
}

// ParseRules reads rules in TOML. A key that is left out keeps its default; an unknown one is an error that names it.
func ParseRules(text []byte) (*Rules, error) {
	r := DefaultRules()
	var own struct {
		Limits []Limit `toml:"limits"`
	}
	if toml.Unmarshal(text, &own) == nil && own.Limits != nil {
		r.Limits = nil // lists of tables would be added to
	}
	if err := decodeRules(text, r); err != nil {
		return nil, err
	}
	return r, r.Validate()
}

func decodeRules(text []byte, r *Rules) error {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(r)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("there is no such key:\n%s", strict.String())
	}
	var place *toml.DecodeError
	if errors.As(err, &place) {
		return fmt.Errorf("%s", place.String())
	}
	return err
}

// Validate reports the first thing in r that makes no sense.
func (r *Rules) Validate() error {
	for _, l := range r.Limits {
		if err := l.validate(); err != nil {
			return err
		}
	}
	for _, o := range []struct {
		key   string
		value Outcome
	}{
		{"clips.missed", r.Clips.Missed},
		{"clips.extra", r.Clips.Extra},
		{"clips.outside_target", r.Clips.OutsideTarget},
		{"clips.one_side", r.Clips.OneSide},
		{"checks.patient", r.Checks.Patient},
		{"checks.frame_of_reference", r.Checks.FrameOfReference},
		{"checks.other_series", r.Checks.OtherSeries},
		{"checks.slice_gaps", r.Checks.SliceGaps},
		{"checks.off_plane", r.Checks.OffPlane},
		{"checks.empty", r.Checks.Empty},
		{"checks.duplicate", r.Checks.Duplicate},
		{"checks.missing_slices", r.Checks.MissingSlices},
		{"checks.islands", r.Checks.Islands},
		{"checks.outside_body", r.Checks.OutsideBody},
		{"checks.wrong_side", r.Checks.WrongSide},
		{"checks.name_and_type", r.Checks.NameAndType},
		{"checks.clips_without_target", r.Checks.ClipsWithoutTarget},
		{"checks.target_without_clips", r.Checks.TargetWithoutClips},
		{"margin.outcome", r.Margin.Outcome},
	} {
		if o.value != Fail && o.value != Look && o.value != Off {
			return fmt.Errorf("%s = %q is not one of fail, look, off", o.key, o.value)
		}
	}
	for _, n := range []struct {
		key   string
		value float64
	}{
		{"metrics.surface_tolerance_mm", r.Metrics.SurfaceToleranceMM},
		{"metrics.path_tolerance_mm", r.Metrics.PathToleranceMM},
		{"metrics.hit_radius_mm", r.Metrics.HitRadiusMM},
		{"checks.island_mm3", r.Checks.IslandMM3},
		{"checks.outside_body_mm3", r.Checks.OutsideBodyMM3},
		{"margin.tolerance_mm", r.Margin.ToleranceMM},
		{"distance.skin_least_mm", r.Distance.SkinLeastMM},
	} {
		if !(n.value >= 0 && n.value <= 1000) {
			return fmt.Errorf("%s = %g is not between 0 and 1000", n.key, n.value)
		}
	}
	if r.Margin.MM != "" {
		if _, err := segment.ParseMargin(r.Margin.MM); err != nil {
			return fmt.Errorf("margin.mm: %w", err)
		}
	}
	return r.validatePatterns()
}

func (r *Rules) validatePatterns() error {
	patterns := slices.Concat(r.Files.Reference, r.Files.Test, r.Metrics.Skip, r.Distance.Targets, []string{r.Margin.Target})
	for _, l := range r.Limits {
		patterns = append(patterns, l.Structure)
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("%q is no pattern: * stands for anything, ? for one character", p)
		}
	}
	return nil
}

// voxelHD is the metric of limits that is HD in units of the voxel's longest side.
const voxelHD = "hd_voxels"

// rises tells whether more of the metric is better.
func (l Limit) rises() bool { return l.Metric == "dsc" || l.Metric == "surface_dsc" }

func (l Limit) validate() error {
	if _, known := (&Metrics{}).Value(l.Metric); !known && l.Metric != voxelHD {
		return fmt.Errorf("limits: %q is no metric", l.Metric)
	}
	if l.Structure == "" {
		return fmt.Errorf("limits: the limit of %s names no structure; * is every one", l.Metric)
	}
	if l.rises() && l.Look > l.Pass || !l.rises() && l.Look < l.Pass {
		return fmt.Errorf("limits: %s of %s: look = %g is better than pass = %g", l.Metric, l.Structure, l.Look, l.Pass)
	}
	return nil
}

// pairs tells whether the rules' lists say that two names are one structure.
func (r *Rules) pairs(a, b string) bool {
	for name, others := range r.Pairs {
		in := func(s string) bool {
			return strings.EqualFold(s, name) || slices.ContainsFunc(others, func(o string) bool { return matches(o, s) })
		}
		if in(a) && in(b) {
			return true
		}
	}
	return false
}

func anyMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// tolerances are what the metrics of r depend on.
func (r *Rules) tolerances() Tolerances {
	return Tolerances{SurfaceMM: r.Metrics.SurfaceToleranceMM, PathMM: r.Metrics.PathToleranceMM}
}

// Definitions are those of the figures under these rules.
func (r *Rules) Definitions() []Definition { return Definitions(r.tolerances()) }
