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

// TestABedAtTheEdgeOfTheFirstRegionIsSearchedToo: the clips of the axilla are the better cluster, and its cube cuts the bed in two.
func TestABedAtTheEdgeOfTheFirstRegionIsSearchedToo(t *testing.T) {
	g := volume.NewUniformGrid(160, 110, 150, 2, 2, 2, volume.Vec{})
	at := func(confidence float64, x, y, z int) component {
		return component{voxels: [][3]int{{x, y, z}}, centre: [3]float64{float64(x), float64(y), float64(z)}, confidence: confidence}
	}
	axilla := []component{at(0.93, 60, 60, 100), at(0.95, 52, 78, 107), at(0.87, 68, 64, 107)}
	bed := []component{at(0.89, 100, 24, 72), at(0.7, 102, 23, 72), at(0.81, 112, 14, 72)}
	var l located
	l.centreOfBest(append(axilla, bed...), g)
	if l.second == nil {
		t.Fatal("the bed is not searched as a whole")
	}
	whole := cubeAround(*l.second, 96, g.Bounds())
	for _, c := range bed {
		if p := c.centre; !whole.Contains(int(p[0]), int(p[1]), int(p[2])) {
			t.Errorf("%v lies outside %v", p, whole)
		}
	}
	l = located{}
	if l.centreOfBest(bed, g); l.second != nil {
		t.Errorf("one bed has a second region at %v", *l.second)
	}
}
