package dicom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/suyashkumar/dicom/pkg/tag"
)

// ReadCT reads the pixels of s, which Scan made, into a volume in HU, in parallel. It leaves s.Slices in
// the order of the volume's slices, one each. Identical doubles, gaps and uneven spacing become warnings;
// different images on one plane, truncated or unreadable files are errors that name the file. The slices of a tilted gantry
// are moved within their planes onto an upright grid, and a warning says so.
func ReadCT(ctx context.Context, s *Series, report *Report) (*volume.Volume, error) {
	v, err := readCT(ctx, s, report)
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("read CT series %s: %w", s.name(), err)
	}
	return v, err
}

// ReadMiddle reads the slice in the middle of s as a volume of its own, for a picture of the series. s stays as it is.
func ReadMiddle(ctx context.Context, s *Series) (*volume.Volume, error) {
	if len(s.Slices) == 0 {
		return nil, fmt.Errorf("read CT series %s: it holds no image", s.name())
	}
	one := *s
	one.Slices = []Slice{s.Slices[len(s.Slices)/2]}
	return ReadCT(ctx, &one, nil)
}

// Refusal is why ReadCT will not read the series, as far as its headers tell; empty if nothing speaks against it.
func (s *Series) Refusal() string {
	switch {
	case s.Modality != "CT":
		return fmt.Sprintf("its modality is %q, not CT; choose the planning CT", s.Modality)
	case s.Localizer:
		return "it is a localizer; choose the planning CT"
	}
	return s.unreadable
}

// name is how errors call the series.
func (s *Series) name() string {
	if s.Description != "" {
		return fmt.Sprintf("%q", s.Description)
	}
	return s.UID
}

