package dicom

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/suyashkumar/dicom/pkg/tag"
)

var (
	errNotDICOM = errors.New("not a DICOM file")
	errMore     = errors.New("more of the file is needed") // the element goes on beyond the bytes read so far
)

const (
	undefinedLength = 0xFFFFFFFF
	maxDepth        = 32       // of nested sequences; real files stay below ten
	maxKinds        = 64       // of wanted elements in one data set or item
	maxText         = 64 << 10 // bytes of a wanted value

	tagTransferSyntax = 0x00020010
	tagCharset        = 0x00080005
	tagPixelData      = 0x7FE00010
	tagContours       = 0x30060040
	tagContourKind    = 0x30060042
	tagContourPoints  = 0x30060046
	tagContourData    = 0x30060050
	tagContourRange   = 0x3006FF40 // ours alone: first and count in walker.contours, two words
	tagItem           = 0xFFFEE000
	tagItemEnd        = 0xFFFEE00D
	tagSequenceEnd    = 0xFFFEE0DD
)

// element is an element's header and where its value lies.
type element struct {
	tag    uint32
	vr     string // empty in implicit coding
	value  int    // offset of the value
	length uint32
}

// walker goes through a data set element by element, checks every length against what is there, and
// copies the wanted elements to out as Implicit VR Little Endian: one clean encoding for the library,
// whatever the file uses. Private elements never pass, nor does a tag twice in one data set. Contours, the
// bulk of a structure set, are listed in contours, and tagContourRange stands for their sequence.
type walker struct {
	data     []byte                // the file or its beginning
	total    int                   // bytes the whole has
	want     func(tag uint32) bool // on every level
	stop     func(tag uint32) bool // the walk ends before the first such element
	out      []byte
	charset  string // SpecificCharacterSet, kept from the library: text stays in the bytes of the file
	contours []contourItem
	level    int // nesting of the contour items while they are walked, else 0
	cost     int // bytes that the library will allocate for out, about
}

// What the library allocates, about, for an item and for an element, and how much it may for any file: those of a
// thousand frames or images come to a few megabytes.
const (
	itemCost    = 256
	elementCost = 384
	contourCost = 256 // of a contour without points; points pay for themselves
	freeCost    = 12 << 20
)

// spend counts what handing one more thing to the library costs.
func (w *walker) spend(n int) error {
	if w.cost += n; w.cost > freeCost+len(w.data) {
		return errors.New("it holds more items than any image or structure set; export it again")
	}
	return nil
}

// contourItem is an item of ContourSequence: its coordinates are data[from:to] of the walker.
type contourItem struct {
	kind     string // ContourGeometricType
	points   int    // NumberOfContourPoints, -1 if absent
	from, to int
}

// dataset walks the elements of [pos, end) and returns where it stopped. nested is 0 at the top.
func (w *walker) dataset(pos, end int, enc coding, nested int, emit, delimited bool) (int, error) {
	if nested > maxDepth {
		return pos, fmt.Errorf("sequences nested deeper than %d", maxDepth)
	}
	var seen [maxKinds]uint32
	kinds := seen[:0]
	for pos < end {
		e, err := w.header(pos, end, enc)
		if nested == 0 && e.tag == 0 && !errors.Is(err, errMore) {
			if w.isPadding(pos) {
				return end, nil
			}
			if err == nil {
				err = fmt.Errorf("no element begins at byte %d", pos)
			}
			return pos, err
		}
		if nested == 0 && e.tag != 0 && w.stop(e.tag) { // before its length can be held against it
			return pos, nil
		}
		if err != nil {
			return pos, err
		}
		if delimited && e.tag == tagItemEnd {
			return e.value, nil
		}
		if nested > 0 && nested == w.level {
			if err := w.contourField(e, end); err != nil {
				return pos, err
			}
		}
		keep := emit && w.want(e.tag) && len(kinds) < maxKinds && !slices.Contains(kinds, e.tag)
		if keep {
			if err := w.spend(elementCost); err != nil {
				return pos, err
			}
			kinds = append(kinds, e.tag)
		}
		if pos, err = w.element(e, end, enc, nested, keep); err != nil {
			return pos, err
		}
	}
	if delimited {
		return pos, fmt.Errorf("truncated: an item at byte %d has no end", pos)
	}
	return pos, nil
}

