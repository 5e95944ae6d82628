package dicom

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/cputime"
	"github.com/clipwright/clipwright/internal/volume"
)

// reportBusy adds the processor time of an operation, which other work on the machine does not change.
func reportBusy(b *testing.B, begun time.Duration) {
	b.ReportMetric(float64((cputime.Used()-begun).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// BenchmarkReadCT reads 100 native slices of 512 x 512; the bar is 80 ms on two processors.
func BenchmarkReadCT(b *testing.B) {
	dir, _, _ := writeTestCT(b, volume.NewUniformGrid(512, 512, 100, 1, 1, 3, volume.Vec{}))
	studies, err := Scan(context.Background(), dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(100 * 512 * 512 * 2)
	begun := cputime.Used()
	for b.Loop() {
		if _, err := ReadCT(context.Background(), studies[0].Series[0], nil); err != nil {
			b.Fatal(err)
		}
	}
	reportBusy(b, begun)
}

// BenchmarkScan reads the headers of 5,000 files; the bar is 1 s.
func BenchmarkScan(b *testing.B) {
	dir, _, _ := writeTestCT(b, volume.NewUniformGrid(64, 64, 5000, 1, 1, 3, volume.Vec{}))
	begun := cputime.Used()
	for b.Loop() {
		if _, err := Scan(context.Background(), dir, nil); err != nil {
			b.Fatal(err)
		}
	}
	reportBusy(b, begun)
}

// BenchmarkWriteCT writes 100 slices of 512 x 512.
func BenchmarkWriteCT(b *testing.B) {
	v := testVolume(volume.NewUniformGrid(512, 512, 100, 1, 1, 3, volume.Vec{}))
	root := b.TempDir()
	n := 0
	for b.Loop() {
		n++
		if _, err := WriteCT(context.Background(), filepath.Join(root, fmt.Sprint(n)), v, CTMeta{}); err != nil {
			b.Fatal(err)
		}
	}
}

// manyContours is a structure of n contours with 200 points each.
func manyContours(g *volume.Grid, n int) Structure {
	s := Structure{Name: "Many", Type: "CTV", Algorithm: "AUTOMATIC"}
	for i := range n {
		c := volume.Contour{Points: make([]volume.Vec, 200)}
		for k := range c.Points {
			a := 2 * math.Pi * float64(k) / 200
			c.Points[k] = g.ToPatient(24+10*math.Cos(a), 20+10*math.Sin(a), float64(i%g.Nz()))
		}
		s.Contours = append(s.Contours, c)
	}
	return s
}

// BenchmarkWriteStructureSet writes and verifies 500 contours of 200 points; the bar is 300 ms.
func BenchmarkWriteStructureSet(b *testing.B) {
	g := testGrid(100)
	_, _, ct := writeTestCT(b, g)
	set := &StructureSet{Structures: []Structure{manyContours(g, 500)}}
	path := filepath.Join(b.TempDir(), "rs.dcm")
	begun := cputime.Used()
	for b.Loop() {
		if err := WriteStructureSet(path, set, ct, true); err != nil {
			b.Fatal(err)
		}
	}
	reportBusy(b, begun)
}

func BenchmarkReadStructureSet(b *testing.B) {
	g := testGrid(100)
	_, _, ct := writeTestCT(b, g)
	path := filepath.Join(b.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, &StructureSet{Structures: []Structure{manyContours(g, 500)}}, ct, false); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ReadStructureSet(path, nil); err != nil {
			b.Fatal(err)
		}
	}
}
