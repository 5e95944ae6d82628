package segment

import (
	"github.com/clipwright/clipwright/internal/volume"
)

const (
	linkMM     = 45 // clips of one bed form a chain with no wider gap: cavities are up to some 60 mm wide
	groupClips = 3  // from so many a group may be the clips of another bed, or of the axilla
)

// markFar tells the clips of the bed from those far away. Clips form groups by chains of at most linkMM. The bed is the
// group with the largest sum of confidences, unless another of the same side lies in front of it, below and nearer to
// the middle: then the larger one is the axilla's, whose clips mark nodes and no cavity. What is in other groups of that side
// is flagged and starts as rejected: one clip of the axilla would draw the bed's hull across the breast. Groups of the other
// side are another bed where they have groupClips clips.
func markFar(clips []Clip) {
	groups := chains(clips)
	bed := -1
	for g := range groups {
		if bed < 0 || groups[g].sum > groups[bed].sum {
			bed = g
		}
	}
	for g := range groups {
		if g != bed && groups[g].isGroup() && groups[bed].isGroup() && groups[bed].axillaOf(&groups[g]) {
			bed = g
		}
	}
	for g := range groups {
		if g == bed || groups[g].isGroup() && groups[g].side != groups[bed].side {
			continue
		}
		for _, i := range groups[g].clips {
			clips[i].Flags, clips[i].Kept = append(clips[i].Flags, FlagFar), false
		}
	}
}

// group is a chain of clips.
type group struct {
	clips  []int
	sum    float64    // of confidences
	centre volume.Vec // LPS mm
	side   string     // of most
}

func (g *group) isGroup() bool { return len(g.clips) >= groupClips }

// axillaOf tells whether g lies where the axilla is as seen from bed: outwards, behind and above together.
func (g *group) axillaOf(bed *group) bool {
	d := g.centre.Sub(bed.centre)
	outwards := d[0]
	if g.side == "R" {
		outwards = -outwards
	}
	return g.side == bed.side && outwards+d[1]+d[2] > 0
}

// chains are the groups of clips in which a path of steps up to linkMM joins any two.
func chains(clips []Clip) []group {
	of := make([]int, len(clips))
	for i := range of {
		of[i] = -1
	}
	var out []group
	for first := range clips {
		if of[first] >= 0 {
			continue
		}
		n := len(out)
		g := group{clips: []int{first}}
		of[first] = n
		for k := 0; k < len(g.clips); k++ {
			for j := range clips {
				if of[j] < 0 && clips[j].CentreMM.Distance(clips[g.clips[k]].CentreMM) <= linkMM {
					of[j] = n
					g.clips = append(g.clips, j)
				}
			}
		}
		left := 0
		for _, i := range g.clips {
			g.sum += clips[i].Confidence
			g.centre = g.centre.Add(clips[i].CentreMM.Scale(1 / float64(len(g.clips))))
			if clips[i].Side == "L" {
				left++
			}
		}
		g.side = "R"
		if 2*left > len(g.clips) {
			g.side = "L"
		}
		out = append(out, g)
	}
	return out
}
