package viewer

import (
	"math"
	"sort"

	"github.com/clipwright/clipwright/internal/volume"
)

// line is one axis of the picture or the direction of view: a voxel axis, walked forwards or backwards.
type line struct {
	axis int        // 0 x, 1 y, 2 z of the grid
	sign float64    // +1 when it walks with the voxel axis
	dir  volume.Vec // unit, LPS
	n    int        // voxels
	step float64    // mm between voxels; of z the mean
	grid *volume.Grid
}

// view is how a plane lies on a grid: right and down on the picture, and through it.
type view struct {
	right, down, through line
}

// newView picks, for each direction the plane wants, the voxel axis nearest to it.
func newView(g *volume.Grid, p Plane) view {
	lps := [3]volume.Vec{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	axes := [3]volume.Vec{g.Row, g.Col, g.Normal()}
	near := nearestAxes(axes)
	along := func(patientAxis int, sign float64) line {
		l := line{axis: near[patientAxis], sign: sign, grid: g}
		if axes[l.axis].Dot(lps[patientAxis]) < 0 {
			l.sign = -l.sign
		}
		l.dir = axes[l.axis].Scale(l.sign)
		l.n = [3]int{g.Nx, g.Ny, g.Nz()}[l.axis]
		l.step = [3]float64{g.SpacingX, g.SpacingY, 0}[l.axis]
		if l.axis == 2 {
			l.step, _ = g.Uniform()
		}
		return l
	}
	const left, posterior, superior = 0, 1, 2
	switch p {
	case Sagittal:
		return view{right: along(posterior, 1), down: along(superior, -1), through: along(left, 1)}
	case Coronal:
		return view{right: along(left, 1), down: along(superior, -1), through: along(posterior, 1)}
	}
	return view{right: along(left, 1), down: along(posterior, 1), through: along(superior, 1)}
}

// nearestAxes returns, for L, P and S, the voxel axis that runs along it best, each axis once.
func nearestAxes(axes [3]volume.Vec) [3]int {
	best, bestSum := [3]int{0, 1, 2}, -1.0
	for _, perm := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		sum := 0.0
		for patient, axis := range perm {
			sum += math.Abs(axes[axis][patient])
		}
		if sum > bestSum+1e-9 {
			best, bestSum = perm, sum
		}
	}
	return best
}

// mm is the position of p along l, measured from the first voxel of the grid.
func (l line) mm(p volume.Vec) float64 { return p.Sub(l.grid.Origin).Dot(l.dir) }

// offset is the position in mm along l of voxel i of l's voxel axis.
func (l line) offset(i int) float64 {
	if l.axis == 2 {
		return l.sign * l.grid.SliceMM[i]
	}
	return l.sign * float64(i) * l.step
}

// index is the continuous voxel index at mm along l.
func (l line) index(mm float64) float64 {
	mm *= l.sign
	if l.axis != 2 {
		return mm / l.step
	}
	s := l.grid.SliceMM
	if len(s) == 1 {
		return mm / l.grid.SliceThickness(0)
	}
	i := min(max(sort.SearchFloat64s(s, mm)-1, 0), len(s)-2)
	return float64(i) + (mm-s[i])/(s[i+1]-s[i])
}

// nearest is the voxel at mm along l, kept inside the grid.
func (l line) nearest(mm float64) int {
	i := l.index(mm)
	if l.axis == 2 && len(l.grid.SliceMM) > 1 { // nearest in mm, not in index
		s := l.grid.SliceMM
		k := min(max(int(math.Floor(i)), 0), len(s)-2)
		if mm*l.sign-s[k] > s[k+1]-mm*l.sign {
			k++
		}
		return k
	}
	return min(max(int(math.Round(i)), 0), l.n-1)
}

// extent returns the outer faces of the grid along l in mm, low first.
func (l line) extent() (low, high float64) {
	a, b := l.offset(0), l.offset(l.n-1)
	halfA, halfB := l.half(0), l.half(l.n-1)
	if a > b {
		a, b, halfA, halfB = b, a, halfB, halfA
	}
	return a - halfA, b + halfB
}

func (l line) half(i int) float64 {
	if l.axis == 2 {
		return l.grid.SliceThickness(i) / 2
	}
	return l.step / 2
}

