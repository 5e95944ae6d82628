package segment

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Recipe says how targets are made from the clips. The files in recipes/ ship with the program; a site writes its own.
type Recipe struct {
	Key     string // the file's name without .toml
	Name    string
	About   string
	Source  string // where its figures are from
	Verify  bool   // figures inferred or remembered: verify locally
	Targets []RecipeTarget
}

// RecipeTarget is one target of a recipe: its steps begin with SurgicalBed, the envelope of the kept clips of one side.
type RecipeTarget struct {
	Name  string // at most 16 characters, DICOM's limit for what planning systems show
	Type  string // RT ROI Interpreted Type, PS3.3 C.8.8.8
	Steps []Step
}

// Step changes the target so far. With names a structure, or an earlier target of the recipe; Breast finds Breast_L
// where the clips are on the left.
type Step struct {
	Do       StepKind
	With     string
	Margin   Margin
	Less     FreeMarginUse // what expand takes off the margin
	Optional bool          // without the structure the step is left out, with a warning
	Amount   float64       // of envelope (alpha), smooth and interpolate mm, of islands cc
}

// StepKind is what a step does.
type StepKind string

// The steps.
const (
	StepTake      StepKind = "take"      // begin anew with With
	StepUnion     StepKind = "union"     // add With, widened by the margin
	StepIntersect StepKind = "intersect" // keep what is in With, narrowed by the margin
	StepSubtract  StepKind = "subtract"  // remove With, widened by the margin
	StepExpand    StepKind = "expand"    // add the margin, less the free margins of pathology
	StepContract  StepKind = "contract"  // take the margin off

	StepEnvelope    StepKind = "envelope"    // begin anew with the clips' alpha shape: hollows wider than Amount stay out
	StepSmooth      StepKind = "smooth"      // round the surface off by Amount
	StepIslands     StepKind = "islands"     // leave out parts below Amount, but for the largest
	StepInterpolate StepKind = "interpolate" // fill slices left empty over Amount at most
)

// FreeMarginUse is how pathology's free margins shorten a margin.
type FreeMarginUse string

// Uses of the free margins.
const (
	FreeUnused    FreeMarginUse = ""
	FreeSmallest  FreeMarginUse = "smallest free margin" // the smallest of the six from every direction
	FreeDirection FreeMarginUse = "free margin"          // each from its own direction
)

// PlainRecipe is CTVsb_High: SurgicalBed and m, within External.
func PlainRecipe(m Margin) *Recipe {
	return &Recipe{
		Key: "plain", Name: "Plain margin", About: "SurgicalBed and a margin", Source: "your own figures",
		Targets: []RecipeTarget{{BoostName, "CTV", []Step{
			{Do: StepExpand, Margin: m},
			{Do: StepIntersect, With: ExternalName, Optional: true},
		}}},
	}
}

// ExternalName is the body outline's name in recipes and structure sets.
const ExternalName = "External"

// UsesFreeMargins tells whether the recipe asks for pathology's free margins.
func (r *Recipe) UsesFreeMargins() bool {
	for _, t := range r.Targets {
		for _, s := range t.Steps {
			if s.Less != FreeUnused {
				return true
			}
		}
	}
	return false
}

// String is the target's steps in words.
func (t RecipeTarget) String() string {
	text := BedName
	for _, s := range t.Steps {
		text = s.words(text, s.Margin)
	}
	return text
}

// words puts the step behind what was done before; m is its margin as used.
func (s Step) words(before string, m Margin) string {
	by := ""
	if m != (Margin{}) {
		by = " " + m.String()
	}
	switch s.Do {
	case StepTake:
		return s.With
	case StepUnion:
		return before + " or " + s.With + plus(by)
	case StepIntersect:
		return before + ", within " + s.With + minus(by)
	case StepSubtract:
		return before + ", outside " + s.With + plus(by)
	case StepContract:
		return before + minus(by)
	case StepEnvelope:
		return fmt.Sprintf("alpha shape of the clips, %g mm", s.Amount)
	case StepSmooth:
		return fmt.Sprintf("%s, smoothed by %g mm", before, s.Amount)
	case StepIslands:
		return fmt.Sprintf("%s, without islands below %g cc", before, s.Amount)
	case StepInterpolate:
		return fmt.Sprintf("%s, slices between filled up to %g mm", before, s.Amount)
	}
	if s.Less != FreeUnused {
		return fmt.Sprintf("%s + (%s less the %s)", before, s.Margin, s.Less)
	}
	return before + " + " + m.String()
}

func plus(by string) string {
	if by == "" {
		return ""
	}
	return " +" + by
}

