package dicom

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/clipwright/clipwright/internal/volume"
)

// Anonymise writes a CT and the structure sets drawn on it into the folder out, which must be empty or not exist, so that
// the patient cannot be known from them: the Basic Application Level Confidentiality Profile of PS3.15 annex E. Nothing is
// taken away from the files: they are made anew, of what is known to tell nothing. Kept are voxels, geometry and,
// of structures, name, type, colour, contours and points. Everything else, private elements and
// free text included, is left behind: name, ID and study are those of as, dates and times are empty, all UIDs are new, and
// those of the structure sets mean the new CT as the old ones meant the old. A structure whose name holds part of the
// patient's is renamed. Text that is burned into pixels stays: look at the images.
func Anonymise(ctx context.Context, out string, ct *Series, v *volume.Volume, sets []string, as string) (AnonymisedCase, error) {
	c, err := anonymise(ctx, out, ct, v, sets, as)
	if err != nil {
		return AnonymisedCase{}, fmt.Errorf("anonymise into %s: %w", out, err)
	}
	return c, nil
}

// AnonymisedCase is what Anonymise wrote.
type AnonymisedCase struct {
	CT      *Series
	Sets    []string // paths, in the order of what they were made of
	Notices []string // for people
}

func anonymise(ctx context.Context, out string, ct *Series, v *volume.Volume, sets []string, as string) (c AnonymisedCase, err error) {
	if as = cleanText(as, 64); as == "" {
		return c, errors.New("a name is needed in the place of the patient's")
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return c, errors.New("the folder holds files already; choose an empty one")
	}
	// All that can be refused is, before anything is written.
	var read []*StructureSet
	var report Report
	for _, path := range sets {
		set, err := ReadStructureSet(path, &report)
		if err != nil {
			return c, err
		}
		if !set.Check(path, ct, v.Grid, &report) {
			return c, fmt.Errorf("%s lies in another frame of reference than the CT; leave it out", path)
		}
		read = append(read, set)
	}
	defer func() {
		if err != nil { // half a case is none
			for _, path := range c.Sets {
				os.Remove(path)
			}
			if c.CT != nil {
				for i := range c.CT.Slices {
					os.Remove(c.CT.Slices[i].Path)
				}
			}
		}
	}()
	meta := CTMeta{Patient: Patient{Name: as, ID: as}, StudyID: "1", PatientPosition: ct.PatientPosition, deidentified: true}
	if c.CT, err = WriteCT(ctx, filepath.Join(out, "ct"), v, meta); err != nil {
		return c, err
	}
	words := tellingWords(ct.Study.Patient)
	for i, set := range read {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		clean := &StructureSet{Label: "Anonymised", LongNames: true}
		for k, s := range set.Structures {
			name := s.Name
			if w := tells(name, words); w != "" {
				name = fmt.Sprintf("Structure %d", k+1)
				c.Notices = append(c.Notices, fmt.Sprintf("structure %d of set %d is renamed: its name held part of the patient's", k+1, i+1))
			}
			clean.Structures = append(clean.Structures, Structure{
				Number: s.Number, Name: name, Type: s.Type, Algorithm: s.Algorithm, Colour: s.Colour, Contours: s.Contours, Groups: s.Groups, Points: s.Points,
			})
		}
		path := filepath.Join(out, fmt.Sprintf("rs%d.dcm", i+1))
		if err := WriteStructureSet(path, clean, c.CT, false); err != nil {
			return c, fmt.Errorf("%s: %w", sets[i], err)
		}
		c.Sets = append(c.Sets, path)
	}
	return c, nil
}

// shortestTelling is the number of letters below which a part of a name is too common to be looked for.
const shortestTelling = 3

// tellingWords are the parts of a patient's name and ID that a free text must not hold, in lower case. Chinese names tell by
// fewer characters.
func tellingWords(p Patient) []string {
	var words []string
	for _, w := range strings.FieldsFunc(p.Name+"^"+p.ID, func(r rune) bool { return strings.ContainsRune("^= ,.-_", r) }) {
		if n := utf8.RuneCountInString(w); n >= shortestTelling || n >= 2 && len(w) > n {
			words = append(words, strings.ToLower(w))
		}
	}
	return words
}

// tells is the first of words that text holds; empty if none.
func tells(text string, words []string) string {
	for _, w := range words {
		if strings.Contains(strings.ToLower(text), w) {
			return w
		}
	}
	return ""
}
