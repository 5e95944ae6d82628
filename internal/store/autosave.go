// Package store keeps on this machine what must not be lost when the program ends unasked: the plan of the
// open CT. Files name no patient: a series is known by a hash of its UID.
package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/natefinch/atomic"

	"github.com/clipwright/clipwright/internal/volume"
)

// Autosave is a folder with one file for each CT series that was worked on and each program that did; it is made when first
// needed. Two programs on one series do not overwrite each other's work.
type Autosave struct {
	Dir     string
	Program string // of letters and digits; what Write calls its file after
}

// Work is the plan of one CT as it is kept.
type Work struct {
	Saved    time.Time   `json:"saved"`
	Voxels   [3]int      `json:"voxels"` // of the CT: columns, rows, slices
	Clips    []Clip      `json:"clips"`
	Expected int         `json:"expected,omitempty"`
	Boost    bool        `json:"boost,omitempty"`
	MarginMM [6]float64  `json:"margin_mm"` // R L A P S I
	FreeMM   [6]*float64 `json:"free_mm"`   // null where unknown
	Recipe   string      `json:"recipe,omitempty"`
	Edited   string      `json:"edited_recipe,omitempty"` // as TOML, where it was edited and is in no file
	Drawn    []Drawn     `json:"drawn,omitempty"`
}

// Drawn is one structure that was drawn, or drawn upon.
type Drawn struct {
	Name   string       `json:"name"`
	Type   string       `json:"type"`
	Recipe string       `json:"recipe,omitempty"` // of the drafted target it began as
	Origin string       `json:"origin,omitempty"` // what made it, when it was accepted rather than drawn
	Fits   bool         `json:"fits,omitempty"`   // clips, margins and recipe are those of the target it began as
	Runs   []volume.Run `json:"runs"`             // voxels of the CT
}

// Clip is one clip of a Work.
type Clip struct {
	ID         int          `json:"id"`
	Side       string       `json:"side"`
	CentreMM   volume.Vec   `json:"centre_mm"`
	VolumeMM3  float64      `json:"volume_mm3"`
	PeakHU     int          `json:"peak_hu"`
	Confidence float64      `json:"confidence"`
	Flags      []string     `json:"flags,omitempty"`
	Kept       bool         `json:"kept"`
	ByHand     bool         `json:"by_hand,omitempty"`
	Reviewed   bool         `json:"reviewed,omitempty"`
	Runs       []volume.Run `json:"runs"` // voxels of the CT
}

// seriesName is what files of a series begin with.
func seriesName(seriesUID string) string {
	sum := sha256.Sum256([]byte(seriesUID))
	return hex.EncodeToString(sum[:12])
}

// path is the file of a series that this program writes.
func (a Autosave) path(seriesUID string) string {
	name := seriesName(seriesUID)
	if a.Program != "" {
		name += "." + a.Program
	}
	return filepath.Join(a.Dir, name+".json")
}

// Write keeps w for the series; what this program kept before is replaced in one step.
func (a Autosave) Write(seriesUID string, w Work) error {
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return fmt.Errorf("autosave: %w", err)
	}
	b, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("autosave: %w", err)
	}
	if err := atomic.WriteFile(a.path(seriesUID), bytes.NewReader(b)); err != nil {
		return fmt.Errorf("autosave: %w", err)
	}
	return nil
}

// Read is what was kept for the series last, by whichever program, or nil.
func (a Autosave) Read(seriesUID string) (*Work, error) {
	all, err := a.All(seriesUID)
	if len(all) == 0 {
		return nil, err
	}
	return &all[0], err
}

// All is what each program kept for the series, the newest first. A file that cannot be read is put aside, so that nothing
// overwrites it, and the error names it.
func (a Autosave) All(seriesUID string) ([]Work, error) {
	files, err := a.files(seriesUID)
	if err != nil {
		return nil, err
	}
	var all []Work
	var errs []error
	for _, path := range files {
		w, err := readWork(path)
		if err != nil {
			errs = append(errs, err)
		} else if w != nil {
			all = append(all, *w)
		}
	}
	slices.SortFunc(all, func(v, w Work) int { return w.Saved.Compare(v.Saved) })
	return all, errors.Join(errs...)
}

// files are those that hold work on the series.
func (a Autosave) files(seriesUID string) ([]string, error) {
	entries, err := os.ReadDir(a.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("autosave: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, seriesName(seriesUID)+".") && strings.HasSuffix(name, ".json") {
			paths = append(paths, filepath.Join(a.Dir, name))
		}
	}
	return paths, nil
}

// readWork reads one file; nil where it has gone meanwhile.
func readWork(path string) (*Work, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("autosave: %w", err)
	}
	var w Work
	if err := json.Unmarshal(b, &w); err != nil {
		aside := path + ".unreadable"
		return nil, errors.Join(fmt.Errorf("the work autosaved in %s cannot be read: %w", aside, err), os.Rename(path, aside))
	}
	return &w, nil
}

// Remove forgets what was kept for the series at one of those times. What a program has kept since stays.
func (a Autosave) Remove(seriesUID string, saved ...time.Time) error {
	files, err := a.files(seriesUID)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range files {
		w, err := readWork(path)
		if err == nil && w != nil && slices.ContainsFunc(saved, w.Saved.Equal) {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("autosave: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Mask is the voxels of c on g, or false where they do not lie in it or there are none.
func (c *Clip) Mask(g *volume.Grid) (*volume.Mask, bool) {
	m, ok := MaskOf(g, c.Runs)
	return m, ok && len(c.Runs) > 0
}

// MaskOf is runs on g, or false where they do not lie in it.
func MaskOf(g *volume.Grid, runs []volume.Run) (*volume.Mask, bool) {
	m := volume.NewMask(g)
	for _, r := range runs {
		if r.X0 >= r.X1 || !g.Contains(r.X0, r.Y, r.Z) || !g.Contains(r.X1-1, r.Y, r.Z) {
			return nil, false
		}
		m.SetSpan(r.X0, r.X1, r.Y, r.Z)
	}
	return m, true
}
