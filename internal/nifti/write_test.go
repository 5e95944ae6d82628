package nifti

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/clipwright/clipwright/internal/volume"
)

// turned is a grid of any orientation.
func turned(t *rapid.T) *volume.Grid {
	angle := rapid.Float64Range(-math.Pi, math.Pi)
	a, b, c := angle.Draw(t, "a"), angle.Draw(t, "b"), angle.Draw(t, "c")
	sa, ca := math.Sincos(a)
	sb, cb := math.Sincos(b)
	sc, cc := math.Sincos(c)
	g := volume.NewUniformGrid(3, 4, 5, 0.9, 1.3, 2.5, volume.Vec{-12.5, 40, -310})
	g.Row = volume.Vec{cb * cc, cb * sc, -sb}
	g.Col = volume.Vec{sa*sb*cc - ca*sc, sa*sb*sc + ca*cc, sa * cb}
	return g
}

func numbered(g *volume.Grid) *volume.Volume {
	v := volume.NewVolume(g)
	for i := range v.HU {
		v.HU[i] = int16(37*i%4000 - 1024)
	}
	return v
}

// TestVolumesComeBack: what is written is read at the same places in the patient.
func TestVolumesComeBack(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		v := numbered(turned(t))
		path := filepath.Join(dir, "a.nii")
		if err := WriteVolume(path, v, true); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Grid.Equal(v.Grid, 1e-3) || !slices.Equal(got.HU, v.HU) {
			t.Fatalf("%+v came back as %+v", v.Grid, got.Grid)
		}
	})
}

// TestQuaternionSaysTheSameAsTheMatrix turns the quaternion into a matrix by the formula of the NIfTI-1 standard.
func TestQuaternionSaysTheSameAsTheMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := turned(t)
		q := quaternion(g)
		b, c, d := float64(q[0]), float64(q[1]), float64(q[2])
		a := math.Sqrt(max(0, 1-b*b-c*c-d*d))
		r := [3][3]float64{
			{a*a + b*b - c*c - d*d, 2*b*c - 2*a*d, 2*b*d + 2*a*c},
			{2*b*c + 2*a*d, a*a + c*c - b*b - d*d, 2*c*d - 2*a*b},
			{2*b*d - 2*a*c, 2*c*d + 2*a*b, a*a + d*d - c*c - b*b},
		}
		for k, axis := range []volume.Vec{g.Row, g.Col, g.Normal()} {
			got := volume.Vec{-r[0][k], -r[1][k], r[2][k]}
			if got.Distance(axis) > 1e-3 {
				t.Fatalf("axis %d: %v, want %v", k, got, axis)
			}
		}
	})
}

func TestMasksAsNRRD(t *testing.T) {
	g := volume.NewUniformGrid(4, 3, 2, 0.5, 0.75, 3, volume.Vec{1, -2, 3.25})
	m := volume.NewMask(g)
	m.Set(1, 2, 0, true)
	m.Set(3, 0, 1, true)
	path := filepath.Join(t.TempDir(), "m.nrrd")
	if err := WriteMask(path, m, false); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, data, _ := bytes.Cut(b, []byte("\n\n"))
	for _, line := range []string{
		"NRRD0004", "type: unsigned char", "space: left-posterior-superior", "sizes: 4 3 2",
		"space directions: (0.5,0,0) (0,0.75,0) (0,0,3)", "space origin: (1,-2,3.25)", "encoding: gzip",
	} {
		if !slices.Contains(strings.Split(string(head), "\n"), line) {
			t.Errorf("no %q in %q", line, head)
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	voxels, err := io.ReadAll(z)
	want := make([]byte, 24)
	want[9], want[15] = 1, 1
	if err != nil || !bytes.Equal(voxels, want) {
		t.Errorf("%v, %v", voxels, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	g := volume.NewUniformGrid(4, 3, 3, 1, 1, 3, volume.Vec{})
	uneven := volume.NewUniformGrid(4, 3, 3, 1, 1, 3, volume.Vec{})
	uneven.SliceMM = []float64{0, 3, 7}
	there := filepath.Join(dir, "there.nii")
	if err := os.WriteFile(there, []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		grid *volume.Grid
		say  string
	}{
		"uneven":    {filepath.Join(dir, "a.nii"), uneven, "not evenly spaced"},
		"ending":    {filepath.Join(dir, "a.mha"), g, ".nrrd"},
		"exists":    {there, g, "already"},
		"no folder": {filepath.Join(dir, "none", "a.nii"), g, "none"},
	} {
		err := WriteVolume(c.path, volume.NewVolume(c.grid), false)
		if err == nil || !strings.Contains(err.Error(), c.say) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := WriteVolume(filepath.Join(dir, "b.nii"), volume.NewVolume(uneven), false); !errors.Is(err, ErrUneven) {
		t.Error(err)
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "something" {
		t.Errorf("the file that was there: %q, %v", b, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := WriteVolume(there, volume.NewVolume(g), true); err != nil {
		t.Error(err)
	}
}
