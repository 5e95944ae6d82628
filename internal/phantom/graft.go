package phantom

import (
	"errors"
	"math"
	"math/rand/v2"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	graftBlurMM  = 5.0  // sigma by which the body and the breast melt together
	flatMM       = 36   // soft tissue under the skin of a chest that takes a breast
	oldSkinMM    = 3.5  // of the host's own skin, which a breast buries, turned into fat
	leastGraft   = 0.03 // of the blurred body: what adds less is left alone
	sqrtTwoPi    = 2.5066282746310002
	graftSkinHU  = 42.0
	graftFatHU   = -104.0
	graftMarginS = 3 // sigmas round the breast
)

// ErrNotFlat says that a CT has breasts, or no chest that could take them.
var ErrNotFlat = errors.New("grafting breasts: soft tissue is thick there already, or no lung shows where the chest is")

// WithBreasts is the CT with a breast of drawn size and density grafted onto each side where the chest is flat: few of the real
// CTs at hand are of women. The skin goes round both, the creases are filled, the buried skin becomes fat, and what is new gets
// the host's noise. ErrNotFlat leaves the CT to be used as it is.
func (h *Host) WithBreasts(seed int64) (*Host, error) {
	r := stream(seed, streamGraft, 0)
	z0, z1, ok := h.lungs()
	if !ok {
		return nil, ErrNotFlat
	}
	level := z1 - uniform(r, 0.42, 0.6)*(z1-z0)
	big, density, angle := uniform(r, 0, 1), math.Pow(uniform(r, 0, 1), 1.5), uniform(r, 0.4, 0.75)
	g := &graft{
		t: h.t, v: &volume.Volume{Grid: h.t.g, HU: append([]int16(nil), h.t.hu...)}, external: h.t.external.Clone(),
		tex: newTexture(stream(seed, streamTexture, 1)), noiseHU: h.noiseHU, skinMM: uniform(r, 1.2, 2.2), r: r,
	}
	attached := false
	for _, side := range []float64{-1, 1} {
		b := g.place(side, level, angle, clamp01(big+uniform(r, -0.08, 0.08)), clamp01(density+uniform(r, -0.06, 0.06)))
		if b != nil {
			g.attach(b)
			attached = true
		}
	}
	if !attached {
		return nil, ErrNotFlat
	}
	return NewHost(g.v, g.external)
}

// lungs is the range of z that holds lung, world mm.
func (h *Host) lungs() (lo, hi float64, ok bool) {
	g := h.t.g
	const least = 60 * 60 // mm2 in a slice
	for z := range g.Nz() {
		n := 0
		for y := 0; y < g.Ny; y += 3 {
			for x := 0; x < g.Nx; x += 3 {
				if h.t.hu[g.Index(x, y, z)] < airLungHU-100 && h.t.external.At(x, y, z) {
					n++
				}
			}
		}
		if float64(9*n)*g.SpacingX*g.SpacingY < least {
			continue
		}
		at := g.ToPatient(0, 0, float64(z))[2]
		if !ok {
			lo, hi, ok = at, at, true
		}
		lo, hi = math.Min(lo, at), math.Max(hi, at)
	}
	return lo, hi, ok && hi-lo > 70
}

// graft builds breasts onto a copy of a CT.
type graft struct {
	t        *terrain
	v        *volume.Volume
	external *volume.Mask
	tex      *texture
	noiseHU  float64
	skinMM   float64
	r        *rand.Rand
}

// place finds where the breast of side (-1 right) stands on the chest wall, at height z and angle from anterior; nil where
// it is not flat.
func (g *graft) place(side, z, angle, big, density float64) *breast {
	sn, cs := math.Sincos(angle)
	normal := vec{side * sn, -cs, 0}
	from := vec{g.t.centre[0] + side*uniform(g.r, 28, 45), g.t.centre[1] + 20, z}
	skin, ok := g.t.skin(from, normal, 260)
	if !ok || g.t.thickness(skin, normal, 60) > flatMM {
		return nil
	}
	b := &breast{
		density: density, glandHU: uniform(g.r, 28, 46), grain: uniform(g.r, 7, 13), offset: uniform(g.r, 0, 60), extent: uniform(g.r, 0.75, 1),
		base: skin.Sub(normal.Scale(8)), normal: normal, radii: [3]float64{28 + 36*big, 52 + 18*big, 58 + 20*big},
	}
	b.shape = ellipsoid(b.base, b.radii, normal, vec{cs, sn * side, 0})
	b.nipple = b.base.Add(normal.Scale(b.radii[0] - 2)).Add(vec{side * uniform(g.r, -4, 4), 0, uniform(g.r, -8, 3)})
	return b
}

