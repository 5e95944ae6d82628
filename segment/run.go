package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	fewClips  = 4  // fewer do not span a volume that anyone should call a tumour bed
	farApart  = 96 // mm between clips of one side beyond which they hardly mark one bed
	prepSteps = 2
	learntMM  = 5.5 // slices that are thicker are no CT of those that the networks learnt from
)

// Run is the whole pipeline: v to clips. Without Networks.Location the Segmentation Net slides over the
// whole body. When no clip is found the Result says so in Warnings, and the error is nil. A cancelled run
// returns ctx.Err() within 100 ms, or 200 ms where a network runs.
func Run(ctx context.Context, v *volume.Volume, nets Networks, o RunOptions) (*Result, error) {
	if err := nets.validate(); err != nil {
		return nil, err
	}
	progress := o.Progress
	if progress == nil {
		progress = func(string, int, int) {}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pass{v: v, nets: nets, options: o, progress: progress, result: &Result{External: o.External}}
	for _, stage := range []struct {
		run     func(context.Context) error
		seconds *float64
	}{
		{p.prepare, &p.result.Seconds.Prepare},
		{p.locate, &p.result.Seconds.Locate},
		{p.segment, &p.result.Seconds.Segment},
	} {
		start := time.Now()
		if err := stage.run(ctx); err != nil {
			return nil, err
		}
		*stage.seconds = time.Since(start).Seconds()
	}
	p.result.Provider, p.result.Notice = nets.describe()
	return p.result, nil
}

// validate reports networks that cannot work together.
func (n *Networks) validate() error {
	if n.Segmentation == nil {
		return errors.New("run the pipeline: the Segmentation Net is not open")
	}
	if err := n.SegmentationCard.Validate(); err != nil {
		return fmt.Errorf("card of the Segmentation Net: %w", err)
	}
	if j := n.SegmentationCard.Judge; j != nil && j.Weights["detail"] != 0 && n.Detail == nil {
		return errors.New("run the pipeline: the judge of candidates weighs what the Detail Net says, and no Detail Net is open")
	}
	if n.Detail != nil {
		if err := n.DetailCard.Validate(); err != nil {
			return fmt.Errorf("card of the Detail Net: %w", err)
		}
		if n.DetailCard.Answers != detailAnswers || n.DetailCard.Pair == nil {
			return fmt.Errorf("card of the Detail Net: it wants %d answers and the weights of a pair", detailAnswers)
		}
	}
	if n.Location == nil {
		if n.SegmentationCard.hasFeature() {
			return errors.New("run the pipeline: the Segmentation Net reads the Location Net's feature map, and no Location Net is open")
		}
		return nil
	}
	if err := n.LocationCard.Validate(); err != nil {
		return fmt.Errorf("card of the Location Net: %w", err)
	}
	if n.LocationCard.hasFeature() {
		return errors.New("card of the Location Net: it cannot read its own feature map")
	}
	if n.LocationCard.SpacingMM != n.SegmentationCard.SpacingMM {
		return fmt.Errorf("the networks do not belong together: voxels of %g and %g mm", n.LocationCard.SpacingMM, n.SegmentationCard.SpacingMM)
	}
	return nil
}

// describe is what ran the networks and what there is to know about it.
func (n *Networks) describe() (provider, notice string) {
	provider, notice = n.Segmentation.Provider(), n.Segmentation.Notice()
	if n.Location == nil {
		return provider, notice
	}
	if p := n.Location.Provider(); p != provider {
		provider = p + ", " + provider
	}
	if t := n.Location.Notice(); notice == "" {
		notice = t
	} else if t != "" && t != notice {
		notice = t + "; " + notice
	}
	return provider, notice
}

// pass is one run of the pipeline.
type pass struct {
	v        *volume.Volume
	nets     Networks
	options  RunOptions
	progress func(stage string, done, total int)
	result   *Result
	memory   *Memory
	outlined <-chan outlined // nil when result.External is there already

	network *resampled
	box     *volume.Box // the user's box on the network grid, or nil
	region  volume.Box  // what the Segmentation Net reads; empty when there is nothing to read
	feature *logitMap
	second  volume.Box // searched too, or empty
	spread  float64    // mm
}

func (p *pass) prepare(ctx context.Context) (err error) {
	p.progress("prepare", 0, prepSteps)
	patch := max(p.nets.SegmentationCard.PatchVoxels, p.nets.LocationCard.PatchVoxels)
	m := p.options.Memory.recall(p.v, p.nets.SegmentationCard.SpacingMM, patch)
	p.memory = m
	if m.body == nil {
		if m.body, err = Body(ctx, p.v); err != nil {
			return err
		}
	}
	p.result.Body = m.body
	p.outline(ctx)
	p.progress("prepare", 1, prepSteps)
	if m.network == nil {
		if m.network, err = resampleBody(ctx, p.v, m.body, m.spacingMM, patch); err != nil {
			return err
		}
	}
	p.network = m.network
	if slice, _ := p.v.Grid.Uniform(); slice > learntMM {
		p.warn("Slices of %.1f mm are thicker than those that the networks learnt from (1.5 to 5 mm): clips may well be missed. Use a reconstruction with thinner slices if there is one.", slice)
	}
	p.progress("prepare", prepSteps, prepSteps)
	return p.takeBox()
}

// outline begins to work out the External, which no network reads, beside what comes next. takeOutline waits for it.
func (p *pass) outline(ctx context.Context) {
	if p.result.External == nil {
		p.result.External = p.memory.external
	}
	if p.result.External != nil {
		return
	}
	answer := make(chan outlined, 1) // a run that ends before leaves it behind
	go func() {
		external, err := External(ctx, p.v)
		answer <- outlined{external, err}
	}()
	p.outlined = answer
}

type outlined struct {
	external *volume.Mask
	err      error
}

func (p *pass) takeOutline(ctx context.Context) error {
	if p.outlined == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case o := <-p.outlined:
		p.result.External, p.memory.external = o.external, o.external
		return o.err
	}
}

