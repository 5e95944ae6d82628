package volume

// Box is a half-open box of voxels: Min is inside, Max is the first outside, each x, y, z.
type Box struct{ Min, Max [3]int }

// Empty tells whether b holds no voxel.
func (b Box) Empty() bool {
	return b.Min[0] >= b.Max[0] || b.Min[1] >= b.Max[1] || b.Min[2] >= b.Max[2]
}

// Size is the extent of b along x, y, z in voxels.
func (b Box) Size() [3]int {
	return [3]int{b.Max[0] - b.Min[0], b.Max[1] - b.Min[1], b.Max[2] - b.Min[2]}
}

// Contains tells whether voxel (x, y, z) is in b.
func (b Box) Contains(x, y, z int) bool {
	return x >= b.Min[0] && y >= b.Min[1] && z >= b.Min[2] && x < b.Max[0] && y < b.Max[1] && z < b.Max[2]
}

// Intersect returns the voxels that b and c share; the zero Box if none.
func (b Box) Intersect(c Box) Box {
	for i := range 3 {
		b.Min[i], b.Max[i] = max(b.Min[i], c.Min[i]), min(b.Max[i], c.Max[i])
	}
	if b.Empty() {
		return Box{}
	}
	return b
}

// Union returns the smallest box that holds b and c; an empty box adds nothing.
func (b Box) Union(c Box) Box {
	if b.Empty() {
		return c
	}
	if c.Empty() {
		return b
	}
	for i := range 3 {
		b.Min[i], b.Max[i] = min(b.Min[i], c.Min[i]), max(b.Max[i], c.Max[i])
	}
	return b
}

// Grow returns b widened by n voxels on every side.
func (b Box) Grow(n int) Box {
	for i := range 3 {
		b.Min[i], b.Max[i] = b.Min[i]-n, b.Max[i]+n
	}
	return b
}
