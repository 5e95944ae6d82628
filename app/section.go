package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// section is a titled part of a side panel that folds.
type section struct {
	box    *fyne.Container
	head   *button
	info   *text // at the right of the title
	body   fyne.CanvasObject
	folded bool
}

// newSection stacks the title over body; grow lets body take all the height there is.
func newSection(h *host, title string, body fyne.CanvasObject, grow bool) *section {
	s := &section{info: newText("", textStyle{size: sizeSmall, colour: colourDim}), body: body}
	s.head = newButton(h, title, theme.MenuDropDownIcon(), buttonFlat, "", s.toggle)
	s.head.leading, s.head.colour, s.head.bold = true, colourText, true
	head := container.NewStack(s.head, inset(container.NewHBox(layout.NewSpacer(), container.NewCenter(s.info)), 0, 10, 0, 0))
	if grow {
		s.box = container.NewBorder(head, nil, nil, nil, body)
	} else {
		s.box = container.New(layout.NewCustomPaddedVBoxLayout(0), head, body)
	}
	return s
}

func (s *section) toggle() {
	s.folded = !s.folded
	icon := theme.MenuDropDownIcon()
	if s.folded {
		icon = theme.MenuExpandIcon()
	}
	setVisible(s.body, !s.folded)
	s.head.set(s.head.label, icon)
	relayout(s.box)
}

// inset pads o by left, right, top and bottom.
func inset(o fyne.CanvasObject, left, right, top, bottom float32) *fyne.Container {
	return container.New(layout.NewCustomPaddedLayout(top, bottom, left, right), o)
}

// rows stacks objects with a gap.
func rows(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedVBoxLayout(gap), objects...)
}

// columns puts objects side by side with a gap.
func columns(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(gap), objects...)
}

// middle centres o in height and lets it have its own width.
func middle(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedVBoxLayout(0), layout.NewSpacer(), o, layout.NewSpacer())
}
