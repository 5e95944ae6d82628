package dicom

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// errArchive marks a zip archive where an image was looked for.
var errArchive = errors.New("a zip archive")

const (
	archiveMagic  = "PK\x03\x04"
	mostDeflation = 1032    // times its packed size that a deflated member can have at most
	readPiece     = 4 << 20 // bytes asked for at once, so that a slow share can be told from a stalled one
	memberHeader  = 8 << 20 // bytes of an archive's member that are expanded for its header
)

// source is where the bytes of one DICOM file come from: a file, or a member of a zip archive, whose path is the
// archive's and then its own name, as if the archive were a folder.
type source struct {
	size   int         // bytes when unpacked
	packed int         // bytes on the disk
	at     io.ReaderAt // of a file or a member stored as it is
	stream io.Reader   // of a deflated member, read from its beginning
	closer io.Closer
	have   int // bytes read so far
	sum    uint32
	summed bool // sum is the CRC-32 that all the bytes must have
}

// intact tells whether all bytes have the sum that their archive names.
func (s *source) intact(all []byte) bool { return !s.summed || crc32.ChecksumIEEE(all) == s.sum }

// source opens path for reading.
func (r *reader) source(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		if s, ok, memberErr := r.member(path); ok {
			return s, memberErr
		}
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, errNotDICOM
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	size := int(min(info.Size(), maxFileSize+1))
	return &source{size: size, packed: size, at: f, closer: f}, nil
}

// member opens a member of an archive; ok is false when no part of path is one.
func (r *reader) member(path string) (s *source, ok bool, err error) {
	if r.archive == nil || !strings.HasPrefix(path, r.archive.path+string(filepath.Separator)) {
		file := filepath.Dir(path)
		for {
			info, err := os.Stat(file)
			if err == nil && info.Mode().IsRegular() {
				break
			}
			up := filepath.Dir(file)
			if err == nil || up == file {
				return nil, false, nil
			}
			file = up
		}
		r.close()
		if r.archive, err = openArchive(file); err != nil {
			return nil, true, err
		}
	}
	m := r.archive.members[path[len(r.archive.path)+1:]]
	if m == nil {
		return nil, true, fmt.Errorf("the archive %s has no such member: %w", r.archive.path, fs.ErrNotExist)
	}
	s, err = openMember(m)
	return s, true, err
}

func openMember(m *zip.File) (*source, error) {
	switch {
	case m.Flags&1 != 0:
		return nil, errors.New("it is encrypted in its archive; unpack the archive with its password and open the folder")
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return nil, fmt.Errorf("its archive packs it by method %d, which is not read; unpack the archive and open the folder", m.Method)
	case m.UncompressedSize64 > mostDeflation*m.CompressedSize64+64:
		return nil, errors.New("its archive is damaged: it claims more bytes than can be packed there")
	}
	s := &source{size: int(min(m.UncompressedSize64, maxFileSize+1)), packed: int(min(m.CompressedSize64, maxFileSize+1)), sum: m.CRC32, summed: true}
	if m.Method == zip.Store {
		raw, err := m.OpenRaw()
		if err != nil {
			return nil, fmt.Errorf("its archive is damaged: %w", err)
		}
		if at, ok := raw.(io.ReaderAt); ok {
			s.at = at
			return s, nil
		}
	}
	stream, err := m.Open()
	if err != nil {
		return nil, fmt.Errorf("its archive is damaged: %w", err)
	}
	s.stream, s.closer = stream, stream
	return s, nil
}

func (s *source) close() {
	if s.closer != nil {
		s.closer.Close()
	}
}

// archive is an open zip file.
type archive struct {
	path    string
	file    *zip.ReadCloser
	members map[string]*zip.File // by the name that stands behind path
	names   []string             // in the order of the archive
}

func openArchive(path string) (*archive, error) {
	file, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("it is no complete zip archive (%w); copy it again, or unpack it and open the folder", err)
	}
	a := &archive{path: path, file: file, members: map[string]*zip.File{}}
	for _, m := range file.File {
		if m.FileInfo().IsDir() {
			continue
		}
		name := memberName(m.Name)
		for n := 2; a.members[name] != nil; n++ { // nothing forbids the same name twice
			name = fmt.Sprintf("%s~%d", memberName(m.Name), n)
		}
		a.members[name] = m
		a.names = append(a.names, name)
	}
	return a, nil
}

// memberName makes a plain relative path of what an archive says: it is only ever shown and looked up.
func memberName(name string) string {
	name = strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "?")
	return filepath.FromSlash(strings.TrimPrefix(path.Clean("/"+name), "/"))
}

// listArchive returns the paths of the members of the archive at path.
func listArchive(path string) ([]string, error) {
	a, err := openArchive(path)
	if err != nil {
		return nil, err
	}
	defer a.file.Close()
	if len(a.names) > maxFiles {
		return nil, fmt.Errorf("it holds more than %d files; choose the archive of one patient", maxFiles)
	}
	files := make([]string, len(a.names))
	for i, name := range a.names {
		files[i] = filepath.Join(path, name)
	}
	return files, nil
}

// close lets go of the archive read last.
func (r *reader) close() {
	if r.archive != nil {
		r.archive.file.Close()
		r.archive = nil
	}
}

// fill makes r.file the first n bytes of s, of which the first s.have are there already.
func (r *reader) fill(s *source, n int) error {
	for s.have < n {
		piece := min(n-s.have, readPiece)
		r.grow(s.have, s.have+piece)
		var got int
		var err error
		if s.at != nil {
			got, err = s.at.ReadAt(r.file[s.have:s.have+piece], int64(s.have))
		} else {
			got, err = io.ReadFull(s.stream, r.file[s.have:s.have+piece])
		}
		s.have += got
		r.file = r.file[:s.have]
		r.pulse.beat()
		if err != nil && got < piece {
			return fmt.Errorf("read %d of %d bytes: %w", s.have, n, err)
		}
	}
	r.file = r.file[:n]
	return nil
}

// grow makes room in r.file for n bytes and keeps the first have.
func (r *reader) grow(have, n int) {
	if cap(r.file) < n {
		larger := make([]byte, max(n, min(2*cap(r.file), n+readPiece)))
		copy(larger, r.file[:have])
		r.file = larger
	}
	r.file = r.file[:n]
}

// sameBytes tells whether two files hold the same; not if one cannot be read.
func sameBytes(a, b string) bool {
	var readers [2]reader
	for i, path := range []string{a, b} {
		r := &readers[i]
		defer r.close()
		s, err := r.source(path)
		if err != nil {
			return false
		}
		defer s.close()
		if s.size > maxFileSize || r.fill(s, s.size) != nil {
			return false
		}
	}
	return bytes.Equal(readers[0].file, readers[1].file)
}
