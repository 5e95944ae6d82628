package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/segment"
)

type evaluateOptions struct {
	cases                        []string
	ct, json, markdown, provider string
	candidates, looks, networks  string
	limit, threads               int
	force                        bool
}

func evaluateCommand(deps Deps) *cobra.Command {
	var o evaluateOptions
	c := &cobra.Command{
		Use:   "evaluate --cases FILE [--cases FILE]...",
		Short: "Measure both networks on committed test cases: phantoms, and real CTs with inserted clips",
		Args:  exactly(0, "no argument"),
		RunE:  func(c *cobra.Command, _ []string) error { return runEvaluate(c.Context(), deps, o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.cases, "cases", nil, "test set, a file of models/testsets; give it again for another")
	f.StringVar(&o.ct, "ct", "", "folder of the real CTs (NIfTI) that a test set names; without them that set is skipped")
	f.StringVar(&o.json, "json", "", "write every figure as JSON")
	f.StringVar(&o.markdown, "markdown", "", "write the model report")
	f.StringVar(&o.candidates, "candidates", "", "instead of measuring, write what the networks mark and whether it is a clip, a line each, for models/train/judge.py")
	f.StringVar(&o.looks, "looks", "", "instead of measuring, write into this folder every piece that the Detail Net would be asked about, for models/train/detail.py")
	f.StringVar(&o.networks, "networks", "", "measure location and segmentation (.onnx and .json) of this folder instead of the networks that ship")
	f.StringVar(&o.provider, "provider", "cpu", "auto, cpu, cuda, webgpu, directml or coreml")
	f.IntVar(&o.threads, "threads", 0, "CPU threads; 0 takes every physical core")
	f.IntVar(&o.limit, "limit", 0, "only the first N cases of each set; 0 takes all")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

func runEvaluate(ctx context.Context, deps Deps, o evaluateOptions) error {
	if len(o.cases) == 0 {
		return usageError{errors.New("name the test set with --cases FILE")}
	}
	if err := checkProvider(o.provider); err != nil {
		return err
	}
	if o.limit < 0 {
		return usageError{fmt.Errorf("--limit %d: give 0 or more", o.limit)}
	}
	if err := checkThreads(o.threads); err != nil {
		return err
	}
	for _, path := range []string{o.json, o.markdown, o.candidates} { // before hours of work
		if path == "" {
			continue
		}
		if err := cmp.Or(os.MkdirAll(filepath.Dir(path), 0o755), refuseExisting(path, o.force)); err != nil {
			return err
		}
	}
	var sets []testSet
	for _, path := range o.cases {
		set, err := readTestSet(path)
		if err != nil {
			return err
		}
		sets = append(sets, set)
	}
	if o.networks != "" {
		var err error
		if deps.Models, err = networksOf(o.networks); err != nil {
			return err
		}
		deps.ModelsError = nil
	}
	nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: o.provider, Threads: o.threads})
	if err != nil {
		return err
	}
	defer closeNets()
	if o.candidates != "" {
		return writeCandidates(ctx, deps, nets, sets, o)
	}
	if o.looks != "" {
		return writeLooks(ctx, deps, nets, sets, o)
	}
	e := Evaluation{Provider: nets.Location.Provider()}
	for _, set := range sets {
		if err := refuseExisting(sheetPath(o.markdown, set.Name), o.force); o.markdown != "" && err != nil {
			return err
		}
	}
	for _, set := range sets {
		measured, err := evaluateSet(ctx, deps, nets, set, o)
		if err != nil {
			return err
		}
		e.Sets = append(e.Sets, measured)
	}
	return writeEvaluation(deps, e, o)
}

// networksOf reads a Location Net and a Segmentation Net with their cards, as models/train/export.py leaves them.
func networksOf(folder string) (m segment.Models, err error) {
	for _, part := range []struct {
		name string
		into *segment.Model
	}{{"location", &m.Location}, {"segmentation", &m.Segmentation}} {
		graph, err := os.ReadFile(filepath.Join(folder, part.name+".onnx"))
		if err != nil {
			return m, err
		}
		card, err := os.ReadFile(filepath.Join(folder, part.name+".json"))
		if err != nil {
			return m, err
		}
		if *part.into, err = segment.NewModel(part.name, graph, card); err != nil {
			return m, fmt.Errorf("%s: %w", folder, err)
		}
	}
	return m, nil
}

func evaluateSet(ctx context.Context, deps Deps, nets segment.Networks, set testSet, o evaluateOptions) (e SetEvaluation, err error) {
	e = SetEvaluation{Name: set.Name, About: set.About}
	if host := set.missingHost(o.ct); host != "" {
		e.Skipped = fmt.Sprintf("not measured: %s is not there (give the folder of the real CTs with --ct)", host)
		fmt.Fprintf(deps.Out, "%s: %s\n", set.Name, e.Skipped)
		return e, nil
	}
	err = set.each(o, func(t testCase, make func(context.Context) (*phantom.Case, error)) error {
		c, err := make(ctx)
		var r CaseEvaluation
		if err == nil {
			r, err = evaluateCase(ctx, nets, t, c)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // hours of other cases are not to be lost for it
			e.Failed = append(e.Failed, FailedCase{t.name(), err.Error()})
			fmt.Fprintf(deps.Out, "%s: not measured: %v\n", t.name(), err)
			return nil
		}
		e.Cases = append(e.Cases, r)
		if o.markdown != "" && o.networks == "" && t.Host == "" {
			e.failures = worst(append(e.failures, failuresOf(r, c.Volume)...))
		}
		fmt.Fprintf(deps.Out, "%s: %d of %d clips, %d false, DSC %.3f (2 mm), threshold %d false, top-hat %d false, %.1f s\n",
			r.Name, r.found(), len(r.Clips), len(r.False), r.Network.DSC, r.Threshold.False, r.TopHat.False, r.Seconds)
		return nil
	})
	return e, err
}

func writeEvaluation(deps Deps, e Evaluation, o evaluateOptions) error {
	if o.json != "" {
		if err := WriteJSON(o.json, e, o.force); err != nil {
			return err
		}
	}
	if o.markdown != "" {
		if err := writeContactSheets(e, o); err != nil {
			return err
		}
		page := modelReport
		if o.networks != "" {
			page = otherReport
		}
		if err := writeAside(o.markdown, []byte(page(deps, e)), o.force); err != nil {
			return err
		}
	}
	failed := 0
	for _, set := range e.Sets {
		fmt.Fprintf(deps.Out, "\n%s, %d cases\n\n%s", set.Name, len(set.Cases), summaryTable(set.Cases))
		failed += len(set.Failed)
	}
	if failed > 0 {
		return fmt.Errorf("%d case(s) were not measured; the report names them and why", failed)
	}
	return nil
}
