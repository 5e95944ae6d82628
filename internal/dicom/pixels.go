package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/suyashkumar/dicom/pkg/tag"
)

// airHU is what padding pixels, which no ray measured, become.
const airHU = -1024

// Padding between these values looks like tissue or metal; it is taken at its word only outside.
const (
	paddingBelowHU = -900
	paddingAboveHU = 4000
)

// pixelFormat says how samples are stored, PS3.3 C.7.6.3, and how they become HU, C.11.1.
type pixelFormat struct {
	rows, columns    int
	allocated        int // bits: 8 or 16
	stored, high     int // bits, highest bit
	signed           bool
	slope, intercept float64
	padding          [2]int // raw values from, to, both included
	hasPadding       bool
}

// errInverse marks images that no CT has.
var errNotGrey = errors.New("not a greyscale CT image")

func readPixelFormat(d dataset) (f pixelFormat, err error) {
	f = pixelFormat{
		rows: d.integer(tag.Rows, 0), columns: d.integer(tag.Columns, 0),
		allocated: d.integer(tag.BitsAllocated, 0), signed: d.integer(tag.PixelRepresentation, 0) == 1,
		slope: d.number(tag.RescaleSlope, 1), intercept: d.number(tag.RescaleIntercept, 0),
	}
	f.stored = d.integer(tag.BitsStored, f.allocated)
	f.high = d.integer(tag.HighBit, f.stored-1)
	switch {
	case d.integer(tag.SamplesPerPixel, 1) != 1:
		return f, fmt.Errorf("%d samples a pixel: %w", d.integer(tag.SamplesPerPixel, 1), errNotGrey)
	case d.text(tag.PhotometricInterpretation) == "MONOCHROME1":
		return f, fmt.Errorf("inverted grey values (MONOCHROME1): %w", errNotGrey)
	case f.allocated != 8 && f.allocated != 16:
		return f, fmt.Errorf("%d bits are allocated to a pixel, 8 or 16 are read; export the series again as CT Image Storage", f.allocated)
	case f.stored < 1 || f.stored > f.allocated || f.high >= f.allocated || f.high < f.stored-1:
		return f, fmt.Errorf("BitsStored %d and HighBit %d do not fit into %d bits", f.stored, f.high, f.allocated)
	case f.slope == 0:
		return f, errors.New("RescaleSlope is 0; export the series again")
	}
	if p := d.ints(tag.PixelPaddingValue); len(p) > 0 {
		f.hasPadding = true
		f.padding[0] = f.sample(p[0])
		f.padding[1] = f.padding[0]
		if limit := d.ints(tag.PixelPaddingRangeLimit); len(limit) > 0 {
			f.padding[1] = f.sample(limit[0])
		}
		if f.padding[0] > f.padding[1] {
			f.padding[0], f.padding[1] = f.padding[1], f.padding[0]
		}
	}
	return f, nil
}

// sample reads a value of the "US or SS" attributes by PixelRepresentation: implicit encoding gives US.
func (f pixelFormat) sample(v int) int {
	if f.signed {
		return int(int16(v))
	}
	return int(uint16(v))
}

// raw takes the stored bits out of an allocated word.
func (f pixelFormat) raw(word int) int {
	v := word >> (f.high + 1 - f.stored) & (1<<f.stored - 1)
	if f.signed && v>>(f.stored-1) != 0 {
		v -= 1 << f.stored
	}
	return v
}

// hu is the rescaled value, rounded, within int16.
func (f pixelFormat) hu(raw int) int16 {
	v := math.Round(float64(raw)*f.slope + f.intercept)
	return int16(max(math.MinInt16, min(math.MaxInt16, v)))
}

// padsAir tells whether padding pixels become air: not when their HU is one that tissue has, since then
// they cannot be told from it.
func (f pixelFormat) padsAir() bool {
	if !f.hasPadding {
		return false
	}
	lo, hi := f.hu(f.padding[0]), f.hu(f.padding[1])
	return max(lo, hi) <= paddingBelowHU || min(lo, hi) >= paddingAboveHU
}

// huTable is the HU of every word that can be allocated: mask, sign, padding and rescale in one look-up.
type huTable struct {
	format pixelFormat
	hu     [1 << 16]int16
}

// build fills t for f unless it holds f already.
func (t *huTable) build(f pixelFormat) {
	if t.format == f {
		return
	}
	t.format = f
	air := f.padsAir()
	for word := range 1 << f.allocated {
		raw := f.raw(word)
		if t.hu[word] = f.hu(raw); air && raw >= f.padding[0] && raw <= f.padding[1] {
			t.hu[word] = airHU
		}
	}
}

// decode turns little or big endian words into HU; len(src) is that of dst times the bytes of a word.
func (t *huTable) decode(dst []int16, src []byte, big bool) {
	switch {
	case t.format.allocated == 8:
		for i, b := range src[:len(dst)] {
			dst[i] = t.hu[b]
		}
	case big:
		for i := range dst {
			dst[i] = t.hu[binary.BigEndian.Uint16(src[2*i:])]
		}
	default:
		for len(dst) >= 4 && len(src) >= 8 {
			w := binary.LittleEndian.Uint64(src)
			dst[0] = t.hu[uint16(w)]
			dst[1] = t.hu[uint16(w>>16)]
			dst[2] = t.hu[uint16(w>>32)]
			dst[3] = t.hu[uint16(w>>48)]
			dst, src = dst[4:], src[8:]
		}
		for i := range dst {
			dst[i] = t.hu[binary.LittleEndian.Uint16(src[2*i:])]
		}
	}
}
