package app

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// structureList shows what is drawn, in the order it is saved: colour, name, volume, visibility.
type structureList struct {
	box   *fyne.Container
	host  *host
	do    structureActions
	rows  map[string]*structureRow
	names []string
}

// structureActions is what the user can do with a structure of the list.
type structureActions struct {
	visible func(name string, on bool)
	menu    func(v session.StructureView, under fyne.CanvasObject)
}

func newStructureList(h *host, do structureActions) *structureList {
	return &structureList{box: rows(0), host: h, do: do, rows: map[string]*structureRow{}}
}

func (l *structureList) set(all []session.StructureView) {
	changed := len(all) != len(l.names)
	for i, v := range all {
		changed = changed || l.names[i] != v.Name
	}
	if changed || len(l.box.Objects) == 0 {
		l.rebuild(all)
	}
	for _, v := range all {
		l.rows[v.Name].set(v)
	}
}

func (l *structureList) rebuild(all []session.StructureView) {
	l.box.RemoveAll()
	l.names = nil
	clear(l.rows)
	for _, v := range all {
		r := newStructureRow(l.host, v, l.do)
		l.rows[v.Name] = r
		l.names = append(l.names, v.Name)
		l.box.Add(r.row)
	}
	if len(all) == 0 {
		l.box.Add(inset(newText(lang.L("None drawn yet"), textStyle{size: sizeSmall, colour: colourDim}), 12, 8, 2, 6))
	}
	relayout(l.box)
}

// structureRow is one structure.
type structureRow struct {
	host    *host
	row     *row
	swatch  *canvas.Rectangle
	name    *text
	detail  *text
	volume  *text
	unit    *text
	eye     *button
	more    *button
	content *fyne.Container
	shown   session.StructureView
}

func newStructureRow(h *host, v session.StructureView, do structureActions) *structureRow {
	r := &structureRow{
		host:   h,
		swatch: canvas.NewRectangle(opaque(v.Colour)),
		name:   newText(titleOf(v), textStyle{shrink: true, minWidth: 50}),
		detail: newText("", textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 50}),
		volume: newText("", textStyle{}),
		unit:   newText("cc", textStyle{size: sizeSmall, colour: colourDim}),
	}
	r.swatch.CornerRadius = 2
	r.swatch.SetMinSize(fyne.NewSquareSize(12))
	toggle := func() { do.visible(v.Name, !r.shown.Visible) }
	r.eye = newButton(h, "", theme.VisibilityIcon(), buttonFlat, lang.L("Show or hide"), toggle)
	r.eye.small = true
	r.more = newButton(h, "", theme.MoreVerticalIcon(), buttonFlat, lang.L("Draw, rename, colour, delete"), func() { do.menu(r.shown, r.more) })
	r.more.small = true
	amount := columns(3, middle(r.volume), middle(r.unit))
	r.content = container.NewBorder(nil, nil, inset(middle(r.swatch), 0, 8, 0, 0), columns(0, amount, middle(r.eye), middle(r.more)),
		middle(rows(0, r.name, r.detail)))
	r.row = newRow(h, inset(r.content, 12, 2, 3, 3), toggle)
	return r
}

func (r *structureRow) set(v session.StructureView) {
	r.shown = v
	r.paint(v.Colour)
	detail := r.host.phrases.say(v.Detail)
	r.row.tip = fmt.Sprintf("%s: %s", titleOf(v), detail)
	r.detail.set(detail)
	volume := ""
	if v.CC >= 0 {
		volume = volumeText(v.CC)
	}
	setVisible(r.unit, volume != "")
	if r.volume.content != volume {
		r.volume.set(volume)
		relayout(r.content) // makes room for it
	}
	colour := colourText
	if v.Stale || !v.Visible {
		colour = colourDim
	}
	r.volume.setColour(colour)
	r.name.setColour(colour)
	icon := theme.VisibilityIcon()
	if !v.Visible {
		icon = theme.VisibilityOffIcon()
	}
	r.eye.set("", icon)
}

// titleOf is what a structure is called.
func titleOf(v session.StructureView) string {
	if v.Title != "" {
		return v.Title
	}
	return v.Name
}

// paint fills the swatch; the box to search, drawn as a dashed line, is open.
func (r *structureRow) paint(colour [3]uint8) {
	fill, stroke, width := opaque(colour), color.NRGBA{}, float32(0)
	if r.shown.CC < 0 {
		fill, stroke, width = stroke, fill, 2
	}
	if r.swatch.FillColor == fill && r.swatch.StrokeColor == stroke {
		return
	}
	r.swatch.FillColor, r.swatch.StrokeColor, r.swatch.StrokeWidth = fill, stroke, width
	r.swatch.Refresh()
}

// volumeText is a volume in cc with as many decimals as matter.
func volumeText(cc float64) string {
	switch {
	case cc >= 1000:
		return fmt.Sprintf("%.0f", cc)
	case cc >= 1:
		return fmt.Sprintf("%.1f", cc)
	}
	return fmt.Sprintf("%.2f", cc)
}
