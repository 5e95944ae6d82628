package segment

import (
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// Pair is a true clip and the found one that hits it.
type Pair struct {
	Truth, Found int // indices into what Match was given
	DistanceMM   float64
}

// Matching says what became of every true and every found clip.
type Matching struct {
	Pairs   []Pair // by Truth
	Missed  []int  // truths that nothing hits
	False   []int  // found clips that hit neither a truth nor an ignored one
	Ignored []int  // found clips that hit an ignored one: neither hit nor false
}

// Match pairs true with found centres, LPS mm, one to one, no farther apart than radiusMM. Of all such
// pairings it takes one with the most pairs, and among those the least total distance. The centres to
// ignore (axillary clips) take part like truths, but what they are paired with is only set aside.
func Match(truth, found, ignore []volume.Vec, radiusMM float64) Matching {
	all := append(append([]volume.Vec{}, truth...), ignore...)
	column := assign(all, found, radiusMM)
	var m Matching
	taken := make([]bool, len(found))
	for i, j := range column {
		switch {
		case j < 0 && i < len(truth):
			m.Missed = append(m.Missed, i)
		case j < 0:
		case i < len(truth):
			m.Pairs = append(m.Pairs, Pair{i, j, all[i].Distance(found[j])})
			taken[j] = true
		default:
			m.Ignored = append(m.Ignored, j)
			taken[j] = true
		}
	}
	slices.Sort(m.Ignored)
	for j := range found {
		if !taken[j] {
			m.False = append(m.False, j)
		}
	}
	return m
}

// assign returns for each row point the index of its column point, or -1: the Hungarian method with
// potentials (Kuhn 1955; Jonker and Volgenant 1987) over the columns and one dummy column a row, whose
// cost exceeds that of any set of real pairs.
func assign(rows, columns []volume.Vec, radiusMM float64) []int {
	n, m := len(rows), len(columns)+len(rows)
	unpaired := float64(n+1) * (radiusMM + 1)
	cost := func(i, j int) float64 {
		if j >= len(columns) {
			return unpaired
		}
		if d := rows[i].Distance(columns[j]); d <= radiusMM {
			return d
		}
		return 3 * unpaired
	}
	// Index 0 is a sentinel in every array; rows and columns count from 1.
	rowPotential, columnPotential := make([]float64, n+1), make([]float64, m+1)
	rowOf, way := make([]int, m+1), make([]int, m+1)
	least, used := make([]float64, m+1), make([]bool, m+1)
	for i := 1; i <= n; i++ {
		rowOf[0] = i
		at := 0
		for j := range least {
			least[j], used[j] = math.Inf(1), false
		}
		for rowOf[at] != 0 { // grow the alternating tree until a free column is reached
			used[at] = true
			row, next, delta := rowOf[at], 0, math.Inf(1)
			for j := 1; j <= m; j++ {
				if used[j] {
					continue
				}
				if c := cost(row-1, j-1) - rowPotential[row] - columnPotential[j]; c < least[j] {
					least[j], way[j] = c, at
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := range used {
				if used[j] {
					rowPotential[rowOf[j]] += delta
					columnPotential[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			at = next
		}
		for at != 0 {
			rowOf[at] = rowOf[way[at]]
			at = way[at]
		}
	}
	result := make([]int, n)
	for i := range result {
		result[i] = -1
	}
	for j := 1; j <= len(columns); j++ {
		if i := rowOf[j]; i > 0 && rows[i-1].Distance(columns[j-1]) <= radiusMM {
			result[i-1] = j - 1
		}
	}
	return result
}
