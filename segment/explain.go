package segment

import (
	"context"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	oneClipMM   = 9.0   // pieces whose middles are farther apart are never one clip
	reachedMM   = 2.0   // one clip explains a piece whose middle is no farther from its metal
	twoFrom     = -0.62 // the logit from which it is two, a chance of 0.35: one that is missed weighs more than one that the judge may still drop
	closestMM   = 2.5   // middles of two clips are no closer: a clip is 1 to 2 mm wide, and pairs are set 3 mm apart and more
	worstMisfit = 6.0   // a window that two clips explain no better than this holds something else
	mostParts   = 4     // of one piece
	goodMisfit  = 2.0   // up to which a clip's centre is the model's
	othersMM    = 25    // how far away another piece may still claim a voxel of the window
	neverTwo    = -20   // the logit where two clips are out of the question, whatever the Detail Net says
	leastWeight = 30    // voxels below which a window says nothing
)

// explain holds every piece against the model of a clip on CT (clipmodel.go): two pieces that one clip explains as well
// are joined, one that two clips explain far better is parted, and what remains knows its centre, its metal and how well
// it is explained. A pair of clips lies closer than slices resolve, so that its HU have one peak; a clip that slants
// through thick slices has two.
func (f *flood) explain(ctx context.Context, clips []refined) ([]refined, error) {
	pieces, err := f.join(ctx, clips)
	if err != nil {
		return nil, err
	}
	var out []refined
	for i := range pieces {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		parts, err := f.part(ctx, pieces, i)
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// join tests pairs of pieces, the closest first, and makes one of those that are one clip.
func (f *flood) join(ctx context.Context, pieces []refined) ([]refined, error) {
	type couple struct{ a, b volume.Vec }
	tested := map[couple]bool{}
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		i, j := -1, -1
		nearest := oneClipMM
		for b := range pieces {
			for a := range b {
				if d := pieces[a].centre.Distance(pieces[b].centre); d <= nearest && !tested[couple{pieces[a].centre, pieces[b].centre}] {
					i, j, nearest = a, b, d
				}
			}
		}
		if i < 0 {
			return pieces, nil
		}
		tested[couple{pieces[i].centre, pieces[j].centre}] = true
		one, err := f.areOne(ctx, pieces, i, j)
		if err != nil {
			return nil, err
		}
		if one {
			pieces[i] = united(pieces[i], pieces[j])
			pieces = slices.Delete(pieces, j, j+1)
		}
	}
}

// areOne tells whether one clip explains pieces i and j.
func (f *flood) areOne(ctx context.Context, pieces []refined, i, j int) (bool, error) {
	own, others := voxelsOf(pieces, i, j)
	w := newFitWindow(f.v, own, others, f.isForeign)
	if w.weighted < leastWeight || pieces[i].bony() || pieces[j].bony() {
		return false, nil
	}
	one := w.one(pieces[i].backgroundHU)
	a, b := f.along(pieces[i].centre), f.along(pieces[j].centre)
	if one.bars[0].distanceMM(a) > reachedMM || one.bars[0].distanceMM(b) > reachedMM {
		return false, nil // it explains the larger piece and leaves the other
	}
	fit := twoLogit(w, one, w.two(pieces[i].backgroundHU, a, b), 2)
	answer, err := f.details.ask(ctx, f.v, LookJoin, own, others, fit)
	return f.details.pair(fit, answer) < twoFrom, err
}

func (c *refined) bony() bool { return c.touches || c.capped }

func united(a, b refined) refined {
	if b.peakHU > a.peakHU {
		a, b = b, a
	}
	a.voxels = append(slices.Clone(a.voxels), b.voxels...)
	a.marked = append(slices.Clone(a.marked), b.marked...)
	a.logits = append(slices.Clone(a.logits), b.logits...)
	wa, wb := float64(len(a.voxels)-len(b.voxels)), float64(len(b.voxels))
	a.centre = a.centre.Scale(wa / (wa + wb)).Add(b.centre.Scale(wb / (wa + wb)))
	a.joined = true
	return a
}

// voxelsOf are the voxels of pieces i and j (-1: i alone), and those of other pieces that may claim some near them.
func voxelsOf(pieces []refined, i, j int) (own, others [][3]int) {
	own = slices.Clone(pieces[i].voxels)
	if j >= 0 {
		own = append(own, pieces[j].voxels...)
	}
	for k := range pieces {
		if k != i && k != j && pieces[k].centre.Distance(pieces[i].centre) < othersMM {
			others = append(others, pieces[k].voxels...)
		}
	}
	return own, others
}

// isForeign tells whether a voxel drains to something that no component marks: bone beside a clip.
func (f *flood) isForeign(x, y, z int) bool {
	p, ok := f.at[f.v.Grid.Index(x, y, z)]
	return ok && f.basins[f.root(f.voxels[p].basin)].owner == foreign
}

// along is p in mm along the grid's axes; back is the way back.
func (f *flood) along(p volume.Vec) [3]float64 {
	g := f.v.Grid
	x, y, _ := g.ToVoxel(p)
	return [3]float64{x * g.SpacingX, y * g.SpacingY, p.Sub(g.Origin).Dot(g.Normal())}
}

func (f *flood) back(p [3]float64) volume.Vec {
	g := f.v.Grid
	return g.Origin.Add(g.Row.Scale(p[0])).Add(g.Col.Scale(p[1])).Add(g.Normal().Scale(p[2]))
}

// part explains piece i, by more than one clip where that is far better.
func (f *flood) part(ctx context.Context, pieces []refined, i int) ([]refined, error) {
	c := pieces[i]
	own, others := voxelsOf(pieces, i, -1)
	w := newFitWindow(f.v, own, others, f.isForeign)
	if w.weighted < leastWeight {
		return []refined{c}, nil
	}
	parts := []fitted{w.one(c.backgroundHU)}
	for k := 0; k < len(parts) && len(parts) < mostParts && !c.bony(); {
		rest := w.without(parts, k)
		two := rest.two(parts[k].backgroundHU)
		fit := twoLogit(rest, parts[k], two, 1)
		var a answer
		if len(parts) == 1 { // the net sees the whole piece
			var err error
			if a, err = f.details.ask(ctx, f.v, LookPart, own, others, fit); err != nil {
				return nil, err
			}
			c.whole = a
		}
		pair := f.details.pair(fit, a)
		if pair < twoFrom {
			k++
			continue
		}
		if len(parts) == 1 || pair < c.pair {
			c.pair = pair
		}
		first, second := two, two
		first.bars, second.bars = two.bars[:1], two.bars[1:]
		parts[k] = first
		parts = append(parts, second)
	}
	if len(parts) == 1 && !c.joined {
		c.explainedBy(f, w, parts[0])
		return []refined{c}, nil
	}
	return f.shared(c, w, parts), nil
}

// explainedBy takes over what the model says of a clip that stays as the flooding found it.
func (c *refined) explainedBy(f *flood, w *fitWindow, by fitted) {
	c.model = newModelled(w, by)
	if c.model.misfit <= goodMisfit && !c.bony() {
		if at := f.back(by.bars[0].centre); at.Distance(c.centre) < footprintMM {
			c.centre = at
		}
	}
}

// shared makes a clip of each part: the voxels where its own metal reaches half its peak, each voxel to the part that has
// most in it, and the network's voxels that are nearest.
func (f *flood) shared(c refined, w *fitWindow, parts []fitted) []refined {
	images := make([][]float64, len(parts))
	out := make([]refined, len(parts))
	for k, p := range parts {
		images[k] = w.image(p)
		out[k] = refined{
			backgroundHU: c.backgroundHU, peakHU: math.MinInt16, touches: c.touches, capped: c.capped, centre: f.back(p.bars[0].centre),
			parted: len(parts) > 1, pair: c.pair, whole: c.whole,
		}
		rest := w.without(parts, k)
		out[k].model = newModelled(rest, p)
	}
	for k, image := range images {
		half := slices.Max(image) / 2
		w.eachIndex(func(i int, at [3]int) {
			if image[i] < half || image[i] <= 0 {
				return
			}
			for other := range images {
				if images[other][i] > image[i] || images[other][i] == image[i] && other < k {
					return
				}
			}
			out[k].voxels = append(out[k].voxels, at)
			out[k].peakHU = max(out[k].peakHU, f.v.At(at[0], at[1], at[2]))
		})
	}
	for i, p := range c.marked {
		at := f.network.Grid.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))
		nearest := 0
		for k := range out {
			if out[k].centre.Distance(at) < out[nearest].centre.Distance(at) {
				nearest = k
			}
		}
		out[nearest].marked, out[nearest].logits = append(out[nearest].marked, p), append(out[nearest].logits, c.logits[i])
	}
	out = slices.DeleteFunc(out, func(r refined) bool { return len(r.voxels) == 0 })
	if len(out) == 0 {
		return []refined{c}
	}
	for k := range out {
		if len(out[k].logits) == 0 {
			out[k].logits = c.logits
		}
	}
	return out
}

