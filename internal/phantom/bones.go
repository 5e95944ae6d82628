package phantom

import (
	"math"
	"math/rand/v2"
)

const ribBins = 128

// rib is one rib's height over the way t = |azimuth| / pi round the cage, 0 at the spine.
type rib struct {
	z, slope       [ribBins + 1]float64 // body z of the axis; cosine of the slope in the cage surface
	end, bony      float64              // t where it ends, and where cartilage begins
	height, thick  float64              // half axes mm
	cortex, marrow float64              // HU
	cortexMM       float64
}

// vertebraZ is the middle of thoracic vertebra i (1..12); 0 and less are cervical, 13 and more lumbar.
func vertebraZ(i int) float64 {
	switch {
	case i < 1:
		return 105 + 17*float64(1-i)
	case i <= 12:
		return 105 - 21*float64(i-1)
	}
	return -126 - 27 - 31*float64(i-13)
}

func (m *model) buildRibs(r *rand.Rand) {
	drop := [12]float64{33, 55, 66, 77, 87, 95, 101, 105, 106, 100, 66, 34}
	end := [12]float64{0.9, 0.94, 0.95, 0.955, 0.96, 0.965, 0.97, 0.93, 0.9, 0.86, 0.56, 0.36}
	bony := [12]float64{0.80, 0.80, 0.79, 0.78, 0.765, 0.75, 0.735, 0.715, 0.70, 0.69, 0.54, 0.35}
	rise := [12]float64{-4, 0, 6, 14, 26, 40, 54, 62, 66, 60, 0, 0}
	steep := uniform(r, 0.9, 1.12)
	cortex := uniform(r, 900, 1350)
	for s := range 2 {
		for i := range 12 {
			b := &m.ribs[s][i]
			b.end, b.bony = end[i]+uniform(r, -0.008, 0.008), bony[i]+uniform(r, -0.015, 0.015)
			b.height, b.thick = uniform(r, 5.6, 6.9), uniform(r, 3.0, 3.7)
			if i == 0 {
				b.height, b.thick = 4, 6.5
			} else if i > 9 {
				b.height, b.thick = 4.6, 2.8
			}
			b.cortex, b.marrow, b.cortexMM = cortex*uniform(r, 0.92, 1.08), m.trabecularHU*uniform(r, 0.9, 1.25), uniform(r, 0.8, 1.2)
			z0, d, up := vertebraZ(i+1)+uniform(r, 0, 4), drop[i]*steep*uniform(r, 0.95, 1.05), rise[i]
			for k := range b.z {
				t := float64(k) / ribBins
				g := math.Pow(clamp01((t-0.06)/(bony[i]+0.02-0.06)), 1.15)
				b.z[k] = z0 + 6*math.Exp(-t*t/0.01) - d*(0.4*g+0.6*smoothstep(0, 1, g))
				if t > bony[i] {
					b.z[k] += up * smoothstep(bony[i], end[i], t)
				}
			}
			circumference := math.Pi * (m.cageW.at(z0-d/2) + m.cageA.at(z0-d/2)) / 2
			for k := range b.slope {
				lo, hi := max(0, k-1), min(ribBins, k+1)
				dz := (b.z[hi] - b.z[lo]) / (float64(hi-lo) / ribBins * circumference)
				b.slope[k] = 1 / math.Sqrt(1+dz*dz)
			}
		}
	}
}

// paintRibs paints ribs and costal cartilages along the cage.
func (m *model) paintRibs(c *canvas) {
	if c.z > cageTop || c.z < -235 {
		return
	}
	for j := range c.ny {
		x, y := c.body(0, j)
		row := c.cage[j*c.nx : (j+1)*c.nx]
		for i, cd := range row {
			px, py := x, y
			x, y = x+c.xi, y+c.yi
			if cd > 8 || cd < -8 {
				continue
			}
			side := 0
			if px > 0 {
				side = 1
			}
			t := math.Atan2(math.Abs(px), py) / math.Pi
			f := t * ribBins
			b := min(int(f), ribBins-1)
			f -= float64(b)
			for n := range m.ribs[side] {
				rb := &m.ribs[side][n]
				dz := c.z - (rb.z[b] + f*(rb.z[b+1]-rb.z[b]))
				if dz > 12 || dz < -12 || t > rb.end || t < 0.055 {
					continue
				}
				m.paintRibPixel(c, j*c.nx+i, rb, t, dz*rb.slope[b], float64(cd), px, py)
			}
		}
	}
}

