package viewer

import (
	"encoding/binary"

	"github.com/clipwright/clipwright/internal/volume"
)

// section is what the shown slices cut out of a mask, in any of them, and where its outline runs. It is
// kept while pictures show the same slices of the same mask, which is read-only once shown.
type section struct {
	bounds        volume.Box // of the whole mask
	cut           cut
	right0, down0 int     // voxel of bits[0]
	w, h          int     // of bits
	bits          []uint8 // [down][right] 0 or 1; the outermost ones are 0
	slice         []uint8 // scratch: one slice of the mask
	cells         []cell  // those the outline crosses
	picture       uint64  // the last one that showed it
}

// cut is the slices lo to hi of the voxel axis through, and the voxel axes of the picture.
type cut struct{ right, down, through, lo, hi int }

// cell is the square between the centres of voxels (right, down) and (right + 1, down + 1).
type cell struct {
	right, down int32
	inside      uint8 // which of its corners are in the mask
}

// Corners of a cell; top and left are those of the smaller voxel indices.
const (
	topLeft uint8 = 1 << iota
	topRight
	bottomLeft
	bottomRight
	all = topLeft | topRight | bottomLeft | bottomRight
)

// cutSection keeps the section of m that the picture shows.
func (r *Renderer) cutSection(m *volume.Mask) {
	f := &r.frame
	c := cut{right: f.right.axis, down: f.down.axis, through: f.through.axis}
	c.lo, c.hi = slab(&r.scene, f)
	q := r.sections[m]
	if q == nil {
		q = &section{bounds: m.Bounds(), cut: cut{lo: -1}}
		r.sections[m] = q
	}
	q.picture = r.pictures
	if q.cut != c {
		q.cut = c
		q.gather(m)
		q.trace()
	}
}

// forgetSections drops those the last picture did not show.
func (r *Renderer) forgetSections() {
	for m, q := range r.sections {
		if q.picture != r.pictures {
			delete(r.sections, m)
		}
	}
}

func (q *section) empty() bool { return q.w == 0 }

// gather fills bits from m.
func (q *section) gather(m *volume.Mask) {
	c := q.cut
	box := q.bounds
	box.Min[c.through], box.Max[c.through] = max(box.Min[c.through], c.lo), min(box.Max[c.through], c.hi+1)
	if box.Empty() {
		q.w, q.h, q.bits = 0, 0, q.bits[:0]
		return
	}
	size := box.Size()
	q.right0, q.down0 = box.Min[c.right]-1, box.Min[c.down]-1
	q.w, q.h = size[c.right]+2, size[c.down]+2
	if cap(q.bits) < q.w*q.h {
		q.bits = make([]uint8, q.w*q.h)
	}
	q.bits = q.bits[:q.w*q.h]
	clear(q.bits)
	for k := box.Min[c.through]; k < box.Max[c.through]; k++ {
		q.addSlice(m, box, k)
	}
}

// addSlice adds the voxels of m in box on slice k of the through axis to bits.
func (q *section) addSlice(m *volume.Mask, box volume.Box, k int) {
	c := q.cut
	box.Min[c.through], box.Max[c.through] = k, k+1
	size := box.Size()
	q.slice = m.Dense(box, q.slice)
	stride := [3]int{1, size[0], size[0] * size[1]}
	right := stride[c.right]
	for j := range size[c.down] {
		dst := q.bits[(j+1)*q.w+1 : (j+2)*q.w-1]
		p := j * stride[c.down]
		if right == 1 {
			for i, bit := range q.slice[p:][:len(dst)] {
				dst[i] |= bit
			}
			continue
		}
		for i := range dst {
			dst[i] |= q.slice[p]
			p += right
		}
	}
}

// trace finds the cells whose corners are not all alike.
func (q *section) trace() {
	q.cells = q.cells[:0]
	for j := range q.h - 1 {
		upper, lower := q.bits[j*q.w:(j+1)*q.w], q.bits[(j+1)*q.w:(j+2)*q.w]
		inside := uint8(0)
		for i := 0; i < len(upper)-1; i++ {
			for i+9 < len(upper) && goOn(inside, upper[i+1:]) && goOn(inside, lower[i+1:]) {
				i += 8
			}
			// The right corners of the cell before are the left ones of this.
			inside = inside>>1&(topLeft|bottomLeft) | upper[i+1]*topRight | lower[i+1]*bottomRight
			if inside != 0 && inside != all {
				q.cells = append(q.cells, cell{right: int32(q.right0 + i), down: int32(q.down0 + j), inside: inside})
			}
		}
	}
}

// goOn tells whether the first eight bits continue a cell that is wholly inside or outside.
func goOn(inside uint8, bits []uint8) bool {
	eight := binary.LittleEndian.Uint64(bits)
	return inside == 0 && eight == 0 || inside == all && eight == 0x0101010101010101
}

// row returns the bits of voxel line down of the picture from right0 on, or nil where there are none.
func (q *section) row(down int32) []uint8 {
	j := int(down) - q.down0
	if j < 0 || j >= q.h {
		return nil
	}
	return q.bits[j*q.w : (j+1)*q.w]
}
