package teach

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/clipwright/clipwright/internal/files"
)

// Results is a folder of attempts: a folder for each learner, a file for each attempt, which nothing changes afterwards, and
// beside it one for what the networks made of the case, where they were asked. A learner's folder can be handed to a teacher
// as it is.
type Results struct{ Dir string }

// mostAttemptBytes bounds a file that is read as an attempt.
const mostAttemptBytes = 16 << 20

// LearnerDir is the folder of a learner. Names that a file system takes for the same have folders of their own.
func (r Results) LearnerDir(learner string) string {
	learner = strings.TrimSpace(learner)
	name := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return '-'
	}, learner)
	sum := sha256.Sum256([]byte(learner))
	return filepath.Join(r.Dir, name+"-"+hex.EncodeToString(sum[:3]))
}

// Keep writes t where nothing lies yet, whole or not at all, and returns the file.
func (r Results) Keep(t *Attempt) (string, error) {
	if err := CheckLearner(t.Learner); err != nil {
		return "", err
	}
	return r.keep(t, ".json", t)
}

// KeepNetwork writes beside t, which stays as it is, what the networks made of its case; reading t finds it. Where that was
// kept before, it stays.
func (r Results) KeepNetwork(t *Attempt, n *Network) error {
	if err := CheckLearner(t.Learner); err != nil {
		return err
	}
	_, err := r.keep(t, comparisonEnd, comparison{comparisonFormat, t.ID, n})
	if errors.Is(err, files.ErrExists) {
		return nil
	}
	return err
}

// keep writes content among the files of t.
func (r Results) keep(t *Attempt, end string, content any) (string, error) {
	b, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		return "", fmt.Errorf("keep the attempt: %w", err)
	}
	dir := r.LearnerDir(t.Learner)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep the attempt: %w; choose a folder that can be written", err)
	}
	path := filepath.Join(dir, t.Begun.UTC().Format("20060102-150405")+"-"+t.ID+end)
	err = files.Write(path, false, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	}, nil)
	if err != nil {
		return "", fmt.Errorf("keep the attempt as %s: %w", path, err)
	}
	return path, nil
}

// comparison is what the networks made of the case of an attempt, in a file of its own beside it.
type comparison struct {
	Format  string   `json:"format"`
	Attempt string   `json:"attempt"` // its id
	Network *Network `json:"network"`
}

// comparisonFormat marks a file as a comparison, comparisonEnd is how its name ends.
const (
	comparisonFormat = "clipwright comparison 1"
	comparisonEnd    = ".networks.json"
)

// Attempts reads what a learner has done, oldest first; what cannot be read is an error beside it.
func (r Results) Attempts(learner string) ([]Attempt, []error) {
	all, errs := readAttempts(r.LearnerDir(learner))
	return slices.DeleteFunc(all, func(t Attempt) bool { return t.Learner != strings.TrimSpace(learner) }), errs
}

// Learners lists who has attempts here, by name.
func (r Results) Learners() []string {
	all, _ := readAttempts(r.Dir)
	var names []string
	for _, t := range all {
		if !slices.Contains(names, t.Learner) {
			names = append(names, t.Learner)
		}
	}
	slices.Sort(names)
	return names
}

// readAttempts reads every attempt in dir and its folders, oldest first, each once however often it was copied.
func readAttempts(dir string) ([]Attempt, []error) {
	var all []Attempt
	var errs []error
	seen, networks := map[string]bool{}, map[string]*Network{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path == dir {
				return nil
			}
			errs = append(errs, fmt.Errorf("read attempts: %w", err))
			return nil
		}
		if !e.Type().IsRegular() || filepath.Ext(path) != ".json" || strings.HasPrefix(e.Name(), ".") {
			return nil
		}
		if strings.HasSuffix(path, comparisonEnd) {
			c, err := readComparison(path)
			if err != nil {
				errs = append(errs, err)
				return nil
			}
			networks[c.Attempt] = c.Network
			return nil
		}
		t, err := readAttempt(path)
		switch {
		case err != nil:
			errs = append(errs, err)
		case !seen[t.ID]:
			seen[t.ID] = true
			all = append(all, *t)
		}
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	for i := range all {
		if n := networks[all[i].ID]; n != nil && all[i].Network == nil {
			all[i].Network = n
		}
	}
	slices.SortStableFunc(all, func(a, b Attempt) int { return cmp.Or(a.Begun.Compare(b.Begun), strings.Compare(a.ID, b.ID)) })
	return all, errs
}

// readInto reads a file of results into v.
func readInto(path string, v any) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read an attempt: %w", err)
	}
	if info.Size() > mostAttemptBytes {
		return fmt.Errorf("%s: %d MB is no attempt", path, info.Size()>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read an attempt: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s cannot be read as an attempt: %w", path, err)
	}
	return nil
}

func readComparison(path string) (*comparison, error) {
	var c comparison
	if err := readInto(path, &c); err != nil {
		return nil, err
	}
	if c.Format != comparisonFormat || c.Attempt == "" || c.Network == nil {
		return nil, fmt.Errorf("%s is no comparison of this program: its format is %q", path, c.Format)
	}
	return &c, nil
}

func readAttempt(path string) (*Attempt, error) {
	var t Attempt
	if err := readInto(path, &t); err != nil {
		return nil, err
	}
	s := t.Score
	switch {
	case t.Format != attemptFormat:
		return nil, fmt.Errorf("%s is no attempt of this program: its format is %q", path, t.Format)
	case t.ID == "" || t.Case == "" || CheckLearner(t.Learner) != nil:
		return nil, fmt.Errorf("%s is not whole: it names no attempt, case or learner", path)
	case s.Found < 0 || s.Missed < 0 || s.False < 0 || !(t.Seconds >= 0):
		return nil, fmt.Errorf("%s counts less than nothing: it was changed by hand", path)
	}
	return &t, nil
}
