package teach

import (
	"context"
	"math"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Brightest is the brightest place of the lesson's distractors of a kind on its CT, and whether there is one.
func (l *Lesson) Brightest(kind string, v *volume.Volume) (at volume.Vec, ok bool) {
	const reachMM = 2
	most := math.MinInt
	for _, d := range l.Distractors {
		if d.Kind != kind {
			continue
		}
		for _, p := range d.PlacesMM {
			if hu := brightest(v, p, reachMM); hu > most {
				at, most, ok = p, hu, true
			}
		}
	}
	return at, ok
}

// Along is where a distractor of a kind that passes through from comes to height z, LPS mm: of its places at that height, the
// one nearest to from. ok is false where it has none.
func (l *Lesson) Along(kind string, z float64, from volume.Vec) (at volume.Vec, ok bool) {
	const heightMM = 2
	least := math.Inf(1)
	for _, d := range l.Distractors {
		if d.Kind != kind {
			continue
		}
		for _, p := range d.PlacesMM {
			if dz, mm := math.Abs(p[2]-z), from.Distance(p); dz <= heightMM && mm < least {
				at, least, ok = p, mm, true
			}
		}
	}
	return at, ok
}

// ClosestPair is the place between the two clips of the bed that lie nearest to each other; of one clip, its centre.
func (r *Reference) ClosestPair() volume.Vec {
	at, least := r.Clips[0].CentreMM, math.Inf(1)
	for i, a := range r.Clips {
		for _, b := range r.Clips[:i] {
			if d := a.CentreMM.Distance(b.CentreMM); d < least {
				at, least = a.CentreMM.Add(b.CentreMM).Scale(0.5), d
			}
		}
	}
	return at
}

// NearestBone is the centre of the clip of the bed nearest to bone.
func (r *Reference) NearestBone(ctx context.Context, v *volume.Volume) (volume.Vec, error) {
	external, err := segment.External(ctx, v)
	if err != nil {
		return volume.Vec{}, err
	}
	anatomy, err := segment.FindAnatomy(ctx, v, external)
	if err != nil {
		return volume.Vec{}, err
	}
	at, least := r.Clips[0].CentreMM, math.Inf(1)
	for _, k := range r.Clips {
		if d := boneDistance(anatomy.Bones, k.CentreMM); d < least {
			at, least = k.CentreMM, d
		}
	}
	return at, nil
}

// Middle is the mean of the clips of the bed.
func (r *Reference) Middle() volume.Vec {
	var sum volume.Vec
	for _, k := range r.Clips {
		sum = sum.Add(k.CentreMM)
	}
	return sum.Scale(1 / float64(len(r.Clips)))
}
