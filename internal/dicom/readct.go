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
// different images on one plane, tilt, truncated or unreadable files are errors that name the file.
func ReadCT(ctx context.Context, s *Series, report *Report) (*volume.Volume, error) {
	v, err := readCT(ctx, s, report)
	if err != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("read CT series %s: %w", s.name(), err)
	}
	return v, err
}

// name is how errors call the series.
func (s *Series) name() string {
	if s.Description != "" {
		return fmt.Sprintf("%q", s.Description)
	}
	return s.UID
}

func readCT(ctx context.Context, s *Series, report *Report) (*volume.Volume, error) {
	switch {
	case s.Modality != "CT":
		return nil, fmt.Errorf("its modality is %q, not CT; choose the planning CT", s.Modality)
	case s.Localizer:
		return nil, errors.New("it is a localizer; choose the planning CT")
	case s.unreadable != "":
		return nil, errors.New(s.unreadable)
	}
	s.sortSlices()
	if err := s.dropDoubles(report); err != nil {
		return nil, err
	}
	grid, err := s.Grid()
	if err != nil {
		return nil, err
	}
	for i := range s.Slices { // before memory is set aside for pixels that are not there
		if have := s.Slices[i].bytes; have < int64(s.leastBytes) {
			return nil, fmt.Errorf("%s: pixel data are truncated: the file has %d bytes, its pixels alone %d; copy the file again",
				s.Slices[i].Path, have, s.leastBytes)
		}
	}
	s.reportSpacing(grid.SliceMM, report)
	v := volume.NewVolume(grid)
	tables := make(chan *huTable, len(s.Slices))
	err = inParallel(ctx, len(s.Slices), func(r *reader, z int) error {
		var table *huTable
		select {
		case table = <-tables:
		default:
			table = new(huTable)
		}
		defer func() { tables <- table }()
		if err := s.readSlice(r, table, z, v.Slice(z), report); err != nil {
			return fmt.Errorf("%s: %w", s.Slices[z].Path, err)
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

// readSlice decodes slice z of s into dst, [y][x] HU.
func (s *Series) readSlice(r *reader, table *huTable, z int, dst []int16, report *Report) error {
	const around = 4 << 20 // bytes that may stand round the pixels of a deflated file
	h, err := r.open(s.Slices[z].Path, true, 4*len(dst)+around, wantScan, stopAtPixels)
	if err != nil {
		return err
	}
	g := readGeometry(h.data)
	if g.problem != "" || g.rows != s.Rows || g.columns != s.Columns || g.position != s.Slices[z].Position {
		return errors.New("the file has changed since the folder was scanned; open the folder again")
	}
	f, err := readPixelFormat(h.data)
	if err != nil {
		return err
	}
	if n := h.data.integer(tag.NumberOfFrames, 1); n != 1 {
		return fmt.Errorf("it holds %d frames where one slice is expected; convert it to single slices first", n)
	}
	if z == 0 && f.hasPadding && !f.padsAir() {
		report.info(s.Slices[z].Path, fmt.Sprintf("PixelPaddingValue %d stands for %d HU, which tissue has: not replaced by air", f.padding[0], f.hu(f.padding[0])))
	}
	if z == 0 && !h.data.has(tag.RescaleSlope) {
		report.warning(s.Slices[z].Path, "no RescaleSlope: stored values are taken for HU")
	}
	if z == 0 && h.syntax.lossy() {
		report.warning(s.Slices[z].Path, fmt.Sprintf("its pixels were compressed with loss (%s): small clips may have changed", h.syntax.name))
	}
	words, big, err := h.words(f, len(dst))
	if err != nil {
		return err
	}
	table.build(f)
	table.decode(dst, words, big)
	return nil
}

// words returns the pixel words of h, n pixels of them.
func (h head) words(f pixelFormat, n int) (words []byte, big bool, err error) {
	w := walker{data: h.body, total: h.total}
	want := n * f.allocated / 8
	if h.stopped >= h.total {
		return nil, false, errors.New("no pixel data: the file is truncated or no image; copy it again")
	}
	e, err := w.header(h.stopped, h.total, h.syntax.encoding)
	switch {
	case e.tag != tagPixelData:
		return nil, false, errors.New("no pixel data: the file is truncated or no image; copy it again")
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
func (s *Series) dropDoubles(report *Report) error {
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
		same, err := samePixels(a.Path, b.Path)
		if err != nil {
			return err
		}
		if !same || a.Position.Distance(b.Position) > driftToleranceMM {
			return fmt.Errorf("%s and %s are different images on one plane (a 4D, repeated or mixed scan); put the files of one phase or scan into a folder of their own and open that",
				a.Path, b.Path)
		}
		doubles++
		if doubles <= maxNamed {
			report.warning(b.Path, fmt.Sprintf("left out: the same image as %s", a.Path))
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

// samePixels tells whether two files hold the same pixel data and rescaling.
func samePixels(a, b string) (bool, error) {
	read := func(path string) ([]byte, pixelFormat, error) {
		var r reader
		h, err := r.open(path, true, maxHeaderSize, wantScan, stopAtPixels)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", path, err)
		}
		f, err := readPixelFormat(h.data)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", path, err)
		}
		words, big, err := h.words(f, f.rows*f.columns)
		if err != nil {
			return nil, pixelFormat{}, fmt.Errorf("%s: %w", path, err)
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
		report.warning(s.Slices[0].Path, "the series has a single slice: volumes take it as 1 mm thick")
		return
	}
	usual := medianStep(offsets)
	least, most, gaps := usual, usual, 0
	for z := 1; z < len(offsets); z++ {
		step := offsets[z] - offsets[z-1]
		if step > gapFactor*usual {
			if gaps++; gaps <= maxNamed {
				report.warning(s.Slices[z-1].Path, fmt.Sprintf("gap of %.1f mm to the next slice, %s, where %.1f mm is usual: slices seem to be missing. The slices there are read as they are; check that the series is complete",
					step, s.Slices[z].Path, usual))
			}
			continue
		}
		least, most = min(least, step), max(most, step)
	}
	if most-least > unevenTolerance {
		report.warning("", fmt.Sprintf("slices are %.2f to %.2f mm apart: each keeps its own position", least, most))
	}
}
