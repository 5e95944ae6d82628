package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/files"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Result is what `segment --json` writes. Positions are LPS mm.
type Result struct {
	SeriesUID  string            `json:"series_uid"`
	Provider   string            `json:"provider"`
	Clips      []ClipResult      `json:"clips"`
	ROI        *ROIResult        `json:"roi"`
	Structures []StructureResult `json:"structures"`
	Warnings   []string          `json:"warnings"`
	Seconds    Seconds           `json:"seconds"`
}

// ClipResult is one clip.
type ClipResult struct {
	ID         int        `json:"id"`
	Side       string     `json:"side"`
	CentreMM   volume.Vec `json:"centre_mm"`
	VolumeMM3  float64    `json:"volume_mm3"`
	PeakHU     int        `json:"peak_hu"`
	Confidence float64    `json:"confidence"`
	Flags      []string   `json:"flags"`
	Kept       bool       `json:"kept"` // in the RTSTRUCT and its targets
}

// ROIResult is the region the Location Net pointed at.
type ROIResult struct {
	MinMM volume.Vec `json:"min_mm"`
	MaxMM volume.Vec `json:"max_mm"`
}

// StructureResult is one structure of the RTSTRUCT; VolumeCC is its voxels times their volume.
type StructureResult struct {
	Number   int     `json:"number"`
	Name     string  `json:"name"`
	Type     string  `json:"type"`
	VolumeCC float64 `json:"volume_cc"`
	Voxels   int     `json:"voxels"`
}

// Seconds is the wall time of each stage.
type Seconds struct {
	Read    float64 `json:"read"`
	Prepare float64 `json:"prepare"`
	Locate  float64 `json:"locate"`
	Segment float64 `json:"segment"`
	Draft   float64 `json:"draft"`
	Write   float64 `json:"write"`
	Total   float64 `json:"total"`
}

// NewResult gathers what was found and, when set is not nil, what its structures hold on grid.
func NewResult(seriesUID string, found *segment.Result, set *dicom.StructureSet, grid *volume.Grid, warnings []string) Result {
	r := Result{
		SeriesUID: seriesUID, Provider: found.Provider,
		Clips: []ClipResult{}, Structures: []StructureResult{}, Warnings: append([]string{}, warnings...),
		Seconds: Seconds{Prepare: found.Seconds.Prepare, Locate: found.Seconds.Locate, Segment: found.Seconds.Segment},
	}
	if found.ROI != nil {
		r.ROI = &ROIResult{MinMM: found.ROI.MinMM, MaxMM: found.ROI.MaxMM}
	}
	for _, c := range found.Clips {
		r.Clips = append(r.Clips, ClipResult{
			ID: c.ID, Side: c.Side, CentreMM: c.CentreMM, VolumeMM3: c.VolumeMM3,
			PeakHU: c.PeakHU, Confidence: c.Confidence, Flags: append([]string{}, c.Flags...), Kept: c.Kept,
		})
	}
	if set == nil {
		return r
	}
	for i := range set.Structures {
		s := &set.Structures[i]
		m := s.Mask(grid)
		r.Structures = append(r.Structures, StructureResult{
			Number: s.Number, Name: s.Name, Type: s.Type, VolumeCC: m.VolumeMM3() / 1000, Voxels: m.Count(),
		})
	}
	return r
}

// WriteJSON writes v, indented, to path: aside first, then in place. An existing file is refused
// unless force is set.
func WriteJSON(path string, v any, force bool) error {
	if err := refuseExisting(path, force); err != nil {
		return err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return writeAside(path, append(b, '\n'), force)
}

// writeAside writes b beside path and moves it in place, exclusively unless force is set.
func writeAside(path string, b []byte, force bool) error {
	err := files.Write(path, force, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}, nil)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// checkTarget is an error when a file cannot be written to path, "" being none: there is no such folder, or it exists and
// force is not set, or it is a DICOM file, which no report replaces. It is asked before the work is done.
func checkTarget(path string, force bool) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("write %s: there is no folder %s; make it first", path, filepath.Dir(path))
	}
	if force && dicom.IsFile(path) {
		return fmt.Errorf("write %s: that is a DICOM file, which is never replaced by this; choose another name", path)
	}
	return refuseExisting(path, force)
}

// refuseExisting is an error when path exists and force is not set.
func refuseExisting(path string, force bool) error {
	if path == "" || force {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already; choose another name or add --force to replace it", path)
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	return nil
}
