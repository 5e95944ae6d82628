package dicom

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeText turns the bytes of an element into UTF-8 by the file's SpecificCharacterSet, PS3.3 C.12.1.1.2.
// Bytes that are not in it are taken for UTF-8, else for Latin-1: a name must never be lost.
func decodeText(charset, raw string) string {
	if isASCII(raw) && !strings.Contains(raw, "\x1b") {
		return raw
	}
	if strings.Contains(charset, `\`) || strings.HasPrefix(charset, "ISO 2022") {
		return decodeExtended(charset, raw)
	}
	if enc := codePage(charset); enc != nil {
		if s, err := enc.NewDecoder().String(raw); err == nil && !strings.ContainsRune(s, utf8.RuneError) {
			return s
		}
	}
	return plainText(raw)
}

// plainText takes bytes of unknown encoding for UTF-8 if they are, else for Latin-1.
func plainText(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	return decodeWith(charmap.ISO8859_1, raw)
}

func decodeWith(enc encoding.Encoding, raw string) string {
	s, err := enc.NewDecoder().String(raw)
	if err != nil {
		return strings.ToValidUTF8(raw, "?")
	}
	return s
}

// decodeExtended follows the escape sequences of code extensions, PS3.5 6.1.2.5. Each run of bytes is
// decoded by the set in force; the delimiters of names and values bring the initial ones back.
func decodeExtended(charset, raw string) string {
	first, _, _ := strings.Cut(charset, `\`)
	initialHigh := codePage(strings.Replace(strings.Trim(first, " "), "ISO 2022 IR ", "ISO_IR ", 1))
	var out strings.Builder
	high := initialHigh               // what bytes from 0x80 up mean; nil: unknown
	low := (func(string) string)(nil) // what bytes below 0x80 mean; nil: ASCII
	run, runHigh := 0, false          // where the present run of one half began
	flush := func(end int) {
		part := raw[run:end]
		switch {
		case part == "":
		case runHigh && high != nil:
			out.WriteString(decodeWith(high, part))
		case runHigh:
			out.WriteString(plainText(part))
		case low != nil:
			out.WriteString(low(part))
		default:
			out.WriteString(part)
		}
		run = end
	}
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == 0x1b {
			flush(i)
			n, newLow, newHigh, toHigh := escape(raw[i:])
			if toHigh {
				high = newHigh
			} else {
				low = newLow
			}
			i += n - 1
			run, runHigh = i+1, false
			continue
		}
		if isHigh := c >= 0x80; isHigh != runHigh {
			flush(i)
			runHigh = isHigh
		}
		if low == nil && (c == '^' || c == '=' || c == '\\' || c < ' ') {
			flush(i)
			high = initialHigh
		}
	}
	flush(len(raw))
	return out.String()
}

// escape reads the escape sequence at the beginning of s: its length, and the set it brings into one half.
func escape(s string) (n int, low func(string) string, high encoding.Encoding, toHigh bool) {
	for _, e := range []struct {
		sequence string
		low      func(string) string
		high     encoding.Encoding
	}{
		{sequence: "\x1b(B"},
		{sequence: "\x1b(J"}, // JIS X 0201 romaji: ASCII but for yen and overline
		{sequence: "\x1b$B", low: jis0208},
		{sequence: "\x1b$@", low: jis0208},
		{sequence: "\x1b$(D", low: jis0212},
		{sequence: "\x1b)I", high: japanese.ShiftJIS}, // half-width katakana stand alone there
		{sequence: "\x1b$)C", high: korean.EUCKR},
		{sequence: "\x1b$)A", high: simplifiedchinese.GBK},
		{sequence: "\x1b-A", high: charmap.ISO8859_1},
		{sequence: "\x1b-B", high: charmap.ISO8859_2},
		{sequence: "\x1b-C", high: charmap.ISO8859_3},
		{sequence: "\x1b-D", high: charmap.ISO8859_4},
		{sequence: "\x1b-F", high: charmap.ISO8859_7},
		{sequence: "\x1b-G", high: charmap.ISO8859_6},
		{sequence: "\x1b-H", high: charmap.ISO8859_8},
		{sequence: "\x1b-L", high: charmap.ISO8859_5},
		{sequence: "\x1b-M", high: charmap.ISO8859_9},
		{sequence: "\x1b-T", high: charmap.Windows874},
	} {
		if strings.HasPrefix(s, e.sequence) {
			return len(e.sequence), e.low, e.high, e.high != nil
		}
	}
	return 1, nil, nil, false
}

// jis0208 and jis0212 decode two-byte sets through EUC-JP, which holds both with the high bits set.
func jis0208(s string) string { return eucJP(s, "") }

func jis0212(s string) string { return eucJP(s, "\x8f") }

func eucJP(s, prefix string) string {
	var b strings.Builder
	for ; len(s) >= 2; s = s[2:] {
		b.WriteString(prefix)
		b.WriteByte(s[0] | 0x80)
		b.WriteByte(s[1] | 0x80)
	}
	return decodeWith(japanese.EUCJP, b.String()) + s
}
