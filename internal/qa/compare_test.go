package qa

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// bench is a CT of 60 x 60 x 20 voxels with a body, a breast target and six clips round its middle on the left.
type bench struct {
	grid *volume.Grid
	ct   *dicom.Series
}

func newBench() bench {
	g := volume.NewUniformGrid(60, 60, 20, 2, 2, 3, volume.Vec{-59, -59, -30})
	ct := &dicom.Series{UID: "1.2.3", FrameOfReferenceUID: "1.2.4", Study: &dicom.Study{Patient: dicom.Patient{Name: "Case^One", ID: "1"}}}
	return bench{g, ct}
}

func ball(g *volume.Grid, centre volume.Vec, mm float64) *volume.Mask {
	return volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Distance(centre) <= mm
	})
}

func (b bench) structure(name, kind string, masks ...*volume.Mask) dicom.Structure {
	s := dicom.Structure{Name: name, Type: kind}
	for i, m := range masks {
		cs := volume.Contours(m)
		s.Contours = append(s.Contours, cs...)
		if kind == "MARKER" {
			s.Groups = append(s.Groups, slices.Repeat([]int{i + 1}, len(cs))...)
		}
	}
	return s
}

// clips are six, mm round the centre.
func (b bench) clips(centre volume.Vec, mm float64) []*volume.Mask {
	var all []*volume.Mask
	for axis := range 3 {
		for _, way := range []float64{-1, 1} {
			at := centre
			at[axis] += way * mm
			all = append(all, ball(b.grid, at, 2.5))
		}
	}
	return all
}

func (b bench) set(structures ...dicom.Structure) *Set {
	return &Set{Path: "rs.dcm", File: &dicom.StructureSet{
		CTSeriesUID: b.ct.UID, FrameOfReferenceUID: b.ct.FrameOfReferenceUID, Patient: b.ct.Study.Patient, Structures: structures,
	}}
}

func (b bench) whole() []dicom.Structure {
	centre := volume.Vec{20, 0, 0}
	return []dicom.Structure{
		b.structure("External", "EXTERNAL", ball(b.grid, volume.Vec{}, 55)),
		b.structure("Clips_L", "MARKER", b.clips(centre, 12)...),
		b.structure("CTVsb_High", "CTV", ball(b.grid, centre, 20)),
	}
}

