package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/app/cli"
	"github.com/clipwright/clipwright/segment/onnx"
)

// TestWebGPUFindsTheClipsOfTheCPU runs a fixed case through the networks that ship, on the CPU and on WebGPU, which the
// SwiftShader driver of Debian's chromium-common computes on the CPU. With CLIPWRIGHT_SOAK all 20 cases of the bar.
func TestWebGPUFindsTheClipsOfTheCPU(t *testing.T) {
	const folder, child = "/usr/lib/chromium", "CLIPWRIGHT_WEBGPU_CHILD"
	driver := filepath.Join(folder, "vk_swiftshader_icd.json")
	if _, err := os.Stat(driver); err != nil || runtime.GOOS != "linux" || testing.Short() {
		t.Skip("needs the SwiftShader Vulkan driver of the package chromium-common, and half a minute")
	}
	if os.Getenv(child) == "" { // the loader looks for its drivers once, when the program starts
		c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "3h")
		c.Env = append(os.Environ(), child+"=1", "VK_DRIVER_FILES="+driver, "VK_ICD_FILENAMES="+driver)
		if _, err := os.Stat(filepath.Join(folder, "libvulkan.so.1")); err == nil {
			c.Env = append(c.Env, "LD_LIBRARY_PATH="+folder)
		}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
		return
	}
	networks, err := embeddedModels()
	if err != nil {
		t.Fatal(err)
	}
	cases := "1"
	if os.Getenv("CLIPWRIGHT_SOAK") != "" {
		cases = "20"
	}
	var out, errOut bytes.Buffer
	code := cli.Run(context.Background(), cli.Deps{
		Engine: onnx.New(onnx.LibraryOptions{Probe: networks.Location}), Models: networks, Out: &out, ErrOut: &errOut,
	}, []string{"doctor", "--cases", cases, "--patch", "32", "--provider", "webgpu"})
	if code != cli.ExitOK || !strings.Contains(out.String(), "webgpu") {
		t.Errorf("exit %d\n%s%s", code, out.String(), errOut.String())
	}
	t.Logf("%s", out.String())
}

// TestWithoutAScreenTheWindowSaysSo runs the program itself: the toolkit would end it with a panic.
func TestWithoutAScreenTheWindowSaysSo(t *testing.T) {
	const child = "CLIPWRIGHT_SCREEN_CHILD"
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no such variables")
	}
	if args := os.Getenv(child); args != "" {
		os.Args = append([]string{"clipwright"}, strings.Fields(args)...)
		main()
		return
	}
	for _, args := range []string{"open .", "demo", "measure ."} {
		c := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		c.Env = append(os.Environ(), child+"="+args, "DISPLAY=", "WAYLAND_DISPLAY=")
		var errOut bytes.Buffer
		c.Stderr = &errOut
		c.Run()
		if code := c.ProcessState.ExitCode(); code != cli.ExitFailure || !strings.Contains(errOut.String(), "no screen") || strings.Contains(errOut.String(), "goroutine") {
			t.Errorf("%s: exit %d, said %q", args, code, errOut.String())
		}
	}
}
