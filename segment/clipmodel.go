package segment

import "math"

// What a clip looks like on CT, for telling one from two: a straight piece of metal (the two closed legs lie closer
// than any CT resolves), blurred by the scanner in the slice plane as by a Gaussian and across slices as by a box
// with soft shoulders. HU = background + sum over clips of metal x (that blurred piece, integral 1).
// Lengths are mm along the grid's own axes: columns, rows, normal.
const (
	fitReachMM    = 5.0 // voxels farther than this from what was found take no part
	fitSharpMM    = 0.75
	fitSharpLog   = 0.25 // standard deviation of ln(in-plane sigma / fitSharpMM)
	fitSliceLog   = 0.08 // of ln(effective slice thickness / spacing)
	fitHalfMM     = 2.7  // half length of a clip's metal: 4, 6 and 9 mm clips
	fitHalfSD     = 0.9
	fitLineHU     = 7000 // metal per length, HU mm²: 7140 HU x two wires of 0.55 to 1 mm
	fitLineLog    = 0.6
	fitTwinLog    = 0.5  // two clips of a pair are of one kind: ln of the ratio of their metal,
	fitTwinMM     = 0.6  // and the difference of their half lengths
	fitApartMM    = 2.4  // two clips' middles are farther apart than this
	fitApartSD    = 0.25 // or pay for it
	fitNoiseHU    = 18
	fitModelShare = 0.05 // of the peak's rise: what the model does not know of a clip
	fitNodes      = 7
	saturatedHU   = 3071 // the top of 12-bit CT: what lies above is unknown
	fitSteps      = 30
)

// bar is one clip of the model.
type bar struct {
	centre [3]float64 // mm along the window's axes
	half   [3]float64 // from the centre to one end
	metal  float64    // HU mm³
}

func (r *bar) halfMM() float64 { return norm3(r.half) }

// distanceMM is how far p is from the clip's metal.
func (r *bar) distanceMM(p [3]float64) float64 {
	d := sub3(p, r.centre)
	along := 0.0
	if h := dot(r.half[:], r.half[:]); h > 0 {
		along = min(max(dot(d[:], r.half[:])/h, -1), 1)
	}
	return norm3(sub3(d, scale3(r.half, along)))
}

func norm3(v [3]float64) float64 { return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]) }

// fitted is the best explanation of a window by some number of clips.
type fitted struct {
	bars         []bar
	sigmaMM      float64
	stretch      float64 // effective slice thickness over spacing
	backgroundHU float64
	rss          float64 // mean square of what is left, HU²
	cost         float64 // chi square of the window plus that of the priors
}

// gaussNodes are the nodes and weights of 7-point Gauss-Legendre quadrature on [-1, 1], weights summing to 1
// (Abramowitz and Stegun, table 25.4).
func gaussNodes() (at, weight [fitNodes]float64) {
	at = [fitNodes]float64{-0.9491079123427585, -0.7415311855993945, -0.4058451513773972, 0, 0.4058451513773972, 0.7415311855993945, 0.9491079123427585}
	weight = [fitNodes]float64{0.1294849661688697, 0.2797053914892767, 0.3818300505051189, 0.4179591836734694, 0.3818300505051189, 0.2797053914892767, 0.1294849661688697}
	for i := range weight {
		weight[i] /= 2
	}
	return at, weight
}

// fitter holds the buffers of one fit of n clips to a window.
type fitter struct {
	w          *fitWindow
	n          int
	at, share  [fitNodes]float64
	ex, ey, ez []float64
	basis      [][]float64 // of each clip, [z][y][x]
	residual   []float64   // of the window, then of the priors
	trial      []float64
	jacobian   [][]float64 // a row a parameter
	linear     []float64   // metal of each clip, then the background
}

// parameters: ln sigma, ln slice thickness over spacing, then centre and half of each clip.
const fitShared = 2

