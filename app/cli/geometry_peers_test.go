package cli

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// TestGeometryForPeers writes what our kernels make of shapes on 1 mm voxels, for .ci/geometry_peers.py to hold against SciPy and
// SimpleITK.
func TestGeometryForPeers(t *testing.T) {
	dir := os.Getenv("CLIPWRIGHT_GEOMETRY")
	if dir == "" {
		t.Skip("run by 'make geometry-peers'")
	}
	const n = 90
	g := volume.NewUniformGrid(n, n, n, 1, 1, 1, volume.Vec{})
	write := func(name string, m *volume.Mask) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name+".npy"), npyUint8(m.Dense(g.Bounds(), nil), n, n, n), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ellipsoid := func(cx, cy, cz, rx, ry, rz float64) *volume.Mask {
		return volume.MaskWhere(g, func(x, y, z int) bool {
			return math.Hypot(math.Hypot((float64(x)-cx)/rx, (float64(y)-cy)/ry), (float64(z)-cz)/rz) <= 1
		})
	}
	body := ellipsoid(44.3, 43.8, 44.6, 22, 17, 19)
	write("body", body)
	write("expand10", segment.Expand(body, segment.UniformMargin(10)))
	write("contract6", segment.Contract(body, segment.UniformMargin(6)))
	spots := body.Union(ellipsoid(80, 80, 80, 4, 4, 4)).Union(ellipsoid(10, 12, 80, 6, 5, 6)).Union(ellipsoid(80, 10, 10, 2, 2, 2))
	write("spots", spots)
	write("islands05", segment.RemoveIslands(spots, 0.5))
	write("smooth3", segment.Smooth(spots, 3))
	gaps := volume.MaskWhere(g, func(x, y, z int) bool { return z%5 == 0 && body.At(x, y, z) })
	write("gaps", gaps)
	write("between", segment.Interpolate(gaps, 10))

	var clips []segment.Clip
	points := volume.NewMask(g)
	for i, p := range [][3]int{{30, 40, 30}, {60, 35, 33}, {45, 62, 40}, {33, 50, 62}, {58, 55, 60}, {44, 28, 55}, {50, 44, 70}} {
		m := volume.NewMask(g)
		m.Set(p[0], p[1], p[2], true)
		points.Set(p[0], p[1], p[2], true)
		clips = append(clips, segment.Clip{ID: i + 1, Side: "L", Kept: true, Mask: m, CentreMM: g.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))})
	}
	write("clips", points)
	hull, _ := segment.SurgicalBed(g, clips)
	write("hull", hull)
	envelope := &segment.Recipe{Name: "alpha", Targets: []segment.RecipeTarget{{Name: "Alpha", Type: "CTV", Steps: []segment.Step{{Do: segment.StepEnvelope, Amount: 23}}}}}
	targets, _, err := segment.Draft(context.Background(), segment.DraftInput{Grid: g, Clips: clips, Recipe: envelope})
	if err != nil {
		t.Fatal(err)
	}
	write("alpha23", targets[1].Mask)
}
