package segment

import (
	"context"
	"errors"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestClipAtGrowsWhatWasPointedAt(t *testing.T) {
	for name, sliceMM := range map[string]float64{"2 mm": 2, "5 mm": 5} {
		t.Run(name, func(t *testing.T) {
			g := volume.NewUniformGrid(160, 120, int(120/sliceMM)/2*2+1, 1.2, 1.2, sliceMM, volume.Vec{-96, -72, -60})
			c := middle(g)
			at := func(x, y, z float64) volume.Vec { return c.Add(volume.Vec{x, y, z}) }
			shape := thorax{a: 85, b: 60, noise: 12, rods: []rod{
				{centre: at(-40, -38, 10), along: volume.Vec{1, 0, 0}, lengthMM: 5, peakHU: 1500},
				{centre: at(-40, -32, 10), along: volume.Vec{1, 0, 0}, lengthMM: 5, peakHU: 900}, // 6 mm from the first
				{centre: at(30, -40, -20), along: volume.Vec{0, 1, 0}, lengthMM: 4, peakHU: 450},
			}}
			v := shape.make(g)
			external := volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) > -500 })
			var clips []Clip
			for i, r := range shape.rods {
				k, err := ClipAt(context.Background(), v, external, clips, r.centre.Add(volume.Vec{0.9, -0.8, 0.4 * sliceMM}))
				if err != nil {
					t.Fatalf("clip %d: %v", i, err)
				}
				if d := k.CentreMM.Distance(r.centre); d > 1.3 {
					t.Errorf("clip %d: centre %.2f mm off", i, d)
				}
				if !k.ByHand || !k.Kept || k.Mask.Empty() || k.Side == "" {
					t.Errorf("clip %d: %+v", i, k)
				}
				for j, other := range clips {
					if !k.Mask.Intersect(other.Mask).Empty() {
						t.Errorf("clips %d and %d share voxels", i, j)
					}
				}
				clips = append(clips, k)
			}
			if _, err := ClipAt(context.Background(), v, external, clips, clips[0].CentreMM); !errors.Is(err, ErrClipThere) {
				t.Errorf("pointing at a known clip: %v", err)
			}
			if _, err := ClipAt(context.Background(), v, external, clips, at(0, -45, 20)); !errors.Is(err, ErrNothingThere) {
				t.Errorf("pointing at fat: %v", err)
			}
			if _, err := ClipAt(context.Background(), v, external, nil, at(500, 0, 0)); !errors.Is(err, ErrNothingThere) {
				t.Errorf("pointing outside the CT: %v", err)
			}
		})
	}
}

// BenchmarkClipAt is one press of the key, on a planning CT with ten clips: the window waits for it.
func BenchmarkClipAt(b *testing.B) {
	g := volume.NewUniformGrid(512, 512, 100, 1, 1, 3, volume.Vec{-256, -256, -150})
	c := middle(g)
	var shape thorax
	shape.a, shape.b = 200, 140
	for i := range 11 {
		shape.rods = append(shape.rods, rod{centre: c.Add(volume.Vec{float64(7*i) - 90, -95, 0}), along: volume.Vec{0, 1, 0}, lengthMM: 5, peakHU: 1200})
	}
	v := shape.make(g)
	external := volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) > -500 })
	var clips []Clip
	for _, r := range shape.rods[:10] {
		k, err := ClipAt(b.Context(), v, external, clips, r.centre)
		if err != nil {
			b.Fatal(err)
		}
		clips = append(clips, k)
	}
	for b.Loop() {
		if _, err := ClipAt(b.Context(), v, external, clips, shape.rods[10].centre); err != nil {
			b.Fatal(err)
		}
	}
}
