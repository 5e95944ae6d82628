package segment

import "testing"

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
