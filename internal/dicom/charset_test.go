package dicom

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// names are the examples of PS3.5 annexes H to K and others: character set, bytes, meaning.
func names() [][3]string {
	return [][3]string{
		{"", "Plain^Name", "Plain^Name"},
		{"ISO_IR 100", "Buc^J\xe9r\xf4me", "Buc^Jérôme"},
		{"ISO_IR 101", "W\xb3och", "Włoch"},
		{"ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"},
		{"ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"},
		{"ISO_IR 144", "\xbb\xee\xda\x63\x65\xdc\xd1\xe3\xe0\xd3", "Люкceмбург"},
		{"ISO_IR 138", "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"},
		{"ISO_IR 192", "Wang^XiaoDong=王^小東=", "Wang^XiaoDong=王^小東="},
		{"GB18030", "Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="},
		{
			`\ISO 2022 IR 87`, "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
			"Yamada^Tarou=山田^太郎=やまだ^たろう",
		},
		{
			`ISO 2022 IR 13\ISO 2022 IR 87`, "\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
			"ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
		},
		{
			`\ISO 2022 IR 149`, "Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
			"Hong^Gildong=洪^吉洞=홍^길동",
		},
		{`\ISO 2022 IR 58`, "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=", "Zhang^XiaoDong=张^小东="},
		{`ISO 2022 IR 100\ISO 2022 IR 144`, "M\xfcller=\x1b-L\xbb\xee", "Müller=Лю"},
		{"ISO_IR 203", "\xa4uro", "€uro"},
		{"ISO_IR 999", "M\xfcller", "Müller"}, // nobody's character set
		{"", "M\xfcller", "Müller"},           // none, though needed
		{"", "Müller", "Müller"},
	}
}

func TestDecodeText(t *testing.T) {
	for _, n := range names() {
		if got := decodeText(n[0], n[1]); got != n[2] {
			t.Errorf("%q %q: %q, want %q", n[0], n[1], got, n[2])
		}
	}
	for _, s := range []string{"\x1b", "\x1b$", "\x1b$B", "\x1b$BA", "\x1b$B\x80\x81", "\x1bxyz\xff", "\x1b$(D\x01"} {
		decodeText(`\ISO 2022 IR 87`, s) // any bytes give some text
	}
}

// TestNamesKeepTheirBytes: planning systems match patients by the bytes of the CT.
func TestNamesKeepTheirBytes(t *testing.T) {
	for _, n := range names() {
		dir := writeRaw(t, 3, syntaxExplicitLE, always(rawFile{0x00080005: str("CS", n[0]), 0x00100010: str("PN", n[1])}))
		v, s, _, err := load(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		if s.Study.Patient.Name != n[2] {
			t.Errorf("%q: read as %q", n[2], s.Study.Patient.Name)
		}
		write := func(roi string) (dataset, string) {
			path := filepath.Join(t.TempDir(), "rs.dcm")
			set := &StructureSet{Structures: []Structure{{Name: roi, Contours: []volume.Contour{square3(v.Grid, 1)}}}}
			if err := WriteStructureSet(path, set, s, false); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var r reader
			h, err := r.open(path, true, inflation{}, wantStructureSet, func(uint32) bool { return false })
			if err != nil {
				t.Fatal(err)
			}
			return h.data, string(data)
		}
		d, data := write("CTV")
		if n[0] != "" && (d.charset != n[0] || !strings.Contains(data, n[1])) {
			t.Errorf("%q in %q is written as %q in %q", n[1], n[0], d.raw(tag.PatientName), d.charset)
		}
		if d, _ := write("Грудь 乳"); d.text(tag.PatientName) != n[2] || d.items(tag.StructureSetROISequence)[0].text(tag.ROIName) != "Грудь 乳" {
			t.Errorf("%q beside a foreign ROI name is written as %q in %q", n[2], d.text(tag.PatientName), d.charset)
		}
	}
}
