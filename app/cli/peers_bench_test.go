package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// peerFolder is the CT folder that `make bench-peers` times us and the peers on.
func peerFolder(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("CLIPWRIGHT_BENCH_CT")
	if dir == "" {
		b.Skip("run by 'make bench-peers'")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		b.Fatal(err)
	}
	return abs
}

func BenchmarkPeerRead(b *testing.B) {
	dir := peerFolder(b)
	for b.Loop() {
		studies, err := dicom.Scan(context.Background(), dir, nil)
		if err != nil {
			b.Fatal(err)
		}
		series, err := dicom.ChooseCT(studies, "")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := dicom.ReadCT(context.Background(), series, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPeerDistance grows a ball of 60 cc by 15 mm on 512 x 512 x 100 voxels of 1.27 x 1.27 mm, slices of 3 and of 5 mm.
func BenchmarkPeerDistance(b *testing.B) { benchmarkMargin(b, segment.UniformMargin(15)) }

// BenchmarkPeerSixMargins does so by six margins that differ.
func BenchmarkPeerSixMargins(b *testing.B) {
	benchmarkMargin(b, segment.Margin{R: 15, L: 14, A: 13, P: 15, S: 12, I: 15})
}

func benchmarkMargin(b *testing.B, margin segment.Margin) {
	peerFolder(b)
	for _, sliceMM := range []float64{3, 5} {
		g := volume.NewUniformGrid(512, 512, 100, 1.27, 1.27, sliceMM, volume.Vec{})
		centre := g.ToPatient(256, 256, 50)
		const radiusMM = 24.3
		ball := volume.MaskWhere(g, func(x, y, z int) bool {
			return g.ToPatient(float64(x), float64(y), float64(z)).Distance(centre) <= radiusMM
		})
		b.Run(fmt.Sprintf("%gmm", sliceMM), func(b *testing.B) {
			used := cputime.Used()
			for b.Loop() {
				if segment.Expand(ball, margin).Empty() {
					b.Fatal("nothing grown")
				}
			}
			b.ReportMetric(float64((cputime.Used()-used).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}
