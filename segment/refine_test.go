package segment

import (
	"context"
	"math"
	"testing"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
)

// perfectly is what a perfect network would mark: the voxels of r at whose centre the trilinear indicator of
// a clip's truth reaches one half, and the one nearest to its centroid.
func perfectly(r *resampled, clips []phantom.Clip) []component {
	m := volume.NewMask(r.Grid)
	for _, k := range clips {
		g := k.Mask.Grid
		truth := volume.NewVolume(g)
		var sum volume.Vec
		k.Mask.Each(func(x, y, z int) {
			truth.HU[g.Index(x, y, z)] = 1000
			sum = sum.Add(g.ToPatient(float64(x), float64(y), float64(z)))
		})
		centroid := sum.Scale(1 / float64(k.Mask.Count()))
		x, y, z := r.Grid.ToVoxel(centroid)
		m.Set(int(x+0.5), int(y+0.5), int(z+0.5), true)
		box := boxAround(r.Grid, centroid, 15)
		for z := box.Min[2]; z < box.Max[2]; z++ {
			for y := box.Min[1]; y < box.Max[1]; y++ {
				for x := box.Min[0]; x < box.Max[0]; x++ {
					if in, ok := truth.SampleHU(r.Grid.ToPatient(float64(x), float64(y), float64(z))); ok && in >= 500 {
						m.Set(x, y, z, true)
					}
				}
			}
		}
	}
	var parts []component
	for _, found := range volume.ComponentRuns(m) {
		var c component
		for _, run := range found.Runs {
			for x := run.X0; x < run.X1; x++ {
				c.voxels = append(c.voxels, [3]int{x, run.Y, run.Z})
				c.logits = append(c.logits, 5)
			}
		}
		parts = append(parts, c)
	}
	return parts
}

// TestRefineOnPhantom brings what a perfect network would mark back to the CT, where the truth is known: the
// centre of the metal within the sampling, the half-level volume, the side.
func TestRefineOnPhantom(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a phantom")
	}
	ctx := context.Background()
	c, err := phantom.Generate(ctx, phantom.Options{Seed: 11, Columns: 320, Rows: 230, Slices: 70, PixelMM: 1.27, SliceMM: 3})
	if err != nil {
		t.Fatal(err)
	}
	body, err := Body(ctx, c.Volume)
	if err != nil {
		t.Fatal(err)
	}
	external, err := External(ctx, c.Volume)
	if err != nil {
		t.Fatal(err)
	}
	if s := share(external, c.External); s < 0.99 {
		t.Errorf("overlap of the external with the truth %.4f", s)
	}
	r, err := resampleBody(ctx, c.Volume, body, networkSpacingMM, networkPatchVoxels)
	if err != nil {
		t.Fatal(err)
	}
	found, err := refine(ctx, c.Volume, r, perfectly(r, c.Clips), nil)
	if err != nil {
		t.Fatal(err)
	}
	hits, errorMM, found3, truth3 := 0, 0.0, 0.0, 0.0
	for _, k := range c.Clips {
		best, mm := -1, 5.0
		for i, f := range found {
			if d := f.centre.Distance(k.CentreMM); d < mm {
				best, mm = i, d
			}
		}
		if best < 0 {
			continue
		}
		clip := found[best].clip(c.Volume.Grid, r.Grid, external)
		hits++
		errorMM += mm
		found3 += clip.VolumeMM3
		truth3 += k.VolumeMM3
		if clip.Side != k.Side {
			t.Errorf("clip at %v is on side %s", k.CentreMM, clip.Side)
		}
	}
	t.Logf("%d clips, %d refined, %d hit, mean error %.2f mm, volume %.2f of the truth", len(c.Clips), len(found), hits, errorMM/float64(hits), found3/truth3)
	if hits < len(c.Clips)-1 || len(found) > len(c.Clips)+1 || errorMM/float64(hits) > 1 || math.Abs(found3/truth3-1) > 0.2 {
		t.Error("the refined clips are not the truth's")
	}
}
