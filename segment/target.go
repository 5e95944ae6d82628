package segment

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// Names of the drafted structures; clips on both sides add _L and _R.
const (
	BedName   = "SurgicalBed"
	BoostName = "CTVsb_High"
)

// Target is a mask derived from the clips, with the recipe that made it.
type Target struct {
	Name   string // at most 16 characters
	Type   string // DICOM RT ROI Interpreted Type
	Mask   *volume.Mask
	Recipe string // for people: what it was made of, with every margin

	Inputs string // for people: recipe, clips, seroma and free margins that it came from

	Requested *Margin // beyond SurgicalBed, what the recipe asks for before crops; nil where it began as another structure
}

// enoughClips is the number of clips below which a bed is a line or a triangle rather than a volume.
const enoughClips = 4

// flatMM is the thickness below which clips count as lying in a plane.
const flatMM = 5

// SurgicalBed returns the voxels of g whose centre lies in the convex hull of the clips' surfaces, and the
// clips themselves; the warnings say where that is a poor idea of the cavity. The surface of a clip is at
// the half level: half way between a voxel inside and its neighbour outside. Give it the kept clips of one
// side; a clip that is not kept is left out. Fewer than three clips make a line or a point.
func SurgicalBed(g *volume.Grid, clips []Clip) (*volume.Mask, []string) {
	b := newBed(g, clips)
	if b == nil {
		return volume.NewMask(g), []string{"no clip is kept: there is no bed to draft"}
	}
	return b.mask, append(b.warnings, b.wall...)
}

// bed is the hull of some clips.
type bed struct {
	body     *solid
	mask     *volume.Mask
	count    int
	warnings []string
	wall     []string   // warnings that a seroma would make idle
	across   volume.Vec // LPS, in which the hull is the thinnest
}

// newBed returns nil if no clip is kept.
func newBed(g *volume.Grid, clips []Clip) *bed {
	b := &bed{mask: volume.NewMask(g)}
	var points, centres, places []volume.Vec // centres along the grid's axes, places LPS
	for _, c := range clips {
		if !c.Kept || c.Mask == nil || c.Mask.Empty() {
			continue
		}
		b.count++
		points = append(points, surfacePoints(c.Mask)...)
		centres, places = append(centres, alongAxes(g, c.CentreMM)), append(places, c.CentreMM)
		b.mask = b.mask.Union(c.Mask)
	}
	if b.count == 0 {
		return nil
	}
	h, ok := newHull(points)
	if !ok {
		panic("segment: the surface points of a voxel lie in a plane")
	}
	b.body = h.solid(g)
	b.mask = b.body.dilate(newReach(g, Margin{})).Union(b.mask)
	spread := spreadWarning(centres)
	thickMM, across := h.thickness()
	b.across = g.Row.Scale(across[0]).Add(g.Col.Scale(across[1])).Add(g.Normal().Scale(across[2]))
	if b.count < enoughClips {
		joinCentres(b.mask, centres)
		shape := [enoughClips]string{"", "a point", "a line", "a triangle"}[b.count]
		b.warnings = append(b.warnings, fmt.Sprintf("%d clips kept: the bed is %s, not a volume; check it against the seroma and the scar", b.count, shape))
		if b.count == 1 {
			b.warnings[0] = "1 clip kept: the bed is that clip, not a volume; check it against the seroma and the scar"
		}
	} else if len(spread) > 0 {
		joinCentres(b.mask, centres)
		b.warnings = append(b.warnings, spread...)
	} else if thickMM < flatMM {
		joinCentres(b.mask, centres)
		b.warnings = append(b.warnings, fmt.Sprintf("the %d clips lie within %d mm of a plane: the bed is thin; check it against the seroma", b.count, flatMM))
	} else {
		b.wall = b.wallWarning(places, centroid(b.mask))
	}
	return b
}

// alongAxes turns p, LPS mm, into mm along the axes of g from its voxel (0, 0, 0).
func alongAxes(g *volume.Grid, p volume.Vec) volume.Vec {
	d := p.Sub(g.Origin)
	return volume.Vec{d.Dot(g.Row), d.Dot(g.Col), d.Dot(g.Normal())}
}

