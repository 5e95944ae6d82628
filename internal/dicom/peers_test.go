package dicom

import (
	"encoding/json"
	"os"
	"os/exec"
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

// phantomSet is what makes trouble: a ring, islands with one in the hole of another, single voxels, voxels that touch at a
// corner, neighbours that share a border, and a point.
func phantomSet(g *volume.Grid) (set *StructureSet, masks []*volume.Mask) {
	at := func(x, y, z float64) volume.Vec { return g.ToPatient(x, y, z) }
	ring := ball(g, at(30, 32, 7), 17).Subtract(ball(g, at(30, 32, 7), 9))
	islands := ball(g, at(15, 15, 6), 8).Union(ball(g, at(45, 48, 8), 10).Subtract(ball(g, at(45, 48, 8), 6))).Union(ball(g, at(45, 48, 8), 3))
	single := volume.NewMask(g)
	single.Set(50, 12, 3, true)
	single.Set(9, 40, 11, true)
	corners := volume.NewMask(g)
	for i := range 4 {
		corners.Set(30+i, 50+i, 5, true)
	}
	corners.Set(36, 50, 5, true)
	corners.Set(35, 51, 5, true)
	left := volume.MaskWhere(g, func(x, y, z int) bool { return x >= 20 && x < 30 && y > 20 && y < 40 && z > 2 && z < 10 })
	right := volume.MaskWhere(g, func(x, y, z int) bool { return x >= 30 && x < 41 && y > 18 && y < 40 && z > 2 && z < 10 })
	set = &StructureSet{Label: "Phantom"}
	names := []string{"Ring", "Islands", "Single", "Corners", "Left", "Right"}
	masks = []*volume.Mask{ring, islands, single, corners, left, right}
	for i, m := range masks {
		set.Structures = append(set.Structures, Structure{Name: names[i], Type: "CONTROL", Algorithm: "AUTOMATIC", Contours: volume.Contours(m)})
	}
	set.Structures = append(set.Structures, Structure{Name: "Point", Type: "MARKER", Points: []volume.Vec{at(30, 32, 7)}})
	return set, masks
}

// phantomGrids are square, as rt-utils wants them, upright and oblique.
func phantomGrids() map[string]*volume.Grid {
	upright := volume.NewUniformGrid(64, 64, 14, 1.25, 1.25, 3, volume.Vec{-40, -38, 51.5})
	oblique := volume.NewUniformGrid(64, 64, 14, 1.25, 1.25, 3, volume.Vec{-40, -38, 51.5})
	oblique.Row, oblique.Col = volume.Vec{0.8, 0.6, 0}, volume.Vec{-0.48, 0.64, 0.6}
	return map[string]*volume.Grid{"upright": upright, "oblique": oblique}
}

// TestPythonPeersAgree lets pydicom, dicompyler-core and rt-utils read what we wrote (make dicom-peers).
func TestPythonPeersAgree(t *testing.T) {
	python := os.Getenv("CLIPWRIGHT_PEERS_PYTHON")
	if python == "" {
		t.Skip("run by 'make dicom-peers'")
	}
	for name, g := range phantomGrids() {
		t.Run(name, func(t *testing.T) {
			dir, _, ct := writeTestCT(t, g)
			set, masks := phantomSet(g)
			if err := WriteStructureSet(filepath.Join(dir, "..", "rs.dcm"), set, ct, false); err != nil {
				t.Fatal(err)
			}
			type entry struct {
				Name     string   `json:"name"`
				Contours int      `json:"contours"`
				Voxels   [][3]int `json:"voxels"`
			}
			var all []entry
			for i, m := range masks {
				e := entry{Name: set.Structures[i].Name, Contours: len(set.Structures[i].Contours)}
				m.Each(func(x, y, z int) { e.Voxels = append(e.Voxels, [3]int{z, y, x}) })
				all = append(all, e)
			}
			b, err := json.Marshal(map[string]any{"upright": name == "upright", "structures": all})
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, "..", "masks.json"), b)
			out, err := exec.Command(python, filepath.Join("..", "..", ".ci", "dicom_peers.py"), filepath.Join(dir, "..")).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// TestPlastimatchAndValidatorsTakeThePhantom compares plastimatch's voxels and volumes, structure by structure, and asks
// dciodvfy and dcentvfy.
func TestPlastimatchAndValidatorsTakeThePhantom(t *testing.T) {
	for name, g := range phantomGrids() {
		t.Run(name, func(t *testing.T) {
			dir, _, ct := writeTestCT(t, g)
			set, masks := phantomSet(g)
			out := t.TempDir()
			path := filepath.Join(out, "rs.dcm")
			if err := WriteStructureSet(path, set, ct, false); err != nil {
				t.Fatal(err)
			}
			noErrorLine(t, name+" dciodvfy", tool(t, "dciodvfy", path))
			images, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			noErrorLine(t, name+" dcentvfy", tool(t, "dcentvfy", append(images, path)...))
			tool(t, "plastimatch", "convert", "--input", path, "--referenced-ct", dir, "--output-prefix", filepath.Join(out, "masks"), "--prefix-format", "nrrd")
			for i, m := range masks {
				file := filepath.Join(out, "masks", set.Structures[i].Name+".nrrd")
				if _, err := os.Stat(file); err != nil {
					t.Fatalf("plastimatch dropped %s", set.Structures[i].Name)
				}
				found := regexp.MustCompile(`NONZERO +(\d+)`).FindStringSubmatch(tool(t, "plastimatch", "stats", file))
				if found == nil {
					t.Fatal("no count in plastimatch stats")
				}
				n, err := strconv.Atoi(found[1])
				if err != nil {
					t.Fatal(err)
				}
				// it also counts pixels whose centre lies on an edge
				if d := n - m.Count(); d < 0 || d > max(m.Count()/50, 3) {
					t.Errorf("%s: plastimatch finds %d voxels, we wrote %d", set.Structures[i].Name, n, m.Count())
				}
			}
		})
	}
}
