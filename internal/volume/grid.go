package volume

import (
	"errors"
	"fmt"
	"math"
	"sort"
)

// Grid places voxels in the patient: in-plane size and spacing, orthonormal axes, and a position
// for each slice. The normal is Row x Col, so a Grid is never sheared.
type Grid struct {
	Nx, Ny             int       // columns, rows
	SpacingX, SpacingY float64   // mm between voxel centres along Row and along Col
	Origin             Vec       // centre of voxel (0, 0, 0), LPS mm
	Row, Col           Vec       // unit directions of growing x and growing y
	SliceMM            []float64 // offset of each slice centre from Origin along Normal, strictly increasing, SliceMM[0] = 0
}

// NewUniformGrid returns an axis-aligned grid (Row = +x, Col = +y) with nz slices spacingZ mm apart.
func NewUniformGrid(nx, ny, nz int, spacingX, spacingY, spacingZ float64, origin Vec) *Grid {
	slices := make([]float64, nz)
	for z := range slices {
		slices[z] = float64(z) * spacingZ
	}
	return &Grid{
		Nx: nx, Ny: ny, SpacingX: spacingX, SpacingY: spacingY, Origin: origin,
		Row: Vec{1, 0, 0}, Col: Vec{0, 1, 0}, SliceMM: slices,
	}
}

// axisTolerance is how far the axes may be from orthonormal: DICOM writes them with six decimals or so.
const axisTolerance = 1e-3

// Validate reports the first way in which g cannot place voxels.
func (g *Grid) Validate() error {
	switch {
	case g.Nx < 1 || g.Ny < 1 || len(g.SliceMM) < 1:
		return fmt.Errorf("grid of %d x %d x %d voxels is empty", g.Nx, g.Ny, len(g.SliceMM))
	case !(g.SpacingX > 0) || !(g.SpacingY > 0):
		return fmt.Errorf("pixel spacing %g x %g mm is not positive", g.SpacingX, g.SpacingY)
	case math.Abs(g.Row.Norm()-1) > axisTolerance || math.Abs(g.Col.Norm()-1) > axisTolerance || math.Abs(g.Row.Dot(g.Col)) > axisTolerance:
		return errors.New("image axes are not orthonormal")
	case g.SliceMM[0] != 0:
		return errors.New("first slice is not at the origin")
	}
	for z := 1; z < len(g.SliceMM); z++ {
		if !(g.SliceMM[z] > g.SliceMM[z-1]) {
			return fmt.Errorf("slice %d does not follow slice %d along the normal", z, z-1)
		}
	}
	return nil
}

// Nz is the number of slices.
func (g *Grid) Nz() int { return len(g.SliceMM) }

// Len is the number of voxels.
func (g *Grid) Len() int { return g.Nx * g.Ny * len(g.SliceMM) }

// Normal is the unit direction of growing z, Row x Col.
func (g *Grid) Normal() Vec { return g.Row.Cross(g.Col) }

// Index is the place of voxel (x, y, z) in [z][y][x] memory.
func (g *Grid) Index(x, y, z int) int { return (z*g.Ny+y)*g.Nx + x }

// Contains tells whether voxel (x, y, z) exists.
func (g *Grid) Contains(x, y, z int) bool {
	return x >= 0 && y >= 0 && z >= 0 && x < g.Nx && y < g.Ny && z < len(g.SliceMM)
}

// Bounds is the box of all voxels.
func (g *Grid) Bounds() Box { return Box{Max: [3]int{g.Nx, g.Ny, len(g.SliceMM)}} }

// sliceSpacingTolerance is the unevenness in mm below which slices count as evenly spaced.
const sliceSpacingTolerance = 0.01

// Uniform returns the one slice spacing in mm, and whether it holds for every pair of neighbours.
// A single slice is uniform with the spacing of its own thickness (SliceThickness).
func (g *Grid) Uniform() (spacingMM float64, ok bool) {
	n := len(g.SliceMM)
	if n < 2 {
		return g.SliceThickness(0), true
	}
	spacingMM = g.SliceMM[n-1] / float64(n-1)
	for z := 1; z < n; z++ {
		if math.Abs(g.SliceMM[z]-g.SliceMM[z-1]-spacingMM) > sliceSpacingTolerance {
			return spacingMM, false
		}
	}
	return spacingMM, true
}

