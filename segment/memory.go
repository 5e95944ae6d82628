package segment

import "github.com/clipwright/clipwright/internal/volume"

// Memory keeps what a run has worked out of a volume, so that the next run on it, in a box or with other settings, need
// not do it again: the body, its outline, the network grid, and the Location Net's answer over the whole body. The zero
// value is ready. One run at a time may hold it.
type Memory struct {
	v              *volume.Volume
	body, external *volume.Mask
	spacingMM      float64
	patch          int
	network        *resampled
	location       string // the Location Net, what it ran on, and how
	located        *located
}

// recall is what m holds of v on a grid of cubes of spacingMM for patches of that size; the rest is forgotten.
func (m *Memory) recall(v *volume.Volume, spacingMM float64, patch int) *Memory {
	if m == nil {
		m = new(Memory)
	}
	if m.v != v || m.spacingMM != spacingMM || m.patch != patch {
		*m = Memory{v: v, spacingMM: spacingMM, patch: patch}
	}
	return m
}

// locationKey tells runs of the Location Net apart that may answer differently.
func (n *Networks) locationKey() string {
	c := &n.LocationCard
	return c.SHA256 + " " + n.Location.Provider()
}