func newFitter(w *fitWindow, n int) *fitter {
	f := &fitter{w: w, n: n, ex: make([]float64, len(w.x)), ey: make([]float64, len(w.y)), ez: make([]float64, len(w.z))}
	f.at, f.share = gaussNodes()
	f.basis = make([][]float64, n)
	for i := range f.basis {
		f.basis[i] = make([]float64, len(w.hu))
	}
	rows := len(w.hu) + f.priors()
	f.residual, f.trial = make([]float64, rows), make([]float64, rows)
	f.jacobian = make([][]float64, f.parameters())
	for i := range f.jacobian {
		f.jacobian[i] = make([]float64, rows)
	}
	f.linear = make([]float64, n+1)
	return f
}

func (f *fitter) parameters() int { return fitShared + 6*f.n }

// priors: two shared, half length and metal per length of each clip, and for a pair kind, length and distance.
func (f *fitter) priors() int {
	rows := 2 + 2*f.n
	if f.n == 2 {
		rows += 3
	}
	return rows
}

// every says that all clips are to be drawn anew.
const every = -1

// evaluate fills out with the weighted residuals of p, metal and background being the best for them, and returns
// the sum of squares. Only the clip changed is drawn anew, or every.
func (f *fitter) evaluate(p []float64, changed int, out []float64) float64 {
	sigma, stretch := math.Exp(p[0]), math.Exp(p[1])
	for k := range f.n {
		if changed == every || changed == k {
			f.render(p[fitShared+6*k:], sigma, stretch, f.basis[k])
		}
	}
	f.solve()
	w := f.w
	background := f.linear[f.n]
	for i, h := range w.hu {
		if w.weight[i] == 0 {
			out[i] = 0
			continue
		}
		model := background
		for k := range f.n {
			model += f.linear[k] * f.basis[k][i]
		}
		out[i] = (h - model) / w.noiseHU
	}
	rest := out[len(w.hu):]
	rest[0] = (p[0] - math.Log(fitSharpMM)) / fitSharpLog
	rest[1] = p[1] / fitSliceLog
	rest = rest[2:]
	var half, metal [2]float64
	for k := range f.n {
		q := p[fitShared+6*k:]
		half[k], metal[k] = norm3([3]float64{q[3], q[4], q[5]}), max(f.linear[k], 1)
		rest[0] = (half[k] - fitHalfMM) / fitHalfSD
		rest[1] = math.Log(metal[k]/(2*max(half[k], 0.5)*fitLineHU)) / fitLineLog
		rest = rest[2:]
	}
	if f.n == 2 {
		a, b := p[fitShared:], p[fitShared+6:]
		apart := norm3([3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]})
		rest[0] = math.Log(metal[0]/metal[1]) / fitTwinLog
		rest[1] = (half[0] - half[1]) / fitTwinMM
		rest[2] = max(0, fitApartMM-apart) / fitApartSD
	}
	sum := 0.0
	for _, r := range out {
		sum += r * r
	}
	return sum
}

// render draws one clip of unit metal, q its centre and half.
func (f *fitter) render(q []float64, sigma, stretch float64, out []float64) {
	w := f.w
	clear(out)
	norm := 1 / (2 * math.Pi * sigma * sigma)
	for n, t := range f.at {
		x, y, z := q[0]+t*q[3], q[1]+t*q[4], q[2]+t*q[5]
		for i, at := range w.x {
			d := (at - x) / sigma
			f.ex[i] = math.Exp(-0.5 * d * d)
		}
		for i, at := range w.y {
			d := (at - y) / sigma
			f.ey[i] = math.Exp(-0.5 * d * d)
		}
		for k, at := range w.z {
			weight := f.share[n] * norm * sliceShare(at-z, stretch*w.thick[k])
			if weight == 0 {
				continue
			}
			for j, ey := range f.ey {
				row := out[(k*len(w.y)+j)*len(w.x):][:len(w.x)]
				wy := weight * ey
				for i, ex := range f.ex {
					row[i] += wy * ex
				}
			}
		}
	}
}

// sliceShare is the profile of a slice t mm thick at d mm from its middle, a box with shoulders a quarter of t wide;
// its integral is 1.
func sliceShare(d, t float64) float64 {
	return min(max(0.5-(math.Abs(d)-t/2)/(0.25*t), 0), 1) / t
}

