package app

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
	"github.com/clipwright/clipwright/viewer"
)

// reveal is the page that shows what became of an answer.
type reveal struct {
	t       *teaching
	g       teach.Grading
	a       *teach.Attempt
	rows    []*row
	at      int // verdict that is chosen, -1 for none
	network *teach.Network
	asked   *fyne.Container
	parts   *fyne.Container // the panel
	bar     *progress
	asking  bool
	before  volume.Vec // where the crosshair was when the networks were asked
	outline bool       // the reference's outlines
	toggle  *button
}

func (t *teaching) showReveal(g teach.Grading, a *teach.Attempt) {
	t.leavePage()
	r := &reveal{t: t, g: g, a: a, at: -1, network: a.Network, asked: rows(4), bar: newProgress(t.host.phrases), outline: true}
	c := g.Case
	parts := rows(0, inset(paragraph(lessonWords(c).Teaches), 12, 12, 8, 4), inset(r.summary(), 12, 12, 2, 8), newRule())
	list := rows(0)
	for i := range a.Verdicts {
		row := r.verdictRow(&a.Verdicts[i], func() { r.choose(i) })
		r.rows = append(r.rows, row)
		list.Add(row)
	}
	parts.Add(newSection(t.host, lang.L("Clips and marks"), list, false).box)
	parts.Add(newRule())
	if a.Boost != nil {
		parts.Add(newSection(t.host, lang.L("Boost"), inset(r.boost(), 12, 12, 2, 8), false).box)
		parts.Add(newRule())
	}
	r.parts = parts
	parts.Add(newSection(t.host, lang.L("The networks"), inset(r.asked, 12, 12, 2, 8), false).box)
	parts.Add(newRule())
	if len(a.Path) > 1 {
		parts.Add(newSection(t.host, lang.L("Your way through the slices"), inset(r.path(), 8, 8, 4, 8), false).box)
	}
	side := newFill(colourPanel)
	side.min = fyne.NewSize(380, 1)
	r.toggle = newButton(t.host, lang.L("Outlines"), theme.CheckButtonCheckedIcon(), buttonFlat, lang.L("Outlines of the reference: clips, boost (white) and seroma (blue)"), func() {
		r.outline = !r.outline
		r.show()
	})
	r.toggle.colour = colourText
	again := newButton(t.host, lang.L("Try again"), theme.ViewRefreshIcon(), buttonNormal, lang.L("A second attempt; both are kept"), func() {
		t.startLesson(c, t.chosenLimit())
	})
	right := []fyne.CanvasObject{r.legend(), r.toggle, again}
	if next := t.caseOf(t.progress.Next); next != nil && next.Lesson.ID != c.Lesson.ID {
		right = append(right, newButton(t.host, lang.L("Next case"), theme.NavigateNextIcon(), buttonPrimary, fmt.Sprintf("%s: %s", lessonWords(next).Title, nextText(t.progress.NextWhy)), func() {
			t.startLesson(next, t.chosenLimit())
		}))
	}
	content := container.NewBorder(nil, nil, nil, container.NewStack(side, container.NewVScroll(parts)), t.views.box)
	t.page(shorten(lessonWords(c).Title, 34), t.showLibrary, content, right...)
	t.typed = r.typed
	t.atWork = r.changed
	r.showNetwork()
	r.show()
	for i := range a.Verdicts { // begin with what is to be learnt, close by
		if a.Verdicts[i].Outcome != teach.Found {
			r.choose(i)
			if t.views.each[viewer.Axial].zoom == 1 {
				t.views.closeUp()
			}
			break
		}
	}
}

// legend says which sign means what.
func (r *reveal) legend() fyne.CanvasObject {
	line := columns(4)
	for _, o := range []teach.Outcome{teach.Found, teach.Missed, teach.False, teach.SetAside} {
		sign, _ := outcomeSign(o)
		line.Add(middle(newSignIcon(sign, listColour(o))))
		line.Add(middle(newText(outcomeText(o)+"  ", textStyle{size: sizeSmall, colour: colourDim})))
	}
	return middle(line)
}

