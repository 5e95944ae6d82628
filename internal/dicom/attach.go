package dicom

import (
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Check reports in what way set does not belong to ct, whose grid is g: another frame of reference or
// series, images that ct lacks, contours beside its slices. path is the file that findings name. It
// tells whether set lies in the same frame of reference, without which coordinates mean nothing; a file
// that names none gets the benefit of the doubt.
func (set *StructureSet) Check(path string, ct *Series, g *volume.Grid, report *Report) (sameFrame bool) {
	sameFrame = set.FrameOfReferenceUID == ct.FrameOfReferenceUID || set.FrameOfReferenceUID == ""
	if !sameFrame {
		report.warning(path, "lies in another frame of reference than the CT: its coordinates need not fit")
	}
	if set.CTSeriesUID != "" && set.CTSeriesUID != ct.UID {
		report.warning(path, fmt.Sprintf("was drawn on another series, %s", set.CTSeriesUID))
	}
	images := map[string]bool{}
	for i := range ct.Slices {
		images[ct.Slices[i].SOPInstanceUID] = true
	}
	missing := 0
	for _, uid := range set.ImageUIDs {
		if !images[uid] {
			missing++
		}
	}
	if missing > 0 {
		report.warning(path, fmt.Sprintf("refers to %d images that the CT lacks, of %d", missing, len(set.ImageUIDs)))
	}
	for i := range set.Structures {
		s := &set.Structures[i]
		off := 0
		for k := range s.Contours {
			if !liesOnSlice(&s.Contours[k], g) {
				off++
			}
		}
		if off > 0 {
			report.warning(path, fmt.Sprintf("%q: %d of %d contours lie between the slices of the CT or outside: they fill the nearest slice within half a slice, others are lost",
				s.Name, off, len(s.Contours)))
		}
	}
	return sameFrame
}

// fitOf returns which part of the contours and points of set lies on slices of ct and within their images, 0 to 1.
func (set *StructureSet) fitOf(ct *Series) float64 {
	g, err := ct.Grid()
	if err != nil {
		return 0
	}
	within := func(p volume.Vec) bool {
		x, y, _ := g.ToVoxel(p)
		return x > -1 && y > -1 && x < float64(g.Nx) && y < float64(g.Ny)
	}
	all, on := 0, 0
	for i := range set.Structures {
		for k := range set.Structures[i].Contours {
			c := &set.Structures[i].Contours[k]
			if all++; within(c.Points[0]) && liesOnSlice(c, g) {
				on++
			}
		}
		for _, p := range set.Structures[i].Points {
			z, off := g.NearestSlice(p)
			if all++; within(p) && off <= g.SliceThickness(z)/2 {
				on++
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(on) / float64(all)
}

// ChooseCTFor returns the CT on which set, read from path, was drawn: the series that it names, else the one that has
// the most of its images, else the one of its frame of reference on whose slices it lies. Identifiers that lie are found
// out by geometry, and said. When nothing tells, ChooseCT decides.
func ChooseCTFor(studies []*Study, set *StructureSet, path string, report *Report) (*Series, error) {
	const fits, clearlyBetter = 0.5, 0.25
	wanted := map[string]bool{}
	for _, uid := range set.ImageUIDs {
		wanted[uid] = true
	}
	var named, images, best *Series
	mostImages, bestFit := 0, 0.0
	for _, study := range studies {
		for _, s := range study.Series {
			if s.Modality != "CT" || s.Localizer || s.unreadable != "" {
				continue
			}
			if s.UID == set.CTSeriesUID && s.UID != "" && (named == nil || len(s.Slices) > len(named.Slices)) {
				named = s
			}
			n := 0
			for i := range s.Slices {
				if wanted[s.Slices[i].SOPInstanceUID] {
					n++
				}
			}
			if n > mostImages {
				images, mostImages = s, n
			}
			sameFrame := set.FrameOfReferenceUID == "" || set.FrameOfReferenceUID == s.FrameOfReferenceUID
			if fit := set.fitOf(s); sameFrame && fit > bestFit {
				best, bestFit = s, fit
			}
		}
	}
	by := named
	if by == nil {
		by = images
	}
	switch {
	case by == nil && best != nil && bestFit >= fits:
		report.warning(path, fmt.Sprintf("does not name a CT that is here: it is taken for one drawn on %s, on whose slices it lies", best.name()))
		return best, nil
	case by == nil:
		return ChooseCT(studies, "")
	case best != nil && best != by && bestFit >= fits && bestFit > set.fitOf(by)+clearlyBetter:
		report.warning(path, fmt.Sprintf("names the series %s, but lies on the slices of %s, which is used", by.name(), best.name()))
		return best, nil
	}
	return by, nil
}

// foreignPlaneMM is how far a contour of another program may lie off its slice: headers and contours
// round differently.
const foreignPlaneMM = 0.1

func liesOnSlice(c *volume.Contour, g *volume.Grid) bool {
	normal := g.Normal()
	z, _ := g.NearestSlice(c.Points[0])
	for _, p := range c.Points {
		if math.Abs(p.Sub(g.Origin).Dot(normal)-g.SliceMM[z]) > foreignPlaneMM {
			return false
		}
	}
	return true
}
