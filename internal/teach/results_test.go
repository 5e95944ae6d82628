package teach

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clipwright/clipwright/internal/qa"
)

// attempt is one of a learner, at an hour.
func attempt(learner, id string, hour, found, missed, wrong int, errorMM float64, categories ...string) *Attempt {
	return &Attempt{
		Format: attemptFormat, ID: learner + id + string(rune('a'+hour)), Learner: learner, Case: id, Title: "Case " + id, Difficulty: 1, Categories: categories,
		Begun: time.Date(2026, 1, 2, hour, 0, 0, 0, time.UTC), Seconds: float64(60 + hour), HitRadiusMM: 5, Path: []Look{}, Marks: []Mark{}, Verdicts: []Verdict{},
		Score: Score{Found: found, Missed: missed, False: wrong, MeanErrorMM: qa.Number(errorMM)},
	}
}

func keep(t *testing.T, r Results, attempts ...*Attempt) {
	t.Helper()
	for _, a := range attempts {
		if _, err := r.Keep(a); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecondAttemptKeepsBoth(t *testing.T) {
	r := Results{filepath.Join(t.TempDir(), "results")}
	first, second := attempt("Li", "a", 1, 3, 2, 1, 1.5, "pair"), attempt("Li", "a", 2, 5, 0, 0, 1, "pair")
	first.Score.MeanErrorMM = qa.Number(math.NaN())
	other := attempt("li", "a", 3, 1, 4, 0, 2, "pair") // another person, though some file systems take the names for one
	keep(t, r, second, first, other)
	got, errs := r.Attempts(" Li ")
	if len(errs) != 0 || len(got) != 2 {
		t.Fatalf("%d attempts, %v", len(got), errs)
	}
	if d := cmp.Diff([]Attempt{*first, *second}, got, cmp.Comparer(func(a, b qa.Number) bool { return a == b || !a.Exists() && !b.Exists() })); d != "" {
		t.Error(d)
	}
	if names := r.Learners(); !cmp.Equal(names, []string{"Li", "li"}) {
		t.Errorf("learners %q", names)
	}
	if _, err := r.Keep(first); err == nil {
		t.Error("an attempt was written over another")
	}
	if got, errs := (Results{filepath.Join(t.TempDir(), "absent")}).Attempts("Li"); got != nil || errs != nil {
		t.Errorf("nobody's: %v, %v", got, errs)
	}
}

func TestFilesThatAreNoAttemptsAreNamed(t *testing.T) {
	r := Results{t.TempDir()}
	keep(t, r, attempt("Li", "a", 1, 3, 2, 1, 1.5, "pair"))
	dir := r.LearnerDir("Li")
	for name, text := range map[string]string{
		"broken.json": "{", "foreign.json": `{"format": "something"}`, "empty.json": `{"format": "clipwright attempt 1"}`,
		"changed.json": `{"format": "clipwright attempt 1", "id": "1", "case": "a", "learner": "Li", "score": {"found": -1}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, errs := r.Attempts("Li")
	if len(got) != 1 || len(errs) != 4 {
		t.Errorf("%d attempts, errors %v", len(got), errs)
	}
	for _, err := range errs {
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("%v names no file", err)
		}
	}
}

func TestProgressPoolsCountsAndFindsTheWeakest(t *testing.T) {
	attempts := []Attempt{
		*attempt("Li", "a", 1, 2, 2, 1, 2, "pair"),
		*attempt("Li", "a", 2, 4, 0, 0, 1, "pair"),
		*attempt("Li", "b", 3, 3, 3, 0, 3, "rib"),
	}
	attempts[2].Boost = &qa.Metrics{DSC: 0.5}
	library := []*Case{}
	for _, l := range []Lesson{
		{ID: "a", Difficulty: 1, Categories: []string{"pair"}},
		{ID: "c", Difficulty: 1, Categories: []string{"pair"}},
		{ID: "b", Difficulty: 2, Categories: []string{"rib"}},
		{ID: "d", Difficulty: 3, Categories: []string{"rib", "pair"}},
	} {
		library = append(library, &Case{Lesson: l})
	}
	p := ProgressOf("Li", attempts, library)
	if p.All.Attempts != 3 || p.All.Found != 9 || p.All.Missed != 5 || p.All.Sensitivity != qa.Number(9.0/14) || p.All.FalsePerCase != qa.Number(1.0/3) {
		t.Errorf("all %+v", p.All)
	}
	if p.Latest.Sensitivity != qa.Number(7.0/10) || p.First.Sensitivity != qa.Number(5.0/10) || p.Latest.F1 != qa.Number(14.0/17) {
		t.Errorf("latest %+v, first %+v", p.Latest, p.First)
	}
	if p.Latest.MeanErrorMM != qa.Number((4*1.0+3*3.0)/7) || p.All.MedianSeconds != 62 || p.Latest.MedianBoost != 0.5 {
		t.Errorf("figures %+v", p.Latest)
	}
	if len(p.Cases) != 2 || p.Cases[0].Tries != 2 || p.Cases[0].First.Missed != 2 || p.Cases[0].Latest.Missed != 0 {
		t.Errorf("cases %+v", p.Cases)
	}
	if p.Weakest != "rib" || p.Next != "d" || p.NextWhy != NextWeakest {
		t.Errorf("weakest %q, next %q, %q", p.Weakest, p.Next, p.NextWhy)
	}
	for _, c := range []struct {
		attempts []Attempt
		next     string
		why      NextReason
	}{
		{nil, "a", NextFirst},
		{[]Attempt{*attempt("Li", "a", 1, 4, 0, 0, 1, "pair")}, "c", NextUntried},
		{append(attempts, *attempt("Li", "c", 4, 1, 0, 0, 1, "pair"), *attempt("Li", "d", 5, 1, 0, 0, 1, "rib", "pair")), "b", NextRepeat},
		{[]Attempt{
			*attempt("Li", "a", 1, 1, 0, 0, 1), *attempt("Li", "b", 1, 1, 0, 0, 1), *attempt("Li", "c", 1, 1, 0, 0, 1), *attempt("Li", "d", 1, 1, 0, 0, 1),
		}, "", NextFinished},
	} {
		if p := ProgressOf("Li", c.attempts, library); p.Next != c.next || p.NextWhy != c.why {
			t.Errorf("next %q, %q; want %q, %q", p.Next, p.NextWhy, c.next, c.why)
		}
	}
}

func TestAGroupCountsEachAttemptOnce(t *testing.T) {
	r := Results{t.TempDir()}
	a := attempt("Li", "a", 1, 2, 2, 2, 2, "pair")
	a.Verdicts = []Verdict{
		{Outcome: Missed, Clip: 3}, {Outcome: Missed, Clip: 1}, {Outcome: False, Mark: 1, Reason: &Reason{Kind: "skin wire"}}, {Outcome: False, Mark: 2, Reason: &Reason{Kind: "skin wire"}},
	}
	b := attempt("Wang", "a", 2, 3, 1, 1, 2, "pair")
	b.Verdicts = []Verdict{{Outcome: Missed, Clip: 3}, {Outcome: False, Mark: 1, Reason: &Reason{Kind: ReasonBone}}}
	keep(t, r, a, b, attempt("Wang", "b", 3, 4, 0, 0, 1, "rib"), attempt("Wang", "a", 4, 4, 0, 0, 1, "pair"))
	copied := filepath.Join(r.Dir, "handed in again")
	if err := os.CopyFS(copied, os.DirFS(r.LearnerDir("Li"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, "half.json"), []byte(`{"form`), 0o644); err != nil {
		t.Fatal(err)
	}
	g := GroupOf(r.Dir)
	if len(g.Errors) != 1 || len(g.Attempts) != 4 {
		t.Fatalf("%d attempts, errors %v", len(g.Attempts), g.Errors)
	}
	if len(g.Learners) != 2 || g.Learners[1].Learner != "Wang" || g.Learners[1].Cases != 2 || g.Learners[1].Attempts != 3 || g.Learners[0].Weakest != "pair" {
		t.Errorf("learners %+v", g.Learners)
	}
	c := g.Cases[0]
	if c.Case != "a" || c.Learners != 2 || c.First.Found != 5 || c.First.Missed != 3 || c.First.False != 3 {
		t.Errorf("hardest case %+v", c)
	}
	if !cmp.Equal(c.Missed, []MissedClip{{3, 2}, {1, 1}}) || !cmp.Equal(c.Mistaken, []MistakenFor{{"skin wire", 2}, {ReasonBone, 1}}) {
		t.Errorf("missed %v, mistaken for %v", c.Missed, c.Mistaken)
	}
	if g.All.Found != 2+4+4 {
		t.Errorf("all %+v", g.All)
	}
}

func TestCSVNumbersAttemptsAndHidesFormulas(t *testing.T) {
	a, b := attempt("=HYPERLINK(1)", "a", 1, 2, 2, 1, 2, "pair", "rib"), attempt("=HYPERLINK(1)", "a", 2, 0, 4, 0, math.NaN(), "pair")
	b.Network = &Network{Score: Score{Found: 4}}
	var out strings.Builder
	if err := WriteCSV(csv.NewWriter(&out), []Attempt{*a, *b}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := func(row int, column string) string {
		for i, name := range rows[0] {
			if name == column {
				return rows[row][i]
			}
		}
		return "no column " + column
	}
	for _, c := range []struct {
		row    int
		column string
		want   string
	}{
		{1, "learner", "'=HYPERLINK(1)"},
		{1, "categories", "pair; rib"},
		{1, "attempt", "1"},
		{2, "attempt", "2"},
		{1, "begun_utc", "2026-01-02T01:00:00Z"},
		{1, "sensitivity", "0.5000"},
		{2, "mean_error_mm", ""},
		{2, "network_found", "4"},
		{1, "network_found", ""},
		{2, "boost_dsc", ""},
	} {
		if got := at(c.row, c.column); got != c.want {
			t.Errorf("row %d, %s: %q, want %q", c.row, c.column, got, c.want)
		}
	}
}

func TestWhatTheNetworksMadeIsKeptBesideTheAttempt(t *testing.T) {
	r := Results{filepath.Join(t.TempDir(), "results")}
	a := attempt("Li", "a", 1, 3, 2, 1, 1.5, "pair")
	path, err := r.Keep(a)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Score: Score{Found: 5, False: 1, MeanErrorMM: 0.8}, Verdicts: []Verdict{{Outcome: False, Mark: 6}}}
	for range 2 { // asked again, it stays as it was
		if err := r.KeepNetwork(a, n); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the attempt was changed (%v)", err)
	}
	got, errs := r.Attempts("Li")
	if len(errs) != 0 || len(got) != 1 || got[0].Network == nil || got[0].Network.Found != 5 || got[0].Network.Verdicts[0].Mark != 6 || got[0].Score.Found != 3 {
		t.Errorf("read %+v, %v", got, errs)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".json")+"-b"+comparisonEnd, []byte(`{"format": "other"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, errs := r.Attempts("Li"); len(errs) != 1 || len(got) != 1 {
		t.Errorf("%d attempts, %v", len(got), errs)
	}
}
