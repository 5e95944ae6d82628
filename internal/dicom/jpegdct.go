package dicom

import (
	"encoding/binary"
	"fmt"
)

// dctJPEG decodes one frame of sequential JPEG, baseline or extended, of 8 or 12 bits (ISO/IEC 10918-1 annex F).
type dctJPEG struct {
	losslessJPEG
	quant [4]*[64]int // in zigzag order
	table int         // of quant
}

// decodeJPEGSequential expands frame into dst, rows x columns pixels of size bytes, little endian.
func decodeJPEGSequential(dst, frame []byte, rows, columns, size int) error {
	d := dctJPEG{losslessJPEG: losslessJPEG{in: frame}}
	if d.next() != 0xD8 {
		return errJPEG
	}
	for {
		marker := d.next()
		switch marker {
		case 0xC0, 0xC1:
			at := d.pos
			if err := d.frameHeader(rows, columns, min(12, 8*size)); err != nil {
				return err
			}
			if d.table = int(d.in[at+2+8] & 3); d.bits != 8 && d.bits != 12 {
				return fmt.Errorf("the JPEG stream has %d bits a sample, 8 and 12 exist", d.bits)
			}
		case 0xC4:
			if err := d.huffmanTables(); err != nil {
				return err
			}
		case 0xDB:
			if err := d.quantisation(); err != nil {
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
		case 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF:
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

// quantisation reads the tables of a DQT segment, B.2.4.1.
func (d *dctJPEG) quantisation() error {
	s := d.segment()
	if s == nil {
		return errJPEG
	}
	for len(s) > 0 {
		size := 1 + int(s[0]>>4)
		if size > 2 || len(s) < 1+64*size {
			return errJPEG
		}
		t := new([64]int)
		for i := range t {
			if t[i] = int(s[1+i*size]); size == 2 {
				t[i] = t[i]<<8 | int(s[2+i*size])
			}
		}
		d.quant[s[0]&3] = t
		s = s[1+64*size:]
	}
	return nil
}

// zigzag is the place in a block, 8 y + x, of each coefficient of the stream, figure A.6.
func zigzag() (order [64]int) {
	x, y := 0, 0
	for i := range order {
		order[i] = 8*y + x
		switch up := (x+y)%2 == 0; {
		case up && x == 7, !up && y < 7 && x == 0:
			y++
		case up && y == 0, !up && y == 7:
			x++
		case up:
			x, y = x+1, y-1
		default:
			x, y = x-1, y+1
		}
	}
	return order
}

// scan decodes the blocks of the one component, each 8 x 8 samples.
func (d *dctJPEG) scan(dst []byte, size int) error {
	s := d.segment()
	if d.rows == 0 || len(s) < 3 || s[0] != 1 {
		return errJPEG
	}
	dc, ac, quant := d.tables[s[2]>>4&3], d.tables[4|s[2]&3], d.quant[d.table]
	if dc == nil || ac == nil || quant == nil {
		return errJPEG
	}
	order := zigzag()
	last, block := 0, 0
	var c [64]int
	for y0 := 0; y0 < d.rows; y0 += 8 {
		for x0 := 0; x0 < d.columns; x0 += 8 {
			if block > 0 && d.interval > 0 && block%d.interval == 0 {
				if m := d.restart(); m < 0xD0 || m > 0xD7 {
					return errJPEG
				}
				last = 0
			}
			block++
			c = [64]int{}
			diff, ok := d.difference(dc)
			if !ok {
				return errJPEG
			}
			last += diff
			c[0] = last * quant[0]
			if !d.coefficients(&c, ac, quant, &order) {
				return errJPEG
			}
			inverseDCT(&c, d.bits)
			for y := range min(8, d.rows-y0) {
				for x := range min(8, d.columns-x0) {
					store(dst[((y0+y)*d.columns+x0+x)*size:], c[8*y+x], size)
				}
			}
		}
	}
	return nil
}

// coefficients reads those behind the first of a block, F.2.2.2.
func (d *dctJPEG) coefficients(c *[64]int, ac *huffman, quant *[64]int, order *[64]int) bool {
	for k := 1; k < 64; k++ {
		code, ok := ac.decode(&d.losslessJPEG)
		if !ok {
			return false
		}
		zeros, n := code>>4, code&15
		switch {
		case n == 0 && zeros == 15:
			k += 15
			continue
		case n == 0:
			return true
		}
		if k += zeros; k > 63 || !d.fill(n) {
			return false
		}
		d.held -= n
		v := int(d.hold>>d.held) & (1<<n - 1)
		if v < 1<<(n-1) {
			v -= 1<<n - 1
		}
		c[order[k]] = v * quant[k]
	}
	return true
}

// The rotations of Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications"
// (ICASSP 1989, doi:10.1109/ICASSP.1989.266596), in units of 1/8192. Decoders that share them, and the two roundings
// of inverseDCT, agree to the last bit.
const (
	dctBits = 13
	c0298   = 2446
	c0390   = 3196
	c0541   = 4433
	c0765   = 6270
	c0899   = 7373
	c1175   = 9633
	c1501   = 12299
	c1847   = 15137
	c1961   = 16069
	c2053   = 16819
	c2562   = 20995
	c3072   = 25172
)

// inverseDCT turns the coefficients of a block, dequantised, into samples of bits bits, in place.
func inverseDCT(c *[64]int, bits int) {
	spare := 2 // bits kept between the passes
	if bits > 8 {
		spare = 1
	}
	for x := range 8 {
		inverse8(c, x, 8, dctBits-spare)
	}
	middle, most := 1<<(bits-1), 1<<bits-1
	for y := range 8 {
		inverse8(c, 8*y, 1, dctBits+spare+3)
		for i := 8 * y; i < 8*y+8; i++ {
			c[i] = max(0, min(most, c[i]+middle))
		}
	}
}

// inverse8 transforms eight values from first on, step apart, and drops the low bits of the result, rounded.
func inverse8(c *[64]int, first, step, drop int) {
	in := func(k int) int { return c[first+k*step] }
	round := 1 << (drop - 1)
	put := func(k, v int) { c[first+k*step] = (v + round) >> drop }
	e := (in(2) + in(6)) * c0541
	e2, e3 := e-in(6)*c1847, e+in(2)*c0765
	sum, difference := (in(0)+in(4))<<dctBits, (in(0)-in(4))<<dctBits
	even := [4]int{sum + e3, difference + e2, difference - e2, sum - e3}

	o7, o5, o3, o1 := in(7), in(5), in(3), in(1)
	z := (o7 + o3 + o5 + o1) * c1175
	z1, z2 := -(o7+o1)*c0899, -(o5+o3)*c2562
	z3, z4 := z-(o7+o3)*c1961, z-(o5+o1)*c0390
	odd := [4]int{o1*c1501 + z1 + z4, o3*c3072 + z2 + z3, o5*c2053 + z2 + z4, o7*c0298 + z1 + z3}
	for k := range 4 {
		put(k, even[k]+odd[k])
		put(7-k, even[k]-odd[k])
	}
}
