package volume

import (
	"math"
	"math/bits"
	"sort"
)

// Dilate returns the voxels whose centre is within radiusMM of the centre of a voxel of m.
func Dilate(m *Mask, radiusMM float64) *Mask { return dilate(m, radiusMM, false) }

// Erode returns the voxels whose ball of radiusMM holds only voxels of m, among the centres that exist:
// what lies beyond the grid erodes nothing.
func Erode(m *Mask, radiusMM float64) *Mask { return dilate(m, radiusMM, true) }

// Open erodes and dilates by the same ball: the voxels that a ball of radiusMM inside m reaches.
func Open(m *Mask, radiusMM float64) *Mask { return Dilate(Erode(m, radiusMM), radiusMM) }

// Close dilates and erodes by the same ball: it fills what no ball of radiusMM outside m reaches.
func Close(m *Mask, radiusMM float64) *Mask { return Erode(Dilate(m, radiusMM), radiusMM) }

// Complement returns the voxels of the grid that are not in m.
func (m *Mask) Complement() *Mask {
	b := newBitImage(m, true)
	return b.mask(m.Grid)
}

// bitImage is a mask as dense words, [z][y][wx], 64 pixels a word; bits beyond the row are 0.
type bitImage struct {
	nx, ny, nz, nw int
	words          []uint64
}

// newBitImage copies m, or its complement.
func newBitImage(m *Mask, complement bool) *bitImage {
	g := m.Grid
	b := &bitImage{nx: g.Nx, ny: g.Ny, nz: g.Nz(), nw: m.tx}
	b.words = make([]uint64, b.nw*b.ny*b.nz)
	inParallel(b.nz, func(z int) {
		for y := range b.ny {
			row := b.row(y, z)
			for wx := range row {
				row[wx] = m.word(wx, y, z)
			}
			if complement {
				for wx := range row {
					row[wx] = ^row[wx]
				}
				row[b.nw-1] &= b.lastWord()
			}
		}
	})
	return b
}

func (b *bitImage) row(y, z int) []uint64 {
	i := (z*b.ny + y) * b.nw
	return b.words[i : i+b.nw : i+b.nw]
}

// lastWord has a bit for each pixel of the last word of a row that exists.
func (b *bitImage) lastWord() uint64 {
	if r := b.nx % tileSize; r != 0 {
		return 1<<r - 1
	}
	return ^uint64(0)
}

// mask returns the image on g.
func (b *bitImage) mask(g *Grid) *Mask {
	m := NewMask(g)
	inParallel(b.nz, func(z int) {
		for y := range b.ny {
			for wx, w := range b.row(y, z) {
				if w != 0 {
					m.own((z*m.ty+y/tileSize)*m.tx + wx).rows[y%tileSize] = w
				}
			}
		}
	})
	return m
}

// reach is a row of the ball's cross-section: rows dy away are widened by half pixels on either side.
type reach struct{ dy, half int }

// dilate is the dilation of m, or when inverted the complement of the dilation of its complement.
// Rows of 64-pixel words are widened by shifting and united, one row of the ball at a time.
func dilate(m *Mask, radiusMM float64, inverted bool) *Mask {
	if !(radiusMM >= 0) {
		panic("volume: morphology with a negative radius")
	}
	g := m.Grid
	src := newBitImage(m, inverted)
	out := &bitImage{nx: src.nx, ny: src.ny, nz: src.nz, nw: src.nw, words: make([]uint64, len(src.words))}
	occupied := src.rowsWithBits()
	inParallel(src.nz, func(z int) {
		wide := make([]uint64, src.nw)
		spare := make([]uint64, src.nw)
		first := sort.SearchFloat64s(g.SliceMM, g.SliceMM[z]-radiusMM-1e-6)
		for from := first; from < src.nz; from++ {
			dz := math.Abs(g.SliceMM[from] - g.SliceMM[z])
			if dz > radiusMM+1e-9 { // the same for both directions, else opening would not be idempotent
				if from < z {
					continue
				}
				break
			}
			disc := crossSection(math.Sqrt(max(radiusMM*radiusMM-dz*dz, 0)), g.SpacingX, g.SpacingY)
			for y := range src.ny {
				if !occupied[from*src.ny+y] {
					continue
				}
				half := 0
				copy(wide, src.row(y, from))
				for _, r := range disc { // from narrow to wide
					widen(wide, spare, r.half-half)
					half = r.half
					if y-r.dy >= 0 {
						orInto(out.row(y-r.dy, z), wide)
					}
					if y+r.dy < src.ny && r.dy > 0 {
						orInto(out.row(y+r.dy, z), wide)
					}
				}
			}
		}
		for y := range out.ny {
			row := out.row(y, z)
			if inverted {
				for wx := range row {
					row[wx] = ^row[wx]
				}
			}
			row[out.nw-1] &= out.lastWord()
		}
	})
	return out.mask(g)
}

