package app

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/segment"
)

// Measures is what the window took on one CT, through the real window.
type Measures struct {
	FirstWindow time.Duration // from the start of the program to a window that answers
	StudyShown  time.Duration // from choosing the folder to the first pictures
	MemoryMB    float64       // resident, with the study open and no network loaded; 0 where the system does not say
	Frames      float64       // a second, the three linked views scrolled together, each frame on the screen before the next
	FrameBusy   time.Duration // processor time of one such frame: what counts where other work goes on; 0 where it is not known
	Search      time.Duration // how long the networks ran
	Stalls      []Stall       // while a study is opened, the networks run, what they found is shown, a margin is dragged, steps are undone and done again
}

// Stall is how long the window kept one waiting at worst.
type Stall struct {
	During string
	Waited time.Duration // between two looks at mouse and keys: our own work and what the toolkit paints; 17 ms when nothing happens
	Own    time.Duration // the longest piece of our own work in that time, without drawing the pictures
}

// ownWork is the longest that a function of ours held the toolkit's goroutine, which alone uses it.
type ownWork struct{ longest time.Duration }

// do runs f.
func (o *ownWork) do(f func()) {
	began := time.Now()
	f()
	o.longest = max(o.longest, time.Since(began))
}

// timed is post that times what it runs.
func (o *ownWork) timed(post func(func())) func(func()) {
	return func(f func()) { post(func() { o.do(f) }) }
}

// framesMeasured is how many frames are scrolled through.
const framesMeasured = 120

// measure opens a folder as a user would, scrolls, lets the networks run, drags a margin, and calls done on the toolkit's
// goroutine before the program ends. own times what the window posts.
func (w *window) measure(dir string, began time.Time, own *ownWork, done func(Measures, error)) {
	w.app.Lifecycle().SetOnStarted(func() {
		go func() {
			m, err := (&recorder{window: w, own: own}).measure(dir, began)
			fyne.Do(func() {
				done(m, err)
				w.close()
				w.app.Quit()
			})
		}()
	})
}

func (r *recorder) measure(dir string, began time.Time) (m Measures, err error) {
	r.call(func() {})
	r.call(func() {}) // the loop has gone round: the window was painted
	m.FirstWindow = time.Since(began)
	s := r.window.session

	start := time.Now()
	err = r.watch(&m, "opening", "", func() { s.OpenFolder(dir, "") }, func() bool {
		if m.StudyShown == 0 && s.HasVolume() && r.drawn() > 0 {
			m.StudyShown = time.Since(start)
		}
		return m.StudyShown > 0 && s.Derived().External != nil
	})
	if err != nil {
		return m, err
	}
	debug.FreeOSMemory()
	m.MemoryMB = residentMB()
	began = time.Now()
	used := cputime.Used()
	if err := r.scroll(s); err != nil {
		return m, err
	}
	m.Frames = framesMeasured / time.Since(began).Seconds()
	m.FrameBusy = (cputime.Used() - used) / framesMeasured
	start = time.Now()
	if err := r.watch(&m, "networks", "clips shown", s.Run, func() bool { return !s.Job(session.JobRun).Running }); err != nil {
		return m, err
	}
	m.Search = time.Since(start) - settled
	return m, r.stallsOfWork(s, &m)
}

// drawn is how many pictures the view that has drawn least has drawn.
func (r *recorder) drawn() int {
	var each []int
	for _, p := range r.window.views.each {
		each = append(each, p.pane.Drawn())
	}
	return slices.Min(each)
}

// scroll moves the crosshair so that every view shows another slice, and does so again as soon as all have drawn it.
func (r *recorder) scroll(s *session.Session) error {
	moved, before := 0, 0
	for deadline := time.Now().Add(captureLongest); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		done := false
		r.call(func() {
			if moved > 0 && r.drawn() <= before {
				return
			}
			if done = moved == framesMeasured; done {
				return
			}
			before = r.drawn()
			g := s.Document().Volume.Grid
			part := 0.3 + 0.4*float64(moved)/framesMeasured
			s.SetCursor(g.ToPatient(part*float64(g.Nx), part*float64(g.Ny), float64(int(part*float64(g.Nz()))+moved%2)))
			moved++
		})
		if done {
			return nil
		}
	}
	return errors.New("the views do not draw")
}

// What stallsOfWork drags: a margin, by a step of the pointer every dragPause.
const (
	dragSteps = 20
	dragPause = 30 * time.Millisecond
)

// stallsOfWork drags a margin, and goes to and fro among the steps that there are to undo. Without clips there is nothing to do.
func (r *recorder) stallsOfWork(s *session.Session, m *Measures) error {
	clips := 0
	r.call(func() { clips = len(s.Plan().Kept()) })
	if clips == 0 {
		return nil
	}
	at, last := 0, time.Now()
	settle := func() bool {
		return !s.Derived().Stale && !s.Job(session.JobDraft).Running && !s.Job(session.JobFigures).Running
	}
	err := r.watch(m, "margins", "", func() {}, func() bool {
		if at < dragSteps && time.Since(last) >= dragPause {
			at, last = at+1, time.Now()
			if s.PreviewMargin(segment.UniformMargin(float64(at))); at == dragSteps {
				s.SetMargin(segment.UniformMargin(float64(at)))
			}
		}
		return at == dragSteps && settle()
	})
	if err != nil {
		return err
	}
	steps := []func(){s.Undo, s.Undo, s.Redo, s.Redo}
	return r.watch(m, "undo", "", func() {}, func() bool {
		if len(steps) > 0 && time.Since(last) >= 10*dragPause && settle() {
			steps[0]()
			steps, last = steps[1:], time.Now()
		}
		return len(steps) == 0 && settle()
	})
}

// settled is how long the window is watched after something has come to its end: what came of it is painted then.
const settled = 300 * time.Millisecond

// watch starts something and measures how long the window does not look at mouse and keys until done, which is asked every
// few milliseconds, and until what came of it has been shown: that is of the same stall, or of one called after. Both run on the
// toolkit's goroutine.
func (r *recorder) watch(m *Measures, during, after string, start func(), done func() bool) error {
	stall := Stall{During: during}
	var looked time.Time
	look := fyne.NewAnimation(captureLongest, func(float32) { // the toolkit ticks one each time that it has looked
		now := time.Now()
		if !looked.IsZero() {
			stall.Waited = max(stall.Waited, now.Sub(looked))
		}
		looked = now
	})
	r.call(func() {
		look.Start()
		r.own.longest = 0
		r.own.do(start)
	})
	const pause = 5 * time.Millisecond
	var over time.Time
	for over.IsZero() || time.Since(over) < settled {
		failure := ""
		r.call(func() {
			r.own.do(func() {
				if over.IsZero() && done() {
					over = time.Now()
				}
			})
			if after != "" && !over.IsZero() {
				m.Stalls, stall, after = append(m.Stalls, stall), Stall{During: after}, ""
				r.own.longest = 0
			}
			if n := r.window.session.View().Notice; n != nil && n.Severity == session.Failure {
				failure = n.Text
			}
			stall.Own = r.own.longest
		})
		if failure != "" {
			return fmt.Errorf("%s: %s", during, failure)
		}
		time.Sleep(pause)
	}
	r.call(look.Stop)
	m.Stalls = append(m.Stalls, stall)
	return nil
}
