package phantom

import (
	"math"
	"math/rand/v2"
)

func (m *model) buildMuscles(r *rand.Rand) {
	b := m.muscle
	muscle := material{hu: 54, textureHU: 11, textureMM: 6, roughMM: 1.8, roughScaleMM: 16, blendMM: 3, tissue: tissueMuscle}
	back := group{m: muscle}
	for z := -330.0; z < 190; z += 26 {
		y := m.spineY.at(z)
		back.prims = append(back.prims, mirror(ellipsoid(jitter(r, vec{23 + 4*b, y + 38, z}, 2), [3]float64{32, 19*b + 3, 15 * b}, vec{0, 0, 1}, vec{1, 0, 0}))...)
		if z > 60 && z < 180 { // trapezius and levator
			back.prims = append(back.prims, mirror(egg(vec{42, 58, z}, 20, 12*b, 18))...)
		}
	}
	shoulderBlade := vec{80, 82, 74}
	back.prims = append(back.prims, mirror(
		plate(vec{8, 92, 96}, vec{8, 100, -50}, shoulderBlade, 3.4*b), plate(vec{8, 78, 130}, vec{10, 92, 90}, vec{128, 38, 140}, 5.5*b), // trapezius
		plate(vec{8, 90, 80}, shoulderBlade, vec{92, 80, 20}, 3*b))...) // rhomboids
	for z := 92.0; z < 200; z += 24 {
		back.prims = append(back.prims, mirror(egg(vec{36, 30, z}, 15*b, 21, 17), egg(vec{17, 34, z}, 14, 12, 17))...)
	}
	m.muscles = append(m.muscles, back)
	neck := group{m: muscle}
	neck.prims = mirror(
		capsule(vec{26, -50, 84}, vec{50, 8, 200}, 7*b, 11*b), // sternocleidomastoid
		capsule(vec{50, -5, 100}, vec{30, 14, 175}, 9*b, 8*b), // scalenes
		capsule(vec{12, 6, 110}, vec{12, -2, 200}, 8*b, 8*b))  // longus colli
	m.muscles = append(m.muscles, neck)
	for _, side := range []float64{-1, 1} {
		sheet := muscle
		sheet.textureMM = 8
		j := func(x, y, z float64) vec { v := jitter(r, vec{x, y, z}, 3); v[0] *= side; return v }
		deep, far := group{m: sheet}, group{m: sheet}
		tuber := j(150, -2, 128)
		chestTop, chestLow, chestSide := j(56, -57, 68), j(84, -67, 4), j(108, -45, 22)
		deep.prims = []prim{
			plate(chestTop, chestLow, tuber, 5.5*b), plate(chestLow, chestSide, tuber, 4*b), // pectoralis major to the arm
			plate(j(100, -52, 20), j(90, -58, 44), j(118, -12, 120), 4*b), // pectoralis minor
		}
		inf, med, gl := j(124, 58, -34), j(84, 78, 76), j(132, 12, 106)
		deep.prims = append(deep.prims,
			plate(inf.Add(vec{0, -8, 0}), med.Add(vec{0, -9, 0}), gl.Add(vec{0, -4, 0}), 7*b),      // subscapularis
			plate(inf.Add(vec{0, 9, 0}), med.Add(vec{0, 8, 0}), gl.Add(vec{side * 4, 16, 0}), 6*b)) // infraspinatus, teres
		deep.prims = append(deep.prims, tube(9*b, inf.Add(vec{side * 6, 6, 4}), j(142, 40, 60), j(152, 18, 120))...)
		far.prims = []prim{plate(j(70, 88, -90), j(134, 52, -30), j(128, 30, -110), 4.5*b), capsule(j(136, 44, -20), j(150, 14, 116), 10*b, 7*b)} // latissimus
		arm := group{m: sheet}
		arm.prims = []prim{
			capsule(j(160, 8, 130), j(184, -2, 200), 37*b, 33*b), capsule(j(184, -2, 200), j(199, -8, 270), 33*b, 29*b),
			capsule(j(112, 16, 114), j(156, 10, 132), 23*b, 31*b),
		}
		m.muscles = append(m.muscles, deep, far, arm)
	}
}

