package app

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// figuresDialog shows every figure of the targets, every warning, and another recipe beside.
type figuresDialog struct {
	window *window
	body   *fyne.Container
	popup  *widget.PopUp
}

// Widths of its columns.
const (
	figureLabelWidth  float32 = 190
	figureColumnWidth float32 = 118
)

// showFigures opens the dialog, or closes it.
func (w *window) showFigures() {
	if w.figures != nil {
		w.figures.close()
		return
	}
	d := &figuresDialog{window: w, body: rows(3)}
	scroll := container.NewScroll(inset(d.body, 0, 12, 0, 0))
	scroll.SetMinSize(fyne.NewSize(760, 500))
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", d.close)
	content := rows(10, newText(lang.L("Targets in figures"), textStyle{size: sizeLarge, bold: true}), scroll, container.NewBorder(nil, nil, nil, closeIt))
	d.popup = w.modal(inset(content, 22, 22, 18, 14))
	w.figures = d
	d.set()
	d.popup.Show()
}

func (d *figuresDialog) close() {
	d.popup.Hide()
	d.window.figures = nil
	if d.window.session.View().Compare != nil {
		d.window.session.SetCompare(nil)
	}
}

// set shows what is known now.
func (d *figuresDialog) set() {
	s := d.window.session
	derived := s.Derived()
	d.body.RemoveAll()
	switch {
	case len(derived.Targets) == 0:
		d.body.Add(newText(lang.L("No target is drafted: keep some clips first."), textStyle{colour: colourDim}))
	case len(derived.Figures) != len(derived.Targets):
		d.body.Add(newText(lang.L("Measuring…"), textStyle{colour: colourDim}))
	default:
		d.table(derived)
	}
	for _, warning := range d.window.host.phrases.all(s.BoostWarnings()) {
		d.body.Add(smallWarning(warning))
	}
	d.body.Add(inset(newRule(), 0, 0, 6, 4))
	d.compare(derived)
	d.body.Refresh()
}

// line is one row of a table.
func line(label, unit string, bold bool, values []string) fyne.CanvasObject {
	cells := []fyne.CanvasObject{newText(label, textStyle{colour: colourDim, shrink: true, minWidth: figureLabelWidth})}
	for _, v := range values {
		cells = append(cells, newText(v, textStyle{bold: bold, shrink: true, minWidth: figureColumnWidth, align: fyne.TextAlignTrailing}))
	}
	return columns(4, append(cells, newText(unit, textStyle{size: sizeSmall, colour: colourDim}))...)
}

// table is a column for each target.
func (d *figuresDialog) table(derived session.Derived) {
	figures := derived.Figures
	add := func(label, unit string, value func(i int) string) {
		values := make([]string, len(figures))
		some := false
		for i := range figures {
			values[i] = value(i)
			some = some || values[i] != ""
		}
		if some {
			d.body.Add(line(label, unit, label == "", values))
		}
	}
	number := func(format string, get func(f segment.TargetFigures) float64) func(i int) string {
		return func(i int) string {
			if v := get(figures[i]); !math.IsNaN(v) && !math.IsInf(v, 0) {
				return fmt.Sprintf(format, v)
			}
			return ""
		}
	}
	add("", "", func(i int) string { return derived.Targets[i].Name })
	add(lang.L("Volume"), "cc", number("%.1f", func(f segment.TargetFigures) float64 { return f.CC }))
	for _, side := range []struct {
		name string
		of   func(m segment.Margin) float64
	}{
		{lang.L("right"), func(m segment.Margin) float64 { return m.R }},
		{lang.L("left"), func(m segment.Margin) float64 { return m.L }},
		{lang.L("anterior"), func(m segment.Margin) float64 { return m.A }},
		{lang.L("posterior"), func(m segment.Margin) float64 { return m.P }},
		{lang.L("superior"), func(m segment.Margin) float64 { return m.S }},
		{lang.L("inferior"), func(m segment.Margin) float64 { return m.I }},
	} {
		add(fmt.Sprintf(lang.L("Beyond the bed, %s"), side.name), lang.L("mm, of what was asked"), func(i int) string {
			f := figures[i]
			if strings.HasPrefix(derived.Targets[i].Name, session.NameBed) || math.IsNaN(f.Achieved.R) {
				return ""
			}
			text := fmt.Sprintf("%.1f", side.of(f.Achieved))
			if f.Requested != nil {
				text = fmt.Sprintf(lang.L("%.1f of %.3g"), side.of(f.Achieved), side.of(*f.Requested))
			}
			return text
		})
	}
	add(lang.L("Clips inside"), "", func(i int) string { return clipsInside(figures[i]) })
	add(lang.L("Nearest clip to its edge"), lang.L("mm inside"), number("%.1f", func(f segment.TargetFigures) float64 { return f.ClipEdgeMM }))
	add(lang.L("Clips outside"), lang.L("number and mm"), func(i int) string { return clipsOutside(figures[i]) })
	add(lang.L("Distance to the skin"), "mm", number("%.1f", func(f segment.TargetFigures) float64 { return f.SkinMM }))
	add(fmt.Sprintf(lang.L("Within %d mm of the skin"), segment.SkinRimMM), "cc", number("%.1f", func(f segment.TargetFigures) float64 { return f.SkinCC }))
	add(lang.L("In lung"), "cc", number("%.1f", func(f segment.TargetFigures) float64 { return f.LungCC }))
	add(lang.L("Outside the breast"), "cc", number("%.1f", func(f segment.TargetFigures) float64 { return f.NotBreastCC }))
	add(lang.L("Of the breast"), "%", number("%.0f", func(f segment.TargetFigures) float64 { return 100 * f.BreastRatio }))
	add(lang.L("Times the bed"), "", number("%.1f", func(f segment.TargetFigures) float64 { return f.VolumeRatio }))
}

