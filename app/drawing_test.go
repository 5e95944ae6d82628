package app

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
	"github.com/clipwright/clipwright/viewer"
)

// searched opens the test chest and finds its clips.
func searched(t *testing.T) *driver {
	t.Helper()
	d := newDriver(t)
	d.open(writeChest(t))
	d.idle()
	d.session.Run()
	d.idle()
	d.win.Canvas().Capture() // lays out and draws the views
	return d
}

// spot is where p lies on the view of plane.
func (d *driver) spot(plane viewer.Plane, p volume.Vec) fyne.Position {
	s := d.views.scene(d.views.each[plane])
	x, y := viewer.ToPicture(&s, p)
	return fyne.NewPos(float32(x/s.Scale), float32(y/s.Scale))
}

// drag presses the left button at the first of points on the view of plane and lets it go at the last.
func (d *driver) drag(plane viewer.Plane, modifier fyne.KeyModifier, points ...volume.Vec) {
	d.t.Helper()
	p := d.views.each[plane].pane
	event := func(at volume.Vec) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: d.spot(plane, at)}, Button: desktop.MouseButtonPrimary, Modifier: modifier}
	}
	p.MouseMoved(event(points[0]))
	p.MouseDown(event(points[0]))
	for _, at := range points[1:] {
		p.MouseMoved(event(at))
	}
	p.MouseUp(event(points[len(points)-1]))
}

