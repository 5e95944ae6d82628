package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// seed is where one clip grows from.
type seed struct {
	peak  int32 // pixel
	owner int32
	basin int32 // -1: on the slope of something else; it grows in the voxels its component marked
}

// harvest makes a clip of each peak that belongs to a component, and of each component without one.
func (f *flood) harvest() []refined {
	has := make([]bool, len(f.components))
	var seeds []seed
	for b := range f.basins {
		if f.basins[b].parent == int32(b) && f.basins[b].owner != foreign && f.isClip(int32(b)) {
			seeds = append(seeds, seed{f.basins[b].peak, f.basins[b].owner, int32(b)})
			has[f.basins[b].owner] = true
		}
	}
	first := make([]int32, len(f.components)) // brightest voxel in the footprint
	for i := range first {
		first[i] = -1
	}
	for i := len(f.voxels) - 1; i >= 0; i-- {
		if f.voxels[i].mm <= closeMM {
			first[f.voxels[i].owner] = int32(i)
		}
	}
	for owner, ok := range has {
		if !ok && first[owner] >= 0 && !f.absorbed(first[owner]) {
			seeds = append(seeds, seed{first[owner], int32(owner), -1})
		}
	}
	taken := make([]bool, len(f.voxels))
	var clips []refined
	for i := len(seeds) - 1; i >= 0; i-- { // those on a slope first: their voxels are few
		clips = append(clips, f.grow(seeds[i], taken))
	}
	f.shareMarked(seeds, clips)
	return clips
}

// isClip tells whether basin b, of a component, is a clip and not bone beside it: its peak is close to what the
// network marked, or no other peak of the component is closer.
func (f *flood) isClip(b int32) bool {
	peak := f.voxels[f.basins[b].peak]
	if peak.mm <= closeMM {
		return true
	}
	for c := range f.basins {
		if f.basins[c].parent == int32(c) && f.basins[c].owner == peak.owner && int32(c) != b {
			other := f.voxels[f.basins[c].peak]
			if other.mm < peak.mm || other.mm == peak.mm && f.basins[c].peak < f.basins[b].peak {
				return false
			}
		}
	}
	return true
}

// absorbed tells whether voxel i lies in the basin of another component so near its peak that both are one clip.
func (f *flood) absorbed(i int32) bool {
	b := f.basins[f.root(f.voxels[i].basin)]
	return b.owner != foreign && f.position(f.voxels[b.peak]).Distance(f.position(f.voxels[i])) < secondMM
}

// grow collects the clip of s: its voxels connected to the peak above the half level, none taken before.
func (f *flood) grow(s seed, taken []bool) refined {
	part := f.parts[s.owner]
	peak := f.voxels[s.peak]
	contrast := float64(peak.hu) - part.backgroundHU
	c := refined{peakHU: peak.hu, backgroundHU: part.backgroundHU}
	voxels, touches := f.connected(s, part.backgroundHU+contrast/2, taken)
	c.touches = touches
	voxels, c.capped = f.cap(s, voxels, taken)
	for _, i := range voxels {
		taken[i] = true
		p := f.voxels[i]
		c.voxels = append(c.voxels, [3]int{p.x, p.y, p.z})
	}
	level := part.backgroundHU + centreLimit*contrast
	wide := voxels
	if !c.capped {
		wide, _ = f.connected(s, level, nil)
	}
	c.centre = f.centroid(wide, level)
	return c
}

// connected returns the pixels of s at level or above that are 26-connected to its peak, the peak first,
// and whether something else at that level or above touches them.
func (f *flood) connected(s seed, level float64, taken []bool) (voxels []int32, touches bool) {
	belongs := func(i int32) bool {
		if taken != nil && taken[i] {
			return false
		}
		p := &f.voxels[i]
		if s.basin < 0 {
			return p.owner == s.owner && p.mm == 0
		}
		return f.root(p.basin) == s.basin
	}
	seen := map[int32]bool{s.peak: true}
	voxels = []int32{s.peak}
	for k := 0; k < len(voxels); k++ {
		p := &f.voxels[voxels[k]]
		f.neighbours(p, func(j int32) {
			if seen[j] || float64(f.voxels[j].hu) < level {
				return
			}
			if belongs(j) {
				seen[j] = true
				voxels = append(voxels, j)
			} else if b := f.voxels[j].basin; f.basins[f.root(b)].owner == foreign {
				touches = true
			}
		})
		touches = touches || f.stopped(p, level)
	}
	return voxels, touches
}

// stopped tells whether a neighbour of p at level or above does not take part: the clip's reach ended there.
func (f *flood) stopped(p *pixel, level float64) bool {
	g := f.v.Grid
	for dz := -1; dz <= 1; dz++ {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				x, y, z := p.x+dx, p.y+dy, p.z+dz
				if g.Contains(x, y, z) && float64(f.v.At(x, y, z)) >= level {
					if _, ok := f.at[g.Index(x, y, z)]; !ok {
						return true
					}
				}
			}
		}
	}
	return false
}

// cap raises the level until the clip is no larger than mostMM3, keeping what is connected to the peak.
func (f *flood) cap(s seed, voxels []int32, taken []bool) ([]int32, bool) {
	mm3 := 0.0
	for _, i := range voxels {
		mm3 += f.v.Grid.VoxelVolume(f.voxels[i].z)
	}
	if mm3 <= mostMM3 {
		return voxels, false
	}
	// The level above which the brightest voxels together just fit: pixels are in order of descending HU.
	in := make(map[int32]bool, len(voxels))
	last := int32(0)
	for _, i := range voxels {
		in[i] = true
		last = max(last, i)
	}
	mm3 = 0
	level := float64(f.voxels[s.peak].hu)
	for i := s.peak; i <= last; i++ {
		if !in[i] {
			continue
		}
		if mm3 += f.v.Grid.VoxelVolume(f.voxels[i].z); mm3 > mostMM3 {
			break
		}
		level = float64(f.voxels[i].hu)
	}
	voxels, _ = f.connected(s, level, taken)
	return voxels, true
}

// centroid is the mean position of voxels weighted by volume times HU above level; LPS mm.
func (f *flood) centroid(voxels []int32, level float64) volume.Vec {
	var sum volume.Vec
	total := 0.0
	for _, i := range voxels {
		p := f.voxels[i]
		w := max(float64(p.hu)-level, 1e-3) * f.v.Grid.VoxelVolume(p.z)
		sum = sum.Add(f.position(p).Scale(w))
		total += w
	}
	return sum.Scale(1 / total)
}

// shareMarked gives each clip the network's voxels of its component that are nearest to it, and their logits.
func (f *flood) shareMarked(seeds []seed, clips []refined) {
	of := make([][]int, len(f.components)) // clips of each component; clips are in reverse order of seeds
	for i := range clips {
		owner := seeds[len(seeds)-1-i].owner
		of[owner] = append(of[owner], i)
	}
	for owner, part := range f.components {
		for k, p := range part.voxels {
			at := f.network.Grid.ToPatient(float64(p[0]), float64(p[1]), float64(p[2]))
			nearest, best := -1, math.Inf(1)
			for _, i := range of[owner] {
				if d := clips[i].centre.Distance(at); d < best {
					nearest, best = i, d
				}
			}
			if nearest >= 0 {
				clips[nearest].marked = append(clips[nearest].marked, p)
				clips[nearest].logits = append(clips[nearest].logits, part.logits[k])
			}
		}
	}
	for i := range clips {
		if len(clips[i].logits) == 0 { // a peak beside voxels that are all nearer to its twin
			clips[i].logits = f.components[seeds[len(seeds)-1-i].owner].logits
		}
	}
}