// SliceThickness is the extent in mm that slice z stands for: half way to each neighbour, and as
// far outwards as inwards at the ends. A lone slice stands for 1 mm.
func (g *Grid) SliceThickness(z int) float64 {
	n := len(g.SliceMM)
	switch {
	case n == 1:
		return 1
	case z == 0:
		return g.SliceMM[1] - g.SliceMM[0]
	case z == n-1:
		return g.SliceMM[n-1] - g.SliceMM[n-2]
	}
	return (g.SliceMM[z+1] - g.SliceMM[z-1]) / 2
}

// VoxelVolume is the volume in mm3 of a voxel of slice z.
func (g *Grid) VoxelVolume(z int) float64 { return g.SpacingX * g.SpacingY * g.SliceThickness(z) }

// sliceMM is the offset along the normal of continuous slice index z; the end intervals extrapolate.
func (g *Grid) sliceMM(z float64) float64 {
	n := len(g.SliceMM)
	if n == 1 {
		return z * g.SliceThickness(0)
	}
	i := min(max(int(math.Floor(z)), 0), n-2)
	return g.SliceMM[i] + (z-float64(i))*(g.SliceMM[i+1]-g.SliceMM[i])
}

// sliceIndex is the inverse of sliceMM.
func (g *Grid) sliceIndex(mm float64) float64 {
	n := len(g.SliceMM)
	if n == 1 {
		return mm / g.SliceThickness(0)
	}
	i := min(max(sort.SearchFloat64s(g.SliceMM, mm)-1, 0), n-2)
	return float64(i) + (mm-g.SliceMM[i])/(g.SliceMM[i+1]-g.SliceMM[i])
}

// ToPatient turns a continuous voxel index into LPS mm.
func (g *Grid) ToPatient(x, y, z float64) Vec {
	return g.Origin.Add(g.Row.Scale(x * g.SpacingX)).Add(g.Col.Scale(y * g.SpacingY)).Add(g.Normal().Scale(g.sliceMM(z)))
}

// ToVoxel turns LPS mm into a continuous voxel index; it is the inverse of ToPatient.
func (g *Grid) ToVoxel(p Vec) (x, y, z float64) {
	d := p.Sub(g.Origin)
	return d.Dot(g.Row) / g.SpacingX, d.Dot(g.Col) / g.SpacingY, g.sliceIndex(d.Dot(g.Normal()))
}

// NearestSlice returns the slice whose plane is nearest to p and the distance to that plane in mm.
func (g *Grid) NearestSlice(p Vec) (z int, distanceMM float64) {
	d := p.Sub(g.Origin).Dot(g.Normal())
	z = sort.SearchFloat64s(g.SliceMM, d)
	if z == len(g.SliceMM) || z > 0 && d-g.SliceMM[z-1] < g.SliceMM[z]-d {
		z--
	}
	return z, math.Abs(d - g.SliceMM[z])
}

// Equal tells whether g and h place the same voxels within toleranceMM.
func (g *Grid) Equal(h *Grid, toleranceMM float64) bool {
	if g == h {
		return true
	}
	if g.Nx != h.Nx || g.Ny != h.Ny || len(g.SliceMM) != len(h.SliceMM) {
		return false
	}
	far := [3]float64{float64(g.Nx - 1), float64(g.Ny - 1), float64(len(g.SliceMM) - 1)}
	corners := [][3]float64{{}, {far[0]}, {0, far[1]}, {0, 0, far[2]}}
	for _, c := range corners {
		if g.ToPatient(c[0], c[1], c[2]).Distance(h.ToPatient(c[0], c[1], c[2])) > toleranceMM {
			return false
		}
	}
	for z := range g.SliceMM {
		if math.Abs(g.SliceMM[z]-h.SliceMM[z]) > toleranceMM {
			return false
		}
	}
	return true
}

// Crop returns the grid of the voxels of g inside b, which must lie within g and not be empty.
func (g *Grid) Crop(b Box) *Grid {
	if b.Empty() || b.Intersect(g.Bounds()) != b {
		panic(fmt.Sprintf("volume: crop %v outside %v", b, g.Bounds()))
	}
	c := *g
	c.Nx, c.Ny = b.Max[0]-b.Min[0], b.Max[1]-b.Min[1]
	c.Origin = g.ToPatient(float64(b.Min[0]), float64(b.Min[1]), float64(b.Min[2]))
	c.SliceMM = make([]float64, b.Max[2]-b.Min[2])
	for z := range c.SliceMM {
		c.SliceMM[z] = g.SliceMM[b.Min[2]+z] - g.SliceMM[b.Min[2]]
	}
	return &c
}
