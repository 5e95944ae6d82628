package segment

import (
	"context"
	"math"
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

// clipAt is a kept clip of one voxel on side.
func clipAt(g *volume.Grid, id int, side string, x, y, z int) Clip {
	m := volume.NewMask(g)
	m.Set(x, y, z, true)
	return Clip{ID: id, Side: side, Kept: true, Mask: m, CentreMM: g.ToPatient(float64(x), float64(y), float64(z))}
}

func TestHullAgainstHalfSpacesOfEveryTriple(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coordinate := rapid.OneOf(rapid.Float64Range(-20, 20), rapid.Map(rapid.IntRange(-4, 4), func(i int) float64 { return float64(i) * 2.5 }))
		points := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) volume.Vec {
			return volume.Vec{coordinate.Draw(t, "x"), coordinate.Draw(t, "y"), coordinate.Draw(t, "z")}
		}), 1, 14).Draw(t, "points")
		h, ok := newHull(points)
		if !ok {
			for _, p := range points { // all within a thousandth of a plane
				for _, a := range points {
					for _, b := range points {
						for _, c := range points {
							n := a.Sub(p).Cross(b.Sub(p))
							if n.Norm() > 1 && math.Abs(n.Dot(c.Sub(p)))/n.Norm() > 0.1 {
								t.Fatalf("%v %v %v %v are not in a plane", p, a, b, c)
							}
						}
					}
				}
			}
			return
		}
		for _, f := range h.facets {
			for _, p := range points {
				if f.plane.above(p) > 1e-4 {
					t.Fatalf("%v is %g mm outside", p, f.plane.above(p))
				}
			}
			if n := f.plane.normal.Norm(); math.Abs(n-1) > 1e-9 {
				t.Fatalf("normal of length %g", n)
			}
		}
		// Closed: every edge is shared by two facets, once each way; Euler's formula holds.
		edges := map[[2]int]int{}
		corners := map[int]bool{}
		for _, f := range h.facets {
			for e := range 3 {
				edges[[2]int{f.corner[e], f.corner[(e+1)%3]}]++
				corners[f.corner[e]] = true
			}
		}
		for e, n := range edges {
			if n != 1 || edges[[2]int{e[1], e[0]}] != 1 {
				t.Fatalf("edge %v occurs %d times", e, n)
			}
		}
		if len(corners)-len(edges)/2+len(h.facets) != 2 {
			t.Fatalf("%d corners, %d edges, %d facets", len(corners), len(edges)/2, len(h.facets))
		}
		if h.volumeMM3() <= 0 {
			t.Fatalf("volume %g", h.volumeMM3())
		}
	})
}

func TestHullOfABox(t *testing.T) {
	var points []volume.Vec
	for x := range 5 {
		for y := range 5 {
			for z := range 5 {
				points = append(points, volume.Vec{float64(x), 2 * float64(y), 3 * float64(z)})
			}
		}
	}
	h, ok := newHull(points)
	if !ok {
		t.Fatal("no hull")
	}
	thick, across := h.thickness()
	if math.Abs(h.volumeMM3()-4*8*12) > 1e-3 || math.Abs(thick-4) > 1e-3 || math.Abs(across[0]) < 0.999 {
		t.Fatalf("box of %g mm3, %g mm thick along %v", h.volumeMM3(), thick, across)
	}
}

// clipsOnASphere are n clips of one voxel about radiusMM from the centre of g.
func clipsOnASphere(g *volume.Grid, n int, radiusMM float64, seed int64) []Clip {
	r := rand.New(rand.NewSource(seed))
	centre := g.ToPatient(float64(g.Nx)/2, float64(g.Ny)/2, float64(g.Nz())/2)
	var clips []Clip
	for i := range n {
		d := volume.Vec{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		x, y, z := g.ToVoxel(centre.Add(d.Scale(radiusMM / d.Norm())))
		clips = append(clips, clipAt(g, i+1, "L", int(math.Round(x)), int(math.Round(y)), int(math.Round(z))))
	}
	return clips
}

func TestSurgicalBedIsTheHullOfTheClips(t *testing.T) {
	even := volume.NewUniformGrid(80, 80, 30, 1.2, 1.2, 3, volume.Vec{-40, -40, 100})
	finerBelow, finerAbove := *even, *even
	finerBelow.SliceMM = []float64{0, 1, 2, 3, 4, 5}
	finerAbove.SliceMM = nil
	for mm := 8.0; mm <= 89; mm += 3 {
		finerBelow.SliceMM = append(finerBelow.SliceMM, mm)
	}
	for i := range finerBelow.SliceMM {
		last := len(finerBelow.SliceMM) - 1
		finerAbove.SliceMM = append(finerAbove.SliceMM, finerBelow.SliceMM[last]-finerBelow.SliceMM[last-i])
	}
	for _, g := range []*volume.Grid{even, &finerBelow, &finerAbove} {
		bedIsHull(t, g)
	}
}

func bedIsHull(t *testing.T, g *volume.Grid) {
	t.Helper()
	clips := clipsOnASphere(g, 9, 24, 3)
	bed, warnings := SurgicalBed(g, clips)
	if len(warnings) != 0 {
		t.Errorf("warnings %q", warnings)
	}
	var points []volume.Vec
	for _, c := range clips {
		points = append(points, surfacePoints(c.Mask)...)
	}
	h, _ := newHull(points)
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				p := volume.Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]}
				worst := math.Inf(-1)
				for _, f := range h.facets {
					worst = max(worst, f.plane.above(p))
				}
				if math.Abs(worst) > 1e-4 && bed.At(x, y, z) != (worst < 0) {
					t.Fatalf("voxel (%d %d %d), %g mm from the hull, is %v", x, y, z, worst, bed.At(x, y, z))
				}
			}
		}
	}
	clips[0].Kept = false
	if fewer, _ := SurgicalBed(g, clips); !fewer.Subtract(bed).Empty() || fewer.Count() >= bed.Count() {
		t.Error("a rejected clip still counts")
	}
}

