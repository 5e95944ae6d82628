package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/teach"
)

// lessonFolders say where cases and results are; their flags default to what the window uses.
type lessonFolders struct{ library, results string }

func (f *lessonFolders) addLibrary(c *cobra.Command) {
	c.Flags().StringVar(&f.library, "library", "", "folder of cases; without it the twelve starter cases, made when first asked for")
}

func (f *lessonFolders) addResults(c *cobra.Command, deps Deps) {
	c.Flags().StringVar(&f.results, "results", deps.ResultsDir, "folder of results")
}

func lessonCommand(deps Deps) *cobra.Command {
	c := &cobra.Command{
		Use:   "lesson",
		Short: "Teach clip localisation: list and make cases, mark an answer, follow progress",
		Args:  exactly(0, "list, make, mark, progress or group"),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(lessonListCommand(deps), lessonMakeCommand(deps), lessonMarkCommand(deps), lessonProgressCommand(deps), lessonGroupCommand(deps))
	return c
}

// openLibrary returns the cases asked for, the starter set where none was named. What cannot be read is a warning.
func (f *lessonFolders) openLibrary(ctx context.Context, deps Deps) ([]*teach.Case, error) {
	dir := f.library
	if dir == "" {
		if deps.LessonDir == "" {
			return nil, errors.New("this user has no cache folder for the starter cases; name a folder of cases with --library")
		}
		bar := newProgress(deps.ErrOut)
		var err error
		dir, err = teach.MakeStarter(ctx, deps.LessonDir, func(done, total int) { bar.report("starter cases", done, total) })
		bar.finish()
		if err != nil {
			return nil, err
		}
	}
	cases, errs := teach.Library(dir)
	for _, err := range errs {
		fmt.Fprintln(deps.ErrOut, "warning:", oneLine(err))
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("%s holds no teaching case; make one with 'clipwright lesson make --out %s'", dir, filepath.Join(dir, "NAME"))
	}
	return cases, nil
}

func lessonListCommand(deps Deps) *cobra.Command {
	var f lessonFolders
	var learner string
	c := &cobra.Command{
		Use: "list [--library DIR] [--learner ALIAS]", Short: "List the cases of a library, easiest first, and what a learner achieved",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			cases, err := f.openLibrary(c.Context(), deps)
			if err != nil {
				return err
			}
			var attempts []teach.Attempt
			if learner != "" {
				if attempts, err = readAttempts(deps, f.results, learner); err != nil {
					return err
				}
			}
			p := teach.ProgressOf(learner, attempts, cases)
			tried := map[string]teach.CaseProgress{}
			for _, t := range p.Cases {
				tried[t.Case] = t
			}
			for _, k := range cases {
				l := &k.Lesson
				fmt.Fprintf(deps.Out, "%-24s %d of %d  %s (%s)\n", l.ID, l.Difficulty, teach.HardestDifficulty, l.Title, strings.Join(l.Categories, ", "))
				fmt.Fprintf(deps.Out, "%24s %s\n", "", k.Dir)
				if t, ok := tried[l.ID]; ok {
					fmt.Fprintf(deps.Out, "%24s %d attempts; the latest: %s\n", "", t.Tries, scoreText(t.Latest))
				}
			}
			return nil
		},
	}
	f.addLibrary(c)
	f.addResults(c, deps)
	c.Flags().StringVar(&learner, "learner", "", "say what this learner achieved")
	return c
}

func readAttempts(deps Deps, results, learner string) ([]teach.Attempt, error) {
	if results == "" {
		return nil, usageError{errors.New("name the folder of results with --results")}
	}
	if err := teach.CheckLearner(learner); err != nil {
		return nil, usageError{fmt.Errorf("--learner: %w", err)}
	}
	attempts, errs := teach.Results{Dir: results}.Attempts(learner)
	for _, err := range errs {
		fmt.Fprintln(deps.ErrOut, "warning:", oneLine(err))
	}
	return attempts, nil
}

func scoreText(s teach.Score) string {
	text := fmt.Sprintf("%d found, %d missed, %d false", s.Found, s.Missed, s.False)
	if s.SetAside > 0 {
		text += fmt.Sprintf(", %d on axillary clips", s.SetAside)
	}
	if s.MeanErrorMM.Exists() {
		text += fmt.Sprintf("; mean centre error %.2f mm", float64(s.MeanErrorMM))
	}
	return text
}

func lessonProgressCommand(deps Deps) *cobra.Command {
	var f lessonFolders
	var o exportFlags
	var learner string
	c := &cobra.Command{
		Use: "progress --learner ALIAS [--csv FILE]", Short: "Say how a learner gets on, what is weakest and which case comes next",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			attempts, err := readAttempts(deps, f.results, learner)
			if err != nil {
				return err
			}
			cases, err := f.openLibrary(c.Context(), deps)
			if err != nil {
				return err
			}
			p := teach.ProgressOf(strings.TrimSpace(learner), attempts, cases)
			printProgress(deps.Out, p, cases)
			return o.write(attempts, p)
		},
	}
	f.addLibrary(c)
	f.addResults(c, deps)
	o.add(c)
	c.Flags().StringVar(&learner, "learner", "", "whose progress")
	return c
}

