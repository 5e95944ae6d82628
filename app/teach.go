package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/teach"
)

// preferenceLearner remembers who learns here.
const preferenceLearner = "learner"

// teaching is the mode for learners: pages that stand in the place of the window's body. It has a session of its own, so that
// a lesson touches no study.
type teaching struct {
	window   *window
	host     *host
	now      func() time.Time
	session  *session.Session
	views    *views
	looker   *window // the window's commands that only look, over this session
	results  teach.Results
	dir      string // of the library shown; empty until the starter cases are being made
	cases    []*teach.Case
	broken   []error
	made     int // starter cases that are there
	making   bool
	trouble  string // why something could not be done, shown on the page
	learner  string
	attempts []teach.Attempt // of the learner, oldest first
	progress *teach.Progress

	box    *fyne.Container // one page
	leave  func()          // what Escape does
	typed  func(key string) bool
	shown  func() // the library is on the page: it is drawn anew as cases arrive
	atWork func(session.Change)

	ctx    context.Context // of what runs for the page; replaced when it is left
	cancel context.CancelFunc
	alive  context.Context // of what runs for the mode
	end    context.CancelFunc
}

// openTeaching shows the cases.
func (w *window) openTeaching() {
	if w.teaching == nil {
		w.teaching = newTeaching(w)
		w.root.Add(w.teaching.box)
	}
	setVisible(w.body, false)
	setVisible(w.teaching.box, true)
	w.teaching.showLibrary()
}

// openTour shows the guided tour.
func (w *window) openTour() {
	w.openTeaching()
	w.teaching.showTour(0)
}

// teachingShown tells whether the mode has the window.
func (w *window) teachingShown() bool { return w.teaching != nil && w.teaching.box.Visible() }

func newTeaching(w *window) *teaching {
	t := &teaching{window: w, now: w.now, results: teach.Results{Dir: w.options.ResultsDir}, learner: w.remembered.String(preferenceLearner), box: container.NewStack()}
	deps := w.options.Deps
	deps.AuditDir, deps.AutosaveDir = "", "" // a lesson is no patient's
	t.session = session.New(w.post, deps)
	t.session.SetNetwork(w.session.Network())
	t.host = &host{
		tips: w.host.tips, keys: w.host.keys, phrases: w.host.phrases, typedKey: t.typedKey, typedRune: t.typedRune, shortcut: func(fyne.Shortcut) {}, unfocus: w.host.unfocus,
	}
	t.views = newViews(t.host, t.session, w.remembered)
	t.views.flat = true
	t.views.arrange()
	t.looker = &window{session: t.session, views: t.views, host: t.host, remembered: w.remembered}
	t.session.OnChange(func(changed session.Change) {
		t.views.set(changed)
		if t.atWork != nil {
			t.atWork(changed)
		}
	})
	t.alive, t.end = context.WithCancel(context.Background())
	t.ctx, t.cancel = context.WithCancel(t.alive)
	return t
}

// exit goes back to the window's body.
func (t *teaching) exit() {
	t.leavePage()
	t.session.CloseStudy()
	setVisible(t.box, false)
	setVisible(t.window.body, true)
}

// close ends what runs; the channel closes when the networks are released.
func (t *teaching) close() <-chan struct{} {
	t.end()
	return t.session.Close()
}

// work runs do beside the window, and done on its goroutine unless the page was left meanwhile.
func (t *teaching) work(do func(ctx context.Context) error, done func(error)) {
	ctx := t.ctx
	go func() {
		err := do(ctx)
		t.window.post(func() {
			if ctx.Err() == nil {
				done(err)
			}
		})
	}()
}

func (t *teaching) leavePage() {
	t.cancel()
	t.ctx, t.cancel = context.WithCancel(t.alive)
	t.shown, t.typed, t.atWork = nil, nil, nil
	t.views.signs, t.views.beside, t.views.click = nil, nil, nil
	t.trouble = ""
}

