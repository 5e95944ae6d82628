package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/nifti"
	"github.com/clipwright/clipwright/internal/volume"
)

func TestExportWritesCTAndMasks(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	out := filepath.Join(dir, "out")
	args := []string{"export", filepath.Join(dir, "ct"), "--rtstruct", filepath.Join(dir, "truth.dcm"), "--out", out}
	code, stdout, stderr := call(t, nil, args...)
	if code != ExitOK || stderr != "" || !strings.Contains(stdout, `"Clips_L" MARKER, 12 voxels`) {
		t.Fatalf("%d: %s%s", code, stdout, stderr)
	}
	ct, err := readCT(context.Background(), filepath.Join(dir, "ct"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := nifti.Read(filepath.Join(out, "ct.nii.gz"))
	if err != nil || !v.Grid.Equal(ct.volume.Grid, 1e-3) || v.At(88, 50, 12) != 1800 {
		t.Errorf("the CT: %v", err)
	}
	if code, _, stderr := call(t, nil, args...); code != ExitFailure || !strings.Contains(stderr, "--force") {
		t.Errorf("over what is there: %d %s", code, stderr)
	}
	if code, _, stderr := call(t, nil, append(args, "--force", "--format", "nrrd", "--structure", "Clips_L")...); code != ExitOK {
		t.Errorf("%d %s", code, stderr)
	}
	n := readNRRD(t, filepath.Join(out, "mask_Clips_L.nrrd"))
	if n.size != [3]int{128, 128, 40} || len(n.voxels)-bytes.Count(n.voxels, []byte{0}) != 12 || n.voxels[(12*128+50)*128+88] != 1 {
		t.Errorf("mask of %v", n.size)
	}
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"export", filepath.Join(dir, "ct")}, ExitUsage, "--out"},
		{append(args, "--format", "mha"), ExitUsage, "neither nifti nor nrrd"},
		{append(args, "--slice-mm", "-1"), ExitUsage, "--slice-mm"},
		{append(args, "--force", "--structure", "Heart"), ExitFailure, `no structure "Heart"; it has Clips_L`},
	} {
		if code, _, stderr := call(t, nil, c.args...); code != c.code || !strings.Contains(stderr, c.say) {
			t.Errorf("%v: %d %s", c.args, code, stderr)
		}
	}
}

// TestExportOfUnevenSlices: refused, or resampled; each slice of a mask comes from the nearest one.
func TestExportOfUnevenSlices(t *testing.T) {
	dir := t.TempDir()
	g := volume.NewUniformGrid(8, 8, 4, 1, 1, 3, volume.Vec{})
	g.SliceMM = []float64{0, 3, 6, 11}
	v := volume.NewVolume(g)
	for z := range 4 {
		for i := range v.Slice(z) {
			v.Slice(z)[i] = int16(10 * g.SliceMM[z])
		}
	}
	m := volume.NewMask(g)
	m.Set(2, 3, 3, true)
	ct, err := dicom.WriteCT(context.Background(), filepath.Join(dir, "ct"), v, phantomMeta(2))
	if err != nil {
		t.Fatal(err)
	}
	rs := filepath.Join(dir, "rs.dcm")
	set := &dicom.StructureSet{Structures: []dicom.Structure{{Name: "One", Contours: volume.Contours(m)}, {Name: "ONE!", Points: []volume.Vec{{2, 2, 0}}}}}
	if err := dicom.WriteStructureSet(rs, set, ct, false); err != nil {
		t.Fatal(err)
	}
	args := []string{"export", filepath.Join(dir, "ct"), "--rtstruct", rs, "--out", filepath.Join(dir, "out")}
	if code, _, stderr := call(t, nil, args...); code != ExitFailure || !strings.Contains(stderr, "--slice-mm 3") {
		t.Errorf("%d %s", code, stderr)
	}
	code, stdout, stderr := call(t, nil, append(args, "--slice-mm", "1", "--format", "nrrd")...)
	if code != ExitOK {
		t.Fatalf("%d %s", code, stderr)
	}
	n := readNRRD(t, filepath.Join(dir, "out", "mask_One.nrrd"))
	for z := range 12 {
		if want := byte(map[bool]int{true: 1}[z >= 9]); n.voxels[(z*8+3)*8+2] != want { // half way from 6 to 11
			t.Errorf("slice at %d mm: %d", z, n.voxels[(z*8+3)*8+2])
		}
	}
	if !strings.Contains(stdout, "mask_ONE_.nrrd") || !strings.Contains(stdout, "3 voxels, 0.003 cc") {
		t.Errorf("%s", stdout)
	}
}

