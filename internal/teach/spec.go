package teach

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Spec is what a case made by the phantom generator must show. The zero value is five to eight clips of common size on 3 mm
// slices with nothing else.
type Spec struct {
	LeastClips, MostClips int
	ClipMM                float64 // length of the clips; 0 draws common ones
	SliceMM               float64
	Density               float64  // of the breast, 0 drawn to 1 dense
	NoiseHU               float64  // 0 drawn
	Kinds                 []string // distractors (phantom.DistractorKinds)
	Pairs                 bool
	Axillary              bool
	Rib                   bool    // a clip within ribMM of bone
	SeromaOffMM           float64 // the fluid has moved so far
}

// Grid of the cases: the chest at common resolution, small enough to be made in seconds.
const (
	casePixelMM           = 1.4
	caseColumns, caseRows = 328, 236
	caseHeightMM          = 246
)

// How near things must lie for a case to show what it says.
const (
	ribMM     = 8  // from a clip's centre to bone
	pairMM    = 6  // between the clips of a pair
	nearBedMM = 45 // from a distractor to the nearest clip: it is met while the bed is swept
	edgeMM    = 15 // from a clip to the first and last slice
	plainMM   = 10 // in a case without Rib, from every clip to bone
	apartMM   = 9  // between seroma and the middle of the clips where they disagree
)

func (s Spec) withDefaults() Spec {
	if s.LeastClips == 0 {
		s.LeastClips = min(5, max(s.MostClips, 1))
		if s.MostClips == 0 {
			s.LeastClips = 5
		}
	}
	if s.MostClips == 0 {
		s.MostClips = max(8, s.LeastClips)
	}
	if s.SliceMM == 0 {
		s.SliceMM = 3
	}
	return s
}

// Validate refuses what no phantom shows.
func (s Spec) Validate() error {
	s = s.withDefaults()
	for _, k := range s.Kinds {
		if !slices.Contains(phantom.DistractorKinds(), k) {
			return fmt.Errorf("%q is nothing that is mistaken for a clip here; give some of: %s", k, strings.Join(phantom.DistractorKinds(), ", "))
		}
	}
	switch {
	case s.LeastClips < 1 || s.MostClips < s.LeastClips || s.MostClips > 20:
		return fmt.Errorf("%d to %d clips: give 1 to 20", s.LeastClips, s.MostClips)
	case s.Pairs && s.MostClips < 2:
		return errors.New("a pair needs two clips")
	case s.ClipMM != 0 && !(s.ClipMM >= 2 && s.ClipMM <= 12):
		return fmt.Errorf("clips of %g mm: give 2 to 12", s.ClipMM)
	case !(s.SliceMM >= 1 && s.SliceMM <= 8):
		return fmt.Errorf("slices of %g mm: give 1 to 8", s.SliceMM)
	case !(s.NoiseHU >= 0 && s.NoiseHU <= 60):
		return fmt.Errorf("noise of %g HU: give 0 (drawn) to 60", s.NoiseHU)
	case !(s.Density >= 0 && s.Density <= 1):
		return fmt.Errorf("density %g: give 0 (drawn) to 1", s.Density)
	case !(s.SeromaOffMM >= 0 && s.SeromaOffMM <= 40):
		return fmt.Errorf("a seroma that moved %g mm: give 0 to 40", s.SeromaOffMM)
	}
	return nil
}

// SeromaMovedMM is how far the fluid has moved in a case where clips and seroma are to disagree.
const SeromaMovedMM = 16

// DistractorKinds lists what Spec.Kinds may hold.
func DistractorKinds() []string { return phantom.DistractorKinds() }

// Shows lists the categories that a case of s is an example of.
func (s Spec) Shows() []string {
	s = s.withDefaults()
	const tinyMM, thickMM, noisyHU, many = 4, 4, 20, 9
	var all []string
	add := func(on bool, category string) {
		if on && !slices.Contains(all, category) {
			all = append(all, category)
		}
	}
	add(s.LeastClips > many, CategoryMany)
	add(s.Pairs, CategoryPair)
	add(s.Rib, CategoryRib)
	add(s.Axillary, CategoryAxilla)
	add(s.ClipMM > 0 && s.ClipMM < tinyMM, CategoryTiny)
	add(s.SliceMM > thickMM, CategoryThick)
	add(s.SeromaOffMM > 0, CategorySeroma)
	add(s.NoiseHU > noisyHU, CategoryArtefact)
	for _, k := range s.Kinds {
		add(strings.HasSuffix(k, "calcification"), CategoryCalc)
		add(!strings.HasSuffix(k, "calcification"), k)
	}
	if all == nil {
		return []string{CategoryPlain}
	}
	return all
}

// seeds choose a woman and what is put into her.
type seeds struct{ anatomy, sample int64 }

