package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// testSet is models/testset.json: the cases were fixed before any training.
type testSet struct {
	Name  string     `json:"name"`
	About string     `json:"about"`
	Cases []testCase `json:"cases"`
}

type testCase struct {
	Seed    int64   `json:"seed"`
	SliceMM float64 `json:"slice_mm"`
	PixelMM float64 `json:"pixel_mm"`
	Small   bool    `json:"small,omitempty"`
}

// Evaluation is what `evaluate --json` writes.
type Evaluation struct {
	TestSet  string           `json:"test_set"`
	About    string           `json:"about"`
	Provider string           `json:"provider"`
	Cases    []CaseEvaluation `json:"cases"`
}

// CaseEvaluation measures one case. DSC, HD95 and ASD compare the union of the bed's clips; an empty
// prediction has DSC 0 and no distances. Threshold* are those of the paper's 300 HU threshold.
type CaseEvaluation struct {
	testCase
	Clips          int       `json:"clips"`
	Found          int       `json:"found"`
	False          int       `json:"false"`
	CentreErrorMM  []float64 `json:"centre_error_mm"`
	Network        Overlap   `json:"grid_2mm"`
	Source         Overlap   `json:"source_grid"`
	ThresholdFound int       `json:"threshold_found"`
	ThresholdFalse int       `json:"threshold_false"`
	Missed         []Missed  `json:"missed"`
	Seconds        float64   `json:"seconds"`
}

// Missed says what a clip that was not found looked like.
type Missed struct {
	CentreMM volume.Vec `json:"centre_mm"`
	PeakHU   int        `json:"peak_hu"`
	LengthMM float64    `json:"length_mm"`
}

// Overlap holds DSC and, when both masks have a surface, HD95 and ASD.
type Overlap struct {
	DSC    float64  `json:"dsc"`
	HD95MM *float64 `json:"hd95_mm"`
	ASDMM  *float64 `json:"asd_mm"`
}

// thresholdHU is the paper's threshold method.
const thresholdHU = 300

type evaluateOptions struct {
	cases, json, markdown, provider string
	limit, threads                  int
	force                           bool
}

func evaluateCommand(deps Deps) *cobra.Command {
	var o evaluateOptions
	c := &cobra.Command{
		Use:   "evaluate --cases FILE",
		Short: "Measure both networks on the committed phantom cases",
		Args:  exactly(0, "no argument"),
		RunE:  func(c *cobra.Command, _ []string) error { return runEvaluate(c.Context(), deps, o) },
	}
	f := c.Flags()
	f.StringVar(&o.cases, "cases", "", "test set (models/testset.json)")
	f.StringVar(&o.json, "json", "", "write every figure as JSON")
	f.StringVar(&o.markdown, "markdown", "", "write the model report")
	f.StringVar(&o.provider, "provider", "cpu", "auto, cpu, cuda, webgpu, directml or coreml")
	f.IntVar(&o.threads, "threads", 0, "CPU threads; 0 takes every physical core")
	f.IntVar(&o.limit, "limit", 0, "only the first N cases; 0 takes all")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	return c
}

func readTestSet(path string) (testSet, error) {
	var set testSet
	b, err := os.ReadFile(path)
	if err != nil {
		return set, fmt.Errorf("read the test set: %w", err)
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return set, fmt.Errorf("read the test set %s: %w", path, err)
	}
	if len(set.Cases) == 0 {
		return set, fmt.Errorf("the test set %s holds no case", path)
	}
	return set, nil
}

func runEvaluate(ctx context.Context, deps Deps, o evaluateOptions) error {
	if o.cases == "" {
		return usageError{errors.New("name the test set with --cases FILE")}
	}
	if err := checkProvider(o.provider); err != nil {
		return err
	}
	if err := errors.Join(refuseExisting(o.json, o.force), refuseExisting(o.markdown, o.force)); err != nil {
		return err
	}
	set, err := readTestSet(o.cases)
	if err != nil {
		return err
	}
	if o.limit > 0 {
		set.Cases = set.Cases[:min(o.limit, len(set.Cases))]
	}
	nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: o.provider, Threads: o.threads})
	if err != nil {
		return err
	}
	defer closeNets()
	e := Evaluation{TestSet: set.Name, About: set.About, Provider: nets.Location.Provider()}
	for _, c := range set.Cases {
		r, err := evaluateCase(ctx, nets, c)
		if err != nil {
			return fmt.Errorf("case with seed %d: %w", c.Seed, err)
		}
		e.Cases = append(e.Cases, r)
		fmt.Fprintf(deps.Out, "seed %d, %.0f mm: %d of %d clips, %d false, DSC %.3f (2 mm), threshold %d false, %.1f s\n",
			c.Seed, c.SliceMM, r.Found, r.Clips, r.False, r.Network.DSC, r.ThresholdFalse, r.Seconds)
	}
	if o.json != "" {
		if err := os.MkdirAll(parent(o.json), 0o755); err != nil {
			return err
		}
		if err := WriteJSON(o.json, e, o.force); err != nil {
			return err
		}
	}
	report := modelReport(deps, e)
	if o.markdown != "" {
		if err := writeAside(o.markdown, []byte(report), o.force); err != nil {
			return err
		}
	}
	fmt.Fprint(deps.Out, summaryTable(e))
	return nil
}