func (m *model) buildOrgans(r *rand.Rand) {
	j := func(x, y, z, a float64) vec { return jitter(r, vec{x, y, z}, a) }
	size := uniform(r, 0.92, 1.14)
	blood := material{hu: 44, textureHU: 5, textureMM: 9, roughMM: 0.8, roughScaleMM: 18, tissue: tissueVessel}
	heartM := blood
	heartM.hu, heartM.roughMM, heartM.roughScaleMM, heartM.tissue = 47, 2.5, 22, tissueInside
	fat := material{hu: m.fatHU + 6, textureHU: 12, textureMM: 7, roughMM: 2, roughScaleMM: 25, blendMM: 12, tissue: tissueInside}
	apex, base := j(70, -60, -66, 4), j(4, -26, -18, 3)
	lv := ellipsoid(vec{34, -34, -42}, [3]float64{52 * size, 36 * size, 34 * size}, apex.Sub(base), vec{0, 1, 0})
	rv := ellipsoid(vec{14, -58, -45}, [3]float64{46 * size, 20 * size, 30 * size}, vec{0.9, -0.1, -0.4}, vec{0, 1, 0})
	ra := egg(j(-27, -28, -36, 3), 24*size, 27*size, 31*size)
	la := egg(j(8, 8, -8, 2), 32*size, 17*size, 20*size)
	pad := group{m: fat, prims: []prim{
		ellipsoid(vec{26, -42, -45}, [3]float64{66 * size, 46 * size, 44 * size}, apex.Sub(base), vec{0, 1, 0}),
		egg(vec{-24, -32, -42}, 34*size, 36*size, 42*size), egg(vec{6, 4, -10}, 38, 23, 26),
		capsule(vec{-24, -64, -74}, vec{60, -76, -78}, 16, 13),
	}}
	ascending := tube(uniform(r, 14, 17.5), j(0, -34, -4, 2), vec{-14, -42, 22}, vec{-13, -36, 46})
	ra0 := ascending[0].ra - 1.5
	archTop := uniform(r, 60, 68)
	arch := tube(ra0-1, vec{-13, -36, 46}, vec{-8, -22, archTop}, vec{8, 6, archTop}, vec{19, 28, archTop - 18})
	descR := uniform(r, 10.5, 13)
	descending := tube(descR, vec{19, 28, archTop - 18}, vec{25, 38, 10}, vec{23, 42, -50}, vec{14, 36, -110}, vec{7, 18, -160}, vec{4, 6, -240}, vec{4, 5, -330})
	trunk := append(tube(13, vec{12, -54, -8}, vec{16, -44, 18}), tube(10.5, vec{16, -44, 18}, vec{22, -16, 28}, vec{44, 8, 24}, vec{58, 16, 8})...)
	trunk = append(trunk, tube(10, vec{16, -30, 24}, vec{-12, -12, 22}, vec{-40, -2, 16}, vec{-54, 8, 0})...)
	veins := append(tube(9, vec{-24, -28, -10}, vec{-25, -30, 60}, vec{-30, -34, 88}), tube(10.5, vec{-18, 2, -56}, vec{-20, 6, -110}, vec{-20, 8, -330})...)
	veins = append(veins, tube(6, vec{-24, -32, 66}, vec{10, -44, 76}, vec{32, -36, 92})...)
	veins = append(veins, mirror(tube(5.5, vec{30, -36, 90}, vec{60, -40, 104}, vec{100, -26, 106}, vec{135, -8, 104})...)...)
	veins = append(veins, mirror(tube(5.5, vec{32, -34, 92}, vec{38, -10, 200})...)...)
	veins = append(veins, tube(7, vec{26, 14, -14}, vec{44, 20, -22}, vec{60, 22, -28})...)
	veins = append(veins, tube(7, vec{-8, 14, -14}, vec{-34, 14, -20}, vec{-54, 18, -26})...)
	neckArteries := append(tube(5.8, vec{-9, -26, archTop}, vec{-24, -18, 96}), tube(3.8, vec{-24, -18, 96}, vec{-26, -4, 200})...)
	neckArteries = append(neckArteries, tube(3.8, vec{0, -12, archTop}, vec{20, -12, 110}, vec{26, -4, 200})...)
	neckArteries = append(neckArteries, tube(4.8, vec{9, 8, archTop}, vec{26, 6, 100}, vec{58, -14, 112}, vec{102, -16, 104}, vec{138, 0, 104})...)
	neckArteries = append(neckArteries, tube(4.8, vec{-24, -16, 97}, vec{-58, -14, 112}, vec{-102, -16, 104}, vec{-138, 0, 104})...)
	esophagus := group{m: material{hu: 40, textureHU: 14, textureMM: 4, roughMM: 0.8, roughScaleMM: 7, tissue: tissueInside}}
	esophagus.prims = tube(6.8, vec{3, 14, 200}, vec{4, 18, 90}, vec{4, 24, 20}, vec{8, 26, -50}, vec{20, 12, -92})
	airwayWall := group{m: material{hu: 45, tissue: tissueInside}}
	windpipe := tube(8.6, vec{0, -12, 220}, vec{0, -6, 140}, vec{1, 8, 80}, vec{2, 14, 34})
	rightMain, leftMain := tube(6.6, vec{0, 13, 36}, vec{-26, 17, 16}), tube(5.8, vec{3, 13, 36}, vec{36, 22, 10})
	branches := append(tube(4, vec{-26, 17, 16}, vec{-40, 16, 26}), tube(4.6, vec{-26, 17, 16}, vec{-38, 22, -8}, vec{-48, 30, -36})...)
	branches = append(branches, tube(4, vec{36, 22, 10}, vec{50, 10, 18})...)
	branches = append(branches, tube(4.4, vec{36, 22, 10}, vec{46, 28, -10}, vec{56, 34, -36})...)
	airways := append(append(append(windpipe, rightMain...), leftMain...), branches...)
	for _, a := range airways {
		airwayWall.prims = append(airwayWall.prims, capsule(a.a, a.b, a.ra+1.4, a.rb+1.4))
	}
	lumen := group{m: material{hu: -985, tissue: tissueInside}, prims: airways}
	thyroid := group{m: material{hu: 92, textureHU: 14, textureMM: 5, roughMM: 1.4, roughScaleMM: 8, tissue: tissueInside}}
	thyroid.prims = mirror(egg(vec{17, -14, 142}, 8, 10, 22))
	nodes := group{m: material{hu: 36, tissue: tissueInside, roughMM: 0.8, roughScaleMM: 4}}
	for range 26 {
		nodes.prims = append(nodes.prims, egg(j(uniform(r, -35, 35), uniform(r, -35, 20), uniform(r, 10, 85), 0), uniform(r, 1.5, 4), uniform(r, 1.5, 4), uniform(r, 2, 5)))
	}
	for range 14 { // axillary and breast nodes
		side := math.Copysign(1, uniform(r, -1, 1))
		nodes.prims = append(nodes.prims, egg(vec{side * uniform(r, 112, 142), uniform(r, -28, 22), uniform(r, 20, 96)}, uniform(r, 2.5, 6), uniform(r, 2, 4.5), uniform(r, 3, 7)))
	}
	small := blood
	small.roughMM = 0
	coronary := group{m: small, prims: append(tube(1.6, vec{8, -50, -2}, vec{30, -72, -30}, vec{58, -74, -60}), tube(1.6, vec{-6, -48, -6}, vec{-12, -62, -30}, vec{-4, -52, -70})...)}
	coronary.prims = append(coronary.prims, mirror(tube(1.5, vec{13, -m.cageA.at(60) + 3, 60}, vec{13, -m.cageA.at(0) + 4, 0}, vec{14, -m.cageA.at(-60) + 4, -60})...)...) // internal mammary
	chambers := group{m: heartM, prims: []prim{lv, rv, ra, la}}
	chambers.m.blendMM = 2
	m.organs = []group{
		pad, nodes, chambers,
		{m: blood, prims: veins},
		{m: blood, prims: trunk},
		{m: blood, prims: append(append(ascending, arch...), descending...)},
		{m: blood, prims: neckArteries},
		esophagus, airwayWall, lumen, thyroid, coronary,
	}
	add := func(by float64, ps ...prim) {
		for _, p := range ps {
			m.mediastinum = append(m.mediastinum, inflated{p, by})
		}
	}
	add(0.5, pad.prims...)
	add(3, ascending...)
	add(2.5, arch...)
	add(1.5, descending...)
	add(2, veins...)
	add(1, trunk...)
	add(2, neckArteries...)
	add(2, esophagus.prims...)
	add(2.5, airwayWall.prims[:6]...)
	for z := -180.0; z < 115; z += 10 {
		rx := knots{{-150, 21}, {-60, 17}, {40, 15}, {105, 15}}.at(z)
		add(2, egg(vec{0, m.spineY.at(z) + 2, z}, rx, 17, 12), egg(vec{0, m.spineY.at(z) + 22, z}, rx+6, 14, 12))
	}
	m.vesselCalcSites = append(m.vesselCalcSites, wallPoints(r, arch, 8)...)
	m.vesselCalcSites = append(m.vesselCalcSites, wallPoints(r, descending, 14)...)
	m.vesselCalcSites = append(m.vesselCalcSites, wallPoints(r, coronary.prims[:4], 8)...)
	m.vesselCalcSites = append(m.vesselCalcSites, wallPoints(r, neckArteries, 8)...)
	for s, side := range []float64{-1, 1} {
		m.growVessels(stream(int64(r.Uint64()>>1), streamVessels, uint64(s)), side)
	}
}