func (s Spec) anatomy(ctx context.Context, seed int64) (*phantom.Anatomy, error) {
	s = s.withDefaults()
	return phantom.NewAnatomy(ctx, phantom.Options{
		Seed: seed, PixelMM: casePixelMM, SliceMM: s.SliceMM, Columns: caseColumns, Rows: caseRows,
		Slices: int(math.Round(caseHeightMM / s.SliceMM)), Density: s.Density, NoiseHU: s.NoiseHU,
	})
}

func (s Spec) sample() phantom.SampleOptions {
	s = s.withDefaults()
	choose := func(on bool) phantom.Choice {
		if on {
			return phantom.Always
		}
		return phantom.Never
	}
	kinds := s.Kinds
	if kinds == nil {
		kinds = []string{} // none, rather than a mix
	}
	return phantom.SampleOptions{
		Whole: true, MinClips: s.LeastClips, MaxClips: s.MostClips, ClipMM: s.ClipMM, Kinds: kinds,
		Pairs: choose(s.Pairs), Axillary: choose(s.Axillary), SeromaOffMM: s.SeromaOffMM,
	}
}

// lacks says what of s the layout does not show, or nil.
func (s Spec) lacks(l *phantom.Layout, a *phantom.Anatomy, bones *volume.Mask) error {
	s = s.withDefaults()
	var bed []volume.Vec
	axillary := 0
	g := a.Grid()
	for _, c := range l.Clips {
		if z := g.SliceMM[g.Nz()-1]; c.CentreMM[2]-g.Origin[2] < edgeMM || c.CentreMM[2]-g.Origin[2] > z-edgeMM {
			return errors.New("a clip near the end of the scan")
		}
		if c.Axillary {
			axillary++
			continue
		}
		bed = append(bed, c.CentreMM)
	}
	least, toBone := math.Inf(1), math.Inf(1)
	var middle volume.Vec
	for i, p := range bed {
		for _, q := range bed[:i] {
			least = min(least, p.Distance(q))
		}
		toBone = min(toBone, boneDistance(bones, p))
		middle = middle.Add(p.Scale(1 / float64(len(bed))))
	}
	switch {
	case len(bed) < s.LeastClips || len(bed) > s.MostClips:
		return fmt.Errorf("%d clips", len(bed))
	case s.Pairs && least > pairMM:
		return errors.New("no pair")
	case !s.Pairs && least < 2*pairMM:
		return errors.New("clips that might be a pair")
	case s.Axillary != (axillary > 0):
		return fmt.Errorf("%d clips in the axilla", axillary)
	case s.Rib && toBone > ribMM:
		return errors.New("no clip near a rib")
	case !s.Rib && toBone < plainMM:
		return errors.New("a clip near a rib")
	case l.SeromaFresh < 0.8:
		return errors.New("a cavity that has healed")
	case s.SeromaOffMM > 0 && l.SeromaMM.Distance(middle) < apartMM:
		return errors.New("a seroma among the clips")
	}
	for _, kind := range s.Kinds {
		near := func(d phantom.Distractor) bool {
			return d.Kind == kind && slices.ContainsFunc(d.PlacesMM, func(p volume.Vec) bool {
				return slices.ContainsFunc(bed, func(q volume.Vec) bool { return p.Distance(q) < nearBedMM })
			})
		}
		far := kind == "vessel calcification" || kind == "sternal wire" || kind == "port" // where the body has them
		there := func(d phantom.Distractor) bool { return d.Kind == kind }
		if !slices.ContainsFunc(l.Distractors, near) && !(far && slices.ContainsFunc(l.Distractors, there)) {
			return fmt.Errorf("no %s near the clips", kind)
		}
	}
	return nil
}

// visibleHU is how bright a distractor must be at its brightest place, and a wire at half its places, to be mistaken for a clip.
const visibleHU = 400

// dim renders the sample and says which distractor of s is too faint to be mistaken for a clip, or nil.
func (s Spec) dim(ctx context.Context, a *phantom.Anatomy, sample int64) error {
	made, err := a.Sample(ctx, sample, s.sample())
	if err != nil {
		return err
	}
	for _, kind := range s.Kinds {
		most := math.Inf(-1)
		for _, d := range made.Distractors {
			if d.Kind != kind {
				continue
			}
			var hu []float64
			for _, p := range d.PlacesMM {
				hu = append(hu, float64(brightest(made.Volume, p, 2)))
			}
			if kind == CategoryWire {
				most = max(most, float64(median(hu)))
			} else if len(hu) > 0 {
				most = max(most, slices.Max(hu))
			}
		}
		if most < visibleHU {
			return fmt.Errorf("a faint %s", kind)
		}
	}
	return nil
}