// exportFlags write attempts as CSV and a summary as JSON.
type exportFlags struct {
	csv, json string
	force     bool
}

func (o *exportFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&o.csv, "csv", "", "also write every attempt as a line of this CSV file")
	c.Flags().StringVar(&o.json, "json", "", "also write the summary as JSON")
	c.Flags().BoolVar(&o.force, "force", false, "replace these files if they exist")
}

func (o *exportFlags) check() error {
	return cmp.Or(checkTarget(o.csv, o.force), checkTarget(o.json, o.force))
}

func (o *exportFlags) write(attempts []teach.Attempt, summary any) error {
	if o.csv != "" {
		var b strings.Builder
		if err := teach.WriteCSV(csv.NewWriter(&b), attempts); err != nil {
			return err
		}
		if err := writeAside(o.csv, []byte(b.String()), o.force); err != nil {
			return err
		}
	}
	if o.json != "" {
		return WriteJSON(o.json, summary, o.force)
	}
	return nil
}

func printProgress(w io.Writer, p *teach.Progress, cases []*teach.Case) {
	title := map[string]string{}
	for _, c := range cases {
		title[c.Lesson.ID] = c.Lesson.Title
	}
	fmt.Fprintf(w, "%s: %d attempts of %d cases\n", p.Learner, p.All.Attempts, len(p.Cases))
	if len(p.Attempts) > 0 {
		fmt.Fprintf(w, "%-26s %11s %11s %6s %9s %9s\n", "", "sensitivity", "false/case", "F1", "error mm", "time s")
		printTally(w, "first attempts", p.First)
		printTally(w, "latest attempts", p.Latest)
		for _, c := range p.Categories {
			printTally(w, c.Category, c.Tally)
		}
		fmt.Fprintln(w, "sensitivity = found / (found + missed); F1 = 2 found / (2 found + missed + false); error: mean distance of the centres; time: median")
	}
	if p.Weakest != "" {
		fmt.Fprintf(w, "weakest: %s\n", p.Weakest)
	}
	if p.Next != "" {
		fmt.Fprintf(w, "next: %s, %s (%s)\n", p.Next, title[p.Next], p.NextWhy)
	} else if p.NextWhy != "" {
		fmt.Fprintln(w, "next:", p.NextWhy)
	}
}

func printTally(w io.Writer, name string, t teach.Tally) {
	fmt.Fprintf(w, "%-26s %11s %11s %6s %9s %9s\n", name, figure(t.Sensitivity, 2), figure(t.FalsePerCase, 2), figure(t.F1, 2), figure(t.MeanErrorMM, 2), figure(t.MedianSeconds, 0))
}

func figure(n qa.Number, decimals int) string {
	if !n.Exists() {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, float64(n))
}

func lessonGroupCommand(deps Deps) *cobra.Command {
	var o exportFlags
	c := &cobra.Command{
		Use: "group DIR [--csv FILE]", Short: "Sum up a folder of results of many learners",
		Args: exactly(1, "one folder of results"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			g := teach.GroupOf(args[0])
			for _, e := range g.Errors {
				fmt.Fprintln(deps.ErrOut, "warning:", e)
			}
			if len(g.Attempts) == 0 {
				return fmt.Errorf("%s holds no attempt; gather the learners' folders in it", args[0])
			}
			printGroup(deps.Out, g)
			return o.write(g.Attempts, g)
		},
	}
	o.add(c)
	return c
}

func printGroup(w io.Writer, g *teach.Group) {
	fmt.Fprintf(w, "%-26s %11s %11s %6s %9s %9s  %s\n", "learner (latest attempts)", "sensitivity", "false/case", "F1", "error mm", "time s", "cases, weakest")
	for _, l := range g.Learners {
		t := l.Latest
		fmt.Fprintf(w, "%-26s %11s %11s %6s %9s %9s  %d, %s\n", l.Learner, figure(t.Sensitivity, 2), figure(t.FalsePerCase, 2), figure(t.F1, 2), figure(t.MeanErrorMM, 2), figure(t.MedianSeconds, 0), l.Cases, l.Weakest)
	}
	fmt.Fprintf(w, "\n%-26s %11s %11s %6s %9s %9s  %s\n", "case (first attempts)", "sensitivity", "false/case", "F1", "error mm", "time s", "learners; missed; mistaken")
	for _, c := range g.Cases {
		t := c.First
		var notes []string
		for _, m := range c.Missed[:min(3, len(c.Missed))] {
			notes = append(notes, fmt.Sprintf("clip %d missed %d times", m.Clip, m.Times))
		}
		for _, m := range c.Mistaken[:min(3, len(c.Mistaken))] {
			notes = append(notes, fmt.Sprintf("%s %d times", m.Kind, m.Times))
		}
		fmt.Fprintf(w, "%-26s %11s %11s %6s %9s %9s  %d; %s\n", c.Case, figure(t.Sensitivity, 2), figure(t.FalsePerCase, 2), figure(t.F1, 2), figure(t.MeanErrorMM, 2), figure(t.MedianSeconds, 0), c.Learners, strings.Join(notes, "; "))
	}
}
