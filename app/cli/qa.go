package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/report"
)

type qaOptions struct {
	qa.Choice
	dir, rules, json, html, pdf, out string
	pairs                            []string
	force, noIdentifiers             bool
}

func qaCommand(deps Deps) *cobra.Command {
	var o qaOptions
	c := &cobra.Command{
		Use:   "qa DIR [--out DIR]",
		Short: "Check and compare the contours of a CT folder, or with --out of every folder in it",
		Long: "qa DIR checks the RTSTRUCTs of one CT folder: two or more are compared, the reference with each other one.\n" +
			"qa ROOT --out DIR takes each folder in ROOT for a case and leaves a record of each and one summary; a run that\n" +
			"was stopped goes on where it stopped. 'clipwright qa rules' prints the rules, to be edited and named with --rules.",
		Args: exactly(1, "one folder"),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if o.out != "" {
				return runQABatch(c.Context(), deps, o)
			}
			return runQA(c.Context(), deps, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.rules, "rules", "", "rules file (TOML); without it the rules that ship with the program")
	f.StringVar(&o.Ref, "ref", "", "reference RTSTRUCT")
	f.StringVar(&o.Test, "test", "", "test RTSTRUCT")
	f.StringVar(&o.Series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringArrayVar(&o.pairs, "pair", nil, "REFNAME=TESTNAME; without it rules, equal names and TG-263 synonyms pair")
	f.StringVar(&o.json, "json", "", "also write the result as JSON")
	f.StringVar(&o.html, "html", "", "also write a report with pictures, one file for a browser")
	f.StringVar(&o.pdf, "pdf", "", "also write that report as PDF")
	f.BoolVar(&o.noIdentifiers, "no-identifiers", false, "leave patient, folder and file names out of the report")
	f.StringVar(&o.out, "out", "", "work through every folder in DIR and write into this one")
	f.BoolVar(&o.force, "force", false, "replace files that exist, or results of other rules")
	c.AddCommand(&cobra.Command{
		Use: "rules", Short: "Print the rules that ship with the program", Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(deps.Out, qa.DefaultRulesText)
			return err
		},
	})
	return c
}

// readRules returns the rules asked for and their text.
func (o *qaOptions) readRules() (*qa.Rules, string, error) {
	if o.rules == "" {
		return qa.DefaultRules(), qa.DefaultRulesText, nil
	}
	return qa.ReadRules(o.rules)
}

func runQA(ctx context.Context, deps Deps, o qaOptions) error {
	rules, _, err := o.readRules()
	if err != nil {
		return err
	}
	for _, p := range o.pairs {
		n, err := qa.ParseNamed(p)
		if err != nil {
			return usageError{err}
		}
		o.Pairs = append(o.Pairs, n)
	}
	if err := cmp.Or(checkTarget(o.json, o.force), checkTarget(o.html, o.force), checkTarget(o.pdf, o.force)); err != nil {
		return err
	}
	inputs, err := qa.Open(ctx, o.dir, rules, o.Choice)
	if err != nil {
		return err
	}
	if o.html+o.pdf != "" && len(inputs) > 1 {
		return usageError{fmt.Errorf("a report is of one test; %s holds %d: name one with --test", o.dir, len(inputs))}
	}
	var results []*qa.Result
	for _, in := range inputs {
		r, err := qa.Compare(ctx, in, rules)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Test.Path, err)
		}
		results = append(results, r)
		printQA(deps, r, rules)
	}
	if o.html+o.pdf != "" {
		if err := o.writeReport(ctx, deps, inputs[0], results[0], rules); err != nil {
			return err
		}
	}
	if o.json != "" {
		return WriteJSON(o.json, results, o.force)
	}
	return nil
}

// writeReport writes the report of one case as HTML, as PDF or both.
func (o *qaOptions) writeReport(ctx context.Context, deps Deps, in qa.Input, r *qa.Result, rules *qa.Rules) error {
	ct, err := dicom.ReadCT(ctx, in.CT, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", o.dir, err)
	}
	c := report.Case{Result: r, Rules: rules, CT: ct, Version: deps.Version, When: time.Now(), Identifiers: !o.noIdentifiers}
	for path, write := range map[string]func(report.Case) ([]byte, error){o.html: report.CaseHTML, o.pdf: report.CasePDF} {
		if path == "" {
			continue
		}
		page, err := write(c)
		if err != nil {
			return err
		}
		if err := writeAside(path, page, o.force); err != nil {
			return err
		}
	}
	return nil
}