// surfacePoints returns the points half way between each voxel of m and its side neighbours outside, mm along the grid's axes.
func surfacePoints(m *volume.Mask) []volume.Vec {
	g := m.Grid
	var points []volume.Vec
	m.Each(func(x, y, z int) {
		c := volume.Vec{float64(x) * g.SpacingX, float64(y) * g.SpacingY, g.SliceMM[z]}
		for axis, half := range [3]float64{g.SpacingX / 2, g.SpacingY / 2, 0} {
			for _, sign := range [2]int{-1, 1} {
				n := [3]int{x, y, z}
				n[axis] += sign
				if m.Has(n[0], n[1], n[2]) {
					continue
				}
				p := c
				if axis == 2 {
					half = halfStep(g, z, sign)
				}
				p[axis] += float64(sign) * half
				points = append(points, p)
			}
		}
	})
	return points
}

// halfStep is half the distance in mm from slice z to the next in the direction sign; at the ends, to the other one.
func halfStep(g *volume.Grid, z, sign int) float64 {
	if n := z + sign; n >= 0 && n < g.Nz() {
		return math.Abs(g.SliceMM[n]-g.SliceMM[z]) / 2
	}
	return g.SliceThickness(z) / 2
}

// joinCentres puts the voxels on the line or in the triangles between the points, mm along the grid's
// axes, into m, so that a thin bed has no gaps between voxel centres.
func joinCentres(m *volume.Mask, points []volume.Vec) {
	g := m.Grid
	step := min(g.SpacingX, g.SpacingY) / 2
	line := func(a, b volume.Vec) {
		n := int(math.Ceil(a.Distance(b)/step)) + 1
		for i := range n + 1 {
			p := a.Add(b.Sub(a).Scale(float64(i) / float64(n)))
			x, y := int(math.Round(p[0]/g.SpacingX)), int(math.Round(p[1]/g.SpacingY))
			z, _ := g.NearestSlice(g.Origin.Add(g.Normal().Scale(p[2])))
			if g.Contains(x, y, z) {
				m.Set(x, y, z, true)
			}
		}
	}
	for i, a := range points {
		for j, b := range points[:i] {
			line(a, b)
			for _, c := range points[:j] {
				n := int(math.Ceil(b.Distance(c)/step)) + 1
				for k := 1; k < n; k++ {
					line(a, b.Add(c.Sub(b).Scale(float64(k)/float64(n))))
				}
			}
		}
	}
}

// DraftInput is all that targets are made of.
type DraftInput struct {
	Grid       *volume.Grid
	Clips      []Clip       // those not kept are left out
	External   *volume.Mask // nil: nothing is cut to the body
	Structures map[string]*volume.Mask
	Anatomy    map[string]*volume.Mask // what FindAnatomy found, for recipes; Structures go before
	Seroma     *volume.Mask            // accepted as part of SurgicalBed; nil for none
	Recipe     *Recipe                 // nil: SurgicalBed alone
	FreeMargin FreeMargin
	Cache      *DraftCache
}

// Draft drafts the targets from the kept clips: SurgicalBed within External, then those of the recipe, whose first
// margin is taken from the hull itself rather than from its voxels. Clips on both sides make two of each, named with
// _L and _R. The warnings are for the user to read; they name the side when there are two. An error, of the recipe or
// of ctx, comes with the targets made before it.
func Draft(ctx context.Context, in DraftInput) ([]Target, []string, error) {
	letters := sidesOf(in.Clips)
	var targets []Target
	var warnings []string
	if len(letters) > 1 {
		warnings = append(warnings, "clips are kept on both sides: each has its own bed")
	}
	for _, letter := range letters {
		s := &side{in: &in, letter: letter, made: map[string]shape{}}
		if len(letters) > 1 {
			s.suffix = "_" + letter
		}
		made, err := s.draft(ctx)
		targets = append(targets, made...)
		for _, w := range s.warnings {
			if s.suffix != "" {
				w = BedName + s.suffix + ": " + w
			}
			if !slices.Contains(warnings, w) {
				warnings = append(warnings, w)
			}
		}
		if err != nil {
			return targets, warnings, err
		}
	}
	return targets, warnings, nil
}

