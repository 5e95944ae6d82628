package segment

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/natefinch/atomic"
)

// Names lists the structures that the recipe's steps name, each once, but for its own targets.
func (r *Recipe) Names() []string {
	var own, names []string
	for _, t := range r.Targets {
		own = append(own, t.Name)
	}
	for _, t := range r.Targets {
		for _, s := range t.Steps {
			if s.With != "" && !slices.Contains(own, s.With) && !slices.Contains(names, s.With) {
				names = append(names, s.With)
			}
		}
	}
	return names
}

// MadeFrom lists the targets of r that are made from name, which is SurgicalBed or an earlier target.
func (r *Recipe) MadeFrom(name string) []string {
	var names []string
	for _, t := range r.Targets {
		begins := name == BedName && (len(t.Steps) == 0 || t.Steps[0].Do != StepTake && t.Steps[0].Do != StepEnvelope)
		if begins || slices.ContainsFunc(t.Steps, func(s Step) bool { return s.With == name }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// UsesAnatomy tells whether the recipe names what FindAnatomy finds.
func (r *Recipe) UsesAnatomy() bool {
	return slices.ContainsFunc(r.Names(), func(n string) bool {
		return strings.EqualFold(n, LungsName) || strings.EqualFold(n, BonesName) || strings.EqualFold(n, ChestwallName)
	})
}

// TOML is the recipe as a file that ParseRecipe reads back.
func (r *Recipe) TOML() []byte {
	var b bytes.Buffer
	line := func(key, value string) { fmt.Fprintf(&b, "%s = %s\n", key, strconv.Quote(value)) }
	line("name", r.Name)
	line("about", r.About)
	line("source", r.Source)
	if r.Verify {
		b.WriteString("verify = true\n")
	}
	for _, t := range r.Targets {
		b.WriteString("\n[[target]]\n")
		line("name", t.Name)
		line("type", t.Type)
		if len(t.Steps) == 0 {
			b.WriteString("steps = []\n")
			continue
		}
		b.WriteString("steps = [\n")
		for _, s := range t.Steps {
			fmt.Fprintf(&b, "  { %s },\n", s.toml())
		}
		b.WriteString("]\n")
	}
	return b.Bytes()
}

func (s Step) toml() string {
	parts := []string{"do = " + strconv.Quote(string(s.Do))}
	add := func(key, value string) { parts = append(parts, key+" = "+value) }
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	if s.With != "" {
		add("with", strconv.Quote(s.With))
	}
	switch {
	case s.Margin == Margin{}:
	case s.Margin.Uniform():
		add("margin_mm", number(s.Margin.R))
	default:
		var six []string
		for _, v := range s.Margin.values() {
			six = append(six, number(v))
		}
		add("margin_mm", "["+strings.Join(six, ", ")+"]")
	}
	if s.Amount != 0 {
		add(s.Do.amountKey(), number(s.Amount))
	}
	if s.Less != FreeUnused {
		add("less", strconv.Quote(string(s.Less)))
	}
	if s.Optional {
		add("optional", "true")
	}
	return strings.Join(parts, ", ")
}

// SiteRecipes reads the recipes of a folder, *.toml in the order of their names. A folder that is not there holds none; what
// cannot be read is told in the errors, and the rest comes all the same.
func SiteRecipes(dir string) ([]*Recipe, error) {
	if dir == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
	if err != nil {
		return nil, fmt.Errorf("read the recipes of %s: %w", dir, err)
	}
	var all []*Recipe
	var errs []error
	for _, f := range files {
		r, err := readRecipe(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, r)
	}
	return all, errors.Join(errs...)
}

func readRecipe(path string) (*Recipe, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the recipe: %w", err)
	}
	return ParseRecipe(strings.TrimSuffix(filepath.Base(path), ".toml"), data)
}

// SaveRecipe writes r, which must be valid, to dir as key.toml, in place of an earlier one of that key in one step. A key of a
// recipe that ships with the program is refused: both would answer to it.
func SaveRecipe(dir, key string, r *Recipe) (path string, err error) {
	if key == "" || strings.ContainsFunc(key, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}) {
		return "", fmt.Errorf("%q cannot name a recipe's file: use small letters, digits, - and _", key)
	}
	if slices.ContainsFunc(Recipes(), func(s *Recipe) bool { return s.Key == key }) {
		return "", fmt.Errorf("recipe %s ships with the program; save yours under another name", key)
	}
	if err := r.Validate(); err != nil {
		return "", fmt.Errorf("recipe %s: %w", key, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("save the recipe: %w", err)
	}
	path = filepath.Join(dir, key+".toml")
	if err := atomic.WriteFile(path, bytes.NewReader(r.TOML())); err != nil {
		return "", fmt.Errorf("save the recipe: %w", err)
	}
	return path, nil
}
