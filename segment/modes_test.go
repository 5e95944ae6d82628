package segment

import (
	"context"
	"math"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// marks is a component along z with these logits.
func marks(logits ...float32) *component {
	c := &component{}
	for z, l := range logits {
		c.voxels, c.logits = append(c.voxels, [3]int{5, 5, z}), append(c.logits, l)
	}
	return c
}

func TestAComponentIsPartedWhereItsLogitsHaveAValley(t *testing.T) {
	card := fakeCard("segmentation")
	for name, c := range map[string]struct {
		marks *component
		sizes []int // the mode with the highest peak first
	}{
		"one voxel":            {marks(1), []int{1}},
		"two clips":            {marks(2, 4, 5, 1.2, 3.8, 3), []int{4, 2}},
		"one that slants":      {marks(2.5, 1.3, 2.8, 4.9), []int{4}},
		"a plateau":            {marks(3, 3, 3, 3), []int{4}},
		"three":                {marks(5, 0, 4, 0.5, 6), []int{2, 2, 1}},
		"a shoulder between":   {marks(6, 2, 3, 1, 5), []int{3, 2}},
		"a valley not so deep": {marks(5, 2.1, 4), []int{3}},
		"a valley deep enough": {marks(5, 2, 4), []int{2, 1}},
	} {
		total := 0
		for k, m := range c.marks.modes(&card) {
			if k >= len(c.sizes) || len(m.voxels) != c.sizes[k] || len(m.logits) != len(m.voxels) {
				t.Errorf("%s: mode %d has %d voxels, want %v", name, k, len(m.voxels), c.sizes)
			}
			total += len(m.voxels)
		}
		if total != len(c.marks.voxels) {
			t.Errorf("%s: %d voxels of %d", name, total, len(c.marks.voxels))
		}
	}
}

// TestTwoClipsAcrossSlicesThatGrewTogetherAreTwo: a bright clip and a fainter one 8 mm on, at the foot of its peak on thick
// slices, with one mark that has a valley.
func TestTwoClipsAcrossSlicesThatGrewTogetherAreTwo(t *testing.T) {
	ctx := context.Background()
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 5, volume.Vec{-104, -68, -70})
	at := middle(g).Add(volume.Vec{0, -45, 0})
	bright := rod{centre: at, along: volume.Vec{0, 0, 1}, lengthMM: 6, peakHU: 1500}
	faint := rod{centre: at.Add(volume.Vec{2, 1, 8}), along: volume.Vec{0, 0, 1}, lengthMM: 6, peakHU: 700}
	patient := testThorax(middle(g))
	patient.rods = []rod{bright, faint}
	v := patient.make(g)
	body, err := Body(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	r, err := resampleBody(ctx, v, body, networkSpacingMM, networkPatchVoxels)
	if err != nil {
		t.Fatal(err)
	}
	var mark component
	for i, logit := range []float32{3, 5, 2.5, 1.5, 3, 3.8, 3} { // along the line through both
		x, y, z := r.Grid.ToVoxel(at.Add(faint.centre.Sub(at).Scale(float64(i-1) / 4)))
		mark.voxels = append(mark.voxels, [3]int{int(math.Round(x)), int(math.Round(y)), int(math.Round(z))})
		mark.logits = append(mark.logits, logit)
	}
	card := fakeCard("segmentation")
	_, found, err := grow(ctx, v, r, []component{mark})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d clips by the HU alone, %v: the case shows nothing", len(found), err)
	}
	if _, found, err = grow(ctx, v, r, mark.modes(&card)); err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%d clips, want 2", len(found))
	}
	for _, want := range patient.rods {
		nearest := min(found[0].centre.Distance(want.centre), found[1].centre.Distance(want.centre))
		if nearest > 2.5 {
			t.Errorf("the clip at %v is %.1f mm off", want.centre, nearest)
		}
	}
}
