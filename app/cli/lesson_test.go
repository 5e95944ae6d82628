package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/teach"
)

// TestLessonsFromTheCommandLine makes a case, marks two answers to it, and follows the learner.
func TestLessonsFromTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	library, results := filepath.Join(dir, "library"), filepath.Join(dir, "results")
	run := func(want int, args ...string) (out, errOut string) {
		t.Helper()
		var o, e strings.Builder
		if code := Run(context.Background(), Deps{Version: "test", Out: &o, ErrOut: &e}, append([]string{"lesson"}, args...)); code != want {
			t.Fatalf("lesson %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, o.String(), e.String())
		}
		return o.String(), e.String()
	}
	kase := filepath.Join(library, "wire")
	run(ExitOK, "make", "--out", kase, "--title", "A wire", "--teaches", "Follow the skin.", "--seed", "401", "--clips", "5-7", "--with", "skin wire", "--slice-mm", "5", "--difficulty", "2")
	c, err := teach.ReadCase(kase)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Lesson.Categories, []string{"thick slices", "skin wire"}) || len(c.Lesson.Distractors) == 0 || c.Lesson.HitRadiusMM != 7 {
		t.Errorf("lesson %+v", c.Lesson)
	}
	out, _ := run(ExitOK, "list", "--library", library)
	if !strings.Contains(out, c.Lesson.ID) || !strings.Contains(out, "2 of 5") {
		t.Errorf("list says %s", out)
	}

	// The reference itself is a perfect answer; without its first clip it is not.
	mark := func(answer string) string {
		out, _ := run(ExitOK, "mark", kase, "--answer", answer, "--learner", "Li", "--keep", "--results", results)
		return out
	}
	if out := mark(c.ReferencePath()); !strings.Contains(out, "0 missed, 0 false; mean centre error 0.00 mm") || !strings.Contains(out, "boost: DSC 1.000") || !strings.Contains(out, "Follow the skin.") {
		t.Errorf("the reference as answer: %s", out)
	}
	set, err := dicom.ReadStructureSet(c.ReferencePath(), nil)
	if err != nil {
		t.Fatal(err)
	}
	studies, err := dicom.Scan(context.Background(), c.CTDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	series, err := dicom.ChooseCT(studies, "")
	if err != nil {
		t.Fatal(err)
	}
	place := c.Lesson.Distractors[0].PlacesMM[0]
	answer := dicom.StructureSet{Structures: []dicom.Structure{{Number: 1, Name: "Clips_L", Type: "MARKER", Algorithm: "MANUAL"}}}
	marks := &answer.Structures[0]
	clips := set.Structures[0]
	for i, contour := range clips.Contours {
		if clips.Groups[i] > 1 {
			marks.Contours, marks.Groups = append(marks.Contours, contour), append(marks.Groups, clips.Groups[i])
		}
	}
	bead := clips.Contours[0]
	bead.Points = append(bead.Points[:0:0], bead.Points...)
	for i := range bead.Points { // the first clip's outline, moved onto the wire, in its own slice of the CT
		from := clips.Contours[0].Points[0]
		for k := range 2 {
			bead.Points[i][k] += place[k] - from[k]
		}
		z := series.Slices[0].Position[2]
		for _, s := range series.Slices {
			if d, e := s.Position[2]-place[2], z-place[2]; d*d < e*e {
				z = s.Position[2]
			}
		}
		bead.Points[i][2] = z
	}
	marks.Contours, marks.Groups = append(marks.Contours, bead), append(marks.Groups, 99)
	path := filepath.Join(dir, "answer.dcm")
	if err := dicom.WriteStructureSet(path, &answer, series, false); err != nil {
		t.Fatal(err)
	}
	if out := mark(path); !strings.Contains(out, "1 missed, 1 false") || !strings.Contains(out, "skin wire, ") {
		t.Errorf("the worse answer: %s", out)
	}

	table := filepath.Join(dir, "li.csv")
	out, _ = run(ExitOK, "progress", "--learner", "Li", "--results", results, "--library", library, "--csv", table)
	if !strings.Contains(out, "2 attempts of 1 cases") || !strings.Contains(out, "weakest: skin wire") || !strings.Contains(out, string(teach.NextRepeat)) {
		t.Errorf("progress says %s", out)
	}
	if rows, err := os.ReadFile(table); err != nil || strings.Count(string(rows), "\n") != 3 {
		t.Errorf("CSV %q, %v", rows, err)
	}
	out, _ = run(ExitOK, "group", results)
	if !strings.Contains(out, "Li") || !strings.Contains(out, c.Lesson.ID) {
		t.Errorf("group says %s", out)
	}

	for _, bad := range []struct {
		code int
		want string
		args []string
	}{
		{ExitUsage, "--out", []string{"make", "--title", "x", "--teaches", "y"}},
		{ExitUsage, "needs both", []string{"make", "--out", "x", "--title", "x", "--teaches", "y", "--ct", "z"}},
		{ExitUsage, "not for --ct", []string{"make", "--out", "x", "--title", "x", "--teaches", "y", "--ct", "z", "--reference", "r", "--rib"}},
		{ExitUsage, "needs --ct", []string{"make", "--out", "x", "--title", "x", "--teaches", "y", "--target", "z"}},
		{ExitUsage, "--clips", []string{"make", "--out", "x", "--title", "x", "--teaches", "y", "--clips", "many"}},
		{ExitUsage, "mistaken for a clip", []string{"make", "--out", "x", "--title", "x", "--teaches", "y", "--with", "a ghost"}},
		{ExitFailure, "exists already", []string{"make", "--out", kase, "--title", "x", "--teaches", "y", "--seed", "401"}},
		{ExitUsage, "--answer", []string{"mark", kase, "--learner", "Li"}},
		{ExitUsage, "--learner", []string{"mark", kase, "--answer", path}},
		{ExitFailure, "no teaching case", []string{"mark", dir, "--answer", path, "--learner", "Li"}},
		{ExitFailure, "exists already", []string{"progress", "--learner", "Li", "--results", results, "--library", library, "--csv", table}},
		{ExitFailure, "no attempt", []string{"group", library}},
		{ExitFailure, "no teaching case", []string{"list", "--library", results}},
	} {
		if _, errOut := run(bad.code, bad.args...); !strings.Contains(errOut, bad.want) {
			t.Errorf("lesson %s: %q does not say %q", strings.Join(bad.args, " "), errOut, bad.want)
		}
	}
}
