package session

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// at is the centre of a voxel of the test grid.
func (w *world) at(x, y, z int) volume.Vec {
	return w.grid.ToPatient(float64(x), float64(y), float64(z))
}

// draw is a stroke through voxels of axial slice z.
func (w *world) draw(z int, opposite bool, through ...[2]int) {
	for i, p := range through {
		if i == 0 {
			w.BeginStroke(w.at(p[0], p[1], z), volume.Slice{Axis: 2, Index: z}, opposite)
		}
		w.StrokeTo(w.at(p[0], p[1], z))
	}
	w.EndStroke()
}

func wantUndo(t *testing.T, w *world, want string) {
	t.Helper()
	if name, _ := w.UndoName(); name != want {
		t.Errorf("undo would be %q, want %q", name, want)
	}
}

func TestAStrokeIsOneUndoStep(t *testing.T) {
	w := opened(t)
	if err := w.NewStructure("Seroma", "CAVITY"); err != nil {
		t.Fatal(err)
	}
	if w.View().Tool != ToolBrush || w.View().Active != "Seroma" {
		t.Errorf("a new structure leaves tool %d on %q", w.View().Tool, w.View().Active)
	}
	w.SetBrush(8)
	steps := len(w.past)
	w.draw(10, false, [2]int{10, 10}, [2]int{20, 10}, [2]int{20, 20})
	if len(w.past) != steps+1 {
		t.Errorf("%d undo steps for one stroke", len(w.past)-steps)
	}
	wantUndo(t, w, "Draw Seroma on slice 11")
	m := w.Plan().Drawing("Seroma").Mask
	if !m.At(15, 10, 10) || !m.At(20, 15, 10) || m.At(15, 15, 10) || m.CountSlice(9) != 0 || m.CountSlice(10) != m.Count() {
		t.Errorf("%d voxels drawn, %d of them on slice 11", m.Count(), m.CountSlice(10))
	}
	w.SetTool(ToolEraser)
	w.draw(10, false, [2]int{15, 10})
	wantUndo(t, w, "Erase Seroma on slice 11")
	if w.Plan().Drawing("Seroma").Mask.At(15, 10, 10) || !m.At(15, 10, 10) {
		t.Error("erasing wrote a published mask, or nothing")
	}
	w.draw(10, true, [2]int{15, 10}) // an eraser held the other way draws
	wantUndo(t, w, "Draw Seroma on slice 11")
	w.Undo()
	w.Undo()
	if !w.Plan().Drawing("Seroma").Mask.Equal(m) {
		t.Error("undo did not bring back what was erased")
	}
	w.draw(3, false, [2]int{1, 1}) // erases nothing
	wantUndo(t, w, "Draw Seroma on slice 11")
}

func TestContourSphereInterpolateAndHoles(t *testing.T) {
	w := opened(t)
	if err := w.NewStructure("GTVsb", "GTV"); err != nil {
		t.Fatal(err)
	}
	w.SetTool(ToolContour)
	square := [][2]int{{10, 10}, {20, 10}, {20, 20}, {10, 20}}
	for _, z := range []int{5, 9} {
		w.draw(z, false, square...)
	}
	m := w.Plan().Drawing("GTVsb").Mask
	if m.CountSlice(5) < 90 || !m.At(15, 15, 5) || m.CountSlice(7) != 0 {
		t.Errorf("the contour fills %d voxels", m.CountSlice(5))
	}
	w.draw(5, true, [][2]int{{13, 13}, {17, 13}, {17, 17}, {13, 17}}...)
	if w.Plan().Drawing("GTVsb").Mask.At(15, 15, 5) {
		t.Error("a contour held the other way does not cut out")
	}
	w.FillHoles()
	wantUndo(t, w, "Fill holes of GTVsb")
	if !w.Plan().Drawing("GTVsb").Mask.Equal(m) {
		t.Error("the hole is not filled")
	}
	w.Interpolate()
	wantUndo(t, w, "Interpolate GTVsb")
	m = w.Plan().Drawing("GTVsb").Mask
	for z := 6; z < 9; z++ {
		if m.CountSlice(z) != m.CountSlice(5) {
			t.Errorf("slice %d has %d voxels between two of %d", z, m.CountSlice(z), m.CountSlice(5))
		}
	}
	w.Interpolate()
	if w.View().Notice == nil || w.Plan().Drawing("GTVsb").Mask != m {
		t.Error("nothing to interpolate, and nothing is said")
	}
	w.SetTool(ToolSphere)
	w.SetBrush(20)
	w.draw(15, false, [2]int{30, 30})
	wantUndo(t, w, "Draw GTVsb on slice 16")
	m = w.Plan().Drawing("GTVsb").Mask
	if !m.At(30, 30, 18) || !m.At(30, 30, 12) || m.At(30, 30, 19) || !m.At(35, 30, 15) || m.At(36, 30, 15) {
		t.Error("a sphere of 20 mm does not reach 10 mm")
	}
	if got := w.Plan().Drawing("GTVsb").CC; got != m.VolumeMM3()/1000 {
		t.Errorf("volume %g cc", got)
	}
}

