package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errJPEG is what a damaged JPEG stream gives.
var errJPEG = errors.New("the JPEG stream is damaged")

// losslessJPEG decodes one frame of JPEG Lossless, process 14, with any predictor (ISO/IEC 10918-1 annex H).
type losslessJPEG struct {
	in       []byte
	pos      int
	rows     int
	columns  int
	bits     int         // sample precision
	interval int         // samples between restart markers, 0: none
	tables   [8]*huffman // four for differences (DC), four for AC coefficients
	hold     uint32      // bits read and not used yet, at the low end
	held     int
}

// decodeJPEGLossless expands frame into dst, n pixels of size bytes, little endian. The frame must hold rows x
// columns samples of at most 8*size bits.
func decodeJPEGLossless(dst, frame []byte, rows, columns, size int) error {
	d := losslessJPEG{in: frame}
	if d.next() != 0xD8 {
		return errJPEG
	}
	for {
		marker := d.next()
		switch marker {
		case 0xC3:
			if err := d.frameHeader(rows, columns, 8*size); err != nil {
				return err
			}
		case 0xC4:
			if err := d.huffmanTables(); err != nil {
				return err
			}
		case 0xDD:
			s := d.segment()
			if len(s) < 2 {
				return errJPEG
			}
			d.interval = int(binary.BigEndian.Uint16(s))
		case 0xDA:
			return d.scan(dst, size)
		case 0xC0, 0xC1, 0xC2, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF:
			return fmt.Errorf("the JPEG stream is of another process (SOF%d) than its transfer syntax says", marker-0xC0)
		case -1, 0xD9:
			return errJPEG
		default:
			if d.segment() == nil {
				return errJPEG
			}
		}
	}
}

// next is the next marker's second byte, or -1.
func (d *losslessJPEG) next() int {
	for d.pos+1 < len(d.in) {
		if d.in[d.pos] == 0xFF && d.in[d.pos+1] != 0 && d.in[d.pos+1] != 0xFF {
			d.pos += 2
			return int(d.in[d.pos-1])
		}
		d.pos++
	}
	return -1
}

// segment is the parameters that follow a marker, or nil.
func (d *losslessJPEG) segment() []byte {
	if d.pos+2 > len(d.in) {
		return nil
	}
	n := int(binary.BigEndian.Uint16(d.in[d.pos:]))
	if n < 2 || d.pos+n > len(d.in) {
		return nil
	}
	s := d.in[d.pos+2 : d.pos+n]
	d.pos += n
	return s
}

func (d *losslessJPEG) frameHeader(rows, columns, mostBits int) error {
	s := d.segment()
	if len(s) < 9 {
		return errJPEG
	}
	d.bits, d.rows, d.columns = int(s[0]), int(binary.BigEndian.Uint16(s[1:])), int(binary.BigEndian.Uint16(s[3:]))
	if d.rows != rows || d.columns != columns || s[5] != 1 {
		return fmt.Errorf("the JPEG stream holds %d x %d samples of %d components, the header says %d x %d of one", d.columns, d.rows, s[5], columns, rows)
	}
	if d.bits < 2 || d.bits > mostBits {
		return fmt.Errorf("the JPEG stream has %d bits a sample, the header %d", d.bits, mostBits)
	}
	return nil
}

// scan decodes the samples. A line after a restart is predicted like the first.
func (d *losslessJPEG) scan(dst []byte, size int) error {
	s := d.segment()
	if d.rows == 0 || len(s) < 6 || s[0] != 1 {
		return errJPEG
	}
	table, predictor, shift := d.tables[s[2]>>4&3], int(s[3]), int(s[5]&15)
	if table == nil || predictor < 1 || predictor > 7 || shift >= d.bits {
		return errJPEG
	}
	if d.interval%d.columns != 0 {
		return errors.New("the JPEG stream restarts within a line, which no encoder of medical images does")
	}
	above, line := make([]int, d.columns), make([]int, d.columns)
	first := true // no line above to predict from
	for y := range d.rows {
		if y > 0 && d.interval > 0 && y*d.columns%d.interval == 0 {
			if m := d.restart(); m < 0xD0 || m > 0xD7 {
				return errJPEG
			}
			first = true
		}
		for x := range d.columns {
			diff, ok := d.difference(table)
			if !ok {
				return errJPEG
			}
			var p int
			switch {
			case first && x == 0:
				p = 1 << (d.bits - shift - 1)
			case first:
				p = line[x-1]
			case x == 0:
				p = above[0]
			default:
				p = predict(predictor, line[x-1], above[x], above[x-1])
			}
			line[x] = (p + diff) & 0xFFFF
			store(dst[(y*d.columns+x)*size:], line[x]<<shift, size)
		}
		above, line = line, above
		first = false
	}
	return nil
}

