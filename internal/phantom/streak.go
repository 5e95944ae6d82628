package phantom

import (
	"math"
	"math/rand/v2"

	"github.com/clipwright/clipwright/internal/volume"
)

const (
	streakViews   = 180
	waterPerMM    = 0.0195 // attenuation of water at the beam's mean energy
	fineBinMM     = 0.3
	binsPerCoarse = 2 // coarse detector bins of 0.6 mm
	aperture      = 4 // fine bins a detector element sees
	hardening     = 0.14
	starvation    = 0.022 // noise of a ray at the end of the body, before the metal
)

// speck is metal in one slice: world mm and line-integral weight (attenuation x area / slice), mm.
type speck struct{ x, y, a float64 }

// streaks holds the scratch of one worker.
type streaks struct {
	fine, delta, filtered []float64
	out                   []float32
}

// add computes what beam hardening, the exponential edge effect and starved rays do to a slice that
// holds the given specks, by forward projection, and adds the filtered back projection of the
// difference to hu, [ny][nx] of g. Parallel beam over half a turn; Ram-Lak filter with Hann smoothing
// (Kak and Slaney, Principles of Computerized Tomographic Imaging, ch. 3).
func (st *streaks) add(g *volume.Grid, hu []float32, specks []speck, r *rand.Rand) {
	if len(specks) == 0 {
		return
	}
	loX, hiX, loY, hiY, total := far, -far, far, -far, 0.0
	for _, s := range specks {
		loX, hiX = math.Min(loX, s.x), math.Max(hiX, s.x)
		loY, hiY = math.Min(loY, s.y), math.Max(hiY, s.y)
		total += s.a
	}
	if total < 0.01 {
		return
	}
	reach := math.Min(80, 26+34*math.Sqrt(total))
	x0 := max(0, int((loX-reach-g.Origin[0])/g.SpacingX))
	x1 := min(g.Nx, int((hiX+reach-g.Origin[0])/g.SpacingX)+1)
	y0 := max(0, int((loY-reach-g.Origin[1])/g.SpacingY))
	y1 := min(g.Ny, int((hiY+reach-g.Origin[1])/g.SpacingY)+1)
	if x0 >= x1 || y0 >= y1 {
		return
	}
	cx, cy := (loX+hiX)/2, (loY+hiY)/2
	radius := 0.0
	for _, c := range [][2]float64{{g.Origin[0] + float64(x0)*g.SpacingX, g.Origin[1] + float64(y0)*g.SpacingY}, {g.Origin[0] + float64(x1)*g.SpacingX, g.Origin[1] + float64(y1)*g.SpacingY}} {
		radius = math.Max(radius, math.Hypot(c[0]-cx, c[1]-cy))
	}
	radius = math.Max(radius, math.Hypot(hiX-loX, hiY-loY)/2) + 4
	const coarseMM = fineBinMM * binsPerCoarse
	nc := 2*int(radius/coarseMM) + 3
	nf := nc * binsPerCoarse
	st.fine = grow(st.fine, nf)
	st.delta, st.filtered = grow(st.delta, nc), grow(st.filtered, nc+1)
	nx, ny := x1-x0, y1-y0
	if cap(st.out) < nx*ny {
		st.out = make([]float32, nx*ny)
	}
	st.out = st.out[:nx*ny]
	clear(st.out)
	ramp := rampKernel(nc, coarseMM)
	for view := range streakViews {
		sn, cs := math.Sincos((float64(view) + 0.5) * math.Pi / streakViews)
		lo, hi := st.project(specks, cx, cy, cs, sn, nf, r)
		if lo >= hi {
			continue
		}
		clear(st.filtered)
		for i := lo; i < hi; i++ {
			d := st.delta[i]
			if d == 0 {
				continue
			}
			for k := range nc {
				st.filtered[k] += d * ramp[abs(k-i)]
			}
		}
		// s of pixel (x0, y0) in coarse bins, and its steps.
		s := ((g.Origin[0]+float64(x0)*g.SpacingX-cx)*cs+(g.Origin[1]+float64(y0)*g.SpacingY-cy)*sn)/coarseMM + float64(nc)/2 - 0.5
		sx, sy := float32(g.SpacingX*cs/coarseMM), float32(g.SpacingY*sn/coarseMM)
		backproject(st.out, st.filtered, nx, ny, float32(s), sx, sy)
	}
	scale := float32(math.Pi / streakViews * 1000 / waterPerMM)
	for y := range ny {
		row := hu[(y0+y)*g.Nx+x0:]
		fy := edgeTaper(y, ny, y0 == 0, y1 == g.Ny, g.SpacingY)
		for x := range nx {
			row[x] += scale * fy * edgeTaper(x, nx, x0 == 0, x1 == g.Nx, g.SpacingX) * st.out[y*nx+x]
		}
	}
}