func (b bench) run(t *testing.T, ref, test *Set, change func(*Rules)) *Result {
	t.Helper()
	rules := DefaultRules()
	if change != nil {
		change(rules)
	}
	r, err := Compare(context.Background(), Input{Name: "case", CT: b.ct, Grid: b.grid, Ref: ref, Test: test}, rules)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAGoodCasePasses(t *testing.T) {
	b := newBench()
	r := b.run(t, b.set(b.whole()...), b.set(b.whole()...), nil)
	for _, c := range r.Checks {
		if c.Outcome != Pass {
			t.Errorf("%+v", c)
		}
	}
	if r.Clips.Found != 6 || r.Clips.Missed != 0 || r.Clips.Extra != 0 || len(r.Targets) != 1 || r.Targets[0].Inside != 6 || len(r.Pairs) != 3 {
		t.Errorf("%+v", r)
	}
	// The clip towards the left lies 12 of 20 mm out; distances are between voxel centres.
	for _, c := range r.Targets[0].Clips {
		if math.Abs(c.EdgeMM-8) > 2 {
			t.Errorf("clip %d: %g mm from the edge", c.Clip, c.EdgeMM)
		}
	}
	if d := float64(r.Targets[0].SkinMM); math.Abs(d-15) > 2.5 {
		t.Errorf("skin %g mm", d)
	}
}

func TestEveryCheckFindsItsFault(t *testing.T) {
	b := newBench()
	centre := volume.Vec{20, 0, 0}
	other := func(name, kind string, m *volume.Mask) []dicom.Structure {
		return append(b.whole(), b.structure(name, kind, m))
	}
	ring := ball(b.grid, centre, 20)
	ring.Each(func(x, y, z int) {
		if z == 10 {
			ring.Set(x, y, z, false)
		}
	})
	island := ball(b.grid, centre, 15).Union(ball(b.grid, volume.Vec{-30, 0, 0}, 1.5))
	shifted := b.whole()
	for i := range shifted[2].Contours {
		for k := range shifted[2].Contours[i].Points {
			shifted[2].Contours[i].Points[k][2] += 0.7
		}
	}
	foreign, stranger := b.set(b.whole()...), b.set(b.whole()...)
	foreign.File.FrameOfReferenceUID, foreign.File.CTSeriesUID = "9.9", "9.8"
	stranger.File.Patient.ID = "2"
	aside := b.whole()
	aside[2] = b.structure("CTVsb_High", "CTV", ball(b.grid, volume.Vec{0, 0, 0}, 35))
	outside := b.whole()
	outside[2] = b.structure("CTVsb_High", "CTV", ball(b.grid, centre, 8))
	for _, c := range []struct {
		id   string
		test *Set
		want Outcome
		text string
	}{
		{"frame_of_reference", foreign, Fail, "another frame"},
		{"other_series", foreign, Look, "another series"},
		{"patient", stranger, Fail, "ID"},
		{"off_plane", b.set(shifted...), Fail, "off the CT's slices"},
		{"empty", b.set(append(b.whole(), dicom.Structure{Name: "GTV", Type: "GTV"})...), Look, "no contour"},
		{"duplicate", b.set(other("CTVcopy", "CTV", ball(b.grid, centre, 20))...), Look, "same voxels as CTVsb_High"},
		{"missing_slices", b.set(other("CTVgap", "CTV", ring)...), Look, "leaves out 1 slices in its middle: 11"},
		{"islands", b.set(other("CTVisland", "CTV", island)...), Look, "separate part"},
		{"outside_body", b.set(other("CTVout", "CTV", ball(b.grid, volume.Vec{50, 0, 0}, 12))...), Look, "outside the body"},
		{"wrong_side", b.set(other("Breast_R", "ORGAN", ball(b.grid, centre, 25))...), Fail, "patient's left"},
		{"name_and_type", b.set(other("CTV boost with a long name", "ORGAN", ball(b.grid, centre, 21))...), Look, "characters"},
		{"clips_without_target", b.set(b.whole()[:2]...), Look, "6 clips and no CTV"},
		{"target_without_clips", b.set(b.whole()[0], b.whole()[2]), Look, "no clip"},
		{"expected_clips", b.set(b.whole()[0], b.structure("Clips_L", "MARKER", b.clips(centre, 12)[:3]...), b.whole()[2]), Look, "3 clips"},
		{"one_side", b.set(aside...), Look, "on one side of its centroid (L)"},
		{"outside_target", b.set(outside...), Fail, "outside"},
	} {
		r := b.run(t, nil, c.test, nil)
		i := slices.IndexFunc(r.Checks, func(k Check) bool { return k.ID == c.id && strings.Contains(k.Text, c.text) })
		if i < 0 || r.Checks[i].Outcome != c.want {
			t.Errorf("%s: not found in %+v", c.id, r.Checks)
		}
		if c.id == "off_plane" || c.id == "islands" || c.id == "wrong_side" || c.id == "one_side" {
			if i >= 0 && r.Checks[i].PlaceMM == nil {
				t.Errorf("%s names no place", c.id)
			}
		}
	}
}

func TestMarginsAgainstTheRecipe(t *testing.T) {
	b := newBench()
	for mm, want := range map[string]Outcome{"6": Pass, "15": Look} {
		r := b.run(t, nil, b.set(b.whole()...), func(r *Rules) { r.Margin.MM = mm })
		i := slices.IndexFunc(r.Checks, func(k Check) bool { return k.ID == "margin" })
		if i < 0 || r.Checks[i].Outcome != want {
			t.Errorf("%s mm: %+v", mm, r.Checks)
		}
	}
}

func TestClipsAreFoundMissedAndExtra(t *testing.T) {
	b := newBench()
	centre := volume.Vec{20, 0, 0}
	all := b.clips(centre, 12)
	ref := b.set(b.structure("Clips_L", "MARKER", all[:5]...))
	test := b.set(b.structure("surgical clips", "MARKER", append(slices.Clone(all[1:5]), ball(b.grid, volume.Vec{-20, 0, 0}, 2.5))...))
	r := b.run(t, ref, test, nil)
	if r.Clips.Found != 4 || r.Clips.Missed != 1 || r.Clips.Extra != 1 || len(r.Clips.Clips) != 6 {
		t.Errorf("%+v", r.Clips)
	}
	if r.Worst() != Fail {
		t.Errorf("a missed clip came to %s", r.Worst())
	}
	if len(r.Pairs) != 1 || r.Pairs[0].How != BySynonym {
		t.Errorf("%+v", r.Pairs)
	}
}

func TestPairsByNameSynonymRuleAndHand(t *testing.T) {
	set := func(names ...string) *dicom.StructureSet {
		s := new(dicom.StructureSet)
		for _, n := range names {
			s.Structures = append(s.Structures, dicom.Structure{Name: n})
		}
		return s
	}
	rules := DefaultRules()
	rules.Pairs = map[string][]string{"Zielgebiet": {"my*target"}}
	ref := set("ctvsb_high", "Breast_L", "Body", "Zielgebiet", "Heart", "Lung_R")
	test := set("Lung_L", "MyOwnTarget", "External", "LEFT BREAST", "CTVsb_High", "Rib")
	pairs, refOnly, testOnly, err := PairStructures(ref, test, nil, rules)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range pairs {
		got[p.Ref.Name] = p.Test.Name + " by " + p.How
	}
	for name, want := range map[string]string{
		"ctvsb_high": "CTVsb_High by name", "Breast_L": "LEFT BREAST by synonym", "Body": "External by synonym", "Zielgebiet": "MyOwnTarget by by the rules",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if len(pairs) != 4 || !slices.Equal(refOnly, []string{"Heart", "Lung_R"}) || !slices.Equal(testOnly, []string{"Lung_L", "Rib"}) {
		t.Errorf("%v, left %v and %v", got, refOnly, testOnly)
	}
	if pairs, _, _, err = PairStructures(ref, test, []Named{{"Heart", "Rib"}}, rules); err != nil || len(pairs) != 1 || pairs[0].How != ByHand {
		t.Errorf("by hand: %v %v", pairs, err)
	}
	if _, _, _, err = PairStructures(ref, test, []Named{{"Liver", "Rib"}}, rules); err == nil || !strings.Contains(err.Error(), "it has ctvsb_high, Breast_L") {
		t.Errorf("a name that is not there: %v", err)
	}
}

func TestRulesAreStrict(t *testing.T) {
	r, err := ParseRules([]byte("name = \"mine\"\n[metrics]\nsurface_tolerance_mm = 3\n[[limits]]\nstructure = \"*\"\nmetric = \"hd_mm\"\npass = 5\nlook = 9\n"))
	if err != nil || r.Name != "mine" || r.Metrics.SurfaceToleranceMM != 3 || r.Metrics.HitRadiusMM != 5 || len(r.Limits) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	for text, want := range map[string]string{
		"[metrics]\nsurface_tolerance = 3":                                        "surface_tolerance",
		"[checks]\npatient = \"never\"":                                           "checks.patient",
		"[metrics]\nhit_radius_mm = -1":                                           "hit_radius_mm",
		"[[limits]]\nstructure = \"*\"\nmetric = \"dice\"\npass = 1\nlook = 0":    "no metric",
		"[[limits]]\nstructure = \"*\"\nmetric = \"dsc\"\npass = 0.5\nlook = 0.8": "better than pass",
		"[margin]\nmm = \"far\"":                                                  "margin.mm",
		"[distance]\ntargets = [\"[\"]":                                           "no pattern",
		"name = ":                                                                 "",
	} {
		if _, err := ParseRules([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestProgressNamesEveryPairAndEnds(t *testing.T) {
	b := newBench()
	in := Input{Name: "case", CT: b.ct, Grid: b.grid, Ref: b.set(b.whole()...), Test: b.set(b.whole()...)}
	var got []Progress
	in.Progress = func(p Progress) { got = append(got, p) }
	r, err := Compare(context.Background(), in, DefaultRules())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(r.Pairs)+4 || got[0].Stage != StageBody || got[0].Total != 0 {
		t.Fatalf("%d pairs: %+v", len(r.Pairs), got)
	}
	for i, p := range got[1:] {
		if p.Done != i+1 || p.Total != len(got) || i < len(r.Pairs) && (p.Stage != StagePair || p.Structure != r.Pairs[i].Ref) {
			t.Errorf("%d: %+v", i, p)
		}
	}
}
