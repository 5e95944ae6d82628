package segment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
)

// TargetFigures say what a target became, as against what was asked for. What was not given to measure against is NaN.
type TargetFigures struct {
	CC          float64
	Achieved    Margin      // mm that its outermost voxel lies beyond the bed's in each direction; negative where it was cut into the bed
	Requested   *Margin     // mm that the recipe asks for; nil where it does not say
	Clips       []ClipDepth // of the kept clips, as they were given
	Outside     []int       // ids of kept clips whose centre lies outside it
	ClipEdgeMM  float64     // least depth of a clip inside
	SkinMM      float64     // least distance from it to the surface voxels of External
	VolumeRatio float64     // its volume over the bed's
	SkinCC      float64     // of it within SkinRimMM of the skin, or outside External
	LungCC      float64     // of it in lung
	NotBreastCC float64     // of it outside the breast
	BreastRatio float64     // its volume over the breast's
}

// ClipDepth is how deep the centre of a clip lies in a target, mm from its sub-voxel surface; negative outside.
type ClipDepth struct {
	ID int
	MM float64
}

// depthStepMM is the distance between the rows of the lattice on which depths are measured.
const depthStepMM = 0.25

// SkinRimMM is the depth of the skin in which a target's part is told.
const SkinRimMM = 5

// MeasureInput is what targets are measured against; all but Bed and Clips may be nil.
type MeasureInput struct {
	Bed, External, Lungs, Breast *volume.Mask
	Clips                        []Clip      // those that are not kept are left out
	Cache                        *DraftCache // of the same External; may be nil
}

// MeasureTarget measures a target against the bed it came from, the kept clips and the anatomy. The depth of clips is true to about
// half a mm, other distances are between voxel centres, so true to about a voxel.
func MeasureTarget(t Target, in MeasureInput) TargetFigures {
	nan := math.NaN()
	mm3 := t.Mask.VolumeMM3()
	f := TargetFigures{
		CC: mm3 / 1000, Requested: t.Requested, Achieved: UniformMargin(nan), ClipEdgeMM: nan, SkinMM: nan,
		VolumeRatio: mm3 / in.Bed.VolumeMM3(), SkinCC: nan, LungCC: nan, NotBreastCC: nan, BreastRatio: nan,
	}
	if t.Mask.Empty() || in.Bed.Empty() {
		return f
	}
	low, high := extent(t.Mask)
	bedLow, bedHigh := extent(in.Bed)
	lo, hi := bedLow.Sub(low), high.Sub(bedHigh)
	f.Achieved = Margin{R: lo[0], L: hi[0], A: lo[1], P: hi[1], S: hi[2], I: lo[2]}
	f.Outside = outsideOf(t.Mask, in.Clips)
	body := newSolidOf(t.Mask, t.Mask.Bounds(), depthStepMM)
	for _, c := range in.Clips {
		if !c.Kept {
			continue
		}
		d := body.depthMM(c.CentreMM)
		f.Clips = append(f.Clips, ClipDepth{c.ID, d})
		if !slices.Contains(f.Outside, c.ID) && !(d >= f.ClipEdgeMM) {
			f.ClipEdgeMM = max(d, 0)
		}
	}
	if in.External != nil && !in.External.Empty() {
		f.SkinMM = skinDistance(t.Mask, in.External)
		f.SkinCC = t.Mask.Subtract(in.Cache.contract(in.External, UniformMargin(SkinRimMM))).VolumeMM3() / 1000
	}
	if in.Lungs != nil {
		f.LungCC = t.Mask.Intersect(in.Lungs).VolumeMM3() / 1000
	}
	if in.Breast != nil && !in.Breast.Empty() {
		f.NotBreastCC = t.Mask.Subtract(in.Breast).VolumeMM3() / 1000
		f.BreastRatio = mm3 / in.Breast.VolumeMM3()
	}
	return f
}

// String is the figures as one line, in the order of importance; what is not known is left out.
func (f TargetFigures) String() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	a := f.Achieved
	if !math.IsNaN(a.R) {
		asked := ""
		if f.Requested != nil {
			asked = ", asked " + f.Requested.String()
		}
		add("beyond the bed R %.1f L %.1f A %.1f P %.1f S %.1f I %.1f mm%s", a.R, a.L, a.A, a.P, a.S, a.I, asked)
	}
	if n := len(f.Clips); n > 0 {
		inside := fmt.Sprintf("%d of %d clips inside", n-len(f.Outside), n)
		if !math.IsNaN(f.ClipEdgeMM) {
			inside += fmt.Sprintf(", nearest %.1f mm from its edge", f.ClipEdgeMM)
		}
		parts = append(parts, inside)
	}
	for _, c := range f.Clips {
		if slices.Contains(f.Outside, c.ID) {
			add("clip %d %.1f mm outside", c.ID, max(-c.MM, 0))
		}
	}
	for _, known := range []struct {
		value  float64
		format string
	}{
		{f.SkinMM, "skin %.1f mm"},
		{f.SkinCC, fmt.Sprintf("%%.1f cc within %d mm of the skin", SkinRimMM)},
		{f.LungCC, "%.1f cc in lung"},
		{f.NotBreastCC, "%.1f cc outside the breast"},
		{100 * f.BreastRatio, "%.0f %% of the breast"},
		{f.VolumeRatio, "%.1f x the bed"},
	} {
		if !math.IsNaN(known.value) && !math.IsInf(known.value, 0) {
			add(known.format, known.value)
		}
	}
	return strings.Join(parts, "; ")
}

