package app

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// clipRow is one clip: its numbers, its place, what makes it doubtful, and what was decided.
type clipRow struct {
	row                  *row
	mark                 *clipMark
	number, side         *text
	volume, peak         *quantity
	confidence           *text
	place, remark        *text
	remarkLine           *fyne.Container
	actions              *fyne.Container // shown while the clip is selected
	merge, split         *button
	mergeWith            int
	keepButton, rejectIt *button
}

func newClipRow(h *host, id int, do clipActions) *clipRow {
	r := &clipRow{
		mark:   newClipMark(),
		number: newText(fmt.Sprint(id), textStyle{bold: true}),
		side:   newText("", textStyle{}),
		volume: newQuantity("mm³"), peak: newQuantity("HU"),
		confidence: newText("", textStyle{align: fyne.TextAlignTrailing}),
		place:      newText("", textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 60}),
		remark:     newText("", textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 60}),
	}
	r.keepButton = newButton(h, "", theme.ConfirmIcon(), buttonFlat, h.keys.tip(lang.L("Keep: reviewed"), "clip.keep"), func() { do.decide(id, true) })
	r.rejectIt = newButton(h, "", theme.CancelIcon(), buttonFlat, h.keys.tip(lang.L("Reject: reviewed"), "clip.reject"), func() { do.decide(id, false) })
	r.keepButton.small, r.rejectIt.small = true, true
	r.merge = newButton(h, "", nil, buttonNormal, lang.L("Both are one clip"), func() { do.merge(id, r.mergeWith) })
	r.split = newButton(h, lang.L("Split"), nil, buttonNormal, lang.L("This is two clips: its parts, or its halves"), func() { do.split(id) })
	r.merge.small, r.split.small = true, true
	r.actions = inset(columns(6, r.split, r.merge), markRight, 8, 3, 0)
	line := container.New(clipColumns{}, r.mark, r.number, r.side, r.volume.box, r.peak.box, r.confidence, columns(2, r.keepButton, r.rejectIt))
	r.remarkLine = inset(r.remark, markRight, 8, 0, 0)
	content := rows(0, line, inset(r.place, markRight, 8, 0, 0), r.remarkLine, r.actions)
	r.row = newRow(h, inset(content, 0, 0, 3, 5), func() { do.sel(id) })
	return r
}

// clipState is what a row shows beside the clip itself.
type clipState struct {
	reviewed, selected bool
	around             segment.Surroundings
	measured           bool
	reasons            []string
	mergeWith          int
	mergeMM            float64
}

func (r *clipRow) set(c segment.Clip, now clipState) {
	colour := colourText
	if !c.Kept {
		colour = colourDim
	}
	r.mark.set(c.Kept, c.Doubtful(), now.reviewed)
	r.side.set(c.Side)
	r.volume.set(fmt.Sprintf("%.0f", c.VolumeMM3), colour)
	r.peak.set(fmt.Sprintf("%d", c.PeakHU), colour)
	r.confidence.set(confidenceText(c))
	for _, t := range []*text{r.number, r.side, r.confidence} {
		t.setColour(colour)
	}
	state := ""
	switch {
	case !c.Kept:
		state = lang.L("rejected")
	case !now.reviewed:
		state = lang.L("not reviewed")
	}
	r.place.set(joined(aroundText(now), state))
	r.row.tip = fmt.Sprintf(lang.L("Clip at %s"), placeText(c.CentreMM))
	r.remark.set(strings.Join(now.reasons, " · "))
	r.mergeWith = now.mergeWith
	if now.mergeWith != 0 {
		r.merge.set(fmt.Sprintf(lang.L("Merge with %d (%.0f mm)"), now.mergeWith, now.mergeMM), nil)
	}
	setVisible(r.merge, now.mergeWith != 0)
	setVisible(r.remarkLine, len(now.reasons) > 0)
	setVisible(r.actions, now.selected)
	r.keepButton.setColour(decided(now.reviewed && c.Kept, colourSuccess))
	r.rejectIt.setColour(decided(!c.Kept, colourError))
	r.row.setSelected(now.selected)
}

// shape is what the height and the layout of the row depend on.
func (r *clipRow) shape() string {
	return fmt.Sprint(r.remarkLine.Visible(), r.actions.Visible(), r.merge.Visible(), r.merge.label)
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ·  ")
}

