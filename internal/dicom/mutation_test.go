package dicom

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// soakRounds is how many mutations of each file are tried: few, or with CLIPWRIGHT_SOAK (make soak) 2,000 and more.
func soakRounds(few int) int {
	soak := os.Getenv("CLIPWRIGHT_SOAK")
	if soak == "" {
		return few
	}
	more, _ := strconv.Atoi(soak)
	return max(more, 2000)
}

// TestMutations flips bits, sets lengths, cuts, copies and splices sequences of other files in, seeded.
func TestMutations(t *testing.T) {
	all := seeds()
	var donors [][]byte
	for _, name := range slices.Sorted(maps.Keys(all)) {
		donors = append(donors, all[name])
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		soak(t, name, all[name], donors, soakRounds(60))
	}
	t.Logf("%d files, %d mutations each", len(all), soakRounds(60))
}

// TestMutationsOfSharedFiles does the same to what other software wrote: to every file with CLIPWRIGHT_SOAK, to one in ten
// without. CLIPWRIGHT_SOAK_PART=2/8 takes the second eighth of them, so that a soak can run in pieces and side by side.
func TestMutationsOfSharedFiles(t *testing.T) {
	root := sharedData(t)
	var paths []string
	var donors [][]byte
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		paths = append(paths, path)
		if data, err := os.ReadFile(path); err == nil && len(data) < 64<<10 {
			donors = append(donors, data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	part, parts := 1, 10
	if os.Getenv("CLIPWRIGHT_SOAK") != "" {
		parts = 1
	}
	if asked := os.Getenv("CLIPWRIGHT_SOAK_PART"); asked != "" {
		if _, err := fmt.Sscanf(asked, "%d/%d", &part, &parts); err != nil || part < 1 || part > parts {
			t.Fatalf("CLIPWRIGHT_SOAK_PART=%s, want 2/8 or the like", asked)
		}
	}
	files, rounds := 0, soakRounds(3)
	for i := part - 1; i < len(paths); i += parts {
		data, err := os.ReadFile(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, paths[i])
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		soak(t, filepath.ToSlash(name), data, donors, rounds)
		files++
		if os.Getenv("CLIPWRIGHT_SOAK") != "" {
			t.Logf("%6.1f s for %d mutations of %s", time.Since(start).Seconds(), rounds, name)
		}
	}
	t.Logf("part %d of %d: %d of %d files, %d mutations each", part, parts, files, len(paths), rounds)
}

// soak tries mutations of one file. Which ones follows from its name alone.
func soak(t *testing.T, name string, data []byte, donors [][]byte, rounds int) {
	dir := t.TempDir()
	hash := fnv.New64a()
	io.WriteString(hash, name)
	random := rand.New(rand.NewPCG(hash.Sum64(), 2))
	pieces := piecesOf(data)
	image := pixelsOf(data, pieces)
	for range rounds {
		hurt, spare := data, image
		if random.IntN(4) == 0 {
			hurt, spare = splice(random, data, pieces, donors[random.IntN(len(donors))]), pixels{oneIn: 1}
		}
		if random.IntN(8) > 0 {
			hurt = mutate(random, hurt, spare)
		}
		// A compressed image that is as it was has been decoded often enough: one in ten is again.
		unhurt := image.to > image.from && image.oneIn < 8 && bytes.Contains(hurt, data[image.from:image.to])
		survive(t, dir, name, hurt, !unhurt || random.IntN(10) == 0)
		if t.Failed() {
			kept := filepath.Join(os.TempDir(), "clipwright-hostile.dcm")
			writeFile(t, kept, hurt)
			t.Fatalf("the input is kept as %s", kept)
		}
	}
}

// pixels is where a file's pixel data lie, most of its bytes, and which part of the damage meant for them they get: native ones
// are a picture whatever they hold, compressed ones are for a decoder to survive.
type pixels struct{ from, to, oneIn int }

func pixelsOf(data []byte, pieces [][2]int) pixels {
	for _, p := range pieces {
		head := string(data[p[0]:min(p[0]+12, len(data))])
		if p[1]-p[0] < 4096 || head[:4] != "\xE0\x7F\x10\x00" && head[:4] != "\x7F\xE0\x00\x10" {
			continue
		}
		if head[8:] == "\xFF\xFF\xFF\xFF" {
			return pixels{p[0] + 12, p[1], 4}
		}
		return pixels{p[0] + 12, p[1], 8}
	}
	return pixels{oneIn: 1}
}

// piecesOf returns where the elements of a valid file lie, and the items of its sequences.
func piecesOf(data []byte) [][2]int {
	r := reader{file: data}
	start, ok := sniff(data)
	if !ok {
		return nil
	}
	h, start, err := r.meta(start, len(data))
	if err != nil || h.syntax.deflated {
		return nil
	}
	enc := h.syntax.encoding
	var pieces [][2]int
	_ = eachElement(data, start, enc, func(e element, from, to int) error {
		pieces = append(pieces, [2]int{from, to})
		if sequence, inner := isSequence(e, enc); sequence {
			w := walker{data: data, total: len(data), want: func(uint32) bool { return false }}
			for pos := e.value; pos < to; {
				item, err := w.header(pos, to, inner)
				if err != nil || item.tag != tagItem {
					break
				}
				next := item.value + int(item.length)
				if item.length == undefinedLength {
					if next, err = w.dataset(item.value, to, inner, 1, false, true); err != nil {
						break
					}
				}
				pieces = append(pieces, [2]int{pos, next})
				pos = next
			}
		}
		return nil
	})
	return pieces
}

// splice puts an element or an item of donor before, or in the place of, one of data.
func splice(random *rand.Rand, data []byte, pieces [][2]int, donor []byte) []byte {
	theirs := piecesOf(donor)
	if len(pieces) == 0 || len(theirs) == 0 {
		return data
	}
	at, from := pieces[random.IntN(len(pieces))], theirs[random.IntN(len(theirs))]
	end := at[0]
	if random.IntN(2) == 0 {
		end = at[1]
	}
	return slices.Concat(data[:at[0]], donor[from[0]:from[1]], data[end:])
}

// mutate damages a copy of data in one to four ways, of which those that would strike the pixels are few.
func mutate(random *rand.Rand, data []byte, spare pixels) []byte {
	b := append([]byte(nil), data...)
	for range 1 + random.IntN(4) {
		if len(b) < 200 {
			return b
		}
		at := random.IntN(len(b) - 8)
		if at >= spare.from && at < spare.to && random.IntN(spare.oneIn) > 0 {
			at = random.IntN(min(spare.from, len(b)-8))
		}
		switch random.IntN(7) {
		case 0:
			b[at] ^= 1 << random.IntN(8)
		case 1:
			b[at] = byte(random.IntN(256))
		case 2:
			binary.LittleEndian.PutUint32(b[at:], []uint32{0, 1, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x80000000}[random.IntN(6)])
		case 3: // cut a piece out
			n := random.IntN(min(64, len(b)-at))
			b = append(b[:at], b[at+n:]...)
		case 4: // copy a piece elsewhere
			from := random.IntN(len(b) - 8)
			n := random.IntN(min(64, len(b)-from))
			piece := append([]byte(nil), b[from:from+n]...)
			b = append(b[:at], append(piece, b[at:]...)...)
		case 5:
			copy(b[at:], []string{"SQ", "UN", "OB", "UT", "US", "\xFE\xFF\x00\xE0", "\xFE\xFF\xDD\xE0", "\\\\\\\\"}[random.IntN(8)])
		case 6:
			b = b[:max(200, at)]
		}
	}
	return b
}

// fuzzSeeds adds the small files to a corpus.
func fuzzSeeds(f *testing.F) {
	all := seeds()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f.Add(all[name])
	}
}

func FuzzReadCT(f *testing.F) {
	fuzzSeeds(f)
	f.Add(zipOf(f, map[string][]byte{"a": rawCT(0).encode(syntaxExplicitLE), "b.stored": rawCT(1).encode(syntaxImplicitLE)}))
	f.Fuzz(func(t *testing.T, data []byte) { survive(t, t.TempDir(), "fuzz", data, true) })
}

func FuzzReadStructureSet(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "rs.dcm")
		writeFile(t, path, data)
		var set *StructureSet
		var err error
		bounded(t, "fuzz", len(data), func() { set, err = ReadStructureSet(path, new(Report)) })
		if err != nil {
			return
		}
		g := volume.NewUniformGrid(16, 16, 4, 1, 1, 3, volume.Vec{})
		for i := range set.Structures {
			set.Structures[i].ClipMasks(g)
		}
	})
}

// FuzzAppend appends to whatever a file holds: a copy is made whole or not at all.
func FuzzAppend(f *testing.F) {
	g := testGrid(4)
	ct := smallCT(g)
	for _, uid := range []string{syntaxImplicitLE, syntaxExplicitLE, syntaxDeflatedLE, syntaxExplicitBE} {
		f.Add(rawRT().with(rawFile{0x0020000D: str("UI", ct.Study.UID), 0x00100020: str("LO", ct.Study.Patient.ID)}).encode(uid))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		base, path := filepath.Join(dir, "base.dcm"), filepath.Join(dir, "out.dcm")
		writeFile(t, base, data)
		set := &StructureSet{Structures: []Structure{{Name: "New one", Contours: []volume.Contour{square3(g, 1)}}}}
		if err := AppendStructureSet(path, base, set, ct, false); err != nil {
			if _, err := os.Stat(path); err == nil {
				t.Error("refused, but something was written")
			}
			return
		}
		if got, err := ReadStructureSet(path, nil); err != nil || got.Find("New one") == nil {
			t.Errorf("%v", err)
		}
	})
}
