package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

type segmentOptions struct {
	recipeFlags
	writeFlags
	dir, json, series, provider string
	device, threads             int
}

func segmentCommand(deps Deps) *cobra.Command {
	var o segmentOptions
	c := &cobra.Command{
		Use:   "segment DIR --out RS.dcm",
		Short: "Find the clips of a CT folder and write an RTSTRUCT",
		Args:  exactly(1, "one CT folder"),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			return runSegment(c.Context(), deps, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.json, "json", "", "also write the result as JSON")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringVar(&o.provider, "provider", "auto", "auto, cpu, cuda, webgpu, directml or coreml")
	f.IntVar(&o.device, "device", 0, "number of the GPU, as 'clipwright doctor' lists them")
	f.IntVar(&o.threads, "threads", 0, "CPU threads; 0 takes every physical core")
	o.writeFlags.add(c)
	o.recipeFlags.add(c)
	return c
}

func (o *segmentOptions) checkAll() error {
	if o.out == "" {
		return usageError{errors.New("say where to write with --out RS.dcm")}
	}
	if o.json != "" && filepath.Clean(o.json) == filepath.Clean(o.out) {
		return usageError{fmt.Errorf("--out and --json name the same file, %s", o.out)}
	}
	if err := checkThreads(o.threads); err != nil {
		return err
	}
	if o.device < 0 {
		return usageError{fmt.Errorf("--device %d: give 0 or more; 'clipwright doctor' lists the devices", o.device)}
	}
	return checkProvider(o.provider)
}

func checkThreads(n int) error {
	if n < 0 {
		return usageError{fmt.Errorf("--threads %d: give 0 or more", n)}
	}
	return nil
}

func checkProvider(name string) error {
	switch name {
	case "auto", "cpu", "cuda", "webgpu", "directml", "coreml":
		return nil
	}
	return usageError{fmt.Errorf("--provider %q is not one of auto, cpu, cuda, webgpu, directml, coreml", name)}
}

func runSegment(ctx context.Context, deps Deps, o segmentOptions) error {
	if err := o.checkAll(); err != nil {
		return err
	}
	if _, _, err := o.read(deps); err != nil {
		return err
	}
	if err := cmp.Or(o.writeFlags.check(), checkTarget(o.json, o.force)); err != nil {
		return err
	}
	nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: o.provider, Device: o.device, Threads: o.threads})
	if err != nil {
		return err
	}
	defer closeNets()
	bar := newProgress(deps.ErrOut)
	result, made, err := o.one(ctx, deps, nets, bar.report)
	bar.finish()
	if err != nil {
		return err
	}
	if o.json != "" {
		if err := WriteJSON(o.json, result, o.force); err != nil {
			return err
		}
	}
	if len(made.targets) > 1 || len(made.seroma) > 0 {
		made.print(deps, o.recipe, o.compare)
	}
	printSegment(deps, o.out, result)
	return nil
}

// one finds the clips of o.dir, drafts and writes the RTSTRUCT, which it leaves out where there is no clip.
func (o *segmentOptions) one(ctx context.Context, deps Deps, nets segment.Networks, progress func(stage string, done, total int)) (Result, drafted, error) {
	start := time.Now()
	var report dicom.Report
	var made drafted
	ct, err := readCT(ctx, o.dir, o.series, &report)
	if err != nil {
		return Result{}, made, err
	}
	read := time.Since(start).Seconds()
	found, err := segment.Run(ctx, ct.volume, nets, segment.RunOptions{Progress: progress})
	if err != nil {
		return Result{}, made, fmt.Errorf("find the clips of %s: %w", o.dir, err)
	}
	warnings := append(reportWarnings(&report), found.Warnings...)
	if found.Notice != "" {
		warnings = append(warnings, found.Notice)
	}
	var set *dicom.StructureSet
	draftStart := time.Now()
	if len(found.Clips) > 0 {
		made, err = o.draft(ctx, deps, ct.volume, found.External, found.Clips, nil)
		if err != nil {
			return Result{}, made, err
		}
		warnings = append(warnings, made.warnings...)
		external := found.External
		if o.appendTo != "" { // what it joins has a body of its own, or will
			external = nil
		}
		set = session.StructureSet(found.Clips, external, made.targets, append(o.options(), session.WithDrawn(made.seroma))...)
	}
	draft := time.Since(draftStart).Seconds()
	writeStart := time.Now()
	if set != nil {
		if err := o.write(set, ct.series); err != nil {
			return Result{}, made, err
		}
	}
	result := NewResult(ct.series.UID, found, set, ct.volume.Grid, warnings)
	result.Seconds.Read, result.Seconds.Draft = read, draft
	result.Seconds.Write, result.Seconds.Total = time.Since(writeStart).Seconds(), time.Since(start).Seconds()
	return result, made, nil
}

