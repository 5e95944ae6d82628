package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// decodeRLE expands one RLE frame, PS3.5 annex G, into dst as little endian words of size bytes a pixel.
// The first segment holds the most significant byte of every pixel.
func decodeRLE(dst, frame []byte, size int) error {
	if len(frame) < 64 {
		return errors.New("RLE header is truncated")
	}
	if n := int(binary.LittleEndian.Uint32(frame)); n != size {
		return fmt.Errorf("%d RLE segments for %d bytes a pixel", n, size)
	}
	for s := range size {
		start := int(binary.LittleEndian.Uint32(frame[4+4*s:]))
		end := len(frame)
		if s+1 < size {
			end = int(binary.LittleEndian.Uint32(frame[8+4*s:]))
		}
		if start < 64 || start > end || end > len(frame) {
			return errors.New("RLE segments are out of order")
		}
		if err := unpackBits(dst[size-1-s:], frame[start:end], size); err != nil {
			return err
		}
	}
	return nil
}

// unpackBits expands one segment into every stride-th byte of dst.
func unpackBits(dst, src []byte, stride int) error {
	out := 0
	for out < len(dst) {
		if len(src) < 2 {
			return errors.New("RLE segment is truncated")
		}
		n := int(int8(src[0]))
		switch {
		case n >= 0:
			if len(src) < n+2 {
				return errors.New("RLE segment is truncated")
			}
			for _, b := range src[1 : n+2] {
				if out >= len(dst) {
					break
				}
				dst[out] = b
				out += stride
			}
			src = src[n+2:]
		case n > -128:
			for range 1 - n {
				if out >= len(dst) {
					break
				}
				dst[out] = src[1]
				out += stride
			}
			src = src[2:]
		default: // -128 does nothing
			src = src[1:]
		}
	}
	return nil
}
