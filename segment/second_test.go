package segment

import (
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestAClipOnTheBorderOfTwoRegionsIsFoundOnce(t *testing.T) {
	g := volume.NewUniformGrid(20, 20, 10, 2, 2, 2, volume.Vec{})
	blob := func(x int) Clip {
		m := volume.NewMask(g)
		m.SetSpan(x, x+3, 10, 5)
		return Clip{Mask: m, CentreMM: g.ToPatient(float64(x)+1, 10, 5)}
	}
	first := []Clip{blob(5)}
	border := blob(6) // seen from the other region its outline and centre differ a little
	other := blob(12)
	p := pass{network: &resampled{Placement: Placement{Grid: g}}, region: volume.Box{Max: [3]int{7, 20, 10}}}
	got := p.beyond(first, []Clip{border, other})
	if len(got) != 1 || got[0].Mask != other.Mask {
		t.Fatalf("%d clips of the second region are new, want one", len(got))
	}
	touching := blob(7) // another one, of which the first took a voxel
	got = p.beyond(first, []Clip{touching})
	if len(got) != 1 || !got[0].Mask.Intersect(first[0].Mask).Empty() || got[0].Mask.Count() != 2 || got[0].VolumeMM3 != 16 {
		t.Errorf("%+v", got)
	}
}
