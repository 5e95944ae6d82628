package dicom

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

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
	soak(t, all, donors, soakRounds(60))
}

// TestMutationsOfSharedFiles does the same to what other software wrote.
func TestMutationsOfSharedFiles(t *testing.T) {
	const most = 1 << 20 // bytes of a file: larger ones only take longer
	all := map[string][]byte{}
	var donors [][]byte
	err := filepath.WalkDir(sharedData(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() > most {
			return err
		}
		data, err := os.ReadFile(path)
		if len(all) < 40 || os.Getenv("CLIPWRIGHT_SOAK") != "" {
			all[path] = data
		}
		if len(data) < 64<<10 {
			donors = append(donors, data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	soak(t, all, donors, soakRounds(1))
}

func soak(t *testing.T, all map[string][]byte, donors [][]byte, rounds int) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		pieces := piecesOf(all[name])
		for range rounds {
			data := all[name]
			if random.IntN(4) == 0 {
				data = splice(random, data, pieces, donors[random.IntN(len(donors))])
			}
			if random.IntN(8) > 0 {
				data = mutate(random, data)
			}
			survive(t, dir, name, data)
			if t.Failed() {
				kept := filepath.Join(os.TempDir(), "clipwright-hostile.dcm")
				writeFile(t, kept, data)
				t.Fatalf("the input is kept as %s", kept)
			}
		}
	}
	t.Logf("%d files, %d mutations each", len(all), rounds)
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

// mutate damages a copy of data in one to four ways.
func mutate(random *rand.Rand, data []byte) []byte {
	b := append([]byte(nil), data...)
	for range 1 + random.IntN(4) {
		if len(b) < 200 {
			return b
		}
		at := random.IntN(len(b) - 8)
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
	f.Fuzz(func(t *testing.T, data []byte) { survive(t, t.TempDir(), "fuzz", data) })
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
	for _, uid := range []string{syntaxImplicitLE, syntaxExplicitLE, syntaxDeflatedLE} {
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
