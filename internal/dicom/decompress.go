package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cocosip/go-dicom-codec/jpeg2000"
	"github.com/cocosip/go-dicom-codec/jpegls/nearlossless"
)

// decompress expands one encapsulated frame into n pixels of f.allocated bits, little endian. What the stream
// says of itself is held against the header before any of it is decoded.
func (s syntax) decompress(frame []byte, f pixelFormat, n int) (words []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			words, err = nil, fmt.Errorf("the %s stream is damaged: %v", s.name, p)
		}
	}()
	words = make([]byte, n*f.allocated/8)
	switch s.uid {
	case syntaxRLE:
		err = decodeRLE(words, frame, f.allocated/8)
	case syntaxJPEGLossless, syntaxJPEGLosslessSV1:
		err = decodeJPEGLossless(words, frame, f.rows, f.columns, f.allocated/8)
	case syntaxJPEGBaseline, syntaxJPEGExtended:
		err = decodeJPEGSequential(words, frame, f.rows, f.columns, f.allocated/8)
	case syntaxJPEGLS, syntaxJPEGLSNear:
		err = decodeJPEGLS(words, frame, f)
	case syntaxJPEG2000Lossless, syntaxJPEG2000:
		err = decodeJPEG2000(words, frame, f)
	default:
		return nil, fmt.Errorf("its pixels are compressed as %s (%s), which Clipwright does not decode; convert it first: %s", s.name, s.uid, s.convert)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; copy the file again", s.name, err)
	}
	return words, nil
}

// lossy tells whether the encoding may have changed the pixels.
func (s syntax) lossy() bool {
	switch s.uid {
	case syntaxJPEGBaseline, syntaxJPEGExtended, syntaxJPEGLSNear, syntaxJPEG2000:
		return true
	}
	return false
}

// disagrees is the error of a stream that holds another image than the header says.
func (f *pixelFormat) disagrees(columns, rows, components, bits int) error {
	if columns == f.columns && rows == f.rows && components == 1 && bits >= 2 && bits <= f.allocated {
		return nil
	}
	return fmt.Errorf("the stream holds %d x %d samples of %d components with %d bits, the header says %d x %d of one with %d",
		columns, rows, components, bits, f.columns, f.rows, f.stored)
}

// decodeJPEGLS expands a JPEG-LS stream, ISO/IEC 14495-1.
func decodeJPEGLS(words, frame []byte, f pixelFormat) error {
	header, ok := jpegSegment(frame, 0xF7) // SOF55
	if !ok || len(header) < 6 {
		return errJPEG
	}
	rows, columns := int(binary.BigEndian.Uint16(header[1:])), int(binary.BigEndian.Uint16(header[3:]))
	if err := f.disagrees(columns, rows, int(header[5]), int(header[0])); err != nil {
		return err
	}
	pixels, _, _, _, bits, _, err := nearlossless.Decode(frame)
	if err != nil {
		return err
	}
	return widen(words, pixels, bits)
}

// widen copies pixels, of one byte each up to 8 bits and of two above, into words.
func widen(words, pixels []byte, bits int) error {
	switch {
	case len(pixels) == len(words):
		copy(words, pixels)
	case bits <= 8 && 2*len(pixels) == len(words):
		for i, v := range pixels {
			words[2*i], words[2*i+1] = v, 0
		}
	default:
		return fmt.Errorf("%d bytes decoded where %d were expected", len(pixels), len(words))
	}
	return nil
}

// jpegSegment is the first segment of a JPEG stream with that marker.
func jpegSegment(frame []byte, marker int) ([]byte, bool) {
	d := losslessJPEG{in: frame}
	if d.next() != 0xD8 {
		return nil, false
	}
	for {
		m := d.next()
		if m < 0 || m == 0xDA && marker != 0xDA {
			return nil, false
		}
		s := d.segment()
		if s == nil || m == marker {
			return s, s != nil
		}
	}
}

// checkCodingStyle looks at the COD segments of a codestream, table A.12: what no encoder of images writes would
// cost the decoder memory.
func checkCodingStyle(b []byte) error {
	const mostLayers, mostLevels = 256, 10
	for {
		i := bytes.Index(b, []byte{0xFF, 0x52})
		if i < 0 || len(b) < i+14 {
			return nil
		}
		layers, levels, width, height := int(binary.BigEndian.Uint16(b[i+6:])), b[i+9], b[i+10], b[i+11]
		if binary.BigEndian.Uint16(b[i+2:]) < 64 && (layers > mostLayers || levels > mostLevels || width > 8 || height > 8) {
			return fmt.Errorf("a coding style of %d layers, %d levels and code blocks of 2^%d x 2^%d", layers, levels, width+2, height+2)
		}
		b = b[i+2:]
	}
}

// mostTiles is how many tiles a JPEG 2000 image may have: medical encoders write one.
const mostTiles = 1024

// decodeJPEG2000 expands a JPEG 2000 codestream, ISO/IEC 15444-1.
func decodeJPEG2000(words, frame []byte, f pixelFormat) error {
	const sizeHeader = 2 + 2 + 2 + 36 + 3                       // SOC, SIZ, and its parameters with one component
	start := bytes.Index(frame, []byte{0xFF, 0x4F, 0xFF, 0x51}) // some writers put a JP2 file round the codestream
	if start < 0 || len(frame)-start < sizeHeader {
		return errors.New("no codestream begins")
	}
	frame = frame[start:]
	field := func(i int) int64 { return int64(binary.BigEndian.Uint32(frame[8+4*i:])) } // Xsiz Ysiz XOsiz YOsiz XTsiz YTsiz
	columns, rows := field(0)-field(2), field(1)-field(3)
	components := int(binary.BigEndian.Uint16(frame[40:]))
	if err := f.disagrees(int(columns), int(rows), components, int(frame[42]&0x7F)+1); err != nil {
		return err
	}
	if w, h := field(4), field(5); w == 0 || h == 0 || (columns/w+1)*(rows/h+1) > mostTiles {
		return fmt.Errorf("more than %d tiles", mostTiles)
	}
	if err := checkCodingStyle(frame[sizeHeader:]); err != nil {
		return err
	}
	d := jpeg2000.NewDecoder()
	if err := d.Decode(frame); err != nil {
		return err
	}
	values, err := d.GetComponentData(0)
	if err != nil {
		return err
	}
	size := f.allocated / 8
	if len(values)*size != len(words) {
		return fmt.Errorf("%d pixels decoded where %d were expected", len(values), len(words)/size)
	}
	least, most := 0, 1<<(frame[42]&0x7F+1)-1 // Ssiz: bits less one, and the sign
	if frame[42]>>7 != 0 {
		least, most = -(most/2)-1, most/2
	}
	for i, v := range values { // the wavelet with loss overshoots at edges
		store(words[i*size:], max(least, min(most, int(v))), size)
	}
	return nil
}
