package phantom

import (
	"math"
	"math/rand/v2"
)

// noise holds the scratch of one worker.
type noise struct{ white, tmp, wide []float32 }

// gaussian fills dst with values of mean 0 and standard deviation 1: sums of four 16-bit uniforms.
func gaussian(dst []float32, r *rand.Rand) {
	const scale = 1 / 37837.227 // sqrt(4 / 12) * 65536
	for i := range dst {
		u := r.Uint64()
		s := int(u&0xffff) + int(u>>16&0xffff) + int(u>>32&0xffff) + int(u>>48)
		dst[i] = float32(s-131070) * scale
	}
}

// texture fills n.white, [ny][nx], with band-passed noise of standard deviation 1: CT noise has
// little power at low frequencies (the ramp) and at high ones (the kernel). fineMM and px in mm.
func (n *noise) texture(nx, ny int, px, fineMM float64, r *rand.Rand) []float32 {
	size := nx * ny
	if cap(n.white) < size {
		n.white, n.tmp, n.wide = make([]float32, size), make([]float32, size), make([]float32, size)
	}
	n.white, n.tmp, n.wide = n.white[:size], n.tmp[:size], n.wide[:size]
	gaussian(n.white, r)
	fine := gaussianKernel(math.Max(0.3, fineMM/px))
	convolve(n.white, n.tmp, nx, ny, fine)
	copy(n.wide, n.white)
	broad := gaussianKernel(math.Max(0.8, 2.2*fineMM/px))
	convolve(n.wide, n.tmp, nx, ny, broad)
	sum := 0.0
	for i, w := range n.wide {
		v := n.white[i] - 0.85*w
		n.white[i] = v
		sum += float64(v * v)
	}
	inv := float32(1 / math.Sqrt(sum/float64(size)))
	for i := range n.white {
		n.white[i] *= inv
	}
	return n.white
}

// across fills n.wide with noise drawn out along x, as the shoulders make it, of standard deviation 1.
func (n *noise) across(nx, ny int, px float64, r *rand.Rand) []float32 {
	gaussian(n.wide, r)
	half := max(2, int(14/px))
	for y := range ny {
		row, out := n.wide[y*nx:(y+1)*nx], n.tmp[y*nx:(y+1)*nx]
		sum := float32(0)
		for x := -half; x < nx; x++ {
			if x+half < nx {
				sum += row[x+half]
			}
			if x-half-1 >= 0 {
				sum -= row[x-half-1]
			}
			if x >= 0 {
				out[x] = sum
			}
		}
	}
	scale := float32(1 / math.Sqrt(float64(2*half+1)))
	for i, v := range n.tmp {
		n.wide[i] = v * scale
	}
	return n.wide
}
