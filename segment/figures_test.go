package segment

import (
	"context"
	"math"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestMeasureTargetOfABox(t *testing.T) {
	box := func(g *volume.Grid, x0, x1, y0, y1, z0, z1 int) *volume.Mask {
		return volume.MaskWhere(g, func(x, y, z int) bool { return x >= x0 && x <= x1 && y >= y0 && y <= y1 && z >= z0 && z <= z1 })
	}
	g := volume.NewUniformGrid(60, 60, 30, 1, 1, 3, volume.Vec{-30, -30, 0})
	bed := box(g, 20, 30, 20, 30, 10, 14)
	target := box(g, 15, 37, 18, 30, 9, 16) // cut flush with the bed posteriorly
	external := box(g, 2, 57, 10, 57, 0, 29)
	clips := []Clip{clipAt(g, 1, "L", 20, 20, 10), clipAt(g, 2, "L", 30, 25, 12), clipAt(g, 3, "L", 50, 25, 12), clipAt(g, 4, "L", 55, 25, 12)}
	clips[3].Kept = false
	lungs, breast := box(g, 0, 59, 28, 59, 0, 29), box(g, 10, 34, 10, 59, 0, 29)
	asked := UniformMargin(6)
	f := MeasureTarget(Target{Mask: target, Requested: &asked}, MeasureInput{Bed: bed, External: external, Clips: clips, Lungs: lungs, Breast: breast})
	if f.Achieved != (Margin{R: 5, L: 7, A: 2, P: 0, S: 6, I: 3}) {
		t.Errorf("achieved %v", f.Achieved)
	}
	if !slices.Equal(f.Outside, []int{3}) {
		t.Errorf("outside %v", f.Outside)
	}
	// Clip 1 is 2 px above the first row, whose face is half a pixel farther, and the faces of so small a box bulge; clip 3 is 12.5 px beyond the face.
	if math.Abs(f.ClipEdgeMM-2.5) > 0.55 {
		t.Errorf("clip to edge %g mm, want 2.5", f.ClipEdgeMM)
	}
	for i, want := range []float64{2.5, 5.5, -12.5} {
		if f.Clips[i].ID != i+1 || math.Abs(f.Clips[i].MM-want) > 0.55 {
			t.Errorf("clip %d is %.2f mm deep, want %g", f.Clips[i].ID, f.Clips[i].MM, want)
		}
	}
	if want := 23.0 * 3 * 8 * 3 / 1000; math.Abs(f.LungCC-want) > 1e-9 {
		t.Errorf("%g cc in lung, want %g", f.LungCC, want)
	}
	if want := 3.0 * 13 * 8 * 3 / 1000; math.Abs(f.NotBreastCC-want) > 1e-9 {
		t.Errorf("%g cc outside the breast, want %g", f.NotBreastCC, want)
	}
	if want := 23.0 * 13 * 8 / (25 * 50 * 30); math.Abs(f.BreastRatio-want) > 1e-9 {
		t.Errorf("%g of the breast, want %g", f.BreastRatio, want)
	}
	if f.SkinCC != 0 {
		t.Errorf("%g cc near the skin", f.SkinCC)
	}
	for _, want := range []string{"asked 6 mm", "2 of 3 clips inside", "mm outside", "cc in lung", "x the bed"} {
		if !strings.Contains(f.String(), want) {
			t.Errorf("%q is missing in %s", want, f)
		}
	}
	if f.SkinMM != 8 {
		t.Errorf("skin %g mm, want 8", f.SkinMM)
	}
	if want := 23.0 * 13 * 8 / (11 * 11 * 5); math.Abs(f.VolumeRatio-want) > 1e-9 {
		t.Errorf("ratio %g, want %g", f.VolumeRatio, want)
	}
	if e := MeasureTarget(Target{Mask: volume.NewMask(g)}, MeasureInput{Bed: bed, Clips: clips}); !math.IsNaN(e.SkinMM) || !math.IsNaN(e.Achieved.R) || e.VolumeRatio != 0 {
		t.Errorf("an empty target: %+v", e)
	}
}

func TestAchievedMarginsAreThoseAskedFor(t *testing.T) {
	in := recipeCase()
	in.External = nil
	asked := Margin{R: 4, L: 12, A: 6, P: 15, S: 8, I: 3}
	bed := newBed(in.Grid, in.Clips)
	target := bed.body.dilate(newReach(in.Grid, asked)).Union(bed.mask)
	f := MeasureTarget(Target{Mask: target}, MeasureInput{Bed: bed.mask, Clips: in.Clips})
	got, want := f.Achieved.values(), asked.values()
	for i, step := range [6]float64{1.5, 1.5, 1.5, 1.5, 2, 2} {
		if math.Abs(got[i]-want[i]) > step {
			t.Errorf("%c: achieved %g mm, asked %g mm", "RLAPSI"[i], got[i], want[i])
		}
	}
	if len(f.Outside) != 0 || f.ClipEdgeMM < 2 {
		t.Errorf("outside %v, edge %g mm", f.Outside, f.ClipEdgeMM)
	}
}

func TestSurfaceInIsThatOfTheWhole(t *testing.T) {
	g := volume.NewUniformGrid(40, 30, 12, 1, 1, 2, volume.Vec{})
	m := noise(g, 3, 0.9)
	for _, b := range []volume.Box{g.Bounds(), {Min: [3]int{3, 0, 2}, Max: [3]int{30, 30, 9}}, {Min: [3]int{0, 5, 0}, Max: [3]int{40, 20, 12}}} {
		want := SurfaceVoxels(m).Intersect(volume.MaskWhere(g, b.Contains))
		if !surfaceIn(m, b).Equal(want) {
			t.Errorf("box %v", b)
		}
	}
}

func TestDepthOfPointsInABall(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 40, 1, 1, 2, volume.Vec{})
	centre := volume.Vec{40.3, 39.6, 41}
	s := newSolidOf(ball(g, centre, 20), ball(g, centre, 20).Bounds(), depthStepMM)
	r := rand.New(rand.NewSource(4))
	for range 200 {
		d := volume.Vec{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		at := 4 + 30*r.Float64()
		if got := s.depthMM(centre.Add(d.Scale(at / d.Norm()))); math.Abs(got-(20-at)) > 0.45 {
			t.Errorf("%.2f mm from the centre: depth %.2f mm, want %.2f", at, got, 20-at)
		}
	}
}

func TestSpreadAndDisagreement(t *testing.T) {
	in := recipeCase()
	in.External = nil
	line := in
	line.Clips = nil
	for i := range 5 {
		line.Clips = append(line.Clips, clipAt(in.Grid, i+1, "L", 30+10*i, 60, 30))
	}
	says := func(in DraftInput, want string) bool {
		_, warnings, err := Draft(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(strings.Join(warnings, "\n"), want)
	}
	if !says(line, "of a line") || says(in, "of a line") {
		t.Error("clips along a line are to be warned of, and others not")
	}
	centre := in.Grid.ToPatient(60, 60, 30)
	in.Seroma = ball(in.Grid, centre, 18)
	if says(in, "disagree") || says(in, "lie ") {
		t.Error("a seroma in the middle of its clips is warned of")
	}
	in.Seroma = ball(in.Grid, centre.Add(volume.Vec{55, 0, 0}), 18)
	if !says(in, "clips and seroma disagree: clip") || !says(in, "% of the seroma") || !says(in, "all lie right of the seroma") {
		t.Error("a seroma beside its clips is not warned of")
	}
}

func TestSeromaIsPartOfTheBed(t *testing.T) {
	in := recipeCase()
	in.External = nil
	in.Seroma = ball(in.Grid, in.Grid.ToPatient(60, 60, 30).Add(volume.Vec{12, 0, 0}), 16)
	in.Recipe = PlainRecipe(UniformMargin(8))
	with, _, err := Draft(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !in.Seroma.Subtract(with[0].Mask).Empty() || !strings.Contains(with[0].Recipe, "or Seroma") {
		t.Errorf("the seroma is not in %s: %s", with[0].Name, with[0].Recipe)
	}
	if left := Expand(in.Seroma, UniformMargin(8)).Subtract(with[1].Mask).Count(); left > 0 {
		t.Errorf("%d voxels of the seroma's margin are left out", left)
	}
	if with[1].Requested == nil || *with[1].Requested != UniformMargin(8) {
		t.Errorf("requested %v", with[1].Requested)
	}
}

func TestRecipeStepsOfShape(t *testing.T) {
	in := recipeCase()
	in.External = nil
	in.Anatomy = map[string]*volume.Mask{LungsName: ball(in.Grid, in.Grid.ToPatient(40, 60, 30), 20)}
	steps := func(steps ...Step) *volume.Mask {
		t.Helper()
		in.Recipe = &Recipe{Name: "t", Targets: []RecipeTarget{{Name: "T", Type: "CTV", Steps: steps}}}
		made, _, err := Draft(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return made[1].Mask
	}
	grow := Step{Do: StepExpand, Margin: UniformMargin(8)}
	plain := steps(grow)
	if got := steps(grow, Step{Do: StepSmooth, Amount: 3}); !got.Equal(Smooth(plain, 3)) {
		t.Error("smooth")
	}
	cut := Step{Do: StepSubtract, With: "lungs", Margin: UniformMargin(2)}
	if got, want := steps(grow, cut), plain.Subtract(Expand(in.Anatomy[LungsName], UniformMargin(2))); !got.Equal(want) {
		t.Error("anatomy is not subtracted")
	}
	if got := steps(grow, cut, Step{Do: StepIslands, Amount: 1}); !got.Equal(RemoveIslands(plain.Subtract(Expand(in.Anatomy[LungsName], UniformMargin(2))), 1)) {
		t.Error("islands")
	}
	if got := steps(Step{Do: StepEnvelope, Amount: 18}); !got.Equal(newAlphaBed(in.Grid, in.Clips, 18).mask) {
		t.Error("envelope")
	}
	if got := steps(grow, Step{Do: StepInterpolate, Amount: 9}); !got.Equal(plain) {
		t.Error("interpolate changes what has no gaps")
	}
}
