package cli

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/clipwright/clipwright/segment"
)

func parent(path string) string { return filepath.Dir(path) }

// yardstick is one figure over cases; NaN-free: value returns false where it is undefined.
type yardstick struct {
	name   string
	format string
	value  func(cases []CaseEvaluation) (float64, bool)
}

func yardsticks() []yardstick {
	overlapOf := func(pick func(CaseEvaluation) *float64) func([]CaseEvaluation) (float64, bool) {
		return func(cases []CaseEvaluation) (float64, bool) {
			var all []float64
			for _, c := range cases {
				if v := pick(c); v != nil {
					all = append(all, *v)
				}
			}
			return stat.Mean(all, nil), len(all) > 0
		}
	}
	return []yardstick{
		{"clips found (sensitivity over all clips)", "%.3f", func(cases []CaseEvaluation) (float64, bool) {
			clips, found := 0, 0
			for _, c := range cases {
				clips, found = clips+c.Clips, found+c.Found
			}
			return float64(found) / float64(clips), clips > 0
		}},
		{"false clips a case", "%.2f", func(cases []CaseEvaluation) (float64, bool) {
			n := 0
			for _, c := range cases {
				n += c.False
			}
			return float64(n) / float64(len(cases)), len(cases) > 0
		}},
		{"cases with every clip found and none false", "%.2f", func(cases []CaseEvaluation) (float64, bool) {
			n := 0
			for _, c := range cases {
				if c.Found == c.Clips && c.False == 0 {
					n++
				}
			}
			return float64(n) / float64(len(cases)), len(cases) > 0
		}},
		{"median centre error, mm", "%.2f", func(cases []CaseEvaluation) (float64, bool) {
			var all []float64
			for _, c := range cases {
				all = append(all, c.CentreErrorMM...)
			}
			slices.Sort(all)
			if len(all) == 0 {
				return 0, false
			}
			return all[len(all)/2], true
		}},
		{"DSC, 2 mm grid (mean of cases)", "%.3f", overlapOf(func(c CaseEvaluation) *float64 { return &c.Network.DSC })},
		{"HD95, 2 mm grid, mm", "%.2f", overlapOf(func(c CaseEvaluation) *float64 { return c.Network.HD95MM })},
		{"ASD, 2 mm grid, mm", "%.3f", overlapOf(func(c CaseEvaluation) *float64 { return c.Network.ASDMM })},
		{"DSC, source grid", "%.3f", overlapOf(func(c CaseEvaluation) *float64 { return &c.Source.DSC })},
		{"HD95, source grid, mm", "%.2f", overlapOf(func(c CaseEvaluation) *float64 { return c.Source.HD95MM })},
		{"ASD, source grid, mm", "%.3f", overlapOf(func(c CaseEvaluation) *float64 { return c.Source.ASDMM })},
		{"threshold at 300 HU: clips found", "%.3f", func(cases []CaseEvaluation) (float64, bool) {
			clips, found := 0, 0
			for _, c := range cases {
				clips, found = clips+c.Clips, found+c.ThresholdFound
			}
			return float64(found) / float64(clips), clips > 0
		}},
		{"threshold at 300 HU: false clips a case", "%.1f", func(cases []CaseEvaluation) (float64, bool) {
			n := 0
			for _, c := range cases {
				n += c.ThresholdFalse
			}
			return float64(n) / float64(len(cases)), len(cases) > 0
		}},
	}
}

// bootstrap returns the 95 % percentile interval of y over cases drawn with replacement.
func bootstrap(y yardstick, cases []CaseEvaluation) (low, high float64) {
	const draws = 2000
	rng := rand.New(rand.NewPCG(1, 2))
	var values []float64
	sample := make([]CaseEvaluation, len(cases))
	for range draws {
		for i := range sample {
			sample[i] = cases[rng.IntN(len(cases))]
		}
		if v, ok := y.value(sample); ok {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values[len(values)*25/1000], values[len(values)*975/1000]
}

// summaryTable is every yardstick with its bootstrap interval, as Markdown.
func summaryTable(e Evaluation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| yardstick | value | 95 %% interval |\n| --- | --- | --- |\n")
	for _, y := range yardsticks() {
		v, ok := y.value(e.Cases)
		if !ok {
			fmt.Fprintf(&b, "| %s | undefined | |\n", y.name)
			continue
		}
		low, high := bootstrap(y, e.Cases)
		fmt.Fprintf(&b, "| %s | "+y.format+" | "+y.format+" to "+y.format+" |\n", y.name, v, low, high)
	}
	return b.String()
}

// modelReport is docs/models.md.
func modelReport(deps Deps, e Evaluation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The networks and what was measured\n\n")
	fmt.Fprintf(&b, "This page is written by `make evaluate`; change the program, not the page. Clipwright is not a medical device.\n\n")
	for _, m := range []segment.Model{deps.Location, deps.Segmentation} {
		fmt.Fprintf(&b, "- **%s** %s, configuration `%s`: %.2f MB, patch %d^3 at %g mm, SHA-256 `%s`. Trained %s on: %s.\n", m.Card.Name, m.Card.Version,
			m.Card.Config, float64(len(m.ONNX))/1e6, m.Card.PatchVoxels, m.Card.SpacingMM, m.Card.SHA256, m.Card.Trained, strings.Join(m.Card.Data, "; "))
	}
	fmt.Fprintf(&b, "\n## Test set `%s`, %d cases, provider %s\n\n%s\n\n%s\n", e.TestSet, len(e.Cases), e.Provider, e.About, summaryTable(e))
	fmt.Fprintf(&b, "Intervals are bootstrapped over cases. A clip is found when centres match one to one within 5 mm; axillary clips count neither way. ")
	fmt.Fprintf(&b, "DSC, HD95 and ASD compare the union of the bed's clips; HD95 and ASD are means over cases where both masks have voxels.\n\n")
	fmt.Fprintf(&b, "## Case by case\n\n| seed | slices mm | clips | found | false | DSC 2 mm | HD95 2 mm | threshold false | s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range e.Cases {
		fmt.Fprintf(&b, "| %d | %g | %d | %d | %d | %.3f | %s | %d | %.1f |\n", c.Seed, c.SliceMM, c.Clips, c.Found, c.False, c.Network.DSC, millimetres(c.Network.HD95MM), c.ThresholdFalse, c.Seconds)
	}
	fmt.Fprintf(&b, "\n## What was missed\n\n")
	missed := 0
	for _, c := range e.Cases {
		for _, m := range c.Missed {
			missed++
			fmt.Fprintf(&b, "- seed %d: clip of %.0f mm, peak %d HU, at %s\n", c.Seed, m.LengthMM, m.PeakHU, positionText(m.CentreMM))
		}
	}
	if missed == 0 {
		fmt.Fprintf(&b, "No clip of the test set was missed.\n")
	}
	fmt.Fprintf(&b, "\n## What these figures do not say\n\nPhantom cases come from the same generator as the training cases, with other seeds. "+
		"They say nothing yet about real surgical clips; the paper's figures (DSC 0.844, HD95 2.008 mm, ASD 0.333 mm) are of 5 real patients and cannot be compared with them directly.\n")
	return b.String()
}
