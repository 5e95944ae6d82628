package cli

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Evaluation is what `evaluate --json` writes.
type Evaluation struct {
	Provider string          `json:"provider"`
	Sets     []SetEvaluation `json:"sets"`
}

// SetEvaluation measures one test set; Skipped says why it was not.
type SetEvaluation struct {
	Name    string           `json:"name"`
	About   string           `json:"about"`
	Skipped string           `json:"skipped,omitempty"`
	Cases   []CaseEvaluation `json:"cases"`
	Failed  []FailedCase     `json:"failed,omitempty"`

	failures []failure // the worst, of phantoms: pictures of real CTs stay where they are
}

// FailedCase is one that could not be made or run, and why.
type FailedCase struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// CaseEvaluation measures one case. DSC, HD95 and ASD compare the union of the bed's clips; an empty
// prediction has DSC 0 and no distances.
type CaseEvaluation struct {
	testCase
	Name      string           `json:"name"`
	Markers   bool             `json:"skin_markers"`
	Clips     []ClipEvaluation `json:"clips"`
	False     []FalseClip      `json:"false"`
	Network   Overlap          `json:"grid_2mm"`
	Source    Overlap          `json:"source_grid"`
	Look      bool             `json:"look"`     // the program asks for a look at the whole case
	Expected  float64          `json:"expected"` // errors, by the confidences
	Threshold Baseline         `json:"threshold"`
	TopHat    Baseline         `json:"top_hat"`
	Seconds   float64          `json:"seconds"`
}

// ClipEvaluation is one true clip of the bed: what it looks like, and whether it was found.
type ClipEvaluation struct {
	CentreMM    volume.Vec `json:"centre_mm"`
	PeakHU      int        `json:"peak_hu"`
	VolumeMM3   float64    `json:"volume_mm3"`
	LengthMM    float64    `json:"length_mm"`
	NeighbourMM float64    `json:"neighbour_mm"` // to the nearest other clip of the bed, at most nearbyMM
	SkinMM      float64    `json:"skin_mm"`      // to the skin, at most nearbyMM
	BoneMM      float64    `json:"bone_mm"`      // to bone, at most nearbyMM
	Found       bool       `json:"found"`
	ErrorMM     float64    `json:"centre_error_mm"`
}

// FalseClip is something else that was taken for a clip.
type FalseClip struct {
	CentreMM   volume.Vec `json:"centre_mm"`
	PeakHU     int        `json:"peak_hu"`
	Confidence float64    `json:"confidence"`
	Flags      []string   `json:"flags"`
	Near       string     `json:"near"` // the distractor within 10 mm, or ""
}

// Overlap holds DSC and, when both masks have a surface, HD95 and ASD.
type Overlap struct {
	DSC    float64  `json:"dsc"`
	HD95MM *float64 `json:"hd95_mm"`
	ASDMM  *float64 `json:"asd_mm"`
}

// found is how many clips were found.
func (c *CaseEvaluation) found() int {
	n := 0
	for i := range c.Clips {
		if c.Clips[i].Found {
			n++
		}
	}
	return n
}

// exact tells whether every clip was found and nothing else.
func (c *CaseEvaluation) exact() bool { return c.found() == len(c.Clips) && len(c.False) == 0 }

func evaluateCase(ctx context.Context, nets segment.Networks, t testCase, c *phantom.Case) (CaseEvaluation, error) {
	r := CaseEvaluation{testCase: t, Name: t.name(), Markers: hasMarkers(c), False: []FalseClip{}}
	r.SliceMM, _ = c.Volume.Grid.Uniform()
	r.PixelMM = c.Volume.Grid.SpacingX
	start := time.Now()
	result, err := segment.Run(ctx, c.Volume, nets, segment.RunOptions{})
	if err != nil {
		return r, err
	}
	r.Seconds = time.Since(start).Seconds()
	r.Look, r.Expected = result.Look, result.Expected

	bed, axillary := bedAndAxillary(c)
	truth := centresOf(bed, func(k phantom.Clip) volume.Vec { return k.CentreMM })
	ignored := centresOf(axillary, func(k phantom.Clip) volume.Vec { return k.CentreMM })
	found := centresOf(result.Clips, func(k segment.Clip) volume.Vec { return k.CentreMM })
	m := segment.Match(truth, found, ignored, hitRadiusMM)
	bright := brightVoxels(c.Volume, result.Body)
	components := volume.Components(bright)
	r.Clips = describeClips(c, bed, bonesOf(c.Volume.Grid, components))
	for _, p := range m.Pairs {
		r.Clips[p.Truth].Found, r.Clips[p.Truth].ErrorMM = true, p.DistanceMM
	}
	for _, i := range m.False {
		r.False = append(r.False, falseClip(c, result.Clips[i]))
	}
	r.measureOverlap(bed, result, ignored)
	r.Threshold = baseline(components, truth, ignored)
	r.TopHat = baseline(topHat(bright), truth, ignored)
	return r, nil
}

