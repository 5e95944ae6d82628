package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
)

func scanCommand(deps Deps) *cobra.Command {
	var read bool
	c := &cobra.Command{
		Use:   "scan DIR",
		Short: "Say what a folder, archive or DICOMDIR holds, what would be left out and why, by file",
		Args:  exactly(1, "one folder, archive or file"),
		RunE:  func(c *cobra.Command, args []string) error { return runScan(c.Context(), deps, args[0], read) },
	}
	c.Flags().BoolVar(&read, "read", false, "read the pixels of every CT as well, not only the headers")
	return c
}

func runScan(ctx context.Context, deps Deps, dir string, read bool) error {
	var report dicom.Report
	studies, err := dicom.Scan(ctx, dir, &report)
	if err != nil {
		return err
	}
	if len(studies) == 0 {
		defer fmt.Fprintln(deps.Out, session.ReportText(dir, studies, nil, report.Findings()))
		return errors.New("no DICOM images found in " + dir + "; choose the folder with the planning CT")
	}
	refused := 0
	for _, study := range studies {
		for _, s := range study.Series {
			if !read || s.Refusal() != "" {
				continue
			}
			if _, err := dicom.ReadCT(ctx, s, &report); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				refused++
				report.Add(dicom.Finding{Severity: dicom.SeverityError, Text: err.Error()})
			}
		}
		for _, path := range study.StructureSets {
			if !read {
				continue
			}
			if _, err := dicom.ReadStructureSet(path, &report); err != nil {
				refused++
				report.Add(dicom.Finding{Severity: dicom.SeverityError, Text: err.Error()})
			}
		}
	}
	fmt.Fprintln(deps.Out, session.ReportText(dir, studies, nil, report.Findings()))
	if refused > 0 {
		return fmt.Errorf("%d of the series and structure sets in %s cannot be read", refused, dir)
	}
	return nil
}
