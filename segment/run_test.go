package segment

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// breastRods are clips at least 12 mm apart in the right breast of a thorax centred on c.
func breastRods(c volume.Vec) []rod {
	unit := func(x, y, z float64) volume.Vec { v := volume.Vec{x, y, z}; return v.Scale(1 / v.Norm()) }
	at := func(x, y, z float64) volume.Vec { return c.Add(volume.Vec{x, y, z}) }
	return []rod{
		{at(-30, -46, 20), unit(1, 0, 0), 4, 1500},
		{at(-15, -44, 5), unit(0, 1, 0), 6, 2500},
		{at(-42, -43, 8), unit(0, 0, 1), 6, 900},
		{at(-28, -42, -11), unit(1, 1, 0), 4, 700},
		{at(-32, -49, -2), unit(1, 0, 1), 5, 1800},
	}
}

func testThorax(c volume.Vec) thorax { return thorax{a: 95, b: 62, noise: 12, rods: breastRods(c)} }

func TestRunFindsClips(t *testing.T) {
	grids := map[string]*volume.Grid{
		"1.3 mm pixels, 3 mm slices": volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40}),
		"oblique": func() *volume.Grid {
			g := volume.NewUniformGrid(160, 110, 32, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
			s, c := math.Sincos(0.08)
			g.Row, g.Col = volume.Vec{c, s, 0}, volume.Vec{-s * c, c * c, s}
			return g
		}(),
		"uneven slices": func() *volume.Grid {
			g := volume.NewUniformGrid(200, 134, 32, 1, 1, 2.5, volume.Vec{-100, -68, -40})
			for z := range g.SliceMM {
				if z%3 == 2 {
					g.SliceMM[z] += 0.5
				}
			}
			return g
		}(),
		"feet first": func() *volume.Grid {
			g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{104, -68, 40})
			g.Row = volume.Vec{-1, 0, 0}
			return g
		}(),
	}
	for name, g := range grids {
		t.Run(name, func(t *testing.T) {
			shape := testThorax(middle(g))
			v := shape.make(g)
			nets, location, segmentation := fakeNetworks(200)
			segmentation.inputs = func(in Tensor) {
				if in.Channels != 4 || in.Size != [3]int{96, 96, 96} {
					t.Errorf("segmentation reads %d channels of %v", in.Channels, in.Size)
				}
			}
			stages := map[string]int{}
			r, err := Run(context.Background(), v, nets, RunOptions{Progress: func(stage string, done, total int) {
				if done > total {
					t.Errorf("%s: %d of %d", stage, done, total)
				}
				stages[stage]++
			}})
			if err != nil {
				t.Fatal(err)
			}
			if len(stages) != 3 || location.passes == 0 || segmentation.passes != 1 {
				t.Errorf("stages %v, %d and %d passes", stages, location.passes, segmentation.passes)
			}
			checkFound(t, r, shape.rods)
		})
	}
}