// wallPoints picks n points on the surface of tubes.
func wallPoints(r *rand.Rand, ps []prim, n int) []vec {
	var out []vec
	for range n {
		p := ps[r.IntN(len(ps))]
		axis := p.b.Sub(p.a)
		d := direction(r)
		d = d.Sub(axis.Scale(d.Dot(axis) / axis.Dot(axis)))
		if l := d.Norm(); l > 0.1 {
			out = append(out, p.a.Add(axis.Scale(r.Float64())).Add(d.Scale(p.ra/l)))
		}
	}
	return out
}

func (m *model) buildAbdomen(r *rand.Rand) {
	j := func(x, y, z, a float64) vec { return jitter(r, vec{x, y, z}, a) }
	m.dome = [2]float64{uniform(r, -82, -62), 0}
	m.dome[1] = m.dome[0] - uniform(r, 6, 16)
	soft := func(hu, tex, rough float64) material {
		return material{hu: hu, textureHU: tex, textureMM: 5, roughMM: rough, roughScaleMM: 24, blendMM: 14, tissue: tissueInside, inside: true}
	}
	liver := group{m: soft(uniform(r, 48, 66), 6, 3)}
	d := m.dome[0]
	liver.prims = []prim{
		egg(vec{-66, 4, d - 48}, 70, 80, 62), egg(vec{-84, 14, d - 90}, 48, 62, 62), egg(j(-6, -42, d-46, 4), 64, 34, 34),
		egg(vec{-62, -4, d - 18}, 60, 66, 30),
	}
	spleen := group{m: soft(48, 5, 2), prims: []prim{ellipsoid(j(92, 36, d-56, 5), [3]float64{46, 34, 24}, vec{0.2, 0.3, 0.9}, vec{0.6, 0.6, 0})}}
	kidneys := group{m: soft(32, 5, 1.5), prims: mirror(ellipsoid(vec{56, 38, -196}, [3]float64{50, 29, 24}, vec{-0.2, 0, 1}, vec{0.7, 0.6, 0}))}
	sinus := group{m: soft(-70, 30, 3), prims: mirror(egg(vec{50, 34, -196}, 12, 9, 26))}
	psoas := group{m: soft(52, 7, 1.5)}
	psoas.prims = mirror(capsule(vec{22, 28, -150}, vec{42, 22, -330}, 8, 22))
	crus := group{m: soft(50, 6, 1)}
	crus.prims = mirror(capsule(vec{14, 22, -95}, vec{14, 24, -190}, 5, 5))
	bowel := group{m: soft(28, 16, 3)}
	bowel.m.blendMM = 1
	gas := group{m: material{hu: -930, roughMM: 3, roughScaleMM: 12, tissue: tissueInside, inside: true}}
	for range 34 {
		c := vec{uniform(r, -95, 95), uniform(r, -62, 2), uniform(r, -330, -175)}
		p := ellipsoid(c, [3]float64{uniform(r, 16, 34), uniform(r, 11, 17), uniform(r, 11, 17)}, direction(r), vec{0, 1, 0.1})
		bowel.prims = append(bowel.prims, p)
		if uniform(r, 0, 1) < 0.3 {
			gas.prims = append(gas.prims, egg(c.Add(vec{0, -4, 0}), 7, 5, 7))
		}
	}
	m.stomach.shape = ellipsoid(j(52, -22, d-62, 5), [3]float64{48, 36, 32}, vec{-0.3, -0.2, 0.9}, vec{0, 1, 0})
	m.stomach.levelY = uniform(r, -50, -18)
	m.abdomen = []group{psoas, crus, bowel, gas, kidneys, sinus, spleen, liver}
}

