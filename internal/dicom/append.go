package dicom

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/suyashkumar/dicom/pkg/tag"
)

// AppendStructureSet writes a copy of the RTSTRUCT at base with the structures of set, drawn on ct, added to it. All
// that was there stays, value by value as it stands in the file (in an implicit little endian file byte by byte), private
// elements included; what changes is the identity of the set: new SOP and series UIDs, date and time, UNAPPROVED without a
// reviewer, base as its predecessor, and Clipwright among the contributing equipment. base must belong to ct. The copy
// is read back and compared with both before it is put at path, as WriteStructureSet does.
func AppendStructureSet(path, base string, set *StructureSet, ct *Series, force bool) error {
	if err := appendStructureSet(path, base, set, ct, force); err != nil {
		return fmt.Errorf("write structure set %s: %w", path, err)
	}
	return nil
}

func appendStructureSet(path, base string, set *StructureSet, ct *Series, force bool) error {
	if err := refuseTarget(path, ct, force); err != nil {
		return err
	}
	var r reader
	defer r.close()
	h, err := r.openStructureSet(base)
	if err != nil {
		return fmt.Errorf("read %s: %w", base, err)
	}
	old, err := newStructureSet(h, base, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", base, err)
	}
	form, err := newAppendForm(old, base, set, ct, h.data.charset)
	if err != nil {
		return err
	}
	data, err := form.encode(h)
	if err != nil {
		return fmt.Errorf("read %s: %w", base, err)
	}
	return place(path, data, force, form.check)
}

// appendForm is a structure set and what is added to it.
type appendForm struct {
	old   *StructureSet
	added *structureForm
}

func newAppendForm(old *StructureSet, base string, set *StructureSet, ct *Series, charsetName string) (*appendForm, error) {
	switch {
	case ct == nil || ct.Study == nil:
		return nil, errors.New("no CT to refer to")
	case old.SOPInstanceUID == "":
		return nil, fmt.Errorf("%s has no SOPInstanceUID, so nothing can refer to it; export it again", base)
	case old.StudyUID != ct.Study.UID:
		return nil, fmt.Errorf("%s belongs to another study than the CT; choose a structure set of this one", base)
	case old.Patient.ID != ct.Study.Patient.ID:
		return nil, fmt.Errorf("%s belongs to patient %q, the CT to %q", base, old.Patient.ID, ct.Study.Patient.ID)
	case old.FrameOfReferenceUID != "" && old.FrameOfReferenceUID != ct.FrameOfReferenceUID:
		return nil, fmt.Errorf("%s lies in another frame of reference than the CT, so its coordinates mean another place; choose one that was drawn on this CT", base)
	case old.CTSeriesUID != "" && old.CTSeriesUID != ct.UID:
		return nil, fmt.Errorf("%s was drawn on another series, %s; open that one, or save a set of its own", base, old.CTSeriesUID)
	}
	last := 0
	for i := range old.Structures {
		last = max(last, old.Structures[i].Number)
	}
	added := *set
	added.Structures = slices.Clone(set.Structures)
	var taken []string
	for i := range added.Structures {
		s := &added.Structures[i]
		if old.Find(s.Name) != nil {
			taken = append(taken, fmt.Sprintf("%q", s.Name))
		}
		s.Number = last + i + 1
	}
	if len(taken) > 0 {
		return nil, fmt.Errorf("%s has structures called %s already; rename them there, or save a set of its own", base, strings.Join(taken, ", "))
	}
	form, err := newStructureForm(&added, ct)
	if err != nil {
		return nil, err
	}
	form.charset = charset{name: charsetName, enc: codePage(charsetName)}
	for i := range form.set.Structures {
		for _, text := range []string{form.set.Structures[i].Name, form.set.Structures[i].Description} {
			ok := isASCII(text) || charsetName == utf8Charset
			if form.charset.enc != nil {
				ok = form.charset.takesAll([]string{text})
			}
			if !ok {
				return nil, fmt.Errorf("%q cannot be written in the character set of %s, %q; name it in plain letters", text, base, charsetName)
			}
		}
	}
	return &appendForm{old, form}, nil
}