// modelled is what the model of a clip says of one.
type modelled struct {
	known   bool
	misfit  float64 // chi square a voxel: about 1 where it is a clip
	sigmaMM float64
	halfMM  float64
	metal   float64 // HU mm³
}

func newModelled(w *fitWindow, by fitted) modelled {
	b := by.bars[0]
	return modelled{known: true, misfit: w.misfit(by), sigmaMM: by.sigmaMM, halfMM: b.halfMM(), metal: b.metal}
}

// twoLogit says by the model of a clip alone, as a logit, whether a window holds two clips and not one, given the best
// explanation by each and how many pieces the flooding made of it. The weights are a logistic regression's on 1,099 windows
// of phantoms, of real CTs with inserted clips and of clips rendered alone, none of which train the networks or test them:
// of those left out, 90 of 100 pairs and 97 of 100 single clips were told.
func twoLogit(w *fitWindow, one, two fitted, pieces int) float64 {
	a, b := two.bars[0], two.bars[1]
	if apart := volume.Vec(a.centre).Distance(volume.Vec(b.centre)); apart < closestMM || two.cost > worstMisfit*w.weighted {
		return neverTwo
	}
	log := func(v float64) float64 { return math.Log(max(v, 1e-3)) }
	line := func(r bar) float64 { return r.metal / max(r.halfMM(), 1e-3) / (2 * fitLineHU) }
	return -2.127 +
		1.57*log(one.cost/w.weighted) + // one clip explains it badly,
		1.707*log(one.cost/two.cost) - // two far better,
		0.545*max(a.halfMM(), b.halfMM()) + // each of a clip's length
		1.271*log(min(line(a), line(b))) + // and metal,
		1.033*log(min(a.metal, b.metal)/max(a.metal, b.metal, 1)) + // alike
		2.075*float64(pieces) - 0.503*log(w.thick[len(w.thick)/2])
}
