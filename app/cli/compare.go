package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// hitRadiusMM is how near two centres must be for a clip to count as found (SCIENCE: matching).
const hitRadiusMM = 5

// Comparison is what `compare --json` writes; an undefined distance is null.
type Comparison struct {
	Pairs []PairResult   `json:"pairs"`
	Clips ClipComparison `json:"clips"`
}

// PairResult compares one pair of structures on the CT grid.
type PairResult struct {
	Ref    string   `json:"ref"`
	Test   string   `json:"test"`
	DSC    float64  `json:"dsc"`
	HD95MM *float64 `json:"hd95_mm"`
	ASDMM  *float64 `json:"asd_mm"`
	RefCC  float64  `json:"ref_cc"`
	TestCC float64  `json:"test_cc"`
}

// ClipComparison counts clips matched one to one within 5 mm; axillary clips count neither way.
type ClipComparison struct {
	Found         int       `json:"found"`
	Missed        int       `json:"missed"`
	False         int       `json:"false"`
	CentreErrorMM []float64 `json:"centre_error_mm"`
}

type compareOptions struct {
	ct, series, json string
	pairs            []string
	force            bool
}

func compareCommand(deps Deps) *cobra.Command {
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare --ct DIR REF.dcm TEST.dcm",
		Short: "Compare two RTSTRUCTs on their CT: overlap, distances, clips found",
		Args:  exactly(2, "a reference and a test RTSTRUCT"),
		RunE:  func(c *cobra.Command, args []string) error { return runCompare(c.Context(), deps, o, args[0], args[1]) },
	}
	f := c.Flags()
	f.StringVar(&o.ct, "ct", "", "folder of the CT both belong to")
	f.StringVar(&o.series, "series", "", "series instance UID, when the folder holds several CTs")
	f.StringArrayVar(&o.pairs, "pair", nil, "REFNAME=TESTNAME; without it equal names are paired")
	f.StringVar(&o.json, "json", "", "also write the comparison as JSON")
	f.BoolVar(&o.force, "force", false, "replace the JSON file if it exists")
	return c
}

func runCompare(ctx context.Context, deps Deps, o compareOptions, refPath, testPath string) error {
	if o.ct == "" {
		return usageError{errors.New("name the CT folder with --ct DIR")}
	}
	if err := checkTarget(o.json, o.force); err != nil {
		return err
	}
	var report dicom.Report
	ref, err := dicom.ReadStructureSet(refPath, &report)
	if err != nil {
		return err
	}
	test, err := dicom.ReadStructureSet(testPath, &report)
	if err != nil {
		return err
	}
	ct, err := readCTFor(ctx, o.ct, o.series, ref, refPath, &report)
	if err != nil {
		return err
	}
	if !test.Check(testPath, ct.series, ct.volume.Grid, &report) {
		return fmt.Errorf("%s lies in another frame of reference than the CT in %s and %s: there is nothing to compare", testPath, o.ct, refPath)
	}
	pairs, err := pairStructures(ref, test, o.pairs)
	if err != nil {
		return err
	}
	result := Comparison{Pairs: []PairResult{}, Clips: compareClips(ref, test, ct.volume.Grid)}
	for _, p := range pairs {
		if err := ctx.Err(); err != nil {
			return err
		}
		result.Pairs = append(result.Pairs, comparePair(p, ct.volume.Grid))
	}
	if o.json != "" {
		if err := WriteJSON(o.json, result, o.force); err != nil {
			return err
		}
	}
	for _, w := range reportWarnings(&report) {
		fmt.Fprintln(deps.ErrOut, "warning:", w)
	}
	printComparison(deps, result)
	return nil
}

func printComparison(deps Deps, r Comparison) {
	fmt.Fprintf(deps.Out, "%-16s %-16s %6s %9s %9s %9s %9s\n", "reference", "test", "DSC", "HD95 mm", "ASD mm", "ref cc", "test cc")
	for _, p := range r.Pairs {
		fmt.Fprintf(deps.Out, "%-16s %-16s %6.3f %9s %9s %9.2f %9.2f\n", p.Ref, p.Test, p.DSC, millimetres(p.HD95MM), millimetres(p.ASDMM), p.RefCC, p.TestCC)
	}
	fmt.Fprintf(deps.Out, "clips: %d found, %d missed, %d false", r.Clips.Found, r.Clips.Missed, r.Clips.False)
	if n := len(r.Clips.CentreErrorMM); n > 0 {
		fmt.Fprintf(deps.Out, "; median centre error %.2f mm", slices.Sorted(slices.Values(r.Clips.CentreErrorMM))[n/2])
	}
	fmt.Fprintln(deps.Out)
}

func millimetres(v *float64) string {
	if v == nil {
		return "undefined"
	}
	return fmt.Sprintf("%.3f", *v)
}

type structurePair struct{ ref, test *dicom.Structure }

// pairStructures pairs as asked, or else by equal names.
func pairStructures(ref, test *dicom.StructureSet, asked []string) ([]structurePair, error) {
	byName := func(set *dicom.StructureSet, name string) *dicom.Structure {
		for i := range set.Structures {
			if strings.EqualFold(set.Structures[i].Name, name) {
				return &set.Structures[i]
			}
		}
		return nil
	}
	var pairs []structurePair
	if len(asked) == 0 {
		for i := range ref.Structures {
			if t := byName(test, ref.Structures[i].Name); t != nil {
				pairs = append(pairs, structurePair{&ref.Structures[i], t})
			}
		}
		return pairs, nil
	}
	for _, a := range asked {
		refName, testName, ok := strings.Cut(a, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--pair %q: write REFNAME=TESTNAME", a)}
		}
		p := structurePair{byName(ref, refName), byName(test, testName)}
		if p.ref == nil {
			return nil, fmt.Errorf("the reference has no structure %q; it has %s", refName, qa.Names(ref))
		}
		if p.test == nil {
			return nil, fmt.Errorf("the test has no structure %q; it has %s", testName, qa.Names(test))
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

func comparePair(p structurePair, g *volume.Grid) PairResult {
	a, b := p.ref.Mask(g), p.test.Mask(g)
	r := PairResult{
		Ref: p.ref.Name, Test: p.test.Name, DSC: segment.DSC(a, b),
		RefCC: a.VolumeMM3() / 1000, TestCC: b.VolumeMM3() / 1000,
	}
	if hd95, asd, ok := segment.SurfaceDistances(a, b); ok {
		r.HD95MM, r.ASDMM = &hd95, &asd
	}
	return r
}

func compareClips(ref, test *dicom.StructureSet, g *volume.Grid) ClipComparison {
	truth, axillary := qa.ClipsOf(ref, g)
	found, _ := qa.ClipsOf(test, g)
	m := qa.MatchClips(truth, axillary, found, hitRadiusMM)
	r := ClipComparison{Found: m.Found, Missed: m.Missed, False: m.Extra, CentreErrorMM: []float64{}}
	for _, c := range m.Clips {
		if c.State == qa.Found {
			r.CentreErrorMM = append(r.CentreErrorMM, float64(c.ErrorMM))
		}
	}
	return r
}