// checkFound compares the clips of r with the rods, one to one, all in the right breast.
func checkFound(t *testing.T, r *Result, rods []rod) {
	t.Helper()
	if len(r.Clips) != len(rods) {
		t.Fatalf("%d clips instead of %d; %v", len(r.Clips), len(rods), r.Warnings)
	}
	taken := map[int]bool{}
	union := volume.NewMask(r.Body.Grid)
	voxels := 0
	for i, c := range r.Clips {
		best, mm := -1, 1.5
		for k, rod := range rods {
			if d := rod.centre.Distance(c.CentreMM); d < mm && !taken[k] {
				best, mm = k, d
			}
		}
		if best < 0 {
			t.Fatalf("clip at %v is within 1.5 mm of no rod", c.CentreMM)
		}
		taken[best] = true
		if c.ID != i+1 || c.Side != "R" || !c.Kept || c.Confidence <= 0.5 || c.Mask.Empty() || c.Marked.Empty() {
			t.Errorf("clip %d: id %d, side %s, kept %v, confidence %g, %d voxels, %d marked", i, c.ID, c.Side, c.Kept, c.Confidence, c.Mask.Count(), c.Marked.Count())
		}
		if c.VolumeMM3 != c.Mask.VolumeMM3() || float64(c.PeakHU) > rods[best].peakHU || float64(c.PeakHU) < 0.4*rods[best].peakHU-100 {
			t.Errorf("clip %d: %g mm3, peak %d of %g", i, c.VolumeMM3, c.PeakHU, rods[best].peakHU)
		}
		if i > 0 && c.CentreMM[2] > r.Clips[i-1].CentreMM[2]+4 {
			t.Errorf("clip %d is above clip %d", i, i-1)
		}
		if len(c.Flags) > 0 && c.Flags[0] != FlagNearSkin {
			t.Errorf("clip %d at %v: flags %v", i, c.CentreMM, c.Flags)
		}
		union = union.Union(c.Mask)
		voxels += c.Mask.Count()
		for k := range 3 {
			if c.CentreMM[k] < r.ROI.MinMM[k] || c.CentreMM[k] > r.ROI.MaxMM[k] {
				t.Errorf("clip %d at %v is outside the region %v", i, c.CentreMM, *r.ROI)
			}
		}
	}
	if union.Count() != voxels {
		t.Error("clips share a voxel")
	}
	for i := range 3 {
		if side := r.ROI.MaxMM[i] - r.ROI.MinMM[i]; side < 191.9 || side > 230 {
			t.Errorf("region is %g mm along axis %d", side, i)
		}
	}
}

// TestMemoryAnswersAgain: a second run on a volume asks the Location Net nothing and finds the same; another volume, another
// network or another provider is worked out anew.
func TestMemoryAnswersAgain(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	shape := testThorax(middle(g))
	v := shape.make(g)
	nets, location, segmentation := fakeNetworks(200)
	run := func(o RunOptions) *Result {
		t.Helper()
		r, err := Run(context.Background(), v, nets, o)
		if err != nil {
			t.Fatal(err)
		}
		checkFound(t, r, shape.rods)
		return r
	}
	plain := run(RunOptions{})
	asked := location.passes
	memory := new(Memory)
	first := run(RunOptions{Memory: memory})
	if location.passes != 2*asked {
		t.Fatalf("%d passes, then %d", asked, location.passes)
	}
	again := run(RunOptions{Memory: memory})
	if location.passes != 2*asked || again.Body != first.Body || again.External != first.External {
		t.Errorf("the second run asked again: %d passes", location.passes)
	}
	for _, r := range []*Result{first, again} {
		for i, c := range r.Clips {
			if p := plain.Clips[i]; c.CentreMM != p.CentreMM || c.Confidence != p.Confidence || !c.Mask.Equal(p.Mask) {
				t.Errorf("clip %d differs from that of a run without memory", i+1)
			}
		}
		if !r.External.Equal(plain.External) || *r.ROI != *plain.ROI {
			t.Error("outline or region differ")
		}
	}
	passes := segmentation.passes
	boxed := run(RunOptions{Memory: memory, Box: first.ROI})
	if location.passes != 2*asked || segmentation.passes == passes || len(boxed.Clips) != len(first.Clips) {
		t.Errorf("in a box: %d clips, %d passes", len(boxed.Clips), location.passes)
	}
	nets.LocationCard.SHA256 = strings.Repeat("1", 64)
	run(RunOptions{Memory: memory})
	if location.passes != 3*asked {
		t.Error("another Location Net was not asked")
	}
	v = shape.make(g)
	if r := run(RunOptions{Memory: memory}); location.passes != 4*asked || r.Body == first.Body {
		t.Error("another volume was not looked at")
	}
}

