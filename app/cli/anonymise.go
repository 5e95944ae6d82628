package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/dicom"
)

type anonymiseOptions struct{ dir, out, as, series string }

func anonymiseCommand(deps Deps) *cobra.Command {
	var o anonymiseOptions
	c := &cobra.Command{
		Use:   "anonymise DIR --out DIR",
		Short: "Write a CT and its structure sets anew without what tells who the patient is",
		Long: "anonymise writes a CT folder and every RTSTRUCT drawn on it into a new folder by the basic profile of DICOM PS3.15: the files are\n" +
			"made anew of voxels, geometry and structures, all UIDs are replaced alike in CT and structure sets, and nothing else is\n" +
			"taken over. Names of structures stay unless they hold part of the patient's; text burned into the images stays: look at it.",
		Args: exactly(1, "one CT folder"),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			return runAnonymise(c.Context(), deps, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder to write into, empty or new")
	f.StringVar(&o.as, "as", "Anonymous", "name and ID in the place of the patient's")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	return c
}

func runAnonymise(ctx context.Context, deps Deps, o anonymiseOptions) error {
	if o.out == "" {
		return usageError{errors.New("say where to write with --out DIR")}
	}
	var found dicom.Report
	studies, err := dicom.Scan(ctx, o.dir, &found)
	if err != nil {
		return err
	}
	series, err := dicom.ChooseCT(studies, o.series)
	if err != nil {
		return fmt.Errorf("%s: %w", o.dir, err)
	}
	v, err := dicom.ReadCT(ctx, series, &found)
	if err != nil {
		return fmt.Errorf("%s: %w", o.dir, err)
	}
	made, err := dicom.Anonymise(ctx, o.out, series, v, series.Study.StructureSets, o.as)
	if err != nil {
		return err
	}
	for _, w := range append(reportWarnings(&found), made.Notices...) {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	fmt.Fprintf(deps.Out, "%s: %d slices and %d structure sets of %q. Check names of structures and text within the images before handing them on.\n",
		o.out, len(made.CT.Slices), len(made.Sets), o.as)
	return nil
}
