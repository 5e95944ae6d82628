package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// recipeFlags choose how targets are made.
type recipeFlags struct {
	recipe, margin, freeMargin, compare string
	seroma                              bool
}

func (f *recipeFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.margin, "margin-mm", "", "make CTVsb_High with one margin in mm, or six as R,L,A,P,S,I")
	flags.StringVar(&f.recipe, "recipe", "", "make the targets of this recipe (`clipwright recipes` lists them) or .toml file")
	flags.BoolVar(&f.seroma, "seroma", false, "accept the seroma as part of SurgicalBed: the structure Seroma, or one grown between the clips")
	flags.StringVar(&f.compare, "compare", "", "print beside the targets what this other recipe or .toml file makes")
	flags.StringVar(&f.freeMargin, "free-margin-mm", "", "pathology's free margins, for recipes that ask: one, or six as R,L,A,P,S,I")
}

// read returns the recipe asked for, nil for none, and the free margins.
func (f *recipeFlags) read(deps Deps) (*segment.Recipe, segment.FreeMargin, error) {
	free := segment.UnknownFreeMargin()
	if f.freeMargin != "" {
		m, err := segment.ParseMargin(f.freeMargin)
		if err != nil {
			return nil, free, usageError{fmt.Errorf("--free-margin-mm: %w", err)}
		}
		free = segment.FreeMargin(m)
	}
	switch {
	case f.recipe != "" && f.margin != "":
		return nil, free, usageError{errors.New("give --recipe or --margin-mm, not both")}
	case f.margin != "":
		m, err := segment.ParseMargin(f.margin)
		if err != nil {
			return nil, free, usageError{fmt.Errorf("--margin-mm: %w", err)}
		}
		return segment.PlainRecipe(m), free, nil
	case f.recipe == "" && f.compare != "":
		return nil, free, usageError{errors.New("--compare needs --recipe or --margin-mm to compare with")}
	case f.recipe == "":
		return nil, free, nil
	}
	r, err := segment.FindRecipe(deps.RecipeDir, f.recipe)
	if err != nil {
		return nil, free, err
	}
	if r.UsesFreeMargins() && f.freeMargin == "" {
		return nil, free, usageError{fmt.Errorf("recipe %q takes pathology's free margins off its own: what are they, in mm? Give --free-margin-mm, one number or six as R,L,A,P,S,I", r.Name)}
	}
	return r, free, nil
}

func recipesCommand(deps Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "recipes [NAME]",
		Short: "List the recipes that make targets from clips, with their sources; with a name, print its file to begin yours from",
		Args:  atMostOne("one recipe at most"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				r, err := segment.FindRecipe(deps.RecipeDir, args[0])
				if err != nil {
					return err
				}
				_, err = deps.Out.Write(r.TOML())
				return err
			}
			for _, r := range segment.Recipes() {
				printRecipe(deps, r)
			}
			site, err := segment.SiteRecipes(deps.RecipeDir)
			for _, r := range site {
				printRecipe(deps, r)
			}
			if deps.RecipeDir != "" {
				fmt.Fprintf(deps.Out, "Recipes of your own, NAME.toml, go into %s\n", deps.RecipeDir)
			}
			return err
		},
	}
}

func printRecipe(deps Deps, r *segment.Recipe) {
	source := r.Source
	if r.Verify {
		source += "; verify locally"
	}
	fmt.Fprintf(deps.Out, "%-22s %s (%s)\n", r.Key, r.Name, source)
	for _, t := range r.Targets {
		fmt.Fprintf(deps.Out, "%22s %-14s %-8s %s\n", "", t.Name, t.Type, t)
	}
}

type draftOptions struct {
	recipeFlags
	writeFlags
	ct, series, clips string
}