// printQA prints what a person reads: what was compared, figures with their definitions, clips, checks.
func printQA(deps Deps, r *qa.Result, rules *qa.Rules) {
	w := deps.Out
	against := "checked by itself"
	if r.Reference != nil {
		against = "against " + r.Reference.File
	}
	fmt.Fprintf(w, "%s: %s %s; CT of %s; rules %q\n", r.Case, r.Test.File, against, r.Grid, r.Rules)
	for _, n := range r.Notices {
		fmt.Fprintln(deps.ErrOut, "notice:", n)
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		fmt.Fprintf(w, "\n%s = %s (paired by %s)\n", p.Ref, p.Test, p.How)
		for _, d := range rules.Definitions() {
			v, _ := p.Value(d.Key)
			text := "undefined"
			if v.Exists() {
				text = fmt.Sprintf("%.3f", float64(v))
			}
			fmt.Fprintf(w, "  %-18s %10s %-4s %s\n", d.Name, text, d.Unit, d.Text)
		}
		if p.OffsetText != "" {
			fmt.Fprintf(w, "  %-18s %s\n", "", p.OffsetText)
		}
		if len(p.Worst) > 0 {
			s := p.Worst[0]
			fmt.Fprintf(w, "  worst slice %d: %.1f mm at %s, DSC %.3f there\n", s.Index+1, s.LargestMM, qa.Letters(s.PlaceMM), s.DSC)
		}
	}
	if r.Reference != nil {
		fmt.Fprintf(w, "\nclips within %g mm: %d found, %d missed, %d extra\n", rules.Metrics.HitRadiusMM, r.Clips.Found, r.Clips.Missed, r.Clips.Extra)
	}
	for _, c := range r.Clips.Clips {
		fmt.Fprintf(w, "  %-6s", c.State)
		if c.State == qa.Found {
			fmt.Fprintf(w, " %d = %d, centre off by %.2f mm (%s)", c.Ref, c.Test, float64(c.ErrorMM), c.Offset)
		} else {
			fmt.Fprintf(w, " %d", max(c.Ref, c.Test))
		}
		fmt.Fprintf(w, " at %s\n", qa.Letters(c.CentreMM))
	}
	for _, t := range r.Targets {
		fmt.Fprintf(w, "%s: %.2f cc, %d of %d clips inside%s%s\n", t.Name, t.CC, t.Inside, len(t.Clips), distance(", skin", t.SkinMM), distance(", lung", t.LungMM))
	}
	fmt.Fprintf(w, "\nchecks: %d fail, %d to look at, %d pass\n", r.Count(qa.Fail), r.Count(qa.Look), r.Count(qa.Pass))
	for _, c := range r.Checks {
		place := ""
		if c.PlaceMM != nil {
			place = " [" + qa.Letters(*c.PlaceMM) + "]"
		}
		name := c.Structure
		if name != "" {
			name += " "
		}
		fmt.Fprintf(w, "  %-4s %-22s %s%s%s\n", c.Outcome, c.ID, name, c.Text, place)
	}
}

func distance(what string, mm qa.Number) string {
	if !mm.Exists() {
		return ""
	}
	return fmt.Sprintf("%s %.1f mm", what, float64(mm))
}

func runQABatch(ctx context.Context, deps Deps, o qaOptions) error {
	if o.Ref != "" || o.Test != "" || o.Series != "" || len(o.pairs) > 0 || o.json+o.html+o.pdf != "" {
		return usageError{errors.New("--ref, --test, --series, --pair, --json, --html and --pdf are for one case; a batch takes them from --rules")}
	}
	rules, text, err := o.readRules()
	if err != nil {
		return err
	}
	bar := newProgress(deps.ErrOut)
	var mu sync.Mutex
	records, err := qa.Batch(ctx, qa.BatchOptions{
		Root: o.dir, Out: o.out, Rules: rules, RulesText: text, Force: o.force, Version: deps.Version,
		Progress: func(done, total int) {
			mu.Lock()
			defer mu.Unlock()
			bar.report("cases", done, total)
		},
	})
	bar.finish()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopped; what is done is kept in %s, and the same command goes on from there", o.out)
	}
	if err != nil {
		return err
	}
	if err := qa.WriteSummary(o.out, records); err != nil {
		return err
	}
	summary := report.Batch{Records: records, Rules: rules, Version: deps.Version, When: time.Now()}
	for name, write := range map[string]func(report.Batch) ([]byte, error){"summary.html": report.BatchHTML, "summary.pdf": report.BatchPDF} {
		page, err := write(summary)
		if err != nil {
			return err
		}
		if err := writeAside(filepath.Join(o.out, name), page, true); err != nil { // of an earlier run of the same batch
			return err
		}
	}
	count := qa.Outcomes(qa.Rows(records))
	fmt.Fprintf(deps.Out, "%d cases: %d pass, %d to look at, %d fail, %d broken. %s\n",
		len(records), count[qa.Pass], count[qa.Look], count[qa.Fail], count[qa.Broken], filepath.Join(o.out, "summary.html"))
	return nil
}
