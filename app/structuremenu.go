package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// showStructure opens the panel of one structure beside its row: colour, opacity, and what can be done with it.
func (w *window) showStructure(v session.StructureView, under fyne.CanvasObject) {
	s := w.session
	var popup *widget.PopUp
	leave := func(do func()) func() {
		return func() {
			popup.Hide()
			do()
		}
	}
	content := rows(8, newText(shorten(titleOf(v), 40), textStyle{bold: true}), newText(shorten(w.host.phrases.say(v.Detail), 48), textStyle{size: sizeSmall, colour: colourDim}))
	swatches := columns(3)
	for _, c := range session.Palette() {
		swatches.Add(newSwatchButton(c, func() {
			st := s.Style(v.Name)
			st.Colour = c
			s.SetStyle(v.Name, st)
		}))
	}
	content.Add(swatches)
	if v.CC >= 0 {
		content.Add(opacity(w, lang.L("Line"), s.Style(v.Name).Line, func(st *session.Style, part float64) { st.Line = part }, v.Name))
		content.Add(opacity(w, lang.L("Fill"), s.Style(v.Name).Fill, func(st *session.Style, part float64) { st.Fill = part }, v.Name))
	}
	action := func(label string, icon fyne.Resource, do func()) {
		b := newButton(w.host, label, icon, buttonFlat, "", leave(do))
		b.leading, b.colour = true, colourText
		content.Add(b)
	}
	if v.Opened {
		if v.Clips {
			action(lang.L("Take its clips over"), theme.ContentAddIcon(), func() { s.TakeClips(v.Name) })
		}
		action(lang.L("Unlock: copy it into this plan"), icon("lock"), func() { s.Unlock(v.Name) })
		action(lang.L("Close the opened set"), theme.CancelIcon(), s.CloseSet)
	}
	if v.Drawable {
		action(lang.L("Draw on it"), icon("brush"), func() {
			s.SetActive(v.Name)
			if !s.View().Tool.Draws() {
				s.SetTool(session.ToolBrush)
			}
		})
	}
	if v.Drawn && !v.Edited {
		action(lang.L("Rename"), theme.DocumentCreateIcon(), func() { w.askName(v.Name) })
		action(lang.L("Delete"), theme.DeleteIcon(), func() { s.RemoveDrawn(v.Name) })
	}
	if v.Edited {
		action(lang.L("Take back the edits"), theme.ContentUndoIcon(), func() { s.RemoveDrawn(v.Name) })
	}
	popup = widget.NewPopUp(inset(content, 14, 14, 12, 10), w.win.Canvas())
	w.menu = popup
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(under)
	room, size := w.win.Canvas().Size(), popup.MinSize()
	popup.ShowAtPosition(fyne.NewPos(at.X+under.Size().Width, max(min(at.Y, room.Height-size.Height-8), 8)))
}

// opacity is a slider for one opacity of a structure.
func opacity(w *window, label string, value float64, set func(*session.Style, float64), name string) fyne.CanvasObject {
	slider := widget.NewSlider(0, 1)
	slider.Step = 0.05
	slider.SetValue(value)
	slider.OnChanged = func(part float64) {
		st := w.session.Style(name)
		set(&st, part)
		w.session.SetStyle(name, st)
	}
	room := newFill(colourPanel)
	room.min = fyne.NewSize(150, 1)
	room.colour = theme.ColorNameOverlayBackground
	caption := newText(label, textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 28})
	return columns(4, middle(caption), rows(0, room, slider))
}

// swatchButton is a colour that can be chosen.
type swatchButton struct {
	widget.BaseWidget
	colour [3]uint8
	tapped func()
}

func newSwatchButton(colour [3]uint8, tapped func()) *swatchButton {
	b := &swatchButton{colour: colour, tapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// Tapped takes the colour.
func (b *swatchButton) Tapped(*fyne.PointEvent) { b.tapped() }

// CreateRenderer draws it.
func (b *swatchButton) CreateRenderer() fyne.WidgetRenderer {
	r := canvas.NewRectangle(opaque(b.colour))
	r.CornerRadius = 3
	r.StrokeColor, r.StrokeWidth = theme.Color(colourLine), 1
	r.SetMinSize(fyne.NewSquareSize(20))
	return widget.NewSimpleRenderer(r)
}