// outsideOf returns the ids of the kept clips whose centre is in no voxel of m.
func outsideOf(m *volume.Mask, clips []Clip) []int {
	var ids []int
	for _, c := range clips {
		x, y, z := m.Grid.ToVoxel(c.CentreMM)
		if c.Kept && !m.Has(int(math.Round(x)), int(math.Round(y)), int(math.Round(z))) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// extent returns the least and the largest patient coordinate, LPS mm, of the voxel centres of m.
func extent(m *volume.Mask) (low, high volume.Vec) {
	low, high = volume.Vec{math.Inf(1), math.Inf(1), math.Inf(1)}, volume.Vec{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for _, r := range m.Runs() {
		for _, x := range [2]int{r.X0, r.X1 - 1} {
			p := m.Grid.ToPatient(float64(x), float64(r.Y), float64(r.Z))
			for i := range p {
				low[i], high[i] = min(low[i], p[i]), max(high[i], p[i])
			}
		}
	}
	return low, high
}

// skinSearchMM is how far from a target its nearest skin is sought first.
const skinSearchMM = 40

// skinDistance is the least distance in mm between voxel centres of the surfaces of target and external, neither empty.
func skinDistance(target, external *volume.Mask) float64 {
	g, b := target.Grid, target.Bounds()
	for i, step := range [2]float64{g.SpacingX, g.SpacingY} {
		n := int(skinSearchMM/step) + 1
		b.Min[i], b.Max[i] = b.Min[i]-n, b.Max[i]+n
	}
	z0, z1 := g.SliceMM[b.Min[2]]-skinSearchMM, g.SliceMM[b.Max[2]-1]+skinSearchMM
	for b.Min[2] > 0 && g.SliceMM[b.Min[2]-1] >= z0 {
		b.Min[2]--
	}
	for b.Max[2] < g.Nz() && g.SliceMM[b.Max[2]] <= z1 {
		b.Max[2]++
	}
	surface := surfaceIn(target, target.Bounds())
	if d := leastDistance(surface, surfaceIn(external, b.Intersect(g.Bounds()))); d <= skinSearchMM {
		return d // what is beyond the box is farther
	}
	return leastDistance(surface, surfaceIn(external, g.Bounds()))
}

// surfaceIn is the surface voxels of m within b, in the grid.
func surfaceIn(m *volume.Mask, b volume.Box) *volume.Mask {
	g := m.Grid
	out := volume.NewMask(g)
	wide := b.Grow(1).Intersect(g.Bounds())
	dense, s := m.Dense(wide, nil), wide.Size()
	plane := s[0] * s[1]
	for z := b.Min[2]; z < b.Max[2]; z++ {
		for y := b.Min[1]; y < b.Max[1]; y++ {
			i := (z-wide.Min[2])*plane + (y-wide.Min[1])*s[0] - wide.Min[0]
			edge := z == 0 || z == g.Nz()-1 || y == 0 || y == g.Ny-1
			for x := b.Min[0]; x < b.Max[0]; x++ {
				at := i + x
				if dense[at] == 0 {
					continue
				}
				if edge || x == 0 || x == g.Nx-1 || dense[at-1]+dense[at+1]+dense[at-s[0]]+dense[at+s[0]]+dense[at-plane]+dense[at+plane] < 6 {
					out.Set(x, y, z, true)
				}
			}
		}
	}
	return out
}

// leastDistance is the least distance in mm between voxel centres of two masks, NaN when one is empty.
func leastDistance(a, b *volume.Mask) float64 {
	if a.Empty() || b.Empty() {
		return math.NaN()
	}
	least := math.Inf(1)
	for _, d := range directedDistances(a, b) {
		least = min(least, d)
	}
	return least
}

// depthMM is how deep p, LPS mm, lies below the surface of the body; negative outside. A face between two rows of the lattice
// is off by a step at most.
func (s *solid) depthMM(p volume.Vec) float64 {
	q := alongAxes(s.grid, p)
	in := s.holds(q)
	least := math.Inf(1)
	for k, z := range s.zs {
		dz := q[2] - z
		if dz*dz >= least {
			continue
		}
		for j := range s.ny {
			dy := q[1] - s.y(j)
			if rest := dy*dy + dz*dz; rest < least {
				least = min(least, rest+squaredAlong(s.row(k, j), q[0], in))
			}
		}
	}
	if in {
		return math.Sqrt(least)
	}
	return -math.Sqrt(least)
}

// squaredAlong is the squared distance from x to the spans of a row, or to what is between them.
func squaredAlong(spans []span, x float64, between bool) float64 {
	least := math.Inf(1)
	if between {
		least = 0
	}
	for _, sp := range spans {
		switch d := max(sp.x0-x, x-sp.x1); {
		case !between:
			least = min(least, max(d, 0)*max(d, 0))
		case d < 0:
			return d * d
		}
	}
	return least
}

// holds tells whether q, mm along the grid's axes, is in the span of the lattice row nearest to it.
func (s *solid) holds(q volume.Vec) bool {
	j := int(math.Round(q[1]/s.stepYMM)) - s.firstY
	k := 0
	for i, z := range s.zs {
		if math.Abs(z-q[2]) < math.Abs(s.zs[k]-q[2]) {
			k = i
		}
	}
	const beyond = 0.5 // mm: farther from the outermost lattice slice is outside
	if j < 0 || j >= s.ny || math.Abs(s.zs[k]-q[2]) > beyond {
		return false
	}
	for _, sp := range s.row(k, j) {
		if q[0] >= sp.x0 && q[0] <= sp.x1 {
			return true
		}
	}
	return false
}

// Neighbours is what drafted targets are measured against.
type Neighbours struct {
	External   *volume.Mask            // nil: no skin
	Structures map[string]*volume.Mask // Lungs, Breast or Breast_L
	Anatomy    map[string]*volume.Mask // where Structures has none
	Clips      []Clip
	Cache      *DraftCache
}

// MeasureTargets measures what Draft made, each target against the bed of its own side; one for each target, in order.
func MeasureTargets(targets []Target, in Neighbours) []TargetFigures {
	figures := make([]TargetFigures, len(targets))
	var bed Target
	for i, t := range targets {
		if strings.HasPrefix(t.Name, BedName) {
			bed = t
		}
		side := strings.TrimPrefix(strings.TrimPrefix(bed.Name, BedName), "_")
		m := MeasureInput{Bed: bed.Mask, External: in.External, Cache: in.Cache}
		for _, c := range in.Clips {
			if c.Kept && (side == "" || side == c.Side) {
				m.Clips = append(m.Clips, c)
			}
		}
		letter := side
		if letter == "" && len(m.Clips) > 0 {
			letter = m.Clips[0].Side
		}
		m.Lungs = findMask([]string{LungsName}, in.Structures, in.Anatomy)
		m.Breast = findMask([]string{"Breast_" + letter, "Breast"}, in.Structures)
		figures[i] = MeasureTarget(t, m)
	}
	return figures
}

// findMask is the first mask of one of the names, whatever the case of letters, in the first of the sets that has one; nil if
// none has.
func findMask(names []string, sets ...map[string]*volume.Mask) *volume.Mask {
	for _, set := range sets {
		for _, name := range names {
			for have, m := range set {
				if strings.EqualFold(have, name) {
					return m
				}
			}
		}
	}
	return nil
}

// TargetComparison sets a target of one recipe beside that of another.
type TargetComparison struct {
	A, B     string // names
	ACC, BCC float64
	DSC      float64
}

// CompareTargets pairs the targets of two drafts of the same clips: by name, else in order among those of a type and side.
func CompareTargets(a, b []Target) []TargetComparison {
	taken := make([]bool, len(b))
	find := func(same func(t Target) bool) int {
		return slices.IndexFunc(b, func(t Target) bool {
			return !taken[slices.IndexFunc(b, func(u Target) bool { return u.Name == t.Name })] && same(t)
		})
	}
	var pairs []TargetComparison
	for _, t := range a {
		i := find(func(u Target) bool { return u.Name == t.Name })
		if i < 0 {
			i = find(func(u Target) bool {
				return u.Type == t.Type && sideSuffix(u.Name) == sideSuffix(t.Name) && !strings.HasPrefix(u.Name, BedName)
			})
		}
		if i < 0 {
			continue
		}
		taken[i] = true
		pairs = append(pairs, TargetComparison{t.Name, b[i].Name, t.Mask.VolumeMM3() / 1000, b[i].Mask.VolumeMM3() / 1000, DSC(t.Mask, b[i].Mask)})
	}
	return pairs
}

// sideSuffix is _L, _R or nothing.
func sideSuffix(name string) string {
	for _, s := range []string{"_L", "_R"} {
		if strings.HasSuffix(name, s) {
			return s
		}
	}
	return ""
}
