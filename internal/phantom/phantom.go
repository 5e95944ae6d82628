package phantom

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Options chooses a case; a zero value of anything but Seed means: drawn from the seed, or the default.
type Options struct {
	Seed          int64
	Small         bool    // 256 x 256 x 60 instead of 512 x 512 x 100
	SliceMM       float64 // slice spacing and thickness, default 5
	PixelMM       float64 // default 1.27, Small 1.95
	Columns, Rows int     // default 512, Small 256
	Slices        int     // default 100, Small 60
	NoiseHU       float64 // standard deviation at the middle of the body, 8..25
	PSFMM         float64 // in-plane full width at half maximum, 1.0..1.9
	Habitus       float64 // (0, 1] thin .. obese
	BreastSize    float64 // (0, 1]
	Density       float64 // (0, 1] share of gland
	ExtendedRange bool    // keep HU above 3071
	Sharpness     float64 // 0 a smooth kernel .. 1 one that overshoots at edges and raises the noise
}

// Case is a CT with everything known about it. Masks are on Volume.Grid.
type Case struct {
	Volume      *volume.Volume
	Clips       []Clip
	External    *volume.Mask // body, without couch and board
	Seroma      *volume.Mask
	Distractors []Distractor
	Side        string // of the operated breast, the patient's own: "L" or "R"
}

// Clip is one inserted clip. Its Mask holds the voxels where the clip's own contribution, before
// the clamp, is at least half its peak; VolumeMM3 is that mask's volume.
type Clip struct {
	ID        int
	Side      string
	Axillary  bool       // in the axilla, not of the bed
	CentreMM  volume.Vec // of the metal
	VolumeMM3 float64
	PeakHU    int // highest HU of the finished volume in Mask
	LengthMM  float64
	Mask      *volume.Mask
}

// Distractor is something that is mistaken for a clip.
type Distractor struct {
	Kind     string
	CentreMM volume.Vec
	PlacesMM []volume.Vec // along it, no two nearer than 3 mm: a wire is long, and its centre may lie beside it
}

// TrainingOptions draws an anatomy for training: slice 1.5-5 mm (mostly 3 and 5), pixel 0.9-1.4 mm,
// cropped to the thorax; some with a sharper kernel, with HU above 3071, or with a field of view that cuts the sides off.
func TrainingOptions(seed int64) Options {
	r := stream(seed, streamOptions, 0)
	o := Options{Seed: seed, PixelMM: uniform(r, 0.9, 1.4), SliceMM: 3}
	switch p := r.Float64(); {
	case p < 0.42:
		o.SliceMM = 5
	case p < 0.52:
		o.SliceMM = 2
	case p < 0.58:
		o.SliceMM = 4
	case p < 0.63:
		o.SliceMM = 2.5
	case p < 0.66:
		o.SliceMM = 1.5
	}
	k := stream(seed, streamKernel, 0)
	wide := 460.0
	if k.Float64() < 0.1 {
		wide = uniform(k, 330, 400)
	}
	if k.Float64() < 0.3 {
		o.Sharpness = uniform(k, 0.15, 0.8)
	}
	o.ExtendedRange = k.Float64() < 0.15
	o.Columns, o.Rows = int(wide/o.PixelMM), int(330/o.PixelMM)
	o.Slices = int(270 / o.SliceMM)
	return o
}

// withDefaults fills what the caller left open and refuses what cannot be rendered.
func (o Options) withDefaults() (Options, error) {
	n, slices, pixel := 512, 100, 1.27
	if o.Small {
		n, slices, pixel = 256, 60, 1.95
	}
	setInt := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set := func(p *float64, v float64) {
		if *p == 0 {
			*p = v
		}
	}
	setInt(&o.Columns, n)
	setInt(&o.Rows, n)
	setInt(&o.Slices, slices)
	set(&o.PixelMM, pixel)
	set(&o.SliceMM, 5)
	r := stream(o.Seed, streamOptions, 1)
	set(&o.NoiseHU, math.Min(25, uniform(r, 8, 19)*math.Pow(5/o.SliceMM, 0.35)))
	set(&o.PSFMM, uniform(r, 1.0, 1.9))
	const most = 2048
	if o.Columns < 32 || o.Rows < 32 || o.Slices < 4 || o.Columns > most || o.Rows > most || o.Slices > most {
		return o, fmt.Errorf("phantom of %d x %d x %d voxels: give 32 to %d columns and rows and 4 to %d slices", o.Columns, o.Rows, o.Slices, most, most)
	}
	for _, v := range []struct {
		name      string
		v, lo, hi float64
	}{{"slice spacing (mm)", o.SliceMM, 0.5, 10}, {"pixel spacing (mm)", o.PixelMM, 0.4, 5}, {"sharpness", o.Sharpness, 0, 1}, {"noise (HU)", o.NoiseHU, 0.01, 100}, {"point spread (mm)", o.PSFMM, 0.3, 5}} {
		if !(v.v >= v.lo && v.v <= v.hi) {
			return o, fmt.Errorf("phantom %s %g is outside %g to %g", v.name, v.v, v.lo, v.hi)
		}
	}
	for _, v := range []float64{o.Habitus, o.BreastSize, o.Density} {
		if !(v >= 0 && v <= 1) {
			return o, errors.New("phantom habitus, breast size and density go from 0 (drawn) to 1")
		}
	}
	return o, nil
}

// Generate makes a whole case.
func Generate(ctx context.Context, o Options) (*Case, error) {
	a, err := NewAnatomy(ctx, o)
	if err != nil {
		return nil, err
	}
	return a.Sample(ctx, o.Seed, SampleOptions{Whole: true, MinClips: 5, MaxClips: 12, Distractors: 1})
}
