package onnx

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/segment"
)

// swiftShader returns the environment that gives a process a Vulkan device computed on the CPU, or skips the test. Debian's
// chromium-common carries it.
func swiftShader(t *testing.T) []string {
	t.Helper()
	const folder = "/usr/lib/chromium"
	driver := filepath.Join(folder, "vk_swiftshader_icd.json")
	if _, err := os.Stat(driver); err != nil || runtime.GOOS != "linux" {
		t.Skip("needs the SwiftShader Vulkan driver of the package chromium-common")
	}
	environment := []string{"VK_DRIVER_FILES=" + driver, "VK_ICD_FILENAMES=" + driver}
	if _, err := os.Stat(filepath.Join(folder, "libvulkan.so.1")); err == nil {
		environment = append(environment, "LD_LIBRARY_PATH="+folder)
	}
	return environment
}

func TestWebGPUGivesTheCPUsLogits(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	n := open(t, "probe", segment.Options{Provider: "webgpu"})
	if n.Provider() != "webgpu" || n.Notice() != "" {
		t.Errorf("runs on %q, notice %q", n.Provider(), n.Notice())
	}
	want := stored(t)
	out := make([]float32, len(want))
	for range 2 {
		if err := n.Run(context.Background(), hashed(2, 28, 20, 12), out); err != nil {
			t.Fatal(err)
		}
		if d := worst(out, want); d > 1e-4 {
			t.Errorf("logits differ from the CPU's by %g", d)
		}
	}
}

func TestNodesLeftToTheCPUAreTold(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	n := open(t, "mixed", segment.Options{Provider: "webgpu"})
	if !strings.Contains(n.Notice(), "to the CPU") || !strings.Contains(n.Notice(), "1 Softsign") {
		t.Errorf("notice %q", n.Notice())
	}
	t.Log(n.Notice())
}

func TestAutoLeavesASoftwareGPUAlone(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	n := open(t, "probe", segment.Options{Provider: "auto"})
	if n.Provider() != "cpu" || n.Notice() == "" {
		t.Errorf("runs on %q, notice %q", n.Provider(), n.Notice())
	}
}

