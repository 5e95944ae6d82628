package teach

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/clipwright/clipwright/internal/volume"
)

// Names within the folder of a case.
const (
	lessonFile    = "lesson.toml"
	ctFolder      = "ct"
	referenceFile = "reference.dcm"
)

// lessonFormat is the version of lesson.toml.
const lessonFormat = 1

// Difficulties go from 1 to HardestDifficulty.
const HardestDifficulty = 5

// The categories of the starter cases; a teacher may use others.
const (
	CategoryPlain    = "plain clips"
	CategoryMany     = "many clips"
	CategoryMarker   = "skin marker"
	CategoryWire     = "skin wire"
	CategoryPair     = "pair"
	CategoryRib      = "rib"
	CategoryAxilla   = "axillary clip"
	CategoryCalc     = "calcification"
	CategoryThick    = "thick slices"
	CategoryTiny     = "tiny clip"
	CategorySeroma   = "clips and seroma disagree"
	CategoryArtefact = "noise and artefact"
)

// Lesson is lesson.toml: what a case teaches, and what in it is no clip.
type Lesson struct {
	Format      int               `toml:"format"`
	ID          string            `toml:"id"` // attempts are of this: unique, and kept when the folder is renamed
	Title       string            `toml:"title"`
	Difficulty  int               `toml:"difficulty"` // 1 easiest to 5
	Categories  []string          `toml:"categories"`
	Teaches     string            `toml:"teaches"`        // one sentence, shown when the answer is given
	Note        string            `toml:"note,omitempty"` // of the operation, shown beforehand
	Zh          *Words            `toml:"zh,omitempty"`
	HitRadiusMM float64           `toml:"hit_radius_mm"` // a mark so near to a clip's centre has found it
	Source      string            `toml:"source"`        // what the CT is
	Distractors []Distractor      `toml:"distractors,omitempty"`
	Reasons     map[string]string `toml:"reasons,omitempty"` // a teacher's own words by kind of distractor
}

// Words are the texts of a lesson in another language.
type Words struct {
	Title   string `toml:"title"`
	Teaches string `toml:"teaches"`
	Note    string `toml:"note,omitempty"`
}

// Distractor is something in a case that is mistaken for a clip.
type Distractor struct {
	Kind     string       `toml:"kind"`
	PlacesMM [][3]float64 `toml:"places_mm"` // along it, LPS mm
}

// DistanceMM is how far p lies from the nearest place of d.
func (d *Distractor) DistanceMM(p volume.Vec) float64 {
	least := math.Inf(1)
	for _, q := range d.PlacesMM {
		least = min(least, p.Distance(q))
	}
	return least
}

// In is the lesson's title, sentence and note in a language, "zh" or else English.
func (l *Lesson) In(language string) Words {
	own := Words{l.Title, l.Teaches, l.Note}
	if language == "zh" && l.Zh != nil {
		return Words{cmp.Or(l.Zh.Title, own.Title), cmp.Or(l.Zh.Teaches, own.Teaches), cmp.Or(l.Zh.Note, own.Note)}
	}
	return own
}

// Case is a lesson in its folder.
type Case struct {
	Dir    string
	Lesson Lesson
}

// CTDir is the folder of its CT.
func (c *Case) CTDir() string { return filepath.Join(c.Dir, ctFolder) }

// ReferencePath is the structure set that a learner must not see beforehand.
func (c *Case) ReferencePath() string { return filepath.Join(c.Dir, referenceFile) }

// ReadCase reads the lesson of a case; the CT and the reference are only looked for.
func ReadCase(dir string) (*Case, error) {
	path := filepath.Join(dir, lessonFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no teaching case: it has no %s; choose a case that `clipwright lesson make` made", dir, lessonFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read a teaching case: %w", err)
	}
	c := &Case{Dir: dir}
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.Lesson); err != nil {
		return nil, fmt.Errorf("%s: %w", path, tomlError(err))
	}
	if err := c.Lesson.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range []string{c.CTDir(), c.ReferencePath()} {
		if _, err := os.Stat(p); err != nil {
			return nil, fmt.Errorf("the teaching case %s is not whole: %w; copy its folder again", dir, err)
		}
	}
	return c, nil
}

// tomlError says which line or key of a TOML file is wrong.
func tomlError(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("unknown key in\n%s", strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		row, _ := decode.Position()
		return fmt.Errorf("line %d: %w", row, err)
	}
	return err
}

func (l *Lesson) validate() error {
	switch {
	case l.Format != lessonFormat:
		return fmt.Errorf("format %d: this program reads format %d", l.Format, lessonFormat)
	case strings.TrimSpace(l.ID) == "" || strings.TrimSpace(l.Title) == "":
		return errors.New("a lesson needs an id and a title")
	case strings.TrimSpace(l.Teaches) == "":
		return errors.New("a lesson needs a sentence of what it teaches: set teaches")
	case l.Difficulty < 1 || l.Difficulty > HardestDifficulty:
		return fmt.Errorf("difficulty %d: give 1 (easiest) to %d", l.Difficulty, HardestDifficulty)
	case !(l.HitRadiusMM > 0 && l.HitRadiusMM <= 20):
		return fmt.Errorf("hit_radius_mm %g: give more than 0 and at most 20", l.HitRadiusMM)
	case len(l.Categories) == 0:
		return fmt.Errorf("a lesson needs a category, for instance %q", CategoryMarker)
	}
	for i := range l.Distractors {
		if l.Distractors[i].Kind == "" || len(l.Distractors[i].PlacesMM) == 0 {
			return fmt.Errorf("distractor %d needs a kind and places_mm", i+1)
		}
	}
	return nil
}

// Library reads every case in dir, easiest first; what cannot be read is an error beside them. A folder that does not exist
// holds none.
func Library(dir string) ([]*Case, []error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("read the library of cases: %w", err)}
	}
	var cases []*Case
	var errs []error
	seen := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if _, err := os.Stat(filepath.Join(path, lessonFile)); err != nil {
			continue // a folder of something else
		}
		c, err := ReadCase(path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case seen[c.Lesson.ID] != "":
			errs = append(errs, fmt.Errorf("%s is the same case as %s; one of them is left out", path, seen[c.Lesson.ID]))
		default:
			seen[c.Lesson.ID] = path
			cases = append(cases, c)
		}
	}
	slices.SortFunc(cases, func(a, b *Case) int {
		return cmp.Or(cmp.Compare(a.Lesson.Difficulty, b.Lesson.Difficulty), strings.Compare(a.Lesson.ID, b.Lesson.ID))
	})
	return cases, errs
}
