package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// brightEngine opens networks that call every voxel above levelHU, 1500 when it is 0, a clip, in channel 2 of the default
// channels.
type brightEngine struct {
	refuse  error
	levelHU float32
}

func (e brightEngine) Providers(context.Context) []segment.Provider {
	return []segment.Provider{
		{Name: "cpu", Works: true, Device: "test", PatchMS: 1},
		{Name: "cuda", Device: "Card é", Number: 1, Reason: "has no driver"},
		{Name: "webgpu", Works: true, Device: "Card", ParityError: 2e-6, PatchMS: 12.4, Nodes: 90, OnCPU: 2, Reason: "leaves 2"},
	}
}

func (e brightEngine) Open(context.Context, segment.Model, segment.Options) (segment.Network, error) {
	return brightNetwork{cmp.Or(e.levelHU, 1500)}, e.refuse
}

type brightNetwork struct{ levelHU float32 }

func (n brightNetwork) Run(ctx context.Context, in segment.Tensor, out []float32) error {
	level := (n.levelHU + 200) / 2400
	for i, v := range in.Channel(2) {
		out[i] = 20 * (v - level)
	}
	return ctx.Err()
}

func (brightNetwork) Provider() string { return "cpu" }
func (brightNetwork) Notice() string   { return "" }
func (brightNetwork) Close() error     { return nil }

func testModel(name string, more ...segment.Channel) segment.Model {
	return segment.Model{Name: name, ONNX: []byte("graph"), Card: segment.Card{
		Name: name, SHA256: strings.Repeat("0", 64), PatchVoxels: 96, SpacingMM: 2, Overlap: 0.25, SkippedLogit: -10,
		Channels: append(segment.DefaultChannels(), more...), Threshold: 0.5, MinVoxels: 1, CalibrationA: 1,
	}}
}

// call runs the command line and returns its exit code and what it printed.
func call(t *testing.T, change func(*Deps), args ...string) (code int, out, errOut string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	deps := Deps{
		Version: "test", Engine: brightEngine{}, Out: &stdout, ErrOut: &stderr,
		Models:      segment.Models{Location: testModel("location"), Segmentation: testModel("segmentation", segment.Channel{Kind: segment.KindFeature})},
		LibraryPath: func() (string, error) { return "libonnxruntime", nil },
		OpenWindow:  func(dir string) error { fmt.Fprintf(&stdout, "window on %q", dir); return nil },
		OpenDemo:    func() error { fmt.Fprint(&stdout, "demo window"); return nil },
		CaptureDemo: func(dir string) error { fmt.Fprintf(&stdout, "demo into %q", dir); return nil },
	}
	if change != nil {
		change(&deps)
	}
	code = Run(context.Background(), deps, args)
	return code, stdout.String(), stderr.String()
}

