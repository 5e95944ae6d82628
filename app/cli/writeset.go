package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
)

// writeFlags say how a structure set is written.
type writeFlags struct {
	out, appendTo string
	points, force bool
}

func (f *writeFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.out, "out", "", "RTSTRUCT file to write")
	flags.StringVar(&f.appendTo, "append-to", "", "RTSTRUCT of this CT: what is written is a copy of it with the new structures added")
	flags.BoolVar(&f.points, "clip-points", false, "add a structure of one point for each clip, its centre")
	flags.BoolVar(&f.force, "force", false, "replace files that exist")
}

// check refuses what exists, or is no structure set to be replaced, and a base that does not, before any work is done.
func (f *writeFlags) check() error {
	if f.appendTo != "" {
		if _, err := os.Stat(f.appendTo); err != nil {
			return usageError{fmt.Errorf("--append-to: %w", err)}
		}
	}
	if err := refuseExisting(f.out, f.force); err != nil {
		return err
	}
	return dicom.CheckTarget(f.out, f.force)
}

func (f *writeFlags) options() []session.StructureOption {
	if f.points {
		return []session.StructureOption{session.WithClipPoints()}
	}
	return nil
}

func (f *writeFlags) write(set *dicom.StructureSet, ct *dicom.Series) error {
	if f.appendTo != "" {
		return dicom.AppendStructureSet(f.out, f.appendTo, set, ct, f.force)
	}
	return dicom.WriteStructureSet(f.out, set, ct, f.force)
}
