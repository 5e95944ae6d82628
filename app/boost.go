package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/segment"
)

// boostActions is what the user can change in the Boost panel.
type boostActions struct {
	margin func(segment.Margin)
	on     func(bool)
	linked func(bool)
}

// boost is the panel that makes CTVsb_High from SurgicalBed by six margins, with live volumes.
type boost struct {
	box     *fyne.Container
	on      *button
	linked  *button
	fields  [6]*number // R, L, A, P, S, I
	margins fyne.CanvasObject
	bed     *quantity
	ctv     *quantity
	warning *text
	do      boostActions
	plan    *session.Plan
	link    bool
}

// Indices into the six fields.
const (
	fieldR = iota
	fieldL
	fieldA
	fieldP
	fieldS
	fieldI
)

// maxMarginMM is the largest margin the panel takes.
const maxMarginMM = 50

func newBoost(h *host, do boostActions) *boost {
	b := &boost{
		do: do, plan: new(session.Plan), bed: newQuantity("cc"), ctv: newQuantity("cc"),
		warning: newText("", textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 60}),
	}
	b.on = newButton(h, "CTVsb_High", theme.CheckButtonIcon(), buttonFlat, "Draft CTVsb_High: SurgicalBed with margins, inside External", func() { do.on(!b.plan.Boost) })
	b.linked = newButton(h, "One margin for all", theme.CheckButtonIcon(), buttonFlat, "One number sets all six margins", func() { do.linked(!b.link) })
	for _, c := range []*button{b.on, b.linked} {
		c.leading, c.colour, c.small = true, colourText, true
	}
	for i := range b.fields {
		b.fields[i] = newNumber(0, maxMarginMM, 1, 44, func(mm float64) { b.typed(i, mm) })
		b.fields[i].left, b.fields[i].shortcut = h.unfocus, h.shortcut
	}
	b.margins = b.figures()
	recipe := container.NewBorder(nil, nil, newText("Recipe", textStyle{colour: colourDim}), nil,
		inset(newText("plain margin round SurgicalBed", textStyle{shrink: true, minWidth: 60}), 8, 0, 0, 0))
	volumes := columns(6,
		swatch(session.NameBed), middle(newText("SurgicalBed", textStyle{})), b.bed.box, layout.NewSpacer(),
		swatch(session.NameCTV), middle(newText("CTVsb_High", textStyle{})), b.ctv.box)
	b.box = inset(rows(4,
		inset(recipe, 2, 0, 0, 0),
		container.NewBorder(nil, nil, b.on, b.linked),
		b.margins,
		inset(volumes, 2, 0, 4, 0),
		b.warning,
	), 10, 10, 0, 8)
	return b
}

// swatch is a small square in the colour of a structure.
func swatch(name string) fyne.CanvasObject {
	s := canvas.NewRectangle(opaque(session.Colour(name)))
	s.CornerRadius = 2
	s.SetMinSize(fyne.NewSquareSize(10))
	return middle(s)
}

// figures puts R, L, S and I round a body seen from the front, and A and P round an axial chest, both as
// the images show the patient: the patient's right is on the left.
func (b *boost) figures() fyne.CanvasObject {
	front := newFigure("front.svg", assets.FigureFrontSVG, fyne.NewSize(60, 65))
	axial := newFigure("axial.svg", assets.FigureAxialSVG, fyne.NewSize(84, 63))
	field := func(letter string, i int) fyne.CanvasObject {
		caption := newText(letter, textStyle{bold: true})
		balance := newFill(colourPanel) // as wide as the letter, so that the field sits over the figure
		balance.min = fyne.NewSize(caption.MinSize().Width, 1)
		return columns(4, middle(caption), b.fields[i], balance)
	}
	frontGrid := rows(2,
		container.NewCenter(field("S", fieldS)),
		container.NewCenter(columns(4, middle(columns(4, middle(newText("R", textStyle{bold: true})), b.fields[fieldR])), front, middle(columns(4, b.fields[fieldL], middle(newText("L", textStyle{bold: true})))))),
		container.NewCenter(field("I", fieldI)),
	)
	axialGrid := rows(2,
		container.NewCenter(field("A", fieldA)),
		container.NewCenter(axial),
		container.NewCenter(field("P", fieldP)),
	)
	unit := newText("mm", textStyle{size: sizeSmall, colour: colourDim})
	return container.NewStack(
		container.NewHBox(layout.NewSpacer(), middle(frontGrid), layout.NewSpacer(), middle(axialGrid), layout.NewSpacer()),
		rows(0, layout.NewSpacer(), columns(0, layout.NewSpacer(), unit)))
}

// typed takes one field: it sets all six when they are linked.
func (b *boost) typed(i int, mm float64) {
	if b.link {
		b.do.margin(segment.UniformMargin(mm))
		return
	}
	m := b.plan.Margin
	*marginField(&m, i) = mm
	b.do.margin(m)
}

func marginField(m *segment.Margin, i int) *float64 {
	return [...]*float64{fieldR: &m.R, fieldL: &m.L, fieldA: &m.A, fieldP: &m.P, fieldS: &m.S, fieldI: &m.I}[i]
}

func (b *boost) set(plan *session.Plan, derived session.Derived, linked bool) {
	b.plan, b.link = plan, linked
	b.on.set(b.on.label, checkIcon(plan.Boost))
	b.linked.set(b.linked.label, checkIcon(linked))
	margin := plan.Margin
	for i, f := range b.fields {
		f.set(*marginField(&margin, i))
	}
	colour := colourText
	if derived.Stale {
		colour = colourDim
	}
	b.bed.set(targetVolume(derived, session.NameBed), colour)
	b.ctv.set(targetVolume(derived, session.NameCTV), colour)
	warning := ""
	if len(derived.DraftWarnings) > 0 {
		warning = derived.DraftWarnings[0]
	}
	b.warning.set(warning)
	if warned := warning != ""; warned != b.warning.Visible() {
		setVisible(b.warning, warned)
		b.box.Refresh()
	}
}

func checkIcon(on bool) fyne.Resource {
	if on {
		return theme.CheckButtonCheckedIcon()
	}
	return theme.CheckButtonIcon()
}

// targetVolume is the volume of the targets whose name begins with name (one a side), or a dash.
func targetVolume(d session.Derived, name string) string {
	cc, found := 0.0, false
	for _, t := range d.Targets {
		if len(t.Name) >= len(name) && t.Name[:len(name)] == name {
			cc += t.CC
			found = true
		}
	}
	if !found {
		return "–"
	}
	return volumeText(cc)
}
