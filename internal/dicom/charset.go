package dicom

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// charset is a SpecificCharacterSet that text can be written in, PS3.3 C.12.1.1.2.
type charset struct {
	name string            // as the attribute has it; empty for ASCII, which needs none
	enc  encoding.Encoding // nil for UTF-8 and ASCII
}

const utf8Charset = "ISO_IR 192"

// chooseCharset returns wanted, the CT's own, if every text can be written in it, else Latin-1 where the
// CT names none, else UTF-8. Text that the CT holds in its own bytes need not be among texts.
func chooseCharset(wanted string, texts []string) charset {
	ascii := true
	for _, s := range texts {
		ascii = ascii && isASCII(s)
	}
	if ascii {
		return charset{name: wanted} // ASCII is in every one of them
	}
	name := wanted
	if name == "" {
		name = "ISO_IR 100"
	}
	if c := (charset{name: name, enc: codePage(name)}); c.enc != nil && c.takesAll(texts) {
		return c
	}
	return charset{name: utf8Charset}
}

// codePage is the encoding of a character set without code extensions; nil for UTF-8 and for others.
func codePage(name string) encoding.Encoding {
	switch name {
	case "ISO_IR 100":
		return charmap.ISO8859_1
	case "ISO_IR 101":
		return charmap.ISO8859_2
	case "ISO_IR 109":
		return charmap.ISO8859_3
	case "ISO_IR 110":
		return charmap.ISO8859_4
	case "ISO_IR 126":
		return charmap.ISO8859_7
	case "ISO_IR 127":
		return charmap.ISO8859_6
	case "ISO_IR 138":
		return charmap.ISO8859_8
	case "ISO_IR 144":
		return charmap.ISO8859_5
	case "ISO_IR 148":
		return charmap.ISO8859_9
	case "ISO_IR 166":
		return charmap.Windows874
	case "ISO_IR 203":
		return charmap.ISO8859_15
	case "ISO_IR 13":
		return japanese.ShiftJIS
	case "GB18030":
		return simplifiedchinese.GB18030
	case "GBK":
		return simplifiedchinese.GBK
	}
	return nil
}

func (c charset) takesAll(texts []string) bool {
	for _, s := range texts {
		if _, err := c.enc.NewEncoder().String(s); err != nil {
			return false
		}
	}
	return true
}

// encode returns s in the character set, as the bytes that are written.
func (c charset) encode(s string) string {
	if c.enc == nil {
		return s
	}
	b, err := c.enc.NewEncoder().String(s)
	if err != nil {
		panic("dicom: text was not checked against its character set: " + s)
	}
	return b
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// cleanText makes s fit to be one value: control characters and the backslash, which separates values,
// become spaces and slashes, and at most limit characters remain.
func cleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case r < ' ' || r == 0x7F:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	runes := []rune(strings.TrimSpace(s))
	return strings.TrimSpace(string(runes[:min(len(runes), limit)]))
}
