package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/segment"
)

// silentEngine opens networks that mark all metal, but on webgpu nothing.
type silentEngine struct{ brightEngine }

type metalNetwork struct {
	brightNetwork
	silent bool
}

func (silentEngine) Open(_ context.Context, _ segment.Model, o segment.Options) (segment.Network, error) {
	return metalNetwork{silent: o.Provider == "webgpu"}, nil
}

func (n metalNetwork) Run(ctx context.Context, in segment.Tensor, out []float32) error {
	const level = (500 + 200) / 2400.0
	for i, v := range in.Channel(2) {
		if out[i] = 20 * (v - level); n.silent {
			out[i] = -20
		}
	}
	return ctx.Err()
}

func TestDoctorComparesTheClipsOfFixedCases(t *testing.T) {
	silent := func(d *Deps) { d.Engine = silentEngine{} }
	code, out, errOut := call(t, silent, "doctor", "--cases", "1", "--patch", "32", "--provider", "cpu")
	if code != ExitOK || strings.Count(out, "1 of 1") != 2 {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	code, out, errOut = call(t, silent, "doctor", "--cases", "1", "--patch", "32", "--provider", "webgpu")
	if code != ExitFailure || !strings.Contains(out, "0 of 1") || !strings.Contains(errOut, "differ") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	folder := filepath.Join(t.TempDir(), "half")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := call(t, silent, "doctor", "--cases", "1", "--patch", "32", "--networks", folder); code != ExitFailure || !strings.Contains(errOut, "location.onnx") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	for _, name := range []string{"location", "segmentation"} {
		if err := os.WriteFile(filepath.Join(folder, name+".onnx"), []byte("graph"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errOut := call(t, silent, "doctor", "--cases", "1", "--patch", "32", "--networks", folder); code != ExitOK || !strings.Contains(out, "cpu, half") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	for _, args := range [][]string{{"--cases", "-1"}, {"--cases", "1", "--patch", "40"}, {"--cases", "1", "--provider", "auto"}} {
		if code, _, _ := call(t, silent, append([]string{"doctor"}, args...)...); code != ExitUsage {
			t.Errorf("%q: exit %d", args, code)
		}
	}
}
