package nifti

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/clipwright/clipwright/internal/files"
	"github.com/clipwright/clipwright/internal/volume"
)

// ErrUneven marks a stack whose slices are not evenly spaced.
var ErrUneven = errors.New("slices are not evenly spaced")

// image is what both formats hold: voxels of one type, slice by slice.
type image struct {
	grid  *volume.Grid
	bytes int                     // of a voxel: 1 unsigned, 2 signed
	slice func(z int, dst []byte) // fills dst, [y][x] little endian
}

// WriteVolume writes v as int16 HU to path, whose ending names the format: .nii, .nii.gz or .nrrd. The slices must be
// evenly spaced. A file that exists is replaced only with force.
func WriteVolume(path string, v *volume.Volume, force bool) error {
	return save(path, force, image{v.Grid, 2, func(z int, dst []byte) {
		for i, hu := range v.Slice(z) {
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(hu))
		}
	}})
}

// WriteMask is WriteVolume for a mask: unsigned bytes, 1 inside.
func WriteMask(path string, m *volume.Mask, force bool) error {
	g := m.Grid
	return save(path, force, image{g, 1, func(z int, dst []byte) {
		m.Dense(volume.Box{Min: [3]int{0, 0, z}, Max: [3]int{g.Nx, g.Ny, z + 1}}, dst)
	}})
}

func save(path string, force bool, im image) error {
	if err := writeImage(path, force, im); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeImage(path string, force bool, im image) error {
	if _, ok := im.grid.Uniform(); !ok {
		return fmt.Errorf("%w, and the format knows one distance only; resample them to one", ErrUneven)
	}
	var format func(io.Writer, image) error
	switch {
	case strings.HasSuffix(path, ".nii"), strings.HasSuffix(path, ".nii.gz"):
		if max(im.grid.Nx, im.grid.Ny, im.grid.Nz()) > math.MaxInt16 {
			return fmt.Errorf("%d x %d x %d voxels are more than NIfTI-1 holds; write .nrrd", im.grid.Nx, im.grid.Ny, im.grid.Nz())
		}
		format = writeNIfTI
		if strings.HasSuffix(path, ".gz") {
			format = zipped(writeNIfTI)
		}
	case strings.HasSuffix(path, ".nrrd"):
		format = writeNRRD
	default:
		return errors.New("the name must end in .nii, .nii.gz or .nrrd")
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return files.ErrExists // before the voxels are written
	}
	return files.Write(path, force, func(w io.Writer) error { return format(w, im) }, nil)
}

// zipped compresses what format writes.
func zipped(format func(io.Writer, image) error) func(io.Writer, image) error {
	return func(w io.Writer, im image) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return err
		}
		return errors.Join(format(z, im), z.Close())
	}
}

// voxels writes every slice.
func (im image) voxels(w io.Writer) error {
	row := make([]byte, im.grid.Nx*im.grid.Ny*im.bytes)
	for z := range im.grid.Nz() {
		im.slice(z, row)
		if _, err := w.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// writeNIfTI writes the header, with sform and qform alike, and the voxels.
func writeNIfTI(w io.Writer, im image) error {
	const scanner = 1
	g := im.grid
	spacing, _ := g.Uniform()
	h := header{
		SizeofHdr: 348, Dim: [8]int16{3, int16(g.Nx), int16(g.Ny), int16(g.Nz()), 1, 1, 1, 1}, Datatype: datatypeInt16,
		Bitpix: int16(8 * im.bytes), Pixdim: [8]float32{1, float32(g.SpacingX), float32(g.SpacingY), float32(spacing)},
		VoxOffset: 352, SclSlope: 1, XyztUnits: millimetres, QformCode: scanner, SformCode: scanner, Magic: [4]byte{'n', '+', '1'},
	}
	if im.bytes == 1 {
		h.Datatype = datatypeUint8
	}
	copy(h.Descrip[:], "Clipwright")
	columns := [4]volume.Vec{g.Row.Scale(g.SpacingX), g.Col.Scale(g.SpacingY), g.Normal().Scale(spacing), g.Origin}
	for c, v := range columns {
		v = volume.Vec{-v[0], -v[1], v[2]} // LPS to RAS
		for r := range 3 {
			h.Srow[r][c] = float32(v[r])
		}
	}
	h.Quatern = quaternion(g)
	h.Qoffset = [3]float32{h.Srow[0][3], h.Srow[1][3], h.Srow[2][3]}
	if err := binary.Write(w, binary.LittleEndian, h); err != nil {
		return err
	}
	if _, err := w.Write(make([]byte, 4)); err != nil { // no extension
		return err
	}
	return im.voxels(w)
}

// quaternion is (b, c, d) of the rotation that the axes of g make in RAS; it is proper, since the normal is Row x Col
// and turning two axes round keeps the hand.
func quaternion(g *volume.Grid) [3]float32 {
	axes := [3]volume.Vec{g.Row, g.Col, g.Normal()}
	m := func(r, c int) float64 {
		if r < 2 {
			return -axes[c][r]
		}
		return axes[c][r]
	}
	// q q^T from the matrix: its largest diagonal element gives the one safe root.
	q := [4][4]float64{
		{1 + m(0, 0) + m(1, 1) + m(2, 2), m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1)},
		{0, 1 + m(0, 0) - m(1, 1) - m(2, 2), m(0, 1) + m(1, 0), m(0, 2) + m(2, 0)},
		{0, 0, 1 - m(0, 0) + m(1, 1) - m(2, 2), m(1, 2) + m(2, 1)},
		{0, 0, 0, 1 - m(0, 0) - m(1, 1) + m(2, 2)},
	}
	best := 0
	for i := range q {
		for j := range i {
			q[i][j] = q[j][i]
		}
		if q[i][i] > q[best][best] {
			best = i
		}
	}
	scale := 1 / (2 * math.Sqrt(q[best][best]))
	if q[best][0] < 0 { // the first component is taken as positive
		scale = -scale
	}
	return [3]float32{float32(q[best][1] * scale), float32(q[best][2] * scale), float32(q[best][3] * scale)}
}

// writeNRRD writes NRRD0004: a text header, and gzipped voxels in the same file.
func writeNRRD(w io.Writer, im image) error {
	g := im.grid
	spacing, _ := g.Uniform()
	kind := "short"
	if im.bytes == 1 {
		kind = "unsigned char"
	}
	vector := func(v volume.Vec) string { return fmt.Sprintf("(%.12g,%.12g,%.12g)", v[0], v[1], v[2]) }
	_, err := fmt.Fprintf(w, "NRRD0004\ntype: %s\ndimension: 3\nspace: left-posterior-superior\nsizes: %d %d %d\n"+
		"space directions: %s %s %s\nkinds: domain domain domain\nendian: little\nencoding: gzip\nspace origin: %s\n\n",
		kind, g.Nx, g.Ny, g.Nz(),
		vector(g.Row.Scale(g.SpacingX)), vector(g.Col.Scale(g.SpacingY)), vector(g.Normal().Scale(spacing)), vector(g.Origin))
	if err != nil {
		return err
	}
	return zipped(func(w io.Writer, im image) error { return im.voxels(w) })(w, im)
}
