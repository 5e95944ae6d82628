package session

import (
	"context"
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// clipOf is a clip of the voxels of m.
func clipOf(v *volume.Volume, id int, byHand bool, m *volume.Mask) segment.Clip {
	c := segment.Clip{ID: id, Side: "R", Kept: true, ByHand: byHand}
	measure(v, &c, m)
	return c
}

func numbers(clips []segment.Clip) []int {
	var ids []int
	for _, c := range clips {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestFindingAgainKeepsClipsAddedByHand(t *testing.T) {
	g := testGrid() // voxels of 2, 2, 3 mm
	v := volume.NewVolume(g)
	clip := func(id int, byHand bool, x, y, z int) segment.Clip { return clipOf(v, id, byHand, cube(g, x, y, z, 2)) }
	found := []segment.Clip{clip(1, false, 10, 10, 5), clip(2, false, 20, 10, 5)}
	before := []segment.Clip{
		clip(1, false, 30, 10, 5), // found earlier, not now
		clip(2, false, 10, 10, 5), // found again
		clip(4, true, 12, 10, 5),  // 4 mm from it, the other one of a pair: not found
		clip(5, true, 21, 10, 5),  // found now
		clip(6, true, 10, 30, 5),
	}
	all := withHandMade(v, found, before)
	if !slices.Equal(numbers(all), []int{1, 2, 3, 4}) || all[2].CentreMM != before[2].CentreMM || all[3].CentreMM != before[4].CentreMM || !all[3].ByHand {
		t.Errorf("clips %+v", all)
	}
}

func TestNoVoxelBelongsToTwoClipsAfterFindingAgain(t *testing.T) {
	g := testGrid()
	v := volume.NewVolume(g)
	found := []segment.Clip{clipOf(v, 1, false, cube(g, 10, 10, 5, 4)), clipOf(v, 2, false, cube(g, 25, 10, 5, 2))}
	long := volume.NewMask(g) // touches the first with one voxel
	long.SetSpan(13, 23, 10, 5)
	around := cube(g, 22, 8, 4, 6) // holds the second, its centre 6 mm away
	all := withHandMade(v, found, []segment.Clip{clipOf(v, 1, true, long), clipOf(v, 2, true, around)})
	if len(all) != 3 {
		t.Fatalf("clips %v, want the two found and the long one", numbers(all))
	}
	if c := all[2]; !c.Mask.Intersect(found[0].Mask).Empty() || c.Mask.Count() != 9 || c.VolumeMM3 != 9*12 {
		t.Errorf("the long one has %d voxels, %g mm3, of its own", c.Mask.Count(), c.VolumeMM3)
	}
}

func TestAPairFoundWhereOneClipWasGetsTwoNumbers(t *testing.T) {
	w := opened(t)
	third := w.Plan().Clips[2]
	v := w.Document().Volume
	w.work.run = func(_ context.Context, _ *volume.Volume, _ segment.Networks, o segment.RunOptions) (*segment.Result, error) {
		a, b := clipOf(v, 1, false, cube(w.grid, 15, 20, 10, 1)), clipOf(v, 2, false, cube(w.grid, 17, 20, 10, 1))
		return &segment.Result{Clips: []segment.Clip{a, b}, Provider: "CPU", External: o.External}, nil
	}
	w.SetBox(third.CentreMM.Sub(volume.Vec{10, 10, 10}), third.CentreMM.Add(volume.Vec{10, 10, 10}))
	w.RunInBox()
	w.idle()
	if got := numbers(w.Plan().Clips); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("numbers %v, want 1 to 4", got)
	}
}

func TestClipsTakenOverAreMatchedOneToOneAndShareNoVoxel(t *testing.T) {
	w := opened(t)
	v := w.Document().Volume
	third := w.Plan().Clips[2] // 2 x 2 x 2 voxels from 15, 20, 10
	long := volume.NewMask(w.grid)
	long.SetSpan(11, 21, 12, 8) // one voxel of clip 2, from 20, 12, 8
	marks := map[int]*volume.Mask{1: third.Mask, 2: cube(w.grid, 17, 20, 10, 2), 3: long}
	w.Update(func() {
		w.commitOpened(&OpenedSet{Name: "RS.dcm", Structures: []OpenedStructure{{Name: "Seeds", Clips: true, Mask: third.Mask, marks: marks, key: `\1`}}})
	})
	w.TakeClips(`\1`)
	w.idle()
	clips := w.Plan().Clips
	if !slices.Equal(numbers(clips), []int{1, 2, 3, 4, 5}) {
		t.Fatalf("clips %v, want the other one of the pair at 4 mm, and the long one", numbers(clips))
	}
	for i := range clips {
		for j := range i {
			if !clips[i].Mask.Intersect(clips[j].Mask).Empty() {
				t.Errorf("clips %d and %d share a voxel", clips[i].ID, clips[j].ID)
			}
		}
	}
	if clips[4].VolumeMM3 != 9*v.Grid.VoxelVolume(8) {
		t.Errorf("the long one has %g mm3", clips[4].VolumeMM3)
	}
}
