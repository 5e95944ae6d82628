package phantom

import (
	"context"
	"math"
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
)

// Range of a 12-bit CT.
const (
	lowestHU   = -1024
	highestHU  = 3071
	extendedHU = 32767
)

// render turns the plan into voxels of its region; base is on t's grid.
func render(ctx context.Context, seed int64, t *terrain, base []int16, p *plan, m *model) (*Case, error) {
	g := t.g.Crop(p.region)
	var patches []*patch
	for _, s := range p.solids {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if q := splat(g, s, p.psfMM); q != nil {
			q.weight = append([]float32(nil), q.fraction...)
			patches = append(patches, q)
		}
	}
	out := volume.NewVolume(g)
	type scratch struct {
		hu, under []float32
		noise     noise
		streaks   streaks
	}
	n := g.Nx * g.Ny
	err := parallel(ctx, g.Nz(),
		func() *scratch { return &scratch{hu: make([]float32, n), under: make([]float32, n)} },
		func(s *scratch, z int) error {
			for y := range g.Ny {
				from := t.g.Index(p.region.Min[0], p.region.Min[1]+y, p.region.Min[2]+z)
				for x, v := range base[from : from+g.Nx] {
					s.hu[y*g.Nx+x] = float32(v)
				}
			}
			p.scar(g, t, s.hu, z, &s.noise, seed)
			p.lay(g, s.hu, s.under, patches, z)
			if err := ctx.Err(); err != nil {
				return err
			}
			s.streaks.add(g, s.hu, p.specks(g, z), stream(seed, streamStreaks, uint64(p.region.Min[2]+z)))
			if p.noiseHU > 0 {
				p.addNoise(g, m, &s.noise, s.hu, z, seed)
			}
			p.sharpen(g, s.hu, s.under)
			top := float32(highestHU)
			if p.extended {
				top = extendedHU
			}
			slice := out.Slice(z)
			for k, v := range s.hu {
				slice[k] = int16(math.Round(float64(min(max(v, lowestHU), top))))
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	return p.finish(ctx, t, out, patches)
}

// scar blends the cavity into slice z where tissue is soft. In a real CT what is replaced gets the
// host's noise back.
func (p *plan) scar(g *volume.Grid, t *terrain, hu []float32, z int, n *noise, seed int64) {
	c := p.cavity
	reach := c.strandMM + c.wallMM + c.lumpMM + math.Max(c.radii[0], math.Max(c.radii[1], c.radii[2]))
	wz := g.Origin[2] + g.SliceMM[z]
	if math.Abs(wz-c.centre[2]) > reach {
		return
	}
	x0, y0, _ := g.ToVoxel(c.centre.Sub(vec{reach, reach, 0}))
	x1, y1, _ := g.ToVoxel(c.centre.Add(vec{reach, reach, 0}))
	var grain []float32
	if p.hostNoiseHU > 0 {
		grain = n.texture(g.Nx, g.Ny, g.SpacingX, 0.42*p.psfMM, stream(seed, streamNoise, uint64(p.region.Min[2]+z)))
	}
	for y := max(0, int(y0)); y < min(g.Ny, int(y1)+2); y++ {
		for x := max(0, int(x0)); x < min(g.Nx, int(x1)+2); x++ {
			q := g.ToPatient(float64(x), float64(y), float64(z))
			if soft(t.at(q)) {
				k := y*g.Nx + x
				v, replaced := c.apply(float64(hu[k]), q, g.SpacingX)
				if grain != nil {
					v += replaced * p.hostNoiseHU * float64(grain[k])
				}
				hu[k] = float32(v)
			}
		}
	}
}

// lay adds the patches to slice z; a clip's patch then holds its own unclamped contribution in HU.
func (p *plan) lay(g *volume.Grid, hu, under []float32, patches []*patch, z int) {
	copied := false
	for _, q := range patches {
		if z < q.box.Min[2] || z >= q.box.Max[2] {
			continue
		}
		if !copied {
			copy(under, hu)
			copied = true
		}
		size := q.box.Size()
		k := (z - q.box.Min[2]) * size[0] * size[1]
		for y := q.box.Min[1]; y < q.box.Max[1]; y++ {
			for x := q.box.Min[0]; x < q.box.Max[0]; x++ {
				i := y*g.Nx + x
				d := q.weight[k] * (float32(q.s.hu) - under[i])
				q.fraction[k] = d
				hu[i] += d
				k++
			}
		}
	}
}

// sharpen lets edges overshoot, as kernels between those for soft tissue and for bone do; scratch is as large as hu.
func (p *plan) sharpen(g *volume.Grid, hu, scratch []float32) {
	if p.sharpness == 0 {
		return
	}
	smooth := slices.Clone(hu)
	convolve(smooth, scratch, g.Nx, g.Ny, gaussianKernel(1.3*p.psfMM/fwhmPerSigma/g.SpacingX))
	gain := float32(p.sharpness)
	for k, v := range hu {
		hu[k] = v + gain*(v-smooth[k])
	}
}

// specks is the metal of slice z.
func (p *plan) specks(g *volume.Grid, z int) []speck {
	var out []speck
	thick := g.SliceThickness(z)
	wz := g.Origin[2] + g.SliceMM[z]
	for _, s := range p.solids {
		if !s.streak {
			continue
		}
		mu := waterPerMM * (s.hu + 100) / 1000
		for _, q := range s.points {
			if w := sliceProfile(q.z-wz, thick); w > 0 {
				out = append(out, speck{q.x, q.y, mu * q.mm3 * w})
			}
		}
	}
	return thin(out)
}

// thin merges specks in cells of a quarter millimetre, in order of first appearance.
func thin(in []speck) []speck {
	const cell = 0.25
	at := make(map[[2]int32]int, len(in))
	out := in[:0]
	for _, s := range in {
		key := [2]int32{int32(math.Floor(s.x / cell)), int32(math.Floor(s.y / cell))}
		if i, ok := at[key]; ok {
			t := &out[i]
			a := t.a + s.a
			t.x, t.y, t.a = (t.x*t.a+s.x*s.a)/a, (t.y*t.a+s.y*s.a)/a, a
			continue
		}
		at[key] = len(out)
		out = append(out, s)
	}
	return out
}

// addNoise adds textured noise, strongest in the middle of the body and drawn out across at the shoulders.
func (p *plan) addNoise(g *volume.Grid, m *model, n *noise, hu []float32, z int, seed int64) {
	r := stream(seed, streamNoise, uint64(p.region.Min[2]+z)) // the slice's own, whatever the workers
	tex := n.texture(g.Nx, g.Ny, g.SpacingX, 0.42*p.psfMM, r)
	b := m.toBody(g.ToPatient(0, 0, float64(z)))
	shoulder := smoothstep(70, 120, b[2])
	var across []float32
	if shoulder > 0 {
		across = n.across(g.Nx, g.Ny, g.SpacingX, r)
	}
	centre := m.toWorld(vec{0, 0, b[2]})
	gx := make([]float32, g.Nx)
	for x := range gx {
		d := (g.Origin[0] + float64(x)*g.SpacingX - centre[0]) / 150
		gx[x] = float32(math.Exp(-0.5 * d * d))
	}
	level := float32(p.noiseHU)
	for y := range g.Ny {
		d := (g.Origin[1] + float64(y)*g.SpacingY - centre[1]) / 95
		gy := float32(math.Exp(-0.5 * d * d))
		for x := range g.Nx {
			k := y*g.Nx + x
			f := level * (0.42 + 0.58*gx[x]*gy)
			v := f * tex[k]
			if across != nil {
				v += float32(shoulder) * 0.9 * f * across[k]
			}
			hu[k] += v
		}
	}
}

// finish measures the truth on the rendered volume.
func (p *plan) finish(ctx context.Context, t *terrain, v *volume.Volume, patches []*patch) (*Case, error) {
	g := v.Grid
	c := &Case{Volume: v, Side: "R", Seroma: volume.NewMask(g)}
	if p.side > 0 {
		c.Side = "L"
	}
	for _, q := range patches {
		x, y, z := g.ToVoxel(q.s.centre)
		inside := g.Contains(int(math.Round(x)), int(math.Round(y)), int(math.Round(z)))
		if q.s.clip < 0 {
			if inside {
				c.Distractors = append(c.Distractors, q.s.distractor())
			}
			continue
		}
		k := p.clips[q.s.clip]
		k.Mask = q.mask(g)
		if k.Mask.Empty() {
			continue
		}
		k.VolumeMM3 = k.Mask.VolumeMM3()
		k.PeakHU = lowestHU
		k.Mask.Each(func(x, y, z int) { k.PeakHU = max(k.PeakHU, int(v.At(x, y, z))) })
		k.ID = len(c.Clips) + 1
		c.Clips = append(c.Clips, k)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.External = p.external(g, t)
	if p.cavity.strength > 0.5 {
		b := p.cavity.shape
		grow := p.cavity.lumpMM + 1
		x0, y0, z0 := g.ToVoxel(b.lo.Sub(vec{grow, grow, grow}))
		x1, y1, z1 := g.ToVoxel(b.hi.Add(vec{grow, grow, grow}))
		for z := max(0, int(z0)); z < min(g.Nz(), int(z1)+2); z++ {
			for y := max(0, int(y0)); y < min(g.Ny, int(y1)+2); y++ {
				for x := max(0, int(x0)); x < min(g.Nx, int(x1)+2); x++ {
					q := g.ToPatient(float64(x), float64(y), float64(z))
					if p.cavity.distance(q) < 0 && soft(t.at(q)) {
						c.Seroma.Set(x, y, z, true)
					}
				}
			}
		}
	}
	return c, ctx.Err()
}

func (p *plan) external(g *volume.Grid, t *terrain) *volume.Mask {
	m := volume.NewMask(g)
	for z := range g.Nz() {
		for y := range g.Ny {
			start := -1
			for x := 0; x <= g.Nx; x++ {
				in := false
				if x < g.Nx {
					sx, sy, sz := x+p.region.Min[0], y+p.region.Min[1], z+p.region.Min[2]
					if t.tissue != nil {
						in = t.tissue[t.g.Index(sx, sy, sz)] >= tissueSkin
					} else {
						in = t.external.At(sx, sy, sz)
					}
				}
				if in && start < 0 {
					start = x
				} else if !in && start >= 0 {
					m.SetSpan(start, x, y, z)
					start = -1
				}
			}
		}
	}
	return m
}
