package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// TestStacksOfAFewSlices: a clip on the last slice, two clips, a seroma and anatomy that are not there: nothing panics.
func TestStacksOfAFewSlices(t *testing.T) {
	for nz, want := range map[int]string{1: "No clip found", 2: "written: 2 clips", 3: "written: 2 clips"} {
		t.Run(fmt.Sprint(nz), func(t *testing.T) {
			dir := t.TempDir()
			g := volume.NewUniformGrid(128, 128, nz, 2, 2, 3, volume.Vec{-128, -128, -60})
			v := volume.NewVolume(g)
			for z := range nz {
				for y := range 128 {
					for x := range 128 {
						hu := int16(-1000)
						if dx, dy := float64(x)-63.5, float64(y)-63.5; dx*dx/55/55+dy*dy/40/40 < 1 {
							hu = 20
						}
						v.HU[g.Index(x, y, z)] = hu
					}
				}
			}
			for _, c := range [][2]int{{88, 50}, {96, 60}} {
				for dx := -1; dx <= 1; dx++ {
					v.HU[g.Index(c[0]+dx, c[1], nz-1)] = 2500
				}
			}
			ct := filepath.Join(dir, "ct")
			if _, err := dicom.WriteCT(context.Background(), ct, v, phantomMeta(1)); err != nil {
				t.Fatal(err)
			}
			rs := filepath.Join(dir, "rs.dcm")
			code, out, errOut := call(t, func(d *Deps) { d.Engine = brightEngine{levelHU: 600} }, "segment", ct, "--out", rs, "--margin-mm", "5", "--seroma")
			if code != ExitOK || !strings.Contains(out, want) {
				t.Fatalf("exit %d\n%s%s", code, out, errOut)
			}
			if nz == 1 {
				return
			}
			for _, args := range [][]string{
				{"draft", "--ct", ct, "--clips", rs, "--recipe", "rtog-1005", "--out", rs + "2", "--seroma"},
				{"compare", "--ct", ct, rs, rs + "2"},
				{"export", ct, "--rtstruct", rs, "--out", dir + "/ex", "--slice-mm", "1"},
			} {
				if code, out, errOut := call(t, nil, args...); code != ExitOK {
					t.Errorf("%v: exit %d\n%s%s", args, code, out, errOut)
				}
			}
		})
	}
}
