package segment

import (
	"context"
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	networkSpacingMM   = 2  // of the network grid, the paper's
	networkPatchVoxels = 96 // side of a patch, the paper's
)

// outsideBody marks a voxel of the network grid whose inputs are 0.
const outsideBody = math.MinInt16

// Placement relates the network grid to the CT's: parallel axes, cubic voxels, cropped to the body.
type Placement struct {
	Grid   *volume.Grid // the network grid
	Source *volume.Grid // the CT's
}

// ToSource turns a continuous voxel index of the network grid into one of the CT's grid.
func (p Placement) ToSource(x, y, z float64) (sx, sy, sz float64) {
	return p.Source.ToVoxel(p.Grid.ToPatient(x, y, z))
}

// ToNetwork is the inverse of ToSource.
func (p Placement) ToNetwork(sx, sy, sz float64) (x, y, z float64) {
	return p.Grid.ToVoxel(p.Source.ToPatient(sx, sy, sz))
}

// Prepared is what training reads: every channel but the feature, over the whole body.
type Prepared struct {
	Placement Placement
	Tensor    Tensor // in [0, 1]; 0 outside the body
}

// Prepare resamples v to the 2 mm network grid and makes the input channels of the card, in its order,
// without the feature. The grid is cropped to the bounds of body and holds at least one patch of 96^3.
// Run makes the same values, patch by patch.
func Prepare(ctx context.Context, v *volume.Volume, body *volume.Mask, channels []Channel) (Prepared, error) {
	if err := validateChannels(channels, false); err != nil {
		return Prepared{}, fmt.Errorf("prepare the network's input: %w", err)
	}
	r, err := resampleBody(ctx, v, body, networkSpacingMM, networkPatchVoxels)
	if err != nil {
		return Prepared{}, err
	}
	var made []Channel
	for _, ch := range channels {
		if ch.Kind != KindFeature {
			made = append(made, ch)
		}
	}
	g := r.Grid
	t := NewTensor(len(made), [3]int{g.Nx, g.Ny, g.Nz()})
	n := g.Nx * g.Ny
	err = eachSlice(ctx, g.Nz(), func(z int) {
		for c, ch := range made {
			ch.apply(t.Channel(c)[z*n:(z+1)*n], r.hu[z*n:(z+1)*n])
		}
	})
	if err != nil {
		return Prepared{}, err
	}
	return Prepared{Placement: r.Placement, Tensor: t}, nil
}

// resampled is the CT on the network grid.
type resampled struct {
	Placement
	hu []int16 // [z][y][x] of Grid; outsideBody outside the body
}

// resampleBody resamples v trilinearly to cubes of spacingMM over the bounds of body, at least patchVoxels on
// every side. A network voxel is body when the source voxel nearest to its centre is.
func resampleBody(ctx context.Context, v *volume.Volume, body *volume.Mask, spacingMM float64, patchVoxels int) (*resampled, error) {
	bounds := body.Bounds()
	if bounds.Empty() {
		return nil, ErrNoBody
	}
	g := networkGrid(v.Grid, bounds, spacingMM, patchVoxels)
	r := &resampled{Placement: Placement{Grid: g, Source: v.Grid}, hu: make([]int16, g.Len())}
	x0, y0, _ := v.Grid.ToVoxel(g.Origin)
	columns := nearestIndices(x0, spacingMM/v.Grid.SpacingX, g.Nx)
	rows := nearestIndices(y0, spacingMM/v.Grid.SpacingY, g.Ny)
	n := g.Nx * g.Ny
	err := eachSlice(ctx, g.Nz(), func(z int) {
		slice := r.hu[z*n : (z+1)*n]
		_, _, sz := v.Grid.ToVoxel(g.ToPatient(0, 0, float64(z)))
		volume.ResampleSlice(slice, g, z, v, outsideBody)
		clearOutside(slice, body, columns, rows, int(math.Floor(sz+0.5)))
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// networkGrid places cubes of spacingMM over the voxels of b, centred, at least patchVoxels a side.
func networkGrid(g *volume.Grid, b volume.Box, spacingMM float64, patchVoxels int) *volume.Grid {
	first := [3]float64{float64(b.Min[0]) * g.SpacingX, float64(b.Min[1]) * g.SpacingY, g.SliceMM[b.Min[2]]}
	last := [3]float64{float64(b.Max[0]-1) * g.SpacingX, float64(b.Max[1]-1) * g.SpacingY, g.SliceMM[b.Max[2]-1]}
	var n [3]int
	origin := g.Origin
	for i, axis := range [3]volume.Vec{g.Row, g.Col, g.Normal()} {
		extent := last[i] - first[i]
		n[i] = max(int(math.Ceil(extent/spacingMM-1e-6))+1, patchVoxels)
		start := first[i] + (extent-float64(n[i]-1)*spacingMM)/2
		origin = origin.Add(axis.Scale(start))
	}
	out := volume.NewUniformGrid(n[0], n[1], n[2], spacingMM, spacingMM, spacingMM, origin)
	out.Row, out.Col = g.Row, g.Col
	return out
}

// nearestIndices is, for each of n steps from continuous index start, the nearest index; it may lie outside.
func nearestIndices(start, step float64, n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = int(math.Floor(start + float64(i)*step + 0.5))
	}
	return indices
}

// clearOutside marks the voxels of slice, [rows][columns], whose nearest voxel of body on slice sz is not in it.
func clearOutside(slice []int16, body *volume.Mask, columns, rows []int, sz int) {
	for y, sy := range rows {
		row := slice[y*len(columns) : (y+1)*len(columns)]
		for x, sx := range columns {
			if !body.Has(sx, sy, sz) {
				row[x] = outsideBody
			}
		}
	}
}

// apply writes the channel of hu, which is as long, into dst. A feature cannot be made from HU.
func (ch Channel) apply(dst []float32, hu []int16) {
	switch ch.Kind {
	case KindWindow:
		// outsideBody is below any window.
		low, scale := float32(ch.LowHU), float32(1/(ch.HighHU-ch.LowHU))
		for i, h := range hu {
			dst[i] = max(0, min(1, (float32(h)-low)*scale))
		}
	case KindThreshold:
		limit := int16(max(outsideBody+1, min(math.MaxInt16, math.Ceil(ch.HU))))
		for i, h := range hu {
			if h >= limit {
				dst[i] = 1
			} else {
				dst[i] = 0
			}
		}
	default:
		panic("segment: channel " + ch.Kind + " is not made from HU")
	}
}
