// Package nifti reads CT volumes from NIfTI-1 files (.nii, .nii.gz), and writes volumes and masks as NIfTI-1 or NRRD
// (.nrrd). NIfTI places voxels in RAS mm; what leaves this package is LPS mm. Both formats know one distance between
// slices only: uneven stacks are refused, never squeezed. It never replaces a file unasked.
package nifti

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
)

// header is the part of the 348-byte NIfTI-1 header that a CT needs.
type header struct {
	SizeofHdr int32
	_         [36]byte
	Dim       [8]int16
	_         [14]byte
	Datatype  int16
	Bitpix    int16
	_         int16
	Pixdim    [8]float32
	VoxOffset float32
	SclSlope  float32
	SclInter  float32
	_         [3]byte
	XyztUnits uint8
	_         [24]byte
	Descrip   [80]byte
	_         [24]byte
	QformCode int16
	SformCode int16
	Quatern   [3]float32
	Qoffset   [3]float32
	Srow      [3][4]float32
	_         [16]byte
	Magic     [4]byte
}

const (
	datatypeUint8 = 2
	datatypeInt16 = 4
	spaceUnits    = 7 // the bits of XyztUnits that speak of lengths,
	millimetres   = 2 // and what they should say
	maxVoxels     = 1 << 30
	shearLimit    = 1e-3 // cosine between axes above which the grid counts as sheared
)

// Read returns the CT in path as HU on its grid, slices in the order of growing Row x Col.
// It takes one int16 volume placed by its sform; anything else is an error that names the file.
func Read(path string) (*volume.Volume, error) {
	v, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read NIfTI %s: %w", path, err)
	}
	return v, nil
}

func read(path string) (*volume.Volume, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	most := info.Size()
	var r io.Reader = bufio.NewReaderSize(f, 1<<20)
	if strings.HasSuffix(path, ".gz") {
		most *= gzipMost
		if r, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("%w; is it a gzip file?", err)
		}
	}
	raw := make([]byte, 352)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var h header
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, &h); err != nil {
		return nil, err
	}
	grid, flip, err := h.grid()
	if err != nil {
		return nil, err
	}
	voxels := grid.Nx * grid.Ny * grid.Nz()
	if float64(h.VoxOffset)+2*float64(voxels) > float64(most) {
		return nil, fmt.Errorf("its header claims %d x %d x %d voxels, more than its %d bytes can hold; the file is cut short", grid.Nx, grid.Ny, grid.Nz(), info.Size())
	}
	if _, err := io.CopyN(io.Discard, r, int64(h.VoxOffset)-352); err != nil {
		return nil, fmt.Errorf("header extension: %w", err)
	}
	v := &volume.Volume{Grid: grid}
	if v.HU, err = h.voxels(r, voxels, grid.Nx*grid.Ny, info.Size()); err != nil {
		return nil, err
	}
	if flip {
		for a, b := 0, grid.Nz()-1; a < b; a, b = a+1, b-1 {
			low, high := v.Slice(a), v.Slice(b)
			for i := range low {
				low[i], high[i] = high[i], low[i]
			}
		}
	}
	return v, nil
}

// gzipMost is how many bytes one of a gzip file can stand for, at most (https://zlib.net/zlib_tech.html).
const gzipMost = 1032

// voxels reads n voxels, slice of them a slice, from a file of so many bytes. A packed file may claim more than it holds: memory
// for more than four times its bytes is taken only as the voxels come.
func (h *header) voxels(r io.Reader, n, slice int, bytes int64) ([]int16, error) {
	const step = 1 << 20
	raw := make([]byte, 2*min(n, step))
	hu := make([]int16, 0, min(n, 2*int(bytes)+step))
	for len(hu) < n {
		at, more := len(hu), min(n-len(hu), step)
		if _, err := io.ReadFull(r, raw[:2*more]); err != nil {
			return nil, fmt.Errorf("slice %d of %d: %w; the file is cut short", at/slice+1, n/slice, err)
		}
		hu = slices.Grow(hu, more)[:at+more]
		h.decode(hu[at:], raw[:2*more])
	}
	return hu, nil
}

