package cli

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clipwright/clipwright/internal/files"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// lookRow is what models/train/detail.py learns of one look: a row of the arrays beside it.
type lookRow struct {
	Stage   string  `json:"stage"`
	SliceMM float64 `json:"slice_mm"`
	Fit     float64 `json:"fit"`               // the logit of the model of a clip that it is two
	Clips   int     `json:"clips"`             // that the piece holds: the truth
	Crowded bool    `json:"crowded,omitempty"` // of a case with more pairs and distractors than patients have
}

// ownsMM is how far a clip's centre may lie from the voxels of the piece that holds it.
const ownsMM = 3

// crowdedThreshold is the probability above which a voxel of a crowded case is looked at: more distractors than the
// program's own threshold lets through.
const crowdedThreshold = 0.05

// bedMarginMM is how far round the clips a crowded case is searched.
const bedMarginMM = 30

// writeLooks runs every case of the sets and writes what the Detail Net would be asked: for each case NAME_hu.npy
// (int16 [n][z][y][x]), NAME_marks.npy (uint8), and NAME.json, last. A case that is there already is left as it is.
func writeLooks(ctx context.Context, deps Deps, nets segment.Networks, sets []testSet, o evaluateOptions) error {
	if err := os.MkdirAll(o.looks, 0o755); err != nil {
		return fmt.Errorf("write the looks: %w", err)
	}
	for _, set := range sets {
		if err := set.allHosts(o.ct); err != nil {
			return err
		}
		err := set.each(o, func(t testCase, make func(context.Context) (*phantom.Case, error)) error {
			base := filepath.Join(o.looks, strings.NewReplacer(" ", "_", ",", "").Replace(t.name()))
			if _, err := os.Stat(base + ".json"); !errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			c, err := make(ctx)
			if err != nil && ctx.Err() == nil {
				fmt.Fprintf(deps.Out, "%s: left out: %v\n", t.name(), err)
				return nil
			}
			if err != nil {
				return ctx.Err()
			}
			var looks []segment.Look
			options := segment.RunOptions{All: true, Looks: func(l segment.Look) { looks = append(looks, l) }}
			asked := nets
			if t.Crowded {
				options.Box = boxOfBed(c)
				asked.SegmentationCard.Threshold = crowdedThreshold
			}
			if _, err := segment.Run(ctx, c.Volume, asked, options); err != nil {
				return fmt.Errorf("%s: %w", t.name(), err)
			}
			fmt.Fprintf(deps.Out, "%s: %d looks\n", t.name(), len(looks))
			return saveLooks(base, looks, c, t.Crowded)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// boxOfBed holds all clips of the bed and what stands round them.
func boxOfBed(c *phantom.Case) *segment.ROI {
	box := segment.ROI{MinMM: volume.Vec{1e9, 1e9, 1e9}, MaxMM: volume.Vec{-1e9, -1e9, -1e9}}
	bed, _ := bedAndAxillary(c)
	for _, k := range bed {
		for i, at := range k.CentreMM {
			box.MinMM[i] = min(box.MinMM[i], at-bedMarginMM)
			box.MaxMM[i] = max(box.MaxMM[i], at+bedMarginMM)
		}
	}
	return &box
}

func saveLooks(base string, looks []segment.Look, c *phantom.Case, crowded bool) error {
	if len(looks) == 0 {
		return nil
	}
	n := 0
	for n*n*n < len(looks[0].HU) {
		n++
	}
	shape := []int{len(looks), n, n, n}
	hu, marks := npyHeader("<i2", shape), npyHeader("|u1", shape)
	rows := make([]lookRow, len(looks))
	for i, l := range looks {
		for _, h := range l.HU {
			hu = binary.LittleEndian.AppendUint16(hu, uint16(h))
		}
		marks = append(marks, l.Marks...)
		rows[i] = lookRow{Stage: l.Stage, SliceMM: l.SliceMM, Fit: l.Fit, Clips: clipsIn(c.Volume.Grid, l, c.Clips), Crowded: crowded}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write the looks: %w", err)
	}
	for _, f := range []struct {
		path string
		data []byte
	}{{base + "_hu.npy", hu}, {base + "_marks.npy", marks}, {base + ".json", text}} {
		write := func(w io.Writer) error { _, err := w.Write(f.data); return err }
		if err := files.Write(f.path, true, write, nil); err != nil {
			return fmt.Errorf("write the looks: %w", err)
		}
	}
	return nil
}

// clipsIn counts the clips whose centre lies in the piece that l looks at, or nearest to it of all pieces.
func clipsIn(g *volume.Grid, l segment.Look, clips []phantom.Clip) int {
	n := 0
	for _, k := range clips {
		own := nearestVoxelMM(g, l.Own, k.CentreMM)
		if own <= ownsMM && own < nearestVoxelMM(g, l.Others, k.CentreMM) {
			n++
		}
	}
	return n
}

// nearestVoxelMM is the distance in mm from at to the nearest of voxels' centres; very far without any.
func nearestVoxelMM(g *volume.Grid, voxels [][3]int, at volume.Vec) float64 {
	nearest := 1e9
	for _, p := range voxels {
		nearest = min(nearest, g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])).Distance(at))
	}
	return nearest
}
