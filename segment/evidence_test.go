package segment

import (
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// TestEvidenceOfPartsAndNeighbours: what a piece and its parting say goes with each part, and only the lesser of two neighbours
// lies beside the other.
func TestEvidenceOfPartsAndNeighbours(t *testing.T) {
	g := volume.NewUniformGrid(40, 40, 20, 1, 1, 3, volume.Vec{})
	v, external := volume.NewVolume(g), volume.NewMask(g)
	sure := answer{known: true, logits: [detailAnswers]float32{0, 4, -20}}
	unsure := answer{known: true, logits: [detailAnswers]float32{0, 1, -20}}
	found := []refined{
		{centre: volume.Vec{20, 20, 30}, logits: []float32{5}, detail: sure, whole: sure, parted: true, pair: 1.5},
		{centre: volume.Vec{23, 24, 30}, logits: []float32{5}, detail: unsure, whole: sure, parted: true, pair: 1.5},
		{centre: volume.Vec{20, 20, 50}, logits: []float32{1}, detail: unsure},
	}
	card := fakeCard("segmentation")
	e := gatherEvidence(found, v, external, nil, &card)
	for i, want := range []float64{besideMM, 5, besideMM} {
		if e[i].BesideMM != want {
			t.Errorf("candidate %d lies beside one with more for it at %g mm, want %g", i, e[i].BesideMM, want)
		}
	}
	value := func(e *Evidence, name string) (float64, bool) {
		i := slices.IndexFunc(e.Terms(), func(t Term) bool { return t.Name == name })
		if i < 0 {
			return 0, false
		}
		return e.Terms()[i].Value, true
	}
	for name, want := range map[string]float64{"parted": 1, "pair": 1.5 / 4, "part": 1.0 / 4, "detail": 1.0 / 4, "whole": 1, "beside": 1 - 5.0/8} {
		if got, ok := value(&e[1], name); !ok || got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%s of a part is %g, want %g", name, got, want)
		}
	}
	for _, name := range []string{"parted", "pair", "part"} {
		if got, ok := value(&e[2], name); ok {
			t.Errorf("%s of what was never parted is %g", name, got)
		}
	}
}
