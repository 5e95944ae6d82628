package session

import (
	"context"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestTheBoxIsKeptInTheCTAndOfSomeSize(t *testing.T) {
	w := opened(t)
	if w.Box() != nil {
		t.Fatal("a box without one found or drawn")
	}
	w.SetCursor(w.at(20, 20, 10))
	if b := w.ProposeBox(); b.CentreMM != w.View().Cursor || b.MaxMM[0]-b.MinMM[0] != firstBoxMM {
		t.Errorf("proposed %+v", b)
	}
	low, high := gridExtent(w.grid)
	w.SetBox(volume.Vec{500, 0, 0}, volume.Vec{-500, 1, 4})
	b := w.Box()
	if b.MinMM[0] != low[0] || b.MaxMM[0] != high[0] || b.MaxMM[1]-b.MinMM[1] != leastBoxMM || b.CentreMM[2] != 2 {
		t.Errorf("box %+v in a CT of %v to %v", b, low, high)
	}
	w.ClearBox()
	if w.Box() != nil {
		t.Error("the box stays")
	}
	w.RunInBox()
	if w.View().Notice == nil || w.Job(JobRun).Running {
		t.Error("searching without a box says nothing")
	}
}

func TestASearchInTheBoxKeepsTheRest(t *testing.T) {
	w := opened(t)
	clips := w.Plan().Clips
	w.SetKept(1, false)
	w.SetKept(3, false)
	third := clips[2]
	var asked *segment.ROI
	w.work.run = func(_ context.Context, _ *volume.Volume, _ segment.Networks, o segment.RunOptions) (*segment.Result, error) {
		asked = o.Box
		again, another := third, third
		again.ID, again.Kept = 1, true
		another.ID, another.Kept, another.CentreMM = 2, true, third.CentreMM.Add(volume.Vec{9, 0, 0})
		return &segment.Result{Clips: []segment.Clip{again, another}, Provider: "CPU", External: o.External}, nil
	}
	w.SetBox(third.CentreMM.Sub(volume.Vec{10, 10, 10}), third.CentreMM.Add(volume.Vec{10, 10, 10}))
	w.RunInBox()
	w.idle()
	if asked == nil {
		t.Fatal("the whole CT was searched")
	}
	var ids []int
	for _, c := range w.Plan().Clips {
		ids = append(ids, c.ID)
	}
	if len(ids) != 4 || w.Plan().Clip(1).Kept || !w.Plan().Clip(3).Kept || w.Plan().Clip(4) == nil {
		t.Errorf("clips %v; 1 kept %v, 3 kept %v", ids, w.Plan().Clip(1).Kept, w.Plan().Clip(3).Kept)
	}
	if r := w.View().Reviewed; !r[1] || r[2] || r[3] || r[4] {
		t.Errorf("reviewed %v, want clip 1 alone: it lies outside the box", r)
	}
}