// paintStomach paints wall, contents and the gas bubble, which rises to the front.
func (m *model) paintStomach(c *canvas) {
	p := &m.stomach.shape
	r := c.reachOf(p, c.px)
	if r.empty() {
		return
	}
	for j := r.y0; j < r.y1; j++ {
		bx, by := c.body(r.x0, j)
		for i := r.x0; i < r.x1; i++ {
			k := j*c.nx + i
			x, y := bx, by
			bx, by = bx+c.xi, by+c.yi
			d := p.distance(vec{x, y, c.z}) + 3*c.tex.at(x*0.05, y*0.05, c.z*0.05)
			d = math.Max(d, float64(c.cage[k])+5)
			a := cover(d, c.px)
			if a == 0 {
				continue
			}
			in, up := cover(d+4, c.px), cover(y-m.stomach.levelY, c.px)
			food := 22 + 25*c.tex.fbm(x*0.1, y*0.1, c.z*0.1)
			v := (a-in)*42 + in*(up*-960+(1-up)*food)
			c.hu[k] = float32((1-a)*float64(c.hu[k]) + v)
			c.tissue[k] = tissueInside
		}
	}
}

// diaphragmZ is the height of the diaphragm above (x, y).
func (m *model) diaphragmZ(x, y float64) float64 {
	s := 0
	if x > 0 {
		s = 1
	}
	u, v := (math.Abs(x)-58)/76, (y+8)/92
	if u < 0 {
		u *= 0.45 // towards the midline the central tendon is nearly level
	}
	q := u*u + v*v
	return m.dome[s] - 88*math.Pow(math.Min(q, 1.6), 1.35)
}

