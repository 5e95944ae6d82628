package dicom

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/internal/volume"
)

const (
	hostileTime  = 2 * time.Second
	hostileBytes = 32 << 20 // on top of three times the input
)

// survive reads data by every way in, pixels included when asked, and fails on a panic, on slowness and on memory out of
// proportion.
func survive(t testing.TB, dir, what string, data []byte, pixels bool) {
	t.Helper()
	path := filepath.Join(dir, "hostile.dcm")
	writeFile(t, path, data)
	var studies []*Study
	bounded(t, what+": scan", len(data), func() {
		studies, _ = Scan(context.Background(), dir, new(Report)) // a DICOMDIR alone is refused; nothing else is
	})
	for _, study := range studies {
		for _, s := range study.Series {
			if !pixels {
				break
			}
			bounded(t, what+": read", max(len(data), 2*s.Rows*s.Columns*len(s.Slices)), func() {
				if v, err := ReadCT(context.Background(), s, new(Report)); err == nil && v.Grid.Validate() != nil {
					t.Errorf("%s: a volume without a grid", what)
				}
			})
		}
	}
	var set *StructureSet
	bounded(t, what+": structure set", len(data), func() {
		var err error
		if set, err = ReadStructureSet(path, new(Report)); err != nil {
			set = new(StructureSet)
		}
	})
	g := volume.NewUniformGrid(16, 16, 4, 1, 1, 3, volume.Vec{})
	for i := range set.Structures {
		set.Structures[i].ClipMasks(g)
	}
}

