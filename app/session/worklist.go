package session

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// SortKey is what the work list is sorted by.
type SortKey int

// Sort keys.
const (
	SortNumber SortKey = iota
	SortSide
	SortVolume
	SortPeak
	SortConfidence
	SortReview // not reviewed and doubtful first
)

// SetSort sorts the work list by key; the same key again turns it round.
func (s *Session) SetSort(key SortKey) {
	s.Update(func() {
		s.view.SortDown = s.view.Sort == key && !s.view.SortDown
		s.view.Sort = key
		s.mark(ViewChanged)
	})
}

// ClipOrder is the ids of the clips in the order of the work list, in which N and P walk.
func (s *Session) ClipOrder() []int {
	rank := func(c *segment.Clip) float64 {
		switch s.view.Sort {
		case SortSide:
			return float64(c.Side[0])
		case SortVolume:
			return c.VolumeMM3
		case SortPeak:
			return float64(c.PeakHU)
		case SortConfidence:
			return c.Confidence
		case SortReview:
			switch {
			case s.view.Reviewed[c.ID]:
				return 2
			case c.Doubtful():
				return 0
			}
			return 1
		}
		return float64(c.ID)
	}
	clips := s.plan.Clips
	order := make([]int, len(clips))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		n := cmp.Compare(rank(&clips[a]), rank(&clips[b]))
		if s.view.SortDown {
			n = -n
		}
		return n
	})
	for i, k := range order {
		order[i] = clips[k].ID
	}
	return order
}

// around is what was measured about the clips, for the clips and masks it was measured with.
type around struct {
	external *volume.Mask
	clips    []segment.Clip
}

// surround brings Derived.Around in line with the plan, by a job. Bones are found once for a volume.
func (s *Session) surround() {
	external := s.derived.External
	if s.document.Volume == nil || external == nil || len(s.plan.Clips) == 0 {
		s.drop(JobSurround)
		s.measured = around{} // what was under way is not known
		return
	}
	was := s.measured
	if was.external == external && slices.EqualFunc(was.clips, s.plan.Clips, func(a, b segment.Clip) bool {
		return a.ID == b.ID && a.CentreMM == b.CentreMM && a.Kept == b.Kept && a.Side == b.Side
	}) {
		return
	}
	v, clips, anatomy := s.document.Volume, s.plan.Clips, s.derived.Anatomy
	s.measured = around{external, clips}
	s.start(JobSurround, "Measure the clips", func(ctx context.Context, _ *job) (func(), error) {
		if anatomy == nil {
			var err error
			if anatomy, err = s.work.anatomy(ctx, v, external); err != nil {
				return nil, err
			}
		}
		all := make(map[int]segment.Surroundings, len(clips))
		for i := range clips {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			all[clips[i].ID] = segment.Surround(&clips[i], clips, external, anatomy.Bones)
		}
		return func() {
			first := s.derived.Anatomy == nil
			s.derived.Anatomy, s.derived.Around = anatomy, all
			s.mark(DerivedChanged)
			if first {
				s.anatomyFound()
			}
		}, nil
	})
}

// nearBoneMM is how near a clip must be to bone for that to be said.
const nearBoneMM = 2

// Reasons say in plain words, with figures, what makes c worth a second look.
func (s *Session) Reasons(c *segment.Clip) []string {
	m, measured := s.derived.Around[c.ID]
	var words []string
	for _, f := range c.Flags {
		switch f {
		case segment.FlagNearSkin:
			if measured && !math.IsNaN(m.SkinMM) {
				words = append(words, fmt.Sprintf("%.0f mm from skin: a skin marker?", m.SkinMM))
			} else {
				words = append(words, "Near the skin: a skin marker?")
			}
		case segment.FlagTouchesBone:
			words = append(words, "Touches bone: a rib or a calcification?")
		case segment.FlagLarge:
			words = append(words, fmt.Sprintf("%.0f mm³, larger than one clip: two clips, or none?", c.VolumeMM3))
		case segment.FlagLowContrast:
			words = append(words, fmt.Sprintf("Faint, %d HU: a calcification?", c.PeakHU))
		case segment.FlagFar:
			if c.Kept {
				words = append(words, "Far from the other clips: the axilla's?")
			} else {
				words = append(words, "Far from the other clips, left out: the axilla's?")
			}
		default:
			words = append(words, f)
		}
	}
	if measured && m.BoneMM <= nearBoneMM && !slices.Contains(c.Flags, segment.FlagTouchesBone) {
		words = append(words, fmt.Sprintf("%.0f mm from bone", m.BoneMM))
	}
	if len(words) == 0 && c.Doubtful() {
		words = append(words, fmt.Sprintf("The network is unsure: %.2f", c.Confidence))
	}
	return words
}

