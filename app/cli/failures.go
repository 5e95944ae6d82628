package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/disintegration/imaging"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	tileMM        = 60  // side of a picture of a failure
	tilePx        = 240 // shown so large
	tileColumns   = 4
	failuresShown = 4 // of each kind: the brightest clips that were missed, the surest marks that are false
	clipsCentreHU = 1000
	clipsWidthHU  = 2500 // bone is grey in it, and metal white
)

// failure is a clip that was missed, or something else that was taken for one, with the slice it lies in.
type failure struct {
	missed  bool
	weight  float64 // how bad it is: HU of the peak, or the confidence
	caption string
	picture *image.NRGBA
}

// failuresOf are the failures of one case.
func failuresOf(c CaseEvaluation, v *volume.Volume) []failure {
	var out []failure
	for i := range c.Clips {
		if k := &c.Clips[i]; !k.Found {
			out = append(out, failure{
				true, float64(k.PeakHU), fmt.Sprintf("%s: a clip of %.0f mm missed, peak %d HU, slices of %g mm", c.Name, k.LengthMM, k.PeakHU, c.SliceMM),
				pictureAt(v, k.CentreMM, color.NRGBA{0xF0, 0xE4, 0x42, 0xFF}),
			})
		}
	}
	for _, f := range c.False {
		near := "nothing the phantom put there"
		if f.Near != "" {
			near = f.Near
		}
		out = append(out, failure{
			false, f.Confidence, fmt.Sprintf("%s: false, confidence %.2f, peak %d HU, %s", c.Name, f.Confidence, f.PeakHU, near),
			pictureAt(v, f.CentreMM, color.NRGBA{0xE6, 0x9F, 0x00, 0xFF}),
		})
	}
	return out
}

// worst keeps the failuresShown worst of each kind.
func worst(all []failure) []failure {
	slices.SortStableFunc(all, func(a, b failure) int {
		if a.missed != b.missed {
			return cmp.Compare(count(b.missed), count(a.missed))
		}
		return cmp.Compare(b.weight, a.weight)
	})
	var out []failure
	shown := map[bool]int{}
	for _, f := range all {
		if shown[f.missed] < failuresShown {
			shown[f.missed]++
			out = append(out, f)
		}
	}
	return out
}

// pictureAt is tileMM of the slice through p, p in the middle, four corners round it in colour.
func pictureAt(v *volume.Volume, p volume.Vec, mark color.NRGBA) *image.NRGBA {
	g := v.Grid
	x0, y0, _ := g.ToVoxel(p)
	z, _ := g.NearestSlice(p)
	nx, ny := int(tileMM/g.SpacingX), int(tileMM/g.SpacingY)
	small := image.NewGray(image.Rect(0, 0, nx, ny))
	for y := range ny {
		for x := range nx {
			vx, vy := int(math.Round(x0))+x-nx/2, int(math.Round(y0))+y-ny/2
			hu := -1024.0
			if g.Contains(vx, vy, z) {
				hu = float64(v.At(vx, vy, z))
			}
			grey := (hu-clipsCentreHU)/clipsWidthHU + 0.5
			small.SetGray(x, y, color.Gray{uint8(255 * min(max(grey, 0), 1))})
		}
	}
	out := imaging.Resize(small, tilePx, tilePx, imaging.Linear)
	const half, arm = 26, 9
	for k := range arm {
		for _, s := range [][2]int{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}} {
			cx, cy := tilePx/2+s[0]*half, tilePx/2+s[1]*half
			out.SetNRGBA(cx-s[0]*k, cy, mark)
			out.SetNRGBA(cx, cy-s[1]*k, mark)
		}
	}
	return out
}

// contactSheet sets the pictures in rows, as PNG.
func contactSheet(failures []failure) ([]byte, error) {
	const gap = 4
	rows := (len(failures) + tileColumns - 1) / tileColumns
	sheet := imaging.New(tileColumns*(tilePx+gap)-gap, rows*(tilePx+gap)-gap, color.Black)
	for i, f := range failures {
		sheet = imaging.Paste(sheet, f.picture, image.Pt(i%tileColumns*(tilePx+gap), i/tileColumns*(tilePx+gap)))
	}
	var b bytes.Buffer
	err := png.Encode(&b, sheet)
	return b.Bytes(), err
}

// sheetPath is where the pictures of a test set go, beside the report.
func sheetPath(report, set string) string {
	return filepath.Join(filepath.Dir(report), sheetName(set))
}

func sheetName(set string) string { return filepath.Join("images", "failures-"+set+".png") }

func writeContactSheets(e Evaluation, o evaluateOptions) error {
	for _, set := range e.Sets {
		if len(set.failures) == 0 {
			continue
		}
		sheet, err := contactSheet(set.failures)
		if err != nil {
			return fmt.Errorf("draw the failures of %s: %w", set.Name, err)
		}
		path := sheetPath(o.markdown, set.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := writeAside(path, sheet, o.force); err != nil {
			return err
		}
	}
	return nil
}