func clipsInside(f segment.TargetFigures) string {
	return fmt.Sprintf(lang.L("%d of %d"), len(f.Clips)-len(f.Outside), len(f.Clips))
}

func clipsOutside(f segment.TargetFigures) string {
	var parts []string
	for _, c := range f.Clips {
		if slices.Contains(f.Outside, c.ID) {
			parts = append(parts, fmt.Sprintf("%d: %.1f", c.ID, max(-c.MM, 0)))
		}
	}
	return strings.Join(parts, ", ")
}

// compare is the choice of another recipe and what it makes of the same clips.
func (d *figuresDialog) compare(derived session.Derived) {
	w := d.window
	beside := w.session.View().Compare
	name := lang.L("choose a recipe")
	if beside != nil {
		name = beside.Name
	}
	var choice *button
	choice = newButton(w.host, name, theme.MenuDropDownIcon(), buttonFlat, lang.L("Another recipe on the same clips, beside this one"), func() {
		w.recipeMenu(choice, "", func(r *segment.Recipe) { w.session.SetCompare(r) })
	})
	choice.leading, choice.colour, choice.small = true, colourText, true
	d.body.Add(columns(6, middle(newText(lang.L("Compare with"), textStyle{colour: colourDim})), choice, layout.NewSpacer()))
	switch {
	case beside == nil:
	case derived.CompareLacks != "":
		d.body.Add(smallWarning(d.window.host.phrases.say(derived.CompareLacks)))
	case len(derived.Compared) == 0:
		d.body.Add(newText(lang.L("Drafting…"), textStyle{colour: colourDim}))
	default:
		d.body.Add(line("", "", true, []string{lang.L("this recipe"), lang.L("the other"), lang.L("difference"), "DSC"}))
		for _, p := range derived.Compared {
			label := p.A
			if p.B != p.A {
				label += " / " + p.B
			}
			d.body.Add(line(label, "cc", false, []string{
				fmt.Sprintf("%.1f", p.ACC), fmt.Sprintf("%.1f", p.BCC), fmt.Sprintf("%+.1f", p.BCC-p.ACC), fmt.Sprintf("%.3f", p.DSC),
			}))
		}
	}
}

// figuresLine is the figures in a few words, of the first target beside the bed.
func figuresLine(d session.Derived) string {
	if len(d.Figures) != len(d.Targets) || len(d.Targets) == 0 || d.Stale {
		return lang.L("Figures")
	}
	i := min(1, len(d.Targets)-1)
	inside := clipsInside(d.Figures[i])
	if mm := d.Figures[i].SkinMM; !math.IsNaN(mm) {
		return fmt.Sprintf(lang.L("%s clips in, skin %.0f mm"), inside, mm)
	}
	return fmt.Sprintf(lang.L("%s clips in"), inside)
}