// growVessels grows a tree from the hilum towards points scattered in the lung; radii follow Murray's law.
func (m *model) growVessels(r *rand.Rand, side float64) {
	type node struct {
		p      vec
		parent int
		flow   float64
	}
	nodes := []node{{p: vec{side * 44, 10, 12}, parent: -1}, {p: vec{side * 52, 16, -10}, parent: 0}, {p: vec{side * 50, 4, 26}, parent: 0}}
	inLung := func(p vec) bool {
		if m.cageDistance(p) > -7 || p[2] < m.diaphragmZ(p[0], p[1])+3 || p[0]*side < 22 {
			return false
		}
		for i := range m.mediastinum {
			q := &m.mediastinum[i]
			if p[2] > q.p.lo[2]-8 && p[2] < q.p.hi[2]+8 && q.p.distance(p) < q.by+5 {
				return false
			}
		}
		return true
	}
	var targets []vec
	for len(targets) < 900 {
		p := vec{side * uniform(r, 20, 128), uniform(r, -88, 84), uniform(r, -165, 108)}
		if inLung(p) {
			targets = append(targets, p)
		}
	}
	hilum := nodes[0].p
	sortByDistance(targets, hilum)
	for _, t := range targets {
		best, at := math.Inf(1), 0
		for i := range nodes {
			d := nodes[i].p.Distance(t)
			// A branch leaves onwards, not back to the hilum.
			if d += 0.22 * nodes[i].p.Distance(hilum); d < best {
				best, at = d, i
			}
		}
		from := nodes[at].p
		steps := max(1, int(from.Distance(t)/9))
		parent := at
		for k := 1; k <= steps; k++ {
			f := float64(k) / float64(steps)
			p := from.Add(t.Sub(from).Scale(f))
			if k < steps {
				p = jitter(r, p, 1.6)
			}
			nodes = append(nodes, node{p: p, parent: parent})
			parent = len(nodes) - 1
		}
		for i := len(nodes) - 1; i >= 0; i = nodes[i].parent {
			nodes[i].flow++
		}
	}
	for i := range nodes {
		if q := nodes[i].parent; q >= 0 {
			radius := 0.62 * math.Pow(nodes[i].flow, 0.37)
			m.vessels = append(m.vessels, capsule(nodes[q].p, nodes[i].p, radius, radius))
		}
	}
}
