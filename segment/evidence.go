package segment

import (
	"fmt"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// Judge weighs the evidence for a clip: confidence = sigmoid(bias + sum of weight x term). It is part of the
// Segmentation Net's card, fitted by models/train/judge.py on cases that neither trained the networks nor test them.
type Judge struct {
	Weights map[string]float64 `json:"weights"` // by the names of Terms; one left out counts 0
	Bias    float64            `json:"bias"`
	Keep    float64            `json:"keep"` // a candidate below this confidence is no clip
	Look    float64            `json:"look"` // expected errors of a case from which it wants a look: clips that are none, and none that are
}

// Evidence is what speaks for and against one clip.
type Evidence struct {
	Segmentation float64 // mean of the clip's three largest logits of the Segmentation Net
	Location     float64 // largest logit of the Location Net where the clip was marked; 0 without that net
	Modelled     bool    // whether the four that follow are known
	Misfit       float64 // chi square a voxel of the model of a clip
	SharpMM      float64 // in-plane sigma
	HalfMM       float64 // half length
	MetalHU      float64 // metal, HU mm³
	MetalRatio   float64 // metal over the lower median of the case; 1 where fewer than 4 are known
	RiseHU       float64 // of the peak over the local background
	BackgroundHU float64
	SkinMM       float64 // from the centre to the External's surface, at most skinReachMM
	Company      float64 // how many other clips lie within companyMM, each counted by its network confidence
	SliceMM      float64
	Bony         bool    // joined to bone, or larger than a clip
	Looked       bool    // whether the Detail Net has looked at it
	Detail       float64 // the Detail Net's logit that it is a clip
	Whole        float64 // and that the piece was, before it could be parted; 0 where it was not asked
	Parted       bool    // whether the piece was parted
	Pair         float64 // then the least logit, of the partings that made this, that it was more than one clip
	BesideMM     float64 // to the nearest candidate with more for it, at most besideMM
}

const (
	skinReachMM = 10
	companyMM   = 60
	besideMM    = 8
)

// Term is one number that a Judge weighs.
type Term struct {
	Name  string
	Value float64
}

// Terms are the numbers that a Judge weighs, each bounded and near 0 for a plain clip of the bed.
func (e *Evidence) Terms() []Term {
	t := []Term{
		{"segmentation", clamp(e.Segmentation, -12, 12) / 4},
		{"location", clamp(e.Location, -12, 12) / 4},
		{"faint", clamp(math.Log(500/max(e.RiseHU, 1)), 0, 3)},
		{"bright", clamp(math.Log(max(e.RiseHU, 1)/500), 0, 3)},
		{"soft_tissue", clamp((e.BackgroundHU+100)/100, -1, 3)},
		{"skin", clamp((5-e.SkinMM)/5, 0, 2)},
		{"alone", 1 / (1 + e.Company)},
		{"bony", indicatorOf(e.Bony)},
		{"unknown", indicatorOf(!e.Modelled)},
		{"thick", math.Log(clamp(e.SliceMM, 1, 10) / 3)},
		{"whole", clamp(e.Whole, -12, 12) / 4},
		{"beside", 1 - e.BesideMM/besideMM},
	}
	if e.Looked {
		t = append(t, Term{"detail", clamp(e.Detail, -12, 12) / 4})
	}
	if e.Parted {
		t = append(t, Term{"parted", 1}, Term{"part", clamp(e.Detail, -12, 12) / 4}, Term{"pair", clamp(e.Pair, -12, 12) / 4})
	}
	if !e.Modelled {
		return t
	}
	line := math.Log(max(e.MetalHU, 1) / (2 * max(e.HalfMM, 0.5) * fitLineHU))
	sharp, ratio := math.Log(max(e.SharpMM, 0.05)/fitSharpMM), math.Log(max(e.MetalRatio, 0.01))
	return append(t,
		Term{"misfit", clamp(math.Log(max(e.Misfit, 0.05)), -2, 3)},
		Term{"blurred", clamp(sharp, 0, 1.5)}, Term{"crisp", clamp(-sharp, 0, 1.5)},
		Term{"long", clamp(e.HalfMM-fitHalfMM, 0, 5)}, Term{"short", clamp(fitHalfMM-e.HalfMM, 0, 3)},
		Term{"heavy", clamp(line, 0, 3)}, Term{"light", clamp(-line, 0, 4)},
		Term{"more_metal", clamp(ratio, 0, 3)}, Term{"less_metal", clamp(-ratio, 0, 3)},
	)
}

func clamp(v, lo, hi float64) float64 { return min(max(v, lo), hi) }

func indicatorOf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// confidence is the judge's chance that e is of a clip.
func (j *Judge) confidence(e *Evidence) float64 {
	s := j.Bias
	for _, t := range e.Terms() {
		s += j.Weights[t.Name] * t.Value
	}
	return 1 / (1 + math.Exp(-s))
}

// validate reports weights that no term has, and values that are no numbers.
func (j *Judge) validate() error {
	known := (&Evidence{Modelled: true, Looked: true, Parted: true, SharpMM: 1, SliceMM: 3}).Terms()
	for name, w := range j.Weights {
		if !slices.ContainsFunc(known, func(t Term) bool { return t.Name == name }) {
			return fmt.Errorf("judge: unknown term %q", name)
		}
		if math.IsNaN(w) || math.IsInf(w, 0) {
			return fmt.Errorf("judge: the weight of %q is not a number", name)
		}
	}
	if math.IsNaN(j.Bias) || math.IsInf(j.Bias, 0) || !(j.Keep >= 0 && j.Keep < 1) || !(j.Look >= 0) {
		return fmt.Errorf("judge: bias %g, keep %g or look %g is out of range", j.Bias, j.Keep, j.Look)
	}
	return nil
}

// gatherEvidence is what speaks for each of found, which are all the candidates of a region.
func gatherEvidence(found []refined, v *volume.Volume, external *volume.Mask, feature *logitMap, card *Card) []Evidence {
	slice, _ := v.Grid.Uniform()
	out := make([]Evidence, len(found))
	var metals []float64
	for i := range found {
		f := &found[i]
		e := &out[i]
		*e = Evidence{
			Segmentation: topMean(f.logits), RiseHU: float64(f.peakHU) - f.backgroundHU, BackgroundHU: f.backgroundHU, Bony: f.bony(),
			SkinMM: depthMM(external, f.centre, skinReachMM), SliceMM: slice, MetalRatio: 1,
			Looked: f.detail.known, Parted: f.parted, Pair: f.pair, Modelled: f.model.known, Misfit: f.model.misfit, SharpMM: f.model.sigmaMM, HalfMM: f.model.halfMM, MetalHU: f.model.metal,
		}
		if e.Looked {
			e.Detail = f.detail.clip()
		}
		if f.whole.known {
			e.Whole = f.whole.clip()
		}
		if feature != nil {
			e.Location = largestAt(feature, f.marked)
		}
		if e.Modelled && card.confidence(e.Segmentation) > 0.5 {
			metals = append(metals, e.MetalHU)
		}
	}
	usual := 0.0
	if len(metals) >= leastClips {
		usual = lowerMedian(metals)
	}
	for i := range out {
		e := &out[i]
		if e.Modelled && usual > 0 {
			e.MetalRatio = e.MetalHU / usual
		}
		e.BesideMM = besideMM
		for j := range out {
			if i == j {
				continue
			}
			apart := found[i].centre.Distance(found[j].centre)
			if apart <= companyMM {
				e.Company += card.confidence(out[j].Segmentation)
			}
			if out[j].weight() > e.weight() {
				e.BesideMM = min(e.BesideMM, apart)
			}
		}
	}
	return out
}

// weight tells of two candidates which has more for it.
func (e *Evidence) weight() float64 {
	if !e.Looked {
		return e.Segmentation
	}
	return e.Segmentation + e.Detail
}

// leastClips is from how many clips a usual amount of metal can be told.
const leastClips = 4

func lowerMedian(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[(len(sorted)-1)/2]
}

func largestAt(m *logitMap, voxels [][3]int) float64 {
	best := math.Inf(-1)
	for _, p := range voxels {
		if m.box.Contains(p[0], p[1], p[2]) {
			best = max(best, float64(m.at(p[0], p[1], p[2])))
		}
	}
	if math.IsInf(best, -1) {
		return 0
	}
	return best
}

// depthMM is the distance from p to the nearest voxel centre outside m, within its grid, at most reach. Where the grid
// ends the patient goes on.
func depthMM(m *volume.Mask, p volume.Vec, reach float64) float64 {
	g := m.Grid
	best := reach
	box := boxAround(g, p, reach)
	for z := box.Min[2]; z < box.Max[2]; z++ {
		for y := box.Min[1]; y < box.Max[1]; y++ {
			for x := box.Min[0]; x < box.Max[0]; x++ {
				if !m.At(x, y, z) {
					best = min(best, g.ToPatient(float64(x), float64(y), float64(z)).Distance(p))
				}
			}
		}
	}
	return best
}