func bedAndAxillary(c *phantom.Case) (bed, axillary []phantom.Clip) {
	for _, k := range c.Clips {
		if k.Axillary {
			axillary = append(axillary, k)
		} else {
			bed = append(bed, k)
		}
	}
	return bed, axillary
}

func centresOf[T any](items []T, centre func(T) volume.Vec) []volume.Vec {
	var out []volume.Vec
	for _, i := range items {
		out = append(out, centre(i))
	}
	return out
}

func hasMarkers(c *phantom.Case) bool {
	return slices.ContainsFunc(c.Distractors, func(d phantom.Distractor) bool { return strings.HasPrefix(d.Kind, "skin ") })
}

// falseClip describes k, which is no clip.
func falseClip(c *phantom.Case, k segment.Clip) FalseClip {
	const nearMM = 10
	f := FalseClip{CentreMM: k.CentreMM, PeakHU: k.PeakHU, Confidence: k.Confidence, Flags: append([]string{}, k.Flags...)}
	nearest := float64(nearMM)
	for _, d := range c.Distractors {
		if mm := d.CentreMM.Distance(k.CentreMM); mm <= nearest {
			nearest, f.Near = mm, d.Kind
		}
	}
	return f
}

// describeClips says what each clip of the bed looks like.
func describeClips(c *phantom.Case, bed []phantom.Clip, bone *volume.Mask) []ClipEvaluation {
	out := make([]ClipEvaluation, len(bed))
	for i, k := range bed {
		neighbour := float64(nearbyMM)
		for j, other := range bed {
			if j != i {
				neighbour = min(neighbour, other.CentreMM.Distance(k.CentreMM))
			}
		}
		out[i] = ClipEvaluation{
			CentreMM: k.CentreMM, PeakHU: k.PeakHU, VolumeMM3: k.VolumeMM3, LengthMM: k.LengthMM, NeighbourMM: neighbour,
			SkinMM: distanceTo(c.External, k.CentreMM, false), BoneMM: distanceTo(bone, k.CentreMM, true),
		}
	}
	return out
}

// nearbyMM is how far distances to skin, bone and other clips are looked for.
const nearbyMM = 20

// distanceTo is the distance in mm from p to the nearest voxel centre of m, or outside m, at most nearbyMM.
func distanceTo(m *volume.Mask, p volume.Vec, inside bool) float64 {
	nearest := float64(nearbyMM)
	g := m.Grid
	x0, y0, z0 := g.ToVoxel(p)
	slice, _ := g.Uniform()
	reach := func(at, step float64, n int) (int, int) {
		return max(int(at-nearbyMM/step), 0), min(int(at+nearbyMM/step)+2, n)
	}
	xl, xh := reach(x0, g.SpacingX, g.Nx)
	yl, yh := reach(y0, g.SpacingY, g.Ny)
	zl, zh := reach(z0, slice, g.Nz())
	for z := zl; z < zh; z++ {
		for y := yl; y < yh; y++ {
			for x := xl; x < xh; x++ {
				if m.At(x, y, z) == inside {
					nearest = min(nearest, g.ToPatient(float64(x), float64(y), float64(z)).Distance(p))
				}
			}
		}
	}
	return nearest
}

func (r *CaseEvaluation) measureOverlap(bed []phantom.Clip, result *segment.Result, axillary []volume.Vec) {
	grid := result.Body.Grid
	truth, found := volume.NewMask(grid), volume.NewMask(grid)
	for _, k := range bed {
		truth = truth.Union(k.Mask)
	}
	for _, k := range result.Clips {
		if !near(k.CentreMM, axillary) {
			found = found.Union(k.Mask)
		}
	}
	r.Source = overlap(truth, found)
	coarse := networkGrid(result.Body)
	r.Network = overlap(resampleMask(truth, coarse), resampleMask(found, coarse))
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
