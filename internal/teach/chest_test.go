package teach

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// chest is a made body: an ellipse of fat with three clips in the bed, one in the axilla, a wire at the skin and a rib.
func chest(t testing.TB) *content {
	t.Helper()
	g := volume.NewUniformGrid(120, 90, 40, 2, 2, 3, volume.Vec{-119, -89, -58.5})
	v := volume.NewVolume(g)
	rib := func(p volume.Vec) bool { return math.Hypot(p[0]-40, p[1]-10) < 9 && math.Abs(p[2]) < 30 }
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				p := g.ToPatient(float64(x), float64(y), float64(z))
				hu := int16(-1000)
				if math.Hypot(p[0]/105, p[1]/75) < 1 {
					hu = -90
				}
				if rib(p) {
					hu = 500
				}
				v.HU[g.Index(x, y, z)] = hu
			}
		}
	}
	c := &content{volume: v}
	add := func(list *[]segment.Clip, p volume.Vec) {
		m := volume.MaskWhere(g, func(x, y, z int) bool { return g.ToPatient(float64(x), float64(y), float64(z)).Distance(p) < 2.9 })
		m.Each(func(x, y, z int) { v.HU[g.Index(x, y, z)] = 2500 })
		*list = append(*list, segment.Clip{Side: "R", CentreMM: p, Kept: true, Mask: m, VolumeMM3: m.VolumeMM3()})
	}
	for _, p := range bedMM() {
		add(&c.clips, p)
	}
	add(&c.axilla, axillaMM())
	c.body = volume.MaskWhere(g, func(x, y, z int) bool { return v.At(x, y, z) > -500 })
	c.lesson = Lesson{
		Format: lessonFormat, ID: "chest-1", Title: "A made chest", Difficulty: 2, Categories: []string{CategoryWire, CategoryAxilla},
		Teaches: "What a wire is.", HitRadiusMM: 5, Source: "made", Distractors: []Distractor{
			{Kind: "skin wire", PlacesMM: [][3]float64{{-70, -49, 0}, {-70, -49, 3}, {-70, -49, 6}}},
			{Kind: "odd thing", PlacesMM: [][3]float64{{10, 20, 10}}},
		},
		Reasons: map[string]string{"odd thing": "a scar's knot"},
		Zh:      &Words{Title: "模拟胸部", Teaches: "什么是铅丝。"},
	}
	return c
}

// bedMM and axillaMM are on voxel centres.
func bedMM() []volume.Vec {
	return []volume.Vec{{-51, -31, 10.5}, {-35, -39, -1.5}, {-45, -21, -13.5}}
}

func axillaMM() volume.Vec { return volume.Vec{-61, 21, 40.5} }

// writeChest makes a case of chest.
func writeChest(t testing.TB) *Case {
	t.Helper()
	c, err := chest(t).write(context.Background(), filepath.Join(t.TempDir(), "chest"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// grading reads a case whole.
func grading(t testing.TB, c *Case) Grading {
	t.Helper()
	v, err := c.ReadCT(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ref, err := c.ReadReference(v.Grid)
	if err != nil {
		t.Fatal(err)
	}
	return Grading{Case: c, Volume: v, Reference: ref, Learner: "Li"}
}
