package segment

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/clipwright/clipwright/internal/volume"
)

// inParallel calls do(0) .. do(n-1) on as many goroutines as there are processors. Each goroutine asks
// make for a worker of its own, so that scratch memory is not shared.
func inParallel(n int, newWorker func() func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		do := newWorker()
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			do := newWorker()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wait.Wait()
}

// far is the squared distance of what has no site: larger than any in a patient, small enough to add to.
const far = 1e12

// envelope finds for each position of at the least of value[i] + (at - site[i])^2: the lower envelope of
// parabolas (Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019), for sites and targets at any increasing
// positions in mm.
type envelope struct {
	sites  []float64 // of the parabolas on the envelope, from the left
	values []float64
	starts []float64 // where each begins to be the lowest
}

func newEnvelope(n int) *envelope {
	return &envelope{make([]float64, 0, n), make([]float64, 0, n), make([]float64, 0, n)}
}

func (e *envelope) reset() {
	e.sites, e.values, e.starts = e.sites[:0], e.values[:0], e.starts[:0]
}

// add puts the parabola at site, which lies right of all before, on the envelope.
func (e *envelope) add(site, value float64) {
	if value >= far {
		return
	}
	start := math.Inf(-1)
	for n := len(e.sites) - 1; n >= 0; n-- {
		step := site - e.sites[n]
		start = (value-e.values[n])/(2*step) + (site+e.sites[n])/2
		if start > e.starts[n] {
			break
		}
		e.sites, e.values, e.starts = e.sites[:n], e.values[:n], e.starts[:n]
		start = math.Inf(-1)
	}
	e.sites, e.values, e.starts = append(e.sites, site), append(e.values, value), append(e.starts, start)
}

// squaredToVoxels returns for each voxel of b the squared distance in mm2 from its centre to the nearest
// centre of a voxel of m inside b, [z][y][x] of b; far if there is none.
func squaredToVoxels(m *volume.Mask, b volume.Box) []float32 { return squaredDistances[float32](m, b) }

// SquaredDistances returns for each voxel of b, which lies within the grid, the squared distance in mm2 from its centre to
// the nearest centre of a voxel of m inside b, [z][y][x] of b; 1e12 if there is none. Slices may be uneven.
func SquaredDistances(m *volume.Mask, b volume.Box) []float64 { return squaredDistances[float64](m, b) }

// real is the precision of a distance map: 32 bits where a voxel's width is far more than their rounding.
type real interface{ float32 | float64 }

func squaredDistances[T real](m *volume.Mask, b volume.Box) []T {
	g, s := m.Grid, b.Size()
	d := make([]T, s[0]*s[1]*s[2])
	dense := m.Dense(b, nil)
	ys, zs := make([]float64, s[1]), g.SliceMM[b.Min[2]:b.Max[2]]
	for y := range ys {
		ys[y] = float64(y) * g.SpacingY
	}
	inParallel(s[2], func() func(int) {
		column, e := make([]float64, s[1]), newEnvelope(s[1])
		return func(z int) {
			plane := d[z*s[0]*s[1] : (z+1)*s[0]*s[1]]
			squaredAlongRows(plane, dense[z*s[0]*s[1]:(z+1)*s[0]*s[1]], s[0], g.SpacingX)
			for x := range s[0] {
				for y := range column {
					column[y] = float64(plane[y*s[0]+x])
				}
				lower(e, plane[x:], s[0], ys, column)
			}
		}
	})
	inParallel(s[1], func() func(int) {
		column, e := make([]float64, s[2]), newEnvelope(s[2])
		return func(y int) {
			for x := range s[0] {
				line := d[y*s[0]+x:]
				for z := range column {
					column[z] = float64(line[z*s[0]*s[1]])
				}
				lower(e, line, s[0]*s[1], zs, column)
			}
		}
	})
	return d
}

// lower writes the envelope of the parabolas values[i] at sites[i], at those same positions, into dst with a stride.
func lower[T real](e *envelope, dst []T, stride int, sites, values []float64) {
	e.reset()
	for i, v := range values {
		e.add(sites[i], v)
	}
	if len(e.sites) == 0 {
		return // all far already
	}
	k := 0
	for i, p := range sites {
		for k+1 < len(e.sites) && e.starts[k+1] <= p {
			k++
		}
		t := p - e.sites[k]
		dst[i*stride] = T(e.values[k] + t*t)
	}
}

// squaredAlongRows writes the squared distance along its row of nx to the nearest voxel of in.
func squaredAlongRows[T real](dst []T, in []uint8, nx int, spacing float64) {
	for row := 0; row < len(in); row += nx {
		d, m := dst[row:row+nx], in[row:row+nx]
		last := -1
		for x := range d {
			if m[x] != 0 {
				last = x
			}
			d[x] = far
			if last >= 0 {
				t := float64(x-last) * spacing
				d[x] = T(t * t)
			}
		}
		last = -1
		for x := nx - 1; x >= 0; x-- {
			if m[x] != 0 {
				last = x
			}
			if last >= 0 {
				t := float64(last-x) * spacing
				d[x] = min(d[x], T(t*t))
			}
		}
	}
}
