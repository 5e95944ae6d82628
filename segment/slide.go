package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// ErrNotANumber says that a network's output cannot be used.
var ErrNotANumber = errors.New("the network answered with values that are not numbers; choose another provider, for example cpu")

// logitMap is a network's output on the network grid.
type logitMap struct {
	box    volume.Box // what it covers
	logits []float32  // [z][y][x] of box: the mean over the patches that covered a voxel, or skipped
}

// at is the logit of voxel (x, y, z) of the network grid, which must lie in the box.
func (m *logitMap) at(x, y, z int) float32 {
	s := m.box.Size()
	return m.logits[((z-m.box.Min[2])*s[1]+y-m.box.Min[1])*s[0]+x-m.box.Min[0]]
}

// patchStarts are the first voxels of the patches that cover box: a regular step of patch (1 - overlap)
// from its first voxel, the last patch of each axis moved back to end with the box. Every side of box
// holds at least one patch.
func patchStarts(box volume.Box, patch int, overlap float64) [][3]int {
	step := max(1, int(math.Round(float64(patch)*(1-overlap))))
	var axes [3][]int
	for i := range 3 {
		last := box.Max[i] - patch
		if last < box.Min[i] {
			panic("segment: region smaller than a patch")
		}
		for at := box.Min[i]; at < last; at += step {
			axes[i] = append(axes[i], at)
		}
		axes[i] = append(axes[i], last)
	}
	var starts [][3]int
	for _, z := range axes[2] {
		for _, y := range axes[1] {
			for _, x := range axes[0] {
				starts = append(starts, [3]int{x, y, z})
			}
		}
	}
	return starts
}

func patchBox(start [3]int, patch int) volume.Box {
	return volume.Box{Min: start, Max: [3]int{start[0] + patch, start[1] + patch, start[2] + patch}}
}

// slider runs one network over a region of the network grid.
type slider struct {
	name     string // for errors: "Location Net"
	net      Network
	card     *Card
	in       *resampled
	feature  *logitMap // for the feature channel; covers the region
	progress func(done, total int)
}

// slide runs the patches starts, which lie in box, and returns the mean of their logits; voxels that no
// patch covers hold the card's SkippedLogit.
func (s *slider) slide(ctx context.Context, box volume.Box, starts [][3]int) (*logitMap, error) {
	size := box.Size()
	out := &logitMap{box: box, logits: make([]float32, size[0]*size[1]*size[2])}
	count := make([]uint8, len(out.logits))
	p := s.card.PatchVoxels
	input := NewTensor(len(s.card.Channels), [3]int{p, p, p})
	answer := make([]float32, p*p*p)
	passes := 1
	if s.card.Mirror {
		passes = 2
	}
	s.progress(0, passes*len(starts))
	for i, start := range starts {
		s.fill(input, start)
		for pass := range passes {
			if pass == 1 {
				mirror(input.Data, p)
			}
			if err := s.net.Run(ctx, input, answer); err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return nil, fmt.Errorf("run the %s on patch %d of %d: %w", s.name, i+1, len(starts), err)
			}
			if pass == 1 {
				mirror(answer, p)
			}
			if !out.add(count, answer, start, p) {
				return nil, fmt.Errorf("run the %s on patch %d of %d with %s: %w", s.name, i+1, len(starts), s.net.Provider(), ErrNotANumber)
			}
			s.progress(passes*i+pass+1, passes*len(starts))
		}
	}
	skipped := float32(s.card.SkippedLogit)
	for i, n := range count {
		if n == 0 {
			out.logits[i] = skipped
		} else {
			out.logits[i] /= float32(n)
		}
	}
	return out, nil
}

// mirror turns rows of n values round, in place.
func mirror(values []float32, n int) {
	for at := 0; at < len(values); at += n {
		slices.Reverse(values[at : at+n])
	}
}

// add adds a patch's answer, [z][y][x], to the sums; false when a value is not a finite number.
func (m *logitMap) add(count []uint8, answer []float32, start [3]int, patch int) bool {
	size := m.box.Size()
	check := float32(0)
	for z := range patch {
		for y := range patch {
			at := ((z+start[2]-m.box.Min[2])*size[1]+y+start[1]-m.box.Min[1])*size[0] + start[0] - m.box.Min[0]
			sums, counts := m.logits[at:at+patch], count[at:at+patch]
			for x, a := range answer[(z*patch+y)*patch:][:patch] {
				sums[x] += a
				counts[x]++
				check += a - a // 0 for a number, else not a number
			}
		}
	}
	return check == 0
}

// fill writes the patch that starts at start into t. What lies outside the body is 0 in every channel but
// the feature.
func (s *slider) fill(t Tensor, start [3]int) {
	p := s.card.PatchVoxels
	g := s.in.Grid
	for c, ch := range s.card.Channels {
		dst := t.Channel(c)
		for z := range p {
			for y := range p {
				row := dst[(z*p+y)*p:][:p]
				if ch.Kind == KindFeature {
					f := s.feature
					size := f.box.Size()
					at := ((z+start[2]-f.box.Min[2])*size[1]+y+start[1]-f.box.Min[1])*size[0] + start[0] - f.box.Min[0]
					copy(row, f.logits[at:at+p])
					continue
				}
				ch.apply(row, s.in.hu[g.Index(start[0], start[1]+y, start[2]+z):][:p])
			}
		}
	}
}
