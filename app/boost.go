package app

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/segment"
)

// boostActions is what the user can change in the Boost panel.
type boostActions struct {
	margin func(segment.Margin)
	free   func(segment.FreeMargin)
	recipe func(*segment.Recipe)
	on     func(bool)
	linked func(bool)

	preview func(segment.Margin) // of a margin that is being dragged
	menu    func(under fyne.CanvasObject, checked string, chosen func(*segment.Recipe))
	edit    func() // the recipe as text
	figures func() // all figures
	seroma  seromaActions
}

// seromaActions is what can be done about the fluid between the clips.
type seromaActions struct{ find, accept, leave func() }

// boost is the panel that makes targets from SurgicalBed: a recipe, its six margins or pathology's six free margins,
// and live volumes.
type boost struct {
	box     *fyne.Container
	host    *host
	recipe  *button
	about   *widget.Label
	aboutIn fyne.CanvasObject // about without its padding
	on      *button
	linked  *button
	ask     *text      // says that the six fields are free margins
	fields  [6]*number // R, L, A, P, S, I
	margins fyne.CanvasObject
	volumes *targetVolumes
	warning *widget.Label
	warned  fyne.CanvasObject // warning without its padding
	figure  *button           // the figures in a few words; opens all
	find    *button           // finds a seroma, or accepts the one proposed
	leave   *button
	do      boostActions

	seromaBox *fyne.Container // find and leave
	figureRow *fyne.Container // of the three
	plan      *session.Plan
	link      bool

	proposed bool // a seroma is
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
		host: h, do: do, plan: new(session.Plan), volumes: newTargetVolumes(),
		about:   widget.NewLabel(""),
		ask:     newText(lang.L("free margins, from pathology"), textStyle{size: sizeSmall, colour: colourDim}),
		warning: widget.NewLabel(""),
	}
	b.recipe = newButton(h, "", theme.MenuDropDownIcon(), buttonFlat, lang.L("Choose the recipe that makes the targets"), b.choose)
	b.on = newButton(h, lang.L("Draft targets"), theme.CheckButtonIcon(), buttonFlat, lang.L("Draft the targets of the recipe from SurgicalBed"), func() { do.on(!b.plan.Boost) })
	b.linked = newButton(h, lang.L("One margin for all"), theme.CheckButtonIcon(), buttonFlat, lang.L("One number sets all six margins"), func() { do.linked(!b.link) })
	edit := newButton(h, "", theme.DocumentCreateIcon(), buttonFlat, lang.L("See or change the recipe's steps"), do.edit)
	edit.small = true
	b.figure = newButton(h, lang.L("Figures"), theme.InfoIcon(), buttonFlat, lang.L("Margins reached, clips, skin and lung; another recipe beside"), do.figures)
	b.find = newButton(h, lang.L("Find seroma"), nil, buttonFlat, "", func() {
		if b.proposed {
			do.seroma.accept()
		} else {
			do.seroma.find()
		}
	})
	b.leave = newButton(h, lang.L("Leave"), nil, buttonFlat, lang.L("Drop the proposal"), do.seroma.leave)
	for _, c := range []*button{b.figure, b.find, b.leave} {
		c.colour, c.small = colourText, true
	}
	b.leave.Hide()
	for _, c := range []*button{b.recipe, b.on, b.linked} {
		c.leading, c.colour, c.small = true, colourText, true
	}
	for i := range b.fields {
		b.fields[i] = newNumber(0, maxMarginMM, 1, 44, func(mm float64) { b.typed(i, mm) })
		b.fields[i].none = math.NaN()
		b.fields[i].left, b.fields[i].shortcut = h.unfocus, h.shortcut
	}
	b.figure.leading = true
	b.seromaBox = columns(0, b.find, b.leave)
	b.figureRow = container.NewBorder(nil, nil, nil, b.seromaBox, b.figure)
	b.about.SizeName, b.about.Importance, b.about.Wrapping = sizeSmall, widget.LowImportance, fyne.TextWrapWord
	pad := -theme.InnerPadding()
	b.aboutIn = inset(b.about, pad, pad, pad, pad)
	b.warning.SizeName, b.warning.Importance, b.warning.Wrapping = sizeSmall, widget.WarningImportance, fyne.TextWrapWord
	b.warned = inset(b.warning, pad, pad, pad, pad)
	b.warned.Hide()
	b.margins = b.figures()
	b.box = inset(rows(4,
		container.NewBorder(nil, nil, newText(lang.L("Recipe"), textStyle{colour: colourDim}), edit, b.recipe),
		b.aboutIn,
		container.NewBorder(nil, nil, b.on, columns(0, b.linked, middle(b.ask))),
		b.margins,
		inset(b.volumes.box, 2, 0, 4, 0),
		b.figureRow,
		b.warned,
	), 10, 10, 0, 8)
	return b
}

// choose opens the list of recipes under the button.
func (b *boost) choose() {
	b.do.menu(b.recipe, b.recipeKey(), func(r *segment.Recipe) {
		if r.Key == plainKey {
			r = nil
		}
		b.do.recipe(r)
	})
}

// plainKey is the recipe that the six fields make.
const plainKey = "plain"

