package app

import (
	"time"

	"fyne.io/fyne/v2"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Options is what the window opens with.
type Options struct {
	Deps     session.Deps // engine, models, provider
	OpenDir  string       // CT folder to open at once, or empty
	Demo     bool         // open the demo case at once
	DemoSeed int64        // of the demo case
	// LessonDir is the cache of the starter cases, ResultsDir where learners' attempts are kept; empty for none.
	LessonDir, ResultsDir string
	// Capture, when not empty, is a folder: the demo case is opened, searched and saved there with
	// pictures of the window on the way, and the window closes.
	Capture string
	// Measure, when not empty, is a CT folder: it is opened, scrolled and searched, OnMeasured is told how long that took,
	// and the window closes.
	Measure    string
	Began      time.Time // when the program did
	OnMeasured func(Measures)
	// OnResult is called in capture mode, off the toolkit's goroutine, after the RTSTRUCT was written.
	OnResult func(Result) error
}

// Result is what capture mode has made.
type Result struct {
	Dir, Path string // the folder, and the RTSTRUCT in it
	SeriesUID string
	Found     *segment.Result
	Set       *dicom.StructureSet // as written
	Grid      *volume.Grid
	Warnings  []string
	Seconds   struct{ Read, Draft, Write float64 }
}

// Metadata names the program to the toolkit; main gives it to app.SetMetadata before anything else.
func Metadata(version string) fyne.AppMetadata {
	return fyne.AppMetadata{
		ID: "org.clipwright.clipwright", Name: "Clipwright", Version: version,
		Icon: fyne.NewStaticResource("icon.png", assets.IconPNG),
		// Every change of a widget goes through fyne.Do.
		Migrations: map[string]bool{"fyneDo": true},
	}
}

// managerWait is how long a window manager may take to place the window by its own lights, after which ours count again.
const managerWait = 400 * time.Millisecond

// releaseWait is how long a network that is running may take to stop when the window closes.
const releaseWait = 3 * time.Second

// Run shows the window and returns when it is closed. In capture mode the error says what failed.
func Run(fyneApp fyne.App, o Options) error {
	own, post := new(ownWork), fyne.Do
	if o.Measure != "" {
		post = own.timed(fyne.Do)
	}
	w := newWindow(fyneApp, o, post)
	var failed error
	if o.Capture == "" && o.Measure == "" {
		fyneApp.Lifecycle().SetOnStarted(func() {
			fyne.Do(w.restorePlace)
			fyne.Do(w.hearPinches)
			time.AfterFunc(managerWait, func() { fyne.Do(w.restorePlace) })
		})
	}
	switch {
	case o.Capture != "":
		w.capture(func(err error) { failed = err })
	case o.Measure != "":
		w.measure(o.Measure, o.Began, own, func(m Measures, err error) {
			if failed = err; err == nil {
				o.OnMeasured(m)
			}
		})
	case o.OpenDir != "":
		w.session.OpenFolder(o.OpenDir, "")
	case o.Demo:
		w.session.OpenDemo(o.DemoSeed)
	}
	w.win.ShowAndRun()
	if w.released == nil { // the desktop ended the program
		w.released = w.session.Close()
	}
	select {
	case <-w.released: // the runtime of the networks ends before the process does
	case <-time.After(releaseWait):
	}
	return failed
}