func TestAutoRefusesWhatIsSlow(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	e := engine(t)
	e.software = true
	ctx := context.Background()
	n, err := e.Open(ctx, model(t, "probe"), segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if n.Provider() != "cpu" || !strings.Contains(n.Notice(), "webgpu is slower than the CPU") {
		t.Errorf("runs on %q, notice %q", n.Provider(), n.Notice())
	}
	// Had it been quicker, auto would have taken it: the same trial with another time.
	trials := <-e.trials
	for key, tried := range trials {
		if key.provider == webgpu {
			tried.pass = tried.cpuPass
			trials[key] = tried
		}
	}
	e.trials <- trials
	quick, err := e.Open(ctx, model(t, "probe"), segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Close()
	if quick.Provider() != "webgpu" || quick.Notice() != "" {
		t.Errorf("runs on %q, notice %q", quick.Provider(), quick.Notice())
	}
}

func TestCancelOnWebGPU(t *testing.T) {
	if !inChild(t, swiftShader(t)...) {
		return
	}
	e := engine(t)
	n, err := e.Open(context.Background(), model(t, "probe"), segment.Options{Provider: "webgpu"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var cancelled time.Time
	time.AfterFunc(20*time.Millisecond, func() { cancelled = time.Now(); cancel() })
	err = n.Run(ctx, hashed(2, 32, 32, 32), make([]float32, 32*32*32))
	if err != context.Canceled {
		t.Fatalf("got %v, wanted context.Canceled", err)
	}
	if took := time.Since(cancelled); took > 200*time.Millisecond {
		t.Errorf("returned only after %v", took)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

func TestProvidersTable(t *testing.T) {
	table := engine(t).Providers(context.Background())
	if table[0].Name != "cpu" || !table[0].Works || table[0].PatchMS <= 0 || table[0].Device == "" {
		t.Errorf("the CPU: %+v", table[0])
	}
	if len(table) < 1+len(gpuProviders()) {
		t.Errorf("%d rows", len(table))
	}
	for _, p := range table[1:] {
		if p.Works && (p.Nodes == 0 || p.OnCPU >= p.Nodes) {
			t.Errorf("nodes: %+v", p)
		}
		if p.Works == (p.PatchMS == 0) || !p.Works && p.Reason == "" {
			t.Errorf("%+v", p)
		}
		t.Logf("%+v", p)
	}
}

func TestNamedProviderIsNeverReplaced(t *testing.T) {
	e := engine(t)
	for _, c := range []struct{ provider, says string }{
		{"tpu", `unknown provider "tpu": there are auto, cpu, cuda`},
		{map[bool]string{true: "coreml", false: "directml"}[runtime.GOOS != "darwin"], "or choose the provider auto or cpu"},
	} {
		n, err := e.Open(context.Background(), model(t, "probe"), segment.Options{Provider: c.provider})
		if n != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", c.provider, n, err)
		}
	}
	for _, p := range gpuProviders() {
		n, err := e.Open(context.Background(), model(t, "probe"), segment.Options{Provider: p.name})
		if err != nil {
			if p.here() && !strings.Contains(err.Error(), p.advice) {
				t.Errorf("%s does not say what to do: %v", p.name, err)
			}
			continue
		}
		if n.Provider() != p.name {
			t.Errorf("asked for %s, runs on %s", p.name, n.Provider())
		}
		n.Close()
	}
}

// failing is a network on a session that opens and then fails at every pass, as a GPU that was lost does.
func failing(t *testing.T, auto bool) *network {
	t.Helper()
	engine(t)
	s, err := openSession("broken", model(t, "names").ONNX, sessionOptions{threads: 1}) // its input has another name
	if err != nil {
		t.Fatal(err)
	}
	n := &network{model: model(t, "probe"), channels: 2, threads: 1, auto: auto, session: s, provider: webgpu}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestFailureMidRunFallsBackWhenAuto(t *testing.T) {
	n := failing(t, true)
	want := stored(t)
	out := make([]float32, len(want))
	if err := n.Run(context.Background(), hashed(2, 28, 20, 12), out); err != nil {
		t.Fatal(err)
	}
	if d := worst(out, want); d > 1e-5 {
		t.Errorf("logits differ by %g", d)
	}
	if n.Provider() != "cpu" || !strings.Contains(n.Notice(), "webgpu failed during the run") {
		t.Errorf("runs on %q, notice %q", n.Provider(), n.Notice())
	}
}

func TestFailureMidRunIsAnErrorWhenNamed(t *testing.T) {
	n := failing(t, false)
	err := n.Run(context.Background(), hashed(2, 8, 8, 8), make([]float32, 512))
	if err == nil || !strings.Contains(err.Error(), "choose the provider auto or cpu") || n.Provider() != "webgpu" {
		t.Errorf("got %v on %s", err, n.Provider())
	}
}

// shortOfMemory is a GPU that runs a few passes and then has no memory left.
type shortOfMemory struct {
	runner
	left int
}

func (s *shortOfMemory) run(ctx context.Context, data []float32, channels int, size [3]int, out []float32) error {
	if s.left--; s.left < 0 {
		clear(out)
		return errors.New("Non-zero status code returned while running Conv node: BFCArena: Available memory of 12 is smaller than requested bytes of 7077888")
	}
	return s.runner.run(ctx, data, channels, size, out)
}

func TestShortOfMemoryMidRun(t *testing.T) {
	want := stored(t)
	for _, auto := range []bool{true, false} {
		n := open(t, "probe", segment.Options{Provider: "cpu"}).(*network)
		n.auto, n.provider, n.session = auto, cuda, &shortOfMemory{n.session, 2}
		for pass := range 4 {
			out := make([]float32, len(want))
			err := n.Run(context.Background(), hashed(2, 28, 20, 12), out)
			switch {
			case !auto && pass >= 2:
				if err == nil || !strings.Contains(err.Error(), "ran out of memory") || !strings.Contains(err.Error(), "auto or cpu") {
					t.Errorf("asked for by name, pass %d: %v", pass, err)
				}
				continue
			case err != nil:
				t.Fatal(err)
			}
			if d := worst(out, want); d > 1e-5 {
				t.Errorf("pass %d: logits differ by %g", pass, d)
			}
			if runs := map[bool]string{true: cuda, false: cpu}[pass < 2]; n.Provider() != runs || (n.Notice() == "") != (pass < 2) {
				t.Errorf("pass %d runs on %s, notice %q", pass, n.Provider(), n.Notice())
			}
		}
		if auto && !strings.Contains(n.Notice(), "cuda ran out of memory during the run") {
			t.Error(n.Notice())
		}
	}
}

func TestDeviceThatIsNotThere(t *testing.T) {
	for _, p := range gpuProviders() {
		if err := p.checkDevice(0); err != nil {
			t.Errorf("%s: device 0: %v", p.name, err)
		}
		if err := p.checkDevice(-1); err == nil {
			t.Errorf("%s: device -1 passed", p.name)
		}
		if have := len(gpus(p.name)); have > 0 {
			if err := p.checkDevice(have); err == nil || !strings.Contains(err.Error(), "there are: 0 ") {
				t.Errorf("%s: device %d of %d: %v", p.name, have, have, err)
			}
		}
	}
}

func TestChoiceOfWebGPU(t *testing.T) {
	soft, small, large := gpu{"llvmpipe", "1", true}, gpu{"Iris", "2", false}, gpu{"RTX", "3", false}
	names := func(list []gpu) (names []string) {
		for _, g := range list {
			names = append(names, g.String())
		}
		return names
	}
	for _, c := range []struct {
		have []gpu
		want []string
	}{
		{nil, nil},
		{[]gpu{soft}, []string{"llvmpipe (software)"}},
		{[]gpu{small, soft}, []string{"Iris, llvmpipe (software)"}},
		{[]gpu{small, large, soft}, []string{"the faster of Iris, RTX", "the more frugal of Iris, RTX"}},
	} {
		if got := names(byPreference(c.have)); !slices.Equal(got, c.want) {
			t.Errorf("%v offers %q, wanted %q", c.have, got, c.want)
		}
	}
}

func TestThreads(t *testing.T) {
	all := threads(0)
	if threads(3) != 3 || threads(-1) != max(1, all-1) || threads(-1000) != 1 {
		t.Errorf("of %d cores: %d, %d, %d", all, threads(3), threads(-1), threads(-1000))
	}
}

func TestParityRule(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		got, want []float32
		worst     float64
		ok        bool
	}{
		{[]float32{1, 2}, []float32{1, 2}, 0, true},
		{[]float32{0.0005}, []float32{0}, 0.0005, true},
		{[]float32{0.002}, []float32{0}, 0.002, false},
		{[]float32{100.05, 0}, []float32{100, 0}, 0.05, true}, // relative to the largest logit
		{[]float32{100, 0.5}, []float32{100, 0}, 0.5, false},
		{[]float32{nan}, []float32{0}, math.NaN(), false},
	} {
		d, err := parity(c.got, c.want)
		if (err == nil) != c.ok || math.Abs(d-c.worst) > 1e-5 {
			t.Errorf("parity(%v, %v) = %g, %v", c.got, c.want, d, err)
		}
	}
	if finite([]float32{1, 2}) != nil || finite([]float32{1, nan}) == nil || finite([]float32{float32(math.Inf(-1))}) == nil {
		t.Error("finite does not tell numbers from what is not")
	}
}

func TestSlowRule(t *testing.T) {
	fair, slow := trial{pass: 15, cpuPass: 10}, trial{pass: 25, cpuPass: 10}
	if fair.refusal(true) != nil || slow.refusal(true) == nil || slow.refusal(false) != nil {
		t.Error("auto, and only auto, is to refuse what takes over twice the CPU's time")
	}
}

func TestReadProfile(t *testing.T) {
	const profile = `[
{"cat":"Session","name":"model_run","args":{}},
{"cat":"Node","name":"a_kernel_time","args":{"op_name":"Conv","provider":"WebGpuExecutionProvider"}},
{"cat":"Node","name":"a_fence_before","args":{"op_name":"Conv"}},
{"cat":"Node","name":"b_kernel_time","args":{"op_name":"Softsign","provider":"CPUExecutionProvider"}},
{"cat":"Node","name":"s_kernel_time","args":{"op_name":"Gather","provider":"CPUExecutionProvider","output_type_shape":[{"int64":[]}]}},
{"cat":"Node","name":"c_kernel_time","args":{"op_name":"Conv","provider":"WebGpuExecutionProvider"}}]`
	got, err := readProfile([]byte(profile))
	if err != nil || got["WebGpuExecutionProvider"]["Conv"] != 2 || got["CPUExecutionProvider"]["Softsign"] != 1 || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := readProfile([]byte("[")); err == nil {
		t.Error("a broken profile was read")
	}
	said := trial{nodes: 3, onCPU: map[string]int{"Softsign": 1}}.placementNotice("webgpu")
	if said != "webgpu leaves 1 of 3 nodes to the CPU (1 Softsign)" {
		t.Error(said)
	}
}
