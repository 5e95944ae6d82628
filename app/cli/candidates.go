package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Candidate is one line of `evaluate --candidates`: something that the Segmentation Net marked, what speaks for it,
// and whether it is a clip. models/train/judge.py fits the card's judge to such lines.
type Candidate struct {
	Case     string             `json:"case"`
	Source   string             `json:"source"` // "phantom", or the real CT
	Terms    map[string]float64 `json:"terms"`
	True     bool               `json:"true"`
	Axillary bool               `json:"axillary"` // a clip, but not of the bed
	Near     string             `json:"near"`     // the distractor within 10 mm of what is no clip, or ""
	Clips    int                `json:"clips"`    // of the bed, in the whole case
	First    bool               `json:"first"`    // the case's first line
}

// writeCandidates runs every case of the sets and writes a line for each candidate, and one without terms for a case
// that has none.
func writeCandidates(ctx context.Context, deps Deps, nets segment.Networks, sets []testSet, o evaluateOptions) error {
	out, err := os.CreateTemp(filepath.Dir(o.candidates), "candidates-*.part")
	if err != nil {
		return fmt.Errorf("write the candidates: %w", err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	lines := json.NewEncoder(out)
	for _, set := range sets {
		if err := set.allHosts(o.ct); err != nil {
			return err
		}
		err := set.each(o, func(t testCase, make func(context.Context) (*phantom.Case, error)) error {
			c, err := make(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name(), err)
			}
			candidates, err := candidatesOf(ctx, nets, t, c)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name(), err)
			}
			hits := 0
			for _, k := range candidates {
				if k.True {
					hits++
				}
				if err := lines.Encode(k); err != nil {
					return fmt.Errorf("write the candidates: %w", err)
				}
			}
			fmt.Fprintf(deps.Out, "%s: %d candidates, %d of %d clips among them\n", t.name(), len(candidates), hits, candidates[0].Clips)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write the candidates: %w", err)
	}
	return os.Rename(out.Name(), o.candidates)
}

func candidatesOf(ctx context.Context, nets segment.Networks, t testCase, c *phantom.Case) ([]Candidate, error) {
	result, err := segment.Run(ctx, c.Volume, nets, segment.RunOptions{All: true})
	if err != nil {
		return nil, err
	}
	bed, axillary := bedAndAxillary(c)
	centre := func(k phantom.Clip) volume.Vec { return k.CentreMM }
	m := segment.Match(centresOf(bed, centre), centresOf(result.Clips, func(k segment.Clip) volume.Vec { return k.CentreMM }), centresOf(axillary, centre), hitRadiusMM)
	hit, wrong := map[int]bool{}, map[int]bool{}
	for _, p := range m.Pairs {
		hit[p.Found] = true
	}
	for _, i := range m.False {
		wrong[i] = true
	}
	source := "phantom"
	if t.Host != "" {
		source = strings.TrimSuffix(t.Host, ".nii.gz")
	}
	var out []Candidate
	for i := range result.Clips {
		k := Candidate{Case: t.name(), Source: source, Terms: map[string]float64{}, True: hit[i], Axillary: !hit[i] && !wrong[i], Clips: len(bed), First: i == 0}
		for _, term := range result.Clips[i].Evidence.Terms() {
			k.Terms[term.Name] = term.Value
		}
		if wrong[i] {
			k.Near = falseClip(c, result.Clips[i]).Near
		}
		out = append(out, k)
	}
	if len(out) == 0 {
		out = append(out, Candidate{Case: t.name(), Source: source, Clips: len(bed), First: true})
	}
	return out, nil
}
