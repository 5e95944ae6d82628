package phantom

import (
	"math"
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

// peaks are the peak HU of n clips at random in fat on 1.27 mm pixels, sorted, and the mean count of voxels over 300 HU.
func peaks(n int, length, wire, gap, slice, psf float64) (hu []float64, over float64) {
	r := stream(5, streamBed, uint64(length))
	g := volume.NewUniformGrid(24, 24, 9, 1.27, 1.27, slice, volume.Vec{})
	middle := g.ToPatient(11.5, 11.5, 4)
	for range n {
		at := middle.Add(vec{uniform(r, -0.6, 0.6), uniform(r, -0.6, 0.6), uniform(r, -slice/2, slice/2)})
		p := splat(g, clipSolid(at, direction(r), direction(r), length, wire, gap), psf)
		top := float32(0)
		for _, f := range p.fraction {
			top = max(top, f)
			if -100+f*(titaniumHU+100) > 300 {
				over++
			}
		}
		hu = append(hu, -100+float64(top)*(titaniumHU+100))
	}
	slices.Sort(hu)
	return hu, over / float64(n)
}

// The table of computed peaks in the clinical notes: median (10th-90th percentile).
func TestPeaksFollowTheClinicalTable(t *testing.T) {
	table := []struct{ length, wire, gap, slice, psf, median float64 }{
		{4, 0.61, 0.2, 3, 1.2, 760},
		{4, 0.61, 0.2, 5, 1.2, 467},
		{4, 0.61, 0.2, 5, 1.8, 313},
		{6, 0.86, 0.3, 3, 1.2, 1671},
		{6, 0.86, 0.3, 5, 1.2, 1033},
		{6, 0.86, 0.3, 5, 1.8, 666},
		{9, 1.0, 0.35, 3, 1.2, 2402},
		{9, 1.0, 0.35, 5, 1.2, 1439},
		{9, 1.0, 0.35, 5, 1.8, 1218},
	}
	for _, row := range table {
		hu, over := peaks(300, row.length, row.wire, row.gap, row.slice, row.psf)
		median := hu[len(hu)/2]
		t.Logf("%g mm, %g mm slices, PSF %g: median %.0f (%.0f-%.0f), table %.0f; %.1f voxels over 300 HU",
			row.length, row.slice, row.psf, median, hu[len(hu)/10], hu[len(hu)*9/10], row.median, over)
		if f := math.Abs(math.Log(median / row.median)); f > math.Log(1.35) {
			t.Errorf("%g mm clip, %g mm slices, PSF %g: median peak %.0f HU, the table says %.0f", row.length, row.slice, row.psf, median, row.median)
		}
	}
}
