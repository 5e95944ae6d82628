package dicom

import (
	"bytes"

	"github.com/clipwright/clipwright/internal/volume"
)

// parsePoints reads x\y\z\x\y\z... in mm; ok is false if a value is no finite number or they are no triples.
func parsePoints(b []byte) (points []volume.Vec, ok bool) {
	n := bytes.Count(b, []byte{'\\'}) + 1
	if n%3 != 0 {
		return nil, false
	}
	points = make([]volume.Vec, 0, n/3)
	var p volume.Vec
	for i := range n {
		word := b
		if end := bytes.IndexByte(b, '\\'); end >= 0 {
			word, b = b[:end], b[end+1:]
		}
		if p[i%3], ok = parseDecimal(word); !ok {
			return nil, false
		}
		if i%3 == 2 {
			points = append(points, p)
		}
	}
	return points, true
}

// parseDecimal is parseFloat for plain decimals without the string: up to 15 digits over a power of ten
// that float64 holds exactly, so that one division rounds correctly.
func parseDecimal(word []byte) (float64, bool) {
	digits, scale, seenPoint := int64(0), 1.0, false
	b := word
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	count := 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits = 10*digits + int64(c-'0')
			count++
			if seenPoint {
				scale *= 10
			}
		case c == '.' && !seenPoint:
			seenPoint = true
		default:
			return parseFloat(string(word))
		}
		if count > 15 {
			return parseFloat(string(word))
		}
	}
	if count == 0 {
		return parseFloat(string(word))
	}
	if negative {
		digits = -digits
	}
	return float64(digits) / scale, true
}