// decode turns little-endian int16 into HU with the header's slope and intercept.
func (h *header) decode(dst []int16, src []byte) {
	slope, inter := float64(h.SclSlope), float64(h.SclInter)
	if slope == 0 {
		slope, inter = 1, 0
	}
	for i := range dst {
		raw := int16(binary.LittleEndian.Uint16(src[2*i:]))
		if slope == 1 && inter == 0 {
			dst[i] = raw
			continue
		}
		dst[i] = int16(min(max(math.Round(float64(raw)*slope+inter), math.MinInt16), math.MaxInt16))
	}
}

// finite tells whether every value is a number.
func finite(values ...float32) bool {
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}

// grid places the voxels; flip tells that the file stores the slices against Row x Col.
func (h *header) grid() (g *volume.Grid, flip bool, err error) {
	switch {
	case h.SizeofHdr != 348 || string(h.Magic[:3]) != "n+1":
		return nil, false, fmt.Errorf("not a single-file NIfTI-1 image")
	case h.Datatype != datatypeInt16:
		return nil, false, fmt.Errorf("data type %d; convert the CT to int16 HU", h.Datatype)
	case h.SformCode == 0:
		return nil, false, fmt.Errorf("no sform says where its voxels are; write one")
	case !(h.VoxOffset >= 352):
		return nil, false, fmt.Errorf("voxel offset %g lies inside the header", h.VoxOffset)
	case h.XyztUnits&spaceUnits != 0 && h.XyztUnits&spaceUnits != millimetres:
		return nil, false, fmt.Errorf("its lengths are not in millimetres (unit %d); convert it", h.XyztUnits&spaceUnits)
	case !finite(h.SclSlope, h.SclInter):
		return nil, false, fmt.Errorf("slope %g and intercept %g give no HU", h.SclSlope, h.SclInter)
	case h.Dim[0] < 3 || h.Dim[0] > 7 || slices.Min(h.Dim[1:4]) < 1 || slices.ContainsFunc(h.Dim[4:h.Dim[0]+1], func(n int16) bool { return n > 1 }):
		return nil, false, fmt.Errorf("dimensions %v are not one 3-D volume", h.Dim)
	case int64(h.Dim[1])*int64(h.Dim[2])*int64(h.Dim[3]) > maxVoxels:
		return nil, false, fmt.Errorf("%d x %d x %d voxels are more than a CT has", h.Dim[1], h.Dim[2], h.Dim[3])
	}
	column := func(i int) volume.Vec { // RAS to LPS turns the first two coordinates
		return volume.Vec{-float64(h.Srow[0][i]), -float64(h.Srow[1][i]), float64(h.Srow[2][i])}
	}
	x, y, z, origin := column(0), column(1), column(2), column(3)
	g = &volume.Grid{
		Nx: int(h.Dim[1]), Ny: int(h.Dim[2]),
		SpacingX: x.Norm(), SpacingY: y.Norm(), Origin: origin, SliceMM: make([]float64, h.Dim[3]),
	}
	spacing := z.Norm()
	if !(g.SpacingX > 0 && g.SpacingY > 0 && spacing > 0) || !finite(float32(x.Norm()), float32(y.Norm()), float32(spacing), float32(origin.Norm())) {
		return nil, false, fmt.Errorf("its sform is singular")
	}
	g.Row, g.Col = x.Scale(1/g.SpacingX), y.Scale(1/g.SpacingY)
	along := g.Normal().Dot(z) / spacing
	if math.Abs(along) < 1-shearLimit {
		return nil, false, fmt.Errorf("its slices are sheared; resample it to a straight grid")
	}
	if flip = along < 0; flip {
		g.Origin = origin.Add(z.Scale(float64(h.Dim[3] - 1)))
	}
	for i := range g.SliceMM {
		g.SliceMM[i] = float64(i) * spacing
	}
	return g, flip, g.Validate()
}
