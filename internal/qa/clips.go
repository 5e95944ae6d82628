package qa

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// axillaryWord is the name of the structure of the clips that lie far from the bed, Clips_Ax, as splitName leaves it.
const axillaryWord = "clipsax"

// AxillaryName is the structure of the axillary clips in what this program writes.
const AxillaryName = "Clips_Ax"

// IsClips tells whether s outlines clips: by its type or its name.
func IsClips(s *dicom.Structure) bool {
	if s.Type == "MARKER" || strings.HasPrefix(s.Name, "Clips_") {
		return true
	}
	what := canonical(splitName(s.Name), synonyms()).what
	return what == "clips" || what == axillaryWord
}

// IsAxillary tells whether the clips of s lie far from the bed.
func IsAxillary(s *dicom.Structure) bool {
	return canonical(splitName(s.Name), synonyms()).what == axillaryWord
}

// Clip is one clip of a structure set.
type Clip struct {
	Number   int        // from 1, in the order of structures and of clips in them
	CentreMM volume.Vec // centroid of its voxels, LPS mm
	Mask     *volume.Mask
}

// ClipStructures returns the structures of set that mark clips. One of points alone that lie on clips outlined elsewhere
// says the same again and is left out.
func ClipStructures(set *dicom.StructureSet) []*dicom.Structure {
	const nearMM = 3 // beyond an outline: its own slice's half thickness
	var outlined []volume.Contour
	for i := range set.Structures {
		if IsClips(&set.Structures[i]) {
			outlined = append(outlined, set.Structures[i].Contours...)
		}
	}
	onOutlined := func(p volume.Vec) bool {
		return slices.ContainsFunc(outlined, func(c volume.Contour) bool {
			for k := range 3 {
				lo, hi := c.Points[0][k], c.Points[0][k]
				for _, q := range c.Points {
					lo, hi = min(lo, q[k]), max(hi, q[k])
				}
				if p[k] < lo-nearMM || p[k] > hi+nearMM {
					return false
				}
			}
			return true
		})
	}
	var list []*dicom.Structure
	for i := range set.Structures {
		s := &set.Structures[i]
		again := len(s.Contours) == 0 && len(s.Points) > 0 && !slices.ContainsFunc(s.Points, func(p volume.Vec) bool { return !onOutlined(p) })
		if IsClips(s) && !again {
			list = append(list, s)
		}
	}
	return list
}

// ClipsOf returns the clips of the bed and the axillary ones of a set, on g.
func ClipsOf(set *dicom.StructureSet, g *volume.Grid) (bed, axillary []Clip) {
	for _, s := range ClipStructures(set) {
		masks := s.ClipMasks(g)
		for _, id := range slices.Sorted(maps.Keys(masks)) {
			centre, ok := Centroid(masks[id])
			if !ok {
				continue
			}
			list := &bed
			if IsAxillary(s) {
				list = &axillary
			}
			*list = append(*list, Clip{len(*list) + 1, centre, masks[id]})
		}
	}
	return bed, axillary
}

// Centres are those of clips, LPS mm.
func Centres(clips []Clip) []volume.Vec {
	var all []volume.Vec
	for _, c := range clips {
		all = append(all, c.CentreMM)
	}
	return all
}

// MatchClips compares clips one to one within radiusMM; found that match axillary ones count neither way.
func MatchClips(truth, axillary, found []Clip, radiusMM float64) ClipResult {
	m := segment.Match(Centres(truth), Centres(found), Centres(axillary), radiusMM)
	r := ClipResult{Found: len(m.Pairs), Missed: len(m.Missed), Extra: len(m.False), Axillary: len(m.Ignored), Clips: []ClipFinding{}}
	for _, p := range m.Pairs {
		from, to := truth[p.Truth].CentreMM, found[p.Found].CentreMM
		r.Clips = append(r.Clips, ClipFinding{Found, p.Truth + 1, p.Found + 1, from, Number(p.DistanceMM), Letters(to.Sub(from))})
	}
	for _, i := range m.Missed {
		r.Clips = append(r.Clips, ClipFinding{State: Missed, Ref: i + 1, CentreMM: truth[i].CentreMM, ErrorMM: missing()})
	}
	slices.SortStableFunc(r.Clips, func(a, b ClipFinding) int { return a.Ref - b.Ref })
	for _, j := range m.False {
		r.Clips = append(r.Clips, ClipFinding{State: Extra, Test: j + 1, CentreMM: found[j].CentreMM, ErrorMM: missing()})
	}
	return r
}