// listColour is the colour of an outcome on a panel, dark on a light one.
func listColour(o teach.Outcome) color.Color {
	switch o {
	case teach.Found:
		return theme.Color(colourSuccess)
	case teach.Missed:
		return theme.Color(colourError)
	case teach.False:
		return theme.Color(colourWarning)
	}
	return theme.Color(colourAccent)
}

// summary is the figures of the answer.
func (r *reveal) summary() fyne.CanvasObject {
	a := r.a
	lines := rows(3, newText(scoreText(a.Score), textStyle{bold: true}))
	lines.Add(newText(fmt.Sprintf(lang.L("sensitivity %s · mean error %s mm · time %s"),
		figureText(a.Score.Sensitivity(), 2), figureText(a.Score.MeanErrorMM, 1), clockText(time.Duration(a.Seconds*float64(time.Second)))), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}))
	if tries := r.tries(); len(tries) > 1 {
		first := tries[0].Score
		lines.Add(newText(fmt.Sprintf(lang.L("attempt %d; the first: %s"), r.number(tries), scoreText(first)), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}))
	}
	return lines
}

// tries are the attempts of this case, oldest first.
func (r *reveal) tries() []teach.Attempt {
	for _, c := range r.t.progress.Cases {
		if c.Case == r.a.Case {
			return c.Attempts
		}
	}
	return nil
}

func (r *reveal) number(tries []teach.Attempt) int {
	for i := range tries {
		if tries[i].ID == r.a.ID {
			return i + 1
		}
	}
	return len(tries)
}

// verdictRow is one clip or mark: its sign, what it is, how far off, and why.
func (r *reveal) verdictRow(v *teach.Verdict, tapped func()) *row {
	sign, _ := outcomeSign(v.Outcome)
	what, figure := fmt.Sprintf(lang.L("mark %d"), v.Mark), ""
	switch {
	case v.Outcome == teach.Found:
		what = fmt.Sprintf(lang.L("clip %d, mark %d"), v.Clip, v.Mark)
		figure = fmt.Sprintf("%.1f mm", float64(v.ErrorMM))
	case v.Clip > 0:
		what = fmt.Sprintf(lang.L("clip %d"), v.Clip)
	}
	head := container.NewBorder(nil, nil, columns(8, middle(newSignIcon(sign, listColour(v.Outcome))), middle(newText(outcomeText(v.Outcome), textStyle{bold: true})), middle(newText(what, textStyle{}))),
		middle(newText(figure, textStyle{bold: true})))
	lines := rows(1, head)
	small := func(s string, colour fyne.ThemeColorName) {
		if s != "" {
			lines.Add(inset(newText(s, textStyle{size: sizeSmall, colour: colour, shrink: true, minWidth: 100}), signIconSize+8, 0, 0, 0))
		}
	}
	if v.Reason != nil {
		small(reasonText(v.Reason), colourWarning)
	}
	if v.Outcome == teach.Found {
		small(v.Offset, colourDim)
	} else {
		small(placeText(v.PlaceMM), colourDim)
	}
	if v.Clip > 0 && v.SeenSeconds > 0 {
		small(fmt.Sprintf(lang.L("its slices were shown for %.1f s"), v.SeenSeconds), colourDim)
	}
	return newRow(r.t.host, inset(lines, 12, 10, 4, 4), tapped)
}

// choose jumps to verdict i.
func (r *reveal) choose(i int) {
	r.at = i
	for k, row := range r.rows {
		row.setSelected(k == i)
	}
	r.jump(r.a.Verdicts[i].PlaceMM)
}

func (r *reveal) jump(p volume.Vec) {
	r.t.session.SetCursor(p)
	r.t.views.follow(p)
	r.show()
}

