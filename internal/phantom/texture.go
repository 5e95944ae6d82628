package phantom

import (
	"math"
	"math/rand/v2"
)

const latticeSize = 64 // power of two

// texture is a periodic lattice of values of mean 0 and range about -1..1, interpolated smoothly.
type texture struct {
	v []float32 // [z][y][x], latticeSize^3
}

func newTexture(r *rand.Rand) *texture {
	t := &texture{v: make([]float32, latticeSize*latticeSize*latticeSize)}
	for i := range t.v {
		t.v[i] = float32(2*r.Float64() - 1)
	}
	return t
}

// at is the texture at (x, y, z) in lattice steps.
func (t *texture) at(x, y, z float64) float64 {
	fx, fy, fz := math.Floor(x), math.Floor(y), math.Floor(z)
	ux, uy, uz := float32(x-fx), float32(y-fy), float32(z-fz)
	ux, uy, uz = ux*ux*(3-2*ux), uy*uy*(3-2*uy), uz*uz*(3-2*uz)
	const m = latticeSize - 1
	x0, y0, z0 := int(fx)&m, int(fy)&m, int(fz)&m
	x1, y1, z1 := (x0+1)&m, (y0+1)&m, (z0+1)&m
	a, b := (z0*latticeSize+y0)*latticeSize, (z0*latticeSize+y1)*latticeSize
	c, d := (z1*latticeSize+y0)*latticeSize, (z1*latticeSize+y1)*latticeSize
	v := t.v
	p := v[a+x0] + ux*(v[a+x1]-v[a+x0])
	q := v[b+x0] + ux*(v[b+x1]-v[b+x0])
	r := v[c+x0] + ux*(v[c+x1]-v[c+x0])
	s := v[d+x0] + ux*(v[d+x1]-v[d+x0])
	p += uy * (q - p)
	r += uy * (s - r)
	return float64(p + uz*(r-p))
}

// fbm sums two octaves: range about -1..1.
func (t *texture) fbm(x, y, z float64) float64 {
	return 0.65*t.at(x, y, z) + 0.35*t.at(2.17*x+11.3, 2.17*y+5.1, 2.17*z+23.7)
}

// ridge is 1 on thin sheets of the given half width (in units of value) and 0 away from them.
func (t *texture) ridge(x, y, z, width float64) float64 {
	n := math.Abs(t.at(x, y, z)) / width
	if n >= 1 {
		return 0
	}
	return 1 - n
}

// stream returns the generator of one purpose of one seed.
func stream(seed int64, purpose, index uint64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed)*0x9e3779b97f4a7c15+purpose, index*0xbf58476d1ce4e5b9+purpose*0x94d049bb133111eb+1))
}

// Purposes of a seed's streams.
const (
	streamBody uint64 = iota + 1
	streamTexture
	streamVessels
	streamNoise
	streamBed
	streamDistractors
	streamRegion
	streamOptions
	streamStreaks
	streamImplants
	streamKernel
	streamGraft
)

func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

func direction(r *rand.Rand) vec {
	for {
		d := vec{2*r.Float64() - 1, 2*r.Float64() - 1, 2*r.Float64() - 1}
		if n := d.Norm(); n > 0.05 && n < 1 {
			return d.Scale(1 / n)
		}
	}
}
