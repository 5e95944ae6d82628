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
)

// Measures is what the window took on one CT, through the real window.
type Measures struct {
	FirstWindow  time.Duration // from the start of the program to a window that answers
	StudyShown   time.Duration // from choosing the folder to the first pictures
	MemoryMB     float64       // resident, with the study open and no network loaded; 0 where the system does not say
	Frames       float64       // a second, the three linked views scrolled together, each frame on the screen before the next
	FrameBusy    time.Duration // processor time of one such frame: what counts where other work goes on; 0 where it is not known
	LongestStall time.Duration // of the window while the networks ran; the time that a message waited for it
	Search       time.Duration // how long they ran
}

// framesMeasured is how many frames are scrolled through.
const framesMeasured = 120

// measure opens a folder as a user would, scrolls, lets the networks run, and calls done on the toolkit's goroutine before
// the program ends.
func (w *window) measure(dir string, began time.Time, done func(Measures, error)) {
	w.app.Lifecycle().SetOnStarted(func() {
		go func() {
			m, err := (&recorder{window: w}).measure(dir, began)
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
	r.call(func() { s.OpenFolder(dir, "") })
	shown := func() bool { return s.HasVolume() && r.drawn() > 0 }
	if err := r.poll("the study", shown, time.Millisecond); err != nil {
		return m, err
	}
	m.StudyShown = time.Since(start)
	if err := r.wait("the body outline", func() bool { return s.Derived().External != nil }); err != nil {
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
	return m, r.stalls(s, &m)
}

// drawn is how many pictures the view that has drawn least has drawn.
func (r *recorder) drawn() int {
	var each []int
	for _, p := range r.window.views.each {
		each = append(each, p.pane.Drawn())
	}
	return slices.Min(each)
}

// scroll moves the crosshair so that every view shows another slice, and waits until all have drawn it.
func (r *recorder) scroll(s *session.Session) error {
	for i := range framesMeasured {
		before := 0
		r.call(func() {
			before = r.drawn()
			g := s.Document().Volume.Grid
			part := 0.3 + 0.4*float64(i)/framesMeasured
			s.SetCursor(g.ToPatient(part*float64(g.Nx), part*float64(g.Ny), float64(int(part*float64(g.Nz()))+i%2)))
		})
		for deadline, late := time.Now().Add(captureLongest), false; !late; time.Sleep(time.Millisecond) {
			fresh := false
			r.call(func() { fresh = r.drawn() > before })
			if fresh {
				break
			}
			if late = time.Now().After(deadline); late {
				return errors.New("the views do not draw")
			}
		}
	}
	return nil
}

// stalls lets the networks run and measures how long the window keeps a message waiting meanwhile.
func (r *recorder) stalls(s *session.Session, m *Measures) error {
	start := time.Now()
	r.call(s.Run)
	const pause = 5 * time.Millisecond
	for running := true; running; time.Sleep(pause) {
		asked := time.Now()
		var failure string
		r.call(func() {
			m.LongestStall = max(m.LongestStall, time.Since(asked))
			running = s.Job(session.JobRun).Running
			if n := s.View().Notice; n != nil && n.Severity == session.Failure {
				failure = n.Text
			}
		})
		if failure != "" {
			return fmt.Errorf("the search failed: %s", failure)
		}
	}
	m.Search = time.Since(start)
	return nil
}