func TestThinBedsAreJoinedAndWarnedOf(t *testing.T) {
	g := volume.NewUniformGrid(60, 60, 30, 1, 1, 3, volume.Vec{})
	at := [][3]int{{10, 10, 5}, {40, 22, 9}, {20, 45, 20}}
	for n := range 4 {
		var clips []Clip
		for i := range n {
			clips = append(clips, clipAt(g, i+1, "R", at[i][0], at[i][1], at[i][2]))
		}
		bed, warnings := SurgicalBed(g, clips)
		if len(warnings) != 1 {
			t.Errorf("%d clips: warnings %q", n, warnings)
		}
		if parts := volume.Components(bed); n > 0 && len(parts) != 1 || n == 0 && len(parts) != 0 {
			t.Errorf("%d clips: the bed is in %d parts", n, len(parts))
		}
		for i := range n {
			if !bed.At(at[i][0], at[i][1], at[i][2]) {
				t.Errorf("%d clips: clip %d is not in its bed", n, i+1)
			}
		}
	}
	flat := []Clip{clipAt(g, 1, "R", 10, 10, 5), clipAt(g, 2, "R", 50, 12, 5), clipAt(g, 3, "R", 48, 50, 5), clipAt(g, 4, "R", 12, 48, 5)}
	bed, warnings := SurgicalBed(g, flat)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "plane") {
		t.Errorf("flat clips: warnings %q", warnings)
	}
	if bed.CountSlice(5) < 1300 || bed.Count() != bed.CountSlice(5) {
		t.Errorf("flat bed has %d voxels, %d on its slice", bed.Count(), bed.CountSlice(5))
	}
}

func TestDraft(t *testing.T) {
	g := volume.NewUniformGrid(120, 80, 30, 1.5, 1.5, 3, volume.Vec{-90, -60, 0})
	external := volume.MaskWhere(g, func(x, y, _ int) bool { return x > 3 && x < 116 && y > 20 })
	var clips []Clip
	for i, p := range [][3]int{{80, 24, 10}, {95, 30, 12}, {88, 40, 9}, {84, 33, 16}, {90, 35, 14}} {
		clips = append(clips, clipAt(g, i+1, "L", p[0], p[1], p[2]))
	}
	margin := UniformMargin(10)
	draft := func(clips []Clip, external *volume.Mask, r *Recipe) ([]Target, []string) {
		t.Helper()
		targets, warnings, err := Draft(context.Background(), DraftInput{Grid: g, Clips: clips, External: external, Recipe: r})
		if err != nil {
			t.Fatal(err)
		}
		return targets, warnings
	}
	targets, warnings := draft(clips, external, PlainRecipe(margin))
	if len(targets) != 2 || len(warnings) != 0 || targets[0].Name != BedName || targets[1].Name != BoostName {
		t.Fatalf("targets %v, warnings %q", targets, warnings)
	}
	if !strings.Contains(targets[1].Recipe, "10 mm") || !strings.Contains(targets[0].Recipe, "5 clips") {
		t.Errorf("recipes %q and %q", targets[0].Recipe, targets[1].Recipe)
	}
	for _, target := range targets {
		if !target.Mask.Subtract(external).Empty() {
			t.Errorf("%s leaves the External", target.Name)
		}
	}
	if !targets[0].Mask.Subtract(targets[1].Mask).Empty() {
		t.Error("the boost does not hold the bed")
	}
	if targets, _ := draft(clips, nil, nil); len(targets) != 1 {
		t.Errorf("%d targets without a margin", len(targets))
	}

	both := append(clips, clipAt(g, 6, "R", 20, 40, 15), clipAt(g, 7, "R", 30, 30, 12))
	targets, warnings = draft(both, external, PlainRecipe(margin))
	var names []string
	for _, target := range targets {
		names = append(names, target.Name)
		if len(target.Name) > 16 {
			t.Errorf("name %q is longer than 16 characters", target.Name)
		}
	}
	if got := strings.Join(names, " "); got != "SurgicalBed_L CTVsb_High_L SurgicalBed_R CTVsb_High_R" {
		t.Errorf("names %s", got)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[1], "SurgicalBed_R: 2 clips") {
		t.Errorf("warnings %q", warnings)
	}
	if targets[0].Mask.Intersect(targets[2].Mask).Count() != 0 {
		t.Error("the two beds overlap")
	}
	if targets, warnings := draft(nil, external, PlainRecipe(margin)); len(targets) != 0 || len(warnings) != 0 {
		t.Error("a draft of nothing")
	}
}

func BenchmarkDraft9Clips512x512x100(b *testing.B) {
	g := volume.NewUniformGrid(512, 512, 100, 0.98, 0.98, 3, volume.Vec{})
	clips := clipsOnASphere(g, 9, 24, 3)
	margin := UniformMargin(15)
	for b.Loop() {
		if _, _, err := Draft(context.Background(), DraftInput{Grid: g, Clips: clips, Recipe: PlainRecipe(margin)}); err != nil {
			b.Fatal(err)
		}
	}
}
