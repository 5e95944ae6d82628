package pane

import (
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// shownPane is a pane of w by h with a CT of 100 x 80 x 60 mm in it, in a window that has been painted.
func shownPane(t *testing.T, calls Callbacks, w, h float32) *Pane {
	t.Helper()
	test.NewTempApp(t)
	p := New(calls)
	win := test.NewTempWindow(t, p)
	win.SetPadded(false)
	win.Resize(fyne.NewSize(w, h))
	g := volume.NewUniformGrid(50, 40, 20, 2, 2, 3, volume.Vec{-49, -39, -28.5})
	p.SetScene(viewer.Scene{Volume: volume.NewVolume(g), Plane: viewer.Axial, Window: viewer.Window{CentreHU: 40, WidthHU: 400}, Zoom: 1})
	win.Canvas().Capture()
	return p
}

func mouse(x, y float32, button desktop.MouseButton) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}, Button: button}
}

func TestPressDragAndRelease(t *testing.T) {
	var points []volume.Vec
	opposite, released := false, 0
	p := shownPane(t, Callbacks{
		OnPress:   func(at volume.Vec, o bool) { points, opposite = append(points, at), o },
		OnDrag:    func(d Drag) { points = append(points, d.At) },
		OnRelease: func() { released++ },
	}, 400, 320)
	press := mouse(200, 160, desktop.MouseButtonPrimary)
	press.Modifier = fyne.KeyModifierShift
	p.MouseDown(press)
	p.MouseMoved(mouse(280, 160, 0))
	p.MouseUp(mouse(280, 160, desktop.MouseButtonPrimary))
	p.MouseMoved(mouse(300, 160, 0))
	if len(points) != 2 || !opposite || released != 1 {
		t.Fatalf("%d points, want one for the press and one for the drag; opposite %v, released %d times", len(points), opposite, released)
	}
	// 400 px show the 100 mm of the CT's width: 80 px to the right of the middle are 20 mm to the left of the patient.
	for i, want := range []volume.Vec{{0, 0, 0}, {20, 0, 0}} {
		if d := points[i].Distance(want); d > 1.5 {
			t.Errorf("point %d at %v, want %v", i, points[i], want)
		}
	}
	p.MouseDown(mouse(10, 10, desktop.MouseButtonPrimary))
	p.MouseOut()
	p.MouseUp(mouse(10, 10, desktop.MouseButtonPrimary))
	if released != 2 {
		t.Errorf("released %d times, want once more when the mouse leaves", released)
	}
}

func TestTheBrushIsACircleRoundTheMouse(t *testing.T) {
	p := shownPane(t, Callbacks{}, 400, 320)
	p.SetBrush(20, accent())
	if !p.written.brush.Hidden {
		t.Error("a brush is shown though the mouse is elsewhere")
	}
	p.MouseMoved(mouse(100, 90, 0))
	c := p.written.brush
	if c.Hidden || math.Abs(float64(c.Size().Width)-80) > 1 || c.Position().AddXY(c.Size().Width/2, c.Size().Height/2) != fyne.NewPos(100, 90) {
		t.Errorf("a brush of 20 mm is %v at %v", c.Size(), c.Position())
	}
	p.SetBrush(0, nil)
	if !c.Hidden {
		t.Error("the brush stays when it is put away")
	}
}

func TestDragsPanAndChangeTheWindow(t *testing.T) {
	var right, down, centre, width float64
	p := shownPane(t, Callbacks{
		OnDrag: func(d Drag) {
			switch d.Button {
			case desktop.MouseButtonTertiary:
				right, down = d.RightMM, d.DownMM
			case desktop.MouseButtonSecondary:
				centre, width = d.Down, d.Right
			}
		},
	}, 400, 320)
	p.MouseDown(mouse(100, 100, desktop.MouseButtonTertiary))
	p.MouseMoved(mouse(140, 80, 0))
	p.MouseUp(mouse(140, 80, desktop.MouseButtonTertiary))
	if right < 9 || right > 11 || down > -4 || down < -6 {
		t.Errorf("40 px right and 20 px up moved the picture by %.1f, %.1f mm, want 10, -5", right, down)
	}
	p.MouseDown(mouse(100, 100, desktop.MouseButtonSecondary))
	p.MouseMoved(mouse(200, 132, 0))
	if width != 0.25 || math.Abs(centre-0.1) > 1e-6 {
		t.Errorf("a quarter of the width and a tenth of the height gave %g and %g", width, centre)
	}
}

