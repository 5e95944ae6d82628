package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Labels of a training tensor.
const (
	labelBedClip      = 1
	labelAxillaryClip = 2 // ignored in the loss
	labelDistractor   = 3 // background that looks like a clip
)

type tensorOptions struct {
	dir               string
	count, perAnatomy int
}

// sampleInfo is NNNNNN.json beside a sample's tensors; centres are voxels of the 2 mm grid, x, y, z.
type sampleInfo struct {
	Source      string             `json:"source"`
	Seed        int64              `json:"seed"`
	SpacingMM   float64            `json:"spacing_mm"`
	Shape       [3]int             `json:"shape"` // z, y, x
	Clips       []sampleClip       `json:"clips"`
	Distractors []sampleDistractor `json:"distractors"`
}

type sampleClip struct {
	ID        int        `json:"id"`
	CentreVox [3]float64 `json:"centre_vox"`
	Axillary  bool       `json:"axillary"`
	PeakHU    int        `json:"peak_hu"`
}

type sampleDistractor struct {
	Kind      string     `json:"kind"`
	CentreVox [3]float64 `json:"centre_vox"`
}

// inputChannels are the Location Net's channels, in the card's order.
func (deps Deps) inputChannels() []segment.Channel {
	if deps.ModelsError == nil {
		return deps.Location.Card.Channels
	}
	return segment.DefaultChannels()
}

func sampleName(number int64) string { return fmt.Sprintf("%06d", number) }

// writeSample prepares one case and writes its tensors as dir/NNNNNN.*; the JSON comes last, so that
// a reader who sees it finds the arrays whole.
func writeSample(ctx context.Context, dir string, number int64, source string, c *phantom.Case, channels []segment.Channel) error {
	body, err := segment.Body(ctx, c.Volume)
	if err != nil {
		return err
	}
	p, err := segment.Prepare(ctx, c.Volume, body, channels)
	if err != nil {
		return err
	}
	size := p.Tensor.Size
	labels := make([]uint8, size[0]*size[1]*size[2])
	info := sampleInfo{
		Source: source, Seed: number, SpacingMM: 2, Shape: [3]int{size[2], size[1], size[0]},
		Clips: []sampleClip{}, Distractors: []sampleDistractor{},
	}
	grid := p.Placement.Grid
	for _, k := range c.Clips {
		label := uint8(labelBedClip)
		if k.Axillary {
			label = labelAxillaryClip
		}
		paintResampled(labels, grid, k.Mask, label)
		x, y, z := grid.ToVoxel(k.CentreMM)
		info.Clips = append(info.Clips, sampleClip{ID: k.ID, CentreVox: [3]float64{x, y, z}, Axillary: k.Axillary, PeakHU: k.PeakHU})
	}
	for _, d := range c.Distractors {
		x, y, z := grid.ToVoxel(d.CentreMM)
		if i, j, k := int(x+0.5), int(y+0.5), int(z+0.5); grid.Contains(i, j, k) && labels[grid.Index(i, j, k)] == 0 {
			labels[grid.Index(i, j, k)] = labelDistractor
		}
		info.Distractors = append(info.Distractors, sampleDistractor{Kind: d.Kind, CentreVox: [3]float64{x, y, z}})
	}
	name := filepath.Join(dir, sampleName(number))
	description, err := json.Marshal(info)
	if err != nil {
		return err
	}
	files := []struct {
		suffix string
		bytes  []byte
	}{
		{".inputs.npy", npyFloat16(p.Tensor.Data, p.Tensor.Channels, size[2], size[1], size[0])},
		{".labels.npy", npyUint8(labels, size[2], size[1], size[0])},
		{".json", description},
	}
	for _, f := range files {
		if err := writeAside(name+f.suffix, f.bytes, true); err != nil {
			return err
		}
	}
	return nil
}

// paintResampled gives label to the voxels of grid whose centre lies where the mask's indicator,
// interpolated trilinearly, reaches one half, and always to the one nearest the mask's centroid.
func paintResampled(labels []uint8, grid *volume.Grid, m *volume.Mask, label uint8) {
	if m.Empty() {
		return
	}
	box := m.Bounds().Grow(1).Intersect(m.Grid.Bounds())
	lo, hi := grid.Bounds().Max, [3]int{}
	for i := range 8 {
		corner := m.Grid.ToPatient(pick(box, 0, i&1), pick(box, 1, i>>1&1), pick(box, 2, i>>2&1))
		x, y, z := grid.ToVoxel(corner)
		for a, v := range [3]float64{x, y, z} {
			lo[a], hi[a] = min(lo[a], int(v)-1), max(hi[a], int(v)+2)
		}
	}
	target := volume.Box{Min: lo, Max: hi}.Intersect(grid.Bounds())
	for z := target.Min[2]; z < target.Max[2]; z++ {
		for y := target.Min[1]; y < target.Max[1]; y++ {
			for x := target.Min[0]; x < target.Max[0]; x++ {
				p := grid.ToPatient(float64(x), float64(y), float64(z))
				if indicator(m, p) >= 0.5 {
					labels[grid.Index(x, y, z)] = label
				}
			}
		}
	}
	centre, ok := qa.Centroid(m)
	x, y, z := grid.ToVoxel(centre)
	if i, j, k := int(x+0.5), int(y+0.5), int(z+0.5); ok && grid.Contains(i, j, k) {
		labels[grid.Index(i, j, k)] = label
	}
}

func pick(b volume.Box, axis, end int) float64 {
	if end == 0 {
		return float64(b.Min[axis])
	}
	return float64(b.Max[axis] - 1)
}

// indicator interpolates m, read as 0 and 1, trilinearly at p.
func indicator(m *volume.Mask, p volume.Vec) float64 {
	x, y, z := m.Grid.ToVoxel(p)
	x0, y0, z0 := floor(x), floor(y), floor(z)
	sum := 0.0
	for i := range 8 {
		dx, dy, dz := i&1, i>>1&1, i>>2&1
		if m.Has(x0+dx, y0+dy, z0+dz) {
			sum += weight(x-float64(x0), dx) * weight(y-float64(y0), dy) * weight(z-float64(z0), dz)
		}
	}
	return sum
}

func floor(v float64) int {
	i := int(v)
	if v < float64(i) {
		i--
	}
	return i
}

func weight(fraction float64, far int) float64 {
	if far == 1 {
		return fraction
	}
	return 1 - fraction
}

func writePhantomTensors(ctx context.Context, deps Deps, o phantomOptions) error {
	if err := os.MkdirAll(o.tensors.dir, 0o755); err != nil {
		return err
	}
	if o.insert != "" {
		return writeInsertedTensors(ctx, deps, o)
	}
	bar := newProgress(deps.ErrOut)
	defer bar.finish()
	var anatomy *phantom.Anatomy
	for i := range o.tensors.count {
		if i%o.tensors.perAnatomy == 0 {
			a := phantom.TrainingOptions(o.Seed + int64(i))
			var err error
			if anatomy, err = phantom.NewAnatomy(ctx, a); err != nil {
				return err
			}
		}
		number := o.Seed + int64(i)
		// The last sample of an anatomy is the whole thorax, so that neck, shoulders and abdomen train too.
		c, err := anatomy.Sample(ctx, number, phantom.SampleOptions{Whole: i%o.tensors.perAnatomy == o.tensors.perAnatomy-1})
		if err != nil {
			return err
		}
		if err := writeSample(ctx, o.tensors.dir, number, "phantom", c, deps.inputChannels()); err != nil {
			return err
		}
		bar.report("samples", i+1, o.tensors.count)
	}
	return nil
}
