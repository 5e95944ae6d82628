package segment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// SeromaName is the structure of the fluid in the cavity.
const SeromaName = "Seroma"

const (
	seromaLowHU, seromaHighHU = 10, 25 // serous fluid
	leastSlackHU, mostSlackHU = 4, 9   // by which noise widens them
	seromaReachMM             = 15     // beyond the clips' hull: 8 % of its edge lies more than 10 mm outside (Yang 2010)
	seromaSkinMM              = 4
	metalHU, metalMM          = 150, 4 // clips and what they blur
	seromaBallMM              = 3      // HU are means over this radius
	seromaOpenMM              = 2      // rims between fat and gland pass through the window and are thinner than twice this
	seromaRimLowHU            = -45    // half way from fluid to fat
	seromaRimHighHU           = 45
	seromaLeastCC             = 0.8
	seromaLeakShare           = 0.12
)

// ErrNoSeroma says that nothing in the clips' hull looks like fluid.
var ErrNoSeroma = errors.New("no seroma found: no region of 0.8 cc or more between the clips has the HU of fluid; a cavity that has closed shows none")

// Seroma is a proposal for the fluid between the clips: a person accepts it or not.
type Seroma struct {
	Mask     *volume.Mask
	MeanHU   float64
	Warnings []string
}

// FindSeroma grows a region of 10-25 HU, wider by the noise of the images, from within the hull of the kept clips of one side.
// It looks no farther than 15 mm beyond the hull, not at the skin, the chest wall or metal. chestwall may be nil.
func FindSeroma(ctx context.Context, v *volume.Volume, external, chestwall *volume.Mask, clips []Clip) (*Seroma, error) {
	b := newBed(v.Grid, clips)
	if b == nil {
		return nil, errors.New("no clip is kept: there is nothing to grow a seroma from")
	}
	crop := Expand(b.mask, UniformMargin(seromaReachMM+4*seromaBallMM)).Bounds()
	part := cropVolume(v, crop)
	cut := func(m *volume.Mask) *volume.Mask {
		return volume.MaskFromDense(part.Grid, part.Grid.Bounds(), m.Dense(crop, nil))
	}
	c, err := shrink(ctx, part)
	if err != nil {
		return nil, err
	}
	limit := volume.Dilate(c.blocks(cut(b.mask)), seromaReachMM).Intersect(volume.Erode(c.blocks(cut(external)), seromaSkinMM))
	if chestwall != nil {
		limit = limit.Subtract(c.blocks(cut(chestwall)))
	}
	metal, err := c.atLeast(ctx, metalHU)
	if err != nil {
		return nil, err
	}
	limit = limit.Subtract(volume.Dilate(metal, metalMM))
	slack := min(max(c.noiseHU(limit)/3, leastSlackHU), mostSlackHU)
	means := c.ballMeans(seromaBallMM, limit)
	between := func(hu []float32, low, high float64) *volume.Mask {
		return volume.MaskWhere(c.grid, func(x, y, z int) bool {
			h := float64(hu[c.grid.Index(x, y, z)])
			return h >= low && h <= high
		}).Intersect(limit)
	}
	core := volume.Open(between(means, seromaLowHU-slack, seromaHighHU+slack), seromaOpenMM)
	core = touching(core, c.blocks(cut(b.mask)))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// The means near the edge take in what is beyond: the rim comes back by its own HU.
	rim := volume.Dilate(core, seromaBallMM).Intersect(between(c.float(), seromaRimLowHU, seromaRimHighHU))
	grown := fillSmallHoles(volume.Close(core.Union(rim), seromaOpenMM), holeMostCC)
	grown = volume.LargestComponent(volume.Open(grown, seromaOpenMM))
	if core.Empty() || grown.VolumeMM3() < 1000*seromaLeastCC {
		return nil, ErrNoSeroma
	}
	s := &Seroma{MeanHU: c.meanHU(grown.Runs())}
	s.Mask = Smooth(c.source1(grown, v.Grid, crop), seromaOpenMM/2.0).Intersect(external)
	if edge := grown.Subtract(volume.Erode(limit.Union(volume.Dilate(metal, metalMM)), c.grid.SpacingX)); edge.VolumeMM3() > seromaLeakShare*grown.VolumeMM3() {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the seroma runs to the edge of where it was sought, %d mm beyond the clips: it may have leaked into gland or muscle", seromaReachMM))
	}
	s.Warnings = append(s.Warnings, disagreement(b, newSolid(s.Mask, s.Mask.Bounds()), s.Mask, clips)...)
	return s, nil
}

// cropVolume is v within b.
func cropVolume(v *volume.Volume, b volume.Box) *volume.Volume {
	out := volume.NewVolume(v.Grid.Crop(b))
	s := b.Size()
	for z := range s[2] {
		for y := range s[1] {
			copy(out.HU[(z*s[1]+y)*s[0]:][:s[0]], v.HU[v.Grid.Index(b.Min[0], b.Min[1]+y, b.Min[2]+z):])
		}
	}
	return out
}