// page shows content under a bar with the way back, a title and what belongs at its right.
func (t *teaching) page(title string, back func(), content fyne.CanvasObject, right ...fyne.CanvasObject) {
	t.leave = back
	way := newButton(t.host, lang.L("Back"), theme.NavigateBackIcon(), buttonFlat, lang.L("Back (Escape)"), func() { t.leave() })
	head := columns(8, way, middle(newText(title, textStyle{size: sizeLarge, bold: true})), layout.NewSpacer())
	for _, o := range right {
		head.Add(o)
	}
	bar := container.NewStack(newFill(colourPanel), inset(head, 8, 10, 6, 6))
	t.box.Objects = []fyne.CanvasObject{container.NewStack(newFill(colourWindow), container.NewBorder(rows(0, bar, newRule()), nil, nil, nil, content))}
	t.box.Refresh()
}

func (t *teaching) typedKey(e *fyne.KeyEvent) {
	if t.window.win.Canvas().Overlays().Top() != nil {
		t.window.leaveOverlay(e)
		return
	}
	if e.Name == fyne.KeyEscape {
		if t.session.View().Tool != session.ToolCrosshair {
			t.session.SetTool(session.ToolCrosshair)
			return
		}
		t.leave()
		return
	}
	if key := string(e.Name); !isSign(key) {
		t.perform(key)
	}
}

func (t *teaching) typedRune(r rune) {
	if isSign(string(r)) && t.window.win.Canvas().Overlays().Top() == nil {
		t.perform(string(r))
	}
}

// perform does what a key stands for on this page, or as in the rest of the program where that only looks.
func (t *teaching) perform(key string) {
	if t.typed != nil && t.typed(key) || !t.session.HasVolume() {
		return
	}
	id := t.host.keys.command(key)
	if !looks(id) {
		return
	}
	for _, c := range commands() {
		if c.id == id {
			c.do(t.looker)
		}
	}
}

// looks tells whether a command of the window leaves the study as it is, or draws.
func looks(id string) bool {
	for _, prefix := range []string{"slice.", "window.", "brush.", "draw.", "edit."} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	switch id {
	case "view.fit", "view.closeup", "view.window", "view.slab", "view.layout", "view.marks":
		return true
	}
	return false
}

// failed says on the page what went wrong.
func (t *teaching) failed(doing string, err error) {
	if !errors.Is(err, context.Canceled) {
		dialog.ShowInformation(lang.L("That did not work"), doing+": "+err.Error(), t.window.win)
	}
}

// setLearner takes who learns, and reads what was done.
func (t *teaching) setLearner(name string) {
	t.learner = strings.TrimSpace(name)
	t.window.remembered.SetString(preferenceLearner, t.learner)
	t.readAttempts()
}

func (t *teaching) readAttempts() {
	t.attempts = nil
	if teach.CheckLearner(t.learner) == nil && t.results.Dir != "" {
		var errs []error
		if t.attempts, errs = t.results.Attempts(t.learner); len(errs) > 0 {
			t.trouble = fmt.Sprintf(lang.L("%d results cannot be read: %v"), len(errs), errs[0])
		}
	}
	t.progress = teach.ProgressOf(t.learner, t.attempts, t.cases)
}

// readLibrary reads the cases of the folder shown.
func (t *teaching) readLibrary() {
	t.cases, t.broken = teach.Library(t.dir)
	t.readAttempts()
}

// startStarters makes the starter cases that are not there yet, while the learner may begin with those that are.
func (t *teaching) startStarters() {
	cache := t.window.options.LessonDir
	if cache == "" || t.making {
		return
	}
	t.dir, t.making = teach.StarterFolder(cache), true
	arrived := func(change func()) {
		t.window.post(func() {
			change()
			if t.dir == teach.StarterFolder(cache) {
				t.readLibrary()
				if t.shown != nil {
					t.shown()
				}
			}
		})
	}
	go func() {
		_, err := teach.MakeStarter(t.alive, cache, func(done, _ int) { arrived(func() { t.made = done }) })
		arrived(func() {
			t.making = false
			if err != nil && !errors.Is(err, context.Canceled) {
				t.trouble = err.Error()
			}
		})
	}()
}

// caseOf is the case with that id, or nil.
func (t *teaching) caseOf(id string) *teach.Case {
	for _, c := range t.cases {
		if c.Lesson.ID == id {
			return c
		}
	}
	return nil
}
