package onnx

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// mostRecords bounds the cache; the oldest go first. A machine has a few providers, and a release two models.
const mostRecords = 64

// keptFor is how long a result stands: what was measured on a busy day need not hold for ever.
const keptFor = 30 * 24 * time.Hour

// record is how a provider did on the self-test, as it is kept on disk.
type record struct {
	Time        time.Time      `json:"time"`
	ParityError float64        `json:"parity_error"`
	PassMS      float64        `json:"pass_ms"`
	CPUPassMS   float64        `json:"cpu_pass_ms"`
	Nodes       int            `json:"nodes"`
	OnCPU       map[string]int `json:"on_cpu,omitempty"`
	Refused     string         `json:"refused,omitempty"` // why the provider is not to be used
}

// cacheKey names everything that a result of the self-test depends on: provider, device and its driver, library and system,
// model. It is empty where the driver's version is unknown: then nothing may be kept.
func (e *Engine) cacheKey(k trialKey) string {
	list := gpus(k.provider)
	if e.options.Cache == "" || k.device < 0 || k.device >= len(list) || list[k.device].driver == "" {
		return ""
	}
	g := list[k.device]
	return strings.Join([]string{
		k.provider, strconv.Itoa(k.device), g.String(), "driver " + g.driver, "onnxruntime " + ort.GetVersion(),
		runtime.GOOS + "/" + runtime.GOARCH, "model " + hex.EncodeToString(k.model[:8]),
	}, "; ")
}

// recall returns the result of a self-test of an earlier process.
func (e *Engine) recall(k trialKey) (trial, bool) {
	name := e.cacheKey(k)
	if name == "" {
		return trial{}, false
	}
	r, ok := readCache(e.options.Cache)[name]
	if !ok || time.Since(r.Time) > keptFor {
		return trial{}, false
	}
	t := trial{
		parityError: r.ParityError, pass: fromMS(r.PassMS), cpuPass: fromMS(r.CPUPassMS), nodes: r.Nodes, onCPU: r.OnCPU,
	}
	if r.Refused != "" {
		t.err = errors.New(r.Refused)
	}
	return t, true
}

func fromMS(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// remember keeps the result of a self-test for later processes.
func (e *Engine) remember(k trialKey, t trial) {
	r := record{
		Time: time.Now().UTC().Truncate(time.Second), ParityError: t.parityError, PassMS: milliseconds(t.pass),
		CPUPassMS: milliseconds(t.cpuPass), Nodes: t.nodes, OnCPU: t.onCPU,
	}
	if t.err != nil {
		r.Refused = t.err.Error()
	}
	if math.IsNaN(r.ParityError) { // JSON has no word for it; Refused has
		r.ParityError = 0
	}
	e.change(k, func(all map[string]record, name string) { all[name] = r })
}

// forget removes what remember kept.
func (e *Engine) forget(k trialKey) {
	e.change(k, func(all map[string]record, name string) { delete(all, name) })
}

// change rewrites the cache. It is a convenience: where it cannot be written the next start tests again.
func (e *Engine) change(k trialKey, edit func(all map[string]record, name string)) {
	name := e.cacheKey(k)
	if name == "" {
		return
	}
	all := readCache(e.options.Cache)
	edit(all, name)
	for len(all) > mostRecords {
		oldest := ""
		for n, r := range all {
			if n == name {
				continue
			}
			if oldest == "" || r.Time.Before(all[oldest].Time) {
				oldest = n
			}
		}
		delete(all, oldest)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return
	}
	folder := filepath.Dir(e.options.Cache)
	if os.MkdirAll(folder, 0o700) != nil {
		return
	}
	aside, err := os.CreateTemp(folder, ".selftest-*")
	if err != nil {
		return
	}
	_, err = aside.Write(text)
	if err = errors.Join(err, aside.Close()); err == nil {
		err = os.Rename(aside.Name(), e.options.Cache)
	}
	if err != nil {
		_ = os.Remove(aside.Name())
	}
}

// readCache returns an empty map where there is no cache, or none that can be read.
func readCache(path string) map[string]record {
	all := map[string]record{}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &all) != nil || all == nil {
		return map[string]record{}
	}
	return all
}
