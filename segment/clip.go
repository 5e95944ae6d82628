package segment

import "github.com/clipwright/clipwright/internal/volume"

// Flags of a Clip: what the eye should check.
const (
	FlagNearSkin    = "near skin"    // centre within 4 mm of the External's surface: a skin marker?
	FlagTouchesBone = "touches bone" // joined to a large region as dense as itself or as cortical bone
	FlagLarge       = "large"        // larger than one clip can be
	FlagLowContrast = "low contrast" // the peak hardly rises over its surroundings
	FlagFar         = "far from bed" // far from the clips of the bed: the axilla's, or something else
)

// Clip is one surgical clip, on the CT's own grid.
type Clip struct {
	ID         int        // from 1, head to foot, then right to left
	Side       string     // "L" or "R": the patient's own, by the External's midline at the clip's level
	CentreMM   volume.Vec // centroid weighted by what rises clearly above the background, LPS mm
	VolumeMM3  float64    // of Mask
	PeakHU     int        // of the CT, in Mask
	Confidence float64    // calibrated probability, 0 to 1
	Flags      []string
	Kept       bool
	ByHand     bool         // a user pointed at it: Confidence is 1 and means nothing
	Mask       *volume.Mask // connected voxels above the half level, on the CT's grid; no two clips share one
	Evidence   Evidence     // what its confidence stands on; empty for a clip by hand
	Marked     *volume.Mask // what the Segmentation Net marked of it, on the network grid; nil for a clip drawn by hand
}

// doubtful is a confidence below which a clip deserves a look before the others.
const doubtful = 0.6

// Doubtful tells whether c scores low or looks like something else.
func (c *Clip) Doubtful() bool { return c.Confidence < doubtful || len(c.Flags) > 0 }

// ROI is the region that holds the clips: 96^3 voxels of 2 mm, or the box a user drew. Its corners are
// the outer faces of its voxels; on an oblique grid, those of the axis-parallel box that holds them.
type ROI struct {
	MinMM, MaxMM volume.Vec // LPS mm
	CentreMM     volume.Vec // what the Location Net pointed at; the middle of a box that was drawn
}

// Contains tells whether p, LPS mm, lies in r.
func (r *ROI) Contains(p volume.Vec) bool {
	for i := range p {
		if p[i] < r.MinMM[i] || p[i] > r.MaxMM[i] {
			return false
		}
	}
	return true
}
