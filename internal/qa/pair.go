package qa

import (
	"fmt"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
)

// How two structures came to be a pair.
const (
	ByHand    = "by hand"
	ByRule    = "by the rules"
	ByName    = "name"
	BySynonym = "synonym"
)

// Pair is a reference structure and the test structure it is compared with.
type Pair struct {
	Ref, Test *dicom.Structure
	How       string // ByHand, ByRule, ByName or BySynonym
}

// Named asks for a pair by the names in either set.
type Named struct{ Ref, Test string }

// ParseNamed reads "REFNAME=TESTNAME".
func ParseNamed(text string) (Named, error) {
	ref, test, ok := strings.Cut(text, "=")
	if ref, test = strings.TrimSpace(ref), strings.TrimSpace(test); !ok || ref == "" || test == "" {
		return Named{}, fmt.Errorf("pair %q: write REFNAME=TESTNAME", text)
	}
	return Named{ref, test}, nil
}

// PairStructures pairs what was asked for by hand, or else what the rules' lists, equal names (whatever the case) and
// synonyms pair, each structure once. What has no counterpart is listed by name. A name asked for by hand that a set
// lacks is an error that lists what it has.
func PairStructures(ref, test *dicom.StructureSet, byHand []Named, rules *Rules) (pairs []Pair, refOnly, testOnly []string, err error) {
	usedRef, usedTest := make([]bool, len(ref.Structures)), make([]bool, len(test.Structures))
	add := func(i, j int, how string) {
		usedRef[i], usedTest[j] = true, true
		pairs = append(pairs, Pair{&ref.Structures[i], &test.Structures[j], how})
	}
	for _, n := range byHand {
		i, j := indexOf(ref, n.Ref), indexOf(test, n.Test)
		if i < 0 {
			return nil, nil, nil, fmt.Errorf("the reference has no structure %q; it has %s", n.Ref, Names(ref))
		}
		if j < 0 {
			return nil, nil, nil, fmt.Errorf("the test has no structure %q; it has %s", n.Test, Names(test))
		}
		add(i, j, ByHand)
	}
	if len(byHand) == 0 {
		lists := synonyms()
		for _, how := range []struct {
			name string
			fits func(a, b string) bool
		}{
			{ByRule, rules.pairs},
			{ByName, strings.EqualFold},
			{BySynonym, func(a, b string) bool { return same(canonical(splitName(a), lists), canonical(splitName(b), lists)) }},
		} {
			for i := range ref.Structures {
				for j := range test.Structures {
					if !usedRef[i] && !usedTest[j] && how.fits(ref.Structures[i].Name, test.Structures[j].Name) {
						add(i, j, how.name)
					}
				}
			}
		}
	}
	for i, used := range usedRef {
		if !used {
			refOnly = append(refOnly, ref.Structures[i].Name)
		}
	}
	for j, used := range usedTest {
		if !used {
			testOnly = append(testOnly, test.Structures[j].Name)
		}
	}
	return pairs, refOnly, testOnly, nil
}

// indexOf finds a structure by name, exactly or else whatever the case; -1 when there is none.
func indexOf(set *dicom.StructureSet, name string) int {
	found := -1
	for i := range set.Structures {
		if set.Structures[i].Name == name {
			return i
		}
		if found < 0 && strings.EqualFold(set.Structures[i].Name, name) {
			found = i
		}
	}
	return found
}

// Names lists the structures of a set for a message.
func Names(set *dicom.StructureSet) string {
	var all []string
	for i := range set.Structures {
		all = append(all, set.Structures[i].Name)
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