func (s *study) compareClips() error {
	test, _ := ClipsOf(s.Test.File, s.Grid)
	s.clips = test
	if s.Ref == nil {
		s.result.Clips = ClipResult{Clips: []ClipFinding{}}
		for _, c := range test {
			s.result.Clips.Clips = append(s.result.Clips.Clips, ClipFinding{State: Only, Test: c.Number, CentreMM: c.CentreMM, ErrorMM: missing()})
		}
		return nil
	}
	ref, axillary := ClipsOf(s.Ref.File, s.Grid)
	s.result.Clips = MatchClips(ref, axillary, test, s.rules.Metrics.HitRadiusMM)
	if len(test) == 0 {
		s.clips = ref
	}
	return nil
}

// measureTargets measures every target of the test.
func (s *study) measureTargets() error {
	if s.body != nil {
		s.skin = skinOf(s.body)
	}
	var lungs *volume.Mask
	for _, set := range [][]shape{s.test, s.ref} {
		for i := range set {
			if canonical(splitName(set[i].Name), synonyms()).what == "lung" && !set[i].mask.Empty() {
				if lungs == nil {
					lungs = set[i].mask
				} else {
					lungs = lungs.Union(set[i].mask)
				}
			}
		}
	}
	for i := range s.test {
		t := &s.test[i]
		if t.mask.Empty() || !isTarget(t.Structure) && !anyMatches(s.rules.Distance.Targets, t.Name) {
			continue
		}
		r := TargetResult{Name: t.Name, Type: t.Type, CC: t.mask.VolumeMM3() / 1000, Clips: []ClipInside{}, SkinMM: missing(), LungMM: missing()}
		surface := segment.SurfaceVoxels(t.mask)
		for _, c := range s.clips {
			in := clipIn(t.mask, surface, c)
			if in.Inside {
				r.Inside++
			}
			r.Clips = append(r.Clips, in)
		}
		if s.skin != nil && !s.skin.Empty() {
			r.SkinMM = Number(leastDistance(surface, s.skin))
		}
		if lungs != nil {
			r.LungMM = Number(leastDistance(surface, lungs))
		}
		s.result.Targets = append(s.result.Targets, r)
	}
	return nil
}

// skinOf returns the surface voxels of the body that border on what lies outside it within the grid: where the CT ends, in
// the middle of the patient, there is no skin.
func skinOf(body *volume.Mask) *volume.Mask {
	skin := volume.NewMask(body.Grid)
	air := func(x, y, z int) bool { return body.Grid.Contains(x, y, z) && !body.At(x, y, z) }
	segment.SurfaceVoxels(body).Each(func(x, y, z int) {
		if air(x-1, y, z) || air(x+1, y, z) || air(x, y-1, z) || air(x, y+1, z) || air(x, y, z-1) || air(x, y, z+1) {
			skin.Set(x, y, z, true)
		}
	})
	return skin
}

// clipIn tells where a clip lies in a target with that surface.
func clipIn(target, surface *volume.Mask, c Clip) ClipInside {
	g := target.Grid
	x, y, z := g.ToVoxel(c.CentreMM)
	in := ClipInside{Clip: c.Number, Inside: target.Has(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))), EdgeMM: math.Inf(1)}
	surface.Each(func(x, y, z int) {
		in.EdgeMM = min(in.EdgeMM, g.ToPatient(float64(x), float64(y), float64(z)).Distance(c.CentreMM))
	})
	if !in.Inside {
		in.EdgeMM = -in.EdgeMM
	}
	return in
}

// leastDistance is the least distance in mm between voxel centres of two masks; neither is empty. It looks round a in
// a box that grows until the nearest voxel of b must be in it.
func leastDistance(a, b *volume.Mask) float64 {
	g := a.Grid
	pixel := min(g.SpacingX, g.SpacingY, thinnest(g))
	for reachMM := 20.0; ; reachMM *= 3 {
		box := a.Bounds().Grow(int(math.Ceil(reachMM / pixel))).Intersect(g.Bounds())
		squared, size := segment.SquaredDistances(b, box), box.Size()
		least := math.Inf(1)
		a.Each(func(x, y, z int) {
			least = min(least, squared[((z-box.Min[2])*size[1]+y-box.Min[1])*size[0]+x-box.Min[0]])
		})
		if least <= reachMM*reachMM || box == g.Bounds() {
			return math.Sqrt(least)
		}
	}
}

// thinnest is the least distance between slices.
func thinnest(g *volume.Grid) float64 {
	least := g.SliceThickness(0)
	for k := 1; k < g.Nz(); k++ {
		least = min(least, g.SliceMM[k]-g.SliceMM[k-1])
	}
	return least
}
