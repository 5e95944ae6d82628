package cli

import (
	"bytes"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// TestFailuresAreShown: the worst of each kind, brightest misses first, each picture with its place in the middle.
func TestFailuresAreShown(t *testing.T) {
	g := volume.NewUniformGrid(100, 100, 5, 1, 1, 3, volume.Vec{})
	v := volume.NewVolume(g)
	v.HU[g.Index(50, 40, 2)] = 3000
	c := CaseEvaluation{Name: "phantom 1"}
	for i := range 6 {
		c.Clips = append(c.Clips, ClipEvaluation{PeakHU: 100 * i, CentreMM: volume.Vec{50, 40, 6}})
		c.False = append(c.False, FalseClip{Confidence: 0.1 * float64(i), CentreMM: volume.Vec{5, 5, 0}, Near: "skin staple"})
	}
	found := worst(failuresOf(c, v))
	if len(found) != 2*failuresShown || !found[0].missed || found[0].weight != 500 || found[failuresShown].weight != 0.5 {
		t.Fatalf("%d failures, the first %+v", len(found), found[0].caption)
	}
	middle := found[0].picture.NRGBAAt(tilePx/2, tilePx/2)
	if edge := found[0].picture.NRGBAAt(10, tilePx/2); middle.R < 3*edge.R || middle.R != middle.B {
		t.Errorf("the middle is %v, the edge %v", middle, edge)
	}
	sheet, err := contactSheet(found)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(sheet))
	if err != nil || picture.Bounds().Dx() < tileColumns*tilePx || picture.Bounds().Dy() < 2*tilePx {
		t.Errorf("sheet %v: %v", picture.Bounds(), err)
	}
	if _, _, _, a := picture.At(tilePx+1, 10).RGBA(); a != 0xFFFF || picture.At(tilePx+1, 10) == (color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}) {
		t.Error("the gap is not black")
	}
	var b strings.Builder
	writePictures(&b, &SetEvaluation{Name: "phantom-1", failures: found})
	if text := b.String(); !strings.Contains(text, "![](images/failures-phantom-1.png)") || strings.Count(text, "row 2") != failuresShown {
		t.Error(text)
	}
}
