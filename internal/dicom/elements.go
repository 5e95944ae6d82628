package dicom

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/google/uuid"
	lib "github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// implementationUID names this program in what it writes, as 2.25.<uuid>, fixed once for all.
const (
	implementationUID     = "2.25.65710675120835067297267559459497753150"
	implementationVersion = "CLIPWRIGHT"
	softwareName          = "Clipwright"
)

// newUID returns a unique identifier, PS3.5 B.2: 2.25. and a random UUID as a decimal number.
func newUID() string {
	id := uuid.New()
	var digits []byte
	n := id[:]
	for {
		rest, any := 0, false
		for i := range n {
			v := rest<<8 | int(n[i])
			n[i], rest = byte(v/10), v%10
			any = any || n[i] != 0
		}
		digits = append(digits, byte('0'+rest))
		if !any {
			break
		}
	}
	slices.Reverse(digits)
	return "2.25." + string(digits)
}

// builder gathers the elements of a data set to be written.
type builder struct {
	charset  charset
	elements []*lib.Element
}

// put adds an element: []string (as bytes to be written), []int or [][]*lib.Element.
func (b *builder) put(t tag.Tag, value any) {
	e, err := lib.NewElement(t, value)
	if err != nil {
		panic(fmt.Sprintf("dicom: element %v: %v", t, err)) // tags and types are fixed here
	}
	b.elements = append(b.elements, e)
}

// ascii adds text that is ASCII by its nature: codes, dates, identifiers, numbers.
func (b *builder) ascii(t tag.Tag, values ...string) { b.put(t, values) }

// text adds text for people, in the character set.
func (b *builder) text(t tag.Tag, s string) { b.put(t, []string{b.charset.encode(s)}) }

// ints adds US or SS values.
func (b *builder) ints(t tag.Tag, values ...int) { b.put(t, values) }

// sequence adds items, each made by its own function.
func (b *builder) sequence(t tag.Tag, items ...func(*builder)) {
	list := make([][]*lib.Element, len(items))
	for i, fill := range items {
		item := builder{charset: b.charset}
		fill(&item)
		list[i] = item.sorted()
	}
	b.put(t, list)
}

// sorted returns the elements by tag, as they must be written.
func (b *builder) sorted() []*lib.Element {
	slices.SortStableFunc(b.elements, func(x, y *lib.Element) int { return x.Tag.Compare(y.Tag) })
	return b.elements
}

// encode returns the whole file in the given transfer syntax.
func (b *builder) encode(class, instance, transferSyntax string) ([]byte, error) {
	meta := builder{}
	meta.put(tag.FileMetaInformationVersion, []byte{0, 1})
	meta.ascii(tag.MediaStorageSOPClassUID, class)
	meta.ascii(tag.MediaStorageSOPInstanceUID, instance)
	meta.ascii(tag.TransferSyntaxUID, transferSyntax)
	meta.ascii(tag.ImplementationClassUID, implementationUID)
	meta.ascii(tag.ImplementationVersionName, implementationVersion)
	var out bytes.Buffer
	if err := lib.Write(&out, lib.Dataset{Elements: append(meta.sorted(), b.sorted()...)}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// patientAndStudy adds the Patient and General Study modules.
func (b *builder) patientAndStudy(s *Study) {
	if b.charset.name != "" {
		b.ascii(tag.SpecificCharacterSet, b.charset.name)
	}
	for _, f := range s.texts() {
		if f.raw == "" || b.charset.name != s.raw.charset {
			f.raw = b.charset.encode(f.text)
		}
		if f.text != "" || f.tag != tag.StudyDescription { // the others are type 2: present, if empty
			b.ascii(f.tag, f.raw)
		}
	}
	b.ascii(tag.PatientBirthDate, s.Patient.BirthDate)
	b.ascii(tag.PatientSex, s.Patient.Sex)
	if s.deidentified {
		b.ascii(tag.PatientIdentityRemoved, "YES")
		b.ascii(tag.DeidentificationMethod, "made anew of pixels and geometry")
		b.sequence(tag.DeidentificationMethodCodeSequence, func(b *builder) { // PS3.16 CID 7050
			b.ascii(tag.CodeValue, "113100")
			b.ascii(tag.CodingSchemeDesignator, "DCM")
			b.ascii(tag.CodeMeaning, "Basic Application Confidentiality Profile")
		})
	}
	b.ascii(tag.StudyInstanceUID, s.UID)
	b.ascii(tag.StudyDate, s.Date)
	b.ascii(tag.StudyTime, s.Time)
}

// studyField is a text of the study and, unless it was changed since, the bytes it was read from.
type studyField struct {
	tag       tag.Tag
	text, raw string
}

// texts lists what patientAndStudy writes in the character set.
func (s *Study) texts() []studyField {
	list := []studyField{
		{tag.PatientName, s.Patient.Name, s.raw.patientName},
		{tag.PatientID, s.Patient.ID, s.raw.patientID},
		{tag.StudyID, s.ID, s.raw.id},
		{tag.AccessionNumber, s.AccessionNumber, s.raw.accessionNumber},
		{tag.ReferringPhysicianName, s.ReferringPhysician, s.raw.referringPhysician},
		{tag.StudyDescription, s.Description, s.raw.description},
	}
	for i := range list {
		if decodeText(s.raw.charset, list[i].raw) != list[i].text {
			list[i].raw = ""
		}
	}
	return list
}

// charsetFor chooses the character set of a file about s that also holds texts: wanted, which is that of
// its images, when it takes all that is not held in their bytes.
func (s *Study) charsetFor(wanted string, texts ...string) charset {
	var all []string
	for _, f := range s.texts() {
		all = append(all, f.text)
		if f.raw == "" || s.raw.charset != wanted {
			texts = append(texts, f.text)
		}
	}
	if c := chooseCharset(wanted, texts); c.name == wanted && wanted != "" {
		return c
	}
	return chooseCharset(wanted, append(texts, all...))
}

// decimal writes v as a DS of at most 16 bytes, as exactly as they allow.
func decimal(v float64) string {
	if v == 0 {
		return "0"
	}
	for digits := 15; ; digits-- {
		if s := strconv.FormatFloat(v, 'g', digits, 64); len(s) <= 16 {
			return shorter(s, v)
		}
	}
}

// shorter returns the shortest decimal that reads back as v when it is short enough, else s.
func shorter(s string, v float64) string {
	if t := strconv.FormatFloat(v, 'f', -1, 64); len(t) <= 16 {
		return t
	}
	return s
}

func decimals(v volume.Vec) []string { return []string{decimal(v[0]), decimal(v[1]), decimal(v[2])} }

// maxCoordinateMM bounds what thousandths can say in 16 bytes, and what a patient can fill.
const maxCoordinateMM = 1e6

// appendThousandths appends v with three decimals, without a negative zero.
func appendThousandths(b []byte, v float64) []byte {
	n := int64(math.Round(v * 1000))
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendInt(b, n/1000, 10)
	n %= 1000
	return append(b, '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
}
