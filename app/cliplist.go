package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// clipActions is what the user can do with a clip of the list.
type clipActions struct {
	sel    func(id int)
	decide func(id int, kept bool)
	add    func()
}

// clipList is the work list: a row a clip.
type clipList struct {
	box    *fyne.Container // head over rows
	rows   *fyne.Container
	empty  *text
	add    *button
	scroll *container.Scroll
	host   *host
	do     clipActions
	byID   map[int]*clipRow
	ids    []int
}

func newClipList(h *host, do clipActions) *clipList {
	l := &clipList{host: h, do: do, byID: map[int]*clipRow{}, rows: rows(0)}
	l.empty = newText("", textStyle{size: sizeSmall, colour: colourDim})
	l.scroll = container.NewVScroll(l.rows)
	head := container.New(clipColumns{}, clipHeads()...)
	l.add = newButton(h, "Add clip at crosshair", theme.ContentAddIcon(), buttonFlat, "Put the crosshair on a clip that was missed, then press A", do.add)
	l.add.small = true
	l.box = container.NewBorder(rows(0, head, inset(l.empty, 14, 8, 4, 4)), inset(columns(0, l.add), 8, 8, 2, 4), nil, nil, l.scroll)
	return l
}

// clipHeads are the column titles, in the order of clipColumns.
func clipHeads() []fyne.CanvasObject {
	title := func(s string, align fyne.TextAlign) fyne.CanvasObject {
		return newText(s, textStyle{size: sizeSmall, colour: colourDim, align: align})
	}
	return []fyne.CanvasObject{
		layout.NewSpacer(), title("Clip", fyne.TextAlignLeading), title("Side", fyne.TextAlignLeading), title("Volume", fyne.TextAlignTrailing),
		title("Peak", fyne.TextAlignTrailing), title("Conf.", fyne.TextAlignTrailing), title("Keep?", fyne.TextAlignCenter),
	}
}

func (l *clipList) set(plan *session.Plan, view session.View) {
	changed := len(plan.Clips) != len(l.ids)
	for i, c := range plan.Clips {
		changed = changed || l.ids[i] != c.ID
	}
	if changed {
		l.rebuild(plan)
	}
	for _, c := range plan.Clips {
		l.byID[c.ID].set(c, view.Reviewed[c.ID], view.Selected == c.ID)
	}
	l.reveal(view.Selected)
}

// setEmpty says why there are no rows.
func (l *clipList) setEmpty(plan *session.Plan, derived session.Derived, searching bool) {
	why := "Not searched yet: press Find clips"
	switch {
	case len(plan.Clips) > 0:
		why = ""
	case searching:
		why = "Searching"
	case derived.Searched:
		why = "No clip found on this CT: add those you see"
	}
	l.add.setEnabled(derived.External != nil)
	l.empty.set(why)
	setVisible(l.empty, why != "")
}

func (l *clipList) rebuild(plan *session.Plan) {
	l.rows.RemoveAll()
	clear(l.byID)
	l.ids = nil
	for _, c := range plan.Clips {
		r := newClipRow(l.host, c.ID, l.do)
		l.byID[c.ID] = r
		l.ids = append(l.ids, c.ID)
		l.rows.Add(r.row)
	}
	l.rows.Refresh()
}

// reveal scrolls so that the row of clip id is seen.
func (l *clipList) reveal(id int) {
	r := l.byID[id]
	if r == nil {
		return
	}
	top, height := r.row.Position().Y, r.row.MinSize().Height
	offset := l.scroll.Offset
	switch {
	case top < offset.Y:
		offset.Y = top
	case top+height > offset.Y+l.scroll.Size().Height:
		offset.Y = top + height - l.scroll.Size().Height
	default:
		return
	}
	l.scroll.ScrollToOffset(offset)
}

// clipColumns places the seven cells of a line: mark, number, side, volume, peak, confidence, buttons.
type clipColumns struct{}

// The right edge of each column but the last, which takes its own width at the right.
const (
	markRight   float32 = 30
	numberRight float32 = 54
	sideRight   float32 = 80
	volumeRight float32 = 142
	peakRight   float32 = 208
	confRight   float32 = 246
)

// Layout is the toolkit's call.
func (clipColumns) Layout(cells []fyne.CanvasObject, size fyne.Size) {
	edges := []float32{12, markRight, numberRight, sideRight, volumeRight, peakRight, confRight}
	for i, cell := range cells {
		least := cell.MinSize()
		x, width := edges[i], float32(0)
		if i+1 < len(edges) {
			width = edges[i+1] - edges[i]
		} else {
			x, width = size.Width-max(least.Width, 48)-8, max(least.Width, 48)
		}
		cell.Resize(fyne.NewSize(width, least.Height))
		cell.Move(fyne.NewPos(x, (size.Height-least.Height)/2))
	}
}

// MinSize is the toolkit's call.
func (clipColumns) MinSize(cells []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, cell := range cells {
		height = max(height, cell.MinSize().Height)
	}
	return fyne.NewSize(rightMin-16, height)
}