func TestWheelSteps(t *testing.T) {
	var steps []int
	p := shownPane(t, Callbacks{OnStep: func(n int) { steps = append(steps, n) }}, 400, 320)
	for _, dy := range []float32{10, -10, 2, -30, 0} {
		p.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: dy}})
	}
	want := []int{1, -1, 1, -3}
	if len(steps) != len(want) {
		t.Fatalf("steps %v, want %v", steps, want)
	}
	for i := range want {
		if steps[i] != want[i] {
			t.Errorf("step %d is %d, want %d", i, steps[i], want[i])
		}
	}
}

func TestPinchZoomsUnderTheMouse(t *testing.T) {
	zooms := 0
	var by float64
	var about volume.Vec
	p := shownPane(t, Callbacks{OnZoom: func(factor float64, at volume.Vec) { zooms, by, about = zooms+1, factor, at }}, 400, 320)
	p.Pinched(1.2)
	if zooms != 0 {
		t.Fatal("a pinch elsewhere zoomed")
	}
	p.MouseIn(mouse(100, 90, 0))
	p.Pinched(1.2)
	if want := p.at(fyne.NewPos(100, 90)); zooms != 1 || by != 1.2 || about != want {
		t.Errorf("%d zooms, by %g about %v, want one by 1.2 about %v", zooms, by, about, want)
	}
	p.MouseOut()
	p.Pinched(1.2)
	if zooms != 1 {
		t.Error("a pinch zoomed after the mouse had left")
	}
}

func TestAnEmptyPaneIgnoresTheMouse(t *testing.T) {
	called := false
	p := shownPane(t, Callbacks{OnPress: func(volume.Vec, bool) { called = true }, OnStep: func(int) { called = true }}, 300, 200)
	p.Clear()
	p.MouseDown(mouse(20, 20, desktop.MouseButtonPrimary))
	p.MouseMoved(mouse(40, 20, 0))
	p.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: 10}})
	p.Pinched(2)
	if called {
		t.Error("a pane without a CT reported a pick or a step")
	}
}

func TestHoverWritesHUWithoutDrawing(t *testing.T) {
	p := shownPane(t, Callbacks{}, 400, 320)
	drawn := p.picture
	p.picture = nil // a drawing would make it anew
	p.MouseMoved(mouse(200, 160, 0))
	if text := p.written.corners[2].Text; !strings.HasSuffix(text, "0 HU") {
		t.Errorf("bottom left reads %q, want the HU under the mouse", text)
	}
	if p.picture != nil || drawn == nil {
		t.Error("moving the mouse drew the picture again")
	}
	p.MouseOut()
	if text := p.written.corners[2].Text; strings.Contains(text, "HU") {
		t.Errorf("bottom left still reads %q after the mouse left", text)
	}
}

func TestTextsNeverOverlap(t *testing.T) {
	for _, width := range []float32{160, 220, 300, 700} {
		p := shownPane(t, Callbacks{}, width, 200)
		p.SetCorners(Corners{TopLeft: "Zhang San Feng", TopRight: "Planning CT 3 mm", BottomRight: "W 400  L 40 HU"})
		texts := p.written.texts()
		for i, a := range texts {
			for _, b := range texts[:i] {
				if !a.Hidden && !b.Hidden && overlap(a, b) {
					t.Errorf("%g wide: %q lies over %q", width, a.Text, b.Text)
				}
			}
		}
	}
}

func overlap(a, b *canvas.Text) bool {
	pa, pb, sa, sb := a.Position(), b.Position(), a.Size(), b.Size()
	return pa.X < pb.X+sb.Width && pb.X < pa.X+sa.Width && pa.Y < pb.Y+sb.Height && pb.Y < pa.Y+sa.Height
}

func TestTextsHide(t *testing.T) {
	p := shownPane(t, Callbacks{}, 400, 320)
	p.SetTexts(false)
	for _, text := range p.written.texts() {
		if !text.Hidden {
			t.Errorf("%q is still shown", text.Text)
		}
	}
	if !p.written.bar.Hidden {
		t.Error("the scale bar is still shown")
	}
}

func TestLabelsFollowAChangeOfSizeAtOnce(t *testing.T) {
	p := shownPane(t, Callbacks{}, 400, 320)
	s := p.scene
	s.Boxes = []viewer.Box{{MinMM: volume.Vec{0, 0, -5}, MaxMM: volume.Vec{10, 10, 5}, Label: "1"}}
	p.SetScene(s)
	p.Resize(fyne.NewSize(200, 160))
	if x := p.written.labels[0].Position().X; math.Abs(float64(x)-100) > 3 {
		t.Errorf("after halving the view the label of a box in its middle stands at %g of 200", x)
	}
}
