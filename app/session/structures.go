package session

import (
	"fmt"
	"slices"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Names of the structures written (TG-263 where it knows one).
const (
	NameExternal = "External"
	NameBed      = "SurgicalBed"
	NameCTV      = "CTVsb_High"
	NameROI      = "ROI box"
	clipsPrefix  = "Clips_" // and the side, L or R

	clipPointPrefix = "Clip_" // and the side and the clip's number
)

// Interpreted types of structures (DICOM PS3.3 C.8.8.8, RT ROI Interpreted Type).
const (
	typeMarker   = "MARKER"
	typeExternal = "EXTERNAL"
)

// Colour is the colour of a structure, the same in the window, the report and the RTSTRUCT
// (Okabe and Ito's palette, told apart without colour vision).
func Colour(name string) [3]uint8 {
	switch {
	case hasPrefix(name, clipsPrefix), hasPrefix(name, clipPointPrefix):
		return [3]uint8{0xCC, 0x79, 0xA7}
	case hasPrefix(name, "CTV"):
		return [3]uint8{0xD5, 0x5E, 0x00}
	case hasPrefix(name, "GTV"), hasPrefix(name, "Tumor"):
		return [3]uint8{0xF0, 0xE4, 0x42}
	case name == "Seroma":
		return [3]uint8{0x3C, 0x8D, 0xD9}
	case hasPrefix(name, "PTV"):
		return [3]uint8{0x56, 0xB4, 0xE9}
	case hasPrefix(name, NameBed):
		return [3]uint8{0xE6, 0x9F, 0x00}
	case name == NameROI:
		return [3]uint8{0xF0, 0xE4, 0x42}
	}
	return [3]uint8{0x00, 0x9E, 0x73}
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }

// ClipsName is the structure that holds the clips of a side.
func ClipsName(side string) string { return clipsPrefix + side }

// StructureOption changes how StructureSet writes.
type StructureOption func(*structureOptions)

type structureOptions struct {
	label, clipType  string
	reviewed, points bool
	drawn            []Drawn
	colour           func(name string) [3]uint8
}

// WithLabel sets the label of the set, at most 16 characters.
func WithLabel(label string) StructureOption {
	return func(o *structureOptions) { o.label = label }
}

// WithClipType sets the interpreted type of the clips; MARKER without it.
func WithClipType(interpreted string) StructureOption {
	return func(o *structureOptions) { o.clipType = interpreted }
}

// WithReview says that a person has decided on every clip.
func WithReview() StructureOption {
	return func(o *structureOptions) { o.reviewed = true }
}

// WithClipPoints adds a structure of one point, the centre, for each kept clip: Clip_L_03 for clip 3 of the left side.
func WithClipPoints() StructureOption {
	return func(o *structureOptions) { o.points = true }
}

// WithDrawn adds what a person drew; it stands in for a target of its name.
func WithDrawn(drawn []Drawn) StructureOption {
	return func(o *structureOptions) { o.drawn = drawn }
}

// WithColours gives structures other colours than their own.
func WithColours(colour func(name string) [3]uint8) StructureOption {
	return func(o *structureOptions) { o.colour = colour }
}

// StructureSet builds the RTSTRUCT of the kept clips, the targets and external (which may be nil): clips
// of each side in one structure with the clip id of every contour in Groups.
func StructureSet(clips []segment.Clip, external *volume.Mask, targets []segment.Target, options ...StructureOption) *dicom.StructureSet {
	o := structureOptions{label: "Clipwright", clipType: typeMarker, colour: Colour}
	for _, option := range options {
		option(&o)
	}
	algorithm, state := "AUTOMATIC", "not reviewed"
	if o.reviewed {
		algorithm, state = "SEMIAUTOMATIC", "reviewed by the user"
	}
	set := &dicom.StructureSet{Label: o.label, Name: "Clipwright draft"}
	add := func(st dicom.Structure) {
		if len(st.Contours)+len(st.Points) == 0 {
			return
		}
		st.Number = len(set.Structures) + 1
		st.Colour = o.colour(st.Name)
		set.Structures = append(set.Structures, st)
	}
	for _, side := range sides(clips) {
		st := dicom.Structure{
			Name: ClipsName(side), Type: o.clipType, Algorithm: algorithm,
			Description: "Surgical clips found by Clipwright, " + state,
		}
		for _, c := range clips {
			if !c.Kept || c.Side != side {
				continue
			}
			contours := volume.Contours(c.Mask)
			st.Contours = append(st.Contours, contours...)
			st.Groups = append(st.Groups, slices.Repeat([]int{c.ID}, len(contours))...)
		}
		add(st)
	}
	isTarget := func(d Drawn) bool {
		return slices.ContainsFunc(targets, func(t segment.Target) bool { return t.Name == d.Name })
	}
	addDrawn := func(d Drawn) {
		st := dicom.Structure{Name: d.Name, Type: d.Type, Algorithm: "MANUAL", Description: "Drawn by hand in Clipwright", Contours: volume.Contours(d.Mask)}
		if d.Edited() {
			st.Algorithm, st.Description = "SEMIAUTOMATIC", editedText(d.Recipe)
		} else if d.Origin != "" {
			st.Algorithm, st.Description = "SEMIAUTOMATIC", d.Origin
		}
		add(st)
	}
	for _, t := range targets {
		if i := slices.IndexFunc(o.drawn, func(d Drawn) bool { return d.Name == t.Name }); i >= 0 {
			addDrawn(o.drawn[i])
			continue
		}
		add(dicom.Structure{
			Name: t.Name, Type: t.Type, Algorithm: algorithm, Description: targetText(t),
			Contours: volume.Contours(t.Mask),
		})
	}
	for _, d := range o.drawn {
		if !isTarget(d) {
			addDrawn(d)
		}
	}
	for _, side := range sides(clips) {
		for _, c := range clips {
			if o.points && c.Kept && c.Side == side {
				add(dicom.Structure{
					Name: fmt.Sprintf("%s%s_%02d", clipPointPrefix, side, c.ID), Type: o.clipType, Algorithm: algorithm,
					Description: fmt.Sprintf("Centre of clip %d of %s", c.ID, ClipsName(side)), Points: []volume.Vec{c.CentreMM},
				})
			}
		}
	}
	if external != nil {
		add(dicom.Structure{
			Name: NameExternal, Type: typeExternal, Algorithm: "AUTOMATIC",
			Description: "Body outline without couch and breast board", Contours: volume.Contours(external),
		})
	}
	return set
}

// sides lists the sides that have a kept clip, in order.
func sides(clips []segment.Clip) []string {
	var all []string
	for _, c := range clips {
		if c.Kept && !slices.Contains(all, c.Side) {
			all = append(all, c.Side)
		}
	}
	slices.Sort(all)
	return all
}

// StructureView is a row of the structure list: what would be saved now, and the ROI box.
type StructureView struct {
	Name     string
	Title    string // what to call it, where that is not Name
	Colour   [3]uint8
	CC       float64 // negative when it has no volume of its own (the ROI box)
	Detail   string  // "5 clips", the recipe, ...
	Visible  bool
	Stale    bool // being drafted anew
	Saveable bool
	Drawable bool // tools may change it
	Drawn    bool // it can be deleted, or its edits taken back
	Edited   bool // it began as a drafted target
	Opened   bool // of a set that was opened: read-only until it is unlocked
	Clips    bool // such a one, and it marks clips
}

// mostDescription is how long an ROI Description may be (VR ST).
const mostDescription = 1024

// targetText is what a target was made of, for its ROI description.
func targetText(t segment.Target) string {
	text := t.Recipe
	if t.Inputs != "" {
		text += ". " + t.Inputs
	}
	if r := []rune(text); len(r) > mostDescription {
		text = string(r[:mostDescription-1]) + "…"
	}
	return text
}

// editedText says that a drafted target was drawn upon.
func editedText(recipe string) string { return "Edited by hand; began as: " + recipe }

// Structures lists what is drawn now, in the order it is saved.
func (s *Session) Structures() []StructureView {
	var rows []StructureView
	add := func(v StructureView) {
		v.Colour, v.Visible = s.Style(v.Name).Colour, !s.view.Hidden[v.Name]
		rows = append(rows, v)
	}
	for _, side := range sides(s.plan.Clips) {
		n, mm3 := 0, 0.0
		for _, c := range s.plan.Clips {
			if c.Kept && c.Side == side {
				n++
				mm3 += c.Mask.VolumeMM3()
			}
		}
		add(StructureView{Name: ClipsName(side), CC: mm3 / 1000, Detail: plural(n, "clip"), Saveable: true, Drawable: true})
	}
	drawnView := func(d Drawn) StructureView {
		v := StructureView{Name: d.Name, CC: d.CC, Detail: "drawn by hand", Saveable: !d.Mask.Empty(), Drawable: true, Drawn: true, Edited: d.Edited()}
		switch {
		case d.staleFor(s.plan):
			v.Detail, v.Stale = "edited by hand, stale", true
		case d.Edited():
			v.Detail = "edited by hand"
		case d.Origin != "":
			v.Detail = "accepted"
		case d.Mask.Empty():
			v.Detail = "nothing drawn yet"
		}
		return v
	}
	for _, t := range s.derived.Targets {
		if d := s.plan.Drawing(t.Name); d != nil {
			add(drawnView(*d))
			continue
		}
		add(StructureView{Name: t.Name, CC: t.CC, Detail: t.Recipe, Stale: s.derived.Stale, Saveable: true, Drawable: true})
	}
	for _, d := range s.plan.Drawn {
		if s.target(d.Name) == nil {
			add(drawnView(d))
		}
	}
	if s.derived.External != nil {
		add(StructureView{Name: NameExternal, CC: s.derived.ExternalCC, Detail: "body outline", Saveable: true})
	}
	for i := range s.opened.structures() {
		if o := &s.opened.Structures[i]; !s.unlocked(o) {
			add(StructureView{Name: o.key, Title: o.Name, CC: o.CC, Detail: "locked: " + s.opened.Name, Opened: true, Clips: o.Clips})
		}
	}
	switch {
	case s.view.Box != nil:
		add(StructureView{Name: NameROI, CC: -1, Detail: "the box you drew"})
	case s.derived.ROI != nil:
		add(StructureView{Name: NameROI, CC: -1, Detail: "region the Location Net points at"})
	}
	return rows
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