// mergeReachMM is how near clips must be to be offered as one.
const mergeReachMM = 20

// MergeOffer is the clip nearest to clip id on its side and near enough to be the same clip, and how far it is; 0 for none.
func (s *Session) MergeOffer(id int) (other int, mm float64) {
	c := s.plan.Clip(id)
	if c == nil {
		return 0, 0
	}
	mm = mergeReachMM
	for _, k := range s.plan.Clips {
		if d := k.CentreMM.Distance(c.CentreMM); k.ID != id && k.Side == c.Side && d <= mm {
			other, mm = k.ID, d
		}
	}
	return other, mm
}

// MergeClips makes one clip of two: the first keeps its number and takes the voxels of the second.
func (s *Session) MergeClips(id, other int) {
	a, b := s.plan.Clip(id), s.plan.Clip(other)
	if a == nil || b == nil || id == other {
		return
	}
	s.Update(func() {
		s.edit(fmt.Sprintf("Merge clips %d and %d", id, other), "", true, func(p *Plan) {
			p.Clips = slices.Clone(p.Clips)
			c := p.Clip(id)
			measure(s.document.Volume, c, a.Mask.Union(b.Mask))
			c.Kept, c.Confidence = true, max(a.Confidence, b.Confidence)
			c.ByHand = a.ByHand && b.ByHand
			p.Clips = slices.DeleteFunc(p.Clips, func(c segment.Clip) bool { return c.ID == other })
		})
		s.MarkReviewed(id)
		s.SelectClip(id)
	})
}

// SplitClip makes two clips of one: its separate parts where it has several, else two halves across its longest way.
// A clip of a single voxel stays whole, and a notice says so.
func (s *Session) SplitClip(id int) {
	c := s.plan.Clip(id)
	if c == nil {
		return
	}
	first, second := split(c.Mask)
	if second.Empty() {
		s.Notify(&Notice{Text: fmt.Sprintf("Clip %d is a single voxel: there is nothing to split.", id)})
		return
	}
	made := s.newID()
	s.Update(func() {
		s.edit(fmt.Sprintf("Split clip %d", id), "", true, func(p *Plan) {
			p.Clips = slices.Clone(p.Clips)
			part := *c
			part.ID, part.Kept = made, true
			part.Flags = withoutFlag(c.Flags, segment.FlagLarge)
			measure(s.document.Volume, &part, second)
			whole := p.Clip(id)
			whole.Kept, whole.Flags = true, part.Flags
			measure(s.document.Volume, whole, first)
			p.Clips = append(p.Clips, part)
		})
		s.MarkReviewed(id)
		s.MarkReviewed(made)
		s.SelectClip(id)
	})
}

func withoutFlag(flags []string, flag string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return f == flag })
}

// split divides m: its largest component from the others, or by two means begun at the two voxels farthest apart.
func split(m *volume.Mask) (first, second *volume.Mask) {
	if parts := volume.Components(m); len(parts) > 1 {
		return parts[0], m.Subtract(parts[0])
	}
	g := m.Grid
	var voxels [][3]int
	var at []volume.Vec
	m.Each(func(x, y, z int) {
		voxels = append(voxels, [3]int{x, y, z})
		at = append(at, g.ToPatient(float64(x), float64(y), float64(z)))
	})
	far := func(from volume.Vec) volume.Vec {
		return slices.MaxFunc(at, func(a, b volume.Vec) int { return cmp.Compare(a.Distance(from), b.Distance(from)) })
	}
	a := far(at[0])
	b := far(a)
	const rounds = 10
	first = volume.NewMask(g)
	for range rounds {
		var sums [2]volume.Vec
		var counts [2]float64
		first = volume.NewMask(g)
		for i, p := range at {
			k := 1
			if p.Distance(a) <= p.Distance(b) {
				k = 0
				first.Set(voxels[i][0], voxels[i][1], voxels[i][2], true)
			}
			sums[k] = sums[k].Add(p)
			counts[k]++
		}
		if counts[1] == 0 {
			break
		}
		a, b = sums[0].Scale(1/counts[0]), sums[1].Scale(1/counts[1])
	}
	return first, m.Subtract(first)
}