// typed goes through the verdicts.
func (r *reveal) typed(key string) bool {
	n := len(r.a.Verdicts)
	switch id := r.t.host.keys.command(key); {
	case n == 0:
		return false
	case id == "clip.next":
		r.choose((r.at + 1) % n)
	case id == "clip.previous":
		r.choose((max(r.at, 0) + n - 1) % n)
	default:
		return false
	}
	return true
}

// show lays signs and outlines over the images.
func (r *reveal) show() {
	v := r.t.views
	v.signs, v.beside = nil, nil
	r.toggle.set(r.toggle.label, checkIcon(r.outline))
	place := map[int]volume.Vec{}
	for _, m := range r.a.Marks {
		place[m.Number] = m.PlaceMM
	}
	for i := range r.a.Verdicts {
		d := &r.a.Verdicts[i]
		sign, colour := outcomeSign(d.Outcome)
		at, label := d.PlaceMM, fmt.Sprint(d.Mark)
		if d.Mark == 0 {
			label = lang.L("clip") + " " + fmt.Sprint(d.Clip)
		} else if p, ok := place[d.Mark]; ok {
			at = p
		}
		m := viewer.Mark{AtMM: at, Sign: sign, Colour: colour, SizePx: markSignPx, WidthPx: markWidth, ReachMM: markSignMM, Label: label}
		if i == r.at {
			m.WidthPx, m.SizePx = selectedWidth, markSignPx+4
		}
		v.signs = append(v.signs, m)
	}
	if r.outline {
		white, blue := color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}, color.RGBA{0x56, 0xB4, 0xE9, 0xFF}
		for _, k := range r.g.Reference.Clips {
			v.beside = append(v.beside, viewer.Overlay{Mask: k.Mask, Colour: white, WidthPx: thinWidth})
		}
		if m := r.g.Reference.Target; m != nil {
			v.beside = append(v.beside, viewer.Overlay{Mask: m, Colour: white, WidthPx: thinWidth, Dashed: true})
		}
		if m := r.g.Reference.Seroma; m != nil {
			v.beside = append(v.beside, viewer.Overlay{Mask: m, Colour: blue, WidthPx: thinWidth})
		}
	}
	v.show()
}

// boost is the figures of what was drawn, each with its definition.
func (r *reveal) boost() fyne.CanvasObject {
	lines := rows(2)
	for _, d := range teach.Definitions() {
		n, ok := r.a.Boost.Value(d.Key)
		if !ok {
			continue
		}
		value := figureText(n, 2)
		if d.Unit != "" {
			value += " " + d.Unit
		}
		line := container.NewBorder(nil, nil, newText(d.Name, textStyle{colour: colourDim}), newText(value, textStyle{}))
		row := newRow(r.t.host, line, nil)
		row.tip = d.Text
		lines.Add(row)
	}
	if r.a.Boost.OffsetText != "" {
		lines.Add(newText(r.a.Boost.OffsetText, textStyle{size: sizeSmall, colour: colourDim, align: fyne.TextAlignTrailing}))
	}
	return lines
}

// path draws which slice was shown when, with the slices of the clips.
func (r *reveal) path() fyne.CanvasObject {
	a := r.a
	c := newChart(fmt.Sprintf(lang.L("slice · %d of %d seen"), a.SlicesSeen, a.Slices), lang.L("time, s"), fyne.NewSize(340, 170))
	s := series{colour: theme.Color(colourAccent), line: true}
	for i, look := range a.Path {
		if i > 0 {
			s.xs, s.ys = append(s.xs, look.AtSeconds), append(s.ys, float64(a.Path[i-1].Slice+1))
		}
		s.xs, s.ys = append(s.xs, look.AtSeconds), append(s.ys, float64(look.Slice+1))
	}
	s.xs, s.ys = append(s.xs, a.Seconds), append(s.ys, s.ys[len(s.ys)-1])
	var levels []level
	for i := range a.Verdicts {
		if v := &a.Verdicts[i]; v.Clip > 0 {
			z, _ := r.g.Volume.Grid.NearestSlice(v.PlaceMM)
			levels = append(levels, level{float64(z + 1), listColour(v.Outcome), ""})
		}
	}
	dots := series{colour: theme.Color(colourText), dots: true}
	for _, m := range a.Marks {
		z, _ := r.g.Volume.Grid.NearestSlice(m.PlaceMM)
		dots.xs, dots.ys = append(dots.xs, m.AtSeconds), append(dots.ys, float64(z+1))
	}
	c.set([2]float64{0, max(a.Seconds, 1)}, [2]float64{0, float64(a.Slices)}, []series{s, dots}, levels)
	return rows(2, c, newText(lang.L("lines across: slices of the clips, found or missed; dots: your marks"), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 100}))
}

