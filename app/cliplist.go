package app

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// clipActions is what the user can do with a clip of the list.
type clipActions struct {
	sel    func(id int)
	decide func(id int, kept bool)
	merge  func(id, other int)
	split  func(id int)
	sort   func(session.SortKey)
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
	heads  map[session.SortKey]*sortHead
	ids    []int
	shape  string // of the last layout
}

func newClipList(h *host, do clipActions) *clipList {
	l := &clipList{host: h, do: do, byID: map[int]*clipRow{}, heads: map[session.SortKey]*sortHead{}, rows: rows(0)}
	l.empty = newText("", textStyle{size: sizeSmall, colour: colourDim})
	l.scroll = container.NewVScroll(l.rows)
	head := container.New(clipColumns{}, l.titles()...)
	l.add = newButton(h, lang.L("Add clip at crosshair"), theme.ContentAddIcon(), buttonFlat, h.keys.tip(lang.L("Put the crosshair on a clip that was missed"), "clip.add"), do.add)
	l.add.small = true
	l.box = container.NewBorder(rows(0, head, inset(l.empty, 14, 8, 4, 4)), inset(columns(0, l.add), 8, 8, 2, 4), nil, nil, l.scroll)
	return l
}

// titles are the column titles, in the order of clipColumns; a tap sorts.
func (l *clipList) titles() []fyne.CanvasObject {
	cells := []fyne.CanvasObject{layout.NewSpacer()}
	for _, t := range []struct {
		name  string
		align fyne.TextAlign
		key   session.SortKey
	}{
		{lang.L("Clip"), fyne.TextAlignLeading, session.SortNumber},
		{lang.L("Side"), fyne.TextAlignLeading, session.SortSide},
		{lang.L("Volume"), fyne.TextAlignTrailing, session.SortVolume},
		{lang.L("Peak"), fyne.TextAlignTrailing, session.SortPeak},
		{lang.L("Conf."), fyne.TextAlignTrailing, session.SortConfidence},
		{lang.L("Keep?"), fyne.TextAlignCenter, session.SortReview},
	} {
		h := newSortHead(t.name, t.align, func() { l.do.sort(t.key) })
		l.heads[t.key] = h
		cells = append(cells, h)
	}
	return cells
}

// set shows the clips of s in the order of its list.
func (l *clipList) set(s *session.Session) {
	plan, view := s.Plan(), s.View()
	order := s.ClipOrder()
	if !slices.Equal(order, l.ids) {
		l.rebuild(order)
	}
	shape := ""
	for _, c := range plan.Clips {
		now := clipState{reviewed: view.Reviewed[c.ID], selected: view.Selected == c.ID, reasons: l.host.phrases.all(s.Reasons(&c))}
		now.around, now.measured = s.Derived().Around[c.ID]
		if now.selected {
			now.mergeWith, now.mergeMM = s.MergeOffer(c.ID)
		}
		r := l.byID[c.ID]
		r.set(c, now)
		shape += r.shape()
	}
	if shape != l.shape {
		l.shape = shape
		relayout(l.scroll)
	}
	for key, h := range l.heads {
		h.setSorted(key == view.Sort && (key != session.SortNumber || view.SortDown), view.SortDown)
	}
	l.reveal(view.Selected)
}

// setEmpty says why there are no rows.
func (l *clipList) setEmpty(plan *session.Plan, derived session.Derived, searching bool) {
	why := lang.L("Not searched yet: press Find clips")
	switch {
	case len(plan.Clips) > 0:
		why = ""
	case searching:
		why = lang.L("Searching")
	case derived.Searched:
		why = lang.L("No clip found on this CT: add those you see")
	}
	l.add.setEnabled(derived.External != nil)
	l.empty.set(why)
	setVisible(l.empty, why != "")
}

func (l *clipList) rebuild(order []int) {
	l.rows.RemoveAll()
	l.ids, l.shape = order, ""
	old := l.byID
	l.byID = map[int]*clipRow{}
	for _, id := range order {
		r := old[id]
		if r == nil {
			r = newClipRow(l.host, id, l.do)
		}
		l.byID[id] = r
		l.rows.Add(r.row)
	}
	relayout(l.rows)
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

// sortHead is a column title that sorts.
type sortHead struct {
	*text
	title  string
	tapped func()
}

func newSortHead(title string, align fyne.TextAlign, tapped func()) *sortHead {
	h := &sortHead{title: title, tapped: tapped, text: &text{content: title, style: textStyle{size: sizeSmall, colour: colourDim, align: align}}}
	h.ExtendBaseWidget(h)
	return h
}

func (h *sortHead) setSorted(on, down bool) {
	content, colour := h.title, colourDim
	if on {
		content, colour = h.title+"↑", colourText
		if down {
			content = h.title + "↓"
		}
	}
	h.setColour(colour)
	h.text.set(content)
}

// Tapped sorts.
func (h *sortHead) Tapped(*fyne.PointEvent) { h.tapped() }

// Cursor is a hand: it can be pressed.
func (h *sortHead) Cursor() desktop.Cursor { return desktop.PointerCursor }