func (m *model) paintRibPixel(c *canvas, k int, rb *rib, t, dz, cd, x, y float64) {
	h, w := rb.height, rb.thick
	cartilage := t > rb.bony
	if cartilage {
		w = math.Max(w, 4)
	}
	// The inner face carries the costal groove at the lower edge.
	if cd < 0 && dz < 0 {
		w *= 0.85
	}
	u, v := cd/w, dz/h
	k0 := math.Sqrt(u*u + v*v)
	k1 := math.Sqrt(u*u/(w*w) + v*v/(h*h))
	d := -w
	if k1 > 1e-6 {
		d = k0 * (k0 - 1) / k1
	}
	d += 0.5 * c.tex.at(x*0.12, y*0.12, c.z*0.12+9)
	a := cover(d, c.px)
	if a == 0 {
		return
	}
	var hu float64
	if cartilage {
		hu = 92 + 22*c.tex.fbm(x*0.25, y*0.25, c.z*0.25)
		// Old cartilage calcifies in flecks, most at its rim.
		if n := c.tex.fbm(x*0.16+31, y*0.16, c.z*0.16+7) + 0.25*clamp01(1+d/3); n > 0.72-0.42*m.cartilageCalc {
			hu += 520 * m.cartilageCalc * math.Min(1, (n-0.72+0.42*m.cartilageCalc)*6)
		}
		hu *= a
	} else {
		in := cover(d+rb.cortexMM, c.px)
		marrow := rb.marrow + 55*c.tex.at(x*0.4, y*0.4, c.z*0.4)
		hu = (a-in)*rb.cortex*(0.85+0.3*c.tex.at(x*0.07, y*0.07, c.z*0.07)) + in*marrow
	}
	c.hu[k] = float32((1-a)*float64(c.hu[k]) + hu)
	if a >= 0.5 {
		c.tissue[k] = tissueBone
	}
}

// paintSpine paints vertebral bodies, end plates and discs.
func (m *model) paintSpine(c *canvas) {
	z := c.z
	best, level := math.Inf(1), 0
	for i := -5; i <= 19; i++ {
		if d := math.Abs(z - vertebraZ(i)); d < best {
			best, level = d, i
		}
	}
	zc := vertebraZ(level)
	pitch := 0.5 * (vertebraZ(level-1) - vertebraZ(level+1))
	rx := knots{{-300, 23}, {-150, 20}, {-60, 15.5}, {40, 13.5}, {105, 14}, {130, 12}, {200, 11}}.at(z)
	ry := knots{{-300, 17}, {-150, 16}, {-60, 14}, {40, 12}, {105, 10}, {200, 8.5}}.at(z)
	yc := m.spineY.at(z)
	slope := (m.spineY.at(z+8) - m.spineY.at(z-8)) / 16
	waist := 1 - 1.6*math.Max(0, 0.25-math.Abs(z-zc)/pitch)/pitch*8
	rx, ry = rx*waist, ry*waist
	r := c.pixels(-rx-4, yc-ry-4, rx+4, yc+ry+4)
	for j := r.y0; j < r.y1; j++ {
		bx, by := c.body(r.x0, j)
		for i := r.x0; i < r.x1; i++ {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			d := ring(x, y-yc, rx, ry, ry*0.86, 0.25) + 0.5*c.tex.at(x*0.15, y*0.15, z*0.15)
			a := cover(d, c.px)
			if a == 0 {
				continue
			}
			h := math.Abs(z - zc + slope*(y-yc) + 0.8*c.tex.at(x*0.1, y*0.1, zc)) // from mid-vertebra
			half := pitch * 0.41
			var v float64
			switch {
			case h > half+0.6: // disc
				v = a * (78 + 10*c.tex.at(x*0.2, y*0.2, z*0.2))
			case h > half-0.8: // end plate
				v = a * (430 + 60*c.tex.at(x*0.3, y*0.3, z*0.3))
			default:
				in := cover(d+0.9, c.px)
				v = (a-in)*520 + in*(m.trabecularHU+45*c.tex.fbm(x*0.45, y*0.45, z*0.3))
			}
			c.hu[k] = float32((1-a)*float64(c.hu[k]) + v)
			if a >= 0.5 {
				c.tissue[k] = tissueBone
			}
		}
	}
}

// paintSternum paints manubrium, body and xiphoid on the anterior cage.
func (m *model) paintSternum(c *canvas) {
	z := c.z
	if z > 78 || z < -96 {
		return
	}
	w := knots{{-96, 3}, {-86, 6}, {-72, 8}, {-66, 14}, {-40, 18}, {0, 14}, {26, 12}, {33, 15}, {55, 24}, {72, 29}, {78, 22}}.at(z)
	th := knots{{-96, 2.5}, {-70, 4}, {-40, 5}, {30, 5.5}, {60, 6.5}, {78, 5}}.at(z)
	yc := -m.cageA.at(z) - 2
	r := c.pixels(-w-4, yc-th-6, w+4, yc+th+6)
	joint := math.Abs(z-29.5) < 1.6 || z < -74
	for j := r.y0; j < r.y1; j++ {
		bx, by := c.body(r.x0, j)
		for i := r.x0; i < r.x1; i++ {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			qx, qy := math.Abs(x)-w+3, math.Abs(y-yc-0.012*x*x)-th+3
			d := math.Hypot(math.Max(qx, 0), math.Max(qy, 0)) + math.Min(math.Max(qx, qy), 0) - 3
			d = math.Max(d, z-77) + 0.7*c.tex.at(x*0.12, y*0.12, z*0.12)
			a := cover(d, c.px)
			if a == 0 {
				continue
			}
			v := a * (95 + 15*c.tex.at(x*0.3, y*0.3, z*0.3))
			if !joint {
				in := cover(d+1, c.px)
				v = (a-in)*620 + in*(0.75*m.trabecularHU+60*c.tex.fbm(x*0.35, y*0.35, z*0.35))
			}
			c.hu[k] = float32((1-a)*float64(c.hu[k]) + v)
			if a >= 0.5 {
				c.tissue[k] = tissueBone
			}
		}
	}
}

