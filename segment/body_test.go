package segment

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// share is the Dice overlap of two masks.
func share(a, b *volume.Mask) float64 {
	return 2 * float64(a.Intersect(b).Count()) / float64(a.Count()+b.Count())
}

// inEllipse is the outline of a thorax centred on g.
func (t thorax) outline(g *volume.Grid) *volume.Mask {
	c := middle(g)
	return volume.MaskWhere(g, func(x, y, z int) bool {
		d := g.ToPatient(float64(x), float64(y), float64(z)).Sub(c)
		return d[0]*d[0]/(t.a*t.a)+d[1]*d[1]/(t.b*t.b) <= 1
	})
}

func TestBodyAgainstTheStepsOnTheSourceGrid(t *testing.T) {
	for name, g := range map[string]*volume.Grid{
		"fine":   volume.NewUniformGrid(210, 140, 12, 1, 1, 3, volume.Vec{-105, -70, 0}),
		"thin":   volume.NewUniformGrid(160, 104, 40, 1.3, 1.3, 1, volume.Vec{-104, -68, 0}),
		"coarse": volume.NewUniformGrid(90, 60, 12, 2.3, 2.3, 5, volume.Vec{-104, -68, 0}),
	} {
		t.Run(name, func(t *testing.T) {
			v := thorax{a: 95, b: 62}.make(g)
			got, err := Body(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			m := volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) >= bodyHU })
			want := volume.LargestComponent(volume.Close(volume.Open(m, bodyOpenMM), bodyCloseMM))
			if s := share(got, want); s < 0.995 {
				t.Errorf("overlap with the exact steps %.4f", s)
			}
		})
	}
}

func TestBodyIsOneRegionInSpiteOfNoise(t *testing.T) {
	g := volume.NewUniformGrid(210, 140, 12, 1, 1, 3, volume.Vec{-105, -70, 0})
	shape := thorax{a: 95, b: 62, noise: 40, couch: 4, flank: 0, couchH: 0}
	body, err := Body(context.Background(), shape.make(g))
	if err != nil {
		t.Fatal(err)
	}
	clean, err := Body(context.Background(), thorax{a: 95, b: 62}.make(g))
	if err != nil {
		t.Fatal(err)
	}
	if s := share(body, clean); s < 0.98 {
		t.Errorf("noise of 40 HU and a couch leave %.4f of the body", s)
	}
}

func TestExternal(t *testing.T) {
	g := volume.NewUniformGrid(240, 150, 24, 1.2, 1.2, 3, volume.Vec{-144, -90, 0})
	cases := map[string]thorax{
		"alone":                {a: 95, b: 62, noise: 15},
		"couch of 3 mm":        {a: 95, b: 62, noise: 15, couch: 3, flank: 40, couchH: 100},
		"couch of 8 mm":        {a: 95, b: 62, noise: 15, couch: 8, flank: 40, couchH: -50},
		"solid board of 20 mm": {a: 95, b: 62, noise: 15, couch: 20, flank: 40, couchH: 20},
		"solid board of 24 mm": {a: 95, b: 62, noise: 15, couch: 24, flank: 25, couchH: -100},
		"tilted board":         {a: 95, b: 62, noise: 15, couch: 20, flank: 40, couchH: 20, tilt: 0.04},
		"couch under the rim":  {a: 95, b: 62, noise: 15, couch: 6, flank: -40, couchH: -50},
	}
	for name, shape := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := External(context.Background(), shape.make(g))
			if err != nil {
				t.Fatal(err)
			}
			if s := share(got, shape.outline(g)); s < 0.98 {
				t.Errorf("overlap with the outline %.4f", s)
			}
			c := middle(g)
			for side, x := range map[string]float64{"L": 43, "R": -43} {
				p := c.Add(volume.Vec{x, 0, 0}) // in the lung
				i, j, k := g.ToVoxel(p)
				if !got.At(int(i+0.5), int(j+0.5), int(k+0.5)) {
					t.Errorf("the %s lung is not filled", side)
				}
				if s := SideOf(got, p); s != side {
					t.Errorf("side of %v is %s", p, s)
				}
			}
		})
	}
}

// TestExternalIsOnePiece: specks of cloth a voxel off the skin are not of the patient.
func TestExternalIsOnePiece(t *testing.T) {
	g := volume.NewUniformGrid(240, 150, 24, 1.2, 1.2, 3, volume.Vec{-144, -90, 0})
	shape := thorax{a: 95, b: 62}
	v, outline := shape.make(g), shape.outline(g)
	for y := 40; y < 110; y += 5 {
		x := g.Nx - 1
		for !outline.At(x, y, 12) {
			x--
		}
		v.HU[g.Index(x+2, y, 12)] = 0
	}
	got, err := External(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	if parts := volume.ComponentRuns(got); len(parts) != 1 {
		t.Errorf("%d pieces", len(parts))
	}
}

func TestExternalLeavesTheAirBetweenArmsAndHead(t *testing.T) {
	// A torus of tissue lying in a few slices on a slab: closed there, open above.
	g := volume.NewUniformGrid(150, 150, 40, 1.5, 1.5, 3, volume.Vec{})
	v := volume.NewVolume(g)
	hole := func(x, y int) bool { return math.Hypot(float64(x)-75, float64(y)-75) < 25 }
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				hu := int16(-1000)
				if r := math.Hypot(float64(x)-75, float64(y)-75); r < 60 && z < 30 && (z < 15 || z >= 22 || !hole(x, y)) {
					hu = 20
				}
				if z >= 15 && hole(x, y) || z >= 22 && y < 75 {
					hu = -1000
				}
				v.HU[g.Index(x, y, z)] = hu
			}
		}
	}
	m, err := External(context.Background(), v)
	if err != nil {
		t.Fatal(err)
	}
	if m.At(75, 75, 18) {
		t.Error("air that is open above is filled")
	}
	if !m.At(75, 75, 5) || !m.At(75, 120, 18) {
		t.Error("tissue is missing")
	}
}

