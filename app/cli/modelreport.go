package cli

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/clipwright/clipwright/segment"
)

// yardstick is one figure over cases; value returns false where it is undefined.
type yardstick struct {
	name   string
	format string
	value  func(cases []CaseEvaluation) (float64, bool)
}

func yardsticks() []yardstick {
	return append(append(clipYardsticks(), overlapYardsticks()...), append(checkYardsticks(), baselineYardsticks()...)...)
}

func clipYardsticks() []yardstick {
	return []yardstick{
		{"clips found (sensitivity over all clips)", "%.3f", sensitivity},
		{"false clips a case", "%.2f", perCase(func(c *CaseEvaluation) int { return len(c.False) })},
		{"cases with every clip found and none false", "%.2f", perCase(func(c *CaseEvaluation) int { return count(c.exact()) })},
		{"median centre error, mm", "%.2f", func(cases []CaseEvaluation) (float64, bool) {
			var all []float64
			for _, c := range cases {
				for _, k := range c.Clips {
					if k.Found {
						all = append(all, k.ErrorMM)
					}
				}
			}
			slices.Sort(all)
			if len(all) == 0 {
				return 0, false
			}
			return all[len(all)/2], true
		}},
	}
}

func overlapYardsticks() []yardstick {
	mean := func(pick func(*CaseEvaluation) *float64) func([]CaseEvaluation) (float64, bool) {
		return func(cases []CaseEvaluation) (float64, bool) {
			var all []float64
			for i := range cases {
				if v := pick(&cases[i]); v != nil {
					all = append(all, *v)
				}
			}
			return stat.Mean(all, nil), len(all) > 0
		}
	}
	return []yardstick{
		{"DSC, 2 mm grid (mean of cases)", "%.3f", mean(func(c *CaseEvaluation) *float64 { return &c.Network.DSC })},
		{"HD95, 2 mm grid, mm", "%.2f", mean(func(c *CaseEvaluation) *float64 { return c.Network.HD95MM })},
		{"ASD, 2 mm grid, mm", "%.3f", mean(func(c *CaseEvaluation) *float64 { return c.Network.ASDMM })},
		{"DSC, source grid", "%.3f", mean(func(c *CaseEvaluation) *float64 { return &c.Source.DSC })},
		{"HD95, source grid, mm", "%.2f", mean(func(c *CaseEvaluation) *float64 { return c.Source.HD95MM })},
		{"ASD, source grid, mm", "%.3f", mean(func(c *CaseEvaluation) *float64 { return c.Source.ASDMM })},
	}
}

// checkYardsticks judge the program's request to look at a case, which should come where a clip was
// missed or something else was taken for one.
func checkYardsticks() []yardstick {
	asked := func(exact bool) func([]CaseEvaluation) (float64, bool) {
		return func(cases []CaseEvaluation) (float64, bool) {
			n, asked := 0, 0
			for i := range cases {
				if cases[i].exact() == exact {
					n++
					asked += count(cases[i].Look)
				}
			}
			return float64(asked) / float64(n), n > 0
		}
	}
	return []yardstick{
		{"a look asked for: share of cases with a miss or a false clip", "%.2f", asked(false)},
		{"a look asked for: share of the other cases", "%.2f", asked(true)},
	}
}

func baselineYardsticks() []yardstick {
	var all []yardstick
	for _, method := range []struct {
		name string
		pick func(*CaseEvaluation) Baseline
	}{
		{"threshold at 300 HU", func(c *CaseEvaluation) Baseline { return c.Threshold }},
		{"threshold, top-hat and size", func(c *CaseEvaluation) Baseline { return c.TopHat }},
	} {
		all = append(all,
			yardstick{method.name + ": clips found", "%.3f", func(cases []CaseEvaluation) (float64, bool) {
				clips, found := 0, 0
				for i := range cases {
					clips, found = clips+len(cases[i].Clips), found+method.pick(&cases[i]).Found
				}
				return float64(found) / float64(clips), clips > 0
			}},
			yardstick{method.name + ": false clips a case", "%.1f", perCase(func(c *CaseEvaluation) int { return method.pick(c).False })},
		)
	}
	return all
}

func sensitivity(cases []CaseEvaluation) (float64, bool) {
	clips, found := 0, 0
	for i := range cases {
		clips, found = clips+len(cases[i].Clips), found+cases[i].found()
	}
	return float64(found) / float64(clips), clips > 0
}

