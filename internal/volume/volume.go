package volume

// Volume is a CT on its grid. Once published it is read-only.
type Volume struct {
	Grid *Grid
	HU   []int16 // [z][y][x], HU
}

// NewVolume returns a volume of 0 HU on g.
func NewVolume(g *Grid) *Volume { return &Volume{Grid: g, HU: make([]int16, g.Len())} }

// At is the HU of voxel (x, y, z), which must exist.
func (v *Volume) At(x, y, z int) int16 { return v.HU[v.Grid.Index(x, y, z)] }

// Slice is the HU of slice z, [y][x]: a view, not a copy.
func (v *Volume) Slice(z int) []int16 {
	n := v.Grid.Nx * v.Grid.Ny
	return v.HU[z*n : (z+1)*n : (z+1)*n]
}