func TestRunSplitsPairs(t *testing.T) {
	g := volume.NewUniformGrid(200, 132, 30, 1, 1, 2, volume.Vec{-100, -66, -30})
	c := middle(g)
	inPlane := []volume.Vec{{1, 0, 0}, {0, 1, 0}, {0.7071, 0.7071, 0}}
	for gap, directions := range map[float64][]volume.Vec{4: inPlane, 5: append(inPlane, volume.Vec{0.6, 0, 0.8})} {
		for _, across := range directions {
			first := c.Add(volume.Vec{-25, -45, 5.3})
			along := across.Cross(volume.Vec{0.7071, -0.7071, 0})
			if along.Norm() < 0.1 {
				along = across.Cross(volume.Vec{0, 0, 1})
			}
			along = along.Scale(1 / along.Norm())
			shape := thorax{a: 95, b: 62, noise: 10, rods: []rod{
				{first, along, 4, 2200}, {first.Add(across.Scale(gap)), along, 4, 1700},
			}}
			nets, _, segmentation := fakeNetworks(150)
			marked := 0
			segmentation.answer = func(out []float32) {
				for _, l := range out {
					if l > 0 {
						marked++
					}
				}
			}
			r, err := Run(context.Background(), shape.make(g), nets, RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Clips) != 2 {
				t.Errorf("%g mm along %v: %d clips (%d voxels marked)", gap, across, len(r.Clips), marked)
				continue
			}
			checkFound(t, r, shape.rods)
			if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Only 2") {
				t.Errorf("warnings %q", r.Warnings)
			}
		}
	}
}

func TestRunNothing(t *testing.T) {
	g := volume.NewUniformGrid(80, 52, 20, 2.6, 2.6, 4, volume.Vec{-104, -68, 0})
	shape := thorax{a: 95, b: 62, rods: []rod{{middle(g).Add(volume.Vec{0, -40, 2}), volume.Vec{1, 0, 0}, 8, 600}}}
	nets, location, segmentation := fakeNetworks(1000)
	r, err := Run(context.Background(), shape.make(g), nets, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Clips) != 0 || r.ROI != nil || len(r.Warnings) != 1 || segmentation.passes != 0 || location.passes == 0 {
		t.Errorf("clips %d, region %v, warnings %q, passes %d", len(r.Clips), r.ROI, r.Warnings, segmentation.passes)
	}
	air := volume.NewVolume(g)
	for i := range air.HU {
		air.HU[i] = -1000
	}
	if _, err := Run(context.Background(), air, nets, RunOptions{}); !errors.Is(err, ErrNoBody) {
		t.Errorf("air: %v", err)
	}
}

func TestRunWarnsOfThickSlices(t *testing.T) {
	for mm, want := range map[float64]bool{5: false, 8: true} {
		g := volume.NewUniformGrid(160, 104, 12, 1.3, 1.3, mm, volume.Vec{-104, -68, -40})
		nets, _, _ := fakeNetworks(200)
		r, err := Run(context.Background(), thorax{a: 95, b: 62}.make(g), nets, RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(r.Warnings, "\n"), "thicker than those that the networks learnt from"); got != want {
			t.Errorf("slices of %g mm: warnings %q", mm, r.Warnings)
		}
	}
}

func TestRunDropsWhatIsNoClip(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	shape := testThorax(middle(g))
	nets, _, segmentation := fakeNetworks(200)
	segmentation.answer = func(out []float32) {
		for z := 40; z < 60; z++ {
			for y := 60; y < 80; y++ {
				for x := 40; x < 60; x++ {
					out[(z*96+y)*96+x] = 5
				}
			}
		}
	}
	r, err := Run(context.Background(), shape.make(g), nets, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Clips) != len(shape.rods) || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "too large") {
		t.Errorf("%d clips, warnings %q", len(r.Clips), r.Warnings)
	}
}

func TestRunInBox(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	c := middle(g)
	shape := testThorax(c)
	v := shape.make(g)
	nets, _, _ := fakeNetworks(200)
	box := &ROI{MinMM: c.Add(volume.Vec{-37, -60, 3}), MaxMM: c.Add(volume.Vec{-8, -20, 30})}
	r, err := Run(context.Background(), v, nets, RunOptions{Box: box})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Clips) != 2 {
		t.Errorf("%d clips in the box instead of 2", len(r.Clips))
	}
	if r.ROI.MinMM != box.MinMM || r.ROI.MaxMM != box.MaxMM {
		t.Errorf("region %v", *r.ROI)
	}
	far := &ROI{MinMM: volume.Vec{900, 900, 900}, MaxMM: volume.Vec{950, 950, 950}}
	if _, err := Run(context.Background(), v, nets, RunOptions{Box: far}); err == nil {
		t.Error("a box outside the patient is accepted")
	}
}

