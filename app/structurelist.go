package app

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// structureList shows what is drawn, in the order it is saved: colour, name, volume, visibility.
type structureList struct {
	box     *fyne.Container
	host    *host
	visible func(name string, on bool)
	rows    map[string]*structureRow
	names   []string
}

func newStructureList(h *host, visible func(name string, on bool)) *structureList {
	return &structureList{box: rows(0), host: h, visible: visible, rows: map[string]*structureRow{}}
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
		r := newStructureRow(l.host, v, l.visible)
		l.rows[v.Name] = r
		l.names = append(l.names, v.Name)
		l.box.Add(r.row)
	}
	if len(all) == 0 {
		l.box.Add(inset(newText("None drawn yet", textStyle{size: sizeSmall, colour: colourDim}), 12, 8, 2, 6))
	}
	l.box.Refresh()
}

// structureRow is one structure.
type structureRow struct {
	row    *row
	swatch *canvas.Rectangle
	name   *text
	detail *text
	volume *text
	unit   *text
	eye    *button
	shown  session.StructureView
}

func newStructureRow(h *host, v session.StructureView, visible func(string, bool)) *structureRow {
	r := &structureRow{
		swatch: canvas.NewRectangle(opaque(v.Colour)),
		name:   newText(v.Name, textStyle{shrink: true, minWidth: 50}),
		detail: newText("", textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 50}),
		volume: newText("", textStyle{}),
		unit:   newText("cc", textStyle{size: sizeSmall, colour: colourDim}),
	}
	r.swatch.CornerRadius = 2
	r.swatch.SetMinSize(fyne.NewSquareSize(12))
	if v.CC < 0 { // drawn as a dashed line, not filled
		r.swatch.FillColor, r.swatch.StrokeColor, r.swatch.StrokeWidth = color.Transparent, opaque(v.Colour), 2
	}
	toggle := func() { visible(v.Name, !r.shown.Visible) }
	r.eye = newButton(h, "", theme.VisibilityIcon(), buttonFlat, "Show or hide", toggle)
	r.eye.small = true
	amount := columns(3, middle(r.volume), middle(r.unit))
	content := container.NewBorder(nil, nil, inset(middle(r.swatch), 0, 8, 0, 0), columns(2, amount, middle(r.eye)),
		middle(rows(0, r.name, r.detail)))
	r.row = newRow(h, inset(content, 12, 4, 3, 3), toggle)
	return r
}

func (r *structureRow) set(v session.StructureView) {
	r.shown = v
	r.row.tip = fmt.Sprintf("%s: %s", v.Name, v.Detail)
	r.detail.set(v.Detail)
	volume := ""
	if v.CC >= 0 {
		volume = volumeText(v.CC)
	}
	r.volume.set(volume)
	setVisible(r.unit, volume != "")
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
