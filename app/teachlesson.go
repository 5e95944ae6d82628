package app

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// lesson is the page on which a learner looks for clips. Nothing of the networks or the reference is on it.
type lesson struct {
	t        *teaching
	c        *teach.Case
	limit    time.Duration
	sitting  *teach.Sitting // nil until the CT is there
	selected int            // mark, 0 for none
	clock    *text
	count    *text
	list     *fyne.Container
	boost    *fyne.Container
	parts    *fyne.Container // the panel
	give     *button
	wait     *text
	given    bool
}

// boostName is the structure that a learner draws.
const boostName = "My_Boost"

// How marks look and how near a click must be to take one.
const (
	markSignPx  = 17
	markSignMM  = 4.0 // through the picture: a mark shows broken on the slices beside its own
	nearMarkMM  = 3.5
	clockPeriod = 500 * time.Millisecond
)

func markColour() color.RGBA { return color.RGBA{0xFF, 0xFF, 0xFF, 0xFF} }

// openCT reads the CT of a case and then goes on.
func (t *teaching) openCT(c *teach.Case, then func()) {
	dir := c.CTDir()
	s := t.session
	t.atWork = func(changed session.Change) {
		switch doc, n := s.Document(), s.View().Notice; {
		case doc.Dir == dir && doc.Volume != nil && changed.Has(session.DocumentChanged):
			t.atWork = nil
			s.Update(func() {
				for _, name := range []string{session.NameExternal, session.NameBed, session.NameROI} {
					s.SetVisible(name, false)
				}
				s.SetTool(session.ToolCrosshair)
				s.SetWindow(presets()[0].centreHU, presets()[0].wideHU)
				s.SetOverlays(true)
			})
			then()
		case changed.Has(session.NoticeChanged) && n != nil && n.Severity == session.Failure && doc.Volume == nil:
			t.atWork = nil
			t.showLibrary()
			t.failed(lang.L("Open the case"), errors.New(n.Text))
		}
	}
	s.OpenFolder(dir, "")
}

func (t *teaching) startLesson(c *teach.Case, limit time.Duration) {
	t.leavePage()
	t.session.CloseStudy()
	l := &lesson{t: t, c: c, limit: limit, list: rows(0), boost: rows(8)}
	l.clock = newText("", textStyle{bold: true, align: fyne.TextAlignTrailing, shrink: true, minWidth: 96}) // room for what it will say
	l.count = newText("", textStyle{colour: colourDim, align: fyne.TextAlignTrailing, shrink: true, minWidth: 96})
	l.wait = newText(lang.L("Reading the CT …"), textStyle{bold: true, colour: colourAccent})
	l.give = newButton(t.host, lang.L("Give the answer"), theme.ConfirmIcon(), buttonPrimary, lang.L("Stops the clock; then the reference is shown"), l.ask)
	hint := paragraph(lang.L("Click a clip to mark it. Drag moves the crosshair, the wheel goes through the slices, 1 to 5 set the window, M shows the brightest of a slab, Z a close-up. Del removes the chosen mark."))
	parts := rows(0, newSection(t.host, lang.L("Marks"), l.list, false).box, newRule(), newSection(t.host, lang.L("Boost, if you like"), inset(l.boost, 10, 10, 4, 8), false).box, newRule(), inset(hint, 12, 12, 8, 8))
	if note := lessonWords(c).Note; note != "" {
		parts.Objects = append([]fyne.CanvasObject{inset(paragraph(lang.L("Operation note")+": "+noteText(note)), 12, 12, 8, 6), newRule()}, parts.Objects...)
	}
	l.parts = parts
	side := newFill(colourPanel)
	side.min = fyne.NewSize(320, 1)
	content := container.NewBorder(nil, nil, nil, container.NewStack(side, container.NewVScroll(parts)), container.NewStack(t.views.box, container.NewCenter(l.wait)))
	t.page(lessonWords(c).Title, t.showLibrary, content, middle(l.count), middle(l.clock), l.give)
	l.refresh()
	t.openCT(c, l.begin)
}

// begin starts the clock with the first image.
func (l *lesson) begin() {
	t := l.t
	l.wait.Hide()
	l.sitting = teach.Sit(l.limit, t.now)
	t.views.click, t.atStake = l.click, l.atStake
	t.typed = l.typed
	t.atWork = func(changed session.Change) {
		if changed.Has(session.CursorChanged) {
			l.look()
		}
		if changed.Has(session.PlanChanged | session.ViewChanged) {
			l.refresh()
		}
	}
	l.look()
	l.refresh()
	l.tick()
	ctx := t.ctx
	var first sync.Once
	go func() {
		ticker := time.NewTicker(clockPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				t.window.post(func() {
					if ctx.Err() == nil {
						l.tick()
						first.Do(t.views.show) // the texts over the images want to know their size
					}
				})
			}
		}
	}()
}