func evaluateCase(ctx context.Context, nets segment.Networks, t testCase) (CaseEvaluation, error) {
	r := CaseEvaluation{testCase: t, CentreErrorMM: []float64{}, Missed: []Missed{}}
	c, err := phantom.Generate(ctx, phantom.Options{Seed: t.Seed, SliceMM: t.SliceMM, PixelMM: t.PixelMM, Small: t.Small})
	if err != nil {
		return r, err
	}
	start := time.Now()
	found, err := segment.Run(ctx, c.Volume, nets, segment.RunOptions{})
	if err != nil {
		return r, err
	}
	r.Seconds = time.Since(start).Seconds()

	grid := c.Volume.Grid
	truthMask, foundMask := volume.NewMask(grid), volume.NewMask(grid)
	var truth, axillary, centres []volume.Vec
	var bed []phantom.Clip
	for _, k := range c.Clips {
		if k.Axillary {
			axillary = append(axillary, k.CentreMM)
			continue
		}
		bed = append(bed, k)
		truth = append(truth, k.CentreMM)
		truthMask = truthMask.Union(k.Mask)
	}
	for _, k := range found.Clips {
		centres = append(centres, k.CentreMM)
		if !near(k.CentreMM, axillary) {
			foundMask = foundMask.Union(k.Mask)
		}
	}
	m := segment.Match(truth, centres, axillary, hitRadiusMM)
	r.Clips, r.Found, r.False = len(truth), len(m.Pairs), len(m.False)
	for _, p := range m.Pairs {
		r.CentreErrorMM = append(r.CentreErrorMM, p.DistanceMM)
	}
	for _, i := range m.Missed {
		r.Missed = append(r.Missed, Missed{CentreMM: bed[i].CentreMM, PeakHU: bed[i].PeakHU, LengthMM: bed[i].LengthMM})
	}
	r.Source = overlap(truthMask, foundMask)
	coarse := networkGrid(found.Body)
	r.Network = overlap(resampleMask(truthMask, coarse), resampleMask(foundMask, coarse))
	r.ThresholdFound, r.ThresholdFalse = thresholdBaseline(c.Volume, found.Body, truth, axillary)
	return r, nil
}

// near tells whether p lies within the hit radius of any of centres.
func near(p volume.Vec, centres []volume.Vec) bool {
	return slices.ContainsFunc(centres, func(c volume.Vec) bool { return c.Distance(p) <= hitRadiusMM })
}

func overlap(truth, found *volume.Mask) Overlap {
	o := Overlap{DSC: segment.DSC(truth, found)}
	if hd95, asd, ok := segment.SurfaceDistances(truth, found); ok {
		o.HD95MM, o.ASDMM = &hd95, &asd
	}
	return o
}

// thresholdBaseline is the paper's threshold method: every component of the body at 300 HU or more is a clip.
func thresholdBaseline(v *volume.Volume, body *volume.Mask, truth, axillary []volume.Vec) (found, wrong int) {
	bright := volume.NewMask(v.Grid)
	body.Each(func(x, y, z int) {
		if v.At(x, y, z) >= thresholdHU {
			bright.Set(x, y, z, true)
		}
	})
	var centres []volume.Vec
	for _, c := range volume.Components(bright) {
		centres = append(centres, centroid(c))
	}
	m := segment.Match(truth, centres, axillary, hitRadiusMM)
	return len(m.Pairs), len(m.False)
}

// networkGrid is a 2 mm grid along the axes of the body's grid that covers the body.
func networkGrid(body *volume.Mask) *volume.Grid {
	const spacing = 2
	g := body.Grid
	b := body.Bounds()
	first := g.ToPatient(float64(b.Min[0]), float64(b.Min[1]), float64(b.Min[2]))
	last := g.ToPatient(float64(b.Max[0]-1), float64(b.Max[1]-1), float64(b.Max[2]-1)).Sub(first)
	n := func(mm float64) int { return int(math.Ceil(mm/spacing)) + 1 }
	c := volume.NewUniformGrid(n(last.Dot(g.Row)), n(last.Dot(g.Col)), n(last.Dot(g.Normal())), spacing, spacing, spacing, first)
	c.Row, c.Col = g.Row, g.Col
	return c
}

// resampleMask is m on grid: voxels where its indicator, interpolated trilinearly, reaches one half.
func resampleMask(m *volume.Mask, grid *volume.Grid) *volume.Mask {
	labels := make([]uint8, grid.Len())
	for _, c := range volume.Components(m) {
		paintResampled(labels, grid, c, 1)
	}
	return volume.MaskFromDense(grid, grid.Bounds(), labels)
}
