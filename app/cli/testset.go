package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/clipwright/clipwright/internal/phantom"
)

// testSet is a file of models/testsets: its cases were fixed before any training.
type testSet struct {
	Name  string     `json:"name"`
	About string     `json:"about"`
	Cases []testCase `json:"cases"`
}

// testCase is a phantom, or clips inserted into a real CT.
type testCase struct {
	Seed    int64   `json:"seed"`
	SliceMM float64 `json:"slice_mm,omitempty"`
	PixelMM float64 `json:"pixel_mm,omitempty"`
	Small   bool    `json:"small,omitempty"`
	// Drawn takes slice, pixel and field of view from the seed, as training does, instead of the values above.
	Drawn bool `json:"drawn,omitempty"`
	// Host is the real CT that takes the clips, a file in the folder of --ct; "" makes a phantom.
	Host string `json:"host,omitempty"`
	// Breasts are grafted onto the host's chest, which must be flat.
	Breasts bool `json:"breasts,omitempty"`
	// Crowded puts many clips and distractors into the region round the bed alone: many pieces to learn from, at a
	// fraction of the time. A crowded phantom stands in the body of the seed Anatomy, which cases in a row share.
	Crowded bool  `json:"crowded,omitempty"`
	Anatomy int64 `json:"anatomy,omitempty"`
}

func readTestSet(path string) (testSet, error) {
	var set testSet
	b, err := os.ReadFile(path)
	if err != nil {
		return set, fmt.Errorf("read the test set: %w", err)
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return set, fmt.Errorf("read the test set %s: %w", path, err)
	}
	if len(set.Cases) == 0 {
		return set, fmt.Errorf("the test set %s holds no case", path)
	}
	return set, nil
}

// missingHost names a real CT of set that folder does not hold, or "".
func (set *testSet) missingHost(folder string) string {
	for _, c := range set.Cases {
		if c.Host == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, c.Host)); errors.Is(err, fs.ErrNotExist) {
			return c.Host
		}
	}
	return ""
}

// allHosts is an error that names a real CT of set that folder does not hold.
func (set *testSet) allHosts(folder string) error {
	if host := set.missingHost(folder); host != "" {
		return fmt.Errorf("%s: %s is not there: give the folder of the real CTs with --ct", set.Name, host)
	}
	return nil
}

// each calls do for every case in turn, at most limit unless that is 0, with the way to make it.
func (set *testSet) each(o evaluateOptions, do func(t testCase, make func(context.Context) (*phantom.Case, error)) error) error {
	cases := set.Cases
	if o.limit > 0 {
		cases = cases[:min(o.limit, len(cases))]
	}
	maker := caseMaker{folder: o.ct}
	for _, t := range cases {
		if err := do(t, func(ctx context.Context) (*phantom.Case, error) { return maker.make(ctx, t) }); err != nil {
			return err
		}
	}
	return nil
}

// name is how a report calls the case.
func (c *testCase) name() string {
	if c.Host == "" {
		return fmt.Sprintf("phantom %d", c.Seed)
	}
	name := strings.TrimSuffix(c.Host, ".nii.gz")
	if c.Breasts {
		name += " with breasts"
	}
	return fmt.Sprintf("%s, %d", name, c.Seed)
}

// sample is what the case puts into its body.
func (c *testCase) sample() phantom.SampleOptions {
	if !c.Crowded {
		return phantom.SampleOptions{Whole: true}
	}
	o := phantom.SampleOptions{MinClips: 8, MaxClips: 22, Distractors: 3}
	if c.Seed%2 == 0 {
		o.Pairs = phantom.Always
	}
	return o
}

// caseMaker makes the cases of a test set; it keeps the real CT and the body that it made last.
type caseMaker struct {
	folder string // of the real CTs
	host   *phantom.Host
	opened string
	body   *phantom.Anatomy
	seed   int64 // of body
}

func (m *caseMaker) make(ctx context.Context, c testCase) (*phantom.Case, error) {
	switch {
	case c.Host != "":
		if m.opened != c.Host {
			host, err := openHost(ctx, filepath.Join(m.folder, c.Host))
			if err != nil {
				return nil, err
			}
			m.host, m.opened = host, c.Host
		}
		host := m.host
		if c.Breasts {
			var err error
			if host, err = host.WithBreasts(c.Seed); err != nil {
				return nil, fmt.Errorf("%s: %w", c.Host, err)
			}
		}
		return host.Sample(ctx, c.Seed, c.sample())
	case c.Crowded:
		if m.body == nil || m.seed != c.Anatomy {
			body, err := phantom.NewAnatomy(ctx, phantom.TrainingOptions(c.Anatomy))
			if err != nil {
				return nil, err
			}
			m.body, m.seed = body, c.Anatomy
		}
		return m.body.Sample(ctx, c.Seed, c.sample())
	case c.Drawn:
		return phantom.Generate(ctx, phantom.TrainingOptions(c.Seed))
	default:
		return phantom.Generate(ctx, phantom.Options{Seed: c.Seed, SliceMM: c.SliceMM, PixelMM: c.PixelMM, Small: c.Small})
	}
}
