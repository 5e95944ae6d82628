package session

import (
	"testing"

	"github.com/clipwright/clipwright/segment"
)

func TestStructureSetGroupsContoursByClip(t *testing.T) {
	g := testGrid()
	clips := testClips(g)
	clips[1].Side = "L"
	clips[2].Kept = false
	external := cube(g, 2, 2, 2, 16)
	bed := segment.Target{Name: NameBed, Type: "CTV", Mask: cube(g, 8, 8, 8, 4), Recipe: "hull of 2 clips"}
	set := StructureSet(clips, external, []segment.Target{bed})
	want := []struct {
		name, kind, algorithm string
		colour                [3]uint8
		groups                []int
	}{
		{"Clips_L", "MARKER", "AUTOMATIC", [3]uint8{0xCC, 0x79, 0xA7}, []int{2, 2}},
		{"Clips_R", "MARKER", "AUTOMATIC", [3]uint8{0xCC, 0x79, 0xA7}, []int{1, 1}},
		{"SurgicalBed", "CTV", "AUTOMATIC", [3]uint8{0xE6, 0x9F, 0x00}, nil},
		{"External", "EXTERNAL", "AUTOMATIC", [3]uint8{0x00, 0x9E, 0x73}, nil},
	}
	if len(set.Structures) != len(want) {
		t.Fatalf("%d structures, want %d", len(set.Structures), len(want))
	}
	for i, w := range want {
		st := set.Structures[i]
		if st.Number != i+1 || st.Name != w.name || st.Type != w.kind || st.Algorithm != w.algorithm || st.Colour != w.colour {
			t.Errorf("structure %d is %d %s %s %s %v", i, st.Number, st.Name, st.Type, st.Algorithm, st.Colour)
		}
		if len(st.Groups) != len(w.groups) {
			t.Errorf("%s: groups %v, want %v", w.name, st.Groups, w.groups)
			continue
		}
		for k := range w.groups {
			if st.Groups[k] != w.groups[k] {
				t.Errorf("%s: groups %v, want %v", w.name, st.Groups, w.groups)
			}
		}
		if len(st.Groups) > 0 && len(st.Contours) != len(st.Groups) {
			t.Errorf("%s: %d contours for %d groups", w.name, len(st.Contours), len(st.Groups))
		}
		if len(st.Name) > 16 {
			t.Errorf("%s is longer than 16 characters", st.Name)
		}
	}
	reviewed := StructureSet(clips, nil, nil, WithReview(), WithClipType("FIDUCIAL"), WithLabel("SITE"))
	if st := reviewed.Structures[0]; st.Algorithm != "SEMIAUTOMATIC" || st.Type != "FIDUCIAL" || reviewed.Label != "SITE" {
		t.Errorf("options ignored: %+v", st)
	}
}

func TestStructureListFollowsThePlan(t *testing.T) {
	w := opened(t)
	w.SetVisible(NameExternal, false)
	w.SetKept(1, false)
	w.idle()
	rows := w.Structures()
	if len(rows) != 3 || rows[0].Name != "Clips_R" || rows[0].Detail != "2 clips" || rows[0].CC != 16*12.0/1000 {
		t.Fatalf("rows %+v", rows)
	}
	if rows[2].Name != NameExternal || rows[2].Visible {
		t.Errorf("External row %+v", rows[2])
	}
}

func TestClipBoxHoldsTheClipWithItsMargin(t *testing.T) {
	w := opened(t)
	g := w.grid
	low, high := w.ClipBox(cube(g, 10, 11, 5, 2))
	wantLow, wantHigh := g.ToPatient(9.5, 10.5, 4.5), g.ToPatient(11.5, 12.5, 6.5)
	for axis := range 3 {
		if low[axis] != wantLow[axis]-boxMarginMM || high[axis] != wantHigh[axis]+boxMarginMM {
			t.Errorf("axis %d: %g to %g", axis, low[axis], high[axis])
		}
	}
}
