package segment

import (
	"math"
	"slices"
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
	f := MeasureTarget(target, bed, external, clips)
	if f.Achieved != (Margin{R: 5, L: 7, A: 2, P: 0, S: 6, I: 3}) {
		t.Errorf("achieved %v", f.Achieved)
	}
	if !slices.Equal(f.Outside, []int{3}) {
		t.Errorf("outside %v", f.Outside)
	}
	if f.ClipEdgeMM != 2 {
		t.Errorf("clip to edge %g mm, want 2", f.ClipEdgeMM)
	}
	if f.SkinMM != 8 {
		t.Errorf("skin %g mm, want 8", f.SkinMM)
	}
	if want := 23.0 * 13 * 8 / (11 * 11 * 5); math.Abs(f.VolumeRatio-want) > 1e-9 {
		t.Errorf("ratio %g, want %g", f.VolumeRatio, want)
	}
	if e := MeasureTarget(volume.NewMask(g), bed, nil, clips); !math.IsNaN(e.SkinMM) || !math.IsNaN(e.Achieved.R) || e.VolumeRatio != 0 {
		t.Errorf("an empty target: %+v", e)
	}
}

func TestAchievedMarginsAreThoseAskedFor(t *testing.T) {
	in := recipeCase()
	in.External = nil
	asked := Margin{R: 4, L: 12, A: 6, P: 15, S: 8, I: 3}
	bed := newBed(in.Grid, in.Clips)
	target := bed.body.dilate(newReach(in.Grid, asked)).Union(bed.mask)
	f := MeasureTarget(target, bed.mask, nil, in.Clips)
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