// look notes which axial slice is shown.
func (l *lesson) look() {
	z, _ := l.t.session.Document().Volume.Grid.NearestSlice(l.t.session.View().Cursor)
	l.sitting.Look(z)
}

// tick shows the clock; when the time is up the answer is given as it is.
func (l *lesson) tick() {
	if l.given {
		return
	}
	left, limited := l.sitting.Left()
	if !limited {
		l.clock.set(clockText(l.sitting.Elapsed()))
		return
	}
	l.clock.set(fmt.Sprintf(lang.L("%s left"), clockText(left)))
	if left <= 0 {
		l.commit()
	}
}

// click takes the mark under the mouse, or sets one.
func (l *lesson) click(at volume.Vec) {
	if l.given {
		return
	}
	l.t.session.SetCursor(at)
	if l.selected = l.sitting.Near(at, nearMarkMM); l.selected == 0 {
		l.selected = l.sitting.Mark(at).Number
	}
	l.refresh()
}

func (l *lesson) remove(number int) {
	l.sitting.Remove(number)
	if l.selected == number {
		l.selected = 0
	}
	l.refresh()
}

func (l *lesson) choose(m teach.Mark) {
	l.selected = m.Number
	l.t.session.SetCursor(m.PlaceMM)
	l.t.views.follow(m.PlaceMM)
	l.refresh()
}

func (l *lesson) typed(key string) bool {
	switch fyne.KeyName(key) {
	case fyne.KeyDelete, fyne.KeyBackspace:
		if l.selected != 0 {
			l.remove(l.selected)
		}
		return true
	}
	return false
}

// refresh shows marks and tools.
func (l *lesson) refresh() {
	t := l.t
	l.give.setEnabled(l.sitting != nil && !l.given)
	l.list.RemoveAll()
	t.views.signs = nil
	n := 0
	if l.sitting != nil {
		n = len(l.sitting.Marks())
		for _, m := range l.sitting.Marks() {
			l.list.Add(l.markRow(m))
			sign := viewer.Mark{AtMM: m.PlaceMM, Sign: viewer.Ring, Colour: markColour(), SizePx: markSignPx, WidthPx: markWidth, ReachMM: markSignMM, Label: fmt.Sprint(m.Number)}
			if m.Number == l.selected {
				sign.WidthPx, sign.SizePx = selectedWidth, markSignPx+4
			}
			t.views.signs = append(t.views.signs, sign)
		}
	}
	l.count.set(fmt.Sprintf(lang.L("marks: %d"), n))
	if n == 0 {
		l.list.Add(inset(newText(lang.L("None yet: click a clip."), textStyle{size: sizeSmall, colour: colourDim}), 12, 10, 4, 8))
	}
	l.showTools()
	if l.parts != nil {
		l.parts.Refresh() // the list has grown: what is below gives way
	}
	t.views.show()
}

func (l *lesson) markRow(m teach.Mark) *row {
	away := newButton(l.t.host, "", theme.CancelIcon(), buttonFlat, lang.L("Remove the mark (Del)"), func() { l.remove(m.Number) })
	away.small = true
	content := container.NewBorder(nil, nil, columns(8, middle(newSignIcon(viewer.Ring, colourMarkInList())), middle(newText(fmt.Sprint(m.Number), textStyle{bold: true}))), away,
		middle(newText(placeText(m.PlaceMM), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 80, align: fyne.TextAlignTrailing})))
	r := newRow(l.t.host, inset(content, 12, 8, 3, 3), func() { l.choose(m) })
	r.setSelected(m.Number == l.selected)
	return r
}

// colourMarkInList is a mark's colour where the ground may be white.
func colourMarkInList() color.Color { return theme.Color(colourText) }