func (b *boost) recipeKey() string {
	if b.plan.Recipe == nil {
		return plainKey
	}
	return b.plan.Recipe.Key
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
		caption := newScrub(letter, b.fields[i], func(mm float64) { b.dragged(i, mm) })
		balance := newFill(colourPanel) // as wide as the letter, so that the field sits over the figure
		balance.min = fyne.NewSize(caption.MinSize().Width, 1)
		return columns(4, middle(caption), b.fields[i], balance)
	}
	frontGrid := rows(2,
		container.NewCenter(field("S", fieldS)),
		container.NewCenter(columns(4, middle(columns(4, middle(newScrub("R", b.fields[fieldR], func(mm float64) { b.dragged(fieldR, mm) })), b.fields[fieldR])), front, middle(columns(4, b.fields[fieldL], middle(newScrub("L", b.fields[fieldL], func(mm float64) { b.dragged(fieldL, mm) })))))),
		container.NewCenter(field("I", fieldI)),
	)
	axialGrid := rows(2,
		container.NewCenter(field("A", fieldA)),
		container.NewCenter(axial),
		container.NewCenter(field("P", fieldP)),
	)
	return container.NewStack(
		container.NewHBox(layout.NewSpacer(), middle(frontGrid), layout.NewSpacer(), middle(axialGrid), layout.NewSpacer()),
		rows(0, layout.NewSpacer(), columns(0, layout.NewSpacer(), newText("mm", textStyle{size: sizeSmall, colour: colourDim}))))
}

// dragged shows what a margin would make, without taking it; a free margin is taken when it is let go.
func (b *boost) dragged(i int, mm float64) {
	if b.plan.Recipe != nil {
		return
	}
	m := b.plan.Margin
	if b.link {
		m = segment.UniformMargin(mm)
		for _, f := range b.fields {
			f.SetText(formatNumber(mm))
		}
	} else {
		*marginField(&m, i) = mm
	}
	b.do.preview(m)
}

// typed takes one field: a free margin where the recipe asks for them; else a margin, all six when they are linked.
func (b *boost) typed(i int, mm float64) {
	if b.plan.Recipe != nil {
		free := segment.Margin(b.plan.Free)
		*marginField(&free, i) = mm
		b.do.free(segment.FreeMargin(free))
		return
	}
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

func (b *boost) set(plan *session.Plan, derived session.Derived, warnings []string, linked bool) {
	b.plan, b.link = plan, linked
	b.on.set(b.on.label, checkIcon(plan.Boost))
	b.linked.set(b.linked.label, checkIcon(linked))
	layout := b.setRecipe(plan)
	layout = b.volumes.set(derived) || layout
	warning := ""
	warnings = b.host.phrases.all(warnings)
	if len(warnings) > 0 {
		warning = warnings[0]
		if n := len(warnings) - 1; n > 0 {
			warning = fmt.Sprintf("(+%d) %s", n, warning)
		}
	}
	if warning = unspaced(warning); b.warning.Text != warning {
		b.warning.SetText(warning)
		setVisible(b.warned, warning != "")
		layout = true
	}
	b.setSeroma(derived)
	figure := lang.L("Figures")
	if derived.Seroma == nil { // else there is no room
		figure = figuresLine(derived)
	}
	b.figure.set(figure, theme.InfoIcon())
	relayout(b.figureRow)
	if layout {
		relayout(b.box)
	}
}

// setSeroma offers to look for a seroma, or to take or leave the one proposed.
func (b *boost) setSeroma(derived session.Derived) {
	b.proposed = derived.Seroma != nil
	label, tip := lang.L("Find seroma"), lang.L("Look for fluid between the clips: a proposal, which you accept or not")
	if b.proposed {
		label = fmt.Sprintf(lang.L("Accept seroma, %s cc"), volumeText(derived.Seroma.Mask.VolumeMM3()/1000))
		tip = lang.L("Make it part of SurgicalBed; it can be drawn upon")
	}
	b.find.tip = tip
	if label != b.find.label {
		b.find.set(label, nil)
		setVisible(b.leave, b.proposed)
		relayout(b.seromaBox)
	}
}

// setRecipe shows the recipe and what it asks for, and tells whether the panel changes its height.
func (b *boost) setRecipe(plan *session.Plan) (layout bool) {
	name, about, values := lang.L("Plain margin round SurgicalBed"), "", plan.Margin
	asks := true
	if r := plan.Recipe; r != nil {
		name, about, asks = r.Name, r.About, r.UsesFreeMargins()
		values = segment.Margin(plan.Free)
		if r.Verify {
			about = fmt.Sprintf(lang.L("Verify locally. %s"), about)
		}
	}
	b.recipe.set(name, theme.MenuDropDownIcon())
	if about = unspaced(about); b.about.Text != about {
		b.about.SetText(about)
		layout = true
	}
	for i, f := range b.fields {
		f.optional = plan.Recipe != nil
		f.set(*marginField(&values, i))
	}
	for _, part := range []struct {
		o    fyne.CanvasObject
		want bool
	}{{b.aboutIn, about != ""}, {b.margins, asks}, {b.linked, plan.Recipe == nil}, {b.ask, asks && plan.Recipe != nil}} {
		if part.want != part.o.Visible() {
			setVisible(part.o, part.want)
			layout = true
		}
	}
	return layout
}

func checkIcon(on bool) fyne.Resource {
	if on {
		return theme.CheckButtonCheckedIcon()
	}
	return theme.CheckButtonIcon()
}
