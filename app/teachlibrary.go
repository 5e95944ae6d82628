package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/teach"
)

// preferenceLimit remembers the time limit of a lesson, in seconds.
const preferenceLimit = "lesson limit"

// library is the page of the cases: who learns, what there is, what was achieved, and what comes next.
type library struct {
	t        *teaching
	alias    *field
	list     *fyne.Container
	detail   *fyne.Container
	note     *text
	rows     map[string]*row
	selected string
	limit    *widget.Select
}

// limits are the times a learner may choose, in seconds.
func limits() []int { return []int{0, 120, 300, 600} }

func limitText(seconds int) string {
	if seconds == 0 {
		return lang.L("no limit")
	}
	return fmt.Sprintf(lang.L("%d minutes"), seconds/60)
}

func (t *teaching) showLibrary() {
	t.leavePage()
	t.session.CloseStudy()
	if t.dir == "" {
		t.startStarters()
	}
	t.readLibrary()
	p := &library{t: t, list: rows(0), detail: rows(10), note: newText("", textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 100})}
	p.alias = newField(t.learner, t.host.unfocus)
	p.alias.SetPlaceHolder(lang.L("name or alias"))
	p.alias.OnChanged = func(s string) {
		t.setLearner(s)
		p.refresh()
	}
	p.alias.OnSubmitted = func(string) { t.host.unfocus() }
	width := newFill(colourWindow)
	width.min = fyne.NewSize(190, 1)
	who := columns(8, middle(newText(lang.L("Learner"), textStyle{colour: colourDim})), middle(container.NewStack(width, p.alias)))
	more := func(label string, icon fyne.Resource, tip string, do func()) *button {
		return newButton(t.host, label, icon, buttonNormal, tip, do)
	}
	right := []fyne.CanvasObject{
		who,
		more(lang.L("Guided tour"), theme.HelpIcon(), lang.L("Ten minutes: what clips look like and what imitates them"), func() { t.showTour(0) }),
		more(lang.L("Progress"), theme.ListIcon(), lang.L("How this learner gets on"), t.showProgress),
		more(lang.L("Group"), theme.AccountIcon(), lang.L("A teacher's overview of a folder of results"), t.askGroup),
		more(lang.L("Cases"), theme.FolderOpenIcon(), lang.L("Open another folder of cases, or make one"), p.askCases),
	}
	side := newFill(colourPanel)
	side.min = fyne.NewSize(360, 1)
	detail := container.NewStack(side, container.NewVScroll(inset(p.detail, 18, 18, 16, 16)))
	content := container.NewBorder(nil, nil, nil, detail, container.NewBorder(nil, inset(p.note, 18, 18, 6, 8), nil, nil, container.NewVScroll(inset(p.list, 10, 10, 8, 8))))
	t.page(lang.L("Teaching"), t.exit, content, right...)
	t.shown = p.refresh
	p.refresh()
}

// refresh lists the cases as they are now.
func (p *library) refresh() {
	t := p.t
	if p.selected == "" || t.caseOf(p.selected) == nil {
		p.selected = t.progress.Next
		if p.selected == "" && len(t.cases) > 0 {
			p.selected = t.cases[0].Lesson.ID
		}
	}
	tried := map[string]teach.CaseProgress{}
	for _, c := range t.progress.Cases {
		tried[c.Case] = c
	}
	p.list.RemoveAll()
	p.rows = map[string]*row{}
	for _, c := range t.cases {
		r := p.caseRow(c, tried)
		p.rows[c.Lesson.ID] = r
		r.setSelected(c.Lesson.ID == p.selected)
		p.list.Add(r)
	}
	p.note.set(p.noteText())
	if len(t.cases) == 0 {
		p.note.set("")
		p.list.Add(inset(rows(12, container.NewCenter(newText(p.noteText(), textStyle{colour: colourDim})), p.makingBar()), 40, 40, 120, 0))
	}
	p.list.Refresh()
	p.showDetail()
}