// attach melts b into the body: where the blurred union of both is above one half is body now.
func (g *graft) attach(b *breast) {
	grid := g.v.Grid
	reach := graftMarginS * graftBlurMM
	box := boxOf(grid, b.shape.lo.Sub(vec{reach, reach, reach}), b.shape.hi.Add(vec{reach, reach, reach}))
	if box.Empty() {
		return
	}
	size := box.Size()
	old, both := newField(size), newField(size)
	for z := range size[2] {
		for y := range size[1] {
			k := (z*size[1] + y) * size[0]
			for x := range size[0] {
				at := [3]int{x + box.Min[0], y + box.Min[1], z + box.Min[2]}
				if g.external.At(at[0], at[1], at[2]) {
					old.v[k+x], both.v[k+x] = 1, 1
					continue
				}
				both.v[k+x] = float32(cover(b.shape.distance(grid.ToPatient(float64(at[0]), float64(at[1]), float64(at[2]))), grid.SpacingX))
			}
		}
	}
	slice, _ := grid.Uniform()
	sigma := [3]float64{graftBlurMM / grid.SpacingX, graftBlurMM / grid.SpacingY, graftBlurMM / slice}
	old.blur(sigma)
	both.blur(sigma)
	g.paint(b, box, old, both)
}

// paint writes the tissue of b where the body is new, and fat where its own skin was.
func (g *graft) paint(b *breast, box volume.Box, old, both *field) {
	grid, size := g.v.Grid, box.Size()
	depth := func(f float32) float64 { return (float64(f) - 0.5) * graftBlurMM * sqrtTwoPi } // mm under the surface, near it
	var noise noise
	for z := range size[2] {
		grain := noise.texture(size[0], size[1], grid.SpacingX, 0.5, g.r)
		for y := range size[1] {
			for x := range size[0] {
				k := (z*size[1]+y)*size[0] + x
				added := both.v[k] - old.v[k]
				d := -depth(both.v[k])
				a := cover(d, grid.SpacingX)
				if added < leastGraft || a == 0 {
					continue
				}
				i, j, l := x+box.Min[0], y+box.Min[1], z+box.Min[2]
				was := -depth(old.v[k]) // mm outside the old surface
				w := smoothstep(-oldSkinMM-1, -oldSkinMM+1, was)
				if g.external.At(i, j, l) {
					w *= smoothstep(0.1, 0.25, float64(added)) // the graft fades out at its rim
				}
				if w == 0 {
					continue
				}
				hu := g.tissue(b, grid.ToPatient(float64(i), float64(j), float64(l)), d, was)
				in := cover(d+g.skinMM, grid.SpacingX)
				at := grid.Index(i, j, l)
				under := float64(g.v.HU[at])
				fresh := (1-a)*under + (a-in)*graftSkinHU + in*hu + a*g.noiseHU*float64(grain[y*size[0]+x])
				g.v.HU[at] = int16(math.Round(math.Max(lowestHU, under+w*(fresh-under))))
				if a >= 0.5 {
					g.external.Set(i, j, l, true)
				}
			}
		}
	}
}

// tissue is the HU of fat, septa and gland at p, d mm outside the new skin and was mm outside the old.
func (g *graft) tissue(b *breast, p vec, d, was float64) float64 {
	x, y, z := p[0], p[1], p[2]
	hu := graftFatHU + 5*g.tex.at(x*0.3, y*0.3, z*0.3) + 70*g.tex.ridge(x*0.055+2, y*0.055, z*0.055, 0.035)
	return hu + b.gland(g.tex, p, d, was)*(b.glandHU-hu)
}

// field is a box of values, [z][y][x].
type field struct {
	size [3]int
	v    []float32
}

func newField(size [3]int) *field {
	return &field{size, make([]float32, size[0]*size[1]*size[2])}
}

// blur convolves with a normal curve of sigma voxels an axis; edges repeat.
func (f *field) blur(sigma [3]float64) {
	nx, ny, nz := f.size[0], f.size[1], f.size[2]
	kernel := gaussianKernel((sigma[0] + sigma[1]) / 2) // pixels are square here
	tmp := make([]float32, nx*ny)
	for z := range nz {
		convolve(f.v[z*nx*ny:(z+1)*nx*ny], tmp, nx, ny, kernel)
	}
	// Along z, a plane of [z][x] at a time.
	along := gaussianKernel(sigma[2])
	column := make([]float32, nz)
	for k := range nx * ny {
		for z := range nz {
			v := along[0] * f.v[z*nx*ny+k]
			for i := 1; i < len(along); i++ {
				v += along[i] * (f.v[max(0, z-i)*nx*ny+k] + f.v[min(nz-1, z+i)*nx*ny+k])
			}
			column[z] = v
		}
		for z := range nz {
			f.v[z*nx*ny+k] = column[z]
		}
	}
}

// boxOf is the box of voxels between two corners of the patient space, within the grid.
func boxOf(g *volume.Grid, lo, hi vec) volume.Box {
	x0, y0, z0 := g.ToVoxel(lo)
	x1, y1, z1 := g.ToVoxel(hi)
	b := volume.Box{
		Min: [3]int{int(math.Floor(min(x0, x1))), int(math.Floor(min(y0, y1))), int(math.Floor(min(z0, z1)))},
		Max: [3]int{int(math.Ceil(max(x0, x1))) + 1, int(math.Ceil(max(y0, y1))) + 1, int(math.Ceil(max(z0, z1))) + 1},
	}
	return b.Intersect(g.Bounds())
}
