package app

import (
	"image/color"
	"maps"
	"strings"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// shapeCache keeps the surfaces of the masks shown last. They are made beside the window: that of a body takes longer than
// several frames.
type shapeCache struct {
	made   map[*volume.Mask]*viewer.Shape
	making bool
}

// wantedShape is a mask whose surface is to be shown, and how it is made.
type wantedShape struct {
	mask *volume.Mask
	body bool
}

// Opacities of solids: what lies inside is seen through what lies round it.
const (
	bodyOpacity   = 0.35
	targetOpacity = 0.45
)

// airMM is the room round clips and targets in the solid view.
const airMM = 35.0

// showSolid brings the solid view up to date, if it is shown.
func (v *views) showSolid() {
	study := v.session.Document().Volume
	if study != v.solidOf { // never another patient's
		v.solidOf, v.shapes.made = study, nil
		v.solid.SetSolids(nil, volume.Vec{}, volume.Vec{})
	}
	if !v.solid.Visible() {
		return
	}
	if v.shaped != nil {
		var solids []viewer.Solid
		var low, high volume.Vec
		if shape := v.shaped(); shape != nil {
			solids = []viewer.Solid{{Shape: shape, Opacity: 1}}
			low, high, _ = shape.Bounds()
		}
		v.solid.SetSolids(solids, low, high)
		return
	}
	if study == nil {
		return
	}
	solids, low, high, lacking := v.solids()
	if len(lacking) == 0 {
		v.solid.SetSolids(solids, low, high)
		return
	}
	if v.shapes.making {
		return // these come after
	}
	v.shapes.making = true
	go func() {
		made := map[*volume.Mask]*viewer.Shape{}
		for _, w := range lacking {
			made[w.mask] = viewer.NewShape(w.mask, w.body)
		}
		v.host.post(func() {
			v.shapes.making = false
			if v.solidOf == study {
				maps.Copy(v.shapes.made, made)
			}
			v.showSolid()
		})
	}()
}

// solids are the surfaces of what is shown, what fits into the picture (LPS mm), and the masks whose surfaces are not made yet.
func (v *views) solids() (solids []viewer.Solid, low, high volume.Vec, lacking []wantedShape) {
	old := v.shapes.made
	v.shapes.made = map[*volume.Mask]*viewer.Shape{}
	view, derived := v.session.View(), v.session.Derived()
	boxed := false
	add := func(m *volume.Mask, c color.RGBA, opacity float64, body, frames bool) {
		shape := old[m]
		if shape == nil {
			lacking = append(lacking, wantedShape{m, body})
			return
		}
		v.shapes.made[m] = shape
		lo, hi, ok := shape.Bounds()
		if !ok {
			return
		}
		solids = append(solids, viewer.Solid{Shape: shape, Colour: c, Opacity: opacity, Inside: body})
		if !frames {
			return
		}
		if !boxed {
			low, high, boxed = lo, hi, true
		}
		for i := range low {
			low[i], high[i] = min(low[i], lo[i]), max(high[i], hi[i])
		}
	}
	if derived.External != nil && !view.Hidden[session.NameExternal] {
		add(derived.External, bodyColour(), bodyOpacity, true, false)
	}
	layers := v.session.Layers()
	for i := len(layers) - 1; i >= 0; i-- { // the wide ones were drafted last: first behind
		if l := layers[i]; !view.Hidden[l.Name] && !l.Around && !strings.HasPrefix(l.Name, "Breast") {
			add(l.Mask, v.paint(l.Name), targetOpacity, false, true)
		}
	}
	for _, c := range v.session.Plan().Clips {
		if c.Kept && !view.Hidden[session.ClipsName(c.Side)] {
			colour := v.paint(session.ClipsName(c.Side))
			if c.ID == view.Selected {
				colour = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
			}
			add(c.Mask, colour, 1, false, true)
		}
	}
	if boxed {
		air := volume.Vec{airMM, airMM, airMM}
		low, high = low.Sub(air), high.Add(air)
	} else if shape := v.shapes.made[derived.External]; shape != nil {
		low, high, _ = shape.Bounds()
	}
	return solids, low, high, lacking
}

// bodyColour is neutral: the body is there for orientation.
func bodyColour() color.RGBA { return color.RGBA{0xA8, 0xB4, 0xC0, 0xFF} }
