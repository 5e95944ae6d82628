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
