package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
)

type prepareOptions struct{ out, series, truth string }

func prepareCommand(deps Deps) *cobra.Command {
	var o prepareOptions
	c := &cobra.Command{
		Use:   "prepare DIR --out DIR",
		Short: "Write what the networks see of a CT folder, with labels from an RTSTRUCT, as .npy and JSON for training",
		Args:  exactly(1, "one CT folder"),
		RunE:  func(c *cobra.Command, args []string) error { return runPrepare(c.Context(), deps, o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder for the tensors")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringVar(&o.truth, "truth", "", "RTSTRUCT whose clips become the labels (Clips_Ax: axillary)")
	return c
}

func runPrepare(ctx context.Context, deps Deps, o prepareOptions, dir string) error {
	if o.out == "" {
		return usageError{errors.New("say where to write with --out DIR")}
	}
	if err := refuseExisting(filepath.Join(o.out, sampleName(0)+".json"), false); err != nil {
		return fmt.Errorf("%w (tensors are never overwritten: remove them or choose another folder)", err)
	}
	var report dicom.Report
	var set *dicom.StructureSet
	if o.truth != "" {
		var err error
		if set, err = dicom.ReadStructureSet(o.truth, &report); err != nil {
			return err
		}
	}
	ct, err := readCTFor(ctx, dir, o.series, set, o.truth, &report)
	if err != nil {
		return err
	}
	c := &phantom.Case{Volume: ct.volume}
	if set != nil {
		c.Clips = clipsOf(set, ct.volume)
	}
	for _, w := range reportWarnings(&report) {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := writeSample(ctx, o.out, 0, "prepare", c, deps.inputChannels()); err != nil {
		return err
	}
	fmt.Fprintf(deps.Out, "%s: tensors of %d slices, %d clips labelled\n", o.out, ct.volume.Grid.Nz(), len(c.Clips))
	return nil
}

// clipsOf are the clips that set outlines on v.
func clipsOf(set *dicom.StructureSet, v *volume.Volume) []phantom.Clip {
	var clips []phantom.Clip
	for _, s := range qa.ClipStructures(set) {
		masks := s.ClipMasks(v.Grid)
		for _, id := range slices.Sorted(maps.Keys(masks)) {
			m := masks[id]
			centre, ok := qa.Centroid(m)
			if !ok {
				continue
			}
			peak := int16(-1024)
			m.Each(func(x, y, z int) { peak = max(peak, v.At(x, y, z)) })
			clips = append(clips, phantom.Clip{
				ID: id, Axillary: qa.IsAxillary(s), CentreMM: centre, VolumeMM3: m.VolumeMM3(), PeakHU: int(peak), Mask: m,
			})
		}
	}
	return clips
}