func TestSideOf(t *testing.T) {
	g := volume.NewUniformGrid(100, 80, 20, 3, 3, 5, volume.Vec{200, -100, 50}) // the patient lies far left of x = 0
	body := volume.MaskWhere(g, func(x, y, z int) bool {
		d := math.Hypot(float64(x)-50, (float64(y)-45)*1.5) // centre at x = 350 mm
		swelling := math.Hypot(float64(x)-75, float64(y)-20) < 14
		return z > 2 && (d < 38 || swelling)
	})
	for _, c := range []struct {
		x, z float64
		want string
	}{{355, 100, "L"}, {345, 100, "R"}, {355, 52, "L"}, {345, 30, "R"}, {380, 400, "L"}} {
		if got := SideOf(body, volume.Vec{c.x, 0, c.z}); got != c.want {
			t.Errorf("x = %g at z = %g is on side %s", c.x, c.z, got)
		}
	}
	if SideOf(nil, volume.Vec{1, 0, 0}) != "L" || SideOf(volume.NewMask(g), volume.Vec{-1, 0, 0}) != "R" {
		t.Error("side without an outline")
	}
}

func TestRealCTs(t *testing.T) {
	if testing.Short() {
		t.Skip("reads real CTs")
	}
	for _, f := range sharedCTs(t)[:2] {
		t.Run(filepath.Base(f), func(t *testing.T) {
			v := readCT(t, f)
			body, err := Body(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			external, err := External(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			b, e := body.VolumeMM3(), external.VolumeMM3()
			if b > e || b < 0.6*e {
				t.Errorf("body %.1f l, external %.1f l", b/1e6, e/1e6)
			}
			if outside := body.Subtract(external).VolumeMM3(); outside > 0.002*b {
				t.Errorf("%.3f l of the body lie outside the external", outside/1e6)
			}
			if parts := volume.ComponentRuns(external); float64(parts[0].Voxels) < 0.999*float64(external.Count()) {
				t.Error("the external is in pieces")
			}
			if holes := volume.FillHoles(external).Subtract(external).VolumeMM3(); holes > 0.002*e {
				t.Errorf("%.3f l of holes in the external", holes/1e6)
			}
		})
	}
}

func TestOutlinesStopWhenCancelled(t *testing.T) {
	g := volume.NewUniformGrid(400, 260, 60, 0.98, 0.98, 3, volume.Vec{-196, -127, -90})
	v := thorax{a: 180, b: 115}.make(g)
	for name, outline := range map[string]func(context.Context, *volume.Volume) (*volume.Mask, error){"body": Body, "external": External} {
		for _, after := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond} {
			stopsInTime(t, name, func() (time.Time, error) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				at := time.Now().Add(after)
				time.AfterFunc(after, cancel)
				_, err := outline(ctx, v)
				return at, err
			})
		}
	}
}

// stopsInTime fails when run, which tells when it was cancelled, returns more than 100 ms later each of three
// times: on a busy machine one may be late. A nil error means that it was done before.
func stopsInTime(t *testing.T, name string, run func() (cancelled time.Time, err error)) {
	t.Helper()
	var late time.Duration
	for range 3 {
		at, err := run()
		late = time.Since(at)
		if err == nil {
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", name, err)
		}
		if late <= 100*time.Millisecond {
			return
		}
	}
	t.Errorf("%s: stopped %v after it was cancelled", name, late)
}

// benchmarkVolume is a thorax of 512 x 512 x 100 voxels on a couch.
func benchmarkVolume() *volume.Volume {
	g := volume.NewUniformGrid(512, 512, 100, 0.98, 0.98, 3, volume.Vec{-250, -250, -150})
	return thorax{a: 180, b: 115, noise: 15, couch: 6, flank: 40, couchH: -200}.make(g)
}

func BenchmarkBody(b *testing.B) {
	v := benchmarkVolume()
	for b.Loop() {
		if _, err := Body(context.Background(), v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExternal(b *testing.B) {
	v := benchmarkVolume()
	for b.Loop() {
		if _, err := External(context.Background(), v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrepare(b *testing.B) {
	v := benchmarkVolume()
	body, err := Body(context.Background(), v)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Prepare(context.Background(), v, body, DefaultChannels()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResampleBody(b *testing.B) {
	v := benchmarkVolume()
	body, err := Body(context.Background(), v)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := resampleBody(context.Background(), v, body, networkSpacingMM, networkPatchVoxels); err != nil {
			b.Fatal(err)
		}
	}
}