// sidesOf lists the sides of the kept clips, in order.
func sidesOf(clips []Clip) []string {
	var letters []string
	for _, c := range clips {
		if c.Kept && !slices.Contains(letters, c.Side) {
			letters = append(letters, c.Side)
		}
	}
	slices.Sort(letters)
	return letters
}

func (s *side) draft(ctx context.Context) ([]Target, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, c := range s.in.Clips {
		if c.Kept && c.Side == s.letter {
			s.clips = append(s.clips, c)
		}
	}
	s.bed = newBed(s.in.Grid, s.clips)
	s.warnings = slices.Clone(s.bed.warnings)
	s.takeSeroma()
	if s.seroma == nil {
		s.warnings = append(s.warnings, s.bed.wall...)
	}
	words := fmt.Sprintf("convex hull of %d clips", s.bed.count)
	if s.bed.count == 1 {
		words = "1 clip"
	}
	shown := s.bed.mask
	if s.seroma != nil {
		shown, words = shown.Union(s.seroma), words+" or "+SeromaName
	}
	if s.in.External != nil {
		shown, words = shown.Intersect(s.in.External), words+", within "+ExternalName
	}
	targets := []Target{{Name: BedName + s.suffix, Type: "CTV", Mask: shown, Recipe: words, Inputs: s.inputs(nil)}}
	if s.in.Recipe == nil {
		return targets, nil
	}
	for _, t := range s.in.Recipe.Targets {
		made, err := s.apply(ctx, t)
		if err != nil {
			return targets, err
		}
		targets = append(targets, made)
	}
	return targets, nil
}

// takeSeroma takes the seroma up where its clips are the nearest, and warns where they do not belong together.
func (s *side) takeSeroma() {
	m := s.in.Seroma
	if m == nil || m.Empty() {
		return
	}
	centre := centroid(m)
	own, others := math.Inf(1), math.Inf(1)
	var to volume.Vec // mean direction from the seroma to its clips
	for _, c := range s.in.Clips {
		if !c.Kept {
			continue
		}
		d := c.CentreMM.Distance(centre)
		if c.Side != s.letter {
			others = min(others, d)
			continue
		}
		own = min(own, d)
		to = to.Add(c.CentreMM.Sub(centre).Scale(1 / max(d, 1) / float64(len(s.clips))))
	}
	if own > others {
		return
	}
	s.seroma, s.seromaBody = m, newSolid(m, m.Bounds())
	s.warnings = append(s.warnings, disagreement(s.bed, s.seromaBody, m, s.clips)...)
	if len(s.clips) >= enoughClips && to.Norm() > oneSided {
		s.warnings = append(s.warnings, fmt.Sprintf("the clips all lie %s of the seroma: they do not show its other side", direction(to)))
	}
}

// centroid is the mean of the voxel centres of m, LPS mm.
func centroid(m *volume.Mask) volume.Vec {
	var sum volume.Vec
	n := 0.0
	for _, r := range m.Runs() {
		w := float64(r.X1 - r.X0)
		sum = sum.Add(m.Grid.ToPatient(float64(r.X0+r.X1-1)/2, float64(r.Y), float64(r.Z)).Scale(w))
		n += w
	}
	return sum.Scale(1 / n)
}

// thinMargin warns when the slices are thicker than the margin across them.
func thinMargin(g *volume.Grid, m Margin) []string {
	thickness := 0.0
	for z := range g.Nz() {
		thickness = max(thickness, g.SliceThickness(z))
	}
	least := math.Inf(1)
	n := g.Normal()
	for i, pair := range [3][2]float64{{m.R, m.L}, {m.A, m.P}, {m.S, m.I}} {
		if math.Abs(n[i]) > math.Sqrt(0.5) {
			least = min(pair[0], pair[1])
		}
	}
	if least > 0 && thickness > least {
		return []string{fmt.Sprintf("slices are %.3g mm thick, more than the margin of %.3g mm across them: the margin holds on average, not on every slice", thickness, least)}
	}
	return nil
}
