package cli

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// nrrd is a mask as plastimatch writes it: unsigned bytes, [z][y][x], gzip or raw.
type nrrd struct {
	size   [3]int
	voxels []byte
}

func readNRRD(t *testing.T, path string) nrrd {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("plastimatch dropped a structure: %v", err)
	}
	head, data, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		t.Fatalf("%s has no NRRD header", path)
	}
	n := nrrd{voxels: data}
	for s := bufio.NewScanner(bytes.NewReader(head)); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ":")
		switch value = strings.TrimSpace(value); {
		case key == "sizes":
			for i, f := range strings.Fields(value) {
				if n.size[i], err = strconv.Atoi(f); err != nil {
					t.Fatal(err)
				}
			}
		case key == "encoding" && value == "gzip":
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if n.voxels, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(n.voxels) != n.size[0]*n.size[1]*n.size[2] {
		t.Fatalf("%s: %d bytes for %v voxels", path, len(n.voxels), n.size)
	}
	return n
}

// TestPlastimatchAgrees judges the folder that .ci/dicom-peers prepared: plastimatch's masks agree
// with result.json within 2 % from 0.5 cc on, and for clips hold every voxel of ours and at most one
// more a slice.
func TestPlastimatchAgrees(t *testing.T) {
	dir := os.Getenv("CLIPWRIGHT_PEERS")
	if dir == "" {
		t.Skip("run by 'make dicom-peers'")
	}
	var result Result
	b, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &result); err != nil {
		t.Fatal(err)
	}
	ct, err := readCT(context.Background(), filepath.Join(dir, "p", "ct"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dicom.ReadStructureSet(filepath.Join(dir, "rs.dcm"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Structures) < 3 || len(set.Structures) != len(result.Structures) {
		t.Fatalf("result.json names %d structures, rs.dcm holds %d; at least clips, bed and External are expected", len(result.Structures), len(set.Structures))
	}
	for i, s := range result.Structures {
		theirs := readNRRD(t, filepath.Join(dir, "masks", s.Name+".nrrd"))
		if want := [3]int{ct.volume.Grid.Nx, ct.volume.Grid.Ny, ct.volume.Grid.Nz()}; theirs.size != want {
			t.Fatalf("%s: plastimatch's mask is %v, the CT %v", s.Name, theirs.size, want)
		}
		if s.Type == "MARKER" {
			checkClipMask(t, s.Name, set.Structures[i].Mask(ct.volume.Grid), theirs)
		} else if s.VolumeCC >= 0.5 {
			count := len(theirs.voxels) - bytes.Count(theirs.voxels, []byte{0})
			if off := math.Abs(float64(count)/float64(s.Voxels) - 1); off > 0.02 {
				t.Errorf("%s: plastimatch counts %d voxels, result.json says %d (%.1f %% off)", s.Name, count, s.Voxels, 100*off)
			}
		}
	}
}

func checkClipMask(t *testing.T, name string, ours *volume.Mask, theirs nrrd) {
	t.Helper()
	g := ours.Grid
	for z := range g.Nz() {
		extra := 0
		for i, v := range theirs.voxels[z*g.Nx*g.Ny : (z+1)*g.Nx*g.Ny] {
			mine := ours.At(i%g.Nx, i/g.Nx, z)
			if mine && v == 0 {
				t.Errorf("%s: plastimatch misses voxel (%d, %d, %d)", name, i%g.Nx, i/g.Nx, z)
			}
			if !mine && v != 0 {
				extra++
			}
		}
		if extra > 1 {
			t.Errorf("%s: plastimatch has %d voxels more on slice %d", name, extra, z)
		}
	}
}
