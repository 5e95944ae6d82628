package segment

import "math/bits"

// crossing finds where lattice rows cross the level. The surface is kept between the centres: where the voxels on all sides
// are in a sample is in, and where all are out it is out. So the field matters only near samples whose voxels differ.
type crossing struct {
	t                  *smoother
	level              float32
	all, some, in, ask []uint64
	field              []float32    // less the level, at the samples asked for
	lift               [4][]float32 // of the rows of voxels on all sides that are lifted, and their shares
	share              [4]float32
	lifts              int

	z    int     // slice of box at or below
	fz   float32 // how far on to the next
	taps taps    // of the slice that is being cut
}

func newCrossing(t *smoother, level float32) *crossing {
	words := make([]uint64, 4*t.words)
	w := func(i int) []uint64 { return words[i*t.words : (i+1)*t.words] }
	return &crossing{t: t, level: level, all: w(0), some: w(1), in: w(2), ask: w(3), field: make([]float32, t.size[0])}
}

// slice turns to the slice at z mm, at or above slice below of the grid, with the weights w of the slices of box.
func (c *crossing) slice(z float64, below int, exact bool, w taps) {
	c.z, c.fz, c.taps = below-c.t.box.Min[2], 0, w
	if g := c.t.s.grid; !exact {
		c.fz = float32((z - sliceAt(g, below)) / (sliceAt(g, below+1) - sliceAt(g, below)))
	}
}

// appendSpans appends the spans of lattice row j0 + j + f, 0 <= f < 1, where the field, linear between samples, is not negative.
func (c *crossing) appendSpans(spans []rowSpan, j int, f float32) []rowSpan {
	t := c.t
	if !c.neighbours(j, f) {
		return spans
	}
	nx, last := t.size[0], t.words-1
	// Samples to be computed: those whose voxels differ, their neighbours, and both sides of a step from all in to all out.
	for i := range c.ask {
		mixed := c.some[i] &^ c.all[i]
		turns := c.all[i] ^ (c.all[i]<<1 | carry(c.all, i-1)>>63)
		ask := mixed | mixed<<1 | mixed>>1 | turns | turns>>1
		if i > 0 {
			ask |= (c.some[i-1] &^ c.all[i-1]) >> 63
		}
		if i < last {
			next := c.all[i+1] ^ (c.all[i+1]<<1 | c.all[i]>>63)
			ask |= (c.some[i+1]&^c.all[i+1] | next) << 63
		}
		c.ask[i] = ask
	}
	if r := nx % 64; r != 0 {
		c.ask[last] &= 1<<r - 1
	}
	c.sample(j, f)
	x0, step := float64(t.box.Min[0])*t.s.grid.SpacingX, t.s.grid.SpacingX
	at := rowSpan{j: int32(t.j0 + j)}
	open := false
	for i := range c.in {
		for turns := c.in[i] ^ (c.in[i]<<1 | carry(c.in, i-1)>>63); turns != 0; turns &= turns - 1 {
			x := i*64 + bits.TrailingZeros64(turns)
			if x >= nx {
				break
			}
			p := x0 + float64(x)*step
			if x > 0 {
				v := c.field[x]
				p -= step * float64(v) / float64(v-c.field[x-1])
			}
			if open {
				at.x1 = p
				spans = append(spans, at)
			}
			at.x0, open = p, !open
		}
	}
	if open {
		at.x1 = x0 + float64(nx-1)*step
		spans = append(spans, at)
	}
	return spans
}

// carry is word i, 0 before the first.
func carry(words []uint64, i int) uint64 {
	if i < 0 {
		return 0
	}
	return words[i]
}

// neighbours sets all and some to the samples of the row whose voxels on all sides, or some, are in; false if none are.
func (c *crossing) neighbours(j int, f float32) bool {
	t, s := c.t, c.t.s
	at := s.firstY + t.j0 + j
	row := floorDiv(at, s.fineY)
	fy := (float32(at-row*s.fineY) + f) / float32(s.fineY)
	y, z := row-t.box.Min[1], c.z
	sides := [4][]uint64{t.row(y, z)}
	sides[1], sides[2], sides[3] = sides[0], sides[0], sides[0]
	between := fy > 0 && y+1 < t.size[1]
	if between {
		sides[1] = t.row(y+1, z)
	}
	if c.fz > 0 && z+1 < t.size[2] {
		sides[2] = t.row(y, z+1)
		sides[3] = sides[2]
		if between {
			sides[3] = t.row(y+1, z+1)
		}
	}
	found := uint64(0)
	for i := range c.all {
		a, b, d, e := sides[0][i], sides[1][i], sides[2][i], sides[3][i]
		c.all[i], c.some[i] = a&b&d&e, a|b|d|e
		found |= c.some[i]
	}
	if found == 0 {
		return false
	}
	c.lifts = 0
	fz := c.fz
	for i, share := range [4]float32{(1 - fy) * (1 - fz), fy * (1 - fz), (1 - fy) * fz, fy * fz} {
		if row := (z+i/2)*t.size[1] + y + i%2; share > 0 && y+i%2 < t.size[1] && row < len(t.lifted) && t.lifted[row] {
			c.lift[c.lifts], c.share[c.lifts] = t.lift[row*t.size[0]:][:t.size[0]], share
			c.lifts++
		}
	}
	return true
}

// sample computes the field where it is asked for, and in from it.
func (c *crossing) sample(j int, f float32) {
	t := c.t
	stride := t.nj * t.size[0]
	row := t.across[c.taps.first*stride+j*t.size[0]:]
	next := row
	if f > 0 {
		next = row[t.size[0]:]
	}
	for i, ask := range c.ask {
		in := c.all[i]
		for ; ask != 0; ask &= ask - 1 {
			bit := bits.TrailingZeros64(ask)
			x := i*64 + bit
			v := float32(0)
			for n, at := 0, x; n < len(c.taps.weights); n, at = n+1, at+stride {
				v += c.taps.weights[n] * row[at]
			}
			if f > 0 { // the rows lie closer than the blur is wide: linear in between
				u := float32(0)
				for n, at := 0, x; n < len(c.taps.weights); n, at = n+1, at+stride {
					u += c.taps.weights[n] * next[at]
				}
				v += f * (u - v)
			}
			v -= c.level
			for n := range c.lifts {
				v += c.share[n] * c.lift[n][x]
			}
			switch {
			case c.all[i]>>bit&1 == 1:
				v = max(v, just)
			case c.some[i]>>bit&1 == 0:
				v = min(v, -just)
			case v >= 0:
				in |= 1 << bit
			}
			c.field[x] = v
		}
		c.in[i] = in
	}
}
