package viewer

import (
	"image"
	"image/color"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// Shape is the surface of a mask as points with normals, ready to be turned. It is read-only once made.
type Shape struct {
	points    []surfacePoint
	tints     []color.RGBA  // of each point; nil: the Solid's colour
	voxel     [3]volume.Vec // its three edges, LPS mm
	low, high volume.Vec
}

type surfacePoint struct {
	at     [3]float32 // LPS mm
	normal [3]float32 // unit, outwards
}

// How far the normal of a point looks round, in voxels in the plane and in slices.
const normalReach, normalSlices = 2, 1

// NewShape collects the surface of m. With thin, every second voxel along rows and no flat ends: enough for a large body, open
// above and below as the scan is.
func NewShape(m *volume.Mask, thin bool) *Shape {
	g := m.Grid
	thickest := 0.0
	for z := range g.Nz() {
		thickest = max(thickest, g.SliceThickness(z))
	}
	row, col, normal := g.Row.Scale(g.SpacingX), g.Col.Scale(g.SpacingY), g.Normal().Scale(thickest)
	s := &Shape{voxel: [3]volume.Vec{row, col, normal}}
	step := 1
	if thin {
		step = normalReach
	}
	add := func(x, y, z int) {
		var out volume.Vec // away from the voxels inside
		for dz := -normalSlices; dz <= normalSlices; dz++ {
			for dy := -normalReach; dy <= normalReach; dy += step {
				for dx := -normalReach; dx <= normalReach; dx += step {
					if m.Has(x+dx, y+dy, z+dz) {
						out = out.Sub(row.Scale(float64(dx))).Sub(col.Scale(float64(dy))).Sub(normal.Scale(float64(dz)))
					}
				}
			}
		}
		if l := out.Norm(); l > 0 {
			out = out.Scale(1 / l)
		}
		p := g.ToPatient(float64(x), float64(y), float64(z))
		if len(s.points) == 0 {
			s.low, s.high = p, p
		}
		for i := range p {
			s.low[i], s.high[i] = min(s.low[i], p[i]), max(s.high[i], p[i])
		}
		s.points = append(s.points, surfacePoint{vec32(p), vec32(out)})
	}
	for _, r := range m.Runs() {
		for x := r.X0; x < r.X1; x++ {
			switch end := x == r.X0 || x == r.X1-1; {
			case end, !m.Has(x, r.Y-1, r.Z), !m.Has(x, r.Y+1, r.Z):
				if !thin || end || x&1 == 0 {
					add(x, r.Y, r.Z)
				}
			case !thin && (!m.Has(x, r.Y, r.Z-1) || !m.Has(x, r.Y, r.Z+1)):
				add(x, r.Y, r.Z)
			}
		}
	}
	if thin {
		s.voxel[0] = s.voxel[0].Scale(2)
	}
	return s
}

// NewTintedShape is NewShape, each voxel in a colour of its own.
func NewTintedShape(m *volume.Mask, tint func(x, y, z int) color.RGBA) *Shape {
	s := NewShape(m, false)
	g := m.Grid
	s.tints = make([]color.RGBA, len(s.points))
	for i, p := range s.points {
		x, y, z := g.ToVoxel(volume.Vec{float64(p.at[0]), float64(p.at[1]), float64(p.at[2])})
		s.tints[i] = tint(int(math.Round(x)), int(math.Round(y)), int(math.Round(z)))
	}
	return s
}

// extent is the size in mm of a voxel seen along dir.
func (s *Shape) extent(dir volume.Vec) float64 {
	mm := 0.0
	for _, edge := range s.voxel {
		mm += math.Abs(edge.Dot(dir))
	}
	return mm
}

func vec32(v volume.Vec) [3]float32 { return [3]float32{float32(v[0]), float32(v[1]), float32(v[2])} }

// Solid is a Shape as it is painted.
type Solid struct {
	Shape   *Shape
	Colour  color.RGBA
	Opacity float64
	Inside  bool // paint the far wall seen from inside: a body that hides nothing
}

// Turn is the direction of view: 0, 0 looks from the front, head up, the patient's right on the left.
type Turn struct {
	YawDeg   float64 // of the patient about the head-foot axis, her left coming forward for growing values
	PitchDeg float64 // of the head towards the viewer
}

// axes are the picture's right and down and the direction away from the viewer, LPS.
func (t Turn) axes() (right, down, away volume.Vec) {
	sy, cy := math.Sincos(t.YawDeg * math.Pi / 180)
	sp, cp := math.Sincos(t.PitchDeg * math.Pi / 180)
	right = volume.Vec{cy, -sy, 0}
	ahead := volume.Vec{sy, cy, 0} // horizontal
	away = ahead.Scale(cp).Add(volume.Vec{0, 0, -sp})
	down = ahead.Scale(-sp).Add(volume.Vec{0, 0, -cp})
	return right, down, away
}

// SolidScene is a picture of solids, painted one over the other in their order: what comes later is seen through what
// came before.
type SolidScene struct {
	Solids   []Solid
	Turn     Turn
	CentreMM volume.Vec // in the middle of the picture
	PxPerMM  float64
	WidthPx  int
	HeightPx int
}

// Project is where p falls on the picture of s.
func (s *SolidScene) Project(p volume.Vec) (x, y float64) {
	right, down, _ := s.Turn.axes()
	d := p.Sub(s.CentreMM)
	return float64(s.WidthPx)/2 + d.Dot(right)*s.PxPerMM, float64(s.HeightPx)/2 + d.Dot(down)*s.PxPerMM
}

// SolidRenderer draws SolidScenes; it keeps its scratch memory. It serves one goroutine at a time.
type SolidRenderer struct {
	depth []float32 // [y][x] mm away from the viewer, of the solid being painted
	shade []uint8   // [y][x] brightness, of the same
	point []int32   // [y][x] its point, of a tinted shape
}

// ambient is the brightness of what faces away from the light, of 255.
const ambient = 70

// Render draws s into dst, which must be s.WidthPx by s.HeightPx. The picture is opaque, on black.
func (r *SolidRenderer) Render(dst *image.RGBA, s *SolidScene) {
	w, h := s.WidthPx, s.HeightPx
	if dst.Rect.Dx() != w || dst.Rect.Dy() != h {
		panic("viewer: the picture has not the size of its scene")
	}
	for y := range h {
		black(dst.Pix[y*dst.Stride : y*dst.Stride+4*w])
	}
	if cap(r.depth) < w*h {
		r.depth, r.shade, r.point = make([]float32, w*h), make([]uint8, w*h), make([]int32, w*h)
	}
	r.depth, r.shade, r.point = r.depth[:w*h], r.shade[:w*h], r.point[:w*h]
	for i := range s.Solids {
		r.paint(dst, s, &s.Solids[i])
	}
}

// paint splats the points of one solid, the nearest winning, and lays them over dst.
func (r *SolidRenderer) paint(dst *image.RGBA, s *SolidScene, q *Solid) {
	const far = float32(math.MaxFloat32)
	for i := range r.depth {
		r.depth[i] = far
	}
	right, down, away := s.Turn.axes()
	rx, dn, aw := vec32(right.Scale(s.PxPerMM)), vec32(down.Scale(s.PxPerMM)), vec32(away)
	centre := vec32(s.CentreMM)
	w, h := s.WidthPx, s.HeightPx
	mx, my := float32(w)/2, float32(h)/2
	wide, tall := max(int(math.Ceil(q.Shape.extent(right)*s.PxPerMM)), 2), max(int(math.Ceil(q.Shape.extent(down)*s.PxPerMM)), 2)
	halfWide, halfTall := float32(wide)/2, float32(tall)/2
	left, right2, top, bottom := w, 0, h, 0
	for i := range q.Shape.points {
		p := &q.Shape.points[i]
		facing := -(p.normal[0]*aw[0] + p.normal[1]*aw[1] + p.normal[2]*aw[2])
		if q.Inside {
			facing = -facing
		}
		if facing < 0 {
			continue
		}
		x, y, z := p.at[0]-centre[0], p.at[1]-centre[1], p.at[2]-centre[2]
		px := int(mx + x*rx[0] + y*rx[1] + z*rx[2] - halfWide)
		py := int(my + x*dn[0] + y*dn[1] + z*dn[2] - halfTall)
		depth := x*aw[0] + y*aw[1] + z*aw[2]
		shade := uint8(ambient + (255-ambient)*facing)
		x0, x1, y0, y1 := max(px, 0), min(px+wide, w), max(py, 0), min(py+tall, h)
		if x0 >= x1 || y0 >= y1 {
			continue
		}
		left, right2, top, bottom = min(left, x0), max(right2, x1), min(top, y0), max(bottom, y1)
		for j := y0; j < y1; j++ {
			for k := j*w + x0; k < j*w+x1; k++ {
				if depth < r.depth[k] {
					r.depth[k], r.shade[k], r.point[k] = depth, shade, int32(i)
				}
			}
		}
	}
	opacity := int32(q.Opacity * 255)
	for j := top; j < bottom; j++ {
		for k := left; k < right2; k++ {
			if i := j*w + k; r.depth[i] != far {
				shade := int32(r.shade[i])
				c := q.Colour
				if q.Shape.tints != nil {
					c = q.Shape.tints[r.point[i]]
				}
				c = color.RGBA{uint8(int32(c.R) * shade / 255), uint8(int32(c.G) * shade / 255), uint8(int32(c.B) * shade / 255), 255}
				blendPixel(dst.Pix[j*dst.Stride+4*k:], c, opacity)
			}
		}
	}
}

// Bounds is the box round the points of s, LPS mm, and whether it has any.
func (s *Shape) Bounds() (low, high volume.Vec, ok bool) { return s.low, s.high, len(s.points) > 0 }
