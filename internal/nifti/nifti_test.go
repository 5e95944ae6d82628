package nifti

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// file is a NIfTI-1 image of 2 x 3 x 4 voxels counting up from 0, placed by srow (RAS).
func file(t *testing.T, change func(*header)) []byte {
	t.Helper()
	h := header{
		SizeofHdr: 348, Dim: [8]int16{3, 2, 3, 4, 1, 1, 1, 1}, Datatype: datatypeInt16, Bitpix: 16,
		VoxOffset: 352, SformCode: 1, Magic: [4]byte{'n', '+', '1', 0},
		Srow: [3][4]float32{{-1.5, 0, 0, 10}, {0, -1.25, 0, 20}, {0, 0, 5, -30}},
	}
	if change != nil {
		change(&h)
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, h); err != nil {
		t.Fatal(err)
	}
	b.Write(make([]byte, 4))
	for i := range int16(24) {
		if err := binary.Write(&b, binary.LittleEndian, i); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if strings.HasSuffix(name, ".gz") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		w.Close()
		b = z.Bytes()
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadPlacesVoxelsInLPS(t *testing.T) {
	v, err := Read(write(t, "a.nii.gz", file(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.Grid.ToPatient(0, 0, 0), (volume.Vec{-10, -20, -30}); got != want {
		t.Errorf("origin %v, want %v", got, want)
	}
	if got, want := v.Grid.ToPatient(1, 2, 3), (volume.Vec{-8.5, -17.5, -15}); got.Distance(want) > 1e-6 {
		t.Errorf("far corner %v, want %v", got, want)
	}
	if v.At(1, 2, 3) != 23 || v.At(1, 0, 0) != 1 {
		t.Errorf("voxels are out of order: %v", v.HU)
	}
}

func TestReadTurnsSlicesAlongTheNormal(t *testing.T) {
	v, err := Read(write(t, "a.nii", file(t, func(h *header) { h.Srow[2] = [4]float32{0, 0, -5, 100} })))
	if err != nil {
		t.Fatal(err)
	}
	x, y, z := v.Grid.ToVoxel(volume.Vec{-10, -20, 100}) // the file's first voxel
	if v.At(int(x+0.5), int(y+0.5), int(z+0.5)) != 0 || v.At(0, 0, 0) != 18 {
		t.Errorf("slices were not turned: first voxel %d", v.At(0, 0, 0))
	}
}

// TestAHeaderTakesNoMemoryThatItsFileDoesNotFill: what a header claims is held against the size of the file, and where that is
// packed, against what comes out of it.
func TestAHeaderTakesNoMemoryThatItsFileDoesNotFill(t *testing.T) {
	claim := file(t, func(h *header) { h.Dim = [8]int16{3, 1024, 1024, 128} }) // 268 MB
	noise := make([]byte, 300_000)
	rand.New(rand.NewSource(1)).Read(noise)
	for _, name := range []string{"a.nii", "a.nii.gz"} {
		path := write(t, name, append(bytes.Clone(claim), noise...))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("%s: error %v", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 12<<20 {
			t.Errorf("%s: %d MB were taken for a file of 300 kB", name, got>>20)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	cases := map[string]struct {
		bytes []byte
		want  string
	}{
		"text":      {bytes.Repeat([]byte("clip"), 100), "not a single-file NIfTI-1"},
		"float":     {file(t, func(h *header) { h.Datatype = 16 }), "int16"},
		"sheared":   {file(t, func(h *header) { h.Srow[1][2] = 2 }), "sheared"},
		"cut short": {file(t, nil)[:370], "cut short"},
		"metres":    {file(t, func(h *header) { h.XyztUnits = 1 }), "millimetres"},
		"microns":   {file(t, func(h *header) { h.XyztUnits = 3 | 8 }), "millimetres"},
		"nowhere":   {file(t, func(h *header) { h.Srow[0][3] = float32(math.Inf(1)) }), "singular"},
		"no slope":  {file(t, func(h *header) { h.SclSlope = float32(math.NaN()) }), "slope"},
		"vectors":   {file(t, func(h *header) { h.Dim = [8]int16{5, 2, 3, 1, 1, 4, 1, 1} }), "one 3-D volume"},
		"too many":  {file(t, func(h *header) { h.Dim = [8]int16{3, 512, 512, 100} }), "can hold"},
		"far off":   {file(t, func(h *header) { h.VoxOffset = 1e30 }), "can hold"},
		"no offset": {file(t, func(h *header) { h.VoxOffset = float32(math.NaN()) }), "offset"},
		"huge":      {file(t, func(h *header) { h.Dim = [8]int16{3, 32767, 32767, 32767} }), "more than a CT"},
	}
	for name, c := range cases {
		path := write(t, "a.nii", c.bytes)
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want the file's name and %q", name, err, c.want)
		}
	}
}
