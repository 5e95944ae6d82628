package app

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"github.com/disintegration/imaging"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// How capture mode waits: for the window to paint what changed, and for a job at most.
const (
	captureSettle  = 700 * time.Millisecond
	capturePoll    = 50 * time.Millisecond
	captureLongest = 10 * time.Minute
)

// captureMarginMM is the margin of the boost in capture mode.
const captureMarginMM = 10

// capture drives the window through the whole path as a user would, and calls done on the toolkit's
// goroutine before the program ends.
func (w *window) capture(done func(error)) {
	w.app.Lifecycle().SetOnStarted(func() {
		go func() {
			err := (&recorder{window: w}).record(w.options.Capture)
			fyne.Do(func() {
				done(err)
				w.close()
				w.app.Quit()
			})
		}()
	})
}

// recorder plays the script. It runs beside the toolkit's goroutine and touches nothing but through call.
type recorder struct {
	window *window
	dir    string
	shots  int
	own    *ownWork // in measure mode
}

// call runs f on the toolkit's goroutine and waits for it. The toolkit never waits for the recorder.
func (r *recorder) call(f func()) {
	done := make(chan struct{})
	fyne.Do(func() {
		f()
		close(done)
	})
	<-done
}

func (r *recorder) record(dir string) error {
	r.dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for the pictures: %w", err)
	}
	s := r.window.session
	if err := r.shot("welcome"); err != nil {
		return err
	}
	r.call(func() { s.OpenDemo(r.window.options.DemoSeed) })
	if err := r.wait("the demo case", func() bool { return s.HasVolume() && s.Derived().External != nil }); err != nil {
		return err
	}
	if err := r.shot("opened"); err != nil {
		return err
	}
	if err := r.search(s); err != nil {
		return err
	}
	r.call(s.NextClip)
	if err := r.shot("clip"); err != nil {
		return err
	}
	r.call(func() { s.SetMargin(segment.UniformMargin(captureMarginMM)) })
	if err := r.wait("the targets", func() bool { return !s.Derived().Stale }); err != nil {
		return err
	}
	if err := r.shot("boost"); err != nil {
		return err
	}
	return r.save(s)
}

// search runs the networks and takes a picture on the way.
func (r *recorder) search(s *session.Session) error {
	r.call(s.Run)
	underWay := func() bool {
		state := s.Job(session.JobRun)
		return !state.Running || state.Progress.Stage == "locate" && state.Progress.Done > 0
	}
	if err := r.wait("the search", underWay); err != nil {
		return err
	}
	running := false
	r.call(func() { running = s.Job(session.JobRun).Running })
	if running {
		if err := r.picture("running"); err != nil {
			return err
		}
	}
	if err := r.wait("the search", func() bool { return s.Derived().Searched && !s.Derived().Stale }); err != nil {
		return err
	}
	clips := 0
	r.call(func() { clips = len(s.Plan().Clips) })
	if clips == 0 {
		if err := r.shot("none"); err != nil {
			return err
		}
		return errors.New("no clip was found in the demo case, so there is nothing to save")
	}
	return r.shot("result")
}

func (r *recorder) save(s *session.Session) error {
	path := filepath.Join(r.dir, "rs.dcm")
	start := time.Now()
	r.call(func() { s.Save(path, true) })
	if err := r.wait("saving", func() bool { return s.View().SavedPath == path }); err != nil {
		return err
	}
	if err := r.shot("saved"); err != nil {
		return err
	}
	if r.window.options.OnResult == nil {
		return nil
	}
	result := Result{Dir: r.dir, Path: path}
	r.call(func() {
		doc, derived := s.Document(), s.Derived()
		result.SeriesUID, result.Grid, result.Set = doc.Series.UID, doc.Volume.Grid, s.View().SavedSet
		result.Found = derived.Found
		result.Warnings = append(append([]string{}, derived.Warnings...), derived.DraftWarnings...)
		result.Seconds.Read, result.Seconds.Draft = doc.ReadSeconds, derived.DraftSeconds
		result.Seconds.Write = s.View().SavedAt.Sub(start).Seconds()
	})
	return r.window.options.OnResult(result)
}

// wait polls until done holds; a failure the window shows ends it.
func (r *recorder) wait(what string, done func() bool) error { return r.poll(what, done, capturePoll) }

func (r *recorder) poll(what string, done func() bool, every time.Duration) error {
	for deadline := time.Now().Add(captureLongest); time.Now().Before(deadline); time.Sleep(every) {
		var finished bool
		var failure string
		r.call(func() {
			finished = done()
			if n := r.window.session.View().Notice; n != nil && n.Severity == session.Failure {
				failure = n.Text
			}
		})
		switch {
		case failure != "":
			return errors.New(failure)
		case finished:
			return nil
		}
	}
	return fmt.Errorf("waited %v in vain for %s", captureLongest, what)
}

// shot takes a picture once the window has painted its state.
func (r *recorder) shot(name string) error {
	time.Sleep(captureSettle)
	return r.picture(name)
}

func (r *recorder) picture(name string) error {
	r.shots++
	path := filepath.Join(r.dir, fmt.Sprintf("%d-%s.png", r.shots, name))
	var picture image.Image
	r.call(func() { picture = pictureOf(r.window.win) })
	if err := imaging.Save(picture, path); err != nil {
		return fmt.Errorf("write a picture of the window: %w", err)
	}
	return nil
}

// pictureOf is what win shows. Some software OpenGL drivers give back black for what is on the screen;
// then the same objects are painted once more in memory.
func pictureOf(win fyne.Window) image.Image {
	picture := win.Canvas().Capture()
	if !isBlack(picture) {
		return picture
	}
	painter := software.NewCanvas()
	painter.SetPadded(false)
	painter.SetScale(win.Canvas().Scale())
	painter.SetContent(win.Content())
	painter.Resize(win.Canvas().Size())
	return painter.Capture()
}

// isBlack looks at a grid of pixels.
func isBlack(picture image.Image) bool {
	const step = 16
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			if r, g, b, _ := picture.At(x, y).RGBA(); r|g|b != 0 {
				return false
			}
		}
	}
	return true
}
