package session

import (
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// sameClipMM is how near a clip that is found must be to one from before to be the same. Pairs lie closer: of two that are
// found, one at most is the same.
const sameClipMM = 5

// foundAgain tells for each of before which of found is the same clip, -1 for none: one to one, the nearest first of all.
func foundAgain(before, found []segment.Clip) []int {
	centres := func(clips []segment.Clip) []volume.Vec {
		all := make([]volume.Vec, len(clips))
		for i := range clips {
			all[i] = clips[i].CentreMM
		}
		return all
	}
	of := slices.Repeat([]int{-1}, len(before))
	for _, p := range segment.Match(centres(before), centres(found), nil, sameClipMM).Pairs {
		of[p.Truth] = p.Found
	}
	return of
}

// apart takes the voxels of others from c: no two clips share one. ok is false when they hold half of c, or c half of one of
// them: then both are the same clip.
func apart(v *volume.Volume, c segment.Clip, others []segment.Clip) (_ segment.Clip, ok bool) {
	m := c.Mask
	for i := range others {
		o := others[i].Mask
		shared := m.Intersect(o)
		if shared.Empty() {
			continue
		}
		if 2*shared.Count() >= min(m.Count(), o.Count()) {
			return c, false
		}
		m = m.Subtract(o)
	}
	if m != c.Mask {
		measure(v, &c, m)
	}
	return c, true
}

// withHandMade is found and, numbered after it, the clips of before that were added by hand and not found.
func withHandMade(v *volume.Volume, found, before []segment.Clip) []segment.Clip {
	all := slices.Clone(found)
	again := foundAgain(before, found)
	for i, c := range before {
		if !c.ByHand || again[i] >= 0 {
			continue
		}
		if c, ok := apart(v, c, found); ok {
			c.ID = nextID(all)
			all = append(all, c)
		}
	}
	return all
}

// mergeBox is what a search in box makes of the clips before it. Clips that stay keep their number; kept tells
// which those are.
func mergeBox(v *volume.Volume, found, before []segment.Clip, box *segment.ROI) (clips []segment.Clip, kept map[int]bool) {
	kept = map[int]bool{}
	for _, c := range before {
		if !box.Contains(c.CentreMM) || c.ByHand {
			clips = append(clips, c)
			kept[c.ID] = true
		}
	}
	stay := slices.Clone(clips)
	again := foundAgain(before, found)
	next := nextID(before)
	for j, c := range found {
		id := 0
		if i := slices.Index(again, j); i >= 0 {
			id = before[i].ID // the number on the images stays
		}
		if kept[id] {
			continue
		}
		c, ok := apart(v, c, stay)
		if !ok {
			continue
		}
		if c.ID = id; id == 0 {
			c.ID = next
			next++
		}
		clips = append(clips, c)
	}
	slices.SortStableFunc(clips, func(a, b segment.Clip) int { return a.ID - b.ID })
	return clips, kept
}
