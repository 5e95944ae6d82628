package dicom

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/clipwright/clipwright/internal/volume"
)

// rawEnhanced is an Enhanced CT of n frames, the last one lowest, with the pixels of rawCT and an intercept of its own for
// each frame.
func rawEnhanced(n int) rawFile {
	one := rawCT(0)
	f := one.with(rawFile{
		0x00080016: str("UI", classEnhancedCT), 0x00280008: str("IS", fmt.Sprint(n)),
		0x00200032: {}, 0x00200037: {}, 0x00280030: {}, 0x00281052: {}, 0x00281053: {},
		0x52009229: sq([]rawTagged{
			{0x00209116, sq([]rawTagged{{0x00200037, str("DS", `1\0\0\0\1\0`)}})},
			{0x00289110, sq([]rawTagged{{0x00180050, str("DS", "3")}, {0x00280030, str("DS", `0.5\0.75`)}})},
		}),
	})
	var frames [][]rawTagged
	var pixels []byte
	for i := range n {
		z := n - 1 - i
		frames = append(frames, []rawTagged{
			{0x00209113, sq([]rawTagged{{0x00200032, str("DS", fmt.Sprintf(`-10\-20\%d`, 3*z))}})},
			{0x00289145, sq([]rawTagged{{0x00281052, str("DS", fmt.Sprint(-1000-i))}, {0x00281053, str("DS", "1")}})},
		})
		words := rawCT(z)[tagPixelData].value
		for k := 0; k < len(words); k += 2 { // what the frame's own intercept takes off again
			pixels = binary.LittleEndian.AppendUint16(pixels, binary.LittleEndian.Uint16(words[k:])+uint16(i))
		}
	}
	f[0x52009230] = sq(frames...)
	f[tagPixelData] = rawElement{vr: "OW", value: pixels}
	return f
}

// fragmented is encapsulated pixel data: frames, each cut into pieces, with or without an offset table.
func fragmented(frames [][]byte, pieces int, table bool) rawElement {
	item := func(b []byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte{0xFE, 0xFF, 0x00, 0xE0}, uint32(len(b))), b...)
	}
	var offsets, body []byte
	for _, f := range frames {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(body)))
		if len(f)%2 != 0 {
			f = append(slices.Clone(f), 0)
		}
		size := (len(f)/pieces + 1) &^ 1
		for len(f) > size && size > 0 {
			body = append(body, item(f[:size])...)
			f = f[size:]
		}
		body = append(body, item(f)...)
	}
	if !table {
		offsets = nil
	}
	return rawElement{vr: "encapsulated", value: slices.Concat(item(offsets), body, []byte{0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0})}
}

// frame cuts the one frame out of what compress made.
func frame(e rawElement) []byte { return e.value[16 : len(e.value)-8] }

func TestEnhancedCT(t *testing.T) {
	const n = 5
	plain := rawEnhanced(n)
	words := plain[tagPixelData].value
	compressed := func(uid string, pieces int, table bool) rawFile {
		var frames [][]byte
		for i := range n {
			frames = append(frames, frame(compress(uid, words[24*i:24*i+24])))
		}
		return plain.with(rawFile{tagPixelData: fragmented(frames, pieces, table)})
	}
	for name, c := range map[string]struct {
		file   rawFile
		syntax string
	}{
		"explicit":                  {plain, syntaxExplicitLE},
		"implicit":                  {plain, syntaxImplicitLE},
		"big endian":                {plain, syntaxExplicitBE},
		"deflated":                  {plain, syntaxDeflatedLE},
		"legacy":                    {plain.with(rawFile{0x00080016: str("UI", classLegacyCT)}), syntaxExplicitLE},
		"RLE":                       {compressed(syntaxRLE, 1, false), syntaxRLE},
		"JPEG-LS, table":            {compressed(syntaxJPEGLS, 3, true), syntaxJPEGLS},
		"JPEG-LS, pieces, no table": {compressed(syntaxJPEGLS, 3, false), syntaxJPEGLS},
		"JPEG 2000":                 {compressed(syntaxJPEG2000Lossless, 2, false), syntaxJPEG2000Lossless},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "enhanced.dcm"), c.file.encode(c.syntax))
			v, s, report, err := load(t, dir)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(v.HU, wantRaw(n)) || len(report.Findings()) > 0 {
				t.Errorf("HU %v, findings %v", v.HU, report.Findings())
			}
			g := v.Grid
			if g.SpacingX != 0.75 || g.SpacingY != 0.5 || g.Origin != (volume.Vec{-10, -20, 0}) || s.SpacingMM() != 3 || s.SliceThicknessMM != 3 {
				t.Errorf("grid %+v", g)
			}
		})
	}
}

