package segment

import (
	"context"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// TestPairsAreToldByTheirMetal: on 5 mm slices two clips one above the other have one peak and twice the metal;
// a clip alone, however it lies, stays one.
func TestPairsAreToldByTheirMetal(t *testing.T) {
	g := volume.NewUniformGrid(160, 120, 41, 1.2, 1.2, 5, volume.Vec{-96, -72, -100})
	c := middle(g)
	put := func(x, y, z float64, along volume.Vec) rod {
		return rod{centre: c.Add(volume.Vec{x, y, z}), along: along, lengthMM: 4, peakHU: 1000}
	}
	right, back := volume.Vec{1, 0, 0}, volume.Vec{0, 1, 0}
	shape := thorax{a: 85, b: 60, rods: []rod{
		put(-20, -42, 30, right), put(-40, -38, 10, back), put(-20, -40, -20, right), put(30, -40, 15, back), put(30, -42, -30, right),
		put(10, -42, 0, right), put(12, -42, 5, right), // the pair
	}}
	v := shape.make(g)
	body := volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) > -500 })
	r, err := resampleBody(context.Background(), v, body, networkSpacingMM, networkPatchVoxels)
	if err != nil {
		t.Fatal(err)
	}
	var parts []component
	for _, k := range append(shape.rods[:5:5], put(11, -42, 2, right)) {
		x, y, z := r.Grid.ToVoxel(k.centre)
		parts = append(parts, unscored([][3]int{{int(x), int(y), int(z)}, {int(x) + 1, int(y), int(z)}}))
	}
	found, err := refine(context.Background(), v, r, parts)
	if err != nil {
		t.Fatal(err)
	}
	var truth, centres []volume.Vec
	for _, k := range shape.rods {
		truth = append(truth, k.centre)
	}
	for _, f := range found {
		centres = append(centres, f.centre)
	}
	m := Match(truth, centres, nil, 2)
	if len(m.Pairs) != len(truth) || len(m.False) > 0 {
		t.Errorf("%d clips found where %d are, %d of them within 2 mm:\n%.1f\n%.1f", len(found), len(truth), len(m.Pairs), truth, centres)
	}
	seen := map[[3]int]bool{}
	for _, f := range found {
		for _, p := range f.voxels {
			if seen[p] {
				t.Errorf("two clips share voxel %v", p)
			}
			seen[p] = true
		}
	}
}
