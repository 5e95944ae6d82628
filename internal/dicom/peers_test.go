package dicom

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// noErrorLine fails on a line that begins with Error, as dicom3tools print them.
func noErrorLine(t *testing.T, what, out string) {
	t.Helper()
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "Error") {
			t.Errorf("%s: %s", what, line)
		}
	}
}

func TestValidatorsTakeWhatWeWrite(t *testing.T) {
	oblique := testGrid(8)
	oblique.Row, oblique.Col = volume.Vec{0.8, 0.6, 0}, volume.Vec{-0.48, 0.64, 0.6}
	for name, g := range map[string]*volume.Grid{"upright": testGrid(8), "oblique": oblique} {
		dir, _, ct := writeTestCT(t, g)
		path := filepath.Join(t.TempDir(), "rs.dcm")
		if err := WriteStructureSet(path, testSet(g), ct, false); err != nil {
			t.Fatal(err)
		}
		files := []string{ct.Slices[0].Path, ct.Slices[7].Path, path}
		for _, f := range files {
			noErrorLine(t, name+" "+filepath.Base(f), tool(t, "dciodvfy", f))
			if out := tool(t, "dcmdump", "-q", f); out == "" {
				t.Error("dcmdump prints nothing")
			}
		}
		all, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		noErrorLine(t, name+" dcentvfy", tool(t, "dcentvfy", append(all, path)...))
	}
}

// TestPlastimatchFindsTheSameVoxels compares the masks of another program, exactly: what the even-odd rule
// at pixel centres gives does not depend on who applies it.
func TestPlastimatchFindsTheSameVoxels(t *testing.T) {
	g := testGrid(8)
	dir, _, ct := writeTestCT(t, g)
	set := testSet(g)
	set.Structures = set.Structures[:2]
	out := t.TempDir()
	path := filepath.Join(out, "rs.dcm")
	if err := WriteStructureSet(path, set, ct, false); err != nil {
		t.Fatal(err)
	}
	tool(t, "plastimatch", "convert", "--input", path, "--referenced-ct", dir,
		"--output-prefix", filepath.Join(out, "masks"), "--prefix-format", "nrrd")
	for _, s := range set.Structures {
		file := filepath.Join(out, "masks", s.Name+".nrrd")
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("plastimatch dropped %s", s.Name)
		}
		m := regexp.MustCompile(`NONZERO +(\d+)`).FindStringSubmatch(tool(t, "plastimatch", "stats", file))
		if m == nil {
			t.Fatal("no count in plastimatch stats")
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		want := s.Mask(g).Count()
		if s.Groups != nil {
			want = 0
			for _, c := range s.ClipMasks(g) {
				want += c.Count()
			}
		}
		// plastimatch counts pixels whose centre lies on an edge; a clip gains at most one a slice
		if d := n - want; d < 0 || d > max(want/50, 3) {
			t.Errorf("%s: plastimatch finds %d voxels, we wrote %d", s.Name, n, want)
		}
	}
}
