package teach

import (
	"cmp"
	"slices"
	"strings"
)

// Group is what a teacher sees of many learners.
type Group struct {
	Learners []LearnerRow `json:"learners"` // by name
	Cases    []CaseRow    `json:"cases"`    // the hardest for this group first
	All      Tally        `json:"all"`      // latest attempts
	Attempts []Attempt    `json:"-"`        // oldest first
	Errors   []string     `json:"errors"`   // files that could not be read
}

// LearnerRow is one learner of a group.
type LearnerRow struct {
	Learner  string `json:"learner"`
	Cases    int    `json:"cases"`
	Attempts int    `json:"attempts"`
	First    Tally  `json:"first"`
	Latest   Tally  `json:"latest"`
	Weakest  string `json:"weakest"`
}

// CaseRow is one case over a group: the first attempt of each learner, so that repeating does not flatter.
type CaseRow struct {
	Case     string        `json:"case"`
	Title    string        `json:"title"`
	Learners int           `json:"learners"`
	First    Tally         `json:"first"`
	Missed   []MissedClip  `json:"missed_clips"` // most often missed first
	Mistaken []MistakenFor `json:"mistaken_for"` // most often first
}

// MissedClip counts the learners that missed one clip of the reference.
type MissedClip struct {
	Clip  int `json:"clip"`
	Times int `json:"times"`
}

// MistakenFor counts false marks by what they lay on.
type MistakenFor struct {
	Kind  string `json:"kind"`
	Times int    `json:"times"`
}

// GroupOf reads every attempt under dir: learners' folders as they were handed in.
func GroupOf(dir string) *Group {
	attempts, errs := readAttempts(dir)
	g := &Group{Attempts: attempts, Learners: []LearnerRow{}, Cases: []CaseRow{}, Errors: []string{}}
	for _, err := range errs {
		g.Errors = append(g.Errors, err.Error())
	}
	by := map[string][]Attempt{}
	for _, t := range attempts {
		by[t.Learner] = append(by[t.Learner], t)
	}
	first := map[string][]Attempt{}
	var latest []Attempt
	for name, own := range by {
		p := ProgressOf(name, own, nil)
		g.Learners = append(g.Learners, LearnerRow{name, len(p.Cases), len(own), p.First, p.Latest, p.Weakest})
		for _, c := range p.Cases {
			first[c.Case] = append(first[c.Case], c.Attempts[0])
			latest = append(latest, c.Attempts[c.Tries-1])
		}
	}
	slices.SortFunc(g.Learners, func(a, b LearnerRow) int { return strings.Compare(a.Learner, b.Learner) })
	for id, of := range first {
		g.Cases = append(g.Cases, caseRow(id, of))
	}
	slices.SortFunc(g.Cases, func(a, b CaseRow) int {
		return cmp.Or(cmp.Compare(a.First.F1, b.First.F1), strings.Compare(a.Case, b.Case))
	})
	g.All = tally(latest)
	return g
}

func caseRow(id string, first []Attempt) CaseRow {
	r := CaseRow{Case: id, Title: first[0].Title, Learners: len(first), First: tally(first), Missed: []MissedClip{}, Mistaken: []MistakenFor{}}
	missed, mistaken := map[int]int{}, map[string]int{}
	for i := range first {
		for _, v := range first[i].Verdicts {
			switch {
			case v.Outcome == Missed:
				missed[v.Clip]++
			case v.Outcome == False && v.Reason != nil:
				mistaken[v.Reason.Kind]++
			}
		}
	}
	for clip, n := range missed {
		r.Missed = append(r.Missed, MissedClip{clip, n})
	}
	slices.SortFunc(r.Missed, func(a, b MissedClip) int { return cmp.Or(b.Times-a.Times, a.Clip-b.Clip) })
	for kind, n := range mistaken {
		r.Mistaken = append(r.Mistaken, MistakenFor{kind, n})
	}
	slices.SortFunc(r.Mistaken, func(a, b MistakenFor) int { return cmp.Or(b.Times-a.Times, strings.Compare(a.Kind, b.Kind)) })
	return r
}