// letters of the six directions, for L R, P A, S I; H and F are what views write for head and feet.
func (l line) letters() (start, end string) {
	best, axis := 0.0, 0
	for i, v := range l.dir {
		if math.Abs(v) > math.Abs(best) {
			best, axis = v, i
		}
	}
	pair := [3][2]string{{"R", "L"}, {"A", "P"}, {"F", "H"}}[axis]
	if best < 0 {
		return pair[1], pair[0]
	}
	return pair[0], pair[1]
}

// frame is a view with its place on the picture: mm along right and down <-> pixels.
type frame struct {
	view
	pxPerMM      float64
	leftMM       float64 // of the picture's left edge along right
	topMM        float64 // of the picture's top edge along down
	throughMM    float64
	throughVoxel int
}

func newFrame(s *Scene) frame {
	v := newView(s.Volume.Grid, s.Plane)
	rLow, rHigh := v.right.extent()
	dLow, dHigh := v.down.extent()
	f := frame{view: v}
	f.pxPerMM = min(float64(s.WidthPx)/(rHigh-rLow), float64(s.HeightPx)/(dHigh-dLow)) * zoom(s)
	f.leftMM = (rLow+rHigh)/2 + s.PanMM[0] - float64(s.WidthPx)/2/f.pxPerMM
	f.topMM = (dLow+dHigh)/2 + s.PanMM[1] - float64(s.HeightPx)/2/f.pxPerMM
	f.throughMM = v.through.mm(s.CursorMM)
	f.throughVoxel = v.through.nearest(f.throughMM)
	return f
}

func zoom(s *Scene) float64 {
	if s.Zoom <= 0 {
		return 1
	}
	return s.Zoom
}

func scale(s *Scene) float64 {
	if s.Scale <= 0 {
		return 1
	}
	return s.Scale
}

// px is where p falls on the picture.
func (f *frame) px(p volume.Vec) (x, y float64) {
	return (f.right.mm(p) - f.leftMM) * f.pxPerMM, (f.down.mm(p) - f.topMM) * f.pxPerMM
}

// ToPatient returns the point of the shown plane under picture pixel (x, y), LPS mm.
func ToPatient(s *Scene, x, y float64) volume.Vec {
	f := newFrame(s)
	p := s.Volume.Grid.Origin.Add(f.right.dir.Scale(f.leftMM + x/f.pxPerMM)).Add(f.down.dir.Scale(f.topMM + y/f.pxPerMM))
	return p.Add(f.through.dir.Scale(f.through.offset(f.throughVoxel)))
}

// ToPicture returns the picture pixel of p projected onto the plane; the inverse of ToPatient.
func ToPicture(s *Scene, p volume.Vec) (x, y float64) {
	f := newFrame(s)
	return f.px(p)
}

// PxPerMM is the magnification in device pixels for each mm.
func PxPerMM(s *Scene) float64 { f := newFrame(s); return f.pxPerMM }

// Centre pans s so that p lies in the middle of the picture.
func Centre(s *Scene, p volume.Vec) {
	f := newFrame(s)
	x, y := f.px(p)
	s.PanMM[0] += (x - float64(s.WidthPx)/2) / f.pxPerMM
	s.PanMM[1] += (y - float64(s.HeightPx)/2) / f.pxPerMM
}

// Aim zooms and pans s so that p lies in the middle and the picture is acrossMM of the patient wide.
func Aim(s *Scene, p volume.Vec, acrossMM float64) {
	s.Zoom = 1
	s.Zoom = float64(s.WidthPx) / (acrossMM * PxPerMM(s))
	Centre(s, p)
}

// Step returns the cursor moved by n slices through the plane, towards head, left or posterior for
// growing n, kept inside the CT and on a slice of it.
func Step(s *Scene, n int) volume.Vec {
	f := newFrame(s)
	i := min(max(f.throughVoxel+int(f.through.sign)*n, 0), f.through.n-1)
	return s.CursorMM.Add(f.through.dir.Scale(f.through.offset(i) - f.throughMM))
}

// ShownSlice is the layer of voxels that s shows, in the middle of its slab.
func ShownSlice(s *Scene) volume.Slice {
	f := newFrame(s)
	return volume.Slice{Axis: f.through.axis, Index: f.throughVoxel}
}

// SliceNumber returns the 1-based number of the slice shown, counted along the through direction, and
// how many there are.
func SliceNumber(s *Scene) (number, of int) {
	f := newFrame(s)
	if f.through.sign < 0 {
		return f.through.n - f.throughVoxel, f.through.n
	}
	return f.throughVoxel + 1, f.through.n
}