// header reads the geometry of an NRRD file: where its first voxel lies, and the step along each axis.
func header(t *testing.T, path string) (sizes string, vectors []volume.Vec) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(b, []byte("\n\n"))
	for s := bufio.NewScanner(bytes.NewReader(head)); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ": ")
		switch key {
		case "sizes":
			sizes = value
		case "space directions", "space origin":
			for _, word := range strings.Fields(strings.ReplaceAll(value, ") (", ")\n(")) {
				var v volume.Vec
				if _, err := fmt.Sscanf(word, "(%g,%g,%g)", &v[0], &v[1], &v[2]); err != nil {
					t.Fatalf("%s: %v", word, err)
				}
				vectors = append(vectors, v)
			}
		}
	}
	return sizes, vectors
}

// TestPlastimatchPlacesExportsAlike compares where plastimatch puts the DICOM files and where it puts our NIfTI and
// NRRD, for upright, turned and oblique patients.
func TestPlastimatchPlacesExportsAlike(t *testing.T) {
	if _, err := exec.LookPath("plastimatch"); err != nil {
		t.Skip("plastimatch is not installed")
	}
	convert := func(in, out string) {
		t.Helper()
		if b, err := exec.Command("plastimatch", "convert", "--input", in, "--output-img", out).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
	}
	for name, axes := range map[string][2]volume.Vec{
		"HFS":     {{1, 0, 0}, {0, 1, 0}},
		"HFP":     {{-1, 0, 0}, {0, -1, 0}},
		"FFS":     {{-1, 0, 0}, {0, 1, 0}},
		"HFDR":    {{0, -1, 0}, {1, 0, 0}},
		"oblique": {{0.8, 0.6, 0}, {-0.48, 0.64, 0.6}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			g := volume.NewUniformGrid(20, 16, 6, 1.25, 1.5, 3, volume.Vec{12.5, -7.25, 30})
			g.Row, g.Col = axes[0], axes[1]
			v := volume.NewVolume(g)
			for i := range v.HU {
				v.HU[i] = int16(i % 3000)
			}
			ct := filepath.Join(dir, "ct")
			if _, err := dicom.WriteCT(context.Background(), ct, v, phantomMeta(3)); err != nil {
				t.Fatal(err)
			}
			theirs := filepath.Join(dir, "theirs.nrrd")
			convert(ct, theirs)
			wantSizes, want := header(t, theirs)
			for _, format := range []string{"nifti", "nrrd"} {
				out := filepath.Join(dir, format)
				if code, _, stderr := call(t, nil, "export", ct, "--out", out, "--format", format); code != ExitOK {
					t.Fatal(stderr)
				}
				ours := filepath.Join(out, map[string]string{"nifti": "ct.nii.gz", "nrrd": "ct.nrrd"}[format])
				again := filepath.Join(out, "again.nrrd")
				convert(ours, again)
				sizes, got := header(t, again)
				if sizes != wantSizes || len(got) != 4 || len(want) != 4 {
					t.Fatalf("%s: %s %v, of DICOM %s %v", format, sizes, got, wantSizes, want)
				}
				for i := range got {
					if got[i].Distance(want[i]) > 1e-3 {
						t.Errorf("%s: %v, of DICOM %v", format, got[i], want[i])
					}
				}
				out1, err := exec.Command("plastimatch", "compare", theirs, again).CombinedOutput()
				if err != nil || !strings.Contains(string(out1), "MAE") || !zeroError(string(out1)) {
					t.Errorf("%s: voxels differ: %v %s", format, err, out1)
				}
			}
		})
	}
}

// zeroError tells whether plastimatch compare found no difference.
func zeroError(out string) bool {
	for _, line := range strings.Split(out, "\n") {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MAE" {
			var v float64
			_, err := fmt.Sscanf(fields[1], "%g", &v)
			return err == nil && math.Abs(v) < 1e-6
		}
	}
	return false
}

// TestStructuresOfAnotherPatientAreRefused: coordinates of another frame of reference mean another place.
func TestStructuresOfAnotherPatientAreRefused(t *testing.T) {
	mine, other := writeCase(t, leftClips()...), writeCase(t, leftClips()...)
	ct, theirs, out := filepath.Join(mine, "ct"), filepath.Join(other, "truth.dcm"), filepath.Join(mine, "out")
	for _, args := range [][]string{
		{"export", ct, "--rtstruct", theirs, "--out", out},
		{"draft", "--ct", ct, "--clips", theirs, "--margin-mm", "10", "--out", out + ".dcm"},
		{"compare", "--ct", ct, theirs, filepath.Join(mine, "truth.dcm")},
		{"compare", "--ct", ct, filepath.Join(mine, "truth.dcm"), theirs},
		{"prepare", ct, "--truth", theirs, "--out", out},
	} {
		if code, _, stderr := call(t, nil, args...); code != ExitFailure || !strings.Contains(stderr, "another frame of reference") {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
}
