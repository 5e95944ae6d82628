package dicom

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/suyashkumar/dicom/pkg/tag"
)

// maxFrames is how many frames a multi-frame CT may have.
const maxFrames = 1 << 14

// isMultiFrame tells whether the class keeps several slices in one file, each placed by functional groups.
func isMultiFrame(class string) bool { return class == classEnhancedCT || class == classLegacyCT }

// wantFrames tells which elements a multi-frame CT is read from: those of a single image, and the functional groups
// that hold them, PS3.3 C.7.6.16.
func wantFrames(t uint32) bool {
	switch t {
	case 0x52009229, 0x52009230, // shared and per-frame functional groups
		0x00209113, 0x00209116, 0x00289110, 0x00289145, 0x00189329, // plane position and orientation, pixel measures, rescale, frame type
		0x00089007: // FrameType
		return true
	}
	return wantScan(t)
}

// frameData returns for each frame the elements that apply to it: its own functional groups, then the shared ones,
// then those of the whole image.
func frameData(d dataset) ([]dataset, error) {
	n := d.integer(tag.NumberOfFrames, 0)
	perFrame := d.items(tag.PerFrameFunctionalGroupsSequence)
	switch {
	case n < 1 || n > maxFrames:
		return nil, fmt.Errorf("it says that it has %d frames; export the series again", n)
	case len(perFrame) != n:
		return nil, fmt.Errorf("it says that it has %d frames but describes %d; export the series again", n, len(perFrame))
	}
	whole := d.elements
	for _, shared := range d.items(tag.SharedFunctionalGroupsSequence) {
		whole = append(shared.flat(), whole...)
	}
	frames := make([]dataset, n)
	for i, item := range perFrame {
		frames[i] = dataset{append(item.flat(), whole...), d.charset}
	}
	return frames, nil
}

// scanFrames is scanFile for a multi-frame CT: one found for each frame.
func scanFrames(r *reader, path, class string) ([]*found, error) {
	h, err := r.open(path, false, inflation{base: maxHeaderSize}, wantFrames, stopAtPixels)
	if err != nil {
		return nil, err
	}
	frames, err := frameData(h.data)
	if err != nil {
		f := newFound(h.data, h, path, class)
		f.series.unreadable = fmt.Sprintf("%s is a multi-frame image: %v", path, err)
		return []*found{f}, nil
	}
	all := make([]*found, len(frames))
	for i, d := range frames {
		f := newFound(d, h, path, class)
		f.slice.frame, f.slice.frames = i, len(frames)
		f.slice.InstanceNumber = i + 1
		f.series.leastBytes *= len(frames)
		all[i] = f
	}
	return all, nil
}

// frameFile is a multi-frame file ready to be decoded frame by frame, by many goroutines.
type frameFile struct {
	head   head
	data   []dataset // of each frame
	frames [][]byte  // compressed pixels of each frame; nil when they are native
	pixels []byte    // native pixels of all frames
}

// openFrames opens the multi-frame files of s, by path.
func (s *Series) openFrames(ctx context.Context) (map[string]*frameFile, error) {
	files := map[string]*frameFile{}
	if !s.Enhanced {
		return files, nil
	}
	for i := range s.Slices {
		path := s.Slices[i].Path
		if files[path] != nil {
			continue
		}
		var file *frameFile
		name := func(int) string { return path }
		allowed := inflation{base: 4*s.Rows*s.Columns*s.Slices[i].frames + maxHeaderSize}
		err := inParallelReading(ctx, 1, stallLimit, name, func(_ *reader, _ int) (err error) {
			file, err = openFrameFile(new(reader), path, allowed) // a reader of its own: the file outlives the call
			return err
		})
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files[path] = file
	}
	return files, nil
}

func openFrameFile(r *reader, path string, allowed inflation) (*frameFile, error) {
	defer r.close()
	h, err := r.open(path, true, allowed, wantFrames, stopAtPixels)
	if err != nil {
		return nil, err
	}
	f := &frameFile{head: h}
	if f.data, err = frameData(h.data); err != nil {
		return nil, err
	}
	w := walker{data: h.body, total: h.total}
	if h.stopped >= h.total {
		return nil, errNoPixels
	}
	e, err := w.header(h.stopped, h.total, h.syntax.encoding)
	switch {
	case e.tag != tagPixelData:
		return nil, errNoPixels
	case !h.syntax.compressed && e.length == undefinedLength:
		return nil, fmt.Errorf("compressed pixels under %s; convert the file: gdcmconv --raw IN OUT", h.syntax.name)
	case !h.syntax.compressed:
		f.pixels = h.body[e.value:min(len(h.body), e.value+int(e.length))]
		return f, nil
	case err != nil:
		return nil, err
	}
	f.frames, err = splitFrames(&w, e, h, len(f.data))
	return f, err
}

// splitFrames sorts the fragments of encapsulated pixel data into n frames: by the offset table where there is one,
// else one each, else by the beginnings of the streams, PS3.5 A.4.
func splitFrames(w *walker, e element, h head, n int) ([][]byte, error) {
	var fragments [][]byte
	_, err := w.fragments(e, h.total, h.syntax.encoding, func(f []byte) { fragments = append(fragments, f) })
	if err != nil {
		return nil, err
	}
	if len(fragments) == 0 {
		return nil, errNoPixels
	}
	table, fragments := fragments[0], fragments[1:]
	var first []bool // whether each fragment begins a frame
	switch {
	case len(table) == 4*n && n > 0:
		starts := map[uint32]bool{}
		for i := range n {
			starts[binary.LittleEndian.Uint32(table[4*i:])] = true
		}
		at := uint32(0)
		for _, f := range fragments {
			first = append(first, starts[at])
			at += uint32(8 + len(f))
		}
	case len(fragments) == n:
		first = make([]bool, n)
		for i := range first {
			first[i] = true
		}
	default:
		for i, f := range fragments {
			first = append(first, i == 0 || n > 1 && beginsStream(f))
		}
	}
	var frames [][]byte
	for i, f := range fragments {
		switch {
		case first[i]:
			frames = append(frames, f)
		case len(frames) > 0:
			last := len(frames) - 1
			frames[last] = append(frames[last][:len(frames[last]):len(frames[last])], f...)
		}
	}
	if len(frames) != n {
		return nil, fmt.Errorf("its pixel data hold %d frames where %d are described; copy the file again, or export the series as CT Image Storage", len(frames), n)
	}
	return frames, nil
}

// beginsStream tells whether b begins as a JPEG, JPEG-LS or JPEG 2000 stream does.
func beginsStream(b []byte) bool {
	return len(b) > 2 && b[0] == 0xFF && (b[1] == 0xD8 || b[1] == 0x4F) && b[2] == 0xFF
}

// frame returns the pixel words of frame i, n pixels of them.
func (f *frameFile) frame(i int, format pixelFormat, n int) (words []byte, big bool, err error) {
	if f.head.syntax.compressed {
		words, err = f.head.syntax.decompress(f.frames[i], format, n)
		return words, false, err
	}
	size := n * format.allocated / 8
	if (i+1)*size > len(f.pixels) {
		return nil, false, fmt.Errorf("pixel data are truncated: frame %d of %d bytes ends behind the %d that are there; copy the file again", i+1, size, len(f.pixels))
	}
	return f.pixels[i*size : (i+1)*size], f.head.syntax.encoding.big, nil
}

var errNoPixels = errors.New("no pixel data: the file is truncated or no image; copy it again")
