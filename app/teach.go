package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/internal/teach"
)

// preferenceLearner remembers who learns here.
const preferenceLearner = "learner"

// teaching is the mode for learners: a lesson touches no study.
type teaching struct {
	*sideMode
	now      func() time.Time
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
	shown    func() // the library is on the page: it is drawn anew as cases arrive
}

// openTeaching shows the cases.
func (w *window) openTeaching() {
	if w.teaching == nil {
		w.teaching = newTeaching(w)
	}
	w.teaching.show()
	w.teaching.showLibrary()
}

// openTour shows the guided tour.
func (w *window) openTour() {
	w.openTeaching()
	w.teaching.showTour(0)
}

func newTeaching(w *window) *teaching {
	t := &teaching{sideMode: newSideMode(w), now: w.now, results: teach.Results{Dir: w.options.ResultsDir}, learner: w.remembered.String(preferenceLearner)}
	t.draws = true
	t.views.flat = true
	t.views.arrange()
	return t
}

func (t *teaching) exit() {
	t.shown, t.trouble = nil, ""
	t.sideMode.exit()
}

func (t *teaching) leavePage() {
	t.sideMode.leavePage()
	t.shown, t.trouble = nil, ""
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
