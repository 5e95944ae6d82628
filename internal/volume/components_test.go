package volume

import (
	"testing"

	"pgregory.net/rapid"
)

// floodComponents is Components by flood fill: steps of at most one voxel an axis, at most axes of them at once.
func floodComponents(m *Mask, axes int) map[[3]int]int {
	labels := map[[3]int]int{}
	next := 0
	m.Each(func(x, y, z int) {
		if labels[[3]int{x, y, z}] != 0 {
			return
		}
		next++
		labels[[3]int{x, y, z}] = next
		stack := [][3]int{{x, y, z}}
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for k := range 27 {
				d := [3]int{k%3 - 1, k/3%3 - 1, k/9 - 1}
				if d[0]*d[0]+d[1]*d[1]+d[2]*d[2] > axes {
					continue
				}
				q := [3]int{p[0] + d[0], p[1] + d[1], p[2] + d[2]}
				if m.Has(q[0], q[1], q[2]) && labels[q] == 0 {
					labels[q] = next
					stack = append(stack, q)
				}
			}
		}
	})
	return labels
}

func TestComponentsAgainstFloodFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(75, 5).Draw(t, "mask")
		labels := floodComponents(m, 3)
		sizes := map[int]int{}
		for _, l := range labels {
			sizes[l]++
		}
		parts := Components(m)
		if len(parts) != len(sizes) {
			t.Fatalf("%d components, want %d", len(parts), len(sizes))
		}
		all := NewMask(m.Grid)
		for i, p := range parts {
			b := p.Bounds()
			label := 0
			p.Each(func(x, y, z int) {
				l := labels[[3]int{x, y, z}]
				if label == 0 {
					label = l
				}
				if l != label || !b.Contains(x, y, z) {
					t.Fatalf("component %d holds a voxel of another", i)
				}
			})
			if p.Count() != sizes[label] {
				t.Fatalf("component %d has %d voxels, want %d", i, p.Count(), sizes[label])
			}
			if i > 0 && p.Count() > parts[i-1].Count() {
				t.Fatalf("component %d is larger than the one before", i)
			}
			all = all.Union(p)
		}
		if !all.Equal(m) {
			t.Fatal("components do not add up to the mask")
		}
		if runs := ComponentRuns(m); len(runs) > 0 && runs[0].Bounds() != parts[0].Bounds() {
			t.Fatal("bounds of runs and mask differ")
		}
	})
}

func TestLargestComponentJoinsFacesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := masks(40, 4).Draw(t, "mask")
		labels := floodComponents(m, 1)
		sizes := map[int]int{}
		largest := 0
		for _, l := range labels {
			sizes[l]++
			largest = max(largest, sizes[l])
		}
		got := LargestComponent(m)
		if got.Count() != largest {
			t.Fatalf("%d voxels, want %d", got.Count(), largest)
		}
		label := 0
		got.Each(func(x, y, z int) {
			l := labels[[3]int{x, y, z}]
			if label != 0 && l != label {
				t.Fatal("two components in one")
			}
			label = l
		})
	})
}

func BenchmarkLargestComponentBody512x512x100(b *testing.B) {
	m := thorax(NewUniformGrid(512, 512, 100, 1, 1, 3, Vec{}))
	for b.Loop() {
		LargestComponent(m)
	}
}
