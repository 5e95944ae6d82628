package segment

import (
	"cmp"
	"context"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// Names by which recipes find the anatomy. A structure of that name in a structure set goes before ours.
const (
	LungsName     = "Lungs"
	BonesName     = "Bones"
	ChestwallName = "Chestwall"
)

const (
	lungLowHU, lungHighHU = -950, -400 // between gas of windpipe and bowel, and half way to soft tissue
	lungOpenMM            = 3          // windpipe walls and the rims of bowel gas are thinner than twice this
	lungCloseMM           = 4          // vessels
	lungLeastCC           = 30
	boneHU                = 160 // marrow of a thick rib; clips are told from bone by their size
	boneLeastCC           = 1
	boneSkinMM            = 4  // what is denser near the skin is a wire or a marker
	boneCloseMM           = 3  // marrow
	holeMostCC            = 5  // holes larger than that are the heart or the spinal canal
	ribReachMM            = 15 // ribs and sternum are no farther outside the pleura
	wallCarryMM           = 40 // the wall goes on below the anterior end of the lungs
)

// Anatomy is what classical methods find on a CT without contrast medium, good enough to crop targets with and no more:
// thresholds, sizes and hulls, no learned shape. Masks are on the volume's grid.
type Anatomy struct {
	Lungs *volume.Mask // without windpipe; empty where the scan shows none
	Bones *volume.Mask // ribs, sternum, spine and shoulders; dense contrast medium counts as bone
	// Chestwall is all that lies within the outer surface of ribs and sternum, heart and lungs too: what a target of the
	// breast must not enter. Its front runs straight across the heart. It ends where the lungs do.
	Chestwall *volume.Mask
}

// Structures are the masks by name, those that are not empty.
func (a *Anatomy) Structures() map[string]*volume.Mask {
	all := map[string]*volume.Mask{}
	for name, m := range map[string]*volume.Mask{LungsName: a.Lungs, BonesName: a.Bones, ChestwallName: a.Chestwall} {
		if !m.Empty() {
			all[name] = m
		}
	}
	return all
}

// FindAnatomy finds lungs, bones and the chest wall within external.
func FindAnatomy(ctx context.Context, v *volume.Volume, external *volume.Mask) (*Anatomy, error) {
	c, err := shrink(ctx, v)
	if err != nil {
		return nil, err
	}
	inside := volume.Erode(c.blocks(external), boneSkinMM)
	lungs, err := c.lungs(ctx, inside)
	if err != nil {
		return nil, err
	}
	bones, err := c.bones(ctx, inside)
	if err != nil {
		return nil, err
	}
	a := &Anatomy{Chestwall: c.chestwall(lungs, bones).Intersect(external)}
	if a.Lungs, err = c.refineBetween(ctx, lungs, v, lungLowHU-100, lungHighHU); err != nil {
		return nil, err
	}
	if a.Bones, err = c.refine(ctx, bones, v, boneHU); err != nil {
		return nil, err
	}
	a.Lungs, a.Bones = a.Lungs.Intersect(external), a.Bones.Intersect(external)
	return a, nil
}

// SkinRim is the part of external within mm of the skin.
func SkinRim(external *volume.Mask, mm float64) *volume.Mask {
	return external.Subtract(Contract(external, UniformMargin(mm)))
}

// blocks is a source mask on the coarse grid: the blocks whose middle source voxel is in.
func (c *coarse) blocks(m *volume.Mask) *volume.Mask {
	g := c.source
	out := volume.NewMask(c.grid)
	row := make([]uint8, 0, g.Nx)
	in := make([]bool, c.grid.Nx)
	for z := range c.grid.Nz() {
		sz := min(z*c.fz+c.fz/2, g.Nz()-1)
		for y := range c.grid.Ny {
			sy := min(y*c.fy+c.fy/2, g.Ny-1)
			row = m.Dense(volume.Box{Min: [3]int{0, sy, sz}, Max: [3]int{g.Nx, sy + 1, sz + 1}}, row)
			for x := range in {
				in[x] = row[min(x*c.fx+c.fx/2, g.Nx-1)] != 0
			}
			setRuns(out, in, y, z)
		}
	}
	return out
}

// keepLarge is the components of m of leastCC or more.
func keepLarge(m *volume.Mask, leastCC float64) *volume.Mask {
	out := volume.NewMask(m.Grid)
	for _, part := range volume.ComponentRuns(m) {
		if mm3 := runsMM3(m.Grid, part.Runs); mm3 < 1000*leastCC {
			continue
		}
		for _, r := range part.Runs {
			out.SetSpan(r.X0, r.X1, r.Y, r.Z)
		}
	}
	return out
}

func runsMM3(g *volume.Grid, runs []volume.Run) float64 {
	mm3 := 0.0
	for _, r := range runs {
		mm3 += float64(r.X1-r.X0) * g.VoxelVolume(r.Z)
	}
	return mm3
}

// fillSmallHoles fills the holes of each slice that together make no more than mostCC.
func fillSmallHoles(m *volume.Mask, mostCC float64) *volume.Mask {
	holes := volume.FillHoles(m).Subtract(m)
	return m.Union(holes.Subtract(keepLarge(holes, mostCC)))
}

// lungs is them on the coarse grid.
func (c *coarse) lungs(ctx context.Context, inside *volume.Mask) (*volume.Mask, error) {
	low, err := c.atLeast(ctx, lungLowHU)
	if err != nil {
		return nil, err
	}
	high, err := c.atLeast(ctx, lungHighHU)
	if err != nil {
		return nil, err
	}
	air := low.Subtract(high).Intersect(inside)
	large := keepLarge(volume.Open(air, lungOpenMM), lungLeastCC)
	if err := ctx.Err(); err != nil || large.Empty() {
		return large, err
	}
	// What the opening took off the corners comes back, and vessels are lung.
	large = volume.Dilate(large, lungOpenMM).Intersect(air)
	return fillSmallHoles(volume.Close(large, lungCloseMM), holeMostCC).Intersect(inside), ctx.Err()
}

// bones is them on the coarse grid.
func (c *coarse) bones(ctx context.Context, inside *volume.Mask) (*volume.Mask, error) {
	dense, err := c.atLeast(ctx, boneHU)
	if err != nil {
		return nil, err
	}
	large := keepLarge(dense.Intersect(inside), boneLeastCC)
	return fillSmallHoles(volume.Close(large, boneCloseMM), holeMostCC).Intersect(inside), ctx.Err()
}

// chestwall is, on each source slice, the convex hull of lungs, ribs and sternum there and a little above.
func (c *coarse) chestwall(lungs, bones *volume.Mask) *volume.Mask {
	pleura := volume.Rasterise(c.grid, c.sliceHulls(lungs))
	ribs := bones.Intersect(volume.Dilate(pleura, ribReachMM))
	return volume.Rasterise(c.source, c.sliceHulls(lungs.Union(ribs)))
}

// sliceHulls are the convex hulls of m, one for each source slice whose coarse slice, or one within wallCarryMM above it, holds
// some of m.
func (c *coarse) sliceHulls(m *volume.Mask) []volume.Contour {
	g := c.grid
	perSlice := make([][]point2, g.Nz())
	for z := range perSlice {
		for _, r := range rowExtents(m, z) {
			// The corners of the voxels at both ends of the row.
			for _, dy := range [2]float64{-0.5, 0.5} {
				y := (float64(r.Y) + dy) * g.SpacingY
				perSlice[z] = append(perSlice[z], point2{(float64(r.X0) - 0.5) * g.SpacingX, y}, point2{(float64(r.X1) - 0.5) * g.SpacingX, y})
			}
		}
		perSlice[z] = convexHull2(perSlice[z])
	}
	up := 0 // the direction of the head, in slices, where slices are axial
	if n := g.Normal()[2]; n > 0.7 {
		up = 1
	} else if n < -0.7 {
		up = -1
	}
	lowest := -1 // the end of the lungs away from the head
	for z := range perSlice {
		if len(perSlice[z]) > 0 && (lowest < 0 || up < 0) {
			lowest = z
		}
	}
	var contours []volume.Contour
	for z := range perSlice {
		if len(perSlice[z]) == 0 && (up == 0 || (z-lowest)*up > 0) {
			continue
		}
		points := slices.Clone(perSlice[z])
		for k := z + up; up != 0 && k >= 0 && k < g.Nz() && (g.SliceMM[k]-g.SliceMM[z])*float64(up) <= wallCarryMM; k += up {
			points = append(points, perSlice[k]...)
		}
		hull := convexHull2(points)
		if len(hull) < 3 {
			continue
		}
		for sz := z * c.fz; sz < min((z+1)*c.fz, c.source.Nz()); sz++ {
			contours = append(contours, volume.Contour{Points: c.onSlice(hull, sz)})
		}
	}
	return contours
}

// point2 is a point of a slice, mm along x and y from the centre of coarse voxel (0, 0).
type point2 [2]float64

// onSlice puts a polygon onto source slice z, LPS mm.
func (c *coarse) onSlice(polygon []point2, z int) []volume.Vec {
	points := make([]volume.Vec, len(polygon))
	at := c.source.SliceMM[z] - c.source.SliceMM[0]
	first := c.source.ToPatient(float64(c.fx-1)/2, float64(c.fy-1)/2, 0)
	for i, p := range polygon {
		points[i] = first.Add(c.grid.Row.Scale(p[0])).Add(c.grid.Col.Scale(p[1])).Add(c.grid.Normal().Scale(at))
	}
	return points
}

// convexHull2 is the convex hull of points, counter-clockwise, by Andrew's monotone chain (1979,
// doi:10.1016/0020-0190(79)90072-3). It sorts points.
func convexHull2(points []point2) []point2 {
	if len(points) < 3 {
		return points
	}
	slices.SortFunc(points, func(a, b point2) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var hull []point2
	half := func(from, to, step int) {
		base := len(hull)
		for i := from; i != to; i += step {
			p := points[i]
			for len(hull) >= base+2 {
				a, b := hull[len(hull)-2], hull[len(hull)-1]
				if (b[0]-a[0])*(p[1]-a[1])-(b[1]-a[1])*(p[0]-a[0]) > 0 {
					break
				}
				hull = hull[:len(hull)-1]
			}
			hull = append(hull, p)
		}
		hull = hull[:len(hull)-1] // it begins the other half
	}
	half(0, len(points), 1)
	half(len(points)-1, -1, -1)
	return hull
}