// aroundText is "skin 23  bone 12  centre 18 mm", of what is known.
func aroundText(now clipState) string {
	if !now.measured {
		return ""
	}
	var parts []string
	for _, d := range []struct {
		to string
		mm float64
	}{{lang.L("skin"), now.around.SkinMM}, {lang.L("bone"), now.around.BoneMM}, {lang.L("centre"), now.around.CentreMM}} {
		if !math.IsNaN(d.mm) {
			parts = append(parts, fmt.Sprintf("%s %.0f", d.to, d.mm))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "  ") + " mm"
}

// confidenceText is the network's confidence, or that there is none.
func confidenceText(c segment.Clip) string {
	if c.ByHand {
		return lang.L("hand")
	}
	return fmt.Sprintf("%.2f", c.Confidence)
}

func decided(on bool, colour fyne.ThemeColorName) fyne.ThemeColorName {
	if on {
		return colour
	}
	return colourDim
}

// placeText is a point with its letters: "L 52.1  P 34.0  S 104.5 mm".
func placeText(p volume.Vec) string {
	letters := [3][2]string{{"L", "R"}, {"P", "A"}, {"S", "I"}}
	var parts []string
	for i, v := range p {
		letter := letters[i][0]
		if v < 0 {
			letter = letters[i][1]
		}
		parts = append(parts, fmt.Sprintf("%s %.1f", letter, math.Abs(v)))
	}
	return strings.Join(parts, "  ") + " mm"
}

// quantity is a number at the right edge with its unit in dim after it.
type quantity struct {
	box         *fyne.Container
	value, unit *text
}

func newQuantity(unit string) *quantity {
	q := &quantity{value: newText("", textStyle{}), unit: newText(unit, textStyle{size: sizeSmall, colour: colourDim})}
	q.box = columns(3, layout.NewSpacer(), middle(q.value), middle(q.unit))
	return q
}

func (q *quantity) set(value string, colour fyne.ThemeColorName) {
	q.value.setColour(colour)
	if q.value.content != value {
		q.value.set(value)
		relayout(q.box)
	}
}

// clipMark is the sign of a clip: full when kept, half when doubtful, empty when rejected; with a ring of
// dashes until it is reviewed, as on the images.
type clipMark struct {
	widget.BaseWidget
	kept, doubtful, reviewed bool
}

// markSize is the diameter of the ring.
const markSize float32 = 13

func newClipMark() *clipMark {
	m := &clipMark{}
	m.ExtendBaseWidget(m)
	return m
}

func (m *clipMark) set(kept, doubtful, reviewed bool) {
	if m.kept != kept || m.doubtful != doubtful || m.reviewed != reviewed {
		m.kept, m.doubtful, m.reviewed = kept, doubtful, reviewed
		m.Refresh()
	}
}

// markDashes is the number of dashes of an unreviewed ring.
const markDashes = 6

// CreateRenderer draws the sign.
func (m *clipMark) CreateRenderer() fyne.WidgetRenderer {
	r := &clipMarkRenderer{mark: m, ring: canvas.NewCircle(color.Transparent), core: canvas.NewArc(0, 360, 0, color.Transparent)}
	for i := range markDashes {
		start := float32(i) * 360 / markDashes
		r.dashes = append(r.dashes, canvas.NewArc(start, start+36, 0.8, color.Transparent))
	}
	r.Refresh()
	return r
}

type clipMarkRenderer struct {
	mark   *clipMark
	ring   *canvas.Circle
	core   *canvas.Arc
	dashes []*canvas.Arc
}

func (r *clipMarkRenderer) Destroy() {}

func (r *clipMarkRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.ring, r.core}
	for _, d := range r.dashes {
		objects = append(objects, d)
	}
	return objects
}

func (r *clipMarkRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(markSize) }

func (r *clipMarkRenderer) Layout(size fyne.Size) {
	at := fyne.NewPos(0, (size.Height-markSize)/2)
	r.ring.Move(at)
	r.ring.Resize(fyne.NewSquareSize(markSize))
	const inner = markSize - 5
	r.core.Move(at.AddXY((markSize-inner)/2, (markSize-inner)/2))
	r.core.Resize(fyne.NewSquareSize(inner))
	for _, d := range r.dashes {
		d.Move(at)
		d.Resize(fyne.NewSquareSize(markSize))
	}
}

func (r *clipMarkRenderer) Refresh() {
	m := r.mark
	colour := opaque(session.Colour(session.ClipsName("")))
	ring := colour
	if !m.kept {
		dim := theme.Color(colourDim)
		red, green, blue, _ := dim.RGBA()
		ring.R, ring.G, ring.B = uint8(red>>8), uint8(green>>8), uint8(blue>>8)
	}
	r.ring.FillColor, r.ring.StrokeColor, r.ring.StrokeWidth = color.Transparent, ring, 1.5
	r.ring.Hidden = !m.reviewed
	for _, d := range r.dashes {
		d.FillColor, d.Hidden = ring, m.reviewed
	}
	r.core.FillColor, r.core.Hidden = colour, !m.kept
	r.core.StartAngle, r.core.EndAngle = 0, 360
	if m.doubtful {
		r.core.StartAngle, r.core.EndAngle = 180, 360
	}
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