// writeCase writes a CT of a water cylinder in air with the given clips of 3 x 1 x 1 voxels at 1800 HU,
// and an RTSTRUCT of just those clips. It returns the folder.
func writeCase(t *testing.T, clips ...[3]int) string {
	t.Helper()
	dir := t.TempDir()
	g := volume.NewUniformGrid(128, 128, 40, 2, 2, 3, volume.Vec{-128, -128, -60})
	v := volume.NewVolume(g)
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				hu := int16(-1000)
				if dx, dy := float64(x)-63.5, float64(y)-63.5; dx*dx/55/55+dy*dy/40/40 < 1 {
					hu = 20
				}
				v.HU[g.Index(x, y, z)] = hu
			}
		}
	}
	var truth []segment.Clip
	for i, c := range clips {
		m := volume.NewMask(g)
		for dx := -1; dx <= 1; dx++ {
			m.Set(c[0]+dx, c[1], c[2], true)
			v.HU[g.Index(c[0]+dx, c[1], c[2])] = 1800
		}
		truth = append(truth, segment.Clip{ID: i + 1, Side: "L", Kept: true, Mask: m, CentreMM: g.ToPatient(float64(c[0]), float64(c[1]), float64(c[2]))})
	}
	series, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "ct"), v, phantomMeta(1))
	if err != nil {
		t.Fatal(err)
	}
	if len(truth) > 0 {
		set := &dicom.StructureSet{Label: "truth", Structures: []dicom.Structure{clipsStructure("Clips_L", truth)}}
		set.Structures[0].Number = 1
		if err := dicom.WriteStructureSet(filepath.Join(dir, "truth.dcm"), set, series, false); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func leftClips() [][3]int {
	return [][3]int{{88, 50, 12}, {96, 54, 18}, {90, 62, 24}, {80, 50, 20}}
}

func TestSegmentThenCompare(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	rs, result := filepath.Join(dir, "rs.dcm"), filepath.Join(dir, "r.json")
	code, out, errOut := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", rs, "--json", result, "--margin-mm", "10,10,10,10,5,5", "--provider", "cpu")
	if code != ExitOK {
		t.Fatalf("exit %d\n%s%s", code, out, errOut)
	}
	var r Result
	readJSON(t, result, &r)
	for _, c := range r.Clips {
		if !c.Kept {
			t.Errorf("clip %d is not said to be kept", c.ID)
		}
	}
	if len(r.Clips) != 4 || r.ROI == nil || r.Provider != "cpu" || r.SeriesUID == "" || r.Seconds.Total <= 0 {
		t.Errorf("result: %d clips, ROI %v, provider %q, series %q, total %g s", len(r.Clips), r.ROI, r.Provider, r.SeriesUID, r.Seconds.Total)
	}
	kinds := map[string]string{}
	for _, s := range r.Structures {
		kinds[s.Name] = s.Type
		if s.Voxels == 0 || s.VolumeCC <= 0 {
			t.Errorf("%s is empty", s.Name)
		}
	}
	for name, kind := range map[string]string{"Clips_L": "MARKER", "SurgicalBed": "", "CTVsb_High": "CTV", "External": "EXTERNAL"} {
		if got, ok := kinds[name]; !ok || kind != "" && got != kind {
			t.Errorf("structure %s has type %q (present: %v), want %q", name, got, ok, kind)
		}
	}
	comparison := filepath.Join(dir, "c.json")
	code, out, errOut = call(t, nil, "compare", "--ct", filepath.Join(dir, "ct"), filepath.Join(dir, "truth.dcm"), rs, "--json", comparison)
	if code != ExitOK {
		t.Fatalf("compare: exit %d\n%s%s", code, out, errOut)
	}
	var c Comparison
	readJSON(t, comparison, &c)
	if c.Clips.Found != 4 || c.Clips.Missed != 0 || c.Clips.False != 0 || len(c.Pairs) != 1 || c.Pairs[0].DSC < 0.99 {
		t.Errorf("comparison %+v", c)
	}
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func TestSegmentWithoutMarginDraftsNoCTV(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	result := filepath.Join(dir, "r.json")
	if code, _, errOut := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", filepath.Join(dir, "rs.dcm"), "--json", result); code != ExitOK {
		t.Fatal(errOut)
	}
	var r Result
	readJSON(t, result, &r)
	for _, s := range r.Structures {
		if strings.HasPrefix(s.Name, "CTV") {
			t.Errorf("%s was drafted without a margin", s.Name)
		}
	}
}

func TestNoClipIsNoFailureAndWritesNoStructures(t *testing.T) {
	dir := writeCase(t)
	rs, result := filepath.Join(dir, "rs.dcm"), filepath.Join(dir, "r.json")
	code, out, _ := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", rs, "--json", result)
	if code != ExitOK || !strings.Contains(out, "No clip found") {
		t.Errorf("exit %d, printed %q", code, out)
	}
	if _, err := os.Stat(rs); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an RTSTRUCT was written: %v", err)
	}
	var r Result
	readJSON(t, result, &r)
	if len(r.Clips) != 0 || r.Clips == nil {
		t.Errorf("clips %v, want an empty list", r.Clips)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	rs := filepath.Join(dir, "rs.dcm")
	precious, err := os.ReadFile(filepath.Join(dir, "truth.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rs, precious, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, errOut := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", rs)
	if b, _ := os.ReadFile(rs); code != ExitFailure || !bytes.Equal(b, precious) || !strings.Contains(errOut, "--force") {
		t.Errorf("exit %d, file of %d bytes, said %q", code, len(b), errOut)
	}
	if code, _, errOut := call(t, nil, "segment", filepath.Join(dir, "ct"), "--out", rs, "--force"); code != ExitOK {
		t.Errorf("--force: exit %d, %s", code, errOut)
	}
	if set, err := dicom.ReadStructureSet(rs, nil); err != nil || len(set.Structures) < 3 {
		t.Errorf("after --force: %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	ct := filepath.Join(dir, "ct")
	cases := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"segment"}, ExitUsage, "one CT folder"},
		{[]string{"segment", ct}, ExitUsage, "--out"},
		{[]string{"segment", ct, "--out", dir + "/a.dcm", "--margin-mm", "1,2,3"}, ExitUsage, "--margin-mm"},
		{[]string{"segment", ct, "--out", dir + "/a.dcm", "--provider", "abacus"}, ExitUsage, "abacus"},
		{[]string{"segment", ct, "--out", dir + "/a.dcm", "--device", "-1"}, ExitUsage, "clipwright doctor"},
		{[]string{"segment", ct, "--out", dir + "/a.dcm", "--nonsense"}, ExitUsage, "nonsense"},
		{[]string{"sgement"}, ExitUsage, "sgement"},
		{[]string{"compare", dir + "/truth.dcm", dir + "/truth.dcm"}, ExitUsage, "--ct"},
		{[]string{"compare", "--ct", ct, "--pair", "A", dir + "/truth.dcm", dir + "/truth.dcm"}, ExitUsage, "REFNAME=TESTNAME"},
		{[]string{"compare", "--ct", ct, "--pair", "A=B", dir + "/truth.dcm", dir + "/truth.dcm"}, ExitFailure, "Clips_L"},
		{[]string{"segment", dir + "/nowhere", "--out", dir + "/a.dcm"}, ExitFailure, "nowhere"},
		{[]string{"segment", ct, "--out", dir + "/a.dcm", "--series", "1.2.3"}, ExitFailure, "1.2.3"},
		{[]string{"phantom", "--seed", "1"}, ExitUsage, "--out"},
		{[]string{"phantom", "--out", dir + "/p", "--size", "huge"}, ExitUsage, "huge"},
		{[]string{"evaluate"}, ExitUsage, "--cases"},
		{[]string{"evaluate", "--cases", dir + "/none.json"}, ExitFailure, "none.json"},
		{[]string{"prepare", ct}, ExitUsage, "--out"},
	}
	for _, c := range cases {
		code, _, errOut := call(t, nil, c.args...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%q: exit %d (want %d), said %q (want %q)", c.args, code, c.code, errOut, c.want)
		}
		if c.code == ExitFailure && strings.Count(strings.TrimSpace(errOut), "\n") > 0 {
			t.Errorf("%q: a failure is one line, got %q", c.args, errOut)
		}
	}
}

func TestEngineFailureIsOneLine(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	refuse := func(d *Deps) { d.Engine = brightEngine{refuse: errors.New("no library;\nrun 'make setup'")} }
	code, _, errOut := call(t, refuse, "segment", filepath.Join(dir, "ct"), "--out", filepath.Join(dir, "rs.dcm"))
	if code != ExitFailure || strings.Count(strings.TrimSpace(errOut), "\n") != 0 || !strings.Contains(errOut, "make setup") {
		t.Errorf("exit %d, said %q", code, errOut)
	}
}

func TestWindowAndDemo(t *testing.T) {
	if code, out, _ := call(t, nil); code != ExitOK || out != `window on ""` {
		t.Errorf("no argument: exit %d, %q", code, out)
	}
	if code, out, _ := call(t, nil, "open", "folder"); code != ExitOK || out != `window on "folder"` {
		t.Errorf("open: exit %d, %q", code, out)
	}
	dir := filepath.Join(t.TempDir(), "demo")
	if code, out, _ := call(t, nil, "demo", "--out", dir); code != ExitOK || !strings.Contains(out, "demo into") {
		t.Errorf("demo: exit %d, %q", code, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "rs.dcm"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := call(t, nil, "demo", "--out", dir); code != ExitFailure || !strings.Contains(errOut, "--force") {
		t.Errorf("demo over an RTSTRUCT: exit %d, %q", code, errOut)
	}
}

func TestPrepareLabelsTheTruth(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	out := filepath.Join(dir, "tensors")
	code, _, errOut := call(t, nil, "prepare", filepath.Join(dir, "ct"), "--out", out, "--truth", filepath.Join(dir, "truth.dcm"))
	if code != ExitOK {
		t.Fatal(errOut)
	}
	var info sampleInfo
	readJSON(t, filepath.Join(out, "000000.json"), &info)
	labels, err := os.ReadFile(filepath.Join(out, "000000.labels.npy"))
	if err != nil {
		t.Fatal(err)
	}
	n := info.Shape[0] * info.Shape[1] * info.Shape[2]
	if got := bytes.Count(labels[len(labels)-n:], []byte{labelBedClip}); got < 4*6 || len(info.Clips) != 4 {
		t.Errorf("%d voxels and %d clips are labelled; 4 clips of 6 x 6 x 3 mm were drawn", got, len(info.Clips))
	}
	if code, _, _ := call(t, nil, "prepare", filepath.Join(dir, "ct"), "--out", out); code != ExitFailure {
		t.Errorf("tensors were overwritten: exit %d", code)
	}
}

func TestPhantomWritesWhatCompareReads(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a whole phantom")
	}
	dir := filepath.Join(t.TempDir(), "p")
	if code, _, errOut := call(t, nil, "phantom", "--seed", "5", "--size", "small", "--out", dir); code != ExitOK {
		t.Fatal(errOut)
	}
	var truth Truth
	readJSON(t, filepath.Join(dir, "truth.json"), &truth)
	bed := 0
	for _, c := range truth.Clips {
		if !c.Axillary {
			bed++
		}
	}
	comparison := filepath.Join(dir, "c.json")
	code, _, errOut := call(t, nil, "compare", "--ct", filepath.Join(dir, "ct"), filepath.Join(dir, "truth.dcm"), filepath.Join(dir, "truth.dcm"), "--json", comparison)
	if code != ExitOK {
		t.Fatal(errOut)
	}
	var c Comparison
	readJSON(t, comparison, &c)
	if bed < 5 || c.Clips.Found != bed || c.Clips.Missed+c.Clips.False != 0 {
		t.Errorf("truth.json has %d clips of the bed; compared with itself: %+v", bed, c.Clips)
	}
	for _, p := range c.Pairs {
		if p.DSC != 1 || *p.HD95MM != 0 {
			t.Errorf("%s compared with itself: %+v", p.Ref, p)
		}
	}
	if code, _, _ := call(t, nil, "phantom", "--seed", "5", "--out", dir); code != ExitFailure {
		t.Errorf("a phantom was overwritten: exit %d", code)
	}
}

func TestDoctorPrintsTheTable(t *testing.T) {
	matching := func(d *Deps) {
		for _, m := range []*segment.Model{&d.Location, &d.Segmentation} {
			sum := sha256.Sum256(m.ONNX)
			m.Card.SHA256 = hex.EncodeToString(sum[:])
		}
	}
	code, out, errOut := call(t, matching, "doctor")
	if code != ExitOK {
		t.Fatal(errOut)
	}
	for _, line := range []string{
		"provider  device  name    works  parity   ms/patch  nodes on it  why not, or what to know\n",
		"cpu       0       test    yes    0.0e+00  1         -\n",
		"cuda      1       Card é  no     -        -         -            has no driver\n",
		"webgpu    0       Card    yes    2.0e-06  12        88 of 90     leaves 2\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
}

func TestDoctorRefusesAModelThatIsNotItsCards(t *testing.T) {
	if code, _, errOut := call(t, nil, "doctor"); code != ExitFailure || !strings.Contains(errOut, "card") {
		t.Errorf("exit %d, said %q", code, errOut)
	}
}
