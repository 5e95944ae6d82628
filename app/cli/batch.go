package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/segment"
)

// Files of a batch. settings.json tells a folder that a batch made from any other.
const (
	batchSettings = "settings.json"
	batchRecord   = "record.json"
	batchSet      = "rs.dcm"
)

// BatchRecord is what stands in NAME/record.json of a batch, written when all else of the case is.
type BatchRecord struct {
	qa.CaseHead
	Result *Result `json:"result"`
	Kept   int     `json:"kept"` // clips in the RTSTRUCT
}

// outcome is the record in a word.
func (r *BatchRecord) outcome() string {
	switch {
	case r.Result == nil:
		return "failed"
	case len(r.Result.Clips) == 0:
		return "no clip"
	case len(r.Result.Warnings) > 0:
		return "look"
	}
	return "found"
}

func batchCommand(deps Deps) *cobra.Command {
	var o segmentOptions
	c := &cobra.Command{
		Use:   "batch ROOT --out DIR",
		Short: "Find the clips of every CT folder in ROOT and write an RTSTRUCT of each",
		Long: "batch takes each folder in ROOT for a patient and leaves DIR/NAME/rs.dcm and record.json of each, and one summary. A case\n" +
			"that fails is a row with its reason. Stopped or killed, the same command goes on: what is done, and whose files, settings\n" +
			"and program have not changed, is not done again. ROOT is not written to.",
		Args: exactly(1, "one folder of CT folders"),
		RunE: func(c *cobra.Command, args []string) error { return runBatch(c.Context(), deps, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder to write into: a new or empty one, or that of the run to go on with")
	f.StringVar(&o.provider, "provider", "auto", "auto, cpu, cuda, webgpu, directml or coreml")
	f.IntVar(&o.device, "device", 0, "number of the GPU, as 'clipwright doctor' lists them")
	f.IntVar(&o.threads, "threads", 0, "CPU threads; 0 takes every physical core")
	f.BoolVar(&o.points, "clip-points", false, "add a structure of one point for each clip, its centre")
	f.BoolVar(&o.force, "force", false, "take over a folder whose results were made with other settings")
	o.recipeFlags.add(c)
	return c
}

// settings are what the results depend on beside the cases, as text.
func (o *segmentOptions) settings(deps Deps) (string, error) {
	recipe, _, err := o.read(deps)
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(struct {
		Program    string          `json:"program"`
		Networks   []string        `json:"networks"` // SHA-256
		Recipe     *segment.Recipe `json:"recipe"`
		FreeMargin string          `json:"free_margin_mm"`
		Seroma     bool            `json:"seroma"`
		ClipPoints bool            `json:"clip_points"`
	}{deps.Version, deps.Models.Sums(), recipe, o.freeMargin, o.seroma, o.points}, "", "  ")
	return string(text) + "\n", err
}

func runBatch(ctx context.Context, deps Deps, root string, o segmentOptions) error {
	if o.compare != "" {
		return usageError{errors.New("--compare is for one case")}
	}
	if err := o.checkAll(); err != nil {
		return err
	}
	settings, err := o.settings(deps)
	if err != nil {
		return err
	}
	names, err := qa.CaseFolders(root, o.out)
	if err != nil {
		return err
	}
	if err := (qa.BatchFolder{Dir: o.out, File: batchSettings, Settings: settings, What: "settings", Force: o.force}).Prepare(); err != nil {
		return err
	}
	nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: o.provider, Device: o.device, Threads: o.threads})
	if err != nil {
		return err
	}
	defer closeNets()
	bar := newProgress(deps.ErrOut)
	var records []BatchRecord
	for i, name := range names {
		bar.report("cases", i, len(names))
		r, err := o.batchCase(ctx, deps, nets, root, name, settings)
		if err != nil {
			bar.finish()
			if ctx.Err() != nil {
				return fmt.Errorf("stopped after %d of %d cases; what is done is kept in %s, and the same command goes on from there", i, len(names), o.out)
			}
			return err
		}
		records = append(records, r)
	}
	bar.finish()
	if err := writeBatchSummary(o.out, records); err != nil {
		return err
	}
	count := map[string]int{}
	for i := range records {
		count[records[i].outcome()]++
	}
	fmt.Fprintf(deps.Out, "%d cases: %d found, %d to look at, %d without a clip, %d failed. %s. Not a medical device: check every mark.\n",
		len(records), count["found"], count["look"], count["no clip"], count["failed"], filepath.Join(o.out, "summary.csv"))
	return nil
}

// batchCase returns the record of a case: the one that stands, or a new one.
func (o segmentOptions) batchCase(ctx context.Context, deps Deps, nets segment.Networks, root, name, settings string) (BatchRecord, error) {
	o.dir = filepath.Join(root, name)
	folder := filepath.Join(o.out, name)
	o.out, o.force = filepath.Join(folder, batchSet), true // a set without a record is what a killed run left
	print, err := qa.Fingerprint(o.dir, settings)
	if err != nil {
		return BatchRecord{}, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return BatchRecord{}, err
	}
	return qa.RecordOf(ctx, filepath.Join(folder, batchRecord), name, print, func(r *BatchRecord) error {
		if err := os.Remove(o.out); err != nil && !errors.Is(err, fs.ErrNotExist) { // of other files or settings
			return err
		}
		result, _, err := o.one(ctx, deps, nets, nil)
		if err != nil {
			return err
		}
		r.Result = &result
		for _, c := range result.Clips {
			if c.Kept {
				r.Kept++
			}
		}
		return nil
	})
}

// writeBatchSummary writes one row a case.
func writeBatchSummary(out string, records []BatchRecord) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{{"case", "outcome", "clips", "left_out", "structures_cc", "warnings", "seconds", "provider", "reason"}}
	for _, r := range records {
		line := []string{qa.CSVCell(r.Case), r.outcome(), "", "", "", "", "", "", qa.CSVCell(r.Reason)}
		if r.Result != nil {
			var volumes []string
			for _, s := range r.Result.Structures {
				volumes = append(volumes, fmt.Sprintf("%s %.2f", s.Name, s.VolumeCC))
			}
			copy(line[2:], []string{
				strconv.Itoa(r.Kept), strconv.Itoa(len(r.Result.Clips) - r.Kept), qa.CSVCell(strings.Join(volumes, "; ")),
				qa.CSVCell(strings.Join(r.Result.Warnings, "; ")), fmt.Sprintf("%.1f", r.Result.Seconds.Total), r.Result.Provider,
			})
		}
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return errors.Join(writeAside(filepath.Join(out, "summary.csv"), b.Bytes(), true), WriteJSON(filepath.Join(out, "summary.json"), records, true))
}