func (m *model) buildBones(r *rand.Rand) {
	bone := material{
		hu: m.trabecularHU + 40, textureHU: 50, textureMM: 3, cortexHU: 780, cortexMM: 1.2,
		roughMM: 0.6, roughScaleMM: 6, tissue: tissueBone,
	}
	posterior := group{m: bone}
	posterior.m.cortexHU = 640
	for i := -5; i <= 19; i++ {
		z := vertebraZ(i)
		y := m.spineY.at(z)
		k := 1.0
		if i > 12 {
			k = 1.25
		} else if i < 1 {
			k = 0.85
		}
		j := func(v vec) vec { return jitter(r, v, 0.7) }
		spinous := capsule(j(vec{0, y + 33*k, z - 5}), j(vec{uniform(r, -2, 2), y + 45*k, z - 19}), 3.2*k, 3.6*k)
		if i > 11 || i < 0 {
			spinous = capsule(j(vec{0, y + 32*k, z - 6}), j(vec{0, y + 50*k, z - 10}), 3.4*k, 4.2*k)
		}
		posterior.prims = append(posterior.prims, spinous)
		half := []prim{
			capsule(j(vec{10 * k, y + 9*k, z + 5}), j(vec{13 * k, y + 21*k, z + 4}), 4.2, 4.4),
			capsule(j(vec{13 * k, y + 23*k, z + 1}), j(vec{2, y + 33*k, z - 6}), 3.4, 3.2),
			capsule(j(vec{14 * k, y + 22*k, z + 2}), j(vec{29 * k, y + 29*k, z + 4}), 4, 3.8),
			capsule(j(vec{14 * k, y + 23*k, z + 6}), j(vec{15 * k, y + 25*k, z - 10}), 4.6, 4.8),
		}
		if i >= 1 && i <= 11 { // head and neck of the rib
			half = append(half, capsule(j(vec{16, y + 9, z + 8}), j(vec{29, y + 23, z + 5}), 4.2, 3.4))
		}
		posterior.prims = append(posterior.prims, mirror(half...)...)
	}
	m.bones = append(m.bones, posterior)
	for _, side := range []float64{-1, 1} {
		m.bones = append(m.bones, m.shoulderBones(r, side, bone)...)
	}
}

func (m *model) shoulderBones(r *rand.Rand, side float64, bone material) []group {
	j := func(x, y, z, a float64) vec { v := jitter(r, vec{x, y, z}, a); v[0] *= side; return v }
	clavicle, blade, ridge, head, shaft := group{m: bone}, group{m: bone}, group{m: bone}, group{m: bone}, group{m: bone}
	clavicle.m.cortexMM, clavicle.m.cortexHU = 1.8, 950
	clavicle.prims = tube(5.4, j(17, -62, 80, 2), j(48, -62, 92, 3), j(85, -44, 106, 4), j(118, -16, 122, 3), j(138, 0, 136, 2))
	clavicle.prims = append(clavicle.prims, capsule(clavicle.prims[0].a, clavicle.prims[0].b, 9, 5.4))
	glenoid, inferior, medial := j(132, 16, 108, 2), j(128, 62, -38, 5), j(80, 84, 78, 3)
	blade.m.cortexMM, blade.m.cortexHU, blade.m.hu = 1.1, 700, 330
	blade.prims = []prim{
		plate(glenoid, inferior, medial, 1.6), capsule(glenoid, inferior, 5.5, 3.6), capsule(medial, inferior, 2.6, 3),
	}
	acromion := j(150, 40, 136, 2)
	ridge.prims = []prim{
		plate(medial.Add(vec{0, 3, 0}), acromion, glenoid, 2), capsule(medial, acromion, 2.8, 5),
		capsule(acromion, j(150, 12, 150, 2), 5.5, 5), ellipsoid(glenoid, [3]float64{10, 14, 17}, vec{side, 0.2, 0.3}, vec{0, 1, 0}),
		capsule(glenoid, j(118, -12, 122, 2), 6, 5),
	}
	top := j(156, 8, 134, 2)
	head.prims = []prim{egg(top, 22, 22, 23)}
	head.m.hu, head.m.cortexHU, head.m.cortexMM = m.trabecularHU*0.75, 700, 1
	elbow := j(197, -8, 262, 3)
	neck := top.Add(elbow.Sub(top).Scale(0.2))
	shaft.prims = []prim{capsule(top, neck, 19, 12), capsule(neck, elbow, 11, 10.5), capsule(elbow, elbow.Add(vec{side * 8, -2, 40}), 10.5, 14)}
	shaft.m.hu, shaft.m.cortexHU, shaft.m.cortexMM, shaft.m.roughMM = 20, 1150, 3.6, 0.3
	return []group{blade, ridge, clavicle, shaft, head}
}