// takeBox turns the user's box into a region of the network grid.
func (p *pass) takeBox() error {
	if p.options.Box == nil {
		return nil
	}
	b := boxOf(p.network.Grid, p.options.Box)
	if b.Empty() {
		return errors.New("search in the box: it lies outside the patient; draw it over the breast")
	}
	p.box = &b
	p.region = p.widen(b)
	middle := p.options.Box.MinMM.Add(p.options.Box.MaxMM).Scale(0.5)
	p.result.ROI = &ROI{MinMM: p.options.Box.MinMM, MaxMM: p.options.Box.MaxMM, CentreMM: middle}
	return nil
}

// widen grows b to at least a patch of the Segmentation Net on each side, within the grid.
func (p *pass) widen(b volume.Box) volume.Box {
	bounds, n := p.network.Grid.Bounds(), p.nets.SegmentationCard.PatchVoxels
	for i, size := range b.Size() {
		if size < n {
			b.Min[i] = max(0, min(b.Min[i]-(n-size)/2, bounds.Max[i]-n))
			b.Max[i] = b.Min[i] + n
		}
	}
	return b
}

func (p *pass) locate(ctx context.Context) error {
	progress := func(done, total int) { p.progress("locate", done, total) }
	if p.nets.Location == nil {
		if p.box == nil {
			p.region = p.network.Grid.Bounds()
		}
		return nil
	}
	if p.box != nil {
		if !p.nets.SegmentationCard.hasFeature() {
			return nil
		}
		if l := p.remembered(); l != nil {
			p.feature = l.feature
			return nil
		}
		l, err := locate(ctx, p.nets.Location, &p.nets.LocationCard, p.network, &p.region, progress)
		if err != nil {
			return err
		}
		p.feature = l.feature
		return nil
	}
	l := p.remembered()
	if l == nil {
		var err error
		if l, err = locate(ctx, p.nets.Location, &p.nets.LocationCard, p.network, nil, progress); err != nil {
			return err
		}
		p.memory.location, p.memory.located = p.nets.locationKey(), l // after the run: it may have fallen back to the CPU
	}
	p.feature, p.spread = l.feature, l.spread
	if l.found {
		g := p.network.Grid
		p.region = cubeAround(l.centre, p.nets.SegmentationCard.PatchVoxels, g.Bounds())
		p.result.ROI = roi(g, p.region, g.ToPatient(l.centre[0], l.centre[1], l.centre[2]))
		if l.second != nil {
			p.second = cubeAround(*l.second, p.nets.SegmentationCard.PatchVoxels, g.Bounds())
		}
	}
	return nil
}

// remembered is what the Location Net answered in an earlier run over the whole body, or nil.
func (p *pass) remembered() *located {
	if p.memory.located == nil || p.memory.location != p.nets.locationKey() {
		return nil
	}
	return p.memory.located
}