// edgeTaper fades the last 12 mm of the region unless it ends at the image's own edge.
func edgeTaper(i, n int, openLo, openHi bool, mm float64) float32 {
	f := 1.0
	if !openLo {
		f = math.Min(f, (float64(i)+0.5)*mm/12)
	}
	if !openHi {
		f = math.Min(f, (float64(n-i)-0.5)*mm/12)
	}
	return float32(math.Max(0, f))
}

// project fills delta with the non-linear part of one view, measured less ideal, and returns the
// range of coarse bins where it is not zero.
func (st *streaks) project(specks []speck, cx, cy, cs, sn float64, nf int, r *rand.Rand) (lo, hi int) {
	clear(st.fine)
	first, last := nf, -1
	for _, s := range specks {
		f := ((s.x-cx)*cs+(s.y-cy)*sn)/fineBinMM + float64(nf)/2 - 0.5
		i := int(math.Floor(f))
		if i < 0 || i+1 >= nf {
			continue
		}
		first, last = min(first, i), max(last, i+1)
		f -= float64(i)
		st.fine[i] += s.a * (1 - f) / fineBinMM
		st.fine[i+1] += s.a * f / fineBinMM
	}
	if first > last {
		return 0, 0
	}
	nc := nf / binsPerCoarse
	lo, hi = max(0, (first-aperture)/binsPerCoarse), min(nc, (last+aperture)/binsPerCoarse+1)
	for c := lo; c < hi; c++ {
		sum, through := 0.0, 0.0
		for k := c*binsPerCoarse - (aperture-binsPerCoarse)/2; k < c*binsPerCoarse+(aperture+binsPerCoarse)/2; k++ {
			p := 0.0
			if k >= first && k <= last {
				p = st.fine[k]
			}
			sum += p
			through += math.Exp(-(p - hardening*p*p/(1+p)))
		}
		sum /= aperture
		measured := -math.Log(through / aperture)
		st.delta[c] = measured - sum
		if sum > 0.02 {
			st.delta[c] += starvation * math.Sqrt(math.Expm1(math.Min(sum, 4))) * r.NormFloat64()
		}
	}
	return lo, hi
}

// rampKernel is the Ram-Lak kernel smoothed by (1/4, 1/2, 1/4), times the bin width.
func rampKernel(n int, t float64) []float64 {
	raw := func(i int) float64 {
		i = abs(i)
		switch {
		case i == 0:
			return 1 / (4 * t)
		case i%2 == 1:
			return -1 / (math.Pi * math.Pi * float64(i*i) * t)
		}
		return 0
	}
	h := make([]float64, n)
	for i := range h {
		h[i] = 0.5*raw(i) + 0.25*(raw(i-1)+raw(i+1))
	}
	return h
}

// backproject adds the view to out, [ny][nx]; s is the bin of pixel (0, 0), sx and sy its steps.
func backproject(out []float32, view []float64, nx, ny int, s, sx, sy float32) {
	n := len(view) - 2
	for y := range ny {
		t := s + float32(y)*sy
		row := out[y*nx : (y+1)*nx]
		for x := range row {
			i := int(t)
			if uint(i) < uint(n) {
				f := t - float32(i)
				a, b := float32(view[i]), float32(view[i+1])
				row[x] += a + f*(b-a)
			}
			t += sx
		}
	}
}

func grow(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func abs(i int) int {
	if i < 0 {
		return -i
	}
	return i
}
