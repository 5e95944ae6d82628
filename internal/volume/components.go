package volume

import (
	"math/bits"
	"sort"
)

// Run is the voxels X0 <= x < X1 of row (Y, Z).
type Run struct{ X0, X1, Y, Z int }

// Runs returns the runs of m in [z][y][x] order, none touching another in its row.
func (m *Mask) Runs() []Run {
	var runs []Run
	for z := range m.Grid.Nz() {
		for y := range m.Grid.Ny {
			runs = m.appendRowRuns(runs, y, z)
		}
	}
	return runs
}

// appendRowRuns appends the runs of row (y, z) to runs.
func (m *Mask) appendRowRuns(runs []Run, y, z int) []Run {
	open := false // the last run reaches the end of the previous word
	for wx := range m.tx {
		w := m.word(wx, y, z)
		x := wx * tileSize
		if open {
			n := bits.TrailingZeros64(^w)
			runs[len(runs)-1].X1 = x + n
			if n == tileSize {
				continue
			}
			w &^= 1<<n - 1
		}
		open = false
		for w != 0 {
			lo := bits.TrailingZeros64(w)
			n := bits.TrailingZeros64(^(w >> lo))
			runs = append(runs, Run{x + lo, x + lo + n, y, z})
			if lo+n == tileSize {
				open = true
				break
			}
			w &^= 1<<(lo+n) - 1
		}
	}
	return runs
}

// Component is a connected set of voxels.
type Component struct {
	Runs   []Run // in [z][y][x] order
	Voxels int
}

// Mask returns the component as a mask on g.
func (c *Component) Mask(g *Grid) *Mask {
	m := NewMask(g)
	for _, r := range c.Runs {
		m.SetSpan(r.X0, r.X1, r.Y, r.Z)
	}
	return m
}

// Bounds is the smallest box that holds the component.
func (c *Component) Bounds() Box {
	var b Box
	for _, r := range c.Runs {
		b = b.Union(Box{Min: [3]int{r.X0, r.Y, r.Z}, Max: [3]int{r.X1, r.Y + 1, r.Z + 1}})
	}
	return b
}

// Components returns the 26-connected components of m, largest first, equal ones in [z][y][x] order
// of their first voxel. Each is a mask of its own: where thousands are expected, use ComponentRuns.
func Components(m *Mask) []*Mask {
	parts := ComponentRuns(m)
	masks := make([]*Mask, len(parts))
	for i := range parts {
		masks[i] = parts[i].Mask(m.Grid)
	}
	return masks
}

// ComponentRuns returns the 26-connected components of m as runs, in the order of Components.
func ComponentRuns(m *Mask) []Component { return components(m, true) }

// LargestComponent returns the largest 6-connected component of m; empty if m is.
func LargestComponent(m *Mask) *Mask {
	parts := components(m, false)
	if len(parts) == 0 {
		return NewMask(m.Grid)
	}
	return parts[0].Mask(m.Grid)
}

// components joins the runs of m that touch, by union-find over runs: diagonals too (26) or faces only (6).
func components(m *Mask, diagonals bool) []Component {
	b := m.Bounds()
	ny := b.Max[1] - b.Min[1]
	var runs []Run
	parent := []int32{}
	rowStart := make([]int32, ny*(b.Max[2]-b.Min[2])+1) // first run of each row [z][y] of b
	reach := 0
	if diagonals {
		reach = 1
	}
	for z := b.Min[2]; z < b.Max[2]; z++ {
		for y := b.Min[1]; y < b.Max[1]; y++ {
			row := (z-b.Min[2])*ny + y - b.Min[1]
			rowStart[row] = int32(len(runs))
			runs = m.appendRowRuns(runs, y, z)
			rowStart[row+1] = int32(len(runs))
			for i := len(parent); i < len(runs); i++ {
				parent = append(parent, int32(i))
			}
			if rowStart[row] == rowStart[row+1] {
				continue
			}
			join := func(other int) {
				joinRows(runs, parent, int(rowStart[row]), len(runs), int(rowStart[other]), int(rowStart[other+1]), reach)
			}
			if y > b.Min[1] {
				join(row - 1)
			}
			if z > b.Min[2] {
				below := row - ny
				join(below)
				if diagonals && y > b.Min[1] {
					join(below - 1)
				}
				if diagonals && y+1 < b.Max[1] {
					join(below + 1)
				}
			}
		}
	}
	return collect(runs, parent)
}

// joinRows unites the runs a0..a1 with the runs b0..b1 of another row that overlap them, widened by reach.
func joinRows(runs []Run, parent []int32, a0, a1, b0, b1, reach int) {
	for a0 < a1 && b0 < b1 {
		a, b := runs[a0], runs[b0]
		if a.X0 < b.X1+reach && b.X0 < a.X1+reach {
			ra, rb := root(parent, int32(a0)), root(parent, int32(b0))
			parent[max(ra, rb)] = min(ra, rb)
		}
		if a.X1 < b.X1 {
			a0++
		} else {
			b0++
		}
	}
}

// root finds the first run of i's component, halving the path on the way.
func root(parent []int32, i int32) int32 {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}

// collect gathers runs by root, largest component first.
func collect(runs []Run, parent []int32) []Component {
	index := make([]int32, len(runs)) // of a root: its component
	var count, voxels []int
	for i := range runs {
		r := root(parent, int32(i))
		if int(r) == i {
			index[i] = int32(len(count))
			count, voxels = append(count, 0), append(voxels, 0)
		}
		c := index[r]
		index[i] = c
		count[c]++
		voxels[c] += runs[i].X1 - runs[i].X0
	}
	parts := make([]Component, len(count))
	pool := make([]Run, len(runs))
	for c, n := range count {
		parts[c] = Component{Runs: pool[:0:n], Voxels: voxels[c]}
		pool = pool[n:]
	}
	for i, r := range runs {
		p := &parts[index[i]]
		p.Runs = append(p.Runs, r)
	}
	sort.SliceStable(parts, func(i, j int) bool { return parts[i].Voxels > parts[j].Voxels })
	return parts
}
