package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Kinds of input channel. Each is made on the network grid and is 0 outside the body.
const (
	KindWindow    = "window"    // HU clamped to [low_hu, high_hu] and scaled to [0, 1]
	KindThreshold = "threshold" // 1 where HU >= hu, else 0
	KindFeature   = "feature"   // the Location Net's logits, as they are
	KindOwn       = "own"       // of the Detail Net: 1 where the piece is that it is asked about
	KindOthers    = "others"    // and 1 where another piece is
	KindSlice     = "slice"     // slice thickness in units of 5 mm
)

// Channel is one input channel of a network.
type Channel struct {
	Kind   string  `json:"kind"`
	LowHU  float64 `json:"low_hu,omitempty"`
	HighHU float64 `json:"high_hu,omitempty"`
	HU     float64 `json:"hu,omitempty"`
}

// Card says everything about a network that its graph does not: how its input is made, how its output is
// read, where it comes from. It is the JSON beside the ONNX file.
type Card struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Config  string `json:"config"` // the training configuration, for example "product"
	SHA256  string `json:"sha256"` // of the ONNX file, hexadecimal

	PatchVoxels  int       `json:"patch_voxels"`     // side of the cubic patch, a multiple of 32
	SpacingMM    float64   `json:"spacing_mm"`       // of the network grid
	Overlap      float64   `json:"overlap"`          // of neighbouring patches, as a fraction of the side
	Mirror       bool      `json:"mirror,omitempty"` // run each patch a second time, left and right exchanged, and average
	SkippedLogit float64   `json:"skipped_logit"`    // logit where no patch was run
	Channels     []Channel `json:"channels"`         // in the graph's order

	Threshold    float64 `json:"threshold"`       // probability above which a voxel is clip
	MinVoxels    int     `json:"min_voxels"`      // components with fewer voxels of the network grid are dropped
	CalibrationA float64 `json:"calibration_a"`   // confidence = sigmoid(A s + B), s the mean of the component's
	CalibrationB float64 `json:"calibration_b"`   // three largest logits
	Judge        *Judge  `json:"judge,omitempty"` // weighs all the evidence instead, and drops candidates

	Answers int          `json:"answers,omitempty"` // logits of a patch as a whole, in the order of detail.go; 0: one a voxel
	Pair    *PairWeights `json:"pair,omitempty"`    // of the Detail Net

	Trained string             `json:"trained"` // when and on what hardware
	Data    []string           `json:"data"`    // what it was trained on, with licences
	Metrics map[string]float64 `json:"metrics"` // as measured for this very file
	Licence string             `json:"licence"`
	Warning string             `json:"warning"`
}

// PairWeights weigh what tells two clips from one: a logit, Fit x that of the model of a clip + Detail x the Detail Net's + Bias.
type PairWeights struct {
	Fit    float64 `json:"fit"`
	Detail float64 `json:"detail"`
	Bias   float64 `json:"bias"`
}

// DefaultChannels are the product's input channels without the feature: soft tissue, the paper's binary
// channel, and a wide window in which metal and bone do not saturate alike.
func DefaultChannels() []Channel {
	return []Channel{
		{Kind: KindWindow, LowHU: -200, HighHU: 200},
		{Kind: KindThreshold, HU: 300},
		{Kind: KindWindow, LowHU: -200, HighHU: 2200},
	}
}

// ParseCard reads a card. Unknown keys, values out of range and trailing text are errors that name them.
func ParseCard(text []byte) (Card, error) {
	var c Card
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Card{}, fmt.Errorf("read the model card: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Card{}, errors.New("read the model card: text after the closing brace")
	}
	if err := c.Validate(); err != nil {
		return Card{}, fmt.Errorf("model card %q: %w", c.Name, err)
	}
	return c, nil
}

// maxPatchVoxels bounds the memory that a card can ask for: 256^3 voxels are 64 MB a channel.
const maxPatchVoxels = 256