func (p *pass) segment(ctx context.Context) (err error) {
	if err := p.takeOutline(ctx); err != nil {
		return err
	}
	if p.region.Empty() {
		p.warn("No clip found: the Location Net points nowhere. Check that the series is the planning CT and that clips can be seen, or draw a box to search in.")
		return nil
	}
	search := clipSearch{
		net: p.nets.Segmentation, card: &p.nets.SegmentationCard, network: p.network, feature: p.feature,
		within: p.box, all: p.options.All, v: p.v, external: p.result.External, details: newDetails(&p.nets, p.options.Looks),
		progress: func(done, total int) { p.progress("segment", done, total) },
	}
	clips, dropped, err := search.find(ctx, p.region)
	if err != nil {
		return err
	}
	if !p.second.Empty() {
		more, _, err := search.find(ctx, p.second)
		if err != nil {
			return err
		}
		clips = append(clips, p.beyond(clips, more)...)
	}
	sortClips(p.v.Grid, clips)
	markFar(clips)
	p.result.Clips = clips
	p.result.Expected = search.unkept
	for i := range clips {
		p.result.Expected += 1 - clips[i].Confidence
	}
	if j := p.nets.SegmentationCard.Judge; len(clips) < fewClips || j != nil && p.result.Expected >= j.Look {
		p.result.Look = true
	}
	if dropped > 0 {
		p.warn("The Segmentation Net marked %d region(s) far too large for a clip; they were left out. Check that the series is a planning CT without contrast.", dropped)
	}
	switch n := len(p.result.Clips); {
	case n == 0 && p.box != nil:
		p.warn("No clip found in the box.")
	case n == 0:
		p.warn("No clip found in the region that the Location Net points at; draw a box to search elsewhere.")
	case n < fewClips:
		p.warn("Only %d clip(s) found; fewer than %d do not outline a tumour bed. Look for clips that were missed.", n, fewClips)
	}
	if n := countDoubtful(p.result.Clips); n > 0 {
		p.warn("Doubtful: %d of %d clips, by a low confidence or a flag. Look at them first.", n, len(p.result.Clips))
	}
	if p.result.Look && len(p.result.Clips) >= fewClips {
		p.warn("By their confidences, about %.1f marks of this case are wrong or missing: sweep through the whole breast.", p.result.Expected)
	}
	if mm := widest(p.result.Clips); mm > farApart {
		p.warn("Clips lie up to %.0f mm apart; check that all of them belong to one tumour bed.", mm)
	}
	if p.spread > farApart {
		p.warn("The Location Net also answers %.0f mm away from the region that was searched; look there for clips.", p.spread)
	}
	return nil
}

// beyond are those of more, found in the second region, that the first search did not find: their centre lies outside its
// region, and no clip of found shares half of their voxels, or of its own; what it shares is its.
func (p *pass) beyond(found, more []Clip) []Clip {
	var beyond []Clip
	for _, c := range more {
		again := p.searched(c.CentreMM)
		for i := 0; i < len(found) && !again; i++ {
			o := found[i].Mask
			shared := o.Intersect(c.Mask).Count()
			if again = 2*shared >= min(o.Count(), c.Mask.Count()); !again && shared > 0 {
				c.Mask = c.Mask.Subtract(o)
				c.VolumeMM3 = c.Mask.VolumeMM3()
			}
		}
		if !again {
			beyond = append(beyond, c)
		}
	}
	return beyond
}

// searched tells whether the first region holds a place.
func (p *pass) searched(at volume.Vec) bool {
	x, y, z := p.network.Grid.ToVoxel(at)
	return p.region.Contains(int(math.Floor(x+0.5)), int(math.Floor(y+0.5)), int(math.Floor(z+0.5)))
}

func countDoubtful(clips []Clip) int {
	n := 0
	for i := range clips {
		if clips[i].Doubtful() {
			n++
		}
	}
	return n
}

// widest is the largest distance in mm between two kept clips.
func widest(clips []Clip) float64 {
	mm := 0.0
	for i := range clips {
		for j := range i {
			if !clips[i].Kept || !clips[j].Kept {
				continue
			}
			mm = math.Max(mm, clips[i].CentreMM.Distance(clips[j].CentreMM))
		}
	}
	return mm
}

func (p *pass) warn(format string, a ...any) {
	p.result.Warnings = append(p.result.Warnings, fmt.Sprintf(format, a...))
}
