package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// IsClips tells whether name is the structure of the clips of a side.
func IsClips(name string) bool { return hasPrefix(name, clipsPrefix) }

// Suggestion is a structure name of TG-263 and the interpreted type that goes with it.
type Suggestion struct{ Name, Type string }

// Suggestions are names for new structures that are not taken: TG-263 where it knows one, the side of the clips first.
func (s *Session) Suggestions() []Suggestion {
	side := "L"
	if all := sides(s.plan.Clips); len(all) > 0 {
		side = all[0]
	}
	other := map[string]string{"L": "R", "R": "L"}[side]
	all := []Suggestion{
		{"Seroma", "CAVITY"},
		{"GTVsb", "GTV"},
		{"CTVsb", "CTV"},
		{"PTVsb", "PTV"},
		{"TumorBed", "CAVITY"},
		{"Scar", "ORGAN"},
		{ClipsName(side), typeMarker},
		{"Breast_" + side, "ORGAN"},
		{"Lung_" + side, "ORGAN"},
		{"Heart", "ORGAN"},
		{ClipsName(other), typeMarker},
	}
	taken := s.names()
	return slices.DeleteFunc(all, func(g Suggestion) bool { return slices.Contains(taken, g.Name) })
}

// names are those of every structure of the list.
func (s *Session) names() []string {
	var names []string
	for _, v := range s.Structures() {
		names = append(names, v.Name)
	}
	return names
}

// mostNameChars is the longest name that every planning system takes whole.
const mostNameChars = 16

// CheckName tells what is wrong with name for a structure that is called now (empty: it is new).
func (s *Session) CheckName(name, now string) error {
	length := len([]rune(name))
	switch {
	case name == "":
		return errors.New("give the structure a name")
	case length > mostNameChars:
		return fmt.Errorf("%d characters; planning systems cut names at %d", length, mostNameChars)
	case name != now && slices.ContainsFunc(s.names(), func(have string) bool { return strings.EqualFold(have, name) && have != now }):
		return fmt.Errorf("%s exists already", name)
	case IsClips(name) || name == NameROI || name == NameExternal && now != NameExternal:
		return fmt.Errorf("%s is made by the program; choose another name", name)
	}
	for _, r := range name {
		if r < ' ' || r == '\\' {
			return fmt.Errorf("DICOM does not allow %q in a name", r)
		}
	}
	return nil
}
