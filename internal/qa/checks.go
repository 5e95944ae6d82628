package qa

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// finding is what a check came upon.
type finding struct {
	structure, text string
	place           *volume.Vec
}

// report adds the findings of a check with the outcome that the rules give it, or one line that it passed.
func (s *study) report(id string, outcome Outcome, passed string, found []finding) {
	if outcome == Off {
		return
	}
	if len(found) == 0 {
		s.result.Checks = append(s.result.Checks, Check{ID: id, Outcome: Pass, Text: passed})
	}
	for _, f := range found {
		s.result.Checks = append(s.result.Checks, Check{ID: id, Outcome: outcome, Structure: f.structure, Text: f.text, PlaceMM: f.place})
	}
}

// check runs every check on the test; the gravest come first.
func (s *study) check() error {
	c := s.rules.Checks
	s.report("patient", c.Patient, "patient name and ID are the CT's", s.otherPatient())
	s.report("frame_of_reference", c.FrameOfReference, "same frame of reference as the CT", s.otherFrame())
	s.report("other_series", c.OtherSeries, "drawn on this CT", s.otherSeries())
	s.report("slice_gaps", c.SliceGaps, "the CT's slices are evenly spaced", s.sliceGaps())
	s.report("off_plane", c.OffPlane, "every contour lies on a slice of the CT", s.offPlane())
	s.report("empty", c.Empty, "no structure is empty", s.empty())
	s.report("duplicate", c.Duplicate, "no structure is there twice", s.duplicates())
	s.report("missing_slices", c.MissingSlices, "no structure leaves out a slice", s.missingSlices())
	s.report("islands", c.Islands, fmt.Sprintf("no part smaller than %g mm³", c.IslandMM3), s.islands())
	if s.body != nil {
		s.report("outside_body", c.OutsideBody, "nothing lies outside the body", s.outsideBody())
		s.report("wrong_side", c.WrongSide, "sides agree with names", s.wrongSide())
	}
	s.report("name_and_type", c.NameAndType, "names and types agree", s.namesAndTypes())
	s.report("clips_without_target", c.ClipsWithoutTarget, "clips have a target", s.clipsWithoutTarget())
	s.report("target_without_clips", c.TargetWithoutClips, "targets have clips", s.targetWithoutClips())
	s.checkClips()
	s.checkMargin()
	s.checkSkin()
	s.checkLimits()
	slices.SortStableFunc(s.result.Checks, func(a, b Check) int { return b.Outcome.Rank() - a.Outcome.Rank() })
	return nil
}

func (s *study) otherPatient() []finding {
	of, ct := s.Test.File.Patient, s.CT.Study.Patient
	var all []finding
	if of.ID != ct.ID {
		all = append(all, finding{text: "the patient ID differs from the CT's"})
	}
	if plainName(of.Name) != plainName(ct.Name) {
		all = append(all, finding{text: "the patient name differs from the CT's"})
	}
	return all
}

// plainName leaves out what systems write differently: case, empty components, alphabets.
func plainName(name string) string {
	name, _, _ = strings.Cut(name, "=")
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '^' || r == ' ' || r == ',' }), " "))
}

func (s *study) otherFrame() []finding {
	switch uid := s.Test.File.FrameOfReferenceUID; {
	case uid == s.CT.FrameOfReferenceUID:
		return nil
	case uid == "":
		return []finding{{text: "the file names no frame of reference"}}
	}
	return []finding{{text: "another frame of reference than the CT's: coordinates need not fit"}}
}

func (s *study) otherSeries() []finding {
	var all []finding
	switch uid := s.Test.File.CTSeriesUID; {
	case uid == "":
		all = append(all, finding{text: "the file does not say on which series it was drawn"})
	case uid != s.CT.UID:
		all = append(all, finding{text: "drawn on another series than this CT"})
	}
	images := map[string]bool{}
	for i := range s.CT.Slices {
		images[s.CT.Slices[i].SOPInstanceUID] = true
	}
	lacking := 0
	for _, uid := range s.Test.File.ImageUIDs {
		if !images[uid] {
			lacking++
		}
	}
	if lacking > 0 {
		all = append(all, finding{text: fmt.Sprintf("refers to %d of %d images that this CT lacks", lacking, len(s.Test.File.ImageUIDs))})
	}
	return all
}

// unevenMM is how much distances between slices may differ.
const unevenMM = 0.1

func (s *study) sliceGaps() []finding {
	g := s.Grid
	usual, _ := g.Uniform()
	if g.Nz() > 2 {
		steps := make([]float64, 0, g.Nz()-1)
		for k := 1; k < g.Nz(); k++ {
			steps = append(steps, g.SliceMM[k]-g.SliceMM[k-1])
		}
		slices.Sort(steps)
		usual = steps[len(steps)/2]
	}
	var all []finding
	for k := 1; k < g.Nz(); k++ {
		if step := g.SliceMM[k] - g.SliceMM[k-1]; math.Abs(step-usual) > unevenMM {
			p := g.ToPatient(float64(g.Nx-1)/2, float64(g.Ny-1)/2, float64(k))
			all = append(all, finding{text: fmt.Sprintf("slices %d and %d are %.1f mm apart, others %.1f mm", k, k+1, step, usual), place: &p})
		}
	}
	return all
}

// planeMM is how far a contour may lie off its slice: headers and contours round differently.
const planeMM = 0.1