// showTools offers the tools that draw the boost.
func (l *lesson) showTools() {
	t, s := l.t, l.t.session
	l.boost.RemoveAll()
	if l.sitting == nil || l.given {
		return
	}
	view := s.View()
	tool := func(label, tip string, which session.Tool) *button {
		b := newButton(t.host, label, nil, buttonNormal, tip, func() {
			if which.Draws() && s.Plan().Drawing(boostName) == nil {
				if err := s.NewStructure(boostName, "CTV"); err != nil {
					t.failed(lang.L("Draw the boost"), err)
					return
				}
			}
			s.SetActive(boostName)
			s.SetTool(which)
		})
		b.small = true
		b.setChosen(view.Tool == which)
		return b
	}
	l.boost.Add(columns(4,
		tool(lang.L("Mark"), lang.L("Click sets marks"), session.ToolCrosshair),
		tool(lang.L("Brush"), lang.L("Paint on the slice; [ and ] change the size"), session.ToolBrush),
		tool(lang.L("Contour"), lang.L("Draw round it; what is enclosed is filled"), session.ToolContour),
		tool(lang.L("Ball"), lang.L("Paint across slices"), session.ToolSphere),
		tool(lang.L("Eraser"), lang.L("Take away"), session.ToolEraser),
	))
	if d := s.Plan().Drawing(boostName); d != nil {
		between := newButton(t.host, lang.L("Interpolate"), nil, buttonNormal, lang.L("Fill slices left out between those drawn (I)"), s.Interpolate)
		away := newButton(t.host, lang.L("Remove"), nil, buttonNormal, "", func() {
			s.RemoveDrawn(boostName)
			s.SetTool(session.ToolCrosshair)
		})
		between.small, away.small = true, true
		l.boost.Add(columns(6, middle(newText(fmt.Sprintf("%.1f cc", d.CC), textStyle{})), middle(newText(fmt.Sprintf(lang.L("brush %.0f mm"), view.BrushMM), textStyle{size: sizeSmall, colour: colourDim})), layout.NewSpacer(), between, away))
	}
}

// atStake is what would be lost by leaving.
func (l *lesson) atStake() string {
	if l.given {
		return lang.L("The answer is still being compared; it is not kept yet.")
	}
	return lang.L("Your marks are not kept: the answer was not given.")
}

// ask gives the answer, and asks first when there is none.
func (l *lesson) ask() {
	if l.sitting == nil || l.given {
		return
	}
	if len(l.sitting.Marks()) > 0 {
		l.commit()
		return
	}
	l.t.window.ask(lang.L("No mark is set"), lang.L("Give the answer that there is no clip?"), lang.L("Give the answer"), l.commit)
}

// commit stops the clock, marks the answer, keeps it, and shows the reference.
func (l *lesson) commit() {
	if l.given {
		return
	}
	l.given = true
	t, c := l.t, l.c
	var boost *volume.Mask
	if d := t.session.Plan().Drawing(boostName); d != nil {
		boost = d.Mask
	}
	answer := l.sitting.Answer(boost)
	t.session.SetTool(session.ToolCrosshair)
	l.refresh()
	l.wait.set(lang.L("Comparing with the reference …"))
	l.wait.Show()
	g := teach.Grading{Case: c, Volume: t.session.Document().Volume, Learner: t.learner, Begun: l.sitting.Begun, Version: t.window.app.Metadata().Version}
	var attempt *teach.Attempt
	t.work(func(ctx context.Context) error {
		var err error
		if g.Reference, err = c.ReadReference(g.Volume.Grid); err != nil {
			return err
		}
		attempt, err = teach.Grade(ctx, g, answer)
		return err
	}, func(err error) {
		if err != nil {
			t.showLibrary()
			t.failed(lang.L("Mark the answer"), err)
			return
		}
		var unkept error
		if t.results.Dir != "" {
			_, unkept = t.results.Keep(attempt)
		}
		t.readAttempts()
		t.showReveal(g, attempt)
		if unkept != nil {
			t.failed(lang.L("Keep the attempt"), unkept)
		}
	})
}

// openAttempt shows an earlier attempt again.
func (t *teaching) openAttempt(c *teach.Case, a *teach.Attempt) {
	t.leavePage()
	t.session.CloseStudy()
	t.page(lessonWords(c).Title, t.showLibrary, container.NewCenter(newText(lang.L("Reading the CT …"), textStyle{colour: colourDim})))
	t.openCT(c, func() {
		g := teach.Grading{Case: c, Volume: t.session.Document().Volume, Learner: a.Learner, Begun: a.Begun, Version: a.Version}
		t.work(func(context.Context) error {
			var err error
			g.Reference, err = c.ReadReference(g.Volume.Grid)
			return err
		}, func(err error) {
			if err != nil {
				t.showLibrary()
				t.failed(lang.L("Open the attempt"), err)
				return
			}
			t.showReveal(g, a)
		})
	})
}
