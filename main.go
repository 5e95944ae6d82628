// Clipwright finds titanium surgical clips on a planning CT, drafts the tumour-bed boost from them
// and saves an RTSTRUCT. main is wiring only: flags lead to the command line or to the window.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	fyneapp "fyne.io/fyne/v2/app"

	"github.com/clipwright/clipwright/app"
	"github.com/clipwright/clipwright/app/cli"
	"github.com/clipwright/clipwright/app/session"
	_ "github.com/clipwright/clipwright/internal/locale"
	"github.com/clipwright/clipwright/models"
	"github.com/clipwright/clipwright/segment"
	"github.com/clipwright/clipwright/segment/onnx"
)

// version is set by the build.
var version = "development"

// demoSeed is the phantom of the demo case.
const demoSeed = 3

func main() {
	began := time.Now()
	attachConsole()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, began, os.Args[1:]))
}

func run(ctx context.Context, began time.Time, args []string) int {
	networks, err := embeddedModels()
	engine := onnx.New(onnx.LibraryOptions{Probe: networks.Location, Cache: selfTests()})
	recipes := recipeDir()
	open := func(o app.Options) error {
		if err := findScreen(); err != nil {
			return err
		}
		o.Deps = session.Deps{Engine: engine, Models: networks, ModelsError: err, RecipeDir: recipes}
		fyneapp.SetMetadata(app.Metadata(version))
		a := fyneapp.New()
		if o.Capture == "" {
			o.Deps.Network.Threads = -1 // one core stays with the window
		}
		if o.Capture == "" && o.Measure == "" {
			o.Deps.AuditDir = filepath.Join(a.Storage().RootURI().Path(), "audit")
			o.Deps.AutosaveDir = filepath.Join(a.Storage().RootURI().Path(), "autosave")
			o.LessonDir, o.ResultsDir = lessonDir(), resultsDir()
		}
		return app.Run(a, o)
	}
	return cli.Run(ctx, cli.Deps{
		Version: version, Engine: engine, LibraryPath: onnx.LibraryPath,
		Models: networks, ModelsError: err, RecipeDir: recipes,
		LessonDir: lessonDir(), ResultsDir: resultsDir(),
		OpenWindow: func(dir string) error { return open(app.Options{OpenDir: dir, DemoSeed: demoSeed}) },
		OpenDemo:   func() error { return open(app.Options{Demo: true, DemoSeed: demoSeed}) },
		MeasureWindow: func(dir string) error {
			return open(app.Options{Measure: dir, Began: began, OnMeasured: printMeasures})
		},
		CaptureDemo: func(dir string) error {
			return open(app.Options{Demo: true, DemoSeed: demoSeed, Capture: dir, OnResult: writeResult})
		},
		Out: os.Stdout, ErrOut: os.Stderr,
	}, args)
}

// recipeDir is where a site keeps its own recipes, the same for window and command line; empty where there is no home.
func recipeDir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "clipwright", "recipes")
}

// lessonDir is the cache of the starter cases; empty where the user has no folder for such things.
func lessonDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "clipwright", "lessons")
}

// resultsDir is where learners' attempts are kept, the same for window and command line; empty where there is no home.
func resultsDir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "clipwright", "results")
}

// printMeasures prints what the window took, and what it may take.
func printMeasures(m app.Measures) {
	fmt.Printf("first window        %6.0f ms   (bar 1000)\n", m.FirstWindow.Seconds()*1000)
	fmt.Printf("study shown         %6.0f ms   (bar 1500)\n", m.StudyShown.Seconds()*1000)
	fmt.Printf("memory, study open  %6.0f MB   (bar 400, of 512 x 512 x 200)\n", m.MemoryMB)
	fmt.Printf("three linked views  %6.1f /s   (bar 30; %.1f ms of processor time a frame)\n", m.Frames, m.FrameBusy.Seconds()*1000)
	fmt.Printf("networks            %6.1f s\n", m.Search.Seconds())
	for _, s := range m.Stalls {
		fmt.Printf("stall, %-12s %6.0f ms   (bar 50; our own work %.0f ms)\n", s.During, s.Waited.Seconds()*1000, s.Own.Seconds()*1000)
	}
}

// writeResult writes result.json beside the RTSTRUCT of a demo, as `clipwright segment --json` would.
func writeResult(made app.Result) error {
	r := cli.NewResult(made.SeriesUID, made.Found, made.Set, made.Grid, made.Warnings)
	r.Seconds.Read, r.Seconds.Draft, r.Seconds.Write = made.Seconds.Read, made.Seconds.Draft, made.Seconds.Write
	s := &r.Seconds
	s.Total = s.Read + s.Prepare + s.Locate + s.Segment + s.Draft + s.Write
	return cli.WriteJSON(filepath.Join(made.Dir, "result.json"), r, true)
}

// selfTests is the file that remembers how the GPU providers did; empty where the user has no folder for such things.
func selfTests() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "clipwright", "selftest.json")
}

// embeddedModels reads the cards of the networks that ship with the program.
func embeddedModels() (m segment.Models, err error) {
	for _, part := range []struct {
		name  string
		files func() (onnx, card []byte)
		into  *segment.Model
	}{
		{"location", models.Location, &m.Location}, {"segmentation", models.Segmentation, &m.Segmentation}, {"detail", models.Detail, &m.Detail},
	} {
		onnxBytes, card := part.files()
		if *part.into, err = segment.NewModel(part.name, onnxBytes, card); err != nil {
			return m, fmt.Errorf("embedded networks: %w", err)
		}
	}
	return m, nil
}

// errNoScreen says why no window can open, before the toolkit panics over it.
var errNoScreen = errors.New("there is no screen for the window: DISPLAY and WAYLAND_DISPLAY are unset. Start it in a desktop session, or see 'clipwright --help' for what needs no window")

// findScreen is an error where a window has no screen to open on, as far as the environment tells.
func findScreen() error {
	switch runtime.GOOS {
	case "windows", "darwin":
		return nil
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errNoScreen
	}
	return nil
}
