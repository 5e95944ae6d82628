package qa

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Broken is the outcome of a case that could not be judged.
const Broken Outcome = "broken"

// Row is one line of the summary: a pair of structures of a case, the case alone when it has no pair, or why it was not
// judged.
type Row struct {
	Case      string   `json:"case"`
	Reference string   `json:"reference"` // files
	Test      string   `json:"test"`
	Outcome   Outcome  `json:"outcome"` // the gravest of the case's checks, or Broken
	Failed    int      `json:"failed"`
	Look      int      `json:"look"`
	Structure string   `json:"structure"`
	Found     int      `json:"clips_found"`
	Missed    int      `json:"clips_missed"`
	Extra     int      `json:"clips_extra"`
	Outliers  []string `json:"outliers"` // keys of figures that lie apart from those of the other cases
	Reason    string   `json:"reason"`
	metrics   *Metrics
}

// Value is a figure of the row's pair; NaN when there is none.
func (r *Row) Value(key string) Number {
	if r.metrics == nil {
		return missing()
	}
	v, _ := r.metrics.Value(key)
	return v
}

// Rows lists every pair of every case, with outliers marked.
func Rows(records []CaseRecord) []Row {
	var rows []Row
	for i := range records {
		c := &records[i]
		if c.Reason != "" {
			rows = append(rows, Row{Case: c.Case, Outcome: Broken, Reason: c.Reason, Outliers: []string{}})
			continue
		}
		for _, res := range c.Results {
			row := Row{
				Case: c.Case, Test: res.Test.File, Outcome: res.Worst(), Failed: res.Count(Fail), Look: res.Count(Look),
				Found: res.Clips.Found, Missed: res.Clips.Missed, Extra: res.Clips.Extra, Outliers: []string{},
			}
			if res.Reference != nil {
				row.Reference = res.Reference.File
			}
			if len(res.Pairs) == 0 {
				rows = append(rows, row)
			}
			for k := range res.Pairs {
				row.Structure, row.metrics, row.Outliers = res.Pairs[k].Ref, &res.Pairs[k].Metrics, []string{}
				rows = append(rows, row)
			}
		}
	}
	markOutliers(rows)
	return rows
}

// Spread is how one figure of one structure is spread over the cases, with the fences of a box plot.
type Spread struct {
	Structure string    `json:"structure"`
	Key       string    `json:"metric"`
	N         int       `json:"n"`
	Least     float64   `json:"least"`
	Q1        float64   `json:"q1"`
	Median    float64   `json:"median"`
	Q3        float64   `json:"q3"`
	Most      float64   `json:"most"`
	LowFence  float64   `json:"low_fence"`
	HighFence float64   `json:"high_fence"`
	values    []float64 // ascending
}

// Values are the figures themselves, ascending.
func (s *Spread) Values() []float64 { return s.values }

// fenceFactor is Tukey's: what lies more than 1.5 interquartile ranges outside the box lies apart.
const fenceFactor = 1.5

// leastForOutliers is the number of cases below which nothing is called an outlier.
const leastForOutliers = 5

// SummaryKeys are the figures whose spread is shown.
func SummaryKeys() []string {
	return []string{"dsc", "surface_dsc", "hd_mm", "hd95_mm", "asd_mm", "volume_ratio", "offset_total_mm", "added_path_mm"}
}

// Spreads are those of every structure and figure that two or more rows have.
func Spreads(rows []Row) []Spread {
	names := map[string]bool{}
	for i := range rows {
		if rows[i].Structure != "" {
			names[rows[i].Structure] = true
		}
	}
	var all []Spread
	for _, name := range sortedNames(names) {
		for _, key := range SummaryKeys() {
			s := Spread{Structure: name, Key: key}
			for i := range rows {
				if v := rows[i].Value(key); rows[i].Structure == name && v.Exists() {
					s.values = append(s.values, float64(v))
				}
			}
			if s.N = len(s.values); s.N < 2 {
				continue
			}
			slices.Sort(s.values)
			s.Least, s.Most = s.values[0], s.values[s.N-1]
			s.Q1, s.Median, s.Q3 = quantile(s.values, 0.25), quantile(s.values, 0.5), quantile(s.values, 0.75)
			reach := fenceFactor * (s.Q3 - s.Q1)
			s.LowFence, s.HighFence = s.Q1-reach, s.Q3+reach
			all = append(all, s)
		}
	}
	return all
}

// quantile is the value at fraction q between the elements of v, ascending, interpolated linearly.
func quantile(v []float64, q float64) float64 {
	at := q * float64(len(v)-1)
	i := min(int(at), len(v)-2)
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

func markOutliers(rows []Row) {
	for _, s := range Spreads(rows) {
		if s.N < leastForOutliers {
			continue
		}
		for i := range rows {
			v := float64(rows[i].Value(s.Key))
			if rows[i].Structure == s.Structure && (v < s.LowFence || v > s.HighFence) {
				rows[i].Outliers = append(rows[i].Outliers, s.Key)
			}
		}
	}
}

// CSV writes rows with a header; figures that do not exist are empty.
func CSV(rows []Row) ([]byte, error) {
	head := []string{"case", "reference", "test", "outcome", "failed", "look", "structure"}
	var keys []string
	for _, d := range Definitions(Tolerances{}) {
		keys = append(keys, d.Key)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{slices.Concat(head, keys, []string{"clips_found", "clips_missed", "clips_extra", "outliers", "reason"})}
	for i := range rows {
		r := &rows[i]
		line := []string{CSVCell(r.Case), CSVCell(r.Reference), CSVCell(r.Test), string(r.Outcome), strconv.Itoa(r.Failed), strconv.Itoa(r.Look), CSVCell(r.Structure)}
		for _, k := range keys {
			text := ""
			if v := r.Value(k); v.Exists() {
				text = strconv.FormatFloat(float64(v), 'f', 4, 64)
			}
			line = append(line, text)
		}
		line = append(line, strconv.Itoa(r.Found), strconv.Itoa(r.Missed), strconv.Itoa(r.Extra), strings.Join(r.Outliers, " "), CSVCell(r.Reason))
		lines = append(lines, line)
	}
	if err := w.WriteAll(lines); err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	return b.Bytes(), nil
}

// CSVCell keeps a spreadsheet from taking a name that begins like a formula for one.
func CSVCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}