// boneDistance is from p to the nearest voxel of bone, mm, or far.
func boneDistance(bones *volume.Mask, p volume.Vec) float64 {
	c := segment.Clip{CentreMM: p}
	if mm := segment.Surround(&c, nil, nil, bones).BoneMM; !math.IsNaN(mm) {
		return mm
	}
	return segment.SurroundingsMM
}

// How many women and how many beds in each a search looks at.
const searchAnatomies, searchSamples = 6, 24

// search looks for the first case from seed on that shows s, and its woman.
func (s Spec) search(ctx context.Context, seed int64) (seeds, *phantom.Anatomy, error) {
	if err := s.Validate(); err != nil {
		return seeds{}, nil, err
	}
	lacking := map[string]int{}
	for n := range int64(searchAnatomies) {
		a, err := s.anatomy(ctx, seed+n)
		if err != nil {
			return seeds{}, nil, err
		}
		bones := a.Bones()
		for k := range int64(searchSamples) {
			if err := ctx.Err(); err != nil {
				return seeds{}, nil, err
			}
			at := seeds{seed + n, 100*(seed+n) + k}
			l, err := a.Layout(at.sample, s.sample())
			if err == nil {
				err = s.lacks(l, a, bones)
			}
			if err == nil && len(s.Kinds) > 0 {
				err = s.dim(ctx, a, at.sample)
			}
			if ctx.Err() != nil {
				return seeds{}, nil, ctx.Err()
			}
			if err == nil {
				return at, a, nil
			}
			lacking[err.Error()]++
		}
	}
	most := ""
	for what, n := range lacking {
		if most == "" || n > lacking[most] || n == lacking[most] && what < most {
			most = what
		}
	}
	return seeds{}, nil, fmt.Errorf("no case of %d from seed %d on shows all that was asked for; most often: %s; ask for less, or begin at another seed", searchAnatomies*searchSamples, seed, most)
}

// MakePhantom makes a case that shows spec, the first from seed on, in the new folder dir. What is left empty of the lesson is
// filled in.
func MakePhantom(ctx context.Context, dir string, seed int64, spec Spec, lesson Lesson) (*Case, error) {
	if err := refuseThere(dir); err != nil {
		return nil, err
	}
	at, a, err := spec.search(ctx, seed)
	if err != nil {
		return nil, err
	}
	return writePhantom(ctx, dir, at, a, spec, lesson)
}

func writePhantom(ctx context.Context, dir string, at seeds, a *phantom.Anatomy, spec Spec, lesson Lesson) (*Case, error) {
	made, err := a.Sample(ctx, at.sample, spec.sample())
	if err != nil {
		return nil, err
	}
	c := &content{lesson: lesson, volume: made.Volume, seroma: made.Seroma, body: made.External}
	taken := volume.NewMask(made.Volume.Grid)
	for _, k := range made.Clips {
		own := k.Mask.Subtract(taken) // where half levels meet, a voxel is the first clip's
		if own.Empty() {
			own = k.Mask
		}
		taken = taken.Union(k.Mask)
		clip := segment.Clip{Side: k.Side, CentreMM: k.CentreMM, VolumeMM3: own.VolumeMM3(), PeakHU: k.PeakHU, Kept: true, Mask: own}
		if k.Axillary {
			c.axilla = append(c.axilla, clip)
		} else {
			c.clips = append(c.clips, clip)
		}
	}
	for _, d := range made.Distractors {
		c.lesson.Distractors = append(c.lesson.Distractors, distractor(d.Kind, d.PlacesMM))
	}
	c.lesson.Format = lessonFormat
	if c.lesson.HitRadiusMM == 0 {
		c.lesson.HitRadiusMM = HitRadiusMM(made.Volume.Grid)
	}
	if c.lesson.Source == "" {
		c.lesson.Source = fmt.Sprintf("phantom, seeds %d and %d: no patient", at.anatomy, at.sample)
	}
	if c.lesson.Note == "" {
		c.lesson.Note = fmt.Sprintf("%d clips were placed in the bed.", len(c.clips))
	}
	return c.write(ctx, dir)
}

// distractor rounds places to tenths of a mm.
func distractor(kind string, places []volume.Vec) Distractor {
	d := Distractor{Kind: kind}
	for _, p := range places {
		var q [3]float64
		for i := range p {
			q[i] = math.Round(10*p[i]) / 10
		}
		d.PlacesMM = append(d.PlacesMM, q)
	}
	return d
}

// HitRadiusMM is how near a mark must be on a grid: 5 mm, the radius of every comparison of clips, and 7 mm on slices thicker
// than 3 mm, where half a slice alone is half of that.
func HitRadiusMM(g *volume.Grid) float64 {
	for z := range g.Nz() {
		if g.SliceThickness(z) > 3.01 {
			return 7
		}
	}
	return 5
}
