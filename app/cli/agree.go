package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Limits of the comparison of clips between providers and between precisions.
const (
	sameClipMM   = 0.1    // centres of one clip lie nearer than this
	foundMM      = 5      // a phantom's clip is found by a mark within this
	agreeSeed    = 700000 // of the first fixed case; evaluation and training draw from other seeds
	mostAgree    = 1000
	agreePixelMM = 1.5
)

// agreeOptions says which cases a comparison runs.
type agreeOptions struct {
	cases    int
	patch    int
	provider string
	networks []string // folders
	threads  int
}

// contender is a pair of networks whose clips are compared with those of the shipped ones on the CPU.
type contender struct {
	name  string
	nets  segment.Networks
	close func()

	same, clips, found, wrong int     // cases with the same clips; clips; those that are clips of the phantom, and those that are not
	shiftMM, confidence       float64 // largest differences
	took                      time.Duration
}

func (o *agreeOptions) check() error {
	switch {
	case o.cases < 0 || o.cases > mostAgree:
		return usageError{fmt.Errorf("--cases %d: give 1 to %d; 20 are the bar", o.cases, mostAgree)}
	case o.patch < 32 || o.patch > 96 || o.patch%32 != 0:
		return usageError{fmt.Errorf("--patch %d: give 96 (as the networks ship), 64 or 32", o.patch)}
	}
	if o.provider != "" && (checkProvider(o.provider) != nil || o.provider == "auto") {
		return usageError{fmt.Errorf("--provider %q is not one of cpu, cuda, webgpu, directml, coreml", o.provider)}
	}
	return checkThreads(o.threads)
}

// runAgree runs the fixed cases through the shipped networks on the CPU and through every contender, and prints how they agree.
func runAgree(ctx context.Context, deps Deps, o agreeOptions) error {
	on := func(deps Deps, provider, name string) (*contender, error) {
		nets, closeNets, err := deps.openNetworks(ctx, segment.Options{Provider: provider, Threads: o.threads})
		if err != nil {
			return nil, err
		}
		nets.LocationCard.PatchVoxels, nets.SegmentationCard.PatchVoxels = o.patch, o.patch
		return &contender{name: name, nets: nets, close: closeNets}, nil
	}
	reference, err := on(deps, "cpu", "cpu, as shipped")
	if err != nil {
		return err
	}
	defer reference.close()
	rivals, err := o.rivals(deps, on)
	if err != nil {
		return err
	}
	for _, r := range rivals {
		defer r.close()
	}
	for i := range o.cases {
		if err := agreeOnCase(ctx, i, o.patch, reference, rivals); err != nil {
			return fmt.Errorf("case %d: %w", i+1, err)
		}
	}
	return printAgreement(deps, o, append([]*contender{reference}, rivals...))
}

