//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/segment"
	"github.com/clipwright/clipwright/segment/onnx"
)

// TestInferenceBars prints what the CPU needs (make bench-inference): for phantoms of 35, 100 and 196 slices, where the cost
// must grow no faster than the body's volume; for a second run in one process; and for the whole program from folder to RTSTRUCT.
func TestInferenceBars(t *testing.T) {
	binary := os.Getenv("CLIPWRIGHT_BENCH")
	if binary == "" {
		t.Skip("run by 'make bench-inference'")
	}
	ctx := context.Background()
	networks, err := embeddedModels()
	if err != nil {
		t.Fatal(err)
	}
	engine := onnx.New(onnx.LibraryOptions{})
	var nets *segment.Networks
	var perLitre []float64
	t.Logf("%-8s%10s%10s%12s%12s%14s%14s", "slices", "body l", "windows", "cpu s", "wall s", "cpu s/litre", "again cpu s")
	for _, slices := range []int{100, 35, 196} { // the first pays for opening the networks
		c, err := phantom.Generate(ctx, phantom.Options{Seed: 3, Slices: slices})
		if err != nil {
			t.Fatal(err)
		}
		memory := new(segment.Memory)
		var litres, windows float64
		run := func() (cpu, wall float64) {
			totals := map[string]int{}
			begun, start := cputime.Used(), time.Now()
			if nets == nil {
				if nets, err = networks.Open(ctx, engine, segment.Options{Provider: "cpu"}); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { nets.Close() })
			}
			found, err := segment.Run(ctx, c.Volume, *nets, segment.RunOptions{Memory: memory, Progress: func(stage string, _, total int) {
				if stage != "prepare" {
					totals[stage] = total
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			litres, windows = found.Body.VolumeMM3()/1e6, float64(totals["locate"]+totals["segment"])
			return (cputime.Used() - begun).Seconds(), time.Since(start).Seconds()
		}
		cpu, wall := run()
		of := windows
		again, againWall := run()
		t.Logf("%-8d%10.1f%10.0f%12.1f%12.1f%14.2f%14.1f", slices, litres, of, cpu, wall, cpu/litres, again)
		perLitre = append(perLitre, cpu/litres)
		if slices == 100 {
			t.Logf("a second run in one process: %.0f %% of the processor time of the first, %.0f %% of the wall time; the bar is 70 %%", 100*again/cpu, 100*againWall/wall)
			if again > 0.7*cpu {
				t.Errorf("the second run needs %.1f s of processor time, the first %.1f s", again, cpu)
			}
			wholeProgram(t, binary, c)
		}
	}
	// Windows are whole, so that the cost goes in steps, and some of it is the same for every body.
	small, large := perLitre[1], perLitre[2]
	t.Logf("processor time of a litre of body: %.2f s of the smallest, %.2f s of the largest", small, large)
	if large > 1.25*small {
		t.Error("the cost grows faster than the body's volume")
	}
}

// wholeProgram runs the program on the case as a user would and prints what it took.
func wholeProgram(t *testing.T, binary string, c *phantom.Case) {
	dir := t.TempDir()
	if _, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "ct"), c.Volume, dicom.CTMeta{}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	command := exec.Command(binary, "segment", filepath.Join(dir, "ct"), "--provider", "cpu", "--out", filepath.Join(dir, "rs.dcm"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wall := time.Since(start).Seconds()
	state := command.ProcessState
	cpu := (state.UserTime() + state.SystemTime()).Seconds()
	peak := 0.0
	if used, ok := state.SysUsage().(*syscall.Rusage); ok {
		peak = float64(used.Maxrss) / 1024 // kilobytes
		if runtime.GOOS == "darwin" {
			peak /= 1024 // bytes
		}
	}
	t.Logf("folder to RTSTRUCT, %d slices: %.1f s of wall time (bar 10 s on 2 idle cores), %.1f s of processor time, so at best %.1f s on 2 cores; peak %.0f MB (bar 1200 MB)",
		c.Volume.Grid.Nz(), wall, cpu, cpu/2, peak)
	if peak > 1200 {
		t.Errorf("peak of %.0f MB", peak)
	}
}
