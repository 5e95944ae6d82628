package qa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	fileatomic "github.com/natefinch/atomic"
)

// BatchOptions say what Batch works through.
type BatchOptions struct {
	Root      string // each folder in it is a case
	Out       string // cases/NAME.json, rules.toml, summary.csv, summary.json
	Rules     *Rules
	RulesText string // of the rules, kept beside the results
	Force     bool   // take Out over although it was made with other rules
	Version   string // of the program: another one measures anew
	// Progress is called from many goroutines with the number of cases that are done, of all.
	Progress func(done, total int)
}

// CaseRecord is what stands in cases/NAME.json.
type CaseRecord struct {
	CaseHead
	Results []*Result `json:"results"`
}

const (
	casesFolder = "cases"
	rulesFile   = "rules.toml"
)

// Batch judges every case under o.Root and returns a record of each, in the order of their names. Each record is put in
// its place whole before the next is begun, so that a run which was killed goes on where it stopped: what is done, and
// whose files and rules are unchanged, is not done again. A case that cannot be judged is a record with the reason.
func Batch(ctx context.Context, o BatchOptions) ([]CaseRecord, error) {
	names, err := CaseFolders(o.Root, o.Out)
	if err != nil {
		return nil, err
	}
	if err := prepareOut(o); err != nil {
		return nil, err
	}
	records := make([]CaseRecord, len(names))
	errs := make([]error, len(names))
	var next, done atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(names) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				records[i], errs[i] = o.one(ctx, names[i])
				if o.Progress != nil {
					o.Progress(int(done.Add(1)), len(names))
				}
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return records, errors.Join(errs...)
}

// prepareOut makes the folder of the results, or recognises it, and removes what a killed run was writing.
func prepareOut(o BatchOptions) error {
	if err := (BatchFolder{o.Out, rulesFile, o.RulesText, "rules", o.Force}).Prepare(); err != nil {
		return err
	}
	cases := filepath.Join(o.Out, casesFolder)
	left, err := filepath.Glob(filepath.Join(cases, "*.json?*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return os.MkdirAll(cases, 0o755)
}

// one returns the record of a case: the one that stands, or a new one.
func (o *BatchOptions) one(ctx context.Context, name string) (CaseRecord, error) {
	dir := filepath.Join(o.Root, name)
	print, err := Fingerprint(dir, o.Version, o.RulesText)
	if err != nil {
		return CaseRecord{}, err
	}
	return RecordOf(ctx, filepath.Join(o.Out, casesFolder, name+".json"), name, print, func(r *CaseRecord) error {
		r.Results = []*Result{}
		return r.judge(ctx, dir, o.Rules)
	})
}

// judge compares the sets of one folder.
func (r *CaseRecord) judge(ctx context.Context, dir string, rules *Rules) error {
	inputs, err := Open(ctx, dir, rules, Choice{})
	if err != nil {
		return err
	}
	for _, in := range inputs {
		result, err := Compare(ctx, in, rules)
		if err != nil {
			return err
		}
		result.dropMasks()
		r.Results = append(r.Results, result)
	}
	return nil
}

func (r *Result) dropMasks() {
	for i := range r.Pairs {
		r.Pairs[i].RefMask, r.Pairs[i].TestMask = nil, nil
	}
}

// WriteSummary puts summary.csv and summary.json beside the records: a run that was killed leaves those of the run before.
func WriteSummary(out string, records []CaseRecord) error {
	rows := Rows(records)
	csv, err := CSV(rows)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(struct {
		Outcomes map[Outcome]int `json:"outcomes"` // cases by their gravest outcome
		Rows     []Row           `json:"rows"`
		Spread   []Spread        `json:"spread"`
		Cases    []CaseRecord    `json:"cases"`
	}{Outcomes(rows), rows, Spreads(rows), records}, "", " ")
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return errors.Join(
		fileatomic.WriteFile(filepath.Join(out, "summary.csv"), bytes.NewReader(csv)),
		fileatomic.WriteFile(filepath.Join(out, "summary.json"), bytes.NewReader(append(text, '\n'))),
	)
}

// Outcomes counts cases by their gravest outcome; broken ones as "broken".
func Outcomes(rows []Row) map[Outcome]int {
	worst := map[string]Outcome{}
	for _, r := range rows {
		if o, seen := worst[r.Case]; !seen || r.Outcome.Rank() > o.Rank() {
			worst[r.Case] = r.Outcome
		}
	}
	count := map[Outcome]int{}
	for _, o := range worst {
		count[o]++
	}
	return count
}

// sortedNames returns the names of a set in order.
func sortedNames(set map[string]bool) []string {
	var all []string
	for n := range set {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}
