package teach

import (
	"context"
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Reason says why a mark is no clip of the bed, or how a clip was missed.
type Reason struct {
	Kind       string    `json:"kind"`           // a kind of distractor, or one of the Reason constants
	Words      string    `json:"words"`          // a teacher's own, or empty
	DistanceMM qa.Number `json:"distance_mm"`    // to what it names; null where it names nothing
	Clip       int       `json:"clip,omitempty"` // of the reference that it names
	HU         int       `json:"hu,omitempty"`   // brightest near the mark
}

// The reasons that are read off the CT where no distractor lies near.
const (
	ReasonAgain    = "marked again"    // a clip that another mark has found
	ReasonOff      = "off the clip"    // beyond the hit radius of a clip that is missed
	ReasonSkin     = "skin"            // at the surface of the body
	ReasonOutside  = "outside"         // of the body
	ReasonBone     = "bone"            // on or beside bone
	ReasonNothing  = "nothing there"   // as dark as soft tissue
	ReasonBright   = "bright"          // bright, but none of all that
	ReasonAxillary = "axillary"        // a clip of the axilla
	ReasonUnseen   = "never shown"     // a missed clip whose slices were never shown
	ReasonSeen     = "shown, not seen" // a missed clip whose slices were shown
)

// How near what a mark is blamed on must be.
const (
	blameMM    = 6   // a distractor
	skinMM     = 4   // the skin
	boneMM     = 3   // bone
	softHU     = 150 // what is darker, is soft tissue
	brightMM   = 3   // how far from a mark its brightest voxel is looked for
	offClipFar = 2   // times the hit radius: farther, a mark does not mean the clip
)

// Format is the reason in English with the places of its figures, so that the window can translate it: kinds among the
// arguments are English words that are translated by themselves.
func (r *Reason) Format() (format string, args []any) {
	switch r.Kind {
	case ReasonAgain:
		return "clip %d again: another mark has found it", []any{r.Clip}
	case ReasonOff:
		return "%.1f mm from the centre of clip %d: too far to count as found", []any{float64(r.DistanceMM), r.Clip}
	case ReasonSkin:
		return "at the skin, %.1f mm below the surface: a marker, not a clip", []any{float64(r.DistanceMM)}
	case ReasonOutside:
		return "outside the body", nil
	case ReasonBone:
		return "on or beside bone: the tip of a rib?", nil
	case ReasonNothing:
		return "nothing there: at most %d HU, soft tissue", []any{r.HU}
	case ReasonBright:
		return "bright (%d HU) but no clip of the reference", []any{r.HU}
	case ReasonAxillary:
		return "a clip, but of the axilla: not of the tumour bed", nil
	case ReasonUnseen:
		return "its slices were never shown: sweep the whole breast", nil
	case ReasonSeen:
		return "its slices were shown, yet it was not marked", nil
	}
	if r.Words != "" {
		return "%s: %s", []any{r.Kind, r.Words}
	}
	return "%s, %.1f mm away", []any{r.Kind, float64(r.DistanceMM)}
}

// String is the reason in English.
func (r *Reason) String() string {
	format, args := r.Format()
	return fmt.Sprintf(format, args...)
}

// judge finds reasons on one CT. What it measures of the body is measured once, when first needed.
type judge struct {
	lesson   *Lesson
	volume   *volume.Volume
	external *volume.Mask // nil until needed
	bones    *volume.Mask
}

// blame says why the mark at p is false.
func (j *judge) blame(ctx context.Context, p volume.Vec, ref *Reference, missed map[int]bool) (*Reason, error) {
	r := &Reason{DistanceMM: qa.Number(math.NaN())}
	clip, clipMM := nearestClip(ref.Clips, p)
	if clipMM <= j.lesson.HitRadiusMM && !missed[clip] {
		r.Kind, r.Clip, r.DistanceMM = ReasonAgain, clip, qa.Number(clipMM)
		return r, nil
	}
	kind, mm := "", math.Inf(1)
	for i := range j.lesson.Distractors {
		if d := j.lesson.Distractors[i].DistanceMM(p); d < mm {
			kind, mm = j.lesson.Distractors[i].Kind, d
		}
	}
	if mm <= blameMM && mm < clipMM {
		r.Kind, r.DistanceMM, r.Words = kind, qa.Number(mm), j.lesson.Reasons[kind]
		return r, nil
	}
	if clipMM <= offClipFar*j.lesson.HitRadiusMM && missed[clip] {
		r.Kind, r.Clip, r.DistanceMM = ReasonOff, clip, qa.Number(clipMM)
		return r, nil
	}
	return r, j.look(ctx, p, r)
}

// look reads a reason off the CT.
func (j *judge) look(ctx context.Context, p volume.Vec, r *Reason) error {
	if j.external == nil {
		var err error
		if j.external, err = segment.External(ctx, j.volume); err != nil {
			return err
		}
	}
	g := j.volume.Grid
	x, y, z := g.ToVoxel(p)
	if i, k, l := int(math.Round(x)), int(math.Round(y)), int(math.Round(z)); !g.Contains(i, k, l) || !j.external.At(i, k, l) {
		r.Kind = ReasonOutside
		return nil
	}
	if j.bones == nil {
		anatomy, err := segment.FindAnatomy(ctx, j.volume, j.external)
		if err != nil {
			return err
		}
		j.bones = anatomy.Bones
	}
	c := segment.Clip{CentreMM: p}
	around := segment.Surround(&c, nil, j.external, j.bones)
	r.HU = brightest(j.volume, p, brightMM)
	switch {
	case around.SkinMM <= skinMM:
		r.Kind, r.DistanceMM = ReasonSkin, qa.Number(around.SkinMM)
	case around.BoneMM <= boneMM:
		r.Kind, r.DistanceMM = ReasonBone, qa.Number(around.BoneMM)
	case r.HU < softHU:
		r.Kind = ReasonNothing
	default:
		r.Kind = ReasonBright
	}
	return nil
}

// nearestClip is the number of the clip nearest to p, and how far it is; 0 and infinity without clips.
func nearestClip(clips []qa.Clip, p volume.Vec) (number int, mm float64) {
	mm = math.Inf(1)
	for _, c := range clips {
		if d := c.CentreMM.Distance(p); d < mm {
			number, mm = c.Number, d
		}
	}
	return number, mm
}

// brightest is the highest HU within mm of p, and of the voxel p lies in.
func brightest(v *volume.Volume, p volume.Vec, mm float64) int {
	g := v.Grid
	x, y, z := g.ToVoxel(p)
	at := [3]int{int(math.Round(x)), int(math.Round(y)), int(math.Round(z))}
	reach := [3]int{int(math.Ceil(mm / g.SpacingX)), int(math.Ceil(mm / g.SpacingY)), int(math.Ceil(mm / g.SliceThickness(at[2])))}
	most := math.MinInt
	for k := at[2] - reach[2]; k <= at[2]+reach[2]; k++ {
		for j := at[1] - reach[1]; j <= at[1]+reach[1]; j++ {
			for i := at[0] - reach[0]; i <= at[0]+reach[0]; i++ {
				if g.Contains(i, j, k) && ([3]int{i, j, k} == at || g.ToPatient(float64(i), float64(j), float64(k)).Distance(p) <= mm) {
					most = max(most, int(v.At(i, j, k)))
				}
			}
		}
	}
	return most
}
