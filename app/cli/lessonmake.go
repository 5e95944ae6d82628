package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

type lessonMakeOptions struct {
	teach.Spec
	teach.Lesson
	out, ct, reference, series, target string
	clips                              string
	seed                               int64
	distractors                        []string
	seromaMoved                        bool
}

func lessonMakeCommand(deps Deps) *cobra.Command {
	var o lessonMakeOptions
	c := &cobra.Command{
		Use:   "make --out DIR --title TEXT --teaches TEXT",
		Short: "Make a case: of the phantom at chosen difficulty, or of a CT and its reference RTSTRUCT",
		Long: "Without --ct the phantom generator makes the case: the first from --seed on that shows what is asked for.\n" +
			"With --ct and --reference it is made of a patient's CT: voxels and outlines are taken over, every header is\n" +
			"written anew, so that no name, number, date or UID of the patient's is in it. What pixels show stays.",
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error { return makeLesson(c, deps, &o) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder of the case; it must not exist")
	f.StringVar(&o.Title, "title", "", "title")
	f.StringVar(&o.Teaches, "teaches", "", "one sentence: what the case teaches")
	f.StringVar(&o.Note, "note", "", "what a learner knows beforehand, for instance how many clips the operation note counts")
	f.IntVar(&o.Difficulty, "difficulty", 3, "1 (easiest) to 5")
	f.StringSliceVar(&o.Categories, "category", nil, "what it is an example of; repeat or separate by commas")
	numberFlag(f, &o.Lesson.HitRadiusMM, "hit-radius-mm", 0, 0.1, 20, "how near a mark must be (default 5, on slices above 3 mm 7)")
	f.StringVar(&o.ct, "ct", "", "folder of a CT to make the case of")
	f.StringVar(&o.reference, "reference", "", "with --ct: RTSTRUCT with its clips")
	f.StringVar(&o.series, "series", "", "with --ct: series instance UID, when the folder holds several CTs")
	f.StringVar(&o.target, "target", "", "with --ct: structure that is the reference boost (default: the first CTV, else drafted)")
	f.StringArrayVar(&o.distractors, "distractor", nil, "with --ct: STRUCTURE=REASON, what is mistaken for a clip and why it is none; repeat")
	f.Int64Var(&o.seed, "seed", 1, "where the search for a case begins")
	f.StringVar(&o.clips, "clips", "5-8", "clips in the bed, a number or a range")
	numberFlag(f, &o.ClipMM, "clip-mm", 0, 2, 12, "their length (default: common ones)")
	numberFlag(f, &o.SliceMM, "slice-mm", 3, 1, 8, "slice thickness")
	numberFlag(f, &o.NoiseHU, "noise-hu", 0, 0.01, 60, "noise (default: drawn)")
	numberFlag(f, &o.Density, "density", 0, 0, 1, "of the breast, 0 (drawn) to 1")
	f.StringSliceVar(&o.Kinds, "with", nil, "distractors: "+strings.Join(teach.DistractorKinds(), ", "))
	f.BoolVar(&o.Pairs, "pairs", false, "clips in pairs")
	f.BoolVar(&o.Axillary, "axillary", false, "clips in the axilla too")
	f.BoolVar(&o.Rib, "rib", false, "a clip beside a rib")
	f.BoolVar(&o.seromaMoved, "seroma-moved", false, "the fluid lies to one side of the clips")
	return c
}

func makeLesson(c *cobra.Command, deps Deps, o *lessonMakeOptions) error {
	for _, need := range []struct{ value, flag string }{{o.out, "--out DIR"}, {o.Title, "--title TEXT"}, {o.Teaches, "--teaches TEXT"}} {
		if strings.TrimSpace(need.value) == "" {
			return usageError{fmt.Errorf("give %s", need.flag)}
		}
	}
	if (o.ct == "") != (o.reference == "") {
		return usageError{errors.New("a case of a CT needs both --ct DIR and --reference RS.dcm")}
	}
	if o.Difficulty < 1 || o.Difficulty > teach.HardestDifficulty {
		return usageError{fmt.Errorf("--difficulty %d: give 1 to %d", o.Difficulty, teach.HardestDifficulty)}
	}
	if o.seed < 0 {
		return usageError{fmt.Errorf("--seed %d: give 0 or more", o.seed)}
	}
	forCT := []string{"series", "target", "distractor"}
	forPhantom := []string{"seed", "clips", "clip-mm", "slice-mm", "noise-hu", "density", "with", "pairs", "axillary", "rib", "seroma-moved"}
	wrong, needs := forCT, "needs --ct"
	if o.ct != "" {
		wrong, needs = forPhantom, "is for the phantom, not for --ct"
	}
	for _, name := range wrong {
		if c.Flags().Changed(name) {
			return usageError{fmt.Errorf("--%s %s", name, needs)}
		}
	}
	var made *teach.Case
	var err error
	if o.ct != "" {
		made, err = o.fromCT(c.Context())
	} else {
		made, err = o.fromPhantom(c.Context())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(deps.Out, "%s: case %s, difficulty %d, %s\n", made.Dir, made.Lesson.ID, made.Lesson.Difficulty, strings.Join(made.Lesson.Categories, ", "))
	return nil
}

func (o *lessonMakeOptions) fromCT(ctx context.Context) (*teach.Case, error) {
	f := teach.FromCT{CTDir: o.ct, SeriesUID: o.series, Reference: o.reference, Target: o.target, Distractors: map[string]string{}, Lesson: o.Lesson}
	for _, d := range o.distractors {
		name, why, ok := strings.Cut(d, "=")
		if !ok || name == "" {
			return nil, usageError{fmt.Errorf("--distractor %q: write STRUCTURE=REASON", d)}
		}
		f.Distractors[name] = why
		if len(o.Categories) == 0 {
			f.Lesson.Categories = append(f.Lesson.Categories, name)
		}
	}
	if len(f.Lesson.Categories) == 0 {
		f.Lesson.Categories = []string{teach.CategoryPlain}
	}
	return teach.MakeFromCT(ctx, o.out, f)
}

func (o *lessonMakeOptions) fromPhantom(ctx context.Context) (*teach.Case, error) {
	least, most, isRange := strings.Cut(o.clips, "-")
	if !isRange {
		most = least
	}
	var err error
	if o.LeastClips, err = strconv.Atoi(least); err == nil {
		o.MostClips, err = strconv.Atoi(most)
	}
	if err != nil || o.LeastClips < 1 {
		return nil, usageError{fmt.Errorf("--clips %q: give a number from 1, or a range such as 5-8", o.clips)}
	}
	if o.seromaMoved {
		o.SeromaOffMM = teach.SeromaMovedMM
	}
	if err := o.Spec.Validate(); err != nil {
		return nil, usageError{err}
	}
	if len(o.Categories) == 0 {
		o.Categories = o.Spec.Shows()
	}
	o.ID = teach.NewID(o.Title)
	return teach.MakePhantom(ctx, o.out, o.seed, o.Spec, o.Lesson)
}

// maxSeconds is more than anybody takes: a day.
const maxSeconds = 24 * 60 * 60

type lessonMarkOptions struct {
	lessonFolders
	marks, learner, json, provider string
	seconds                        float64
	network, keep, force           bool
}

func lessonMarkCommand(deps Deps) *cobra.Command {
	var o lessonMarkOptions
	c := &cobra.Command{
		Use:   "mark CASE --answer RS.dcm --learner ALIAS",
		Short: "Mark an answer: an RTSTRUCT drawn on the case's CT, in any program",
		Long: "The clips of the RTSTRUCT are the learner's marks, its first CTV the learner's boost. With --keep the attempt is\n" +
			"added to the learner's results.",
		Args: exactly(1, "the folder of one case"),
		RunE: func(c *cobra.Command, args []string) error { return markLesson(c.Context(), deps, &o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.marks, "answer", "", "RTSTRUCT with the learner's clips")
	f.StringVar(&o.learner, "learner", "", "name or alias of the learner")
	numberFlag(f, &o.seconds, "seconds", 0, 0, maxSeconds, "time the learner took")
	f.BoolVar(&o.network, "network", false, "also say what the networks make of the case")
	f.StringVar(&o.provider, "provider", "auto", "with --network: auto, cpu, cuda, webgpu, directml or coreml")
	f.BoolVar(&o.keep, "keep", false, "add the attempt to the results")
	f.StringVar(&o.json, "json", "", "also write the attempt as JSON")
	f.BoolVar(&o.force, "force", false, "replace the JSON file if it exists")
	o.addResults(c, deps)
	return c
}

func markLesson(ctx context.Context, deps Deps, o *lessonMarkOptions, dir string) error {
	switch {
	case o.marks == "":
		return usageError{errors.New("name the learner's RTSTRUCT with --answer RS.dcm")}
	case teach.CheckLearner(o.learner) != nil:
		return usageError{fmt.Errorf("--learner: %w", teach.CheckLearner(o.learner))}
	case o.keep && o.results == "":
		return usageError{errors.New("name the folder of results with --results")}
	}
	if err := cmp.Or(checkProvider(o.provider), checkTarget(o.json, o.force)); err != nil {
		return err
	}
	kase, err := teach.ReadCase(dir)
	if err != nil {
		return err
	}
	v, err := kase.ReadCT(ctx)
	if err != nil {
		return err
	}
	ref, err := kase.ReadReference(v.Grid)
	if err != nil {
		return err
	}
	answer, err := kase.ReadAnswer(ctx, o.marks, v.Grid)
	if err != nil {
		return err
	}
	answer.Seconds = o.seconds
	g := teach.Grading{Case: kase, Volume: v, Reference: ref, Learner: o.learner, Begun: time.Now(), Version: deps.Version}
	attempt, err := teach.Grade(ctx, g, answer)
	if err != nil {
		return err
	}
	if o.network {
		if attempt.Network, err = askNetworks(ctx, deps, g, v, o.provider); err != nil {
			return err
		}
	}
	printAttempt(deps, kase, attempt)
	if o.json != "" {
		if err := WriteJSON(o.json, attempt, o.force); err != nil {
			return err
		}
	}
	if !o.keep {
		return nil
	}
	path, err := teach.Results{Dir: o.results}.Keep(attempt)
	if err == nil {
		fmt.Fprintf(deps.Out, "kept in %s\n", path)
	}
	return err
}

func askNetworks(ctx context.Context, deps Deps, g teach.Grading, v *volume.Volume, provider string) (*teach.Network, error) {
	nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: provider})
	if err != nil {
		return nil, err
	}
	defer closeNets()
	bar := newProgress(deps.ErrOut)
	found, err := segment.Run(ctx, v, nets, segment.RunOptions{Progress: bar.report})
	bar.finish()
	if err != nil {
		return nil, err
	}
	return teach.Compare(ctx, g, found.Clips)
}

func printAttempt(deps Deps, c *teach.Case, t *teach.Attempt) {
	w := deps.Out
	fmt.Fprintf(w, "%s, %s: %s (a mark within %g mm of a centre has found it)\n", t.Learner, t.Title, scoreText(t.Score), t.HitRadiusMM)
	printVerdicts(deps, t.Verdicts)
	if b := t.Boost; b != nil {
		fmt.Fprintf(w, "boost: DSC %s, HD95 %s mm, %s of %s cc (%s)\n", figure(b.DSC, 3), figure(b.HD95MM, 1), figure(b.TestCC, 1), figure(b.RefCC, 1), b.OffsetText)
		for _, d := range teach.Definitions() {
			if d.Key == "dsc" || d.Key == "hd95_mm" {
				fmt.Fprintf(w, "  %s: %s\n", d.Name, d.Text)
			}
		}
	}
	if n := t.Network; n != nil {
		fmt.Fprintf(w, "the networks: %s\n", scoreText(n.Score))
		printVerdicts(deps, slices.DeleteFunc(slices.Clone(n.Verdicts), func(v teach.Verdict) bool { return v.Outcome == teach.Found }))
	}
	fmt.Fprintln(w, c.Lesson.Teaches)
}

func printVerdicts(deps Deps, verdicts []teach.Verdict) {
	for _, v := range verdicts {
		what := fmt.Sprintf("mark %d", v.Mark)
		switch {
		case v.Outcome == teach.Found:
			what = fmt.Sprintf("clip %d by mark %d, centre off by %s mm (%s)", v.Clip, v.Mark, figure(v.ErrorMM, 2), v.Offset)
		case v.Clip > 0:
			what = fmt.Sprintf("clip %d", v.Clip)
		}
		why := ""
		if v.Reason != nil {
			why = ": " + v.Reason.String()
		}
		fmt.Fprintf(deps.Out, "  %-9s %s at %s%s\n", v.Outcome, what, qa.Letters(v.PlaceMM), why)
	}
}