func TestADrawnUponTargetIsEditedAndSavedSo(t *testing.T) {
	w := opened(t)
	w.SetMargin(uniform(10))
	w.idle()
	w.SetTool(ToolBrush)
	w.SetActive(NameCTV)
	w.draw(2, false, [2]int{30, 30})
	d := w.Plan().Drawing(NameCTV)
	if d == nil || !d.Edited() || d.Type != "CTV" || !d.Mask.At(30, 30, 2) || w.View().Notice == nil {
		t.Fatalf("drawn upon, the target is %+v", d)
	}
	w.SetMargin(uniform(20))
	w.idle()
	if w.Plan().Drawing(NameCTV).Mask != d.Mask {
		t.Error("an edited target still follows the margin")
	}
	if n := len(w.Layers()); n != 2 {
		t.Errorf("%d layers, want the bed and the edited target", n)
	}
	if err := w.NewStructure("Empty", "ORGAN"); err != nil {
		t.Fatal(err)
	}
	w.Save(filepath.Join(t.TempDir(), "a.dcm"), false)
	w.idle()
	st := w.saved[0].Find(NameCTV)
	if st == nil || !st.Mask(w.grid).Equal(d.Mask) || st.Algorithm != "SEMIAUTOMATIC" || !strings.HasPrefix(st.Description, "Edited by hand") {
		t.Errorf("saved as %+v", st)
	}
	if w.saved[0].Find("Empty") != nil {
		t.Error("an empty structure was saved")
	}
	w.RemoveDrawn(NameCTV)
	wantUndo(t, w, "Take back the edits of CTVsb_High")
	if w.Plan().Drawing(NameCTV) != nil || w.maskOf(NameCTV) == nil {
		t.Error("the edits are not taken back")
	}
}

func TestDrawingOnClips(t *testing.T) {
	w := opened(t)
	w.SetTool(ToolBrush)
	w.SetActive(ClipsName("R"))
	w.SetBrush(4)
	w.SelectClip(1)
	before := w.Plan().Clip(1)
	w.draw(5, false, [2]int{12, 10})
	after := w.Plan().Clip(1)
	if after.VolumeMM3 <= before.VolumeMM3 || !after.Mask.At(12, 10, 5) || before.Mask.At(12, 10, 5) || !w.View().Reviewed[1] {
		t.Errorf("clip 1 is %+v after drawing", after)
	}
	wantUndo(t, w, "Draw clip 1 on slice 6")
	w.SelectClip(0)
	w.draw(3, false, [2]int{30, 30})
	made := w.Plan().Clip(4)
	if made == nil || !made.ByHand || !made.Kept || made.Side != "R" || made.CentreMM.Distance(w.at(30, 30, 3)) > 1e-6 {
		t.Fatalf("a clip drawn anew is %+v", made)
	}
	// A clip never takes voxels of another.
	w.SelectClip(4)
	w.SetBrush(60)
	w.draw(5, false, [2]int{20, 20})
	if !w.Plan().Clip(4).Mask.Intersect(w.Plan().Clip(1).Mask).Empty() {
		t.Error("two clips share voxels")
	}
	// Erased altogether, it is rejected and keeps its shape.
	w.SelectClip(2)
	w.SetTool(ToolEraser)
	was := w.Plan().Clip(2).Mask
	for _, z := range []int{8, 9} {
		w.draw(z, false, [2]int{20, 12})
	}
	if c := w.Plan().Clip(2); c.Kept || c.Mask.Empty() {
		t.Errorf("erased, clip 2 of %d voxels has %d, kept %v", was.Count(), c.Mask.Count(), c.Kept)
	}
	w.SelectClip(0)
	w.Notify(nil)
	w.draw(5, false, [2]int{10, 10})
	if w.View().Notice == nil {
		t.Error("erasing without a clip selected says nothing")
	}
	w.idle()
}

func TestNamesAreChecked(t *testing.T) {
	w := opened(t)
	if err := w.NewStructure("Seroma", "CAVITY"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "A name that is far too long", "seroma", "Clips_X", NameExternal, NameROI, "a\\b", "a\nb", NameBed} {
		if err := w.CheckName(name, ""); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
	if err := w.CheckName("Seroma", "Seroma"); err != nil {
		t.Error(err)
	}
	for _, g := range w.Suggestions() {
		if err := w.CheckName(g.Name, ""); err != nil && !IsClips(g.Name) {
			t.Errorf("suggests %q: %v", g.Name, err)
		}
	}
}

func TestDrawingWithoutAStructureSaysSo(t *testing.T) {
	w := newWorld(t)
	w.SetTool(ToolBrush)
	w.BeginStroke(volume.Vec{}, volume.Slice{Axis: 2}, false) // no study
	w.OpenDemo(1)
	w.idle()
	w.BeginStroke(w.at(5, 5, 5), volume.Slice{Axis: 2, Index: 5}, false)
	if w.Stroke() != nil || w.View().Notice == nil {
		t.Error("drawing on nothing says nothing")
	}
	w.StrokeTo(w.at(5, 5, 5))
	w.EndStroke()
	w.Interpolate()
	if len(w.Plan().Drawn) != 0 || w.CanSave() == nil {
		t.Error("something was drawn")
	}
}

// TestUndoOfDrawingIsBounded draws twice as many strokes as undo keeps and asks how much they hold.
func TestUndoOfDrawingIsBounded(t *testing.T) {
	w := opened(t)
	g := volume.NewUniformGrid(512, 512, 200, 0.98, 0.98, 2, volume.Vec{})
	w.document.Volume = volume.NewVolume(g)
	w.grid = g
	if err := w.NewStructure("Scar", "AVOIDANCE"); err != nil {
		t.Fatal(err)
	}
	w.SetBrush(20)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 2 * undoSteps {
		z := i % 200
		w.draw(z, false, [2]int{100 + i%300, 200}, [2]int{110 + i%300, 210})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(w.past) != undoSteps {
		t.Errorf("%d steps are kept, want %d", len(w.past), undoSteps)
	}
	const most = 40 << 20
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > most {
		t.Errorf("%d strokes on 512 x 512 x 200 hold %d MB", undoSteps, grown>>20)
	}
	runtime.KeepAlive(w)
}

func uniform(mm float64) segment.Margin { return segment.UniformMargin(mm) }
