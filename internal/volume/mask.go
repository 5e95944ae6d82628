package volume

import "math/bits"

// tileSize is the side of a tile in pixels: one machine word wide.
const tileSize = 64

// owner tells which mask may write a tile. It has a size so that every owner has its own address.
type owner struct{ _ byte }

// tile holds tileSize x tileSize pixels of one slice, a word a row, bit 0 the smallest x.
type tile struct {
	owner *owner
	rows  [tileSize]uint64
}

// Mask is a set of voxels of a grid: bits in tiles of one slice, empty tiles absent. Clone shares
// every tile and copies one only when it is written, so that a stroke costs what it touches.
// A mask that has been cloned or published must not be written again.
type Mask struct {
	Grid   *Grid
	owner  *owner
	tx, ty int
	tiles  []*tile // [z][ty][tx]; nil is empty
}

// NewMask returns the empty mask on g.
func NewMask(g *Grid) *Mask {
	tx, ty := (g.Nx+tileSize-1)/tileSize, (g.Ny+tileSize-1)/tileSize
	return &Mask{Grid: g, owner: new(owner), tx: tx, ty: ty, tiles: make([]*tile, tx*ty*g.Nz())}
}

// MaskWhere returns the voxels for which in holds.
func MaskWhere(g *Grid, in func(x, y, z int) bool) *Mask {
	m := NewMask(g)
	for z := range g.Nz() {
		for y := range g.Ny {
			for x := range g.Nx {
				if in(x, y, z) {
					m.Set(x, y, z, true)
				}
			}
		}
	}
	return m
}

// Clone returns a mask that may be written, sharing every tile of m. m must not be written again.
func (m *Mask) Clone() *Mask {
	c := *m
	c.owner = new(owner)
	c.tiles = append([]*tile(nil), m.tiles...)
	return &c
}

// At tells whether voxel (x, y, z), which must exist, is in m.
func (m *Mask) At(x, y, z int) bool {
	t := m.tiles[(z*m.ty+y/tileSize)*m.tx+x/tileSize]
	return t != nil && t.rows[y%tileSize]>>(x%tileSize)&1 != 0
}

// Has is At for any index: false outside the grid.
func (m *Mask) Has(x, y, z int) bool { return m.Grid.Contains(x, y, z) && m.At(x, y, z) }

// Set puts voxel (x, y, z), which must exist, in or out of m.
func (m *Mask) Set(x, y, z int, in bool) {
	i := (z*m.ty+y/tileSize)*m.tx + x/tileSize
	bit := uint64(1) << (x % tileSize)
	if in {
		m.own(i).rows[y%tileSize] |= bit
	} else if m.tiles[i] != nil && m.tiles[i].rows[y%tileSize]&bit != 0 {
		m.own(i).rows[y%tileSize] &^= bit
	}
}

// SetSpan puts voxels x0 <= x < x1 of row (y, z) into m; the span is clipped to the grid.
func (m *Mask) SetSpan(x0, x1, y, z int) {
	x0, x1 = max(x0, 0), min(x1, m.Grid.Nx)
	for x0 < x1 {
		end := min(x1, (x0/tileSize+1)*tileSize)
		word := ^uint64(0) << (x0 % tileSize)
		if r := end % tileSize; r != 0 {
			word &= 1<<r - 1
		}
		m.own((z*m.ty+y/tileSize)*m.tx + x0/tileSize).rows[y%tileSize] |= word
		x0 = end
	}
}

// own returns tile i ready to be written.
func (m *Mask) own(i int) *tile {
	t := m.tiles[i]
	if t == nil {
		t = &tile{owner: m.owner}
	} else if t.owner != m.owner {
		c := *t
		c.owner = m.owner
		t = &c
	}
	m.tiles[i] = t
	return t
}

// word is 64 pixels of row (y, z) starting at x = 64 wx.
func (m *Mask) word(wx, y, z int) uint64 {
	if t := m.tiles[(z*m.ty+y/tileSize)*m.tx+wx]; t != nil {
		return t.rows[y%tileSize]
	}
	return 0
}

// Count is the number of voxels in m.
func (m *Mask) Count() int {
	n := 0
	for _, t := range m.tiles {
		n += t.count()
	}
	return n
}

func (t *tile) count() int {
	if t == nil {
		return 0
	}
	n := 0
	for _, w := range t.rows {
		n += bits.OnesCount64(w)
	}
	return n
}

// CountSlice is the number of voxels in m on slice z.
func (m *Mask) CountSlice(z int) int {
	n := 0
	for _, t := range m.tiles[z*m.tx*m.ty : (z+1)*m.tx*m.ty] {
		n += t.count()
	}
	return n
}

// VolumeMM3 is the volume of m: voxels times the voxel volume of their slice.
func (m *Mask) VolumeMM3() float64 {
	v := 0.0
	for z := range m.Grid.Nz() {
		v += float64(m.CountSlice(z)) * m.Grid.VoxelVolume(z)
	}
	return v
}

// Empty tells whether m holds no voxel.
func (m *Mask) Empty() bool {
	for _, t := range m.tiles {
		if !t.empty() {
			return false
		}
	}
	return true
}

func (t *tile) empty() bool { return t == nil || t.rows == [tileSize]uint64{} }