// solve finds the metal of each clip, not negative, and the background that leave the least.
func (f *fitter) solve() {
	n := f.n + 1
	var m [3][4]float64
	for i, h := range f.w.hu {
		if f.w.weight[i] == 0 {
			continue
		}
		var row [3]float64
		for k := range f.n {
			row[k] = f.basis[k][i]
		}
		row[f.n] = 1
		for a := range n {
			for b := a; b < n; b++ {
				m[a][b] += row[a] * row[b]
			}
			m[a][3] += row[a] * h
		}
	}
	for a := range n {
		for b := range a {
			m[a][b] = m[b][a]
		}
		m[a][a] += 1e-9*m[a][a] + 1e-12
	}
	// Gaussian elimination; the matrix is symmetric and positive definite.
	for a := range n {
		for b := a + 1; b < n; b++ {
			r := m[b][a] / m[a][a]
			for c := a; c < n; c++ {
				m[b][c] -= r * m[a][c]
			}
			m[b][3] -= r * m[a][3]
		}
	}
	for a := n - 1; a >= 0; a-- {
		s := m[a][3]
		for c := a + 1; c < n; c++ {
			s -= m[a][c] * f.linear[c]
		}
		f.linear[a] = s / m[a][a]
	}
	for k := range f.n {
		f.linear[k] = max(f.linear[k], 0)
	}
}

// minimise is Levenberg and Marquardt's method from p, with differences for derivatives; p becomes the best found.
func (f *fitter) minimise(p []float64) float64 {
	n := f.parameters()
	cost := f.evaluate(p, every, f.residual)
	damping := 1e-2
	next, step := make([]float64, n), make([]float64, n)
	normal, system := make([]float64, n*(n+1)), make([]float64, n*(n+1)) // n equations of n unknowns and a right side
	for range fitSteps {
		f.differentiate(p)
		for i := range n {
			for j := range i + 1 {
				normal[i*(n+1)+j] = dot(f.jacobian[i], f.jacobian[j])
				normal[j*(n+1)+i] = normal[i*(n+1)+j]
			}
			normal[i*(n+1)+n] = -dot(f.jacobian[i], f.residual)
		}
		improved := false
		for range 6 {
			copy(system, normal)
			for i := range n {
				system[i*(n+1)+i] += damping*system[i*(n+1)+i] + 1e-9
			}
			eliminate(system, step, n)
			for i := range n {
				next[i] = p[i] + min(max(step[i], -2), 2)
			}
			if c := f.evaluate(next, every, f.trial); c < cost {
				improved = cost-c > 1e-3*cost
				cost = c
				copy(p, next)
				f.residual, f.trial = f.trial, f.residual
				damping = max(damping/5, 1e-6)
				break
			}
			damping *= 6
		}
		if !improved {
			break
		}
	}
	return cost
}

