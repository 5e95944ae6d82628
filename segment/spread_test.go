package segment

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// clipsInACone are n clips of one voxel on a sphere of radiusMM round the centre of g, spread evenly from the axis way to so many
// degrees from it.
func clipsInACone(g *volume.Grid, n int, radiusMM, degrees float64, way volume.Vec) []Clip {
	centre := g.ToPatient(float64(g.Nx)/2, float64(g.Ny)/2, float64(g.Nz())/2)
	u := way.Cross(volume.Vec{0.3, 0.5, 0.8})
	u = u.Scale(1 / u.Norm())
	v := way.Cross(u)
	var clips []Clip
	for i := range n {
		f := (float64(i) + 0.5) / float64(n)
		cos := 1 - f*(1-math.Cos(degrees*math.Pi/180))
		sin := math.Sqrt(1 - cos*cos)
		turn := math.Pi * (3 - math.Sqrt(5)) * float64(i)
		d := way.Scale(cos).Add(u.Scale(sin * math.Cos(turn))).Add(v.Scale(sin * math.Sin(turn)))
		x, y, z := g.ToVoxel(centre.Add(d.Scale(radiusMM)))
		clips = append(clips, clipAt(g, i+1, "L", int(math.Round(x)), int(math.Round(y)), int(math.Round(z))))
	}
	return clips
}

func TestClipsOnOneWallAreSaidToBe(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 60, 1.2, 1.2, 2, volume.Vec{})
	warned := func(clips []Clip) string {
		_, warnings := SurgicalBed(g, clips)
		return strings.Join(warnings, "; ")
	}
	for _, way := range []volume.Vec{{1, 0, 0}, {0, 1, 0}, {0, 0, -1}, {0.6, 0, 0.8}} {
		for _, n := range []int{5, 6, 8, 12} {
			if got := warned(clipsInACone(g, n, 22, 50, way)); !strings.Contains(got, "one wall") {
				t.Errorf("%d clips within 50 degrees of %v: warnings %q", n, way, got)
			}
			if got := warned(clipsInACone(g, n, 22, 180, way)); got != "" {
				t.Errorf("%d clips all round: warnings %q", n, got)
			}
		}
		if got := warned(clipsInACone(g, 8, 22, 95, way)); got != "" {
			t.Errorf("clips on half a sphere: warnings %q", got)
		}
	}
	// Medial, lateral, superior, inferior and posterior, as surgeons clip: that is round the bed.
	if got := warned([]Clip{clipAt(g, 1, "L", 25, 40, 30), clipAt(g, 2, "L", 55, 40, 30), clipAt(g, 3, "L", 40, 40, 20), clipAt(g, 4, "L", 40, 40, 40), clipAt(g, 5, "L", 40, 54, 30)}); got != "" {
		t.Errorf("five walls: warnings %q", got)
	}
	// A long cavity is no wall.
	var long []Clip
	for i, c := range clipsInACone(g, 8, 12, 180, volume.Vec{0, 1, 0}) {
		x, y, z := g.ToVoxel(c.CentreMM)
		long = append(long, clipAt(g, i+1, "L", int(40+2.5*(x-40)), int(math.Round(y)), int(math.Round(z))))
	}
	if got := warned(long); got != "" {
		t.Errorf("a long cavity: warnings %q", got)
	}
	heap := clipsInACone(g, 11, 8, 180, volume.Vec{0, 1, 0})
	heap = append(heap, clipAt(g, 12, "L", 76, 40, 30))
	if got := warned(heap); !strings.Contains(got, "most of the 12 clips lie right of") {
		t.Errorf("eleven clips together and one far away: warnings %q", got)
	}
}

func TestClipsOnOneSideOfWhatIsDrawnFromThemAreSaidToBe(t *testing.T) {
	g := volume.NewUniformGrid(80, 80, 60, 1.2, 1.2, 2, volume.Vec{})
	clips := []Clip{clipAt(g, 1, "L", 20, 20, 30), clipAt(g, 2, "L", 60, 20, 30), clipAt(g, 3, "L", 40, 26, 15), clipAt(g, 4, "L", 40, 26, 45), clipAt(g, 5, "L", 40, 22, 30)}
	draft := func(external, seroma *volume.Mask) string {
		t.Helper()
		_, warnings, err := Draft(context.Background(), DraftInput{Grid: g, Clips: clips, External: external, Seroma: seroma, Recipe: PlainRecipe(UniformMargin(20))})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(warnings, "; ")
	}
	const said = "the clips all lie anterior of the middle of CTVsb_High"
	if got := draft(nil, nil); strings.Contains(got, said) {
		t.Errorf("whole: %q", got)
	}
	below := volume.MaskWhere(g, func(_, y, _ int) bool { return y >= 20 })
	if got := draft(below, nil); !strings.Contains(got, said) {
		t.Errorf("cut off in front of the clips: %q", got)
	}
	fluid := ball(g, g.ToPatient(40, 40, 30), 12)
	if got := draft(below, fluid); strings.Contains(got, said) || strings.Contains(got, "one wall") || !strings.Contains(got, "anterior of the seroma") {
		t.Errorf("with a seroma: %q", got)
	}
}
