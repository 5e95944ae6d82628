package segment

import (
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
)

func TestAnatomyOfPhantoms(t *testing.T) {
	for _, seed := range []int64{3, 11} {
		a, err := phantom.NewAnatomy(context.Background(), phantom.Options{Seed: seed, Columns: 230, Rows: 170, Slices: 54, PixelMM: 1.95, SliceMM: 5})
		if err != nil {
			t.Fatal(err)
		}
		c, err := a.Sample(context.Background(), seed, phantom.SampleOptions{Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		external, err := External(context.Background(), c.Volume)
		if err != nil {
			t.Fatal(err)
		}
		got, err := FindAnatomy(context.Background(), c.Volume, external)
		if err != nil {
			t.Fatal(err)
		}
		lungs, bones, breasts := a.Lungs(), a.Bones(), a.Breasts()
		found := bones.Intersect(got.Bones).VolumeMM3() / bones.VolumeMM3()
		inWall := breasts.Intersect(got.Chestwall).VolumeMM3() / breasts.VolumeMM3()
		open := lungs.Subtract(got.Chestwall).VolumeMM3() / lungs.VolumeMM3()
		wall := DSC(lungs, got.Lungs)
		t.Logf("seed %d: lungs DSC %.3f, %.0f %% of bone found, %.2f %% of the breasts in the chest wall, %.2f %% of the lungs before it",
			seed, wall, 100*found, 100*inWall, 100*open)
		if wall < 0.95 {
			t.Errorf("seed %d: lungs DSC %.3f", seed, wall)
		}
		if found < 0.7 {
			t.Errorf("seed %d: %.0f %% of bone found", seed, 100*found)
		}
		if inWall > 0.04 || open > 0.01 {
			t.Errorf("seed %d: %.1f %% of the breasts in the chest wall, %.1f %% of the lungs outside", seed, 100*inWall, 100*open)
		}
		near := volume.Dilate(bones, 6) // a clip on a rib cannot be told from it
		for _, k := range c.Clips {
			if !k.Axillary && !k.Mask.Intersect(got.Bones.Subtract(near)).Empty() {
				t.Errorf("seed %d: clip %d counts as bone", seed, k.ID)
			}
		}
	}
}

func TestAnatomyOfRealCTs(t *testing.T) {
	if testing.Short() {
		t.Skip("reads real CTs")
	}
	files := sharedCTs(t)
	for i := 0; i < len(files); i += 3 { // every third: reading them is what takes time
		f := files[i]
		t.Run(filepath.Base(f), func(t *testing.T) {
			v := readCT(t, f)
			external, err := External(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			a, err := FindAnatomy(context.Background(), v, external)
			if err != nil {
				t.Fatal(err)
			}
			e := external.VolumeMM3()
			lungs, bones, wall := a.Lungs.VolumeMM3(), a.Bones.VolumeMM3(), a.Chestwall.VolumeMM3()
			t.Logf("%v: external %.1f l, lungs %.2f l, bones %.2f l, chest wall %.1f l", time.Since(start), e/1e6, lungs/1e6, bones/1e6, wall/1e6)
			if lungs < 0.02*e || lungs > 0.35*e {
				t.Errorf("lungs %.2f l of %.1f l", lungs/1e6, e/1e6)
			}
			if bones < 0.01*e || bones > 0.15*e {
				t.Errorf("bones %.2f l of %.1f l", bones/1e6, e/1e6)
			}
			if out := a.Lungs.Subtract(a.Chestwall).VolumeMM3(); out > 0.01*lungs {
				t.Errorf("%.1f %% of the lungs lie outside the chest wall", 100*out/lungs)
			}
			if !a.Lungs.Subtract(external).Empty() || !a.Chestwall.Subtract(external).Empty() {
				t.Error("something lies outside the External")
			}
		})
	}
}

func TestAnatomyWithoutLungsOrBones(t *testing.T) {
	g := volume.NewUniformGrid(100, 80, 12, 2, 2, 3, volume.Vec{-100, -80, 0})
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = -1000
	}
	external := volume.MaskWhere(g, func(x, y, _ int) bool { return math.Hypot(float64(x)-50, float64(y)-40) < 30 })
	external.Each(func(x, y, z int) { v.HU[g.Index(x, y, z)] = 20 })
	a, err := FindAnatomy(context.Background(), v, external)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Structures()) != 0 {
		t.Errorf("a block of water has %v", a.Structures())
	}
}

func TestSkinRim(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 20, 1, 1, 3, volume.Vec{})
	external := volume.MaskWhere(g, func(x, y, _ int) bool { return math.Hypot(float64(x)-40, float64(y)-40) <= 30 })
	rim := SkinRim(external, 5)
	want := math.Pi * (30.5*30.5 - 25.5*25.5) * 60
	if got := rim.VolumeMM3(); math.Abs(got-want) > 0.03*want {
		t.Errorf("rim of %.0f mm3, want %.0f", got, want)
	}
}

func BenchmarkAnatomy512x512x100(b *testing.B) {
	v := benchmarkVolume()
	external, err := External(context.Background(), v)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := FindAnatomy(context.Background(), v, external); err != nil {
			b.Fatal(err)
		}
	}
}
