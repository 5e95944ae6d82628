package teach

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"

	"github.com/clipwright/clipwright/internal/dicom"
)

// ErrThere says that the folder a case was to become is there already.
var ErrThere = errors.New("the folder exists already; choose another")

// refuseThere is an error when dir is there already.
func refuseThere(dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("%s: %w", dir, ErrThere)
	}
	return nil
}

// write makes the folder dir of a case: all of it, or nothing. It writes beside and renames. Of the CT's headers nothing is
// taken over: the files name the lesson in the place of a patient, and their UIDs are new.
func (c *content) write(ctx context.Context, dir string) (*Case, error) {
	if err := c.lesson.validate(); err != nil {
		return nil, fmt.Errorf("make the case %s: %w", dir, err)
	}
	if err := refuseThere(dir); err != nil {
		return nil, err
	}
	if err := c.draft(ctx); err != nil {
		return nil, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("make the case: %w; choose a folder that can be written", err)
	}
	aside, err := os.MkdirTemp(parent, ".making-*")
	if err != nil {
		return nil, fmt.Errorf("make the case: %w; choose a folder that can be written", err)
	}
	defer os.RemoveAll(aside)
	series, err := dicom.WriteCT(ctx, filepath.Join(aside, ctFolder), c.volume, dicom.CTMeta{
		Patient:     dicom.Patient{Name: "Lesson^" + c.lesson.ID, ID: "LESSON-" + c.lesson.ID, Sex: "F"},
		Description: "Clipwright teaching case",
	})
	if err != nil {
		return nil, err
	}
	if err := dicom.WriteStructureSet(filepath.Join(aside, referenceFile), c.set(), series, false); err != nil {
		return nil, err
	}
	text, err := toml.Marshal(c.lesson)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", lessonFile, err)
	}
	if err := os.WriteFile(filepath.Join(aside, lessonFile), text, 0o644); err != nil {
		return nil, err
	}
	if err := errors.Join(ctx.Err(), os.Chmod(aside, 0o755)); err != nil {
		return nil, err
	}
	if err := os.Rename(aside, dir); err != nil {
		if _, there := os.Lstat(dir); there == nil {
			return nil, fmt.Errorf("%s: %w", dir, ErrThere)
		}
		return nil, fmt.Errorf("put the case in place: %w", err)
	}
	return &Case{Dir: dir, Lesson: c.lesson}, nil
}