// Validate reports the first value of c with which no network can run.
func (c *Card) Validate() error {
	sum, err := hex.DecodeString(c.SHA256)
	switch {
	case c.Name == "":
		return errors.New("name is missing")
	case err != nil || len(sum) != 32:
		return fmt.Errorf("sha256 %q is not 64 hexadecimal digits", c.SHA256)
	case c.PatchVoxels < 32 || c.PatchVoxels > maxPatchVoxels || c.PatchVoxels%32 != 0:
		return fmt.Errorf("patch_voxels %d is not a multiple of 32 up to %d", c.PatchVoxels, maxPatchVoxels)
	case !(c.SpacingMM >= 0.5 && c.SpacingMM <= 10):
		return fmt.Errorf("spacing_mm %g is not between 0.5 and 10", c.SpacingMM)
	case len(c.Channels) == 0:
		return errors.New("channels is empty")
	case c.Answers < 0:
		return fmt.Errorf("answers %d is negative", c.Answers)
	}
	if c.Answers == 0 {
		if err := c.validateMarks(); err != nil {
			return err
		}
	}
	if c.Judge != nil {
		if err := c.Judge.validate(); err != nil {
			return err
		}
	}
	return validateChannels(c.Channels, c.Answers > 0)
}

// validateMarks reports the first value with which what a network marks cannot be read.
func (c *Card) validateMarks() error {
	switch {
	case !(c.Overlap >= 0 && c.Overlap < 0.9):
		return fmt.Errorf("overlap %g is not between 0 and 0.9", c.Overlap)
	case !(c.SkippedLogit < 0) || math.IsInf(c.SkippedLogit, 0):
		return fmt.Errorf("skipped_logit %g is not negative", c.SkippedLogit)
	case !(c.Threshold > 0 && c.Threshold < 1):
		return fmt.Errorf("threshold %g is not a probability between 0 and 1", c.Threshold)
	case c.MinVoxels < 0:
		return fmt.Errorf("min_voxels %d is negative", c.MinVoxels)
	case !(c.CalibrationA > 0):
		return fmt.Errorf("calibration_a %g is not positive", c.CalibrationA)
	}
	return nil
}

// validateChannels reports the first channel that cannot be made; those of the Detail Net can where whole patches are answered.
func validateChannels(channels []Channel, whole bool) error {
	features := 0
	for i, ch := range channels {
		switch ch.Kind {
		case KindWindow:
			if !(ch.LowHU < ch.HighHU) {
				return fmt.Errorf("channel %d: window from %g to %g HU is empty", i, ch.LowHU, ch.HighHU)
			}
			if ch.HU != 0 {
				return fmt.Errorf("channel %d: a window takes low_hu and high_hu, not hu", i)
			}
		case KindThreshold:
			if ch.LowHU != 0 || ch.HighHU != 0 {
				return fmt.Errorf("channel %d: a threshold takes hu, not low_hu or high_hu", i)
			}
		case KindFeature:
			if ch != (Channel{Kind: KindFeature}) {
				return fmt.Errorf("channel %d: a feature takes no HU", i)
			}
			features++
			if whole {
				return fmt.Errorf("channel %d: no feature map reaches this network", i)
			}
		case KindOwn, KindOthers, KindSlice:
			if ch != (Channel{Kind: ch.Kind}) {
				return fmt.Errorf("channel %d: %s takes no HU", i, ch.Kind)
			}
			if !whole {
				return fmt.Errorf("channel %d: only the Detail Net has %s", i, ch.Kind)
			}
		default:
			return fmt.Errorf("channel %d: unknown kind %q", i, ch.Kind)
		}
	}
	if features > 1 {
		return errors.New("more than one feature channel")
	}
	return nil
}

// hasFeature tells whether the network reads the Location Net's logits.
func (c *Card) hasFeature() bool {
	for _, ch := range c.Channels {
		if ch.Kind == KindFeature {
			return true
		}
	}
	return false
}

// thresholdLogit is the logit above which a voxel is clip.
func (c *Card) thresholdLogit() float32 {
	return float32(math.Log(c.Threshold / (1 - c.Threshold)))
}

// confidence is the calibrated probability of a component whose score (mean of its three largest logits) is s.
func (c *Card) confidence(s float64) float64 {
	return 1 / (1 + math.Exp(-(c.CalibrationA*s + c.CalibrationB)))
}

// judge is the chance that what e speaks of is a clip: by the card's judge, else by the network's logits alone.
func (c *Card) judge(e *Evidence) float64 {
	if c.Judge == nil {
		return c.confidence(e.Segmentation)
	}
	return c.Judge.confidence(e)
}