// rowsWithBits tells of each row [z][y] whether it holds a bit.
func (b *bitImage) rowsWithBits() []bool {
	has := make([]bool, b.ny*b.nz)
	for i := range has {
		for _, w := range b.words[i*b.nw : (i+1)*b.nw] {
			if w != 0 {
				has[i] = true
				break
			}
		}
	}
	return has
}

// crossSection is the disc of radiusMM in pixels, rows with dy >= 0, narrow ones (far ones) first.
func crossSection(radiusMM, spacingX, spacingY float64) []reach {
	const tolerance = 1e-9
	var disc []reach
	for dy := int((radiusMM + tolerance) / spacingY); dy >= 0; dy-- {
		h := float64(dy) * spacingY
		disc = append(disc, reach{dy, int((math.Sqrt(max(radiusMM*radiusMM-h*h, 0)) + tolerance) / spacingX)})
	}
	return disc
}

// widen spreads every bit of row by n pixels to both sides; spare is as long as row.
func widen(row, spare []uint64, n int) {
	for done := 0; done < n; {
		// After spreading by d a bit has become a run of 2 d + 1, but of d + 1 alone where the row's end cut it off: a
		// longer step would leave a gap there.
		step := min(done+1, n-done, tileSize-1)
		copy(spare, row)
		for i, w := range spare {
			up, down := w<<step, w>>step
			if i > 0 {
				up |= spare[i-1] >> (tileSize - step)
			}
			if i+1 < len(spare) {
				down |= spare[i+1] << (tileSize - step)
			}
			row[i] |= up | down
		}
		done += step
	}
}

func orInto(dst, src []uint64) {
	for i, w := range src {
		dst[i] |= w
	}
}

// FillHoles returns m with the holes of each slice filled: the pixels that no path of side neighbours
// outside m joins to the edge of the slice.
func FillHoles(m *Mask) *Mask {
	out := newBitImage(m, true)
	inParallel(out.nz, func(z int) {
		open := make([]uint64, out.ny*out.nw) // outside, reached from the edge
		flood(open, out, z)
		last := out.lastWord()
		for y := range out.ny {
			row := out.row(y, z)
			for wx := range row {
				row[wx] = ^open[y*out.nw+wx]
			}
			row[out.nw-1] &= last
		}
	})
	return out.mask(m.Grid)
}

// flood fills open with the pixels of slice z of free joined to the edge of the slice, sweeping rows down
// and up until nothing changes.
func flood(open []uint64, free *bitImage, z int) {
	nw := free.nw
	for y := range free.ny {
		row, reached := free.row(y, z), open[y*nw:(y+1)*nw]
		if y == 0 || y == free.ny-1 {
			copy(reached, row)
			continue
		}
		reached[0] |= row[0] & 1
		reached[nw-1] |= row[nw-1] & (1 << ((free.nx - 1) % tileSize))
		spreadAlong(reached, row)
	}
	for changed := true; changed; {
		changed = false
		for y := 1; y < free.ny; y++ {
			changed = seep(open[y*nw:(y+1)*nw], open[(y-1)*nw:y*nw], free.row(y, z)) || changed
		}
		for y := free.ny - 2; y >= 0; y-- {
			changed = seep(open[y*nw:(y+1)*nw], open[(y+1)*nw:(y+2)*nw], free.row(y, z)) || changed
		}
	}
}

// seep adds to row the pixels of the neighbouring row from that are free, spreads them, and tells whether row grew.
func seep(row, from, free []uint64) bool {
	grew := false
	for i := range row {
		if add := from[i] & free[i] &^ row[i]; add != 0 {
			row[i] |= add
			grew = true
		}
	}
	if grew {
		spreadAlong(row, free)
	}
	return grew
}

// spreadAlong extends row to whole runs of free wherever it touches them.
func spreadAlong(row, free []uint64) {
	carry := uint64(0)
	for i, f := range free {
		row[i] = fillUp(row[i]|carry&f, f)
		carry = row[i] >> (tileSize - 1)
	}
	carry = 0
	for i := len(free) - 1; i >= 0; i-- {
		f := bits.Reverse64(free[i])
		up := fillUp(bits.Reverse64(row[i])|carry&f, f)
		row[i] = bits.Reverse64(up)
		carry = up >> (tileSize - 1)
	}
}

// fillUp extends the bits of seed towards higher bits as long as free has ones there (Kogge-Stone).
func fillUp(seed, free uint64) uint64 {
	for shift := 1; shift < tileSize; shift *= 2 {
		seed |= free & (seed << shift)
		free &= free << shift
	}
	return seed
}
