package segment

import (
	"math"

	"github.com/clipwright/clipwright/internal/volume"
)

// nearest tells, near the voxels of a set of components, which component is nearest. Distances are between
// centres of network voxels.
type nearest struct {
	grid    *volume.Grid
	box     volume.Box
	owner   []int32 // [z][y][x] of box; foreign where none is near
	squared []uint8 // in voxels, 255 where none is near
}

// newNearest prepares look-ups up to reachMM from the voxels of parts.
func newNearest(g *volume.Grid, parts []component, reachMM float64) *nearest {
	reach := int(reachMM / g.SpacingX)
	n := &nearest{grid: g}
	for _, p := range parts {
		for _, v := range p.voxels {
			n.box = n.box.Union(volume.Box{Min: v, Max: [3]int{v[0] + 1, v[1] + 1, v[2] + 1}})
		}
	}
	if n.box.Empty() {
		return n
	}
	n.box = n.box.Grow(reach)
	size := n.box.Size()
	n.owner = make([]int32, size[0]*size[1]*size[2])
	n.squared = make([]uint8, len(n.owner))
	for i := range n.owner {
		n.owner[i], n.squared[i] = foreign, 255
	}
	for owner, p := range parts {
		for _, v := range p.voxels {
			for dz := -reach; dz <= reach; dz++ {
				for dy := -reach; dy <= reach; dy++ {
					for dx := -reach; dx <= reach; dx++ {
						d := dx*dx + dy*dy + dz*dz
						if d > reach*reach {
							continue
						}
						i := n.index(v[0]+dx, v[1]+dy, v[2]+dz)
						if uint8(d) < n.squared[i] {
							n.owner[i], n.squared[i] = int32(owner), uint8(d)
						}
					}
				}
			}
		}
	}
	return n
}

func (n *nearest) index(x, y, z int) int {
	s := n.box.Size()
	return ((z-n.box.Min[2])*s[1]+y-n.box.Min[1])*s[0] + x - n.box.Min[0]
}

// lookup returns the component nearest to the network voxel that holds p (LPS mm) and its distance from that
// voxel, 0 when it is one of its own; foreign when none is within reach.
func (n *nearest) lookup(p volume.Vec) (owner int32, mm float64) {
	x, y, z := n.grid.ToVoxel(p)
	i, j, k := int(math.Floor(x+0.5)), int(math.Floor(y+0.5)), int(math.Floor(z+0.5))
	if !n.box.Contains(i, j, k) {
		return foreign, math.Inf(1)
	}
	at := n.index(i, j, k)
	if n.owner[at] == foreign {
		return foreign, math.Inf(1)
	}
	return n.owner[at], math.Sqrt(float64(n.squared[at])) * n.grid.SpacingX
}