func TestFeatureIsTheLocationsLogits(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 28, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	v := testThorax(middle(g)).make(g)
	nets, _, segmentation := fakeNetworks(200)
	segmentation.inputs = func(in Tensor) {
		ch, f := in.Channel(2), in.Channel(3)
		for i := range f {
			want := 20 * (ch[i] - segmentation.level)
			if math.Abs(float64(f[i]-want)) > 1e-4 && f[i] != -10 {
				t.Fatalf("feature %g where the Location Net answered %g", f[i], want)
			}
		}
	}
	if _, err := Run(context.Background(), v, nets, RunOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestRunStopsWhenCancelled(t *testing.T) {
	g := volume.NewUniformGrid(160, 104, 60, 1.3, 1.3, 3, volume.Vec{-104, -68, -40})
	v := testThorax(middle(g)).make(g)
	for _, stage := range []string{"prepare", "locate", "segment"} {
		stopsInTime(t, stage, func() (at time.Time, err error) {
			nets, location, segmentation := fakeNetworks(200)
			location.delay, segmentation.delay = 20*time.Millisecond, time.Second
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_, err = Run(ctx, v, nets, RunOptions{Progress: func(s string, _, _ int) {
				if s == stage && at.IsZero() {
					at = time.Now()
					cancel()
				}
			}})
			if err == nil {
				t.Errorf("%s: not cancelled", stage)
			}
			return at, err
		})
	}
}

func TestRunRefusals(t *testing.T) {
	g := volume.NewUniformGrid(80, 52, 20, 2.6, 2.6, 4, volume.Vec{-104, -68, 0})
	v := testThorax(middle(g)).make(g)
	whole, _, _ := fakeNetworks(200)
	noLocation := whole
	noLocation.Location = nil
	loop := whole
	loop.LocationCard = whole.SegmentationCard
	foreignGrid := whole
	foreignGrid.LocationCard.SpacingMM = 3
	for name, nets := range map[string]Networks{"none": {}, "no location": noLocation, "location with feature": loop, "two spacings": foreignGrid} {
		if _, err := Run(context.Background(), v, nets, RunOptions{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	broken, location, _ := fakeNetworks(200)
	location.answer = func(out []float32) { out[5] = float32(math.NaN()) }
	if _, err := Run(context.Background(), v, broken, RunOptions{}); !errors.Is(err, ErrNotANumber) {
		t.Errorf("not a number: %v", err)
	}
}

// TestMirror: a mirrored pass sees the patch turned round, and what it answers counts as much where it belongs.
func TestMirror(t *testing.T) {
	const n = 32
	g := volume.NewUniformGrid(n, n, n, 2, 2, 2, volume.Vec{})
	r := &resampled{Placement: Placement{Grid: g, Source: g}, hu: make([]int16, g.Len())}
	r.hu[g.Index(3, 5, 7)] = 1000
	card := fakeCard("x")
	card.PatchVoxels, card.Mirror = n, true
	pass := 0
	net := &fakeNetwork{channel: 2, answer: func(out []float32) { // twice as sure in the second pass
		pass++
		for i := range out {
			out[i] *= float32(pass)
		}
	}}
	s := slider{name: "x", net: net, card: &card, in: r, progress: func(int, int) {}}
	m, err := s.slide(context.Background(), g.Bounds(), [][3]int{{}})
	if err != nil {
		t.Fatal(err)
	}
	if want := float32(1.5 * 20 * 1200 / 2400); net.passes != 2 || math.Abs(float64(m.at(3, 5, 7)-want)) > 1e-3 || m.at(28, 5, 7) >= m.at(3, 5, 7) {
		t.Errorf("%d passes, %g at the voxel (want %g), %g at its mirror", net.passes, m.at(3, 5, 7), want, m.at(28, 5, 7))
	}
}
