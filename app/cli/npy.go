package cli

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// npyHeader is the header of NumPy's .npy format 1.0 for a C-ordered array.
func npyHeader(dtype string, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.Itoa(n)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", dtype, strings.Join(dims, ", "))
	const fixed = 10 // magic, version, length
	pad := 64 - (fixed+len(text)+1)%64
	text += strings.Repeat(" ", pad%64) + "\n"
	head := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(head[8:], uint16(len(text)))
	return append(head, text...)
}

// npyFloat16 is a as a half-precision .npy file of the given shape.
func npyFloat16(a []float32, shape ...int) []byte {
	b := npyHeader("<f2", shape)
	for _, v := range a {
		b = binary.LittleEndian.AppendUint16(b, float16(v))
	}
	return b
}

// npyUint8 is a as an unsigned byte .npy file of the given shape.
func npyUint8(a []uint8, shape ...int) []byte { return append(npyHeader("|u1", shape), a...) }

// float16 rounds v, which must lie in the finite half-precision range, to the nearest half (ties to even).
func float16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	exp := int(bits>>23&0xff) - 127 + 15
	mant := bits&0x7fffff | 0x800000
	shift := 13
	if exp <= 0 { // subnormal half
		shift += 1 - exp
		if shift > 24 {
			return sign
		}
		exp = 0
	}
	half := mant >> shift
	if rest, mid := mant&(1<<shift-1), uint32(1)<<(shift-1); rest > mid || rest == mid && half&1 == 1 {
		half++
	}
	if exp > 0 {
		half += uint32(exp-1) << 10 // the implicit bit adds the last one; a carry moves up the exponent
	}
	return sign | uint16(half)
}
