package session

import "maps"

// Style is how a structure is painted.
type Style struct {
	Colour [3]uint8
	Line   float64 // opacity of the outline, 0 to 1
	Fill   float64 // opacity of the inside, 0 to 1
}

// ctvFill is the tint of a CTV that nobody has set otherwise.
const ctvFill = 0.10

// Style is that of the structure called name: what the user set, or its default.
func (s *Session) Style(name string) Style {
	if st, ok := s.view.Styles[name]; ok {
		return st
	}
	if o := s.opened.find(name); o != nil {
		return Style{Colour: o.Colour, Line: 1}
	}
	st := Style{Colour: Colour(name), Line: 1}
	if hasPrefix(name, "CTV") {
		st.Fill = ctvFill
	}
	return st
}

// SetStyle changes how the structure called name is painted; its colour is saved with it.
func (s *Session) SetStyle(name string, st Style) {
	st.Line, st.Fill = min(max(st.Line, 0), 1), min(max(st.Fill, 0), 1)
	if s.Style(name) == st {
		return
	}
	s.Update(func() {
		s.view.Styles = maps.Clone(s.view.Styles)
		if s.view.Styles == nil {
			s.view.Styles = map[string]Style{}
		}
		s.view.Styles[name] = st
		s.mark(ViewChanged)
	})
}

// Palette are the colours offered: Okabe and Ito's, lightened where they are dark on black, and white.
func Palette() [][3]uint8 {
	return [][3]uint8{
		{0xE6, 0x9F, 0x00},
		{0x56, 0xB4, 0xE9},
		{0x00, 0x9E, 0x73},
		{0xF0, 0xE4, 0x42},
		{0x3C, 0x8D, 0xD9},
		{0xD5, 0x5E, 0x00},
		{0xCC, 0x79, 0xA7},
		{0xFF, 0xFF, 0xFF},
	}
}