// changes are the elements of the copy that replace or join those of the base; an empty one takes an element away.
func (f *appendForm) changes() (replaced map[uint32][]byte, appended map[uint32][]byte, meta []byte, err error) {
	set := &f.added.set
	b := builder{charset: f.added.charset}
	b.ascii(tag.SOPInstanceUID, set.SOPInstanceUID)
	b.ascii(tag.InstanceCreationDate, set.Date)
	b.ascii(tag.InstanceCreationTime, set.Time)
	b.ascii(tag.SeriesInstanceUID, set.SeriesUID)
	b.ascii(tag.StructureSetDate, set.Date)
	b.ascii(tag.StructureSetTime, set.Time)
	b.ascii(tag.ApprovalStatus, set.Approval)
	b.sequence(tag.Tag{Group: 0x3006, Element: 0x0018}, func(b *builder) {
		b.ascii(tag.ReferencedSOPClassUID, classStructureSet)
		b.ascii(tag.ReferencedSOPInstanceUID, f.old.SOPInstanceUID)
	})
	b.sequence(tag.ContributingEquipmentSequence, func(b *builder) {
		b.ascii(tag.Manufacturer, softwareName)
		b.ascii(tag.ManufacturerModelName, softwareName)
		b.ascii(tag.SoftwareVersions, softwareName)
		b.sequence(tag.PurposeOfReferenceCodeSequence, func(b *builder) { // PS3.16 CID 7005
			b.ascii(tag.CodeValue, "109103")
			b.ascii(tag.CodingSchemeDesignator, "DCM")
			b.ascii(tag.CodeMeaning, "Modifying Equipment")
		})
	})
	b.sequence(tag.ReferencedFrameOfReferenceSequence, f.added.reference)
	f.added.sequences(&b, f.old.lastObservation)
	data, err := b.encode(classStructureSet, set.SOPInstanceUID, syntaxImplicitLE)
	if err != nil {
		return nil, nil, nil, err
	}
	var r reader
	r.file = data
	start, _ := sniff(data)
	_, start, err = r.meta(start, len(data))
	if err != nil {
		return nil, nil, nil, err
	}
	replaced = map[uint32][]byte{0x300E0004: nil, 0x300E0005: nil, 0x300E0008: nil} // who reviewed what has changed since
	appended = map[uint32][]byte{}
	err = eachElement(data, start, coding{implicit: true}, func(e element, from, to int) error {
		switch e.tag {
		case 0x0018A001, 0x30060010, 0x30060020, 0x30060039, 0x30060080:
			appended[e.tag] = data[from:to]
		default:
			replaced[e.tag] = data[from:to]
		}
		return nil
	})
	return replaced, appended, data[:start], err
}

// eachElement visits the elements of a data set from start to the end of data, each data[from:to].
func eachElement(data []byte, start int, enc coding, visit func(e element, from, to int) error) error {
	w := walker{data: data, total: len(data), want: func(uint32) bool { return false }}
	for pos := start; pos < len(data); {
		if w.isPadding(pos) {
			return nil
		}
		e, err := w.header(pos, len(data), enc)
		if err != nil {
			return err
		}
		next, err := w.element(e, len(data), enc, 0, false)
		if err != nil {
			return err
		}
		if err := visit(e, pos, next); err != nil {
			return err
		}
		pos = next
	}
	return nil
}

// items is the inside of a sequence element of implicit coding, without the delimiter.
func items(element []byte) []byte {
	if binary.LittleEndian.Uint32(element[4:]) == undefinedLength {
		return element[8 : len(element)-8]
	}
	return element[8:]
}

