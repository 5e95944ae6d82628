package qa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
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
	Case        string    `json:"case"`
	Fingerprint string    `json:"fingerprint"`      // of rules, version and the files of the case
	Reason      string    `json:"reason,omitempty"` // why there is no result
	Results     []*Result `json:"results"`
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

// CaseFolders lists the folders in root by name, without hidden ones and out.
func CaseFolders(root, out string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("look for cases: %w", err)
	}
	var names []string
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		info, err := os.Stat(path) // follows links
		if err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") || samePath(path, out) {
			continue
		}
		names = append(names, e.Name())
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no folder; each folder in it is one case, with its CT and RTSTRUCTs", root)
	}
	return names, nil
}

// prepareOut makes the folder, or recognises it as one that an earlier run with the same rules left.
func prepareOut(o BatchOptions) error {
	rules := filepath.Join(o.Out, rulesFile)
	switch before, err := os.ReadFile(rules); {
	case err == nil && !o.Force && !bytes.Equal(before, []byte(o.RulesText)):
		return fmt.Errorf("%s holds results of other rules; choose another folder or add --force to measure anew", o.Out)
	case errors.Is(err, fs.ErrNotExist):
		if entries, err := os.ReadDir(o.Out); err == nil && len(entries) > 0 {
			return fmt.Errorf("%s holds files that are no results of this command; choose an empty folder", o.Out)
		}
	case err != nil:
		return err
	}
	if err := os.MkdirAll(filepath.Join(o.Out, casesFolder), 0o755); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(o.Out, casesFolder, "*.json?*")) // what a killed run was writing
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return fileatomic.WriteFile(rules, strings.NewReader(o.RulesText))
}

// one returns the record of a case: the one that stands, or a new one, put in place.
func (o *BatchOptions) one(ctx context.Context, name string) (CaseRecord, error) {
	dir, file := filepath.Join(o.Root, name), filepath.Join(o.Out, casesFolder, name+".json")
	print, err := o.fingerprint(dir)
	if err != nil {
		return CaseRecord{}, err
	}
	if text, err := os.ReadFile(file); err == nil {
		var before CaseRecord
		if json.Unmarshal(text, &before) == nil && before.Fingerprint == print {
			return before, nil
		}
	}
	r := CaseRecord{Case: name, Fingerprint: print, Results: []*Result{}}
	if r.Results, err = judge(ctx, dir, o.Rules); err != nil {
		if ctx.Err() != nil {
			return CaseRecord{}, ctx.Err()
		}
		r.Reason = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return CaseRecord{}, fmt.Errorf("%s: %w", file, err)
	}
	return r, fileatomic.WriteFile(file, bytes.NewReader(append(text, '\n')))
}

// judge compares the sets of one folder. What goes wrong inside, a fault of the program included, is this case's alone.
func judge(ctx context.Context, dir string, rules *Rules) (all []*Result, err error) {
	all = []*Result{}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a fault of this program, please report it: %v", p)
		}
	}()
	inputs, err := Open(ctx, dir, rules, Choice{})
	if err != nil {
		return all, err
	}
	for _, in := range inputs {
		r, err := Compare(ctx, in, rules)
		if err != nil {
			return all, err
		}
		r.dropMasks()
		all = append(all, r)
	}
	return all, nil
}

func (r *Result) dropMasks() {
	for i := range r.Pairs {
		r.Pairs[i].RefMask, r.Pairs[i].TestMask = nil, nil
	}
}

// fingerprint tells one state of the files of a case, of the rules and of the program from another.
func (o *BatchOptions) fingerprint(dir string) (string, error) {
	return Fingerprint(dir, o.Version, o.RulesText)
}

// Fingerprint tells one state of the files under dir, and of what else a result depends on, from another.
func Fingerprint(dir string, settings ...string) (string, error) {
	h := sha256.New()
	for _, s := range settings {
		fmt.Fprintf(h, "%s\n", s)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %d %d\n", path[len(dir):], info.Size(), info.ModTime().UnixNano())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look at the files of %s: %w", dir, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// WriteSummary puts summary.csv and summary.json beside the records: a run that was killed leaves those of the run before.
func WriteSummary(out string, records []CaseRecord) error {
	rows := Rows(records)
	csv, err := rowsCSV(rows)
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
