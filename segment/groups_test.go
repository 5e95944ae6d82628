package segment

import (
	"slices"
	"testing"

	"github.com/clipwright/clipwright/internal/volume"
)

func clipsAt(side string, confidence float64, centres ...volume.Vec) []Clip {
	var out []Clip
	for _, c := range centres {
		out = append(out, Clip{CentreMM: c, Side: side, Confidence: confidence, Kept: true})
	}
	return out
}

// TestMarkFar: a left bed of four clips, five more in the axilla above, behind and outside it, and one thing alone.
func TestMarkFar(t *testing.T) {
	bed := clipsAt("L", 0.9, volume.Vec{80, -60, 0}, volume.Vec{100, -60, 10}, volume.Vec{90, -80, -10}, volume.Vec{95, -50, 15})
	axilla := clipsAt("L", 0.9, volume.Vec{150, 10, 90}, volume.Vec{160, 20, 100}, volume.Vec{145, 0, 110}, volume.Vec{150, 15, 120}, volume.Vec{155, 5, 80})
	alone := clipsAt("L", 0.99, volume.Vec{10, 40, -80})
	clips := slices.Concat(axilla, bed, alone)
	markFar(clips)
	for i, c := range clips {
		far := slices.Contains(c.Flags, FlagFar)
		inBed := i >= len(axilla) && i < len(axilla)+len(bed)
		if far == inBed || c.Kept != inBed {
			t.Errorf("clip at %.0f: far %v, kept %v", c.CentreMM, far, c.Kept)
		}
	}
}

// TestMarkFarKeepsTwoBeds: clips of both breasts are two beds.
func TestMarkFarKeepsTwoBeds(t *testing.T) {
	left := clipsAt("L", 0.9, volume.Vec{80, -60, 0}, volume.Vec{100, -60, 10}, volume.Vec{90, -80, -10}, volume.Vec{85, -70, 0})
	right := clipsAt("R", 0.9, volume.Vec{-80, -60, 30}, volume.Vec{-100, -60, 10}, volume.Vec{-90, -80, 20})
	clips := slices.Concat(left, right)
	markFar(clips)
	for _, c := range clips {
		if len(c.Flags) > 0 || !c.Kept {
			t.Errorf("clip at %.0f: flags %v, kept %v", c.CentreMM, c.Flags, c.Kept)
		}
	}
	markFar(nil)
}
