package dicom

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	lib "github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"
)

// appendLibraryPrefix appends what stands before the elements in a file that the library reads: preamble,
// "DICM" and the meta information, for Implicit VR Little Endian.
func appendLibraryPrefix(b []byte) []byte {
	b = append(b, make([]byte, 128)...)
	b = append(b, "DICM"...)
	b = append(b, 2, 0, 0, 0, 'U', 'L', 4, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(8+len(syntaxImplicitLE)+1))
	b = append(b, 2, 0, 0x10, 0, 'U', 'I', byte(len(syntaxImplicitLE)+1), 0)
	b = append(b, syntaxImplicitLE...)
	return append(b, 0)
}

// dataset is a set of elements as the library parsed them, text in the bytes of the file.
type dataset struct {
	elements []*lib.Element
	charset  string // SpecificCharacterSet of the file
}

// parse hands what a walker emitted (after appendLibraryPrefix) to the library.
func parse(clean []byte, charset string) (d dataset, err error) {
	defer func() {
		if r := recover(); r != nil {
			d, err = dataset{}, fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	parsed, err := lib.Parse(bytes.NewReader(clean), int64(len(clean)), nil, lib.SkipPixelData())
	return dataset{parsed.Elements, charset}, err
}

func (d dataset) find(t tag.Tag) lib.Value {
	for _, e := range d.elements {
		if e.Tag == t {
			return e.Value
		}
	}
	return nil
}

func (d dataset) has(t tag.Tag) bool { return d.find(t) != nil }

// raw returns the bytes of t without padding.
func (d dataset) raw(t tag.Tag) string {
	v := d.find(t)
	if v == nil {
		return ""
	}
	switch v.ValueType() {
	case lib.Strings:
		return strings.Trim(strings.Join(lib.MustGetStrings(v), `\`), " \x00")
	case lib.Bytes:
		return strings.Trim(string(lib.MustGetBytes(v)), " \x00")
	}
	return ""
}

// text returns the whole value of t as UTF-8.
func (d dataset) text(t tag.Tag) string { return decodeText(d.charset, d.raw(t)) }

// strings returns the values of t, an ASCII element, without padding; nil if absent or empty.
func (d dataset) strings(t tag.Tag) []string {
	raw := d.raw(t)
	if raw == "" {
		return nil
	}
	list := strings.Split(raw, `\`)
	for i := range list {
		list[i] = strings.Trim(list[i], " \x00")
	}
	return list
}

// floats returns the numbers of t; ok is false if there is none or one of them is no finite number.
func (d dataset) floats(t tag.Tag) (list []float64, ok bool) {
	v := d.find(t)
	if v == nil {
		return nil, false
	}
	if v.ValueType() == lib.Floats {
		list = lib.MustGetFloats(v)
		return list, len(list) > 0
	}
	words := d.strings(t)
	list = make([]float64, len(words))
	for i, s := range words {
		if list[i], ok = parseFloat(s); !ok {
			return nil, false
		}
	}
	return list, len(list) > 0
}

// parseFloat reads a decimal string; a comma for the point is forgiven.
func parseFloat(s string) (float64, bool) {
	s = strings.Trim(s, " \x00\t\r\n")
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		f, err = strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	}
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// ints returns the integers of t, nil if there is none or one of them is none.
func (d dataset) ints(t tag.Tag) []int {
	v := d.find(t)
	if v == nil {
		return nil
	}
	if v.ValueType() == lib.Ints {
		return lib.MustGetInts(v)
	}
	words := d.strings(t)
	list := make([]int, len(words))
	for i, s := range words {
		f, ok := parseFloat(s)
		if !ok || math.Abs(f) > math.MaxInt32 {
			return nil
		}
		list[i] = int(math.Round(f))
	}
	return list
}

// integer returns the first integer of t, or otherwise when there is none.
func (d dataset) integer(t tag.Tag, otherwise int) int {
	if list := d.ints(t); len(list) > 0 {
		return list[0]
	}
	return otherwise
}

// number returns the first number of t, or otherwise when there is none.
func (d dataset) number(t tag.Tag, otherwise float64) float64 {
	if list, ok := d.floats(t); ok {
		return list[0]
	}
	return otherwise
}

// items returns the items of sequence t.
func (d dataset) items(t tag.Tag) []dataset {
	v := d.find(t)
	if v == nil || v.ValueType() != lib.Sequences {
		return nil
	}
	values := v.GetValue().([]*lib.SequenceItemValue)
	out := make([]dataset, len(values))
	for i, item := range values {
		out[i] = dataset{item.GetValue().([]*lib.Element), d.charset}
	}
	return out
}

// flat returns the elements in the first item of every sequence of d: what functional groups hold.
func (d dataset) flat() []*lib.Element {
	var all []*lib.Element
	for _, e := range d.elements {
		if items := d.items(e.Tag); len(items) > 0 {
			all = append(all, items[0].elements...)
		}
	}
	return all
}

// contours returns those that stand in for the ContourSequence of d.
func (d dataset) contours(all []contourItem) []contourItem {
	v := d.find(tag.Tag{Group: tagContourRange >> 16, Element: tagContourRange & 0xFFFF})
	if v == nil || v.ValueType() != lib.Bytes {
		return nil
	}
	b := lib.MustGetBytes(v)
	first := binary.LittleEndian.Uint32(b)
	return all[first : first+binary.LittleEndian.Uint32(b[4:])]
}