func draftCommand(deps Deps) *cobra.Command {
	var o draftOptions
	c := &cobra.Command{
		Use:   "draft --ct DIR --clips RS.dcm --recipe NAME --out OUT.dcm",
		Short: "Make targets from the clips of any RTSTRUCT",
		Args:  exactly(0, "no argument"),
		RunE:  func(c *cobra.Command, _ []string) error { return runDraft(c.Context(), deps, o) },
	}
	f := c.Flags()
	f.StringVar(&o.ct, "ct", "", "folder of the CT")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringVar(&o.clips, "clips", "", "RTSTRUCT with clips (type MARKER, or named Clips_...) and the structures that the recipe names")
	o.writeFlags.add(c)
	o.recipeFlags.add(c)
	return c
}

func runDraft(ctx context.Context, deps Deps, o draftOptions) error {
	for _, need := range []struct{ value, flag string }{{o.ct, "--ct DIR"}, {o.clips, "--clips RS.dcm"}, {o.out, "--out OUT.dcm"}} {
		if need.value == "" {
			return usageError{fmt.Errorf("give %s", need.flag)}
		}
	}
	recipe, _, err := o.read(deps)
	if err != nil {
		return err
	}
	if recipe == nil {
		return usageError{errors.New("say how with --recipe NAME or --margin-mm")}
	}
	if err := o.check(); err != nil {
		return err
	}
	var report dicom.Report
	set, err := dicom.ReadStructureSet(o.clips, &report)
	if err != nil {
		return err
	}
	ct, err := readCTFor(ctx, o.ct, o.series, set, o.clips, &report)
	if err != nil {
		return err
	}
	external, err := segment.External(ctx, ct.volume)
	if err != nil {
		return err
	}
	clips := keptClips(set, ct.volume, external)
	if len(clips) == 0 {
		return fmt.Errorf("%s holds no clip on this CT: a structure of type MARKER, or named Clips_..., is needed; it has %s", o.clips, qa.Names(set))
	}
	made, err := o.draft(ctx, deps, ct.volume, external, clips, masksOf(set, ct.volume.Grid))
	if err != nil {
		return err
	}
	drafted := session.StructureSet(clips, external, made.targets, append(o.options(), session.WithDrawn(made.seroma))...)
	if o.appendTo != "" { // the clips are there already, and the body is not asked for
		drafted.Structures = slices.DeleteFunc(drafted.Structures, func(s dicom.Structure) bool {
			return len(s.Contours) > 0 && qa.IsClips(&s) || s.Name == session.NameExternal
		})
	}
	if err := o.write(drafted, ct.series); err != nil {
		return err
	}
	for _, w := range append(reportWarnings(&report), made.warnings...) {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	made.print(deps, recipe.Key, o.compare)
	fmt.Fprintf(deps.Out, "%s written: %d clips, %s. Not a medical device: check every contour.\n", o.out, len(clips), recipe.Name)
	return nil
}

// keptClips returns the bed's clips of a structure set with the numbers they have there, sided by the body.
func keptClips(set *dicom.StructureSet, v *volume.Volume, external *volume.Mask) []segment.Clip {
	var clips []segment.Clip
	next := 1
	numbered := map[int]bool{}
	for _, c := range clipsOf(set, v) {
		next = max(next, c.ID+1)
		if c.Axillary {
			continue
		}
		if numbered[c.ID] { // two structures number their clips alike
			c.ID, next = next, next+1
		}
		numbered[c.ID] = true
		clips = append(clips, segment.Clip{
			ID: c.ID, Side: segment.SideOf(external, c.CentreMM), Kept: true, Mask: c.Mask,
			CentreMM: c.CentreMM, VolumeMM3: c.VolumeMM3, PeakHU: c.PeakHU,
		})
	}
	return clips
}

// masksOf returns the closed structures of a set by name, for recipes that name them.
func masksOf(set *dicom.StructureSet, g *volume.Grid) map[string]*volume.Mask {
	masks := map[string]*volume.Mask{}
	for i := range set.Structures {
		if s := &set.Structures[i]; !qa.IsClips(s) && !strings.EqualFold(s.Name, segment.ExternalName) && len(s.Contours) > 0 {
			masks[s.Name] = s.Mask(g)
		}
	}
	return masks
}
