// Package cli is the command line: what the window does, for scripts. A usage error exits with 2, a
// failure with 1 and one clear line on standard error; results go to standard output and to the files
// asked for. Nothing is overwritten without --force. It holds no arithmetic on voxels.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/segment"
)

// Exit codes of the program.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
)

// Deps is what main wires in.
type Deps struct {
	Version string
	Engine  segment.Engine
	segment.Models
	ModelsError error  // why the embedded models cannot be used, or nil
	RecipeDir   string // where the site keeps its own recipes; empty for none
	LessonDir   string // cache of the starter cases; empty for none
	ResultsDir  string // where learners' attempts are kept; empty for none
	// LibraryPath is where the ONNX Runtime library was found.
	LibraryPath func() (string, error)
	// OpenWindow shows the window, on dir when that is not empty, and returns when it is closed.
	OpenWindow func(dir string) error
	// OpenDemo shows the window on the built-in case and returns when it is closed.
	OpenDemo func() error
	// MeasureWindow opens the window on dir by itself, prints how long it took and how it scrolls, and closes it.
	MeasureWindow func(dir string) error
	// CaptureDemo runs the built-in case through the window by itself and leaves rs.dcm,
	// result.json and pictures of the window in dir.
	CaptureDemo func(dir string) error
	Out         io.Writer
	ErrOut      io.Writer
}

// usageError marks a call that does not fit the command's form.
type usageError struct{ error }

// Run executes args (without the program's name) and returns the exit code.
func Run(ctx context.Context, deps Deps, args []string) int {
	root := newRoot(deps)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage), isCobraUsage(err):
		fmt.Fprintf(deps.ErrOut, "clipwright: %s\nSee 'clipwright --help'.\n", oneLine(err))
		return ExitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(deps.ErrOut, "clipwright: cancelled; nothing was written")
		return ExitFailure
	}
	fmt.Fprintf(deps.ErrOut, "clipwright: %v\n", oneLine(err))
	return ExitFailure
}

// isCobraUsage recognises the usage errors that cobra makes itself and gives no type.
func isCobraUsage(err error) bool {
	return strings.HasPrefix(err.Error(), "unknown command") || strings.HasPrefix(err.Error(), "required flag")
}

func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

func newRoot(deps Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "clipwright",
		Short: "Draft the tumour-bed boost from surgical clips on a planning CT",
		Long: "Clipwright finds titanium surgical clips on a planning CT, drafts the tumour-bed boost from them and\n" +
			"saves an RTSTRUCT. Without a command it opens its window. All data stay on this machine.\n\n" +
			"Clipwright is not a medical device: every mark is a proposal that a qualified person must check.",
		Version:       deps.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          exactly(0, "no argument; 'clipwright open DIR' opens a folder"),
		RunE:          func(*cobra.Command, []string) error { return deps.OpenWindow("") },
	}
	root.SetOut(deps.Out)
	root.SetErr(deps.ErrOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		openCommand(deps), segmentCommand(deps), batchCommand(deps), draftCommand(deps), recipesCommand(deps), compareCommand(deps), exportCommand(deps), anonymiseCommand(deps), scanCommand(deps),
		qaCommand(deps), lessonCommand(deps), phantomCommand(deps), prepareCommand(deps), evaluateCommand(deps), demoCommand(deps), measureCommand(deps), doctorCommand(deps),
	)
	return root
}

// atMostOne demands one argument or none.
func atMostOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError{fmt.Errorf("expected %s, got %q", what, args)}
		}
		return nil
	}
}

// exactly demands n arguments and says what they are when there are not.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("expected %s, got %q", what, args)}
		}
		return nil
	}
}

func openCommand(deps Deps) *cobra.Command {
	return &cobra.Command{
		Use: "open CT", Short: "Open the window on a CT: a folder, a zip archive, a DICOMDIR or a slice", Args: exactly(1, "one CT folder, archive or file"),
		RunE: func(_ *cobra.Command, args []string) error { return deps.OpenWindow(args[0]) },
	}
}

func measureCommand(deps Deps) *cobra.Command {
	return &cobra.Command{
		Use: "measure DIR", Short: "Measure the window on a CT folder: start, opening, scrolling, stalls while the networks run, memory",
		Args: exactly(1, "one CT folder"),
		RunE: func(_ *cobra.Command, args []string) error { return deps.MeasureWindow(args[0]) },
	}
}

func demoCommand(deps Deps) *cobra.Command {
	var out string
	var force bool
	c := &cobra.Command{
		Use: "demo [--out DIR]", Short: "Open the window on the built-in case, or run it and leave RTSTRUCT, result and pictures in DIR",
		Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return deps.OpenDemo()
			}
			if err := prepareDemoFolder(out, force); err != nil {
				return err
			}
			if err := deps.CaptureDemo(out); err != nil {
				return err
			}
			fmt.Fprintf(deps.Out, "%s: RTSTRUCT, result.json and pictures of the window. Not a medical device.\n", out)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "run without a user and write into this folder")
	c.Flags().BoolVar(&force, "force", false, "replace what an earlier demo left in the folder")
	return c
}

// prepareDemoFolder makes dir; what an earlier demo left there is removed with force, else refused.
func prepareDemoFolder(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(dir, "[0-9]-*.png"))
	if err != nil {
		return err
	}
	for _, name := range []string{"ct", "rs.dcm", "result.json"} {
		left = append(left, filepath.Join(dir, name))
	}
	for _, path := range left {
		if err := refuseExisting(path, force); err != nil {
			return err
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