// encode returns the copy of the file h with everything added.
func (f *appendForm) encode(h head) ([]byte, error) {
	replaced, appended, meta, err := f.changes()
	if err != nil {
		return nil, err
	}
	body, start := h.body, h.start
	if enc := h.syntax.encoding; !enc.implicit {
		t := transcoder{enc: enc, w: walker{data: body, total: len(body), want: func(uint32) bool { return false }}}
		if err := t.dataset(start, len(body), 0); err != nil {
			return nil, err
		}
		body, start = t.out, 0
	}
	type piece struct {
		tag  uint32
		data []byte
	}
	var pieces []piece
	err = eachElement(body, start, coding{implicit: true}, func(e element, from, to int) error {
		data := body[from:to]
		change, isReplaced := replaced[e.tag]
		switch more := appended[e.tag]; {
		case e.tag&0xFFFF == 0: // a group's length, retired, and no longer right
			return nil
		case isReplaced:
			delete(replaced, e.tag)
			data = change
		case e.tag == 0x30060010: // what it refers to stays as it is
			delete(appended, e.tag)
		case more != nil:
			delete(appended, e.tag)
			data = joined(e.tag, items(data), items(more))
		}
		pieces = append(pieces, piece{e.tag, data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, missing := range []map[uint32][]byte{replaced, appended} {
		for t, data := range missing {
			pieces = append(pieces, piece{t, data})
		}
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.tag, b.tag) })
	out := slices.Clone(meta)
	for _, p := range pieces {
		out = append(out, p.data...)
	}
	return out, nil
}

// joined is a sequence of the items of both, of undefined length.
func joined(t uint32, first, second []byte) []byte {
	w := walker{}
	w.emitHeader(t, undefinedLength)
	w.out = append(append(w.out, first...), second...)
	w.emitHeader(tagSequenceEnd, 0)
	return w.out
}

// transcoder copies a data set of explicit coding as an implicit one: the values stay as they are, but for the order of
// their bytes where it was big endian.
type transcoder struct {
	enc coding
	w   walker
	out []byte
}

func (t *transcoder) header(tag, length uint32) {
	t.w.out = t.out
	t.w.emitHeader(tag, length)
	t.out = t.w.out
}

func (t *transcoder) dataset(pos, end, nested int) error {
	if nested > maxDepth {
		return fmt.Errorf("sequences nested deeper than %d", maxDepth)
	}
	for pos < end {
		if nested == 0 && t.w.isPadding(pos) {
			return nil
		}
		e, err := t.w.header(pos, end, t.enc)
		if err != nil {
			return err
		}
		if nested > 0 && e.tag == tagItemEnd {
			return nil
		}
		next, err := t.w.element(e, end, t.enc, nested, false)
		if err != nil {
			return err
		}
		switch {
		case e.vr == "UN" && e.length == undefinedLength: // implicit already, PS3.5 6.2.2
			t.header(e.tag, undefinedLength)
			t.out = append(t.out, t.w.data[e.value:next]...)
		case e.vr == "SQ":
			if err := t.sequence(e, next, nested); err != nil {
				return err
			}
		case e.length == undefinedLength:
			return fmt.Errorf("element %s has no length", tagName(e.tag))
		default:
			t.header(e.tag, e.length)
			t.out = append(t.out, t.w.data[e.value:next]...)
			if t.enc.big {
				swap(t.out[len(t.out)-int(e.length):], e.vr)
			}
		}
		pos = next
	}
	return nil
}

// sequence copies the items of e, whose element ends at end.
func (t *transcoder) sequence(e element, end, nested int) error {
	t.header(e.tag, undefinedLength)
	for pos := e.value; pos < end; {
		item, err := t.w.header(pos, end, t.enc)
		if err != nil {
			return err
		}
		if item.tag != tagItem {
			break // the sequence's end, which the walk has checked
		}
		t.header(tagItem, undefinedLength)
		itemEnd := end
		if item.length != undefinedLength {
			itemEnd = item.value + int(item.length)
			pos = itemEnd
		} else if pos, err = t.w.dataset(item.value, end, t.enc, nested+1, false, true); err != nil {
			return err
		}
		if err := t.dataset(item.value, itemEnd, nested+1); err != nil {
			return err
		}
		t.header(tagItemEnd, 0)
	}
	t.header(tagSequenceEnd, 0)
	return nil
}

// check reads the file at path and compares it with the base and with what was added.
func (f *appendForm) check(path string) error {
	got, err := ReadStructureSet(path, nil)
	if err != nil {
		return err
	}
	n := len(f.old.Structures)
	switch {
	case got.SOPInstanceUID != f.added.set.SOPInstanceUID || got.SeriesUID != f.added.set.SeriesUID:
		return errors.New("its UIDs are not those written")
	case got.Label != f.old.Label || got.Name != f.old.Name || got.Description != f.old.Description || got.Patient != f.old.Patient:
		return errors.New("its label or patient is not the base's")
	case len(got.Structures) != n+len(f.added.set.Structures):
		return fmt.Errorf("it holds %d structures instead of %d", len(got.Structures), n+len(f.added.set.Structures))
	}
	for i := range got.Structures {
		s := &got.Structures[i]
		want := f.old.Find(s.Name)
		if k := slices.IndexFunc(f.added.set.Structures, func(a Structure) bool { return a.Number == s.Number }); k >= 0 {
			want = &f.added.set.Structures[k]
		} else if k := slices.IndexFunc(f.old.Structures, func(a Structure) bool { return a.Number == s.Number && a.Name == s.Name }); k >= 0 {
			want = &f.old.Structures[k]
		}
		if want == nil {
			return fmt.Errorf("structure %q is in neither set", s.Name)
		}
		if err := want.differs(s); err != nil {
			return fmt.Errorf("structure %q: %w", s.Name, err)
		}
	}
	return nil
}