func store(dst []byte, v, size int) {
	dst[0] = byte(v)
	if size == 2 {
		dst[1] = byte(v >> 8)
	}
}

// predict is table H.1: a is to the left, b above, c above and to the left.
func predict(predictor, a, b, c int) int {
	switch predictor {
	case 1:
		return a
	case 2:
		return b
	case 3:
		return c
	case 4:
		return a + b - c
	case 5:
		return a + (b-c)>>1
	case 6:
		return b + (a-c)>>1
	}
	return (a + b) >> 1
}

// restart drops what is left of the entropy-coded segment and returns the marker behind it.
func (d *losslessJPEG) restart() int {
	d.hold, d.held = 0, 0
	return d.next()
}

// difference is the next prediction error, H.1.2.2.
func (d *losslessJPEG) difference(t *huffman) (int, bool) {
	n, ok := t.decode(d)
	switch {
	case !ok || n > 16:
		return 0, false
	case n == 0:
		return 0, true
	case n == 16:
		return 32768, true
	}
	if !d.fill(n) {
		return 0, false
	}
	d.held -= n
	v := int(d.hold>>d.held) & (1<<n - 1)
	if v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v, true
}

// fill makes at least n bits, at most 16, ready; false where the entropy-coded segment ends before.
func (d *losslessJPEG) fill(n int) bool {
	for d.held < n {
		b := byte(0)
		switch {
		case d.pos >= len(d.in) || d.in[d.pos] == 0xFF && (d.pos+1 >= len(d.in) || d.in[d.pos+1] != 0):
			return false
		case d.in[d.pos] == 0xFF:
			b, d.pos = 0xFF, d.pos+2
		default:
			b, d.pos = d.in[d.pos], d.pos+1
		}
		d.hold = d.hold<<8 | uint32(b)
		d.held += 8
	}
	return true
}

// huffman is one table of codes, F.2.2.3.
type huffman struct {
	most   [17]int // largest code of each length, -1: none
	offset [17]int // index of a code's value is code + offset
	values []byte
}

func (d *losslessJPEG) huffmanTables() error {
	s := d.segment()
	if s == nil {
		return errJPEG
	}
	for len(s) > 0 {
		if len(s) < 17 {
			return errJPEG
		}
		t := &huffman{}
		code, n := 0, 0
		for length := 1; length <= 16; length++ {
			count := int(s[length])
			t.most[length], t.offset[length] = code+count-1, n-code
			if count == 0 {
				t.most[length] = -1
			}
			code, n = code+count, n+count
			if code > 1<<length {
				return errJPEG
			}
			code <<= 1
		}
		if len(s) < 17+n {
			return errJPEG
		}
		t.values = s[17 : 17+n]
		d.tables[s[0]&3|s[0]>>4&1<<2] = t
		s = s[17+n:]
	}
	return nil
}

// decode reads one code.
func (t *huffman) decode(d *losslessJPEG) (int, bool) {
	code := 0
	for length := 1; length <= 16; length++ {
		if !d.fill(1) {
			return 0, false
		}
		d.held--
		code = code<<1 | int(d.hold>>d.held)&1
		if code <= t.most[length] && code+t.offset[length] >= 0 {
			return int(t.values[code+t.offset[length]]), true
		}
	}
	return 0, false
}