func minus(by string) string {
	if by == "" {
		return ""
	}
	return " -" + by
}

//go:embed recipes/*.toml
var shippedFiles embed.FS

// Recipes returns the recipes that ship with the program, the plain margin first.
func Recipes() []*Recipe {
	names, err := fs.Glob(shippedFiles, "recipes/*.toml")
	if err != nil {
		panic(err)
	}
	all := []*Recipe{PlainRecipe(UniformMargin(10))}
	for _, name := range names {
		data, err := shippedFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		r, err := ParseRecipe(strings.TrimSuffix(path.Base(name), ".toml"), data)
		if err != nil {
			panic(err) // a test reads them all
		}
		all = append(all, r)
	}
	return all
}

// FindRecipe returns the recipe of that key, shipped or of the site's folder (which may be ""), or reads that file.
func FindRecipe(siteDir, keyOrFile string) (*Recipe, error) {
	site, siteErr := SiteRecipes(siteDir)
	var keys []string
	for _, r := range append(Recipes(), site...) {
		if r.Key == keyOrFile {
			return r, nil
		}
		keys = append(keys, r.Key)
	}
	if filepath.Ext(keyOrFile) != ".toml" {
		return nil, errors.Join(fmt.Errorf("there is no recipe %q: choose one of %s, or a .toml file", keyOrFile, strings.Join(keys, ", ")), siteErr)
	}
	return readRecipe(keyOrFile)
}

// recipeFile is a recipe as written in TOML.
type recipeFile struct {
	Name   string `toml:"name"`
	About  string `toml:"about"`
	Source string `toml:"source"`
	Verify bool   `toml:"verify"`
	Target []struct {
		Name  string     `toml:"name"`
		Type  string     `toml:"type"`
		Steps []stepFile `toml:"steps"`
	} `toml:"target"`
}

type stepFile struct {
	Do       StepKind      `toml:"do"`
	With     string        `toml:"with"`
	MarginMM any           `toml:"margin_mm"` // a number, or six: R, L, A, P, S, I
	Less     FreeMarginUse `toml:"less"`
	Optional bool          `toml:"optional"`
	AlphaMM  float64       `toml:"alpha_mm"` // of envelope
	MM       float64       `toml:"mm"`       // of smooth and interpolate
	CC       float64       `toml:"cc"`       // of islands
}

// amount is the one of the three figures that belongs to the step; another is an error.
func (s stepFile) amount() (float64, error) {
	for _, f := range []struct {
		key   string
		value float64
		of    []StepKind
	}{{"alpha_mm", s.AlphaMM, []StepKind{StepEnvelope}}, {"mm", s.MM, []StepKind{StepSmooth, StepInterpolate}}, {"cc", s.CC, []StepKind{StepIslands}}} {
		switch own := slices.Contains(f.of, s.Do); {
		case own:
			return f.value, nil
		case f.value != 0:
			return 0, fmt.Errorf("%s does not belong to %s", f.key, s.Do)
		}
	}
	return 0, nil
}

// ParseRecipe reads a recipe in TOML; an unknown key is an error. key names it in messages.
func ParseRecipe(key string, data []byte) (*Recipe, error) {
	var f recipeFile
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) && len(strict.Errors) > 0 {
			row, _ := strict.Errors[0].Position()
			return nil, fmt.Errorf("recipe %s, line %d: unknown key %q", key, row, strings.Join(strict.Errors[0].Key(), "."))
		}
		var wrong *toml.DecodeError
		if errors.As(err, &wrong) {
			row, _ := wrong.Position()
			line := strings.TrimSpace(strings.Split(string(data)+"\n", "\n")[row-1])
			return nil, fmt.Errorf("recipe %s, line %d: %q is not TOML, or its value not of the kind that belongs there", key, row, line)
		}
		return nil, fmt.Errorf("recipe %s: %w", key, err)
	}
	r := &Recipe{Key: key, Name: f.Name, About: f.About, Source: f.Source, Verify: f.Verify}
	for _, t := range f.Target {
		target := RecipeTarget{Name: t.Name, Type: t.Type}
		for i, s := range t.Steps {
			m, err := marginOf(s.MarginMM)
			if err != nil {
				return nil, fmt.Errorf("recipe %s, target %s, step %d: %w", key, t.Name, i+1, err)
			}
			amount, err := s.amount()
			if err != nil {
				return nil, fmt.Errorf("recipe %s, target %s, step %d: %w", key, t.Name, i+1, err)
			}
			target.Steps = append(target.Steps, Step{s.Do, s.With, m, s.Less, s.Optional, amount})
		}
		r.Targets = append(r.Targets, target)
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", key, err)
	}
	return r, nil
}