// differentiate fills the Jacobian at p, whose residuals are f.residual.
func (f *fitter) differentiate(p []float64) {
	const delta = 1e-3
	f.evaluate(p, every, f.trial) // a step that was refused has drawn other clips
	for i := range p {
		clip := every
		if i >= fitShared {
			clip = (i - fitShared) / 6
		}
		keep := p[i]
		p[i] += delta
		f.evaluate(p, clip, f.jacobian[i])
		p[i] = keep
		for r, v := range f.jacobian[i] {
			f.jacobian[i][r] = (v - f.residual[r]) / delta
		}
		if last := i == fitShared-1 || clip != every && (i-fitShared)%6 == 5; last {
			f.evaluate(p, clip, f.trial)
		}
	}
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

// eliminate solves the n equations in m, n+1 numbers each, by Gauss with pivots.
func eliminate(m, x []float64, n int) {
	w := n + 1
	for a := range n {
		pivot := a
		for b := a + 1; b < n; b++ {
			if math.Abs(m[b*w+a]) > math.Abs(m[pivot*w+a]) {
				pivot = b
			}
		}
		if pivot != a {
			for c := range w {
				m[a*w+c], m[pivot*w+c] = m[pivot*w+c], m[a*w+c]
			}
		}
		if m[a*w+a] == 0 {
			continue
		}
		for b := a + 1; b < n; b++ {
			r := m[b*w+a] / m[a*w+a]
			for c := a; c < w; c++ {
				m[b*w+c] -= r * m[a*w+c]
			}
		}
	}
	for a := n - 1; a >= 0; a-- {
		s := m[a*w+n]
		for c := a + 1; c < n; c++ {
			s -= m[a*w+c] * x[c]
		}
		if m[a*w+a] == 0 {
			x[a] = 0
		} else {
			x[a] = s / m[a*w+a]
		}
	}
}

// fit explains w by len(start) clips, starting from them.
func (w *fitWindow) fit(start ...bar) fitted {
	f := newFitter(w, len(start))
	p := make([]float64, f.parameters())
	p[0] = math.Log(fitSharpMM)
	for k, r := range start {
		copy(p[fitShared+6*k:], r.centre[:])
		copy(p[fitShared+6*k+3:], r.half[:])
	}
	out := fitted{cost: f.minimise(p)}
	f.evaluate(p, every, f.residual)
	for _, r := range f.residual[:len(w.hu)] {
		out.rss += r * r
	}
	out.rss *= w.noiseHU * w.noiseHU / max(w.weighted, 1)
	out.sigmaMM, out.stretch, out.backgroundHU = math.Exp(p[0]), math.Exp(p[1]), f.linear[f.n]
	for k := range start {
		q := p[fitShared+6*k:]
		out.bars = append(out.bars, bar{[3]float64{q[0], q[1], q[2]}, [3]float64{q[3], q[4], q[5]}, f.linear[k]})
	}
	return out
}

// principal are the eigenvectors of a symmetric matrix, the largest eigenvalue's first, by power iteration.
func principal(m [3][3]float64) (axes [2][3]float64) {
	for k := range axes {
		v := [3]float64{0.9, 0.7, 0.5}
		value := 0.0
		for range 40 {
			var u [3]float64
			for a := range 3 {
				for b := range 3 {
					u[a] += m[a][b] * v[b]
				}
			}
			value = norm3(u)
			if value == 0 {
				break
			}
			for a := range 3 {
				v[a] = u[a] / value
			}
		}
		axes[k] = v
		for a := range 3 {
			for b := range 3 {
				m[a][b] -= value * v[a] * v[b]
			}
		}
	}
	return axes
}

// one explains the window by one clip.
func (w *fitWindow) one(background float64) fitted {
	centre, cov := w.metalOf(background)
	axes := principal(cov)
	best := fitted{cost: math.Inf(1)}
	for _, axis := range axes {
		if f := w.fit(bar{centre: centre, half: scale3(axis, fitHalfMM)}); f.cost < best.cost {
			best = f
		}
	}
	return best
}

// two explains it by two, from several beginnings: side by side along each axis of the metal, and at the peaks given.
func (w *fitWindow) two(background float64, peaks ...[3]float64) fitted {
	centre, cov := w.metalOf(background)
	axes := principal(cov)
	starts := [][2]bar{}
	for i, apart := range axes {
		along := scale3(axes[1-i], fitHalfMM)
		d := scale3(apart, 1.8)
		starts = append(starts, [2]bar{{centre: add3(centre, d), half: along}, {centre: sub3(centre, d), half: along}})
	}
	if len(peaks) == 2 {
		along := scale3(axes[1], fitHalfMM)
		starts = append(starts, [2]bar{{centre: peaks[0], half: along}, {centre: peaks[1], half: along}})
	}
	best := fitted{cost: math.Inf(1)}
	for _, s := range starts {
		if f := w.fit(s[0], s[1]); f.cost < best.cost {
			best = f
		}
	}
	return best
}

func scale3(v [3]float64, s float64) [3]float64 { return [3]float64{s * v[0], s * v[1], s * v[2]} }
func add3(a, b [3]float64) [3]float64           { return [3]float64{a[0] + b[0], a[1] + b[1], a[2] + b[2]} }
func sub3(a, b [3]float64) [3]float64           { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }
