package segment

import (
	"context"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// The Detail Net looks at one piece at a time, in cubes of less than a millimetre, and says whether it holds no clip, one,
// or more: at 2 mm a calcification is like a clip, and a pair of clips like one.

// Answers of the Detail Net, as logits.
const (
	noClip = iota
	oneClip
	moreClips
	detailAnswers
)

// Stages at which a piece is looked at.
const (
	LookJoin = "join" // two pieces that may be one clip
	LookPart = "part" // one piece that may be two
	LookClip = "clip" // what comes out
)

// Bits of Look.Marks.
const (
	lookOwn = 1 << iota
	lookOthers
)

// Look is one piece as the Detail Net sees it, for training.
type Look struct {
	Stage       string
	HU          []int16 // [z][y][x] of the patch; outsideBody where the CT ends
	Marks       []uint8 // bit 0: of the piece, bit 1: of another
	SliceMM     float64
	Fit         float64  // for join and part: logit of the model of a clip that it is two
	Own, Others [][3]int // voxels of the CT's grid
}

// details asks the Detail Net, or only shows what it would be asked. The zero value does neither.
type details struct {
	net   Network
	card  *Card
	show  func(Look)
	input Tensor
}

func newDetails(nets *Networks, show func(Look)) *details {
	d := &details{show: show}
	if nets.Detail != nil {
		d.net, d.card = nets.Detail, &nets.DetailCard
		n := d.card.PatchVoxels
		d.input = NewTensor(len(d.card.Channels), [3]int{n, n, n})
	}
	return d
}

// detailPatch is what is shown without a Detail Net: the patch that the recipe trains.
const (
	detailVoxels    = 32
	detailSpacingMM = 0.75
)

// answer is the Detail Net's, in logits; known without a net it is not.
type answer struct {
	known  bool
	logits [detailAnswers]float32
}

// clip is the logit that there is a clip at all.
func (a *answer) clip() float64 {
	one, more := float64(a.logits[oneClip]), float64(a.logits[moreClips])
	top := max(one, more)
	return top + math.Log(math.Exp(one-top)+math.Exp(more-top)) - float64(a.logits[noClip])
}

// more is the logit that there is more than one, given that there is one.
func (a *answer) more() float64 { return float64(a.logits[moreClips] - a.logits[oneClip]) }

// ask looks at the piece own among others. fit is what the model of a clip thinks of it.
func (d *details) ask(ctx context.Context, v *volume.Volume, stage string, own, others [][3]int, fit float64) (answer, error) {
	var a answer
	if d == nil || len(own) == 0 || d.show == nil && d.net == nil {
		return a, nil
	}
	n, spacing := detailVoxels, detailSpacingMM
	if d.net != nil {
		n, spacing = d.card.PatchVoxels, d.card.SpacingMM
	}
	look := Look{Stage: stage, Fit: fit, Own: own, Others: others}
	look.SliceMM, _ = v.Grid.Uniform()
	g := patchRound(v.Grid, own, n, spacing)
	look.HU = make([]int16, g.Len())
	volume.ResampleInto(look.HU, g, v, outsideBody)
	look.Marks = markLook(g, v.Grid, own, others)
	if d.show != nil {
		d.show(look)
	}
	if d.net == nil {
		return a, nil
	}
	for c, ch := range d.card.Channels {
		ch.applyLook(d.input.Channel(c), &look)
	}
	a.known = true
	return a, d.net.Run(ctx, d.input, a.logits[:])
}

// askAll looks at each of found, which are all the clips of a region.
func (d *details) askAll(ctx context.Context, v *volume.Volume, found []refined) (err error) {
	for i := range found {
		own, others := voxelsOf(found, i, -1)
		if found[i].detail, err = d.ask(ctx, v, LookClip, own, others, 0); err != nil {
			return err
		}
	}
	return nil
}

// pair is the logit that a piece holds two clips and not one: by the model of a clip, fit, and what the Detail Net answered.
func (d *details) pair(fit float64, a answer) float64 {
	if a.known && fit > neverTwo {
		p := d.card.Pair
		return p.Fit*fit + p.Detail*a.more() + p.Bias
	}
	return fit
}

// patchRound is a cube of n voxels of spacingMM a side round the middle of voxels, along the axes of g.
func patchRound(g *volume.Grid, voxels [][3]int, n int, spacingMM float64) *volume.Grid {
	var middle volume.Vec
	for _, p := range voxels {
		middle = middle.Add(g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2])))
	}
	middle = middle.Scale(1 / float64(len(voxels)))
	half := float64(n-1) / 2 * spacingMM
	for _, axis := range []volume.Vec{g.Row, g.Col, g.Normal()} {
		middle = middle.Sub(axis.Scale(half))
	}
	out := volume.NewUniformGrid(n, n, n, spacingMM, spacingMM, spacingMM, middle)
	out.Row, out.Col = g.Row, g.Col
	return out
}

// markLook marks the voxels of patch whose nearest voxel of g is in own or in others.
func markLook(patch, g *volume.Grid, own, others [][3]int) []uint8 {
	x0, y0, _ := g.ToVoxel(patch.Origin)
	columns := nearestIndices(x0, patch.SpacingX/g.SpacingX, patch.Nx)
	rows := nearestIndices(y0, patch.SpacingY/g.SpacingY, patch.Ny)
	slices := make([]int, patch.Nz())
	for z := range slices {
		slices[z], _ = g.NearestSlice(patch.ToPatient(0, 0, float64(z)))
	}
	marks := make([]uint8, patch.Len())
	near := func(p [3]int) bool {
		return p[0] >= columns[0] && p[0] <= columns[len(columns)-1] && p[1] >= rows[0] && p[1] <= rows[len(rows)-1]
	}
	paint := func(voxels [][3]int, bit uint8) {
		for _, p := range voxels {
			if !near(p) {
				continue
			}
			for z, sz := range slices {
				if sz != p[2] {
					continue
				}
				for y, sy := range rows {
					if sy != p[1] {
						continue
					}
					for x, sx := range columns {
						if sx == p[0] {
							marks[(z*patch.Ny+y)*patch.Nx+x] |= bit
						}
					}
				}
			}
		}
	}
	paint(own, lookOwn)
	paint(others, lookOthers)
	return marks
}

// applyLook writes the channel of a look into dst.
func (ch Channel) applyLook(dst []float32, look *Look) {
	bit := func(bit uint8) {
		for i, m := range look.Marks {
			dst[i] = float32(m & bit / bit)
		}
	}
	switch ch.Kind {
	case KindOwn:
		bit(lookOwn)
	case KindOthers:
		bit(lookOthers)
	case KindSlice:
		for i := range dst {
			dst[i] = float32(look.SliceMM / sliceUnitMM)
		}
	default:
		ch.apply(dst, look.HU)
	}
}

// sliceUnitMM scales the slice thickness to about 1.
const sliceUnitMM = 5