// Bounds is the smallest box that holds every voxel of m; the zero Box if there is none.
func (m *Mask) Bounds() Box {
	var b Box
	for i, t := range m.tiles {
		if t == nil {
			continue
		}
		var columns uint64
		y0, y1 := tileSize, 0
		for y, w := range t.rows {
			if w != 0 {
				columns |= w
				y0, y1 = min(y0, y), y+1
			}
		}
		if columns == 0 {
			continue
		}
		x, y, z := i%m.tx*tileSize, i/m.tx%m.ty*tileSize, i/(m.tx*m.ty)
		b = b.Union(Box{
			Min: [3]int{x + bits.TrailingZeros64(columns), y + y0, z},
			Max: [3]int{x + tileSize - bits.LeadingZeros64(columns), y + y1, z + 1},
		})
	}
	return b
}

// Each calls visit for every voxel of m in [z][y][x] order.
func (m *Mask) Each(visit func(x, y, z int)) {
	for z := range m.Grid.Nz() {
		for y := range m.Grid.Ny {
			for wx := range m.tx {
				for w := m.word(wx, y, z); w != 0; w &= w - 1 {
					visit(wx*tileSize+bits.TrailingZeros64(w), y, z)
				}
			}
		}
	}
}

// Union returns the voxels of m or o, which must be on the same grid.
func (m *Mask) Union(o *Mask) *Mask {
	return m.combine(o, func(r, a, b *[tileSize]uint64) {
		for k := range r {
			r[k] = a[k] | b[k]
		}
	})
}

// Intersect returns the voxels of both m and o, which must be on the same grid.
func (m *Mask) Intersect(o *Mask) *Mask {
	return m.combine(o, func(r, a, b *[tileSize]uint64) {
		for k := range r {
			r[k] = a[k] & b[k]
		}
	})
}

// Subtract returns the voxels of m that are not in o, which must be on the same grid.
func (m *Mask) Subtract(o *Mask) *Mask {
	return m.combine(o, func(r, a, b *[tileSize]uint64) {
		for k := range r {
			r[k] = a[k] &^ b[k]
		}
	})
}

// combine applies op tile by tile; op must make nothing out of nothing.
func (m *Mask) combine(o *Mask, op func(r, a, b *[tileSize]uint64)) *Mask {
	m.mustMatch(o)
	r := NewMask(m.Grid)
	var none [tileSize]uint64
	for i := range m.tiles {
		a, b := m.tiles[i], o.tiles[i]
		if a == nil && b == nil {
			continue
		}
		ra, rb := &none, &none
		if a != nil {
			ra = &a.rows
		}
		if b != nil {
			rb = &b.rows
		}
		t := &tile{owner: r.owner}
		op(&t.rows, ra, rb)
		if !t.empty() {
			r.tiles[i] = t
		}
	}
	return r
}

// Equal tells whether m and o, on the same grid, hold the same voxels.
func (m *Mask) Equal(o *Mask) bool {
	m.mustMatch(o)
	for i, a := range m.tiles {
		b := o.tiles[i]
		switch {
		case a == b:
		case a == nil && !b.empty(), b == nil && !a.empty():
			return false
		case a != nil && b != nil && a.rows != b.rows:
			return false
		}
	}
	return true
}

func (m *Mask) mustMatch(o *Mask) {
	if m.Grid != o.Grid && !m.Grid.Equal(o.Grid, 1e-3) {
		panic("volume: masks of different grids combined")
	}
}

// Dense writes the voxels of b, which must lie within the grid, into dst as 0 or 1, [z][y][x] of b.
// dst is used when it is long enough, else a new slice is made.
func (m *Mask) Dense(b Box, dst []uint8) []uint8 {
	s := b.Size()
	n := s[0] * s[1] * s[2]
	if cap(dst) < n {
		dst = make([]uint8, n)
	}
	dst = dst[:n]
	i := 0
	for z := b.Min[2]; z < b.Max[2]; z++ {
		for y := b.Min[1]; y < b.Max[1]; y++ {
			for x := b.Min[0]; x < b.Max[0]; {
				wx := x / tileSize
				w := m.word(wx, y, z) >> (x % tileSize)
				end := min(b.Max[0], (wx+1)*tileSize)
				pixels := dst[i:][:end-x]
				i, x = i+len(pixels), end
				if w == 0 {
					clear(pixels)
					continue
				}
				for k := range pixels {
					pixels[k] = uint8(w & 1)
					w >>= 1
				}
			}
		}
	}
	return dst
}

// MaskFromDense returns the mask on g of the non-zero voxels of src, [z][y][x] of b.
func MaskFromDense(g *Grid, b Box, src []uint8) *Mask {
	m := NewMask(g)
	i := 0
	for z := b.Min[2]; z < b.Max[2]; z++ {
		for y := b.Min[1]; y < b.Max[1]; y++ {
			for x := b.Min[0]; x < b.Max[0]; {
				wx := x / tileSize
				var w uint64
				x0 := x
				for end := min(b.Max[0], (wx+1)*tileSize); x < end; x++ {
					if src[i] != 0 {
						w |= 1 << (x % tileSize)
					}
					i++
				}
				if w != 0 {
					m.own((z*m.ty+y/tileSize)*m.tx + x0/tileSize).rows[y%tileSize] |= w
				}
			}
		}
	}
	return m
}