// rivals opens what is compared with the CPU: other networks on the CPU, or every provider that opens here.
func (o *agreeOptions) rivals(deps Deps, on func(deps Deps, provider, name string) (*contender, error)) ([]*contender, error) {
	var all []*contender
	for _, folder := range o.networks {
		other := deps
		for _, m := range []*segment.Model{&other.Location, &other.Segmentation} {
			graph, err := os.ReadFile(filepath.Join(folder, m.Name+".onnx"))
			if err != nil {
				return nil, err
			}
			m.ONNX = graph
		}
		c, err := on(other, "cpu", "cpu, "+filepath.Base(folder))
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	if len(all) > 0 {
		return all, nil
	}
	if o.provider != "" {
		c, err := on(deps, o.provider, o.provider)
		if err != nil {
			return nil, err
		}
		return []*contender{c}, nil
	}
	for _, name := range []string{"cuda", "directml", "coreml", "webgpu"} {
		c, err := on(deps, name, name)
		if err != nil {
			fmt.Fprintf(deps.Out, "%s does not run here: %v\n", name, err)
			continue
		}
		all = append(all, c)
	}
	c, err := on(deps, "cpu", "cpu again")
	if err != nil {
		return nil, err
	}
	return append(all, c), nil
}

func agreeOnCase(ctx context.Context, i, patch int, reference *contender, rivals []*contender) error {
	v, truth, err := agreeCase(ctx, i, patch)
	if err != nil {
		return err
	}
	want, err := reference.run(ctx, v, truth)
	if err != nil {
		return err
	}
	reference.same++
	for _, r := range rivals {
		got, err := r.run(ctx, v, truth)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		r.compare(want, got)
	}
	return nil
}

// agreeCase is fixed case i: a phantom cut out round its clips, as large as one patch of the networks, and its clips.
func agreeCase(ctx context.Context, i, patch int) (*volume.Volume, []volume.Vec, error) {
	o := phantom.Options{Seed: agreeSeed + int64(i), PixelMM: agreePixelMM, Columns: 320, Rows: 240, SliceMM: 3, Slices: 90}
	if i%2 == 1 {
		o.SliceMM, o.Slices = 5, 60
	}
	c, err := phantom.Generate(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	var middle volume.Vec
	for _, clip := range c.Clips {
		middle = middle.Add(clip.CentreMM.Scale(1 / float64(len(c.Clips))))
	}
	centre := c.Clips[0].CentreMM
	for _, clip := range c.Clips { // small cases hold a part of the bed: that round the clip in its middle
		if clip.CentreMM.Distance(middle) < centre.Distance(middle) {
			centre = clip.CentreMM
		}
	}
	v := cutOut(c.Volume, centre, float64(patch-1)*2)
	var truth []volume.Vec
	for _, clip := range c.Clips {
		x, y, z := v.Grid.ToVoxel(clip.CentreMM)
		if x > 0 && y > 0 && z > 0 && x < float64(v.Grid.Nx-1) && y < float64(v.Grid.Ny-1) && z < float64(v.Grid.Nz()-1) {
			truth = append(truth, clip.CentreMM)
		}
	}
	return v, truth, nil
}

// cutOut is the part of v in a cube of at most mm round centre.
func cutOut(v *volume.Volume, centre volume.Vec, mm float64) *volume.Volume {
	g := v.Grid
	x, y, z := g.ToVoxel(centre)
	var b volume.Box
	for axis, at := range [3]float64{x, y, z} {
		step := [3]float64{g.SpacingX, g.SpacingY, g.SliceMM[1] - g.SliceMM[0]}[axis]
		b.Min[axis] = int(math.Ceil(at - mm/2/step))
		b.Max[axis] = int(math.Floor(at+mm/2/step)) + 1
	}
	b = b.Intersect(g.Bounds())
	part := volume.NewVolume(g.Crop(b))
	width := b.Max[0] - b.Min[0]
	for z := b.Min[2]; z < b.Max[2]; z++ {
		for y := b.Min[1]; y < b.Max[1]; y++ {
			from := g.Index(b.Min[0], y, z)
			copy(part.HU[part.Grid.Index(0, y-b.Min[1], z-b.Min[2]):][:width], v.HU[from:from+width])
		}
	}
	return part
}

// run finds the clips of a case and counts them against the truth.
func (c *contender) run(ctx context.Context, v *volume.Volume, truth []volume.Vec) ([]segment.Clip, error) {
	found, err := segment.Run(ctx, v, c.nets, segment.RunOptions{})
	if err != nil {
		return nil, err
	}
	c.took += time.Duration((found.Seconds.Locate + found.Seconds.Segment) * float64(time.Second))
	m := segment.Match(truth, centres(found.Clips), nil, foundMM)
	c.clips += len(found.Clips)
	c.found += len(m.Pairs)
	c.wrong += len(found.Clips) - len(m.Pairs)
	return found.Clips, nil
}

// compare counts a case as the same when every clip of want has its own in got within sameClipMM, and no other is there.
func (c *contender) compare(want, got []segment.Clip) {
	m := segment.Match(centres(want), centres(got), nil, foundMM)
	same := len(m.Pairs) == len(want) && len(want) == len(got)
	for _, p := range m.Pairs {
		a, b := &want[p.Truth], &got[p.Found]
		shift := a.CentreMM.Distance(b.CentreMM)
		same = same && shift <= sameClipMM && a.Kept == b.Kept
		c.shiftMM = max(c.shiftMM, shift)
		c.confidence = max(c.confidence, math.Abs(a.Confidence-b.Confidence))
	}
	if same {
		c.same++
	}
}

func centres(clips []segment.Clip) []volume.Vec {
	all := make([]volume.Vec, len(clips))
	for i := range clips {
		all[i] = clips[i].CentreMM
	}
	return all
}

func printAgreement(deps Deps, o agreeOptions, all []*contender) error {
	table := [][]string{{"networks", "cases alike", "clips", "true", "false", "largest shift", "confidence", "s/case"}}
	differ := 0
	for _, c := range all {
		table = append(table, []string{
			c.name, fmt.Sprintf("%d of %d", c.same, o.cases), fmt.Sprint(c.clips), fmt.Sprint(c.found), fmt.Sprint(c.wrong),
			fmt.Sprintf("%.3f mm", c.shiftMM), fmt.Sprintf("%.4f", c.confidence), fmt.Sprintf("%.2f", c.took.Seconds()/float64(o.cases)),
		})
		if c.same < o.cases {
			differ++
		}
	}
	printTable(deps.Out, table)
	fmt.Fprintf(deps.Out, "alike: the clips of the CPU, each within %.1f mm; true and false: by the phantoms; s/case: both networks on one patch of %d^3\n", sameClipMM, o.patch)
	if differ > 0 {
		return errors.New("clips differ from those of the shipped networks on the CPU")
	}
	return nil
}
