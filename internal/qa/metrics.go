package qa

import (
	"fmt"
	"math"
	"strings"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Metrics compare one pair of structures on the grid of the CT. Definitions says what each is.
type Metrics struct {
	RefCC         Number     `json:"ref_cc"`
	TestCC        Number     `json:"test_cc"`
	VolumeRatio   Number     `json:"volume_ratio"`
	DSC           Number     `json:"dsc"`
	HDMM          Number     `json:"hd_mm"`
	HD95MM        Number     `json:"hd95_mm"`
	ASDMM         Number     `json:"asd_mm"`
	SurfaceDSC    Number     `json:"surface_dsc"`
	AddedPathMM   Number     `json:"added_path_mm"`
	OffsetMM      volume.Vec `json:"offset_mm"`       // centroid of the test less that of the reference, LPS mm
	OffsetText    string     `json:"offset"`          // the same in letters
	OffsetTotalMM Number     `json:"offset_total_mm"` // its length
	WorstMM       volume.Vec `json:"worst_place_mm"`  // where HD is reached, LPS mm; the origin when HD does not exist
	Worst         []Slice    `json:"worst_slices"`    // slices that differ, the worst first
	HistogramMM   []int      `json:"histogram"`       // surface points by distance: bin i holds i .. i+1 half millimetres, the last all beyond
}

// Slice is how a pair differs on one slice of the CT.
type Slice struct {
	Index       int        `json:"index"` // of the CT, from 0
	DSC         float64    `json:"dsc"`
	LargestMM   float64    `json:"largest_mm"` // largest distance of a surface point of this slice to the other surface
	AddedPathMM float64    `json:"added_path_mm"`
	PlaceMM     volume.Vec `json:"place_mm"` // where LargestMM is reached, LPS mm
}

// Tolerances are what metrics depend on beside the masks. The zero value counts only what is exactly alike.
type Tolerances struct {
	SurfaceMM float64 // of the surface DSC
	PathMM    float64 // of the added path length
}

// Definition is what a figure means, in the words that stand beside it.
type Definition struct{ Key, Name, Unit, Text string }

// Definitions lists the figures of a pair in the order of tables. Centres between implementations differ by up to 50 %
// in DSC and HD and 200 % in mean distance, so none is printed without its definition.
func Definitions(t Tolerances) []Definition {
	return []Definition{
		{"ref_cc", "Reference", "cc", "volume of the reference: voxels of the CT whose centre lies inside its contours (even-odd on each slice), times the voxel volume"},
		{"test_cc", "Test", "cc", "volume of the test, as the reference's"},
		{"volume_ratio", "Volume ratio", "", "test volume / reference volume"},
		{"dsc", "DSC", "", "Dice similarity coefficient: twice the volume common to both over the sum of their volumes; 1 when both are empty"},
		{"hd_mm", "HD", "mm", "Hausdorff distance: the largest distance from a surface voxel of one (a voxel with one of its six neighbours outside) to the nearest of the other, both ways, between voxel centres"},
		{"hd95_mm", "HD95", "mm", "the larger of the two directed 95th percentiles of the distances of HD, interpolated linearly"},
		{"asd_mm", "ASD", "mm", "average surface distance: the sum of the distances of HD both ways over the number of surface voxels of both (equation 3 of the paper)"},
		{"surface_dsc", fmt.Sprintf("Surface DSC %g mm", t.SurfaceMM), "", fmt.Sprintf("share of both surfaces, by area of surface elements on the lattice between voxel centres, that lies within %g mm of the other", t.SurfaceMM)},
		{"added_path_mm", "Added path length", "mm", fmt.Sprintf("outline of the reference that the test lacks: outline pixels of the reference (with one of their four neighbours on the slice outside) farther than %g mm on the slice from every outline pixel of the test, times the pixel width (mean of columns and rows)", t.PathMM)},
		{"offset_total_mm", "Centroid offset", "mm", "length of the way from the centroid of the reference's voxels to the test's; letters give the patient's directions"},
	}
}

// Value returns the figure of that key in Definitions; false for an unknown one.
func (m *Metrics) Value(key string) (Number, bool) {
	switch key {
	case "ref_cc":
		return m.RefCC, true
	case "test_cc":
		return m.TestCC, true
	case "volume_ratio":
		return m.VolumeRatio, true
	case "dsc":
		return m.DSC, true
	case "hd_mm":
		return m.HDMM, true
	case "hd95_mm":
		return m.HD95MM, true
	case "asd_mm":
		return m.ASDMM, true
	case "surface_dsc":
		return m.SurfaceDSC, true
	case "added_path_mm":
		return m.AddedPathMM, true
	case "offset_total_mm":
		return m.OffsetTotalMM, true
	}
	return missing(), false
}

// Measure compares test with ref, masks on the same grid.
func Measure(ref, test *volume.Mask, t Tolerances) Metrics {
	m := Metrics{
		RefCC: Number(ref.VolumeMM3() / 1000), TestCC: Number(test.VolumeMM3() / 1000),
		DSC: Number(segment.DSC(ref, test)), VolumeRatio: missing(), HDMM: missing(), HD95MM: missing(), ASDMM: missing(),
		SurfaceDSC: missing(), AddedPathMM: missing(), OffsetTotalMM: missing(),
	}
	if ref.Empty() {
		return m
	}
	m.VolumeRatio = m.TestCC / m.RefCC
	if ref.Equal(test) {
		m.HDMM, m.HD95MM, m.ASDMM, m.SurfaceDSC, m.AddedPathMM, m.OffsetTotalMM = 0, 0, 0, 1, 0, 0
		m.OffsetText = Letters(volume.Vec{})
		return m
	}
	path := addedPath(ref, test, t.PathMM)
	total := 0.0
	for _, p := range path {
		total += p
	}
	m.AddedPathMM = Number(total)
	if test.Empty() {
		return m
	}
	from, _ := Centroid(ref)
	to, _ := Centroid(test)
	m.OffsetMM = to.Sub(from)
	m.OffsetTotalMM, m.OffsetText = Number(m.OffsetMM.Norm()), Letters(m.OffsetMM)
	m.SurfaceDSC = Number(surfaceDSC(ref, test, t.SurfaceMM))
	s, worst := walkSurfaces(ref, test, path)
	m.HDMM, m.HD95MM, m.ASDMM = Number(s.HDMM()), Number(s.HD95MM()), Number(s.ASDMM())
	m.HistogramMM = histogram(s)
	m.Worst = worst
	if len(m.Worst) > 0 {
		m.WorstMM = m.Worst[0].PlaceMM
	}
	return m
}

// binsMM and bins shape the histogram of surface distances.
const (
	binMM = 0.5
	bins  = 41
)

func histogram(s segment.Surfaces) []int {
	counts := make([]int, bins)
	for _, list := range [][]float64{s.AB, s.BA} {
		for _, d := range list {
			counts[min(int(d/binMM), bins-1)]++
		}
	}
	return counts
}

// Centroid is the mean of the voxels of m by volume, LPS mm; false when m is empty.
func Centroid(m *volume.Mask) (volume.Vec, bool) {
	var sum [3]float64 // voxel x and y, mm along the normal
	weight := 0.0
	g := m.Grid
	for _, r := range m.Runs() {
		w := g.SliceThickness(r.Z)
		n := float64(r.X1 - r.X0)
		sum[0] += w * n * float64(r.X0+r.X1-1) / 2
		sum[1] += w * n * float64(r.Y)
		sum[2] += w * n * g.SliceMM[r.Z]
		weight += w * n
	}
	if weight == 0 {
		return volume.Vec{}, false
	}
	return g.ToPatient(sum[0]/weight, sum[1]/weight, 0).Add(g.Normal().Scale(sum[2] / weight)), true
}

// Letters writes an offset in the patient's directions: "L 2.1 P 0.3 S 1.0 mm".
func Letters(v volume.Vec) string {
	var b strings.Builder
	for i, pair := range [3]string{"RL", "AP", "IS"} {
		letter := pair[1]
		if v[i] < 0 {
			letter = pair[0]
		}
		fmt.Fprintf(&b, "%c %.1f ", letter, math.Abs(v[i]))
	}
	return b.String() + "mm"
}
