package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// eachCommand calls visit with the words and the command of every command below c.
func eachCommand(c *cobra.Command, words []string, visit func(words []string, c *cobra.Command)) {
	for _, sub := range c.Commands() {
		path := append(words[:len(words):len(words)], sub.Name())
		visit(path, sub)
		eachCommand(sub, path, visit)
	}
}

// TestNumbersNoCommandTakesAreUsageErrors: not a number, infinite, negative and huge ones, of every flag of every command.
func TestNumbersNoCommandTakesAreUsageErrors(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	// What each command asks for before it looks at its whole numbers.
	asks := map[string][]string{
		"segment":     {dir, "--out", out},
		"batch":       {dir, "--out", out},
		"phantom":     {"--out", out, "--tensors", out},
		"lesson make": {"--out", out, "--title", "a", "--teaches", "b"},
		"lesson mark": {dir, "--answer", out, "--learner", "a"},
		"doctor":      {},
		"evaluate":    {"--cases", out},
		"export":      {dir, "--out", out},
	}
	seen := 0
	eachCommand(newRoot(Deps{}), nil, func(words []string, c *cobra.Command) {
		name := strings.Join(words, " ")
		c.Flags().VisitAll(func(f *pflag.Flag) {
			var wrong []string
			switch kind := f.Value.Type(); {
			case kind == "float":
				wrong = []string{"NaN", "Inf", "-Inf", "-1", "1e300", "five"}
			case kind == "float64":
				t.Errorf("%s --%s takes any number", name, f.Name)
			case strings.Contains(kind, "int") || kind == "count":
				wrong = []string{"NaN", "-1", "1e300"}
			default:
				return
			}
			args, known := asks[name]
			if !known {
				t.Errorf("%s --%s: say in this test what the command asks for", name, f.Name)
			}
			seen++
			for _, value := range wrong {
				all := append(append(append([]string{}, words...), args...), "--"+f.Name+"="+value)
				code, _, errOut := call(t, func(d *Deps) { d.Engine = closedEngine{t: t} }, all...)
				if code != ExitUsage || !strings.Contains(errOut, f.Name) {
					t.Errorf("%q: exit %d, said %q", all, code, errOut)
				}
			}
		})
	})
	if seen < 15 {
		t.Errorf("only %d flags take numbers", seen)
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("something was written")
	}
}
