package teach

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/clipwright/clipwright/internal/qa"
)

// Tally pools attempts: counts are added up before any ratio is taken.
type Tally struct {
	Attempts      int       `json:"attempts"`
	Found         int       `json:"found"`
	Missed        int       `json:"missed"`
	False         int       `json:"false"`
	Sensitivity   qa.Number `json:"sensitivity"`      // found / (found + missed)
	FalsePerCase  qa.Number `json:"false_per_case"`   // false marks / attempts
	F1            qa.Number `json:"f1"`               // 2 found / (2 found + missed + false)
	MeanErrorMM   qa.Number `json:"mean_error_mm"`    // of all found clips
	MedianSeconds qa.Number `json:"median_seconds"`   // of the attempts
	MedianBoost   qa.Number `json:"median_boost_dsc"` // of those with a boost
}

func tally(attempts []Attempt) Tally {
	t := Tally{Attempts: len(attempts), MeanErrorMM: qa.Number(math.NaN())}
	errorMM := 0.0
	var seconds, dsc []float64
	for i := range attempts {
		s := attempts[i].Score
		t.Found, t.Missed, t.False = t.Found+s.Found, t.Missed+s.Missed, t.False+s.False
		if s.Found > 0 && s.MeanErrorMM.Exists() {
			errorMM += float64(s.MeanErrorMM) * float64(s.Found)
		}
		seconds = append(seconds, attempts[i].Seconds)
		if b := attempts[i].Boost; b != nil && b.DSC.Exists() {
			dsc = append(dsc, float64(b.DSC))
		}
	}
	all := Score{Found: t.Found, Missed: t.Missed, False: t.False}
	t.Sensitivity, t.F1, t.FalsePerCase = all.Sensitivity(), all.F1(), ratio(t.False, t.Attempts)
	if t.Found > 0 {
		t.MeanErrorMM = qa.Number(errorMM / float64(t.Found))
	}
	t.MedianSeconds, t.MedianBoost = median(seconds), median(dsc)
	return t
}

// median is the middle value, of an even number the mean of the two, or NaN.
func median(v []float64) qa.Number {
	if len(v) == 0 {
		return qa.Number(math.NaN())
	}
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return qa.Number((v[(n-1)/2] + v[n/2]) / 2)
}

// CategoryTally is how a learner does in one category, by the latest attempt of each case.
type CategoryTally struct {
	Category string `json:"category"`
	Cases    int    `json:"cases"`
	Tally
}

// CaseProgress is what a learner did with one case.
type CaseProgress struct {
	Case     string    `json:"case"`
	Attempts []Attempt `json:"-"` // oldest first
	Tries    int       `json:"tries"`
	First    Score     `json:"first"`
	Latest   Score     `json:"latest"`
}

// Progress is a learner's way so far.
type Progress struct {
	Learner    string          `json:"learner"`
	Attempts   []Attempt       `json:"-"` // oldest first
	All        Tally           `json:"all"`
	Latest     Tally           `json:"latest"` // the latest attempt of each case
	First      Tally           `json:"first"`  // the first of each
	Cases      []CaseProgress  `json:"cases"`  // in the order they were first tried
	Categories []CategoryTally `json:"categories"`
	Weakest    string          `json:"weakest"` // category of the lowest F1; empty where nothing was missed or false
	Next       string          `json:"next"`    // id of the case to try next; empty where there is none
	NextWhy    NextReason      `json:"next_why"`
}

// NextReason says why a case is suggested.
type NextReason string

// The reasons.
const (
	NextFirst    NextReason = "the easiest case"
	NextWeakest  NextReason = "not tried yet, in your weakest category"
	NextUntried  NextReason = "the easiest not tried yet"
	NextRepeat   NextReason = "your lowest F1 so far"
	NextFinished NextReason = "all cases are done without a miss or a false mark"
)

// ProgressOf sums up a learner's attempts, oldest first, over a library.
func ProgressOf(learner string, attempts []Attempt, library []*Case) *Progress {
	p := &Progress{Learner: learner, Attempts: attempts, All: tally(attempts), Cases: []CaseProgress{}, Categories: []CategoryTally{}}
	at := map[string]int{}
	for _, t := range attempts {
		i, known := at[t.Case]
		if !known {
			i = len(p.Cases)
			at[t.Case] = i
			p.Cases = append(p.Cases, CaseProgress{Case: t.Case, First: t.Score})
		}
		c := &p.Cases[i]
		c.Attempts, c.Latest = append(c.Attempts, t), t.Score
		c.Tries = len(c.Attempts)
	}
	var first, latest []Attempt
	for _, c := range p.Cases {
		first, latest = append(first, c.Attempts[0]), append(latest, c.Attempts[c.Tries-1])
	}
	p.First, p.Latest = tally(first), tally(latest)
	p.Categories = categories(latest)
	for _, c := range p.Categories {
		if c.F1 < 1 {
			p.Weakest = c.Category
			break
		}
	}
	p.suggest(library)
	return p
}

