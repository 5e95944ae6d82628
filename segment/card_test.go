package segment

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseCard(t *testing.T) {
	good := fakeCard("segmentation", Channel{Kind: KindFeature})
	good.Version, good.Config, good.Data = "1", "product", []string{"phantom"}
	good.Metrics = map[string]float64{"dsc": 0.9}
	text, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCard(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil || string(again) != string(text) {
		t.Errorf("card comes back as %s", again)
	}
	for _, key := range []string{`"patch_voxels":96`, `"skipped_logit":-10`, `"low_hu":-200`, `"high_hu":2200`, `"hu":300`, `"calibration_a":1`, `"sha256":`} {
		if !strings.Contains(string(text), key) {
			t.Errorf("no %s in %s", key, text)
		}
	}
	bad := map[string][2]string{
		"unknown key":     {`"version"`, `"verzion"`},
		"trailing":        {`"warning":""}`, `"warning":""} {}`},
		"patch":           {`"patch_voxels":96`, `"patch_voxels":97`},
		"no patch":        {`"patch_voxels":96,`, ``},
		"spacing":         {`"spacing_mm":2`, `"spacing_mm":0`},
		"overlap":         {`"overlap":0.25`, `"overlap":1`},
		"skipped":         {`"skipped_logit":-10`, `"skipped_logit":10`},
		"threshold":       {`"threshold":0.5`, `"threshold":1`},
		"calibration":     {`"calibration_a":1`, `"calibration_a":0`},
		"kind":            {`"feature"`, `"feeture"`},
		"two features":    {`{"kind":"threshold","hu":300}`, `{"kind":"feature"}`},
		"empty window":    {`"high_hu":200}`, `"high_hu":-300}`},
		"window with hu":  {`"low_hu":-200,"high_hu":200}`, `"low_hu":-200,"high_hu":200,"hu":5}`},
		"threshold range": {`"hu":300}`, `"hu":300,"low_hu":5}`},
		"sum":             {`"sha256":"0`, `"sha256":"x`},
		"name":            {`"name":"segmentation"`, `"name":""`},
	}
	for name, change := range bad {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := ParseCard([]byte(changed)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestModel(t *testing.T) {
	card := fakeCard("location")
	card.SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, "abc"
	text, err := json.Marshal(card)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel("location", []byte("abc"), text)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(); err != nil {
		t.Error(err)
	}
	m.ONNX = []byte("abd")
	if err := m.Verify(); !errors.Is(err, ErrChecksum) {
		t.Errorf("another graph: %v", err)
	}
	if _, err := NewModel("location", nil, text); err == nil {
		t.Error("an empty graph is accepted")
	}
	if _, err := NewModel("location", []byte("abc"), []byte("{")); err == nil {
		t.Error("half a card is accepted")
	}
}

func TestCardNumbers(t *testing.T) {
	c := fakeCard("x")
	c.Threshold = 0.9
	if p := 1 / (1 + math.Exp(-float64(c.thresholdLogit()))); math.Abs(p-0.9) > 1e-6 {
		t.Errorf("threshold logit stands for %g", p)
	}
	c.CalibrationA, c.CalibrationB = 2, -3
	if p := c.confidence(1.5); p != 0.5 {
		t.Errorf("confidence %g", p)
	}
	if m := topMean([]float32{1, 9, 3, 5, -2}); math.Abs(m-17.0/3) > 1e-6 {
		t.Errorf("mean of the top three is %g", m)
	}
	if m := topMean([]float32{4}); m != 4 {
		t.Errorf("mean of one is %g", m)
	}
}

// TestJudge: a judge weighs terms by name, refuses names that no term has, and an unknown model counts as unknown.
func TestJudge(t *testing.T) {
	c := fakeCard("x")
	c.Judge = &Judge{Weights: map[string]float64{"segmentation": 2, "skin": -1, "unknown": -3}, Bias: 0.5, Keep: 0.3}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	e := Evidence{Segmentation: 4, SkinMM: 0, Modelled: true, SharpMM: fitSharpMM, SliceMM: 3}
	if p, want := c.judge(&e), 1/(1+math.Exp(-1.5)); math.Abs(p-want) > 1e-12 {
		t.Errorf("confidence %g, want %g", p, want)
	}
	e.Modelled = false
	if p, want := c.judge(&e), 1/(1+math.Exp(1.5)); math.Abs(p-want) > 1e-12 {
		t.Errorf("confidence %g without a model, want %g", p, want)
	}
	for name, j := range map[string]Judge{
		"unknown term": {Weights: map[string]float64{"colour": 1}},
		"weight":       {Weights: map[string]float64{"skin": math.NaN()}},
		"bias":         {Bias: math.Inf(1)},
		"keep":         {Keep: 1},
		"look":         {Look: -1},
	} {
		c.Judge = &j
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, term := range (&Evidence{Modelled: true}).Terms() { // nothing measured: still numbers
		if math.IsNaN(term.Value) || math.IsInf(term.Value, 0) {
			t.Errorf("term %s is %g", term.Name, term.Value)
		}
	}
}