// perCase is the mean of a number over cases.
func perCase(number func(*CaseEvaluation) int) func([]CaseEvaluation) (float64, bool) {
	return func(cases []CaseEvaluation) (float64, bool) {
		n := 0
		for i := range cases {
			n += number(&cases[i])
		}
		return float64(n) / float64(len(cases)), len(cases) > 0
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
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
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(values)
	return values[len(values)*25/1000], values[len(values)*975/1000]
}

// summaryTable is every yardstick with its bootstrap interval, as Markdown.
func summaryTable(cases []CaseEvaluation) string {
	if len(cases) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| yardstick | value | 95 %% interval |\n| --- | --- | --- |\n")
	for _, y := range yardsticks() {
		v, ok := y.value(cases)
		if !ok {
			fmt.Fprintf(&b, "| %s | undefined | |\n", y.name)
			continue
		}
		low, high := bootstrap(y, cases)
		fmt.Fprintf(&b, "| %s | "+y.format+" | "+y.format+" to "+y.format+" |\n", y.name, v, low, high)
	}
	return b.String()
}

// stratum is a kind of clip.
type stratum struct {
	name string
	has  func(c *CaseEvaluation, k *ClipEvaluation) bool
}

func strata() []stratum {
	sliceMM := func(low, high float64) func(*CaseEvaluation, *ClipEvaluation) bool {
		return func(c *CaseEvaluation, _ *ClipEvaluation) bool { return c.SliceMM > low && c.SliceMM <= high }
	}
	of := func(has func(k *ClipEvaluation) bool) func(*CaseEvaluation, *ClipEvaluation) bool {
		return func(_ *CaseEvaluation, k *ClipEvaluation) bool { return has(k) }
	}
	return []stratum{
		{"slices to 2 mm", sliceMM(0, 2)},
		{"slices over 2 to 3 mm", sliceMM(2, 3)},
		{"slices over 3 mm", sliceMM(3, 10)},
		{"clip to 4 mm long", of(func(k *ClipEvaluation) bool { return k.LengthMM <= 4 })},
		{"clip over 4 to 6 mm", of(func(k *ClipEvaluation) bool { return k.LengthMM > 4 && k.LengthMM <= 6 })},
		{"clip over 6 mm", of(func(k *ClipEvaluation) bool { return k.LengthMM > 6 })},
		{"peak below 600 HU", of(func(k *ClipEvaluation) bool { return k.PeakHU < 600 })},
		{"peak 600 to 1500 HU", of(func(k *ClipEvaluation) bool { return k.PeakHU >= 600 && k.PeakHU < 1500 })},
		{"peak 1500 HU and more", of(func(k *ClipEvaluation) bool { return k.PeakHU >= 1500 })},
		{"another clip within 6 mm", of(func(k *ClipEvaluation) bool { return k.NeighbourMM <= 6 })},
		{"skin within 10 mm", of(func(k *ClipEvaluation) bool { return k.SkinMM <= 10 })},
		{"bone within 8 mm", of(func(k *ClipEvaluation) bool { return k.BoneMM <= 8 })},
		{"skin markers or wires present", func(c *CaseEvaluation, _ *ClipEvaluation) bool { return c.Markers }},
	}
}

// strataTable is the sensitivity in each stratum, as Markdown.
func strataTable(cases []CaseEvaluation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| clips | number | found | 95 %% interval |\n| --- | --- | --- | --- |\n")
	for _, s := range strata() {
		within := inStratum(cases, s)
		found, ok := sensitivity(within)
		if !ok {
			continue
		}
		n := 0
		for i := range within {
			n += len(within[i].Clips)
		}
		low, high := bootstrap(yardstick{value: sensitivity}, within)
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f to %.3f |\n", s.name, n, found, low, high)
	}
	return b.String()
}

// inStratum is cases with only the clips of s.
func inStratum(cases []CaseEvaluation, s stratum) []CaseEvaluation {
	var out []CaseEvaluation
	for _, c := range cases {
		clips := c.Clips
		c.Clips = nil
		for i := range clips {
			if s.has(&c, &clips[i]) {
				c.Clips = append(c.Clips, clips[i])
			}
		}
		if len(c.Clips) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// modelReport is docs/models.md: what was measured of the networks that ship.
func modelReport(deps Deps, e Evaluation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The networks and what was measured\n\n")
	fmt.Fprintf(&b, "This page is written by `make evaluate`; change the program, not the page. Clipwright is not a medical device. What the paper's "+
		"own regime makes of two of these sets within a small budget is in [models-paper.md](models-paper.md) (`make paper`).\n\n")
	writeNetworks(&b, deps.Models)
	if m := deps.Detail.Card.Metrics; deps.Detail.Card.Pair != nil {
		fmt.Fprintf(&b, "- The Detail Net on %.0f looks of cases left out: area under the ROC curve %.3f for clip or not; for two clips or one %.3f by the model of a clip, "+
			"%.3f by the net, %.3f by both together.\n", m["validation_looks"], m["validation_clip_auc"], m["validation_pair_auc_fit"], m["validation_pair_auc_net"], m["validation_pair_auc"])
	}
	if j := deps.Segmentation.Card.Judge; j != nil {
		fmt.Fprintf(&b, "- **judge** of the candidates: confidence %.2f keeps one, %.2f expected errors ask for a look; fitted by `make judge` on %.0f phantoms and "+
			"%.0f insertions into the training CTs that neither train nor test. Weights: %s; bias %.2f.\n", j.Keep, j.Look,
			deps.Segmentation.Card.Metrics["judge_phantom_cases"], deps.Segmentation.Card.Metrics["judge_real_cases"], weightsText(j.Weights), j.Bias)
	}
	fmt.Fprintf(&b, "\nNetworks ran on: %s. Intervals are bootstrapped over cases. A clip is found when centres match one to one within 5 mm; "+
		"axillary clips count neither way. DSC, HD95 and ASD compare the union of the bed's clips; HD95 and ASD are means over cases where both "+
		"masks have voxels. The baselines see the same cases: every component of the body at 300 HU or more, and those of what an opening by a ball "+
		"of 3 mm takes away, 4 to 300 mm³ in size.\n", e.Provider)
	for _, set := range e.Sets {
		writeSet(&b, set)
	}
	fmt.Fprintf(&b, "\n## What these figures do not say\n\nPhantom cases come from the same generator as the training cases, with other seeds; inserted clips are "+
		"drawn by the same physics as in training, in CTs that never trained, few of them. Earlier sets of models/testsets (without a b in "+
		"their names) had been measured before the weight of a doubtful pair was last chosen; the sets above were committed after that and before "+
		"anything was measured on them. They say nothing yet about real surgical clips; the paper's figures "+
		"(DSC 0.844, HD95 2.008 mm, ASD 0.333 mm) are of 5 real patients and cannot be compared with them directly. Clips of a second simulator, "+
		"which shares nothing with the phantom, are in [second-simulator.md](second-simulator.md) (`make second-simulator`).\n")
	fmt.Fprintf(&b, "\n%s", credits)
	return b.String()
}

// otherReport is the page of what was measured of networks that do not ship.
func otherReport(deps Deps, e Evaluation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The paper's regime within a small budget, and what was measured\n\n")
	fmt.Fprintf(&b, "This page is written by `make paper`: networks that do not ship, trained by `models/train/config/paper.toml` from nothing, for as long as "+
		"stands below, and measured as those of [models.md](models.md) are. They have no judge and no Detail Net: a voxel is clip where the network says 0.5 "+
		"or more. The paper trained for 1000 epochs and on a GPU; this says what its regime gives on the hardware named, not what it can give. Clipwright is "+
		"not a medical device.\n\n")
	writeNetworks(&b, deps.Models)
	for _, set := range e.Sets {
		fmt.Fprintf(&b, "\n## Test set `%s`, %d cases\n\n%s\n\n", set.Name, len(set.Cases), set.About)
		if set.Skipped != "" {
			fmt.Fprintf(&b, "%s\n", set.Skipped)
			continue
		}
		b.WriteString(summaryTable(set.Cases))
		writeFailed(&b, set.Failed)
	}
	return b.String()
}

func writeNetworks(b *strings.Builder, networks segment.Models) {
	for _, m := range networks.All() {
		fmt.Fprintf(b, "- **%s** %s, configuration `%s`: %.2f MB, patch %d^3 at %g mm, SHA-256 `%s`. Trained %s on: %s.\n", m.Card.Name, m.Card.Version,
			m.Card.Config, float64(len(m.ONNX))/1e6, m.Card.PatchVoxels, m.Card.SpacingMM, m.Card.SHA256, m.Card.Trained, strings.Join(m.Card.Data, "; "))
	}
}

// writeFailed names the cases that were not measured.
func writeFailed(b *strings.Builder, failed []FailedCase) {
	if len(failed) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Not measured\n\n")
	for _, f := range failed {
		fmt.Fprintf(b, "- %s: %s\n", f.Name, f.Reason)
	}
}

// weightsText lists weights by name.
func weightsText(weights map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		parts = append(parts, fmt.Sprintf("%s %.2f", strings.ReplaceAll(name, "_", " "), weights[name]))
	}
	return strings.Join(parts, ", ")
}

// credits names the collections whose CTs take inserted clips.
const credits = `## Credits

Real CTs come from The Cancer Imaging Archive. Training: LIDC-IDRI, 4D-Lung, TCGA-THCA, RIDER Pilot, CPTAC-SAR (CC BY 3.0), CMB-CRC and
Lung-PET-CT-Dx (CC BY 4.0). Tests: RIDER Pilot, another patient, and ACRIN-NSCLC-FDG-PET (CC BY 3.0). No image of them is part of the
program.
`

func writeSet(b *strings.Builder, set SetEvaluation) {
	fmt.Fprintf(b, "\n## Test set `%s`, %d cases\n\n%s\n\n", set.Name, len(set.Cases), set.About)
	if set.Skipped != "" {
		fmt.Fprintf(b, "%s\n", set.Skipped)
		return
	}
	fmt.Fprintf(b, "%s\n### Which clips are found\n\nStrata below 50 clips are shown for completeness.\n\n%s", summaryTable(set.Cases), strataTable(set.Cases))
	fmt.Fprintf(b, "\n### Case by case\n\n| case | slices mm | clips | found | false | DSC 2 mm | HD95 2 mm | look asked for | threshold false | s |\n"+
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for i := range set.Cases {
		c := &set.Cases[i]
		look := ""
		if c.Look {
			look = "yes"
		}
		fmt.Fprintf(b, "| %s | %g | %d | %d | %d | %.3f | %s | %s | %d | %.1f |\n", c.Name, c.SliceMM, len(c.Clips), c.found(), len(c.False),
			c.Network.DSC, millimetres(c.Network.HD95MM), look, c.Threshold.False, c.Seconds)
	}
	writeFailed(b, set.Failed)
	writePictures(b, &set)
	fmt.Fprintf(b, "\n### What was missed or false\n\n")
	if !slices.ContainsFunc(set.Cases, func(c CaseEvaluation) bool { return !c.exact() }) {
		fmt.Fprintf(b, "Nothing.\n")
	}
	for i := range set.Cases {
		writeFailures(b, &set.Cases[i])
	}
}

// writePictures shows the worst failures, with what each picture holds, in reading order.
func writePictures(b *strings.Builder, set *SetEvaluation) {
	if len(set.failures) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### The worst failures\n\nThe brightest clips that were missed (yellow corners), then the surest marks that are false (orange); "+
		"%d mm of the slice each, window %d, centre %d HU.\n\n![](%s)\n\n", tileMM, clipsWidthHU, clipsCentreHU, filepath.ToSlash(sheetName(set.Name)))
	for i, f := range set.failures {
		fmt.Fprintf(b, "%d. row %d, column %d: %s\n", i+1, i/tileColumns+1, i%tileColumns+1, f.caption)
	}
}

func writeFailures(b *strings.Builder, c *CaseEvaluation) {
	for _, k := range c.Clips {
		if !k.Found {
			fmt.Fprintf(b, "- %s: missed a clip of %.0f mm, peak %d HU, next clip %.0f mm away, at %s\n", c.Name, k.LengthMM, k.PeakHU, k.NeighbourMM, positionText(k.CentreMM))
		}
	}
	for _, f := range c.False {
		fmt.Fprintf(b, "- %s: false, confidence %.2f, peak %d HU, at %s", c.Name, f.Confidence, f.PeakHU, positionText(f.CentreMM))
		for _, what := range append(f.Flags, f.Near) {
			if what != "" {
				fmt.Fprintf(b, "; %s", what)
			}
		}
		fmt.Fprintln(b)
	}
}