func printSegment(deps Deps, out string, r Result) {
	for _, w := range r.Warnings {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	if len(r.Clips) == 0 {
		fmt.Fprintf(deps.Out, "No clip found; no RTSTRUCT written. (%s, %.1f s)\n", r.Provider, r.Seconds.Total)
		return
	}
	left := 0
	for _, c := range r.Clips {
		note := strings.Join(c.Flags, ", ")
		if !c.Kept {
			left++
			note += ": left out"
		}
		line := fmt.Sprintf("clip %2d %s  %s  %4.0f mm3  %5d HU  confidence %.2f  %s", c.ID, c.Side, positionText(c.CentreMM), c.VolumeMM3, c.PeakHU, c.Confidence, note)
		fmt.Fprintln(deps.Out, strings.TrimRight(line, " "))
	}
	for _, s := range r.Structures {
		fmt.Fprintf(deps.Out, "%-16s %-8s %9.2f cc\n", s.Name, s.Type, s.VolumeCC)
	}
	count := fmt.Sprintf("%d clips", len(r.Clips)-left)
	if left > 0 {
		count += fmt.Sprintf(", %d left out", left)
	}
	fmt.Fprintf(deps.Out, "%s written: %s (%s, %.1f s). Not a medical device: check every mark.\n", out, count, r.Provider, r.Seconds.Total)
}

// positionText is p with its letters: DICOM patient coordinates grow to L, P and S (head).
func positionText(p volume.Vec) string {
	letters := [3][2]string{{"L", "R"}, {"P", "A"}, {"S", "I"}}
	text := ""
	for i, v := range p {
		letter := letters[i][0]
		if v < 0 {
			v, letter = -v, letters[i][1]
		}
		text += fmt.Sprintf("%s%6.1f ", letter, v)
	}
	return text + "mm"
}

// loadedCT is a series and its pixels.
type loadedCT struct {
	series *dicom.Series
	volume *volume.Volume
}

func readCT(ctx context.Context, dir, seriesUID string, report *dicom.Report) (loadedCT, error) {
	return readCTFor(ctx, dir, seriesUID, nil, "", report)
}

// readCTFor reads the CT with the UID, or else the one that set, read from setPath, was drawn on. In another frame of
// reference its coordinates mean another place: that is an error.
func readCTFor(ctx context.Context, dir, seriesUID string, set *dicom.StructureSet, setPath string, report *dicom.Report) (loadedCT, error) {
	studies, err := dicom.Scan(ctx, dir, report)
	if err != nil {
		return loadedCT{}, err
	}
	var series *dicom.Series
	if set == nil || seriesUID != "" {
		series, err = dicom.ChooseCT(studies, seriesUID)
	} else {
		series, err = dicom.ChooseCTFor(studies, set, setPath, report)
	}
	if err != nil {
		return loadedCT{}, fmt.Errorf("%s: %w", dir, err)
	}
	v, err := dicom.ReadCT(ctx, series, report)
	if err != nil {
		return loadedCT{}, fmt.Errorf("%s: %w", dir, err)
	}
	if set != nil && !set.Check(setPath, series, v.Grid, report) {
		return loadedCT{}, fmt.Errorf("%s lies in another frame of reference than the CT in %s, so its coordinates mean another place; choose the CT that it was drawn on", setPath, dir)
	}
	return loadedCT{series, v}, nil
}

func reportWarnings(report *dicom.Report) []string {
	var warnings []string
	for _, f := range report.Findings() {
		if f.Severity == "info" {
			continue
		}
		text := f.Text
		if f.File != "" {
			text = f.File + ": " + text
		}
		warnings = append(warnings, text)
	}
	return warnings
}

// openNetworks opens both networks on the provider asked for.
func (deps Deps) openNetworks(ctx context.Context, o segment.Options) (segment.Networks, func(), error) {
	if deps.ModelsError != nil {
		return segment.Networks{}, nil, deps.ModelsError
	}
	nets, err := deps.Models.Open(ctx, deps.Engine, o)
	if err != nil {
		return segment.Networks{}, nil, err
	}
	return *nets, func() { nets.Close() }, nil
}
