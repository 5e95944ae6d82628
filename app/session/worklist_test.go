package session

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestTheListIsSortedAndWalkedInItsOrder(t *testing.T) {
	w := opened(t)
	w.edit("sizes", "", false, func(p *Plan) {
		p.Clips = slices.Clone(p.Clips)
		for i, c := range []struct {
			mm3, conf float64
			hu        int
		}{{30, 0.9, 900}, {10, 0.3, 1500}, {20, 0.8, 1200}} {
			p.Clips[i].VolumeMM3, p.Clips[i].Confidence, p.Clips[i].PeakHU = c.mm3, c.conf, c.hu
		}
	})
	w.MarkReviewed(1)
	for _, c := range []struct {
		key  SortKey
		want []int
	}{
		{SortVolume, []int{2, 3, 1}},
		{SortVolume, []int{1, 3, 2}},
		{SortVolume, []int{2, 3, 1}},
		{SortPeak, []int{1, 3, 2}},
		{SortConfidence, []int{2, 3, 1}},
		{SortReview, []int{2, 3, 1}},
		{SortNumber, []int{1, 2, 3}},
	} {
		w.SetSort(c.key)
		if got := w.ClipOrder(); !slices.Equal(got, c.want) {
			t.Errorf("sorted by %d: %v, want %v", c.key, got, c.want)
		}
	}
	w.SetSort(SortVolume)
	w.SelectClip(3)
	w.NextClip()
	if w.View().Selected != 1 {
		t.Errorf("after clip 3 comes %d, want 1", w.View().Selected)
	}
	w.idle()
}

func TestClipsAreMeasuredAndReasonsSaidInWords(t *testing.T) {
	w := opened(t)
	m := w.Derived().Around[1]
	if len(w.Derived().Around) != 3 || !(m.BoneMM < 4) || !(m.SkinMM > 0) || !(m.CentreMM > 0) {
		t.Fatalf("measured %+v", w.Derived().Around)
	}
	c := *w.Plan().Clip(1)
	c.Flags = []string{segment.FlagNearSkin, segment.FlagLarge}
	reasons := strings.Join(w.Reasons(&c), "; ")
	if !strings.Contains(reasons, "mm from skin: a skin marker?") || !strings.Contains(reasons, "20 mm³") {
		t.Errorf("reasons %q", reasons)
	}
	c = *w.Plan().Clip(3)
	c.Confidence, c.Flags = 0.4, nil
	if got := w.Reasons(&c); len(got) != 1 || got[0] != "The network is unsure: 0.40" {
		t.Errorf("reasons %q", got)
	}
	before := w.Derived().Around[2].CentreMM
	w.SetKept(3, false)
	w.idle()
	if after := w.Derived().Around[2].CentreMM; after == before || math.IsNaN(after) {
		t.Errorf("the middle of the kept clips is still %g mm away", after)
	}
}

func TestMergeAndSplitClips(t *testing.T) {
	w := opened(t)
	one, two := w.Plan().Clip(1), w.Plan().Clip(2)
	if other, mm := w.MergeOffer(1); other != 0 {
		t.Errorf("offers to merge clips %g mm apart", mm)
	}
	w.MergeClips(1, 2)
	w.idle()
	c := w.Plan().Clip(1)
	if len(w.Plan().Clips) != 2 || !c.Mask.Equal(one.Mask.Union(two.Mask)) || c.VolumeMM3 != c.Mask.VolumeMM3() || !w.View().Reviewed[1] {
		t.Fatalf("merged into %+v", c)
	}
	wantUndo(t, w, "Merge clips 1 and 2")
	w.SplitClip(1) // two parts: each its own again
	w.idle()
	first, second := w.Plan().Clip(1), w.Plan().Clip(4)
	if second == nil || !(first.Mask.Equal(one.Mask) && second.Mask.Equal(two.Mask) || first.Mask.Equal(two.Mask) && second.Mask.Equal(one.Mask)) {
		t.Fatalf("split into %+v and %+v", first, second)
	}
	w.SplitClip(3) // one part: halves
	w.idle()
	half := w.Plan().Clip(5)
	if half == nil || half.Mask.Count() != 4 || w.Plan().Clip(3).Mask.Count() != 4 || !half.Mask.Intersect(w.Plan().Clip(3).Mask).Empty() {
		t.Fatalf("a clip of 8 voxels was split into %+v", half)
	}
	if other, mm := w.MergeOffer(3); other != 5 || mm > 4 {
		t.Errorf("offers clip %d at %g mm", other, mm)
	}
	m := volume.NewMask(w.grid)
	m.Set(3, 3, 3, true)
	w.edit("tiny", "", false, func(p *Plan) {
		p.Clips = append(slices.Clone(p.Clips), segment.Clip{ID: 9, Side: "R", Mask: m, CentreMM: w.at(3, 3, 3)})
	})
	w.SplitClip(9)
	if w.View().Notice == nil {
		t.Error("a single voxel cannot be split, and nothing is said")
	}
	w.MergeClips(1, 1)
	w.MergeClips(1, 77)
	w.SplitClip(77)
	wantUndo(t, w, "tiny")
	w.idle()
}

func TestWhatLiesFarIsWalkedLastAndSaysSo(t *testing.T) {
	w := opened(t)
	w.Run()
	w.idle()
	first := w.Plan().Clips[0].ID
	w.Update(func() {
		w.edit("Far", "", false, func(p *Plan) {
			p.Clips = slices.Clone(p.Clips)
			p.Clips[0].Flags, p.Clips[0].Kept = []string{segment.FlagFar}, false
		})
	})
	w.SelectClip(0)
	w.NextClip()
	if got := w.View().Selected; got == first {
		t.Errorf("N begins with clip %d, which lies far from the bed", got)
	}
	w.SelectClip(0)
	w.PrevClip()
	if got := w.View().Selected; got != first {
		t.Errorf("P begins with clip %d, want the last, %d", got, first)
	}
	if words := w.Reasons(w.Plan().Clip(first)); len(words) == 0 || words[0] != "Far from the other clips, left out: the axilla's?" {
		t.Errorf("reasons %q", words)
	}
}
