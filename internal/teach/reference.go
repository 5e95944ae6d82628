package teach

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Names in a reference beside the clips.
const (
	TargetName = segment.BoostName
	seromaName = segment.SeromaName
)

// Reference is what is looked for in a case. Masks are on the CT's grid and read-only.
type Reference struct {
	Clips    []qa.Clip // of the bed, numbered from 1
	Axillary []qa.Clip // clips, but not of the bed: a mark on one counts neither way
	Target   *volume.Mask
	Seroma   *volume.Mask // nil where there is none
}

// ReadReference reads the reference of c onto the grid of its CT.
func (c *Case) ReadReference(g *volume.Grid) (*Reference, error) {
	set, err := dicom.ReadStructureSet(c.ReferencePath(), nil)
	if err != nil {
		return nil, err
	}
	r := &Reference{}
	r.Clips, r.Axillary = qa.ClipsOf(set, g)
	if len(r.Clips) == 0 {
		return nil, fmt.Errorf("%s holds no clip of the bed on this CT; the case is not whole, copy its folder again", c.ReferencePath())
	}
	for i := range set.Structures {
		switch s := &set.Structures[i]; s.Name {
		case TargetName:
			r.Target = s.Mask(g)
		case seromaName:
			r.Seroma = s.Mask(g)
		}
	}
	return r, nil
}

// ReadCT reads the CT of c.
func (c *Case) ReadCT(ctx context.Context) (*volume.Volume, error) {
	studies, err := dicom.Scan(ctx, c.CTDir(), nil)
	if err != nil {
		return nil, err
	}
	series, err := dicom.ChooseCT(studies, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.CTDir(), err)
	}
	return dicom.ReadCT(ctx, series, nil)
}

// content is what a case is written from.
type content struct {
	lesson Lesson
	volume *volume.Volume
	clips  []segment.Clip // of the bed, kept
	axilla []segment.Clip
	target *volume.Mask // nil: drafted from the clips
	seroma *volume.Mask // nil or empty: none
	body   *volume.Mask // nil: unknown
}

// boostMarginMM is the margin of the reference target that is drafted from the reference clips.
const boostMarginMM = 10

// draft makes the reference target where the teacher gave none.
func (c *content) draft(ctx context.Context) error {
	if c.target != nil {
		return nil
	}
	targets, _, err := segment.Draft(ctx, segment.DraftInput{
		Grid: c.volume.Grid, Clips: c.clips, External: c.body, Seroma: c.seroma, Recipe: segment.PlainRecipe(segment.UniformMargin(boostMarginMM)),
	})
	if err != nil {
		return err
	}
	for _, t := range targets {
		if strings.HasPrefix(t.Name, TargetName) { // one a side
			if c.target == nil {
				c.target = volume.NewMask(c.volume.Grid)
			}
			c.target = c.target.Union(t.Mask)
		}
	}
	return nil
}

// set is the reference as a structure set.
func (c *content) set() *dicom.StructureSet {
	set := &dicom.StructureSet{Label: "Reference", Description: "Reference of a teaching case: " + c.lesson.ID}
	add := func(s dicom.Structure) {
		s.Number, s.Algorithm = len(set.Structures)+1, "AUTOMATIC"
		set.Structures = append(set.Structures, s)
	}
	clips := func(name string, list []segment.Clip) {
		s := dicom.Structure{Name: name, Type: "MARKER", Colour: [3]uint8{0xCC, 0x79, 0xA7}}
		for i, k := range list {
			contours := volume.Contours(k.Mask)
			s.Contours = append(s.Contours, contours...)
			s.Groups = append(s.Groups, slices.Repeat([]int{i + 1}, len(contours))...)
		}
		add(s)
	}
	for _, side := range []string{"L", "R"} {
		if of := slices.DeleteFunc(slices.Clone(c.clips), func(k segment.Clip) bool { return k.Side != side }); len(of) > 0 {
			clips("Clips_"+side, of)
		}
	}
	if len(c.axilla) > 0 {
		clips(qa.AxillaryName, c.axilla)
	}
	if c.target != nil && !c.target.Empty() {
		add(dicom.Structure{Name: TargetName, Type: "CTV", Colour: [3]uint8{0xD5, 0x5E, 0x00}, Contours: volume.Contours(c.target)})
	}
	if c.seroma != nil && !c.seroma.Empty() {
		add(dicom.Structure{Name: seromaName, Type: "CONTROL", Colour: [3]uint8{0x56, 0xB4, 0xE9}, Contours: volume.Contours(c.seroma)})
	}
	return set
}