// bounded fails when work takes long or allocates more than a file of n bytes may cost.
func bounded(t testing.TB, what string, n int, work func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start, begun := time.Now(), cputime.Used()
	work()
	took, used := time.Since(start), cputime.Used()-begun
	runtime.ReadMemStats(&after)
	hang := 20 * hostileTime // the machine may have other work
	if os.Getenv("CLIPWRIGHT_SOAK") != "" {
		hang = 5 * time.Minute // a soak in the background waits long for its turn
	}
	if min(took, used) > hostileTime || took > hang {
		t.Errorf("%s: took %v, of which %v computing", what, took, used)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(hostileBytes+3*n) {
		t.Errorf("%s: %d bytes allocated for %d", what, got, n)
	}
}

// seeds are small valid files of both kinds in several encodings.
func seeds() map[string][]byte {
	rt := withContours(rawContour("CLOSED_PLANAR", "4", square), rawContour("POINT", "1", `1\2\0`))
	all := map[string][]byte{
		"ct implicit": rawCT(0).encode(syntaxImplicitLE),
		"ct explicit": rawCT(0).encode(syntaxExplicitLE),
		"ct big":      rawCT(0).encode(syntaxExplicitBE),
		"ct deflated": rawCT(0).encode(syntaxDeflatedLE),
		"rt implicit": rt.encode(syntaxImplicitLE),
		"rt explicit": rt.encode(syntaxExplicitLE),
		"rt big":      rt.encode(syntaxExplicitBE),
	}
	all["enhanced explicit"] = rawEnhanced(3).encode(syntaxExplicitLE)
	all["enhanced implicit"] = rawEnhanced(3).encode(syntaxImplicitLE)
	all["DICOMDIR"] = encodeDirectory(rawDirectory(`A\B`, `C`))
	all["ct "+syntaxJPEGExtended] = rawCT(0).with(rawFile{tagPixelData: encapsulated(sequentialJPEG())}).encode(syntaxJPEGExtended)
	for _, uid := range []string{syntaxRLE, syntaxJPEGLossless, syntaxJPEGLS, syntaxJPEGLSNear, syntaxJPEG2000Lossless} {
		pixels := compress(uid, rawCT(0)[tagPixelData].value)
		all["ct "+uid] = rawCT(0).with(rawFile{tagPixelData: pixels}).encode(uid)
	}
	return all
}

func TestTruncatedAnywhere(t *testing.T) {
	dir := t.TempDir()
	for name, data := range seeds() {
		for n := 0; n < len(data); n += 37 {
			survive(t, dir, name, data[:n], true)
		}
	}
}

// TestSequencesByAnotherName: the library goes by the tag, whatever the file says an element is. A wanted one that
// says UN without a length is no sequence for it, and a sequence that says it is text is one.
func TestSequencesByAnotherName(t *testing.T) {
	dir := t.TempDir()
	unknown := rawElement{vr: "UN", value: []byte{0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0}, endless: true}
	for tag := range rawCT(0) {
		survive(t, dir, fmt.Sprintf("unknown %08x", tag), rawCT(0).with(rawFile{tag: unknown}).encode(syntaxExplicitLE), true)
	}
	rt := withContours(rawContour("CLOSED_PLANAR", "4", square))
	for tag := range rt {
		if rt[tag].vr == "SQ" {
			text := str("LT", `0\0\0\0\0\0\0\0\0`)
			survive(t, dir, fmt.Sprintf("text %08x", tag), rt.with(rawFile{tag: text}).encode(syntaxExplicitLE), true)
		}
	}
}

func TestHostileFiles(t *testing.T) {
	preambled := func(body []byte) []byte { return append(append(make([]byte, 128), "DICM"...), body...) }
	implicit := func(tag, length uint32, value ...byte) []byte {
		b := binary.LittleEndian.AppendUint16(nil, uint16(tag>>16))
		b = binary.LittleEndian.AppendUint16(b, uint16(tag))
		return append(binary.LittleEndian.AppendUint32(b, length), value...)
	}
	meta := rawFile{}.encode(syntaxImplicitLE)
	of := func(parts ...[]byte) []byte {
		b := append([]byte(nil), meta...)
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	repeat := func(n int, part []byte) []byte { return []byte(strings.Repeat(string(part), n)) }
	class := implicit(0x00080016, 26, []byte(classCTImage+"\x00")...)
	rtClass := implicit(0x00080016, 30, []byte(classStructureSet+"\x00")...)
	deep := repeat(100000, append(implicit(0x30060020, 0xFFFFFFFF), implicit(tagItem, 0xFFFFFFFF)...))
	deflated := rawCT(0)
	deflated[0x00091010] = rawElement{vr: "UN", value: make([]byte, 80<<20)} // a thousandfold
	for name, data := range map[string][]byte{
		"text":                  []byte(strings.Repeat("words and words\n", 50)),
		"DICM and text":         preambled([]byte(strings.Repeat("words and words\n", 50))),
		"DICM alone":            preambled(nil),
		"giant text length":     of(class, implicit(0x00100010, 0xFFFFFFF0)),
		"giant sequence":        of(class, implicit(0x30060020, 0x7FFFFFFF, implicit(tagItem, 0x7FFFFFF0)...)),
		"giant pixel data":      of(class, implicit(tagPixelData, 0xFFFFFFF0)),
		"undefined text":        of(class, implicit(0x00100010, 0xFFFFFFFF)),
		"deep nesting":          of(rtClass, deep),
		"endless items":         of(rtClass, implicit(0x30060020, 0xFFFFFFFF), repeat(100000, implicit(tagItem, 0))),
		"zeros and one":         of(class, make([]byte, 4<<20), []byte{1}),
		"empty elements":        of(rtClass, repeat(400000, implicit(0x30060002, 0))),
		"backslashes":           of(rtClass, implicit(0x30060002, 4<<20), repeat(4<<20, []byte{'\\'})),
		"huge image":            rawCT(0).with(rawFile{0x00280010: u16("US", 65535), 0x00280011: u16("US", 65535)}).encode(syntaxExplicitLE),
		"large image":           rawCT(0).with(rawFile{0x00280010: u16("US", 16000), 0x00280011: u16("US", 16000)}).encode(syntaxExplicitLE),
		"bomb":                  deflated.encode(syntaxDeflatedLE),
		"unknown syntax":        rawCT(0).encode("1.2.3.4"),
		"syntax of no text":     rawCT(0).encode(""),
		"unknown charset":       rawCT(0).with(rawFile{0x00080005: str("CS", "ISO_IR 999")}).encode(syntaxExplicitLE),
		"many charsets":         rawCT(0).with(rawFile{0x00080005: str("CS", strings.Repeat(`ISO_IR 100\`, 1000))}).encode(syntaxExplicitLE),
		"odd US":                rawCT(0).with(rawFile{0x00280010: {vr: "US", value: []byte{1, 2, 3}}}).encode(syntaxExplicitLE),
		"empty US":              rawCT(0).with(rawFile{0x00280010: {vr: "US"}}).encode(syntaxExplicitLE),
		"rows as text":          rawCT(0).with(rawFile{0x00280010: str("LO", "many")}).encode(syntaxExplicitLE),
		"sequence for text":     rawCT(0).with(rawFile{0x00100010: sq([]rawTagged{{0x00100010, str("PN", "x")}})}).encode(syntaxExplicitLE),
		"infinite position":     rawCT(0).with(rawFile{0x00200032: str("DS", `1e400\0\0`)}).encode(syntaxExplicitLE),
		"clip list of ranges":   clipListBomb(),
		"items of ROIs":         of(rtClass, implicit(0x30060020, 0xFFFFFFFF), repeat(1<<20, implicit(tagItem, 0))),
		"items of frames":       of(implicit(0x00080016, 28, []byte(classEnhancedCT+"\x00")...), implicit(0x00280008, 8, []byte("1048576 ")...), implicit(0x52009230, 0xFFFFFFFF), repeat(1<<20, implicit(tagItem, 0))),
		"items of one element":  of(rtClass, implicit(0x30060020, 0xFFFFFFFF), repeat(1<<19, implicit(tagItem, 8, implicit(0x30060022, 0)...))),
		"items of contours":     of(rtClass, implicit(0x30060039, 0xFFFFFFFF), implicit(tagItem, 0xFFFFFFFF), implicit(tagContours, 0xFFFFFFFF), repeat(1<<20, implicit(tagItem, 0))),
		"closed empty contours": of(rtClass, implicit(0x30060039, uint32(16+8<<20)), implicit(tagItem, uint32(8+8<<20)), implicit(tagContours, 8<<20), repeat(1<<20, implicit(tagItem, 0))),
		"items of records":      slices.Concat(encodeDirectory(rawFile{0x00020002: str("UI", classMediaDirectory)}), explicitItems(0x00041220, 1<<20)),
		"every contour repeats": withContours(repeatContours(20000)...).encode(syntaxImplicitLE),
	} {
		t.Run(name, func(t *testing.T) { survive(t, t.TempDir(), name, data, true) })
	}
}

// clipListBomb names all contours again and again.
func clipListBomb() []byte {
	f := withContours(repeatContours(2000)...)
	f[0x30060020] = sq([]rawTagged{{0x30060022, str("IS", "1")}, {0x30060028, str("ST", "clips 1:1-2000"+strings.Repeat(",1-2000", 9000))}})
	return f.encode(syntaxImplicitLE)
}

// explicitItems is a sequence of n empty items, explicit little endian, without its end.
func explicitItems(tag uint32, n int) []byte {
	b := appendRaw(nil, tag, rawElement{vr: "SQ", fixed: true}, false, false)
	binary.LittleEndian.PutUint32(b[len(b)-4:], uint32(8*n))
	return append(b, strings.Repeat("\xFE\xFF\x00\xE0\x00\x00\x00\x00", n)...)
}

// sequentialJPEG is a 12-bit JPEG of 4 x 3 samples, all of one block, written by hand: DC tables of one code, and no AC.
func sequentialJPEG() []byte {
	segment := func(marker byte, body ...byte) []byte {
		return append([]byte{0xFF, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	}
	quant := append([]byte{0}, []byte(strings.Repeat("\x01", 64))...)
	counts := append([]byte{0, 1}, make([]byte, 15)...) // one code of one bit
	return slices.Concat(
		[]byte{0xFF, 0xD8}, segment(0xDB, quant...), segment(0xC1, 12, 0, 3, 0, 4, 1, 1, 0x11, 0),
		segment(0xC4, append(slices.Clone(counts), 4)...), segment(0xC4, append(append([]byte{0x10}, counts[1:]...), 0)...),
		segment(0xDA, 1, 1, 0, 0, 63, 0), []byte{0b01010_0_11, 0xFF, 0xD9}, // category 4, difference 10, end of block
	)
}

func repeatContours(n int) [][]rawTagged {
	list := make([][]rawTagged, n)
	for i := range list {
		list[i] = rawContour("CLOSED_PLANAR", "4", square)
	}
	return list
}