func (s *study) offPlane() []finding {
	g := s.Grid
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		n := 0
		var first *volume.Vec
		for _, c := range t.Contours {
			for _, p := range c.Points {
				if _, off := g.NearestSlice(p); off > planeMM {
					n++
					if first == nil {
						first = &p
					}
					break
				}
			}
		}
		if n > 0 {
			all = append(all, finding{t.Name, fmt.Sprintf("%d of %d contours lie off the CT's slices; %d are lost", n, len(t.Contours), t.offPlane), first})
		}
	}
	return all
}

func (s *study) empty() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		switch {
		case len(t.Contours) == 0 && len(t.Points) == 0:
			all = append(all, finding{structure: t.Name, text: "has no contour"})
		case len(t.Contours) > 0 && t.mask.Empty():
			p := t.Contours[0].Points[0]
			all = append(all, finding{t.Name, "holds no voxel of the CT", &p})
		}
	}
	return all
}

func (s *study) duplicates() []finding {
	var all []finding
	for i := range s.test {
		for j := range i {
			a, b := &s.test[j], &s.test[i]
			switch {
			case strings.EqualFold(a.Name, b.Name):
				all = append(all, finding{b.Name, "is the name of two structures", middle(b.mask)})
			case !a.mask.Empty() && a.mask.Equal(b.mask):
				all = append(all, finding{b.Name, fmt.Sprintf("holds the same voxels as %s", a.Name), middle(b.mask)})
			}
		}
	}
	return all
}

// middle is the centroid of m, nil when it is empty.
func middle(m *volume.Mask) *volume.Vec {
	if c, ok := Centroid(m); ok {
		return &c
	}
	return nil
}

func (s *study) missingSlices() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		if t.clips || t.mask.Empty() {
			continue
		}
		b := t.mask.Bounds()
		var left []string
		var place *volume.Vec
		for z := b.Min[2]; z < b.Max[2]; z++ {
			if t.mask.CountSlice(z) == 0 {
				left = append(left, fmt.Sprint(z+1))
				if place == nil {
					p := s.Grid.ToPatient(float64(b.Min[0]+b.Max[0]-1)/2, float64(b.Min[1]+b.Max[1]-1)/2, float64(z))
					place = &p
				}
			}
		}
		if len(left) > 0 {
			all = append(all, finding{t.Name, fmt.Sprintf("leaves out %d slices in its middle: %s", len(left), short(left)), place})
		}
	}
	return all
}

// short lists at most six.
func short(list []string) string {
	if len(list) > 6 {
		list = append(slices.Clone(list[:6]), "...")
	}
	return strings.Join(list, ", ")
}

func (s *study) islands() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		if t.clips {
			continue
		}
		for k, part := range volume.ComponentRuns(t.mask) {
			mm3 := 0.0
			for _, r := range part.Runs {
				mm3 += float64(r.X1-r.X0) * s.Grid.VoxelVolume(r.Z)
			}
			if k == 0 || mm3 >= s.rules.Checks.IslandMM3 {
				continue
			}
			r := part.Runs[0]
			p := s.Grid.ToPatient(float64(r.X0), float64(r.Y), float64(r.Z))
			all = append(all, finding{t.Name, fmt.Sprintf("has a separate part of %.0f mm³", mm3), &p})
		}
	}
	return all
}

func (s *study) outsideBody() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		if isBody(t.Structure) || t.mask.Empty() {
			continue
		}
		out := t.mask.Subtract(s.body)
		if mm3 := out.VolumeMM3(); mm3 > s.rules.Checks.OutsideBodyMM3 {
			all = append(all, finding{t.Name, fmt.Sprintf("%.2f cc, %.0f %%, lie outside the body", mm3/1000, 100*mm3/t.mask.VolumeMM3()), middle(out)})
		}
	}
	return all
}

func (s *study) wrongSide() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		side := splitName(t.Name).side
		if side == "" || t.mask.Empty() {
			continue
		}
		centre := middle(t.mask)
		if is := segment.SideOf(s.body, *centre); is != side {
			all = append(all, finding{t.Name, fmt.Sprintf("is named %s and lies on the patient's %s", side, map[string]string{"L": "left", "R": "right"}[is]), centre})
		}
	}
	return all
}

func (s *study) namesAndTypes() []finding {
	var all []finding
	for i := range s.test {
		t := &s.test[i]
		add := func(text string) { all = append(all, finding{t.Name, text, middle(t.mask)}) }
		if n := len([]rune(t.Name)); n > s.rules.Checks.NameCharacters {
			add(fmt.Sprintf("has %d characters: some systems keep %d", n, s.rules.Checks.NameCharacters))
		}
		if strings.ContainsFunc(t.Name, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`\/:;*?"<>|,`, r) }) {
			add("holds spaces or signs that TG-263 leaves out")
		}
		for _, kind := range []string{"GTV", "CTV", "PTV"} {
			if strings.HasPrefix(strings.ToUpper(t.Name), kind) && t.Type != kind {
				add(fmt.Sprintf("is of type %q, not %s", t.Type, kind))
			} else if t.Type == kind && !strings.HasPrefix(strings.ToUpper(t.Name), kind) && !anyMatches([]string{"*bed*"}, t.Name) {
				add(fmt.Sprintf("is of type %s and its name does not say so", kind))
			}
		}
		if canonical(splitName(t.Name), synonyms()).what == "external" && t.Type != "EXTERNAL" {
			add(fmt.Sprintf("is of type %q, not EXTERNAL", t.Type))
		}
	}
	return all
}