// TestStructuresOnEnhancedCT: contours refer to their frame, the set to the image once.
func TestStructuresOnEnhancedCT(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "enhanced.dcm"), rawEnhanced(4).encode(syntaxExplicitLE))
	v, ct, _, err := load(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	m := volume.NewMask(v.Grid)
	m.Set(1, 1, 1, true)
	m.Set(1, 1, 2, true)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	set := &StructureSet{Structures: []Structure{{Name: "Clip", Contours: volume.Contours(m)}}}
	if err := WriteStructureSet(path, set, ct, false); err != nil {
		t.Fatal(err)
	}
	got, err := ReadStructureSet(path, nil)
	if err != nil || len(got.ImageUIDs) != 1 || !got.Structures[0].Mask(v.Grid).Equal(m) {
		t.Errorf("%v, %+v", err, got)
	}
	d := rawElements(t, path)
	var frames []int
	for _, c := range d.items(tag.ROIContourSequence)[0].items(tag.ContourSequence) {
		frames = append(frames, c.items(tag.ContourImageSequence)[0].integer(tag.ReferencedFrameNumber, 0))
	}
	if !slices.Equal(frames, []int{3, 2}) { // the file's frames run downwards
		t.Errorf("frames %v", frames)
	}
	noErrorLine(t, "structures on an Enhanced CT", tool(t, "dciodvfy", path))
}

func TestEnhancedCTRefusals(t *testing.T) {
	plain := rawEnhanced(3)
	groups := plain[0x52009230].items
	for name, c := range map[string]struct {
		change rawFile
		say    string
	}{
		"fewer groups than frames": {rawFile{0x52009230: sq(groups[:2]...)}, "3 frames but describes 2"},
		"no groups":                {rawFile{0x52009230: {}, 0x52009229: {}}, "3 frames but describes 0"},
		"no position":              {rawFile{0x52009230: sq(nil, nil, nil)}, "ImagePositionPatient"},
		"two frames on one plane":  {rawFile{0x52009230: sq(groups[0], groups[0], groups[2])}, "different images on one plane (a 4D, repeated or mixed scan); export one phase"},
		"pixels cut short":         {rawFile{tagPixelData: {vr: "OW", value: make([]byte, 60)}}, "truncated"},
		"of another class":         {rawFile{0x00080016: str("UI", "1.2.840.10008.5.1.4.1.1.7.3")}, "no Enhanced CT"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "enhanced.dcm"), plain.with(c.change).encode(syntaxExplicitLE))
			_, _, _, err := load(t, dir)
			wantError(t, err, "enhanced.dcm", c.say)
		})
	}
}

// TestEnhancedStacksAreApart: a localizer in the same file is a series of its own.
func TestEnhancedStacksAreApart(t *testing.T) {
	f := rawEnhanced(4)
	groups := f[0x52009230].items
	groups[0] = append(slices.Clone(groups[0]), rawTagged{0x00189329, sq([]rawTagged{{0x00089007, str("CS", `ORIGINAL\PRIMARY\LOCALIZER`)}})})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "enhanced.dcm"), f.encode(syntaxImplicitLE))
	studies, err := Scan(context.Background(), dir, nil)
	if err != nil || len(studies[0].Series) != 2 {
		t.Fatal(err)
	}
	v, s, _, err := load(t, dir)
	if err != nil || len(s.Slices) != 3 || !slices.Equal(v.HU, wantRaw(3)) {
		t.Errorf("%v, %v", s, err)
	}
}
