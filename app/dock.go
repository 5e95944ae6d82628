package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
)

// Widths of the side panels.
const (
	leftWidth, leftMin    float32 = 216, 196
	rightWidth, rightMin  float32 = 328, 316
	sideMax               float32 = 560
	centreMin             float32 = 560
	centreMinHeight       float32 = 220
	preferenceLeftWidth           = "left panel width"
	preferenceRightWidth          = "right panel width"
	preferenceLeftFolded          = "left panel folded"
	preferenceRightFolded         = "right panel folded"
)

// dock lays out a left panel, the images and a right panel. The panels keep their width when the window
// grows, can be dragged wider, fold away, and are remembered.
type dock struct {
	box                     *fyne.Container
	left, centre, right     fyne.CanvasObject
	leftGrip, rightGrip     *grip
	leftWidth, rightWidth   float32
	leftFolded, rightFolded bool
	settings                settings
}

func newDock(left, centre, right fyne.CanvasObject, s settings) *dock {
	d := &dock{
		left: left, centre: centre, right: right, settings: s,
		leftWidth:   float32(s.FloatWithFallback(preferenceLeftWidth, float64(leftWidth))),
		rightWidth:  float32(s.FloatWithFallback(preferenceRightWidth, float64(rightWidth))),
		leftFolded:  s.Bool(preferenceLeftFolded),
		rightFolded: s.Bool(preferenceRightFolded),
	}
	d.leftGrip = newGrip(desktop.HResizeCursor, func(by fyne.Delta) { d.leftWidth = clampWidth(d.leftWidth+by.DX, leftMin); d.moved() })
	d.rightGrip = newGrip(desktop.HResizeCursor, func(by fyne.Delta) { d.rightWidth = clampWidth(d.rightWidth-by.DX, rightMin); d.moved() })
	d.box = container.New(d, left, d.leftGrip, centre, d.rightGrip, right)
	d.fold()
	return d
}

func clampWidth(w, low float32) float32 { return min(max(w, low), sideMax) }

func (d *dock) moved() {
	d.settings.SetFloat(preferenceLeftWidth, float64(d.leftWidth))
	d.settings.SetFloat(preferenceRightWidth, float64(d.rightWidth))
	relayout(d.box)
}

func (d *dock) toggleLeft() {
	d.leftFolded = !d.leftFolded
	d.settings.SetBool(preferenceLeftFolded, d.leftFolded)
	d.fold()
}

func (d *dock) toggleRight() {
	d.rightFolded = !d.rightFolded
	d.settings.SetBool(preferenceRightFolded, d.rightFolded)
	d.fold()
}

func (d *dock) fold() {
	setVisible(d.left, !d.leftFolded)
	setVisible(d.leftGrip, !d.leftFolded)
	setVisible(d.right, !d.rightFolded)
	setVisible(d.rightGrip, !d.rightFolded)
	relayout(d.box)
}

func setVisible(o fyne.CanvasObject, on bool) {
	if on == o.Visible() {
		return
	}
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}

// widths gives the panels what they ask for as far as the images keep their least width.
func (d *dock) widths(total float32) (left, right float32) {
	if !d.leftFolded {
		left = d.leftWidth
	}
	if !d.rightFolded {
		right = d.rightWidth
	}
	if over := left + right + 2*gripWidth + centreMin - total; over > 0 {
		give := min(over, max(right-rightMin, 0))
		right -= give
		left -= min(over-give, max(left-leftMin, 0))
	}
	return left, right
}

// Layout is the toolkit's call.
func (d *dock) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	left, right := d.widths(size.Width)
	x := float32(0)
	place := func(o fyne.CanvasObject, width float32) {
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(width, size.Height))
		x += width
	}
	if !d.leftFolded {
		place(d.left, left)
		place(d.leftGrip, gripWidth)
	}
	rest := size.Width - x
	if !d.rightFolded {
		rest -= right + gripWidth
	}
	place(d.centre, max(rest, 0))
	if !d.rightFolded {
		place(d.rightGrip, gripWidth)
		place(d.right, right)
	}
}

// MinSize is the toolkit's call.
func (d *dock) MinSize([]fyne.CanvasObject) fyne.Size {
	width := centreMin
	if !d.leftFolded {
		width += leftMin + gripWidth
	}
	if !d.rightFolded {
		width += rightMin + gripWidth
	}
	return fyne.NewSize(width, centreMinHeight)
}
