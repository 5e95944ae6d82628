package phantom

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// tiny is a whole body at low resolution: quick enough for tests.
func tiny(seed int64) Options {
	return Options{Seed: seed, Columns: 170, Rows: 130, Slices: 26, PixelMM: 2.6, SliceMM: 9}
}

func generate(t *testing.T, o Options) *Case {
	t.Helper()
	c, err := Generate(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSameSeedSameBytesWhateverTheProcessors(t *testing.T) {
	a := generate(t, tiny(7))
	old := runtime.GOMAXPROCS(1)
	b := generate(t, tiny(7))
	runtime.GOMAXPROCS(max(4, old))
	c := generate(t, tiny(7))
	runtime.GOMAXPROCS(old)
	if !slices.Equal(a.Volume.HU, b.Volume.HU) || !slices.Equal(a.Volume.HU, c.Volume.HU) {
		t.Fatal("one seed made different voxels")
	}
	if len(a.Clips) != len(b.Clips) || !a.External.Equal(b.External) || !a.Seroma.Equal(c.Seroma) {
		t.Fatal("one seed made different truth")
	}
	for i := range a.Clips {
		if a.Clips[i].CentreMM != c.Clips[i].CentreMM || !a.Clips[i].Mask.Equal(c.Clips[i].Mask) {
			t.Fatalf("clip %d differs", i)
		}
	}
	if d := generate(t, tiny(8)); slices.Equal(a.Volume.HU, d.Volume.HU) {
		t.Fatal("two seeds made the same case")
	}
}

func trainingAnatomy(t *testing.T, seed int64) *Anatomy {
	t.Helper()
	o := TrainingOptions(seed)
	o.PixelMM, o.SliceMM = 1.4, 5
	o.Columns, o.Rows, o.Slices = 290, 210, 36
	a, err := NewAnatomy(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A brute-force oracle of the truth: every voxel's share of the clip by its own sum over the metal.
func TestTruthIsHalfThePeakOfTheClipsOwnContribution(t *testing.T) {
	a := trainingAnatomy(t, 4)
	seed := int64(11)
	c, err := a.Sample(context.Background(), seed, SampleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g := c.Volume.Grid
	r := stream(3, streamBed, 0)
	s := clipSolid(g.ToPatient(40.3, 50.6, 12.2), direction(r), direction(r), 6, 0.85, 0.3)
	p := splat(g, s, 1.3)
	sigma := 1.3 / fwhmPerSigma
	metal := 0.0
	for _, q := range s.points {
		metal += q.mm3
	}
	if want := 2 * 6 * math.Pi * 0.425 * 0.425; math.Abs(metal-want) > 0.25*want {
		t.Errorf("a 6 mm clip holds %.2f mm3 of metal, about %.2f expected", metal, want)
	}
	peak, share := 0.0, map[[3]int]float64{}
	for z := 9; z < 16; z++ {
		for y := 40; y < 62; y++ {
			for x := 30; x < 52; x++ {
				at := g.ToPatient(float64(x), float64(y), float64(z))
				sum := 0.0
				for _, q := range s.points {
					d2 := square(q.x-at[0]) + square(q.y-at[1])
					sum += q.mm3 * math.Exp(-d2/(2*sigma*sigma)) / (2 * math.Pi * sigma * sigma) * sliceProfile(q.z-at[2], 5)
				}
				share[[3]int{x, y, z}] = sum
				peak = math.Max(peak, sum)
			}
		}
	}
	m := p.mask(g)
	for v, f := range share {
		if math.Abs(f-peak/2) > 0.01*peak && m.At(v[0], v[1], v[2]) != (f >= peak/2) {
			t.Errorf("voxel %v holds %.3f of the peak, truth says %v", v, f/peak, m.At(v[0], v[1], v[2]))
		}
	}
	for _, k := range c.Clips {
		x, y, z := g.ToVoxel(k.CentreMM)
		b := k.Mask.Bounds().Grow(3)
		if k.Mask.Empty() || !b.Contains(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) {
			t.Errorf("clip %d: mask %v is not about its centre (%.1f, %.1f, %.1f)", k.ID, b, x, y, z)
		}
		if !c.External.At(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) {
			t.Errorf("clip %d lies outside the body", k.ID)
		}
	}
}

func TestTissuesHaveTheirHU(t *testing.T) {
	o := tiny(5)
	o.PixelMM, o.Columns, o.Rows, o.SliceMM, o.NoiseHU, o.PSFMM = 1.5, 290, 210, 5, 0.1, 1
	a, err := NewAnatomy(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	byTissue := make(map[uint8][]int16)
	for i, class := range a.tissue {
		byTissue[class] = append(byTissue[class], a.base[i])
	}
	for _, want := range []struct {
		name   string
		class  uint8
		lo, hi int16
	}{
		{"air", tissueAir, -1000, -980},
		{"fat", tissueFat, -118, -90},
		{"muscle", tissueMuscle, 30, 62},
		{"lung", tissueLung, -900, -700},
		{"vessel", tissueVessel, 35, 55},
		{"bone", tissueBone, 130, 600},
	} {
		hu := byTissue[want.class]
		if len(hu) < 100 {
			t.Errorf("%s: only %d voxels", want.name, len(hu))
			continue
		}
		slices.Sort(hu)
		if m := hu[len(hu)/2]; m < want.lo || m > want.hi {
			t.Errorf("%s: median %d HU, want %d to %d", want.name, m, want.lo, want.hi)
		}
	}
	bone := byTissue[tissueBone]
	if p99 := bone[len(bone)*99/100]; p99 < 500 || p99 > 1400 {
		t.Errorf("densest bone %d HU", p99)
	}
}

func TestCaseHoldsWhatItPromises(t *testing.T) {
	for _, seed := range []int64{1, 2, 3} {
		o := tiny(seed)
		c := generate(t, o)
		g := c.Volume.Grid
		bed := 0
		for i, k := range c.Clips {
			if k.ID != i+1 {
				t.Errorf("seed %d: clip %d has id %d", seed, i, k.ID)
			}
			if !k.Axillary {
				bed++
				if k.Side != c.Side {
					t.Errorf("seed %d: bed clip on side %s of a case on side %s", seed, k.Side, c.Side)
				}
			}
			if math.Abs(k.VolumeMM3-k.Mask.VolumeMM3()) > 1e-6 || k.Mask.Grid != g {
				t.Errorf("seed %d: clip %d: volume %g, mask %g", seed, k.ID, k.VolumeMM3, k.Mask.VolumeMM3())
			}
		}
		if bed < 3 || bed > 12 {
			t.Errorf("seed %d: %d bed clips", seed, bed)
		}
		if litres := c.External.VolumeMM3() / 1e6; litres < 8 || litres > 60 {
			t.Errorf("seed %d: External of %.1f l", seed, litres)
		}
		lo, hi := slices.Min(c.Volume.HU), slices.Max(c.Volume.HU)
		if lo < lowestHU || hi > highestHU {
			t.Errorf("seed %d: HU from %d to %d", seed, lo, hi)
		}
		if n := falseComponents(c, 300); n < 5 {
			t.Errorf("seed %d: 300 HU gives only %d false components", seed, n)
		}
	}
}

// falseComponents counts the 6-connected sets of body voxels at or above hu that touch no clip.
func falseComponents(c *Case, hu int16) int {
	g := c.Volume.Grid
	seen := make([]bool, g.Len())
	clip := volume.NewMask(g)
	for _, k := range c.Clips {
		clip = clip.Union(k.Mask)
	}
	n := 0
	for start, v := range c.Volume.HU {
		if v < hu || seen[start] {
			continue
		}
		seen[start] = true
		stack, isClip := []int{start}, false
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y, z := i%g.Nx, i/g.Nx%g.Ny, i/(g.Nx*g.Ny)
			isClip = isClip || clip.At(x, y, z)
			for _, d := range [][3]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}} {
				if a, b, e := x+d[0], y+d[1], z+d[2]; g.Contains(a, b, e) {
					if j := g.Index(a, b, e); c.Volume.HU[j] >= hu && !seen[j] {
						seen[j] = true
						stack = append(stack, j)
					}
				}
			}
		}
		if !isClip {
			n++
		}
	}
	return n
}

func TestCancelStopsWithin100ms(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		time.Sleep(150 * time.Millisecond)
		cancel()
	}()
	_, err := Generate(ctx, Options{Seed: 1})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	var stopped time.Time
	go func() {
		time.Sleep(400 * time.Millisecond)
		stopped = time.Now()
		cancel()
	}()
	if _, err := Generate(ctx, Options{Seed: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	// Three times the promise: this machine may be shared.
	if took := time.Since(stopped); took > 300*time.Millisecond {
		t.Errorf("stopped %v after the cancel", took)
	}
}

func TestInsertIntoKeepsToSoftTissue(t *testing.T) {
	a := trainingAnatomy(t, 9)
	whole, err := a.Sample(context.Background(), 1, SampleOptions{Whole: true, NoClips: true, Distractors: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range int64(4) {
		c, err := InsertInto(context.Background(), whole.Volume, whole.External, seed, SampleOptions{Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Clips) < 3 {
			t.Errorf("seed %d: %d clips", seed, len(c.Clips))
		}
		for _, k := range c.Clips {
			x, y, z := c.Volume.Grid.ToVoxel(k.CentreMM)
			before := whole.Volume.At(int(math.Round(x)), int(math.Round(y)), int(math.Round(z)))
			if before < -300 || before > 200 {
				t.Errorf("seed %d: clip %d sits in %d HU", seed, k.ID, before)
			}
		}
		d, err := InsertInto(context.Background(), whole.Volume, whole.External, seed, SampleOptions{Whole: true})
		if err != nil || !slices.Equal(c.Volume.HU, d.Volume.HU) {
			t.Errorf("seed %d is not reproducible (%v)", seed, err)
		}
	}
	if _, err := InsertInto(context.Background(), whole.Volume, volume.NewMask(whole.Volume.Grid), 1, SampleOptions{}); err == nil {
		t.Error("an empty External was accepted")
	}
}

func TestOptionsThatCannotBeRendered(t *testing.T) {
	for _, o := range []Options{{Columns: 8}, {Slices: 100000}, {PixelMM: -1}, {SliceMM: math.NaN()}, {Density: 2}, {NoiseHU: -3}} {
		if _, err := NewAnatomy(context.Background(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// The streak of one wire must leave the mean near zero, darken along the legs' plane, and fade.
func TestStreaksDarkenBetweenTwoMetals(t *testing.T) {
	g := volume.NewUniformGrid(120, 120, 1, 1, 1, 5, volume.Vec{})
	hu := make([]float32, g.Len())
	var specks []speck
	for _, x := range []float64{50, 70} {
		for i := range 9 {
			specks = append(specks, speck{x + 0.2*float64(i-4), 60, 0.05})
		}
	}
	new(streaks).add(g, hu, specks, stream(1, streamStreaks, 0))
	mean := func(x0, x1, y0, y1 int) float64 {
		s, n := 0.0, 0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				s, n = s+float64(hu[y*120+x]), n+1
			}
		}
		return s / float64(n)
	}
	between, aside, away := mean(57, 64, 60, 61), mean(57, 64, 70, 76), mean(2, 6, 2, 6)
	t.Logf("between %.1f HU, aside %.1f, away %.1f", between, aside, away)
	if between > -4 || between > aside-4 || math.Abs(away) > 3 {
		t.Errorf("between the metals %.1f HU, aside %.1f, away %.1f", between, aside, away)
	}
}

func TestImplantsAndKernelsAreDrawn(t *testing.T) {
	silicone, expanders := int64(-1), int64(-1)
	for seed := int64(1); silicone < 0 || expanders < 0; seed++ {
		switch d := drawImplants(seed); {
		case d.expander >= 0 && expanders < 0:
			expanders = seed
		case d.expander < 0 && d.hu > 70 && silicone < 0:
			silicone = seed
		}
	}
	a, err := NewAnatomy(context.Background(), Options{Seed: silicone, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0
	for k, class := range a.tissue {
		if class == tissueImplant {
			sum, n = sum+float64(a.base[k]), n+1
		}
	}
	cc := float64(n) * a.grid.SpacingX * a.grid.SpacingY * a.o.SliceMM / 1000
	if mean := sum / float64(max(n, 1)); cc < 100 || cc > 1500 || mean < 70 || mean > 150 {
		t.Errorf("implants of %.0f cc at %.0f HU, want some hundred cc of silicone", cc, mean)
	}
	c, err := Generate(context.Background(), Options{Seed: expanders, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(c.Distractors, func(d Distractor) bool { return d.Kind == "expander port" }) {
		t.Error("the expander has no port")
	}
}

func TestASharpKernelRaisesTheNoiseAndCanBeExtended(t *testing.T) {
	at := func(sharpness float64, extended bool) (noiseHU float64, peak int) {
		c, err := Generate(context.Background(), Options{Seed: 8, Columns: 320, Rows: 220, Slices: 60, SliceMM: 2, Sharpness: sharpness, ExtendedRange: extended, NoiseHU: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range c.Volume.HU {
			peak = max(peak, int(v))
		}
		return noiseOf(c.Volume, c.External), peak
	}
	plain, clipped := at(0, false)
	sharp, _ := at(0.8, false)
	if sharp < 1.2*plain {
		t.Errorf("noise %.1f HU of a sharp kernel, %.1f HU of a smooth one", sharp, plain)
	}
	if _, peak := at(0, true); clipped != highestHU || peak <= highestHU {
		t.Errorf("peaks %d HU in 12 bits and %d HU in the extended range", clipped, peak)
	}
}

// TestBreastsAreGraftedOntoAFlatChest takes a thin woman's phantom with its breasts cut off for a real CT.
func TestBreastsAreGraftedOntoAFlatChest(t *testing.T) {
	a, err := NewAnatomy(context.Background(), Options{Seed: 2, Small: true, Habitus: 0.05, BreastSize: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	g := a.Grid()
	v := &volume.Volume{Grid: g, HU: slices.Clone(a.base)}
	external := volume.NewMask(g)
	front := a.m.toWorld(vec{0, -a.m.cageA.at(-30) - 14, -30})[1]
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				k := g.Index(x, y, z)
				switch {
				case a.tissue[k] < tissueSkin:
				case g.ToPatient(0, float64(y), 0)[1] < front: // flat
					v.HU[k] = -1000
				default:
					external.Set(x, y, z, true)
				}
			}
		}
	}
	host, err := NewHost(v, external)
	if err != nil {
		t.Fatal(err)
	}
	before := external.Clone()
	grafted, err := host.WithBreasts(3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(host.t.hu, v.HU) || external.Count() != before.Count() {
		t.Error("the host itself was changed")
	}
	added, sum := 0, 0.0
	grafted.t.external.Each(func(x, y, z int) {
		if !external.At(x, y, z) {
			added++
			sum += float64(grafted.t.hu[g.Index(x, y, z)])
		}
	})
	cc := float64(added) * g.VoxelVolume(0) / 1000
	if mean := sum / float64(max(added, 1)); cc < 100 || cc > 3000 || mean < -110 || mean > 30 {
		t.Errorf("%.0f cc of %.0f HU were added, want two breasts of fat and gland", cc, mean)
	}
	again, err := host.WithBreasts(3)
	if err != nil || !slices.Equal(again.t.hu, grafted.t.hu) {
		t.Errorf("the same seed gives another graft, %v", err)
	}
	c, err := grafted.Sample(context.Background(), 4, SampleOptions{Whole: true})
	if err != nil || len(c.Clips) < 5 {
		t.Errorf("no case in the grafted CT: %v", err)
	}
	if _, err := grafted.WithBreasts(5); !errors.Is(err, ErrNotFlat) {
		t.Errorf("a second graft gives %v, want ErrNotFlat", err)
	}
}