// isPadding tells whether nothing but zeros follows, as some writers leave at the end.
func (w *walker) isPadding(pos int) bool {
	if len(w.data) < w.total {
		return false
	}
	for _, b := range w.data[pos:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// header reads the element header at pos.
func (w *walker) header(pos, end int, enc coding) (element, error) {
	if err := w.need(pos, 8, end); err != nil {
		return element{}, err
	}
	b := w.data[pos:]
	order := enc.order()
	e := element{tag: uint32(order.Uint16(b))<<16 | uint32(order.Uint16(b[2:])), value: pos + 8}
	switch {
	case enc.implicit || e.tag>>16 == 0xFFFE:
		e.length = order.Uint32(b[4:])
	case !isVR(b[4], b[5]):
		return element{}, fmt.Errorf("element %s at byte %d has no value representation", tagName(e.tag), pos)
	case longVR(string(b[4:6])):
		if err := w.need(pos, 12, end); err != nil {
			return element{}, err
		}
		e.vr, e.length, e.value = string(b[4:6]), order.Uint32(b[8:]), pos+12
	default:
		e.vr, e.length = string(b[4:6]), uint32(order.Uint16(b[6:]))
	}
	if e.length != undefinedLength && int64(e.value)+int64(e.length) > int64(end) {
		return e, fmt.Errorf("truncated: element %s at byte %d claims %d bytes, %d remain", tagName(e.tag), pos, e.length, end-e.value)
	}
	return e, nil
}

// need checks that n bytes from pos lie before end and are at hand.
func (w *walker) need(pos, n, end int) error {
	if pos+n > end {
		return fmt.Errorf("truncated at byte %d", pos)
	}
	if pos+n > len(w.data) {
		return errMore
	}
	return nil
}

// element walks the value of e, copies it when keep is set, and returns where the next element begins.
func (w *walker) element(e element, end int, enc coding, nested int, keep bool) (int, error) {
	sequence, inner := isSequence(e, enc)
	switch {
	case e.tag == tagPixelData && e.length == undefinedLength, e.length == undefinedLength && (e.vr == "OB" || e.vr == "OW"):
		return w.fragments(e, end, enc, nil)
	case !sequence && e.length == undefinedLength:
		return 0, fmt.Errorf("element %s has no length", tagName(e.tag))
	case sequence && (keep || e.length == undefinedLength):
		// The library takes the undefined length of what it does not know as a sequence for bytes to read.
		return w.sequence(e, end, inner, nested, keep && dictionaryVR(e.tag) == "SQ")
	}
	next := e.value + int(e.length)
	switch {
	case keep && e.tag == tagCharset:
		if next > len(w.data) {
			return 0, errMore
		}
		if nested == 0 && e.length <= maxText {
			w.charset = strings.Trim(string(w.data[e.value:next]), " \x00")
		}
	case keep && e.length <= maxText && dictionaryVR(e.tag) != "SQ": // or the library reads items out of text
		if next > len(w.data) {
			return 0, errMore
		}
		w.emitHeader(e.tag, e.length)
		w.out = append(w.out, w.data[e.value:next]...)
		if enc.big {
			swap(w.out[len(w.out)-int(e.length):], e.vr)
		}
	}
	return next, nil
}

// isSequence tells whether e holds items, and how what is inside is encoded: an unknown of undefined
// length is implicit little endian, PS3.5 6.2.2.
func isSequence(e element, enc coding) (bool, coding) {
	switch {
	case e.vr == "SQ":
		return true, enc
	case e.vr == "UN":
		if e.length == undefinedLength {
			return true, coding{implicit: true}
		}
		return dictionaryVR(e.tag) == "SQ", coding{implicit: true}
	case e.vr == "":
		return e.length == undefinedLength || dictionaryVR(e.tag) == "SQ", enc
	}
	return false, enc
}

// sequence walks the items of e.
func (w *walker) sequence(e element, end int, enc coding, nested int, keep bool) (int, error) {
	delimited := e.length == undefinedLength
	if !delimited {
		end = e.value + int(e.length)
	}
	switch {
	case keep && e.tag == tagContours:
		first := len(w.contours)
		keep, w.level = false, nested+1
		defer func() {
			w.level = 0
			w.emitHeader(tagContourRange, 8)
			w.out = binary.LittleEndian.AppendUint32(w.out, uint32(first))
			w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(w.contours)-first))
		}()
	case keep:
		w.emitHeader(e.tag, undefinedLength)
		defer func() { w.emitHeader(tagSequenceEnd, 0) }()
	}
	pos := e.value
	for pos < end {
		item, err := w.header(pos, end, enc)
		if err != nil {
			return 0, err
		}
		if delimited && item.tag == tagSequenceEnd {
			return item.value, nil
		}
		if item.tag != tagItem {
			return 0, fmt.Errorf("element %s stands where an item of %s should begin", tagName(item.tag), tagName(e.tag))
		}
		itemEnd := end
		if item.length != undefinedLength {
			itemEnd = item.value + int(item.length)
		}
		if keep {
			if err := w.spend(itemCost); err != nil {
				return 0, err
			}
			w.emitHeader(tagItem, undefinedLength)
		}
		if w.level == nested+1 {
			if err := w.spend(contourCost); err != nil {
				return 0, err
			}
			w.contours = append(w.contours, contourItem{points: -1})
		}
		pos, err = w.dataset(item.value, itemEnd, enc, nested+1, keep, item.length == undefinedLength)
		if err != nil {
			return 0, err
		}
		if keep {
			w.emitHeader(tagItemEnd, 0)
		}
	}
	if delimited {
		return 0, fmt.Errorf("truncated: sequence %s has no end", tagName(e.tag))
	}
	return pos, nil
}

