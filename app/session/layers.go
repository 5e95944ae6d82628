package session

import (
	"slices"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Layer is a structure as the images show it.
type Layer struct {
	Name   string
	Mask   *volume.Mask
	ByHand bool // a person drew it: no proposal
	Around bool // of an opened set, and wide: it would hide what is in it when shown solid

	Proposal bool // neither accepted nor rejected
}

// Layers are the targets and drawn structures, the largest first so that none hides another, with what is being drawn.
func (s *Session) Layers() []Layer {
	var layers []Layer
	for _, t := range s.derived.Targets {
		if s.plan.Drawing(t.Name) == nil {
			layers = append(layers, Layer{Name: t.Name, Mask: t.Mask})
		}
	}
	for _, d := range s.plan.Drawn {
		layers = append(layers, Layer{Name: d.Name, Mask: d.Mask, ByHand: true})
	}
	layers = append(s.openedLayers(), layers...)
	if p := s.derived.Seroma; p != nil {
		layers = append(layers, Layer{Name: NameSeroma, Mask: p.Mask, Proposal: true})
	}
	if k := s.stroke; k != nil && !IsClips(k.Name) {
		if i := slices.IndexFunc(layers, func(l Layer) bool { return l.Name == k.Name }); i >= 0 {
			layers[i].Mask, layers[i].ByHand = k.Mask, true
		}
	}
	return layers
}

// StrokeOnClip is the mask of clip id as it is being drawn, or its own.
func (s *Session) StrokeOnClip(c segment.Clip) *volume.Mask {
	if k := s.stroke; k != nil && IsClips(k.Name) && k.Clip == c.ID {
		return k.Mask
	}
	return c.Mask
}

// NewClipStroke is the mask of a clip that is being drawn and not in the list yet, or nil.
func (s *Session) NewClipStroke() *volume.Mask {
	if k := s.stroke; k != nil && IsClips(k.Name) && k.Clip == 0 {
		return k.Mask
	}
	return nil
}
