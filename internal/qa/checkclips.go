package qa

import (
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// targets are those of the test that hold voxels.
func (s *study) targets() []*shape {
	var all []*shape
	for i := range s.test {
		if isTarget(s.test[i].Structure) && !s.test[i].mask.Empty() {
			all = append(all, &s.test[i])
		}
	}
	return all
}

func (s *study) clipsWithoutTarget() []finding {
	if len(s.clips) == 0 || len(s.targets()) > 0 {
		return nil
	}
	p := s.clips[0].CentreMM
	return []finding{{text: fmt.Sprintf("%d clips and no CTV or PTV", len(s.clips)), place: &p}}
}

func (s *study) targetWithoutClips() []finding {
	if t := s.targets(); len(s.clips) == 0 && len(t) > 0 {
		return []finding{{t[0].Name, "there is no clip in the structure sets", middle(t[0].mask)}}
	}
	return nil
}

// checkClips judges number, matches and places of clips.
func (s *study) checkClips() {
	c, r := s.rules.Clips, &s.result.Clips
	var count, missed, extra, outside, aside []finding
	n := len(s.clips)
	if n > 0 && c.ExpectedLeast > 0 && (n < c.ExpectedLeast || n > c.ExpectedMost) {
		p := s.clips[0].CentreMM
		count = append(count, finding{text: fmt.Sprintf("%d clips; %d to %d are expected", n, c.ExpectedLeast, c.ExpectedMost), place: &p})
	}
	for i := range r.Clips {
		f := &r.Clips[i]
		switch f.State {
		case Missed:
			missed = append(missed, finding{text: fmt.Sprintf("clip %d of the reference is missed", f.Ref), place: &f.CentreMM})
		case Extra:
			extra = append(extra, finding{text: fmt.Sprintf("clip %d of the test is not in the reference", f.Test), place: &f.CentreMM})
		}
	}
	for _, t := range s.targets() {
		if t.Type != "CTV" {
			continue
		}
		outside = append(outside, s.clipsOutside(t)...)
		if f, is := s.oneSided(t); is {
			aside = append(aside, f)
		}
	}
	s.report("expected_clips", Look, fmt.Sprintf("%d clips", n), count)
	if s.Ref != nil {
		s.report("missed", c.Missed, fmt.Sprintf("all %d clips of the reference are found", r.Found), missed)
		s.report("extra", c.Extra, "no clip that the reference lacks", extra)
	}
	if len(s.targets()) > 0 && n > 0 {
		s.report("outside_target", c.OutsideTarget, "every clip lies inside the CTV", outside)
		s.report("one_side", c.OneSide, "clips lie round the target", aside)
	}
}

// clipsOutside lists the clips whose centre is in no voxel of t. A second CTV of another side does not count.
func (s *study) clipsOutside(t *shape) []finding {
	var all []finding
	for _, r := range s.result.Targets {
		if r.Name != t.Name {
			continue
		}
		for i, in := range r.Clips {
			if side := splitName(t.Name).side; in.Inside || s.body != nil && side != "" && segment.SideOf(s.body, s.clips[i].CentreMM) != side {
				continue
			}
			p := s.clips[i].CentreMM
			all = append(all, finding{t.Name, fmt.Sprintf("clip %d lies %.1f mm outside", in.Clip, -in.EdgeMM), &p})
		}
	}
	return all
}

// oneSided tells whether there is a direction from the centroid of t in which every one of three or more clips lies.
func (s *study) oneSided(t *shape) (finding, bool) {
	centre := *middle(t.mask)
	var places []volume.Vec
	for _, c := range s.clips {
		places = append(places, c.CentreMM)
	}
	way, all := segment.AllOnOneSide(centre, places)
	if !all {
		return finding{}, false
	}
	return finding{t.Name, fmt.Sprintf("all %d clips lie on one side of its centroid (%s)", len(s.clips), mainLetter(way)), &centre}, true
}

// mainLetter is the patient's direction that way goes along most.
func mainLetter(way volume.Vec) string {
	axis := 0
	for i := range way {
		if math.Abs(way[i]) > math.Abs(way[axis]) {
			axis = i
		}
	}
	if way[axis] < 0 {
		return string("RAI"[axis])
	}
	return string("LPS"[axis])
}

// nearSkinMM is where a target counts as cropped by the skin, so that a smaller margin is no surprise.
const nearSkinMM = 7

// checkMargin compares what a target lies beyond the clips' hull with what the recipe says.
func (s *study) checkMargin() {
	rule := s.rules.Margin
	if rule.MM == "" || len(s.clips) == 0 {
		return
	}
	asked, err := segment.ParseMargin(rule.MM)
	if err != nil {
		panic("qa: the rules were not validated: " + err.Error())
	}
	bed := volume.NewMask(s.Grid)
	for _, c := range s.clips {
		bed = bed.Union(c.Mask)
	}
	var all []finding
	for _, t := range s.targets() {
		if !matches(rule.Target, t.Name) {
			continue
		}
		is := segment.MeasureTarget(segment.Target{Mask: t.mask}, segment.MeasureInput{Bed: bed}).Achieved
		skin := math.Inf(1)
		for _, r := range s.result.Targets {
			if r.Name == t.Name && r.SkinMM.Exists() {
				skin = float64(r.SkinMM)
			}
		}
		for _, way := range []struct {
			letter   string
			is, want float64
		}{{"R", is.R, asked.R}, {"L", is.L, asked.L}, {"A", is.A, asked.A}, {"P", is.P, asked.P}, {"S", is.S, asked.S}, {"I", is.I, asked.I}} {
			more := way.is - way.want
			if more > rule.ToleranceMM || more < -rule.ToleranceMM && skin > nearSkinMM {
				all = append(all, finding{t.Name, fmt.Sprintf("lies %.1f mm beyond the clips to %s; the recipe says %g mm", way.is, way.letter, way.want), middle(t.mask)})
			}
		}
	}
	s.report("margin", rule.Outcome, "margins from clips are the recipe's, or cropped", all)
}

func (s *study) checkSkin() {
	least := s.rules.Distance.SkinLeastMM
	if least == 0 || s.body == nil {
		return
	}
	var all []finding
	for _, r := range s.result.Targets {
		if anyMatches(s.rules.Distance.Targets, r.Name) && float64(r.SkinMM) < least {
			all = append(all, finding{structure: r.Name, text: fmt.Sprintf("comes within %.1f mm of the skin; the rules say %g mm", float64(r.SkinMM), least)})
		}
	}
	s.report("skin_least_mm", Look, fmt.Sprintf("targets keep %g mm from the skin", least), all)
}

// checkLimits judges the figures of pairs.
func (s *study) checkLimits() {
	for i := range s.result.Pairs {
		p := &s.result.Pairs[i]
		for _, l := range s.rules.Limits {
			if !matches(l.Structure, p.Ref) {
				continue
			}
			value, _ := p.Value(l.Metric)
			if l.Metric == voxelHD {
				value = p.HDMM / Number(max(s.Grid.SpacingX, s.Grid.SpacingY, widest(s.Grid)))
			}
			place := p.WorstMM
			c := Check{ID: "limit:" + l.Metric, Structure: p.Test, Outcome: l.judge(float64(value)), PlaceMM: &place}
			c.Text = fmt.Sprintf("%s is %.3g; pass %g, look %g", l.Metric, float64(value), l.Pass, l.Look)
			if len(p.Worst) == 0 {
				c.PlaceMM = nil
			}
			if !value.Exists() {
				c.Text, c.PlaceMM = l.Metric+" does not exist: one of the pair is empty", nil
			}
			s.result.Checks = append(s.result.Checks, c)
		}
	}
}

// widest is the largest distance between slices.
func widest(g *volume.Grid) float64 {
	most := g.SliceThickness(0)
	for k := 1; k < g.Nz(); k++ {
		most = max(most, g.SliceMM[k]-g.SliceMM[k-1])
	}
	return most
}

// judge places a value; one that does not exist fails.
func (l Limit) judge(v float64) Outcome {
	if l.Metric == "volume_ratio" && v > 0 {
		v = max(v, 1/v)
	}
	switch {
	case math.IsNaN(v):
		return Fail
	case l.rises() && v >= l.Pass, !l.rises() && v <= l.Pass:
		return Pass
	case l.rises() && v >= l.Look, !l.rises() && v <= l.Look:
		return Look
	}
	return Fail
}