// showNetwork shows what the networks made of the case, or the button that asks them.
func (r *reveal) showNetwork() {
	t := r.t
	r.asked.RemoveAll()
	defer r.parts.Refresh()
	switch {
	case r.asking:
		stop := newButton(t.host, lang.L("Cancel"), theme.MediaStopIcon(), buttonNormal, "", t.session.Cancel)
		r.asked.Add(r.bar)
		r.asked.Add(columns(0, stop, layout.NewSpacer()))
	case r.network == nil:
		ask := newButton(t.host, lang.L("Compare with the networks"), theme.SearchIcon(), buttonNormal, lang.L("Runs the networks on this CT"), r.ask)
		r.asked.Add(columns(0, ask, layout.NewSpacer()))
	default:
		r.asked.Add(newText(scoreText(r.network.Score), textStyle{bold: true}))
		r.asked.Add(newText(fmt.Sprintf(lang.L("mean error %s mm; its outlines are pink and dashed"), figureText(r.network.MeanErrorMM, 1)), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}))
		for i := range r.network.Verdicts {
			v := &r.network.Verdicts[i]
			if v.Outcome == teach.Found {
				continue
			}
			sign, _ := outcomeSign(v.Outcome)
			what := fmt.Sprintf(lang.L("clip %d"), v.Clip)
			if v.Clip == 0 {
				what = fmt.Sprintf(lang.L("its mark %d"), v.Mark)
			}
			if v.Reason != nil {
				what += ": " + reasonText(v.Reason)
			}
			line := columns(8, middle(newSignIcon(sign, listColour(v.Outcome))), newText(joined(outcomeText(v.Outcome), what), textStyle{size: sizeSmall}))
			r.asked.Add(newRow(t.host, inset(line, 0, 0, 3, 3), func() { r.jump(v.PlaceMM) }))
		}
	}
}

func (r *reveal) ask() {
	r.asking, r.before = true, r.t.session.View().Cursor
	r.showNetwork()
	r.t.session.Run()
}

// changed follows the networks.
func (r *reveal) changed(changed session.Change) {
	if !r.asking {
		return
	}
	s := r.t.session
	if state := s.Job(session.JobRun); state.Running {
		r.bar.set(state, r.t.now())
		return
	}
	if !changed.Has(session.JobsChanged | session.DerivedChanged) {
		return
	}
	r.asking = false
	found := s.Derived().Found
	if found == nil {
		r.showNetwork()
		if n := s.View().Notice; n != nil && n.Severity == session.Failure {
			r.t.failed(lang.L("Ask the networks"), errors.New(n.Text))
		}
		return
	}
	clips := append([]segment.Clip(nil), found.Clips...)
	r.jump(r.before) // the search went to its first clip
	var unkept error
	r.t.work(func(ctx context.Context) error {
		var err error
		if r.network, err = teach.Compare(ctx, r.g, clips); err == nil && r.t.results.Dir != "" {
			unkept = r.t.results.KeepNetwork(r.a, r.network)
		}
		return err
	}, func(err error) {
		if err != nil {
			r.t.failed(lang.L("Compare with the networks"), err)
		} else if unkept != nil {
			r.t.failed(lang.L("Keep the comparison"), unkept)
		}
		r.t.readAttempts()
		r.showNetwork()
	})
}
