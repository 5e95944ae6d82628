package dicom

import (
	"errors"
	"fmt"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Grid places the voxels that ReadCT makes of the series in the patient. The slices must be sorted, as Scan and ReadCT
// leave them; two on one plane or a sideways shift is an error that names the files. The slices of a tilted gantry
// keep their planes and get a common upright frame that holds them all.
func (s *Series) Grid() (*volume.Grid, error) {
	st, err := s.stack()
	if err != nil {
		return nil, err
	}
	return st.grid, nil
}

// stack is how the slices of a series stand on one another.
type stack struct {
	grid  *volume.Grid
	shift [][2]float64 // px along x and y by which each slice's first pixel lies from the grid's; nil: none does
	tilt  float64      // degrees
	slide float64      // mm sideways from the first slice to the last
}

func (s *Series) stack() (*stack, error) {
	if len(s.Slices) == 0 {
		return nil, errors.New("the series holds no image")
	}
	if s.Rows < 1 || s.Columns < 1 || s.Rows > maxRows || s.Columns > maxRows {
		return nil, fmt.Errorf("%s: an image of %d x %d pixels is no CT slice", s.Slices[0].name(), s.Columns, s.Rows)
	}
	g := &volume.Grid{
		Nx: s.Columns, Ny: s.Rows, SpacingX: s.PixelSpacing[1], SpacingY: s.PixelSpacing[0],
		Origin: s.Slices[0].Position, Row: s.Row, Col: s.Col, SliceMM: s.offsets(),
	}
	for z := 1; z < len(g.SliceMM); z++ {
		if g.SliceMM[z]-g.SliceMM[z-1] <= samePlaneMM {
			return nil, fmt.Errorf("%s and %s lie on one plane; remove one of them", s.Slices[z-1].name(), s.Slices[z].name())
		}
	}
	st := &stack{grid: g}
	if err := s.standUpright(st); err != nil {
		return nil, err
	}
	if g.Nx*g.Ny*g.Nz() > maxVoxels {
		return nil, fmt.Errorf("%d slices of %d x %d pixels are more than fit into memory; choose a series of fewer or smaller slices", g.Nz(), g.Nx, g.Ny)
	}
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Slices[0].name(), err)
	}
	return st, nil
}

// sideways returns how far each slice lies beside the normal through the first.
func (s *Series) sideways(offsets []float64) []volume.Vec {
	n := s.Row.Cross(s.Col)
	side := make([]volume.Vec, len(offsets))
	for i, o := range offsets {
		side[i] = s.Slices[i].Position.Sub(s.Slices[0].Position).Sub(n.Scale(o))
	}
	return side
}

// standUpright gives a stack that leans, since the gantry was tilted, a frame that holds every slice where it lies: a
// Grid cannot be sheared, and loading the stack as if it were upright would put structures in the wrong place.
// Slices that lie beside one another in any other way are refused.
func (s *Series) standUpright(st *stack) error {
	offsets := st.grid.SliceMM
	side := s.sideways(offsets)
	last := len(offsets) - 1
	worst := 0
	for i := range side {
		if side[i].Norm() > side[worst].Norm() {
			worst = i
		}
	}
	if side[worst].Norm() <= driftToleranceMM {
		return nil
	}
	sheared := last >= 2 // a constant lean explains every slice
	for i, o := range offsets {
		if side[i].Distance(side[last].Scale(o/offsets[last])) > driftToleranceMM {
			sheared = false
		}
	}
	st.slide = side[last].Norm()
	st.tilt = math.Atan2(st.slide, offsets[last]) * 180 / math.Pi
	switch {
	case !sheared:
		return fmt.Errorf("%s lies %.1f mm beside the stack that begins with %s; the series mixes scans: separate them",
			s.Slices[worst].name(), side[worst].Norm(), s.Slices[0].name())
	case st.tilt > mostTiltDegrees:
		return fmt.Errorf("from %s to %s the slices move %.1f mm sideways, a lean of %.1f degrees, which is more than a gantry tilts; resample the series to upright slices at the scanner or planning system first",
			s.Slices[0].name(), s.Slices[last].name(), st.slide, st.tilt)
	}
	g := st.grid
	st.shift = make([][2]float64, len(side))
	var low, high [2]float64
	for i, v := range side {
		st.shift[i] = [2]float64{v.Dot(g.Row) / g.SpacingX, v.Dot(g.Col) / g.SpacingY}
		for k := range 2 {
			low[k], high[k] = min(low[k], math.Floor(st.shift[i][k])), max(high[k], math.Ceil(st.shift[i][k]))
		}
	}
	for i := range st.shift {
		st.shift[i][0] -= low[0]
		st.shift[i][1] -= low[1]
	}
	g.Nx, g.Ny = g.Nx+int(high[0]-low[0]), g.Ny+int(high[1]-low[1])
	g.Origin = g.Origin.Add(g.Row.Scale(low[0] * g.SpacingX)).Add(g.Col.Scale(low[1] * g.SpacingY))
	return nil
}

// report says what was done about a tilt.
func (st *stack) report(s *Series, report *Report) {
	if st.shift == nil {
		return
	}
	report.warning("", fmt.Sprintf("the gantry was tilted by %.1f degrees: from %s to %s the slices move %.1f mm sideways. "+
		"Each slice was moved within its own plane and interpolated between its pixels; contours still lie on the planes of the CT. "+
		"Many planning systems refuse a tilted CT: ask before you plan on it",
		st.tilt, s.Slices[0].name(), s.Slices[len(s.Slices)-1].name(), st.slide))
}

// move copies slice z, src [Rows][Columns] HU, to where it lies in dst, a slice of the grid, by bilinear interpolation.
// Around it is air.
func (st *stack) move(dst, src []int16, z, rows, columns int) {
	shift := st.shift[z]
	for y := range st.grid.Ny {
		row := dst[y*st.grid.Nx : (y+1)*st.grid.Nx]
		y0, ty, ok := neighbours(float64(y)-shift[1], rows)
		for x := range row {
			x0, tx, inside := neighbours(float64(x)-shift[0], columns)
			if !ok || !inside {
				row[x] = airHU
				continue
			}
			x1, y1 := min(x0+1, columns-1), min(y0+1, rows-1)
			above := float64(src[y0*columns+x0])*(1-tx) + float64(src[y0*columns+x1])*tx
			below := float64(src[y1*columns+x0])*(1-tx) + float64(src[y1*columns+x1])*tx
			row[x] = int16(math.Round(above*(1-ty) + below*ty))
		}
	}
}

// neighbours returns the pixel before position v, px, of n and the weight of the one behind it. The border pixels
// reach half a pixel out.
func neighbours(v float64, n int) (i int, t float64, ok bool) {
	if v < -0.5 || v > float64(n)-0.5 {
		return 0, 0, false
	}
	v = max(0, min(v, float64(n-1)))
	i = int(v)
	return i, v - float64(i), true
}
