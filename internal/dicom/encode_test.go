package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rawElement is one element as a test writes it, by an encoder of its own: nothing is shared with the
// code under test.
type rawElement struct {
	vr    string
	value []byte        // little endian
	items [][]rawTagged // of a sequence
	fixed bool          // sequence and items with lengths instead of delimiters
	// endless gives an element that is no sequence an undefined length all the same.
	endless bool
}

type rawTagged struct {
	tag uint32
	rawElement
}

// rawFile is a data set to be written.
type rawFile map[uint32]rawElement

func str(vr, s string) rawElement {
	if len(s)%2 != 0 {
		pad := " "
		if vr == "UI" {
			pad = "\x00"
		}
		s += pad
	}
	return rawElement{vr: vr, value: []byte(s)}
}

func u16(vr string, values ...uint16) rawElement {
	e := rawElement{vr: vr}
	for _, v := range values {
		e.value = binary.LittleEndian.AppendUint16(e.value, v)
	}
	return e
}

// rawCT is slice z of a small series: 4 x 3 pixels, raw value 1000 + 10 z + index.
func rawCT(z int) rawFile {
	pixels := make([]uint16, 12)
	for i := range pixels {
		pixels[i] = uint16(1000 + 10*z + i)
	}
	return rawFile{
		0x00080005: str("CS", "ISO_IR 100"),
		0x00080008: str("CS", `ORIGINAL\PRIMARY\AXIAL`),
		0x00080016: str("UI", classCTImage),
		0x00080018: str("UI", fmt.Sprintf("1.2.3.%d", z+1)),
		0x00080020: str("DA", "20260102"),
		0x00080060: str("CS", "CT"),
		0x0008103E: str("LO", "Raw CT"),
		0x00100010: str("PN", "M\xFCller^Eva"),
		0x00100020: str("LO", "R1"),
		0x0020000D: str("UI", "1.2.3.0.1"),
		0x0020000E: str("UI", "1.2.3.0.2"),
		0x00200013: str("IS", fmt.Sprint(100-z)),
		0x00200032: str("DS", fmt.Sprintf(`-10\-20\%d`, 3*z)),
		0x00200037: str("DS", `1\0\0\0\1\0`),
		0x00200052: str("UI", "1.2.3.0.3"),
		0x00280002: u16("US", 1),
		0x00280004: str("CS", "MONOCHROME2"),
		0x00280010: u16("US", 3),
		0x00280011: u16("US", 4),
		0x00280030: str("DS", `0.5\0.75`),
		0x00280100: u16("US", 16),
		0x00280101: u16("US", 16),
		0x00280102: u16("US", 15),
		0x00280103: u16("US", 0),
		0x00281052: str("DS", "-1000"),
		0x00281053: str("DS", "1"),
		0x7FE00010: u16("OW", pixels...),
	}
}

// with returns a copy of f with changes; an element without VR is removed.
func (f rawFile) with(changes rawFile) rawFile {
	c := maps.Clone(f)
	for t, e := range changes {
		if c[t] = e; e.vr == "" {
			delete(c, t)
		}
	}
	return c
}

// encode writes preamble, meta information and the elements in the transfer syntax.
func (f rawFile) encode(syntaxUID string) []byte {
	b := append(make([]byte, 128), "DICM"...)
	meta := appendRaw(nil, 0x00020010, str("UI", syntaxUID), false, false)
	b = appendRaw(b, 0x00020000, rawElement{vr: "UL", value: binary.LittleEndian.AppendUint32(nil, uint32(len(meta)))}, false, false)
	b = append(b, meta...)
	body := f.elements(syntaxUID == syntaxImplicitLE, syntaxUID == syntaxExplicitBE)
	if syntaxUID == syntaxDeflatedLE {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, 6)
		if err != nil {
			panic(err)
		}
		w.Write(body)
		w.Close()
		body = out.Bytes()
	}
	return append(b, body...)
}

func (f rawFile) elements(implicit, big bool) []byte {
	var b []byte
	for _, t := range slices.Sorted(maps.Keys(f)) {
		b = appendRaw(b, t, f[t], implicit, big)
	}
	return b
}

func appendRaw(b []byte, t uint32, e rawElement, implicit, big bool) []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	header := func(t uint32, vr string, length uint32) {
		b = order.AppendUint16(order.AppendUint16(b, uint16(t>>16)), uint16(t))
		switch {
		case implicit || vr == "":
			b = order.AppendUint32(b, length)
		case strings.Contains("OB OD OF OL OV OW SQ SV UC UN UR UT UV", vr):
			b = order.AppendUint32(append(b, vr[0], vr[1], 0, 0), length)
		default:
			b = order.AppendUint16(append(b, vr...), uint16(length))
		}
	}
	if e.vr == "SQ" {
		var body []byte
		for _, item := range e.items {
			var in []byte
			for _, x := range item {
				in = appendRaw(in, x.tag, x.rawElement, implicit, big)
			}
			length := uint32(len(in))
			if !e.fixed {
				length = 0xFFFFFFFF
			}
			body = order.AppendUint32(order.AppendUint16(order.AppendUint16(body, 0xFFFE), 0xE000), length)
			body = append(body, in...)
			if !e.fixed {
				body = append(order.AppendUint16(order.AppendUint16(body, 0xFFFE), 0xE00D), 0, 0, 0, 0)
			}
		}
		if e.fixed {
			header(t, "SQ", uint32(len(body)))
			return append(b, body...)
		}
		header(t, "SQ", 0xFFFFFFFF)
		b = append(b, body...)
		return append(order.AppendUint16(order.AppendUint16(b, 0xFFFE), 0xE0DD), 0, 0, 0, 0)
	}
	if e.vr == "encapsulated" {
		header(t, "OB", 0xFFFFFFFF)
		return append(b, e.value...)
	}
	if e.endless {
		header(t, e.vr, 0xFFFFFFFF)
	} else {
		header(t, e.vr, uint32(len(e.value)))
	}
	value := slices.Clone(e.value)
	size := map[string]int{"US": 2, "SS": 2, "OW": 2, "UL": 4, "FD": 8}[e.vr]
	if big && size > 0 {
		for i := 0; i+size <= len(value); i += size {
			slices.Reverse(value[i : i+size])
		}
	}
	return append(b, value...)
}

// writeRaw writes n slices of rawCT, changed by each, into a new folder.
func writeRaw(t testing.TB, n int, syntaxUID string, each func(z int, f rawFile) rawFile) string {
	t.Helper()
	dir := t.TempDir()
	for z := range n {
		f := rawCT(z)
		if each != nil {
			f = each(z, f)
		}
		writeFile(t, filepath.Join(dir, fmt.Sprintf("im%02d", z)), f.encode(syntaxUID))
	}
	return dir
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// always makes the same change to every slice.
func always(changes rawFile) func(int, rawFile) rawFile {
	return func(_ int, f rawFile) rawFile { return f.with(changes) }
}