func readCT(ctx context.Context, s *Series, report *Report) (*volume.Volume, error) {
	if why := s.Refusal(); why != "" {
		return nil, errors.New(why)
	}
	s.sortSlices()
	files, err := s.openFrames(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.dropDoubles(files, report); err != nil {
		return nil, err
	}
	st, err := s.stack()
	if err != nil {
		return nil, err
	}
	for i := range s.Slices { // before memory is set aside for pixels that are not there
		if have := s.Slices[i].bytes; have < int64(s.leastBytes) {
			return nil, fmt.Errorf("%s: pixel data are truncated: the file has %d bytes, its pixels alone %d; copy the file again",
				s.Slices[i].Path, have, s.leastBytes)
		}
	}
	s.reportSpacing(st.grid.SliceMM, report)
	st.report(s, report)
	v := volume.NewVolume(st.grid)
	scratch := make(chan *decoder, len(s.Slices))
	name := func(z int) string { return s.Slices[z].Path }
	err = inParallelReading(ctx, len(s.Slices), stallLimit, name, func(r *reader, z int) error {
		var d *decoder
		select {
		case d = <-scratch:
		default:
			d = new(decoder)
		}
		defer func() { scratch <- d }()
		if err := s.readSlice(r, files, d, st, z, v.Slice(z), report); err != nil {
			return fmt.Errorf("%s: %w", s.Slices[z].name(), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// stopAtPixels ends a walk at the pixel data.
func stopAtPixels(t uint32) bool { return t >= tagPixelData && t < tagItem }

// decoder is what a goroutine needs beside the file to decode a slice.
type decoder struct {
	table huTable
	slice []int16 // of a tilted stack, before it is moved
}

// readSlice decodes slice z of s into dst, slice z of the stack's grid, [y][x] HU.
func (s *Series) readSlice(r *reader, files map[string]*frameFile, d *decoder, st *stack, z int, dst []int16, report *Report) error {
	slice, n := &s.Slices[z], s.Rows*s.Columns
	im, err := slice.open(r, files, n)
	if err != nil {
		return err
	}
	g := readGeometry(im.data)
	if g.problem != "" || g.rows != s.Rows || g.columns != s.Columns || g.position != slice.Position {
		return errors.New("the file has changed since the folder was scanned; open the folder again")
	}
	f, err := readPixelFormat(im.data)
	if err != nil {
		return err
	}
	if z == 0 && f.hasPadding && !f.padsAir() {
		report.info(slice.Path, fmt.Sprintf("PixelPaddingValue %d stands for %d HU, which tissue has: not replaced by air", f.padding[0], f.hu(f.padding[0])))
	}
	if z == 0 && !im.data.has(tag.RescaleSlope) {
		report.warning(slice.Path, "no RescaleSlope: stored values are taken for HU")
	}
	if z == 0 && im.head.syntax.lossy() {
		report.warning(slice.Path, fmt.Sprintf("its pixels were compressed with loss (%s): small clips may have changed", im.head.syntax.name))
	}
	words, big, err := im.words(f, n)
	if err != nil {
		return err
	}
	d.table.build(f)
	if st.shift == nil {
		d.table.decode(dst, words, big)
		return nil
	}
	if d.slice == nil {
		d.slice = make([]int16, n)
	}
	d.table.decode(d.slice, words, big)
	st.move(dst, d.slice, z, s.Rows, s.Columns)
	return nil
}

// image is one slice ready to be decoded.
type image struct {
	head  head
	data  dataset // the elements that apply to it
	file  *frameFile
	frame int
}

// open reads the file of the slice, n pixels large, or finds its frame among the multi-frame files that are open.
func (slice *Slice) open(r *reader, files map[string]*frameFile, n int) (image, error) {
	const around = 4 << 20 // bytes that may stand round the pixels of a deflated file
	if slice.frames > 0 {
		f := files[slice.Path]
		if f == nil || slice.frame >= len(f.data) {
			return image{}, errors.New("the file has changed since the folder was scanned; open the folder again")
		}
		return image{head: f.head, data: f.data[slice.frame], file: f, frame: slice.frame}, nil
	}
	h, err := r.open(slice.Path, true, inflation{base: 4*n + around}, wantScan, stopAtPixels)
	if err == nil && h.data.integer(tag.NumberOfFrames, 1) > 1 {
		err = errors.New("it holds several frames where one slice is expected; export the series as CT Image Storage")
	}
	return image{head: h, data: h.data}, err
}

func (im image) words(f pixelFormat, n int) (words []byte, big bool, err error) {
	if im.file != nil {
		return im.file.frame(im.frame, f, n)
	}
	return im.head.words(f, n)
}

// words returns the pixel words of h, n pixels of them.
func (h head) words(f pixelFormat, n int) (words []byte, big bool, err error) {
	w := walker{data: h.body, total: h.total}
	want := n * f.allocated / 8
	if h.stopped >= h.total {
		return nil, false, errNoPixels
	}
	e, err := w.header(h.stopped, h.total, h.syntax.encoding)
	switch {
	case e.tag != tagPixelData:
		return nil, false, errNoPixels
	case h.syntax.compressed:
		if err != nil {
			return nil, false, err
		}
		words, err = h.compressed(&w, e, f, n)
		return words, false, err
	case e.length == undefinedLength:
		return nil, false, fmt.Errorf("compressed pixels under %s; convert the file: gdcmconv --raw IN OUT", h.syntax.name)
	case int(e.length) < want || e.value+want > len(h.body):
		return nil, false, fmt.Errorf("pixel data are truncated: %d of %d bytes; copy the file again",
			min(int(e.length), max(0, len(h.body)-e.value)), want)
	}
	// Big endian: words of 16 bits, whether the element says OW or, for 8 bits, OB.
	return h.body[e.value : e.value+want], h.syntax.encoding.big, nil
}

// compressed joins the fragments of the one frame and expands them.
func (h head) compressed(w *walker, e element, f pixelFormat, n int) ([]byte, error) {
	var frame []byte
	first := true
	_, err := w.fragments(e, h.total, h.syntax.encoding, func(fragment []byte) {
		if !first { // the first is the offset table
			frame = append(frame, fragment...)
		}
		first = false
	})
	if err != nil {
		return nil, err
	}
	return h.syntax.decompress(frame, f, n)
}

// dropDoubles leaves one slice on each plane. Equal pixels are dropped with a warning; different ones
// are an error, for nobody can tell which image the plan should be made on.
func (s *Series) dropDoubles(files map[string]*frameFile, report *Report) error {
	if len(s.Slices) == 0 {
		return nil
	}
	offsets := s.offsets()
	kept := []Slice{s.Slices[0]}
	lastOffset := offsets[0]
	doubles := 0
	for i := 1; i < len(s.Slices); i++ {
		a, b := kept[len(kept)-1], s.Slices[i]
		if offsets[i]-lastOffset > samePlaneMM {
			kept, lastOffset = append(kept, b), offsets[i]
			continue
		}
		same, err := samePixels(a, b, files)
		if err != nil {
			return err
		}
		if !same || a.Position.Distance(b.Position) > driftToleranceMM {
			wayOut := "put the files of one phase or scan into a folder of their own and open that"
			if a.frames > 1 {
				wayOut = "export one phase or scan as a series of its own"
			}
			return fmt.Errorf("%s and %s are different images on one plane (a 4D, repeated or mixed scan); %s", a.name(), b.name(), wayOut)
		}
		doubles++
		if doubles <= maxNamed {
			report.warning(b.name(), fmt.Sprintf("left out: the same image as %s", a.name()))
		}
	}
	if doubles > maxNamed {
		report.warning("", fmt.Sprintf("%d more doubles left out", doubles-maxNamed))
	}
	s.Slices = kept
	return nil
}

// maxNamed is how many findings of one kind are listed by file.
const maxNamed = 20

// samePixels tells whether two slices hold the same pixel data and rescaling.
func samePixels(a, b Slice, files map[string]*frameFile) (bool, error) {
	read := func(s Slice) ([]byte, pixelFormat, error) {
		var r reader
		defer r.close()
		im, err := s.open(&r, files, maxHeaderSize/4)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", s.name(), err)
		}
		f, err := readPixelFormat(im.data)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", s.name(), err)
		}
		words, big, err := im.words(f, f.rows*f.columns)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", s.name(), err)
		}
		if big && f.allocated == 16 {
			words = slices.Clone(words)
			swap(words, "OW")
		}
		return words, f, nil
	}
	pa, fa, err := read(a)
	if err != nil {
		return false, err
	}
	pb, fb, err := read(b)
	if err != nil {
		return false, err
	}
	return fa == fb && bytes.Equal(pa, pb), nil
}

// reportSpacing warns of gaps and of uneven steps; each slice keeps its own position all the same.
func (s *Series) reportSpacing(offsets []float64, report *Report) {
	if len(offsets) < 2 {
		report.warning(s.Slices[0].Path, "the series has a single slice, so that nothing tells how far apart slices are: volumes take it as 1 mm thick. For a plan open the folder with all of them")
		return
	}
	usual := medianStep(offsets)
	least, most, gaps := usual, usual, 0
	for z := 1; z < len(offsets); z++ {
		step := offsets[z] - offsets[z-1]
		if step > gapFactor*usual {
			if gaps++; gaps <= maxNamed {
				report.warning(s.Slices[z-1].name(), fmt.Sprintf("gap of %.2f mm to the next slice, %s, where %.2f mm is usual: slices seem to be missing. The slices there are read as they are; check that the series is complete",
					step, s.Slices[z].name(), usual))
			}
			continue
		}
		least, most = min(least, step), max(most, step)
	}
	if most-least > unevenTolerance {
		report.warning("", fmt.Sprintf("slices are %.2f to %.2f mm apart: each keeps its own position", least, most))
	}
}