// makingBar is how far the starter cases are while none can be begun.
func (p *library) makingBar() fyne.CanvasObject {
	bar := newProgress(p.t.host.phrases)
	setVisible(bar, p.t.making)
	now := p.t.now()
	bar.set(session.JobState{Running: true, Progress: session.Progress{Stage: lang.L("Making the starter cases, once"), Done: p.t.made, Total: teach.StarterCount(), Started: now, StageStarted: now}}, now)
	return bar
}

// noteText is what is going on, or wrong.
func (p *library) noteText() string {
	t := p.t
	switch {
	case t.trouble != "":
		return t.trouble
	case len(t.broken) > 0:
		return t.broken[0].Error()
	case t.making:
		return fmt.Sprintf(lang.L("Making the starter cases: %d of %d. Those listed can be begun."), t.made, teach.StarterCount())
	case len(t.cases) == 0 && t.dir == "":
		return lang.L("This user has no cache folder for the starter cases: open a folder of cases.")
	case len(t.cases) == 0:
		return fmt.Sprintf(lang.L("%s holds no teaching case."), t.dir)
	}
	return t.dir
}

func (p *library) caseRow(c *teach.Case, tried map[string]teach.CaseProgress) *row {
	l := &c.Lesson
	kinds := make([]string, len(l.Categories))
	for i, k := range l.Categories {
		kinds[i] = kindText(k)
	}
	words := l.In(lessonLanguage())
	state, colour := "", colourDim
	if a, ok := tried[l.ID]; ok {
		state = scoreText(a.Latest)
		if a.Tries > 1 {
			state = fmt.Sprintf(lang.L("%d attempts · "), a.Tries) + state
		}
		colour = colourWarning
		if a.Latest.F1() == 1 {
			colour = colourSuccess
		}
	}
	if l.ID == p.t.progress.Next {
		state = joined(state, lang.L("next"))
		if colour == colourDim {
			colour = colourAccent
		}
	}
	difficulty := newText(difficultyText(l.Difficulty), textStyle{colour: colourDim})
	title := newText(words.Title, textStyle{bold: true, shrink: true, minWidth: 140})
	about := newText(strings.Join(kinds, ", "), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 140})
	done := newText(state, textStyle{size: sizeSmall, colour: colour})
	content := container.NewBorder(nil, nil, inset(middle(difficulty), 10, 14, 0, 0), inset(middle(done), 10, 10, 0, 0), rows(2, title, about))
	r := newRow(p.t.host, inset(content, 4, 4, 7, 7), func() { p.choose(l.ID) })
	return r
}

func (p *library) choose(id string) {
	p.selected = id
	for each, r := range p.rows {
		r.setSelected(each == id)
	}
	p.showDetail()
}