// contourField takes element e of the present contour item.
func (w *walker) contourField(e element, end int) error {
	if e.length == undefinedLength {
		return nil
	}
	if err := w.need(e.value, int(e.length), end); err != nil {
		return err
	}
	c := &w.contours[len(w.contours)-1]
	value := bytes.Trim(w.data[e.value:e.value+int(e.length)], " \x00")
	switch e.tag {
	case tagContourKind:
		c.kind = contourKind(value)
	case tagContourPoints:
		if n, ok := parseDecimal(value); ok && n >= 0 && n < maxFileSize {
			c.points = int(n)
		}
	case tagContourData:
		c.from, c.to = e.value, e.value+int(e.length)
	}
	return nil
}

// contourKind is string(value) without a new string for the usual ones.
func contourKind(value []byte) string {
	switch string(value) {
	case "CLOSED_PLANAR":
		return "CLOSED_PLANAR"
	case "POINT":
		return "POINT"
	}
	return string(value[:min(len(value), 64)])
}

// fragments walks encapsulated pixel data, PS3.5 A.4, and hands every fragment to visit (nil: none),
// the offset table first.
func (w *walker) fragments(e element, end int, enc coding, visit func(fragment []byte)) (int, error) {
	pos := e.value
	for {
		item, err := w.header(pos, end, enc)
		if err != nil {
			return 0, err
		}
		if item.tag == tagSequenceEnd {
			return item.value, nil
		}
		if item.tag != tagItem || item.length == undefinedLength {
			return 0, fmt.Errorf("element %s stands between the fragments of the pixel data", tagName(item.tag))
		}
		pos = item.value + int(item.length)
		if visit != nil {
			if pos > len(w.data) {
				return 0, errMore
			}
			visit(w.data[item.value:pos])
		}
	}
}

func (w *walker) emitHeader(t, length uint32) {
	w.out = binary.LittleEndian.AppendUint16(w.out, uint16(t>>16))
	w.out = binary.LittleEndian.AppendUint16(w.out, uint16(t))
	w.out = binary.LittleEndian.AppendUint32(w.out, length)
}

func (enc coding) order() binary.ByteOrder {
	if enc.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// swap turns the big endian values of b into little endian ones.
func swap(b []byte, vr string) {
	size := 1
	switch vr {
	case "US", "SS", "OW", "AT":
		size = 2
	case "UL", "SL", "FL", "OF", "OL":
		size = 4
	case "FD", "OD", "SV", "UV", "OV":
		size = 8
	}
	for ; len(b) >= size && size > 1; b = b[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

func isVR(a, b byte) bool { return a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z' }

// longVR tells whether the length of vr has four bytes after two reserved ones, PS3.5 7.1.2.
func longVR(vr string) bool {
	switch vr {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		return true
	}
	return false
}

// dictionaryVR is the standard's value representation of t, empty if it knows none.
func dictionaryVR(t uint32) string {
	info, err := tag.Find(tag.Tag{Group: uint16(t >> 16), Element: uint16(t)})
	if err != nil {
		return ""
	}
	return info.VRs[0]
}

func tagName(t uint32) string {
	s := fmt.Sprintf("(%04x,%04x)", t>>16, t&0xFFFF)
	if info, err := tag.Find(tag.Tag{Group: uint16(t >> 16), Element: uint16(t)}); err == nil {
		s += " " + info.Keyword
	}
	return s
}