// categories pools latest attempts by category, the weakest first.
func categories(latest []Attempt) []CategoryTally {
	by := map[string][]Attempt{}
	for _, t := range latest {
		for _, c := range t.Categories {
			by[c] = append(by[c], t)
		}
	}
	all := []CategoryTally{}
	for c, attempts := range by {
		all = append(all, CategoryTally{c, len(attempts), tally(attempts)})
	}
	slices.SortFunc(all, func(a, b CategoryTally) int {
		return cmp.Or(cmp.Compare(a.F1, b.F1), strings.Compare(a.Category, b.Category))
	})
	return all
}

// suggest chooses the next case: an untried one of the weakest category, the easiest untried one, or the one that went worst.
func (p *Progress) suggest(library []*Case) {
	tried := map[string]*CaseProgress{}
	for i := range p.Cases {
		tried[p.Cases[i].Case] = &p.Cases[i]
	}
	var untried, weak, worst *Case
	lowest := qa.Number(1)
	for _, c := range library { // easiest first
		t := tried[c.Lesson.ID]
		switch {
		case t == nil && untried == nil:
			untried = c
		case t != nil && t.Latest.F1() < lowest:
			lowest, worst = t.Latest.F1(), c
		}
		if t == nil && weak == nil && slices.Contains(c.Lesson.Categories, p.Weakest) {
			weak = c
		}
	}
	choose := func(c *Case, why NextReason) { p.Next, p.NextWhy = c.Lesson.ID, why }
	switch {
	case len(library) == 0:
	case len(p.Attempts) == 0:
		choose(untried, NextFirst)
	case weak != nil:
		choose(weak, NextWeakest)
	case untried != nil:
		choose(untried, NextUntried)
	case worst != nil:
		choose(worst, NextRepeat)
	default:
		p.NextWhy = NextFinished
	}
}

// WriteCSV writes one line for each attempt, oldest first, with a heading.
func WriteCSV(w *csv.Writer, attempts []Attempt) error {
	err := w.Write([]string{
		"learner", "case", "title", "difficulty", "categories", "attempt", "begun_utc", "seconds", "limit_seconds",
		"found", "missed", "false", "set_aside", "sensitivity", "f1", "mean_error_mm", "slices_seen", "slices", "boost_dsc", "boost_hd95_mm",
		"network_found", "network_missed", "network_false", "program",
	})
	if err != nil {
		return err
	}
	tries := map[[2]string]int{}
	for i := range attempts {
		t := &attempts[i]
		tries[[2]string{t.Learner, t.Case}]++
		boost, network := []string{"", ""}, []string{"", "", ""}
		if t.Boost != nil {
			boost = []string{csvNumber(t.Boost.DSC), csvNumber(t.Boost.HD95MM)}
		}
		if t.Network != nil {
			network = []string{fmt.Sprint(t.Network.Found), fmt.Sprint(t.Network.Missed), fmt.Sprint(t.Network.False)}
		}
		row := []string{
			csvText(t.Learner), csvText(t.Case), csvText(t.Title), fmt.Sprint(t.Difficulty), csvText(strings.Join(t.Categories, "; ")),
			fmt.Sprint(tries[[2]string{t.Learner, t.Case}]), t.Begun.UTC().Format(time.RFC3339), fmt.Sprintf("%.1f", t.Seconds), fmt.Sprintf("%g", t.LimitSeconds),
			fmt.Sprint(t.Score.Found), fmt.Sprint(t.Score.Missed), fmt.Sprint(t.Score.False), fmt.Sprint(t.Score.SetAside),
			csvNumber(t.Score.Sensitivity()), csvNumber(t.Score.F1()), csvNumber(t.Score.MeanErrorMM), fmt.Sprint(t.SlicesSeen), fmt.Sprint(t.Slices),
		}
		row = append(append(append(row, boost...), network...), csvText(t.Version))
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func csvNumber(n qa.Number) string {
	if !n.Exists() {
		return ""
	}
	return fmt.Sprintf("%.4f", float64(n))
}

// csvText keeps a spreadsheet from taking a text for a formula.
func csvText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