// showDetail shows the case that is chosen, and its attempts.
func (p *library) showDetail() {
	t := p.t
	p.detail.RemoveAll()
	defer p.detail.Refresh()
	c := t.caseOf(p.selected)
	if c == nil {
		return
	}
	l := &c.Lesson
	words := l.In(lessonLanguage())
	p.detail.Add(newText(words.Title, textStyle{size: sizeLarge, bold: true, shrink: true, minWidth: 200}))
	p.detail.Add(newText(fmt.Sprintf(lang.L("%s  difficulty %d of %d"), difficultyText(l.Difficulty), l.Difficulty, teach.HardestDifficulty), textStyle{colour: colourDim}))
	if words.Note != "" {
		p.detail.Add(paragraph(lang.L("Operation note") + ": " + noteText(words.Note)))
	}
	p.detail.Add(newText(fmt.Sprintf(lang.L("A mark within %g mm of a clip's centre has found it."), l.HitRadiusMM), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}))
	var names []string
	chosen := 0
	for i, s := range limits() {
		names = append(names, limitText(s))
		if float64(s) == t.window.remembered.FloatWithFallback(preferenceLimit, 0) {
			chosen = i
		}
	}
	p.limit = widget.NewSelect(names, nil)
	p.limit.SetSelectedIndex(chosen)
	p.limit.OnChanged = func(string) {
		t.window.remembered.SetFloat(preferenceLimit, float64(limits()[p.limit.SelectedIndex()]))
	}
	p.detail.Add(columns(8, middle(newText(lang.L("Time"), textStyle{colour: colourDim})), p.limit, layout.NewSpacer()))
	start := newButton(t.host, lang.L("Start"), theme.MediaPlayIcon(), buttonPrimary, lang.L("Begin: the clock runs from the first image (Enter)"), func() { p.start(c) })
	err := teach.CheckLearner(t.learner)
	start.setEnabled(err == nil)
	p.detail.Add(columns(8, start, layout.NewSpacer()))
	if err != nil {
		p.detail.Add(newText(lang.L("First say who learns, at the top: a name or an alias."), textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 200}))
	}
	t.typed = func(key string) bool {
		if key != string(fyne.KeyReturn) && key != string(fyne.KeyEnter) || start.Disabled() {
			return false
		}
		p.start(c)
		return true
	}
	if t.progress.Next == l.ID {
		p.detail.Add(newText(fmt.Sprintf(lang.L("Suggested: %s."), nextText(t.progress.NextWhy)), textStyle{size: sizeSmall, colour: colourAccent, shrink: true, minWidth: 200}))
	}
	p.showAttempts(c)
}

// noteText translates the note that the program writes itself.
func noteText(note string) string {
	var n int
	if _, err := fmt.Sscanf(note, "%d clips were placed in the bed.", &n); err == nil && strings.HasSuffix(note, "in the bed.") {
		return fmt.Sprintf(lang.L("%d clips were placed in the bed."), n)
	}
	return note
}

func (p *library) showAttempts(c *teach.Case) {
	t := p.t
	first := true
	for i := len(t.attempts) - 1; i >= 0; i-- {
		a := &t.attempts[i]
		if a.Case != c.Lesson.ID {
			continue
		}
		if first {
			p.detail.Add(inset(newText(lang.L("Your attempts"), textStyle{bold: true}), 0, 0, 10, 0))
			p.detail.Add(newText(lessonWords(c).Teaches, textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}))
			first = false
		}
		when := newText(a.Begun.Local().Format("2006-01-02 15:04")+"  ·  "+clockText(time.Duration(a.Seconds*float64(time.Second))), textStyle{size: sizeSmall, colour: colourDim})
		score := newText(scoreText(a.Score), textStyle{})
		p.detail.Add(newRow(t.host, inset(rows(2, score, when), 10, 6, 5, 5), func() { t.openAttempt(c, a) }))
	}
}

func lessonWords(c *teach.Case) teach.Words { return c.Lesson.In(lessonLanguage()) }

func (p *library) start(c *teach.Case) {
	t := p.t
	if err := teach.CheckLearner(t.learner); err != nil {
		return
	}
	t.startLesson(c, time.Duration(limits()[max(p.limit.SelectedIndex(), 0)])*time.Second)
}

// askCases offers the starter cases, another folder, and a new case.
func (p *library) askCases() {
	t := p.t
	menu := fyne.NewMenu("",
		fyne.NewMenuItem(lang.L("The twelve starter cases"), func() {
			t.dir = ""
			t.showLibrary()
		}),
		fyne.NewMenuItem(lang.L("Open a folder of cases"), func() {
			t.window.askFolder(lang.L("Open a folder of cases"), filepath.Dir(t.dir), func(dir string) {
				t.dir = dir
				t.showLibrary()
			})
		}),
		fyne.NewMenuItem(lang.L("Make a case"), t.askNewCase),
	)
	widget.ShowPopUpMenuAtPosition(menu, t.window.win.Canvas(), fyne.NewPos(t.window.win.Canvas().Size().Width-300, 44))
}