// source1 is a coarse mask of a crop on the whole source grid g, block by block.
func (c *coarse) source1(m *volume.Mask, g *volume.Grid, crop volume.Box) *volume.Mask {
	out := volume.NewMask(g)
	for _, r := range m.Runs() {
		for z := r.Z * c.fz; z < min((r.Z+1)*c.fz, c.source.Nz()); z++ {
			for y := r.Y * c.fy; y < min((r.Y+1)*c.fy, c.source.Ny); y++ {
				out.SetSpan(crop.Min[0]+r.X0*c.fx, crop.Min[0]+min(r.X1*c.fx, c.source.Nx), crop.Min[1]+y, crop.Min[2]+z)
			}
		}
	}
	return out
}

func (c *coarse) float() []float32 {
	f := make([]float32, len(c.hu))
	for i, hu := range c.hu {
		f[i] = float32(hu)
	}
	return f
}

// noiseHU estimates the noise of the coarse voxels of m: the median difference of soft-tissue neighbours, as normal noise would
// give it.
func (c *coarse) noiseHU(m *volume.Mask) float64 {
	var differences []float64
	m.Each(func(x, y, z int) {
		if x+1 >= c.grid.Nx {
			return
		}
		a, b := float64(c.hu[c.grid.Index(x, y, z)]), float64(c.hu[c.grid.Index(x+1, y, z)])
		if math.Abs(a) < 150 && math.Abs(b) < 150 {
			differences = append(differences, math.Abs(a-b))
		}
	})
	if len(differences) == 0 {
		return 0
	}
	slices.Sort(differences)
	return differences[len(differences)/2] / (0.6745 * math.Sqrt2)
}

// ballMeans is the mean HU of the coarse voxels of m within radiusMM of each voxel of m, [z][y][x]; others are -1000.
func (c *coarse) ballMeans(radiusMM float64, m *volume.Mask) []float32 {
	g := c.grid
	means := make([]float32, len(c.hu))
	for i := range means {
		means[i] = -1000
	}
	dense := m.Dense(g.Bounds(), nil)
	rx, ry := int(radiusMM/g.SpacingX), int(radiusMM/g.SpacingY)
	inParallel(g.Nz(), func() func(int) {
		return func(z int) {
			for y := range g.Ny {
				for x := range g.Nx {
					if dense[g.Index(x, y, z)] == 0 {
						continue
					}
					sum, n := 0, 0
					for k := range g.Nz() {
						dz := g.SliceMM[k] - g.SliceMM[z]
						if math.Abs(dz) > radiusMM {
							continue
						}
						for j := max(y-ry, 0); j <= min(y+ry, g.Ny-1); j++ {
							for i := max(x-rx, 0); i <= min(x+rx, g.Nx-1); i++ {
								dx, dy := float64(i-x)*g.SpacingX, float64(j-y)*g.SpacingY
								if at := g.Index(i, j, k); dense[at] != 0 && dx*dx+dy*dy+dz*dz <= radiusMM*radiusMM {
									sum += int(c.hu[at])
									n++
								}
							}
						}
					}
					means[g.Index(x, y, z)] = float32(sum) / float32(n)
				}
			}
		}
	})
	return means
}

// touching is the components of m that share a voxel with o.
func touching(m, o *volume.Mask) *volume.Mask {
	out := volume.NewMask(m.Grid)
	for _, part := range volume.ComponentRuns(m) {
		if k := part.Mask(m.Grid); !k.Intersect(o).Empty() {
			out = out.Union(k)
		}
	}
	return out
}

const (
	seromaFarMM    = 15   // a clip farther from the seroma than this is not of its wall
	seromaOutShare = 0.25 // of the seroma, more than 10 mm beyond the clips' hull
)

// disagreement warns where clips and seroma do not belong together: a clip lies far from the fluid, or fluid far from the clips.
func disagreement(b *bed, s *solid, seroma *volume.Mask, clips []Clip) []string {
	var warnings []string
	for _, c := range clips {
		if !c.Kept {
			continue
		}
		if d := -s.depthMM(c.CentreMM); d > seromaFarMM {
			warnings = append(warnings, fmt.Sprintf("clips and seroma disagree: clip %d is %.0f mm from the seroma", c.ID, d))
		}
	}
	out := seroma.Subtract(b.body.dilate(newReach(seroma.Grid, UniformMargin(10)))).VolumeMM3() / seroma.VolumeMM3()
	if out > seromaOutShare {
		warnings = append(warnings, fmt.Sprintf("clips and seroma disagree: %.0f %% of the seroma lies more than 10 mm outside the clips' hull", 100*out))
	}
	return warnings
}
