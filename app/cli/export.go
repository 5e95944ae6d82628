package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/nifti"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
)

type exportOptions struct {
	out, series, structures, format string
	only                            []string
	sliceMM                         float64
	force                           bool
}

func exportCommand(deps Deps) *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export DIR --out DIR",
		Short: "Write a CT, and the structures of an RTSTRUCT as masks, as NIfTI or NRRD",
		Args:  exactly(1, "one CT folder"),
		RunE:  func(c *cobra.Command, args []string) error { return runExport(c.Context(), deps, o, args[0]) },
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder for ct.nii.gz and a mask for each structure")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringVar(&o.structures, "rtstruct", "", "RTSTRUCT whose structures become masks on the voxels of the CT")
	f.StringArrayVar(&o.only, "structure", nil, "name of a structure to write; without it all are")
	f.StringVar(&o.format, "format", "nifti", "nifti or nrrd")
	numberFlag(f, &o.sliceMM, "slice-mm", 0, 0.1, 50, "distance between slices to resample to, which unevenly spaced ones need")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

func (o *exportOptions) ending() (string, error) {
	switch {
	case o.out == "":
		return "", usageError{errors.New("say where to write with --out DIR")}
	case o.format == "nifti":
		return ".nii.gz", nil
	case o.format == "nrrd":
		return ".nrrd", nil
	}
	return "", usageError{fmt.Errorf("--format %q is neither nifti nor nrrd", o.format)}
}

// exported is one file to be written.
type exported struct {
	path      string
	structure *dicom.Structure
	mask      *volume.Mask
}

func runExport(ctx context.Context, deps Deps, o exportOptions, dir string) error {
	ending, err := o.ending()
	if err != nil {
		return err
	}
	var report dicom.Report
	var set *dicom.StructureSet
	if o.structures != "" {
		if set, err = dicom.ReadStructureSet(o.structures, &report); err != nil {
			return err
		}
	}
	ct, err := readCTFor(ctx, dir, o.series, set, o.structures, &report)
	if err != nil {
		return err
	}
	v := ct.volume
	grid := v.Grid
	if o.sliceMM > 0 {
		grid = evenGrid(v.Grid, o.sliceMM)
		v = volume.Resample(grid, v, -1024)
	}
	ctPath := filepath.Join(o.out, "ct"+ending)
	var masks []exported
	if set != nil {
		if masks, err = o.masks(set, ct.volume.Grid, ending); err != nil {
			return err
		}
	}
	for _, path := range append([]string{ctPath}, paths(masks)...) {
		if err := refuseExisting(path, o.force); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := uneven(nifti.WriteVolume(ctPath, v, o.force)); err != nil {
		return err
	}
	for _, w := range reportWarnings(&report) {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	fmt.Fprintf(deps.Out, "%s  %d x %d x %d voxels of HU\n", ctPath, grid.Nx, grid.Ny, grid.Nz())
	for _, e := range masks {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped; the files named above are written and whole")
		}
		m := e.mask
		if grid != ct.volume.Grid {
			m = nearestSlices(m, grid)
		}
		if err := nifti.WriteMask(e.path, m, o.force); err != nil {
			return err
		}
		fmt.Fprintf(deps.Out, "%s  %q %s, %d voxels, %.3f cc\n", e.path, e.structure.Name, e.structure.Type, m.Count(), m.VolumeMM3()/1000)
	}
	return nil
}

// uneven tells the way out that the command line has.
func uneven(err error) error {
	if errors.Is(err, nifti.ErrUneven) {
		return fmt.Errorf("%w: --slice-mm 3, for example", err)
	}
	return err
}

func paths(list []exported) []string {
	var all []string
	for _, e := range list {
		all = append(all, e.path)
	}
	return all
}

// masks fills the structures asked for on the CT.
func (o *exportOptions) masks(set *dicom.StructureSet, g *volume.Grid, ending string) ([]exported, error) {
	for _, name := range o.only {
		if set.Find(name) == nil {
			return nil, fmt.Errorf("%s has no structure %q; it has %s", o.structures, name, qa.Names(set))
		}
	}
	var list []exported
	taken := map[string]bool{"ct": true}
	for i := range set.Structures {
		s := &set.Structures[i]
		if len(o.only) > 0 && !slices.Contains(o.only, s.Name) {
			continue
		}
		m := volume.NewMask(g)
		apart := dicom.Structure{Points: s.Points}
		if s.Groups != nil {
			apart = *s // clip by clip: where two touch, the even-odd rule over both would cut
		} else {
			m = s.Mask(g)
		}
		for _, part := range apart.ClipMasks(g) {
			m = m.Union(part)
		}
		path := filepath.Join(o.out, freeName(fileName(s.Name), taken)+ending)
		list = append(list, exported{path, s, m})
	}
	return list, nil
}

// fileName makes a file name of a structure's: letters, digits, dot, dash and underscore.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, name)
	return "mask_" + name
}

// freeName is name, or name with a number when another structure has it, capitals or not.
func freeName(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[strings.ToLower(free)]; n++ {
		free = fmt.Sprintf("%s_%d", name, n)
	}
	taken[strings.ToLower(free)] = true
	return free
}

// evenGrid is g with slices sliceMM apart, from its first to its last.
func evenGrid(g *volume.Grid, sliceMM float64) *volume.Grid {
	even := *g
	const rounding = 1e-6
	n := int(g.SliceMM[g.Nz()-1]/sliceMM+rounding) + 1
	even.SliceMM = make([]float64, n)
	for z := range even.SliceMM {
		even.SliceMM[z] = float64(z) * sliceMM
	}
	return &even
}

// nearestSlices is m on slices of g, each taken from the nearest one of m.
func nearestSlices(m *volume.Mask, g *volume.Grid) *volume.Mask {
	out := volume.NewMask(g)
	from := map[int][]int{} // slices of g by the slice of m
	for z := range g.Nz() {
		near, _ := m.Grid.NearestSlice(g.ToPatient(0, 0, float64(z)))
		from[near] = append(from[near], z)
	}
	m.Each(func(x, y, z int) {
		for _, k := range from[z] {
			out.Set(x, y, k, true)
		}
	})
	return out
}
