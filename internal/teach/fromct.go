package teach

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// FromCT is a case that a teacher makes of a patient's CT and its reference.
type FromCT struct {
	CTDir     string
	SeriesUID string // which CT, when the folder holds several
	Reference string // RTSTRUCT with clips (type MARKER or named as clips; axillary ones in Clips_Ax)
	Target    string // structure that is the reference boost; empty: the first CTV, else one is drafted
	// Distractors names structures of the reference that outline what is mistaken for a clip, and says why it is none.
	Distractors map[string]string
	Lesson      Lesson // an empty ID, hit radius and source are filled in
}

// MakeFromCT makes the case in the new folder dir. Only voxels and outlines are taken over: the case's files are written anew,
// with no name, number, date or UID of the patient's. What the pixels themselves show stays.
func MakeFromCT(ctx context.Context, dir string, f FromCT) (*Case, error) {
	if err := refuseThere(dir); err != nil {
		return nil, err
	}
	set, err := dicom.ReadStructureSet(f.Reference, nil)
	if err != nil {
		return nil, err
	}
	studies, err := dicom.Scan(ctx, f.CTDir, nil)
	if err != nil {
		return nil, err
	}
	uid := f.SeriesUID
	if uid == "" && slices.ContainsFunc(studies, func(s *dicom.Study) bool {
		return slices.ContainsFunc(s.Series, func(s *dicom.Series) bool { return s.UID == set.CTSeriesUID })
	}) {
		uid = set.CTSeriesUID
	}
	series, err := dicom.ChooseCT(studies, uid)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.CTDir, err)
	}
	v, err := dicom.ReadCT(ctx, series, nil)
	if err != nil {
		return nil, err
	}
	if !set.Check(f.Reference, series, v.Grid, nil) {
		return nil, fmt.Errorf("%s lies in another frame of reference than the CT in %s: give the structure set drawn on it", f.Reference, f.CTDir)
	}
	c := &content{lesson: f.Lesson, volume: v}
	if c.body, err = segment.External(ctx, v); err != nil {
		return nil, err
	}
	bed, axillary := qa.ClipsOf(set, v.Grid)
	if len(bed) == 0 {
		return nil, fmt.Errorf("%s holds no clip of the bed on this CT: a structure of type MARKER, or named Clips_..., is needed; it has %s", f.Reference, qa.Names(set))
	}
	c.clips, c.axilla = c.take(bed), c.take(axillary)
	if err := c.takeStructures(set, f); err != nil {
		return nil, err
	}
	fillLesson(&c.lesson, v.Grid)
	return c.write(ctx, dir)
}

// take turns outlined clips into the pipeline's.
func (c *content) take(list []qa.Clip) []segment.Clip {
	var clips []segment.Clip
	for _, k := range list {
		clips = append(clips, segment.Clip{Side: segment.SideOf(c.body, k.CentreMM), CentreMM: k.CentreMM, VolumeMM3: k.Mask.VolumeMM3(), Kept: true, Mask: k.Mask})
	}
	return clips
}

// takeStructures takes target, seroma and distractors.
func (c *content) takeStructures(set *dicom.StructureSet, f FromCT) error {
	g := c.volume.Grid
	target := set.Find(f.Target)
	if target == nil && f.Target != "" {
		return fmt.Errorf("%s has no structure %q to be the reference boost; it has %s", f.Reference, f.Target, qa.Names(set))
	}
	if i := slices.IndexFunc(set.Structures, func(s dicom.Structure) bool { return s.Type == "CTV" && len(s.Contours) > 0 }); target == nil && i >= 0 {
		target = &set.Structures[i]
	}
	if target != nil {
		if c.target = target.Mask(g); c.target.Empty() {
			return fmt.Errorf("%s: structure %q has no voxel on this CT", f.Reference, target.Name)
		}
	}
	if s := set.Find(seromaName); s != nil {
		c.seroma = s.Mask(g)
	}
	for name, why := range f.Distractors {
		s := set.Find(name)
		if s == nil {
			return fmt.Errorf("%s has no structure %q that outlines a distractor; it has %s", f.Reference, name, qa.Names(set))
		}
		places := placesOf(s.Mask(g), s.Points)
		if len(places) == 0 {
			return fmt.Errorf("%s: structure %q has no voxel on this CT", f.Reference, name)
		}
		c.lesson.Distractors = append(c.lesson.Distractors, distractor(name, places))
		if why != "" {
			if c.lesson.Reasons == nil {
				c.lesson.Reasons = map[string]string{}
			}
			c.lesson.Reasons[name] = why
		}
	}
	slices.SortFunc(c.lesson.Distractors, func(a, b Distractor) int { return strings.Compare(a.Kind, b.Kind) })
	return nil
}

// placesOf are the points, and voxel centres of m no two nearer than 3 mm.
func placesOf(m *volume.Mask, points []volume.Vec) []volume.Vec {
	const apartMM = 3
	places := slices.Clone(points)
	m.Each(func(x, y, z int) {
		p := m.Grid.ToPatient(float64(x), float64(y), float64(z))
		if !slices.ContainsFunc(places, func(q volume.Vec) bool { return q.Distance(p) < apartMM }) {
			places = append(places, p)
		}
	})
	return places
}

// fillLesson fills in what a teacher need not think about.
func fillLesson(l *Lesson, g *volume.Grid) {
	l.Format = lessonFormat
	if l.ID == "" {
		l.ID = NewID(l.Title)
	}
	if l.HitRadiusMM == 0 {
		l.HitRadiusMM = HitRadiusMM(g)
	}
	if l.Source == "" {
		l.Source = "CT of a patient, written anew without identifiers"
	}
}

// NewID makes an id of a title that no other case has.
func NewID(title string) string {
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '-'
	}, title), "-")
	for strings.Contains(slug, "--") {
		slug = strings.ReplaceAll(slug, "--", "-")
	}
	slug = strings.Trim(slug[:min(len(slug), 24)], "-")
	if slug == "" {
		slug = "case"
	}
	return slug + "-" + uuid.NewString()[:8]
}

// ReadAnswer reads marks from a structure set that was drawn on the case's CT: its clips are the marks, its first CTV the boost.
func (c *Case) ReadAnswer(ctx context.Context, path string, g *volume.Grid) (Answer, error) {
	set, err := dicom.ReadStructureSet(path, nil)
	if err != nil {
		return Answer{}, err
	}
	studies, err := dicom.Scan(ctx, c.CTDir(), nil)
	if err != nil {
		return Answer{}, err
	}
	series, err := dicom.ChooseCT(studies, "")
	if err != nil {
		return Answer{}, err
	}
	if !set.Check(path, series, g, nil) {
		return Answer{}, errors.New(path + " was drawn on another CT than this case's")
	}
	bed, _ := qa.ClipsOf(set, g) // what the learner calls axillary is no mark in the bed
	var a Answer
	for _, k := range bed {
		a.Marks = append(a.Marks, Mark{Number: len(a.Marks) + 1, PlaceMM: k.CentreMM})
	}
	for i := range set.Structures {
		if s := &set.Structures[i]; s.Type == "CTV" && a.Boost == nil && len(s.Contours) > 0 {
			a.Boost = s.Mask(g)
		}
	}
	return a, nil
}