// marginOf is margin_mm of a file: absent, a number, or six.
func marginOf(v any) (Margin, error) {
	number := func(v any) (float64, bool) {
		switch n := v.(type) {
		case int64:
			return float64(n), true
		case float64:
			return n, true
		}
		return math.NaN(), false
	}
	if v == nil {
		return Margin{}, nil
	}
	if mm, ok := number(v); ok {
		return UniformMargin(mm), nil
	}
	list, ok := v.([]any)
	if !ok || len(list) != 6 {
		return Margin{}, fmt.Errorf("margin_mm is %v: write a number of mm, or six as [R, L, A, P, S, I]", v)
	}
	var six [6]float64
	for i := range six {
		if six[i], ok = number(list[i]); !ok {
			return Margin{}, fmt.Errorf("margin_mm holds %v, which is not a number of mm", list[i])
		}
	}
	return Margin{six[0], six[1], six[2], six[3], six[4], six[5]}, nil
}

// mostNameLength is how long a structure's name may be: LO allows 64, planning systems cut at 16.
const mostNameLength = 16

// Validate reports what makes no sense in the recipe.
func (r *Recipe) Validate() error {
	if r.Name == "" {
		return errors.New("it has no name")
	}
	if len(r.Targets) == 0 {
		return errors.New("it makes no target: add a [[target]]")
	}
	var made []string
	for _, t := range r.Targets {
		if t.Name == "" || len(t.Name) > mostNameLength {
			return fmt.Errorf("target name %q: give one of 1 to %d characters", t.Name, mostNameLength)
		}
		isNamed := func(have string) bool { return strings.EqualFold(have, t.Name) }
		switch {
		case isNamed(BedName) || slices.ContainsFunc(made, isNamed):
			return fmt.Errorf("target %s is made twice", t.Name)
		case isNamed(ExternalName) || isNamed(SeromaName) || strings.HasPrefix(strings.ToLower(t.Name), "clips_"):
			return fmt.Errorf("%s is made by the program: give the target another name", t.Name)
		case strings.TrimSpace(t.Name) != t.Name || strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' || r == '\\' }):
			return fmt.Errorf("target name %q holds a backslash, a control character or an outer space, which DICOM does not allow", t.Name)
		}
		made = append(made, t.Name)
		if !slices.Contains([]string{"GTV", "CTV", "PTV", "CONTROL", "AVOIDANCE"}, t.Type) {
			return fmt.Errorf("target %s: type %q is not GTV, CTV, PTV, CONTROL or AVOIDANCE", t.Name, t.Type)
		}
		for i, s := range t.Steps {
			if err := s.validate(); err != nil {
				return fmt.Errorf("target %s, step %d: %w", t.Name, i+1, err)
			}
		}
	}
	return nil
}

// mostAmount bounds the figure of an envelope, a smoothing, of islands and gaps: more is a slip of the hand.
const mostAmount = 200

// amountKey is the key of the step's figure in a file.
func (k StepKind) amountKey() string {
	switch k {
	case StepEnvelope:
		return "alpha_mm"
	case StepIslands:
		return "cc"
	}
	return "mm"
}

func (s Step) validate() error {
	switch s.Do {
	case StepTake, StepUnion, StepIntersect, StepSubtract:
		if s.With == "" {
			return fmt.Errorf("%s needs a structure: with = \"...\"", s.Do)
		}
	case StepExpand, StepContract:
		if s.With != "" {
			return fmt.Errorf("%s takes margin_mm, not with", s.Do)
		}
		if s.Margin == (Margin{}) {
			return fmt.Errorf("%s needs margin_mm", s.Do)
		}
	case StepEnvelope, StepSmooth, StepIslands, StepInterpolate:
		if s.With != "" || s.Margin != (Margin{}) {
			return fmt.Errorf("%s takes neither with nor margin_mm", s.Do)
		}
		if !(s.Amount > 0 && s.Amount <= mostAmount) {
			return fmt.Errorf("%s needs %s between 0 and %d", s.Do, s.Do.amountKey(), mostAmount)
		}
	default:
		return fmt.Errorf("do = %q is not take, union, intersect, subtract, expand, contract, envelope, smooth, islands or interpolate", s.Do)
	}
	if s.Less != FreeUnused && s.Do != StepExpand {
		return fmt.Errorf("less belongs to expand, not to %s", s.Do)
	}
	if !slices.Contains([]FreeMarginUse{FreeUnused, FreeSmallest, FreeDirection}, s.Less) {
		return fmt.Errorf("less = %q is neither %q nor %q", s.Less, FreeSmallest, FreeDirection)
	}
	return s.Margin.Validate()
}
