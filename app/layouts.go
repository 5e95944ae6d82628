package app

import (
	"math"

	"fyne.io/fyne/v2"

	"github.com/clipwright/clipwright/viewer"
)

// Layouts of the images.
const (
	layoutLarge = iota // axial large, the other three beside it
	layoutFour         // all four alike
	layoutOne          // the view that has the keyboard alone
	layouts
)

// solidView is the fourth view, after the planes.
const solidView = int(viewer.Coronal) + 1

// all is every view in the order of planes, the solid one last.
func (v *views) all() [solidView + 1]fyne.CanvasObject {
	return [...]fyne.CanvasObject{v.each[viewer.Axial].pane, v.each[viewer.Sagittal].pane, v.each[viewer.Coronal].pane, v.solid}
}

// chosen is the view that has the keyboard or is shown alone; else the axial one.
func (v *views) chosen() fyne.CanvasObject { return v.all()[v.chosenIndex()] }

func (v *views) chosenIndex() int {
	if v.maximised >= 0 {
		return v.maximised
	}
	for i, p := range v.each {
		if p.pane.Focused() {
			return i
		}
	}
	return int(viewer.Axial)
}

// maximise shows one view alone, or all again.
func (v *views) maximise(view int) {
	if v.maximised >= 0 {
		view = -1
	}
	v.maximised = view
	if v.layout == layoutOne {
		v.layout = layoutLarge
	}
	v.arrange()
}

// nextLayout goes through the layouts.
func (v *views) nextLayout() {
	at := v.chosenIndex()
	v.layout = (v.layout + 1) % layouts
	v.maximised = -1
	if v.layout == layoutOne {
		v.maximised = at
	}
	v.settings.SetFloat(preferenceLayout, float64(v.layout))
	v.arrange()
}

// arrange shows the views of the layout and the bars between them.
func (v *views) arrange() {
	if v.layout == layoutOne && v.maximised < 0 {
		v.maximised = int(viewer.Axial)
	}
	for i, o := range v.all() {
		setVisible(o, (v.maximised < 0 || i == v.maximised) && !(v.flat && i == solidView))
	}
	bars := v.maximised < 0 && v.layout == layoutLarge
	setVisible(v.columnGrip, bars)
	setVisible(v.rowGrip, bars)
	v.showSolid()
	relayout(v.box)
}

// Layout is the toolkit's call.
func (v *views) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	round := func(f float32) float32 { return float32(math.Round(float64(f))) }
	all := v.all()
	switch {
	case v.maximised >= 0:
		place(all[v.maximised], 0, 0, size.Width, size.Height)
	case v.layout == layoutFour:
		left, upper := round((size.Width-gripWidth)/2), round((size.Height-gripWidth)/2)
		x, y := left+gripWidth, upper+gripWidth
		place(all[viewer.Axial], 0, 0, left, upper)
		place(all[viewer.Sagittal], x, 0, size.Width-x, upper)
		place(all[solidView], 0, y, left, size.Height-y)
		place(all[viewer.Coronal], x, y, size.Width-x, size.Height-y)
		if v.flat {
			place(all[viewer.Axial], 0, 0, left, size.Height)
		}
	default:
		left := round((size.Width - gripWidth) * v.axialPart)
		x, side := left+gripWidth, size.Width-left-gripWidth
		upper := round((size.Height - 2*gripWidth) * v.upperPart)
		lower := round((size.Height - upper - 2*gripWidth) / 2)
		if v.flat {
			upper = round((size.Height - gripWidth) / 2)
			lower = size.Height - upper - gripWidth
		}
		y := upper + gripWidth
		place(all[viewer.Axial], 0, 0, left, size.Height)
		place(v.columnGrip, left, 0, gripWidth, size.Height)
		place(all[viewer.Sagittal], x, 0, side, upper)
		place(v.rowGrip, x, upper, side, gripWidth)
		place(all[viewer.Coronal], x, y, side, lower)
		place(all[solidView], x, y+lower+gripWidth, side, size.Height-y-lower-gripWidth)
	}
}

// MinSize is the toolkit's call.
func (v *views) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(centreMin, centreMinHeight)
}
