package segment

import (
	"context"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// BenchmarkExpandSixWay60cc is the margin of the bar: six different ones of 15 mm and less round 60 cc in 512 x 512 x 100.
func BenchmarkExpandSixWay60cc(b *testing.B) {
	g := volume.NewUniformGrid(512, 512, 100, 1.27, 1.27, 3, volume.Vec{})
	m := ball(g, g.ToPatient(256, 256, 50), 24.3)
	mg := Margin{R: 15, L: 14, A: 13, P: 15, S: 12, I: 15}
	b.ReportAllocs()
	for b.Loop() {
		Expand(m, mg)
	}
}

// BenchmarkLiveDraft is what is drafted anew while a margin is dragged: nine clips, CTV and PTV, both cut to External.
func BenchmarkLiveDraft(b *testing.B) {
	g := volume.NewUniformGrid(512, 512, 100, 1.27, 1.27, 3, volume.Vec{})
	external := volume.MaskWhere(g, func(x, y, _ int) bool { return (x-256)*(x-256)+(y-256)*(y-256) < 200*200 })
	r, err := FindRecipe("", "st-olavs-partial")
	if err != nil {
		b.Fatal(err)
	}
	in := DraftInput{Grid: g, Clips: clipsOnASphere(g, 9, 24, 3), External: external, Recipe: r, Cache: new(DraftCache)}
	for b.Loop() {
		if _, _, err := Draft(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMeasure is the figures of three targets.
func BenchmarkMeasure(b *testing.B) {
	g := volume.NewUniformGrid(512, 512, 100, 1.27, 1.27, 3, volume.Vec{})
	external := volume.MaskWhere(g, func(x, y, _ int) bool { return (x-256)*(x-256)+(y-310)*(y-310) < 100*100 })
	r, err := FindRecipe("", "florence")
	if err != nil {
		b.Fatal(err)
	}
	in := DraftInput{Grid: g, Clips: clipsOnASphere(g, 9, 24, 3), External: external, Recipe: r, Cache: new(DraftCache)}
	targets, _, err := Draft(context.Background(), in)
	if err != nil {
		b.Fatal(err)
	}
	around := Neighbours{External: external, Clips: in.Clips, Cache: new(DraftCache)}
	for b.Loop() {
		MeasureTargets(targets, around)
	}
}
