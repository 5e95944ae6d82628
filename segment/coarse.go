package segment

import (
	"context"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// coarseMM is about the voxel on which outlines are found: means over it are free of noise and of the
// texture that a threshold near fat would otherwise cut up.
const coarseMM = 2

// coarse is a volume shrunk by whole factors: voxel (x, y, z) is the mean of the source voxels from
// (fx x, fy y, fz z) on.
type coarse struct {
	source, grid *volume.Grid
	fx, fy, fz   int
	hu           []int16 // [z][y][x] of grid
}

// shrink averages v over blocks of about coarseMM; an incomplete block at the far end is averaged over
// what exists. Slices are joined only where they are evenly spaced.
func shrink(ctx context.Context, v *volume.Volume) (*coarse, error) {
	g := v.Grid
	c := &coarse{source: g, fx: factor(g.SpacingX), fy: factor(g.SpacingY), fz: 1}
	if mm, ok := g.Uniform(); ok && g.Nz() > 1 {
		c.fz = factor(mm)
	}
	c.grid = c.shrunkGrid()
	n := c.grid.Nx * c.grid.Ny
	c.hu = make([]int16, c.grid.Len())
	err := eachSlice(ctx, c.grid.Nz(), func(z int) {
		c.shrinkSlice(c.hu[z*n:(z+1)*n], v, z)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func factor(spacingMM float64) int { return max(1, int(math.Round(coarseMM/spacingMM))) }

func (c *coarse) shrunkGrid() *volume.Grid {
	g := c.source
	up := func(n, f int) int { return (n + f - 1) / f }
	h := *g
	h.Nx, h.Ny = up(g.Nx, c.fx), up(g.Ny, c.fy)
	h.SpacingX, h.SpacingY = g.SpacingX*float64(c.fx), g.SpacingY*float64(c.fy)
	middle := func(f int) float64 { return float64(f-1) / 2 }
	h.Origin = g.ToPatient(middle(c.fx), middle(c.fy), middle(c.fz))
	h.SliceMM = make([]float64, up(g.Nz(), c.fz))
	for z := range h.SliceMM {
		h.SliceMM[z] = g.SliceMM[z*c.fz] - g.SliceMM[0]
	}
	return &h
}

// shrinkSlice writes slice z of the coarse grid into dst, [y][x].
func (c *coarse) shrinkSlice(dst []int16, v *volume.Volume, z int) {
	g := c.source
	sums := make([]int32, g.Nx)
	for y := range c.grid.Ny {
		clear(sums)
		rows := int32(0)
		for sz := z * c.fz; sz < min((z+1)*c.fz, g.Nz()); sz++ {
			slice := v.Slice(sz)
			for sy := y * c.fy; sy < min((y+1)*c.fy, g.Ny); sy++ {
				row := slice[sy*g.Nx : (sy+1)*g.Nx]
				for x, hu := range row {
					sums[x] += int32(hu)
				}
				rows++
			}
		}
		out := dst[y*c.grid.Nx : (y+1)*c.grid.Nx]
		if c.fx == 1 {
			for x := range out {
				out[x] = int16(sums[x] / rows)
			}
			continue
		}
		for x := range out {
			part := sums[x*c.fx : min((x+1)*c.fx, g.Nx)]
			sum := int32(0)
			for _, s := range part {
				sum += s
			}
			out[x] = int16(sum / (rows * int32(len(part))))
		}
	}
}

// atLeast is the coarse mask of HU >= hu.
func (c *coarse) atLeast(ctx context.Context, hu int16) (*volume.Mask, error) {
	m := volume.NewMask(c.grid)
	n := c.grid.Nx * c.grid.Ny
	err := eachSlice(ctx, c.grid.Nz(), func(z int) {
		for y := range c.grid.Ny {
			row := c.hu[z*n+y*c.grid.Nx:][:c.grid.Nx]
			start := -1
			for x, h := range row {
				switch {
				case h >= hu && start < 0:
					start = x
				case h < hu && start >= 0:
					m.SetSpan(start, x, y, z)
					start = -1
				}
			}
			if start >= 0 {
				m.SetSpan(start, len(row), y, z)
			}
		}
	})
	return m, err
}

// refine brings a coarse outline back to the source grid: what lies a coarse voxel or more inside it is
// in, and in the coarse voxels on either side of its surface a source voxel is in when it reaches hu.
func (c *coarse) refine(ctx context.Context, outline *volume.Mask, v *volume.Volume, hu int16) (*volume.Mask, error) {
	return c.refineBetween(ctx, outline, v, hu, math.MaxInt16)
}

// refineBetween is refine for what has low <= HU <= high.
func (c *coarse) refineBetween(ctx context.Context, outline *volume.Mask, v *volume.Volume, low, high int16) (*volume.Mask, error) {
	reach := 1.01 * max(c.grid.SpacingX, c.grid.SpacingY)
	outer, inner := volume.Dilate(outline, reach), volume.Erode(outline, reach)
	out := volume.NewMask(c.source)
	g, cg := c.source, c.grid
	err := eachSlice(ctx, cg.Nz(), func(cz int) {
		slab := volume.Box{Min: [3]int{0, 0, cz}, Max: [3]int{cg.Nx, cg.Ny, cz + 1}}
		may, must := outer.Dense(slab, nil), inner.Dense(slab, nil)
		in := make([]bool, g.Nx)
		for z := cz * c.fz; z < min((cz+1)*c.fz, g.Nz()); z++ {
			slice := v.Slice(z)
			for y := range g.Ny {
				mayRow := may[y/c.fy*cg.Nx:][:cg.Nx]
				mustRow := must[y/c.fy*cg.Nx:][:cg.Nx]
				refineRow(in, slice[y*g.Nx:(y+1)*g.Nx], mayRow, mustRow, c.fx, low, high)
				setRuns(out, in, y, z)
			}
		}
	})
	return out, err
}

// refineRow decides one row of source voxels; may and must are coarse, each standing for f of them.
func refineRow(in []bool, row []int16, may, must []uint8, f int, low, high int16) {
	for cx := range may {
		x0, x1 := cx*f, min((cx+1)*f, len(row))
		switch {
		case must[cx] != 0:
			for x := x0; x < x1; x++ {
				in[x] = true
			}
		case may[cx] != 0:
			for x := x0; x < x1; x++ {
				in[x] = row[x] >= low && row[x] <= high
			}
		default:
			clear(in[x0:x1])
		}
	}
}

// setRuns puts the true voxels of row (y, z) into m.
func setRuns(m *volume.Mask, in []bool, y, z int) {
	for x := 0; x < len(in); x++ {
		if in[x] {
			start := x
			for x < len(in) && in[x] {
				x++
			}
			m.SetSpan(start, x, y, z)
		}
	}
}
