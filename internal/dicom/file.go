package dicom

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	firstRead     = 16 << 10 // bytes that nearly always hold a CT header
	maxHeaderSize = 64 << 20 // bytes before the pixel data
	maxFileSize   = 2 << 30
	preamble      = 128
)

// head is a file opened as far as asked: how it is encoded, its wanted elements, and where the walk stopped.
type head struct {
	syntax   syntax
	class    string // MediaStorageSOPClassUID
	data     dataset
	contours []contourItem
	body     []byte // what offsets refer to: the bytes read of the file, or what they inflate to
	total    int    // bytes the whole body has
	size     int    // bytes of the file
	start    int    // offset in body of the first element behind the meta information
	stopped  int    // offset in body of the element at which the walk stopped, or total
}

// reader reads files one after another into the same memory. It belongs to one goroutine.
type reader struct {
	file     []byte
	inflated []byte
	clean    []byte
	archive  *archive // the one it read from last; close lets go of it
	pulse    pulse
}

// inflation bounds what packed bytes may expand to: base, and times the bytes that the file has on the disk.
type inflation struct{ base, times int }

func (i inflation) limit(packed int) int { return min(i.base+i.times*packed, maxFileSize) }

// open reads path up to the first element for which stop holds, keeping the wanted ones. With whole set
// the file is read entirely. Deflated elements and members of archives are expanded as far as allowed. What it returns is
// valid until the next call.
func (r *reader) open(path string, whole bool, allowed inflation, want, stop func(uint32) bool) (h head, err error) {
	defer func() {
		if p := recover(); p != nil {
			h, err = head{}, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	s, err := r.source(path)
	if err != nil {
		return head{}, err
	}
	defer s.close()
	most := maxHeaderSize // bytes that are read of the file
	if s.stream != nil {
		most = memberHeader
	}
	n := min(s.size, firstRead)
	if whole && s.size <= maxFileSize {
		if n, most = s.size, s.size; s.stream != nil {
			n = min(n, max(allowed.limit(s.packed), memberHeader))
			most = n
		}
	}
	for {
		if err := r.fill(s, n); err != nil {
			return head{}, err
		}
		if n == s.size && !s.intact(r.file) {
			return head{}, errors.New("it is damaged in its archive (its checksum is wrong); copy the archive again")
		}
		h, err := r.parse(s.size, allowed.limit(s.packed), want, stop)
		if !errors.Is(err, errMore) || n == s.size || n >= most {
			if errors.Is(err, errMore) {
				err = errors.New("its header is longer than any CT's")
			}
			return h, err
		}
		n = min(s.size, 4*n, most)
	}
}

// parse walks r.file, the beginning of a file of size bytes.
func (r *reader) parse(size, maxInflated int, want, stop func(uint32) bool) (head, error) {
	start, ok := sniff(r.file)
	if !ok {
		if bytes.HasPrefix(r.file, []byte(archiveMagic)) {
			return head{}, errArchive
		}
		return head{}, errNotDICOM
	}
	h, start, err := r.meta(start, size)
	if err != nil {
		return head{}, err
	}
	h.body, h.total, h.size = r.file, size, size
	if h.syntax.deflated {
		if len(r.file) < size {
			return head{}, errMore
		}
		if err := r.inflate(r.file[start:], maxInflated); err != nil {
			return head{}, err
		}
		h.body, h.total, start = r.inflated, len(r.inflated), 0
		if len(r.inflated) == maxInflated {
			h.total = maxFileSize // there may be more: the walk complains if it gets there
		}
	}
	h.start = start
	w := walker{data: h.body, total: h.total, want: want, stop: stop, out: appendLibraryPrefix(r.clean[:0])}
	h.stopped, err = w.dataset(start, h.total, h.syntax.encoding, 0, true, false)
	r.clean = w.out
	if err != nil {
		return head{}, err
	}
	h.contours = w.contours
	h.data, err = parse(w.out, w.charset)
	return h, err
}

// sniff finds where the first element begins: after the preamble, or at once when that is plausible.
func sniff(b []byte) (start int, ok bool) {
	if len(b) >= preamble+4 && string(b[preamble:preamble+4]) == "DICM" {
		return preamble + 4, true
	}
	if len(b) < 16 {
		return 0, false
	}
	little := binary.LittleEndian.Uint16(b) == 8 || binary.LittleEndian.Uint16(b) == 2
	big := binary.BigEndian.Uint16(b) == 8
	if !little && !big {
		return 0, false
	}
	w := walker{data: b[:16], total: 1 << 30}
	e, err := w.header(0, 1<<30, guessEncoding(b))
	return 0, err == nil && e.tag&0xFFFF < 0x2000 && e.length < 4096
}

// guessEncoding looks at the first element of a file without meta information.
func guessEncoding(b []byte) coding {
	return coding{big: b[0] == 0, implicit: !isVR(b[4], b[5])}
}

// meta walks the file meta information, which is always explicit little endian, and returns the offset behind it.
func (r *reader) meta(start, size int) (head, int, error) {
	h := head{}
	w := walker{data: r.file, total: size}
	pos, uid := start, ""
	for pos+8 <= size {
		if err := w.need(pos, 8, size); err != nil {
			return h, 0, err
		}
		if binary.LittleEndian.Uint16(r.file[pos:]) != 2 {
			break
		}
		e, err := w.header(pos, size, coding{})
		if err != nil {
			return h, 0, err
		}
		next := e.value + int(e.length)
		if e.length == undefinedLength {
			return h, 0, errors.New("the meta information is damaged")
		}
		if next > len(r.file) {
			return h, 0, errMore
		}
		value := strings.Trim(string(r.file[e.value:next]), " \x00")
		switch e.tag {
		case tagTransferSyntax:
			uid = value
		case 0x00020002:
			h.class = value
		}
		pos = next
	}
	var ok bool
	if h.syntax, ok = findSyntax(uid); !ok {
		return h, 0, fmt.Errorf("unknown %s; convert it to Explicit VR Little Endian where it was made", h.syntax.name)
	}
	if uid == "" && pos+8 <= len(r.file) {
		h.syntax.encoding = guessEncoding(r.file[pos:])
	}
	return h, pos, nil
}

// inflate expands deflated elements, at most limit bytes of them, into r.inflated.
func (r *reader) inflate(b []byte, limit int) error {
	in := flate.NewReader(bytes.NewReader(b))
	out := r.inflated[:0]
	for len(out) < limit {
		if len(out) == cap(out) {
			out = append(make([]byte, 0, min(limit, max(2*cap(out), 4*len(b)+4096))), out...)
		}
		n, err := in.Read(out[len(out):min(cap(out), limit)])
		out = out[:len(out)+n]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // what is missing at the end the walk will miss
			break
		}
		if err != nil {
			return fmt.Errorf("inflate: %w", err)
		}
	}
	r.inflated = out
	return nil
}
