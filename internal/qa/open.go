package qa

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Choice says by hand what Open would find out by itself. The zero value chooses nothing.
type Choice struct {
	Series    string // series instance UID of the CT
	Ref, Test string // files; they may lie anywhere
	Pairs     []Named
}

// Open reads the headers of a CT folder and its structure sets and returns what is to be compared: the reference with
// each of the others, or the only structure set by itself. Pixels are read only when a body outline is asked for.
func Open(ctx context.Context, dir string, rules *Rules, choice Choice) ([]Input, error) {
	var report dicom.Report
	studies, err := dicom.Scan(ctx, dir, &report)
	if err != nil {
		return nil, err
	}
	sets, err := readSets(studies, choice)
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s holds no RTSTRUCT; put the structure sets beside the CT or name them", dir)
	}
	ref, tests, notices, err := roles(sets, rules, choice)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	ct, grid, err := chooseCT(ctx, studies, choice.Series, sets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	for _, s := range sets {
		notice, err := attach(s, ct, grid)
		if err != nil {
			return nil, err
		}
		if notice != "" {
			notices = append(notices, notice)
		}
	}
	var outline *volume.Mask // the sets of one case share it
	body := func(ctx context.Context) (*volume.Mask, error) {
		if outline != nil {
			return outline, nil
		}
		v, err := dicom.ReadCT(ctx, ct, nil)
		if err != nil {
			return nil, err
		}
		outline, err = segment.External(ctx, v)
		return outline, err
	}
	var all []Input
	for _, t := range tests {
		all = append(all, Input{
			Name: filepath.Base(dir), CT: ct, Grid: grid, Ref: ref, Test: t, Pairs: choice.Pairs, Notices: slices.Clone(notices), Body: body,
		})
	}
	return all, nil
}

// readSets reads the structure sets that were named, and those of the folder when not both were.
func readSets(studies []*dicom.Study, choice Choice) ([]*Set, error) {
	var paths []string
	if choice.Ref == "" || choice.Test == "" {
		for _, s := range studies {
			paths = append(paths, s.StructureSets...)
		}
	}
	for _, named := range []string{choice.Ref, choice.Test} {
		if named != "" && !slices.ContainsFunc(paths, func(p string) bool { return samePath(p, named) }) {
			paths = append(paths, named)
		}
	}
	slices.Sort(paths)
	var sets []*Set
	for _, p := range paths {
		s, err := ReadSet(p)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// ReadSet reads one structure set.
func ReadSet(path string) (*Set, error) {
	var report dicom.Report
	file, err := dicom.ReadStructureSet(path, &report)
	if err != nil {
		return nil, err
	}
	return &Set{Path: path, File: file, Findings: report.Findings()}, nil
}

func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// roles tells the reference from what is compared with it: as chosen, by the rules' patterns, else the set that this
// program did not write, else the earliest. A guess is told in a notice.
func roles(sets []*Set, rules *Rules, choice Choice) (ref *Set, tests []*Set, notices []string, err error) {
	if len(sets) == 1 && choice.Ref == "" {
		return nil, sets, nil, nil
	}
	var refs []*Set
	for _, s := range sets {
		name := filepath.Base(s.Path)
		isRef := choice.Ref != "" && samePath(s.Path, choice.Ref) || choice.Ref == "" && anyMatches(rules.Files.Reference, name)
		isTest := choice.Test != "" && samePath(s.Path, choice.Test) || choice.Test == "" && (len(rules.Files.Test) == 0 || anyMatches(rules.Files.Test, name))
		switch {
		case isRef:
			refs = append(refs, s)
		case isTest:
			tests = append(tests, s)
		}
	}
	if len(refs) > 1 {
		return nil, nil, nil, fmt.Errorf("%s and %s both fit the rules for a reference; name one with --ref", filepath.Base(refs[0].Path), filepath.Base(refs[1].Path))
	}
	if len(refs) == 1 {
		if len(tests) == 0 {
			return nil, nil, nil, errors.New("no structure set is left to be the test; name it with --test")
		}
		return refs[0], tests, nil, nil
	}
	if len(tests) < 2 {
		return nil, tests, nil, nil
	}
	k := guessReference(tests)
	ref = tests[k]
	return ref, slices.Delete(tests, k, k+1), []string{fmt.Sprintf("%s was taken for the reference: no file name fits the rules'", filepath.Base(ref.Path))}, nil
}

// guessReference returns the first set that this program did not write, by date and then by name.
func guessReference(sets []*Set) int {
	best := 0
	key := func(s *Set) string {
		own := "0"
		if strings.HasPrefix(s.File.Manufacturer, "Clipwright") {
			own = "1"
		}
		return own + s.File.Date + s.File.Time + s.Path
	}
	for i := range sets {
		if key(sets[i]) < key(sets[best]) {
			best = i
		}
	}
	return best
}

// chooseCT returns the series that was asked for, the one on which a set was drawn, or the only sensible one.
func chooseCT(ctx context.Context, studies []*dicom.Study, uid string, sets []*Set) (*dicom.Series, *volume.Grid, error) {
	if uid == "" {
		for _, s := range sets {
			if uid == "" && s.File.CTSeriesUID != "" && holds(studies, s.File.CTSeriesUID) {
				uid = s.File.CTSeriesUID
			}
		}
	}
	ct, err := dicom.ChooseCT(studies, uid)
	if err != nil {
		return nil, nil, err
	}
	g, err := ct.Grid()
	if err == nil {
		return ct, g, nil
	}
	v, readErr := dicom.ReadCT(ctx, ct, nil) // tells doubles from slices that contradict each other
	if readErr != nil {
		return nil, nil, readErr
	}
	return ct, v.Grid, nil
}

func holds(studies []*dicom.Study, uid string) bool {
	for _, st := range studies {
		for _, s := range st.Series {
			if s.UID == uid && s.Modality == "CT" {
				return true
			}
		}
	}
	return false
}

// fitShare is the part of its contours that must lie on slices of a CT for a set to be taken as drawn on it.
const fitShare = 0.9

// attach tells whether a set belongs to ct: by UID, else by geometry, which earns a notice; else it is an error.
func attach(s *Set, ct *dicom.Series, g *volume.Grid) (notice string, err error) {
	if s.File.CTSeriesUID == ct.UID {
		return "", nil
	}
	name := filepath.Base(s.Path)
	fit, all := 0, 0
	for i := range s.File.Structures {
		for _, c := range s.File.Structures[i].Contours {
			all++
			x, y, _ := g.ToVoxel(c.Points[0])
			if _, off := g.NearestSlice(c.Points[0]); off <= planeMM && x > -0.5 && y > -0.5 && x < float64(g.Nx)-0.5 && y < float64(g.Ny)-0.5 {
				fit++
			}
		}
	}
	if s.File.FrameOfReferenceUID == ct.FrameOfReferenceUID && s.File.FrameOfReferenceUID != "" {
		return name + " names no image series of this CT and was matched by its frame of reference", nil
	}
	if all == 0 || float64(fit) < fitShare*float64(all) {
		return "", fmt.Errorf("%s belongs to another CT: its UIDs differ and %d of its %d contours lie on no slice of this one", s.Path, all-fit, all)
	}
	return fmt.Sprintf("%s was matched by geometry: its UIDs are not the CT's, and %d of its %d contours lie on its slices", name, fit, all), nil
}
