package segment

import (
	"context"
	"errors"
	"testing"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
)

// bedClips are the bed's clips of a phantom, kept.
func bedClips(c *phantom.Case) []Clip {
	var clips []Clip
	for _, k := range c.Clips {
		if !k.Axillary {
			clips = append(clips, Clip{ID: k.ID, Side: k.Side, Kept: true, Mask: k.Mask, CentreMM: k.CentreMM})
		}
	}
	return clips
}

func TestSeromaOfPhantoms(t *testing.T) {
	a, err := phantom.NewAnatomy(context.Background(), phantom.Options{Seed: 5, Columns: 290, Rows: 210, Slices: 50, PixelMM: 1.4, SliceMM: 4})
	if err != nil {
		t.Fatal(err)
	}
	good, large, invented := 0, 0, 0
	for seed := range int64(14) {
		c, err := a.Sample(context.Background(), seed, phantom.SampleOptions{RegionMM: 150})
		if err != nil {
			t.Fatal(err)
		}
		whole := volume.MaskWhere(c.Volume.Grid, func(x, y, z int) bool { return c.Volume.At(x, y, z) > externalHU })
		external := volume.FillHoles(volume.LargestComponent(whole))
		s, err := FindSeroma(context.Background(), c.Volume, external, nil, bedClips(c))
		truth := c.Seroma.VolumeMM3() / 1000
		if err != nil {
			if !errors.Is(err, ErrNoSeroma) {
				t.Fatal(err)
			}
			t.Logf("seed %d: truth %.1f cc, none proposed", seed, truth)
			continue
		}
		d := DSC(s.Mask, c.Seroma)
		t.Logf("seed %d: truth %.1f cc, proposed %.1f cc of %.0f HU, DSC %.2f, %q", seed, truth, s.Mask.VolumeMM3()/1000, s.MeanHU, d, s.Warnings)
		if truth == 0 {
			invented++
		}
		if truth >= 3 {
			large++
			if d >= 0.7 {
				good++
			}
		}
	}
	if invented > 1 {
		t.Errorf("%d seromas proposed where there is none", invented)
	}
	if large < 4 || good*10 < large*7 {
		t.Errorf("%d of %d seromas of 3 cc or more are found with a DSC of 0.7 or more", good, large)
	}
}