func TestJourneyOfDrawing(t *testing.T) {
	d := searched(t)
	d.session.SetMargin(segment.UniformMargin(8))
	d.idle()
	d.session.SetCursor(volume.Vec{-20, 0, 0})

	// A seroma: a contour, the same farther up, and what lies between; then the brush.
	d.key(fyne.KeyC)
	if d.session.View().Tool != session.ToolContour || !d.tools.tools[session.ToolContour].chosen || !d.tools.drawing.Visible() {
		t.Fatal("C does not take the contour")
	}
	d.addStructure(session.Suggestion{Name: "Seroma", Type: "CAVITY"})
	d.session.SetTool(session.ToolContour)
	square := func(z float64) []volume.Vec {
		return []volume.Vec{{-30, -10, z}, {-10, -10, z}, {-10, 10, z}, {-30, 10, z}}
	}
	d.drag(viewer.Axial, 0, square(0)...)
	d.session.StepSlice(4)
	d.drag(viewer.Axial, 0, square(12)...)
	d.key(fyne.KeyI)
	g := d.session.Document().Volume.Grid
	z0, _ := g.NearestSlice(volume.Vec{0, 0, 0})
	m := d.session.Plan().Drawing("Seroma").Mask
	for z := z0; z <= z0+4; z++ {
		if cc := float64(m.CountSlice(z)) * g.VoxelVolume(z) / 1000; math.Abs(cc-20*20*3/1000.0) > 0.25 {
			t.Errorf("slice %d holds %.2f cc of a square of 20 mm", z, cc)
		}
	}
	if name, _ := d.session.UndoName(); name != "Interpolate Seroma" {
		t.Errorf("undo would be %q", name)
	}
	d.key(fyne.KeyS)
	d.typedRune(']')
	if mm := d.session.View().BrushMM; mm != 9 || d.tools.size.Text != "9" {
		t.Errorf("] makes the brush %g mm, the field says %q", mm, d.tools.size.Text)
	}
	d.drag(viewer.Sagittal, fyne.KeyModifierShift, volume.Vec{-20, 0, 6}) // a hole in the middle
	if x, y, z := g.ToVoxel(volume.Vec{-20, 0, 6}); d.session.Plan().Drawing("Seroma").Mask.At(int(x+.5), int(y+.5), int(z+.5)) {
		t.Error("Shift does not erase")
	}
	d.typedShortcut(&fyne.ShortcutUndo{})
	if !d.session.Plan().Drawing("Seroma").Mask.Equal(m) {
		t.Error("undo does not bring the stroke back")
	}

	// A drafted target drawn upon is edited from then on.
	d.session.SetActive(session.NameCTV)
	d.key(fyne.KeyB)
	d.drag(viewer.Axial, 0, volume.Vec{60, 10, 12}, volume.Vec{70, 10, 12})
	d.idle()
	edited := d.session.Plan().Drawing(session.NameCTV)
	if edited == nil || !edited.Edited() {
		t.Fatalf("after drawing on it the CTV is %+v", edited)
	}
	if row := d.structures.rows[session.NameCTV]; row.detail.content != "edited by hand" {
		t.Errorf("its row says %q", row.detail.content)
	}

	// A missed clip drawn by hand.
	d.session.SelectClip(0)
	d.session.SetActive(session.ClipsName("R"))
	d.session.SetBrush(4)
	d.drag(viewer.Axial, 0, volume.Vec{-60, 20, 12})
	d.idle()
	if n := len(d.session.Plan().Clips); n != len(metalCentres())+1 || d.session.View().Selected != n {
		t.Errorf("%d clips after drawing one, clip %d is selected", n, d.session.View().Selected)
	}
	d.key(fyne.KeyEscape)
	if d.session.View().Tool != session.ToolCrosshair {
		t.Error("Escape does not put the tool away")
	}
	d.session.SetStyle("Seroma", session.Style{Colour: [3]uint8{1, 2, 3}, Line: 1})

	path := filepath.Join(t.TempDir(), "drawn.dcm")
	d.session.Save(path, false)
	d.idle()
	set, err := dicom.ReadStructureSet(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*volume.Mask{"Seroma": m, session.NameCTV: edited.Mask} {
		st := set.Find(name)
		if st == nil || !st.Mask(g).Equal(want) {
			t.Errorf("%s does not come back as it was drawn", name)
		}
	}
	if st := set.Find("Seroma"); st.Type != "CAVITY" || st.Algorithm != "MANUAL" || st.Colour != [3]uint8{1, 2, 3} {
		t.Errorf("the seroma is saved as %s, %s, %v", st.Type, st.Algorithm, st.Colour)
	}
	if st := set.Find(session.NameCTV); st.Algorithm != "SEMIAUTOMATIC" {
		t.Errorf("the edited target is saved as %s", st.Algorithm)
	}
	if masks := set.Find(session.ClipsName("R")).ClipMasks(g); len(masks) != len(metalCentres())+1 {
		t.Errorf("%d clips saved", len(masks))
	}
}

func TestJourneyOfTheBox(t *testing.T) {
	d := searched(t)
	d.session.SetKept(1, false)
	second := d.session.Plan().Clip(2).CentreMM
	d.session.SelectClip(2)
	d.key(fyne.KeyG)
	box := d.session.ProposeBox()
	inside := box.MinMM.Add(box.MaxMM).Scale(0.5)
	inside[2] = second[2]

	// Its right edge dragged on the axial view, its lower one on the coronal view.
	edge := inside
	edge[0] = box.MaxMM[0]
	to := edge
	to[0] = second[0] + 8
	d.drag(viewer.Axial, 0, edge, to)
	got := d.session.View().Box
	if got == nil || math.Abs(got.MaxMM[0]-to[0]) > 2 || math.Abs(got.MinMM[1]-box.MinMM[1]) > 20 {
		t.Fatalf("the box is %+v after dragging its left side to %.0f", got, to[0])
	}
	if d.tools.search.Hidden {
		t.Error("a box that was drawn cannot be searched")
	}
	// A new one, drawn from outside the box on the axial view, keeps its height.
	d.drag(viewer.Axial, 0, second.Add(volume.Vec{-7, -7, 0}), second.Add(volume.Vec{7, 7, 0}))
	moved := d.session.View().Box
	if moved.MaxMM[2] != got.MaxMM[2] {
		t.Errorf("the box is %+v", moved)
	}
	d.session.SetBox(second.Add(volume.Vec{-6, -6, -6}), second.Add(volume.Vec{6, 6, 6}))
	before := d.session.Plan().Clips
	test.Tap(d.tools.search)
	d.idle()
	clips := d.session.Plan().Clips
	if len(clips) != len(before) {
		t.Fatalf("%d clips after a search in the box, want %d", len(clips), len(before))
	}
	if d.session.Plan().Clip(1).Kept || !d.session.View().Reviewed[1] || d.session.View().Reviewed[2] {
		t.Error("the search in the box touched what lies outside, or takes what it found as reviewed")
	}
	if c := d.session.Plan().Clip(2); c == nil || c.CentreMM.Distance(second) > 1 {
		t.Errorf("the clip in the box is %+v", c)
	}
	if d.session.View().Box != nil {
		t.Error("the box stays after the search")
	}
	if name, _ := d.session.UndoName(); name != "Find clips in the box" {
		t.Errorf("undo would be %q", name)
	}
}

func TestEscapeLeavesTheMenuOfAStructure(t *testing.T) {
	d := searched(t)
	d.showStructure(d.session.Structures()[0], d.top.box)
	if d.win.Canvas().Overlays().Top() == nil {
		t.Fatal("no menu")
	}
	d.key(fyne.KeyEscape)
	if d.win.Canvas().Overlays().Top() != nil {
		t.Error("it stays")
	}
}

func TestSavingLeavesTheImagesAsTheyAreZoomed(t *testing.T) {
	d := searched(t)
	d.key("Z")
	axial := d.views.each[viewer.Axial]
	before := *axial
	if before.zoom <= 1 {
		t.Fatal("Z does not magnify")
	}
	d.session.Save(filepath.Join(t.TempDir(), "rs.dcm"), false)
	d.idle()
	if d.session.View().SavedPath == "" || axial.zoom != before.zoom || axial.panMM != before.panMM {
		t.Errorf("zoom %g at %v, after saving %g at %v", before.zoom, before.panMM, axial.zoom, axial.panMM)
	}
}

func TestLayoutsShowTheirViews(t *testing.T) {
	d := searched(t)
	visible := func() (n int) {
		for _, o := range d.views.all() {
			if o.Visible() {
				n++
			}
		}
		return n
	}
	for i, want := range []int{4, 4, 1, 4} {
		if n := visible(); n != want {
			t.Errorf("layout %d shows %d views, want %d", i, n, want)
		}
		d.win.Canvas().Capture()
		d.key(fyne.KeyL)
	}
	d.views.layout = layoutLarge
	d.views.maximised = -1
	d.views.arrange()
	d.views.maximise(solidView)
	if visible() != 1 || !d.views.solid.Visible() {
		t.Error("a double click does not show the view alone")
	}
	d.views.maximise(int(viewer.Axial))
	if visible() != 4 {
		t.Error("a second double click does not bring the others back")
	}
	if got := d.viewPicture().Bounds(); got.Dx() < 200 || got.Dy() < 200 {
		t.Errorf("the picture of the view is %v", got)
	}
}

func TestAMissedClipIsShownBeforeTheClickThatAddsIt(t *testing.T) {
	d := searched(t)
	missed := d.session.Plan().Clips[0]
	d.session.SelectClip(missed.ID)
	d.session.SetCursor(missed.CentreMM)
	d.session.Undo() // of the search
	d.idle()
	d.key(fyne.KeyW)
	p := d.views.each[viewer.Axial].pane
	at := d.spot(viewer.Axial, missed.CentreMM)
	p.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
	d.until("the preview", func() bool { return d.session.ProposedClip() != nil })
	boxes := d.views.boxes
	if len(boxes) == 0 || !strings.HasPrefix(boxes[len(boxes)-1].Label, "+ ") || len(d.session.Plan().Clips) != 0 {
		t.Errorf("boxes %+v", boxes)
	}
	d.picture("addclip")
	e := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
	p.MouseDown(e)
	p.MouseUp(e)
	d.idle()
	if clips := d.session.Plan().Clips; len(clips) != 1 || clips[0].CentreMM.Distance(missed.CentreMM) > 2 || d.session.ProposedClip() != nil {
		t.Errorf("a click added %+v", clips)
	}
	p.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: d.spot(viewer.Axial, metalCentres()[1])}})
	p.MouseOut()
	d.until("the look", func() bool { return d.session.ProposedClip() == nil })
}
