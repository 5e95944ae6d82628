package dicom

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// sharedData returns the folder of other software's files, or skips.
func sharedData(t testing.TB, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data", "dicom"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skip("no shared DICOM files here")
	}
	return path
}

// tool skips unless the program is installed, and runs it.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(name + " is not installed")
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// testVolume is a water cylinder in air with a gradient and noise, so that every slice differs.
func testVolume(g *volume.Grid) *volume.Volume {
	v := volume.NewVolume(g)
	for z := range g.Nz() {
		s := v.Slice(z)
		for y := range g.Ny {
			for x := range g.Nx {
				hu := -1000
				dx, dy := float64(x)-float64(g.Nx)/2, float64(y)-float64(g.Ny)/2
				if math.Hypot(dx, dy) < float64(g.Nx)/3 {
					hu = (x*7+y*13+z*29)%200 - 100
				}
				s[y*g.Nx+x] = int16(hu)
			}
		}
	}
	return v
}

// testGrid is small, not square, with unequal spacing.
func testGrid(nz int) *volume.Grid {
	return volume.NewUniformGrid(48, 40, nz, 1.25, 1.5, 3, volume.Vec{-30.5, -28.25, -101.125})
}

var testPatient = Patient{Name: "Phantom^Seed3", ID: "SEED3", BirthDate: "19600102", Sex: "F"}

// writeTestCT writes testVolume on g into a new folder.
func writeTestCT(t testing.TB, g *volume.Grid) (dir string, v *volume.Volume, s *Series) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "ct")
	v = testVolume(g)
	s, err := WriteCT(context.Background(), dir, v, CTMeta{Patient: testPatient, Manufacturer: "Clipwright phantom", Description: "Test CT"})
	if err != nil {
		t.Fatal(err)
	}
	return dir, v, s
}

// load scans dir, chooses and reads.
func load(t testing.TB, dir string) (*volume.Volume, *Series, *Report, error) {
	t.Helper()
	report := new(Report)
	studies, err := Scan(context.Background(), dir, report)
	if err != nil {
		return nil, nil, report, err
	}
	s, err := ChooseCT(studies, "")
	if err != nil {
		return nil, nil, report, err
	}
	v, err := ReadCT(context.Background(), s, report)
	return v, s, report, err
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

func wantFinding(t testing.TB, r *Report, severity, part string) {
	t.Helper()
	for _, f := range r.Findings() {
		if f.Severity == severity && strings.Contains(f.Text, part) {
			return
		}
	}
	t.Errorf("no %s with %q in %v", severity, part, r.Findings())
}

// ball is the voxels within radiusMM of centre.
func ball(g *volume.Grid, centre volume.Vec, radiusMM float64) *volume.Mask {
	return volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Distance(centre) <= radiusMM
	})
}
