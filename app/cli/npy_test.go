package cli

import (
	"math"
	"testing"
)

// halfValue is the value of an IEEE 754 half, straight from its definition.
func halfValue(h uint16) float64 {
	sign := 1 - 2*float64(h>>15)
	exp, mant := int(h>>10&0x1f), float64(h&0x3ff)
	if exp == 0 {
		return sign * math.Ldexp(mant, -24)
	}
	return sign * math.Ldexp(1024+mant, exp-25)
}

func TestFloat16RoundsToNearest(t *testing.T) {
	for h := range uint16(0x7c00) { // every finite non-negative half, and the midpoints between neighbours
		v := halfValue(h)
		if got := float16(float32(v)); got != h {
			t.Fatalf("float16(%g) = %#x, want %#x", v, got, h)
		}
		if h == 0x7bff {
			break
		}
		mid := (v + halfValue(h+1)) / 2
		if got, want := float16(float32(mid)), h+h&1; got != want {
			t.Fatalf("float16(midpoint %g) = %#x, want %#x (ties to even)", mid, got, want)
		}
	}
	if got := float16(-0.5); halfValue(got) != -0.5 {
		t.Fatalf("float16(-0.5) = %g", halfValue(got))
	}
}

func TestNpyHeaderIsAligned(t *testing.T) {
	for _, shape := range [][]int{{1}, {3, 112, 112, 112}, {96, 96, 96}} {
		h := npyHeader("<f2", shape)
		if len(h)%64 != 0 || h[len(h)-1] != '\n' {
			t.Fatalf("header of %v has %d bytes and ends in %q", shape, len(h), h[len(h)-1])
		}
	}
}
