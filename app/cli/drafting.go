package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// drafted is what the recipe flags made.
type drafted struct {
	targets  []segment.Target
	figures  []segment.TargetFigures
	other    []segment.TargetComparison // with the recipe of --compare
	seroma   []session.Drawn            // grown and accepted by --seroma, for the structure set
	warnings []string
}

// draft makes the targets of the recipe flags, and measures and compares them. structures are those of a structure set; nil
// where there is none.
func (f *recipeFlags) draft(ctx context.Context, deps Deps, v *volume.Volume, external *volume.Mask, clips []segment.Clip, structures map[string]*volume.Mask) (drafted, error) {
	recipe, free, err := f.read(deps)
	if err != nil {
		return drafted{}, err
	}
	in := segment.DraftInput{
		Grid: v.Grid, Clips: clips, External: external, Structures: structures, Recipe: recipe, FreeMargin: free, Cache: new(segment.DraftCache),
	}
	var d drafted
	if recipe != nil || f.seroma {
		anatomy, err := segment.FindAnatomy(ctx, v, external)
		if err != nil {
			return d, err
		}
		in.Anatomy = anatomy.Structures()
	}
	if f.seroma {
		if err := d.addSeroma(ctx, v, &in); err != nil {
			return d, err
		}
	}
	targets, warnings, err := segment.Draft(ctx, in)
	if err != nil {
		return d, err
	}
	for _, w := range warnings {
		if !slices.Contains(d.warnings, w) {
			d.warnings = append(d.warnings, w)
		}
	}
	d.targets = targets
	d.figures = segment.MeasureTargets(targets, segment.Neighbours{
		External: external, Structures: structures, Anatomy: in.Anatomy, Clips: clips, Cache: in.Cache,
	})
	if f.compare != "" {
		if in.Recipe, err = segment.FindRecipe(deps.RecipeDir, f.compare); err != nil {
			return d, err
		}
		beside, _, err := segment.Draft(ctx, in)
		if err != nil {
			return d, fmt.Errorf("--compare: %w", err)
		}
		d.other = segment.CompareTargets(targets, beside)
	}
	return d, nil
}

// addSeroma takes the structure Seroma of the set, or grows one on each side.
func (d *drafted) addSeroma(ctx context.Context, v *volume.Volume, in *segment.DraftInput) error {
	if m := session.FindStructure(in.Structures, segment.SeromaName); m != nil {
		in.Seroma = m
		return nil
	}
	for _, side := range [2]string{"L", "R"} {
		own := session.ClipsOfSide(in.Clips, side)
		if len(own) == 0 {
			continue
		}
		s, err := segment.FindSeroma(ctx, v, in.External, in.Anatomy[segment.ChestwallName], own)
		switch {
		case errors.Is(err, segment.ErrNoSeroma):
			d.warnings = append(d.warnings, err.Error())
			continue
		case err != nil:
			return err
		}
		d.warnings = append(d.warnings, s.Warnings...)
		if in.Seroma != nil {
			s.Mask = s.Mask.Union(in.Seroma)
		}
		in.Seroma = s.Mask
		d.seroma = []session.Drawn{session.SeromaDrawn(s)}
	}
	return nil
}

// print prints what each target became, and beside it what the other recipe makes of it.
func (d *drafted) print(deps Deps, recipe, compare string) {
	for i, t := range d.targets {
		fmt.Fprintf(deps.Out, "%-16s %-8s %9.2f cc  %s\n", t.Name, t.Type, d.figures[i].CC, t.Recipe)
		fmt.Fprintf(deps.Out, "%16s %s\n", "", d.figures[i])
	}
	for _, s := range d.seroma {
		fmt.Fprintf(deps.Out, "%-16s %-8s %9.2f cc  %s\n", s.Name, s.Type, s.CC, s.Origin)
	}
	if len(d.other) == 0 {
		return
	}
	fmt.Fprintf(deps.Out, "\n%-16s %9s   %-16s %9s %9s %6s\n", recipe, "cc", compare, "cc", "differ cc", "DSC")
	for _, p := range d.other {
		fmt.Fprintf(deps.Out, "%-16s %9.2f   %-16s %9.2f %+9.2f %6.3f\n", p.A, p.ACC, p.B, p.BCC, p.BCC-p.ACC, p.DSC)
	}
}
