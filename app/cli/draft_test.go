package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/segment"
)

func TestDraftOfClipsMadeElsewhere(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	ct, truth, out := filepath.Join(dir, "ct"), filepath.Join(dir, "truth.dcm"), filepath.Join(dir, "out.dcm")
	code, text, errOut := call(t, nil, "draft", "--ct", ct, "--clips", truth, "--recipe", "florence", "--out", out)
	if code != 0 || !strings.Contains(text, "4 clips, Florence APBI") {
		t.Fatalf("exit %d: %s%s", code, text, errOut)
	}
	set, err := dicom.ReadStructureSet(out, new(dicom.Report))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := qa.Names(set), "Clips_L, SurgicalBed, CTVsb_High, PTVsb_High, External"; got != want {
		t.Errorf("structures %s, want %s", got, want)
	}
	for i := range set.Structures {
		if s := &set.Structures[i]; s.Name == "PTVsb_High" && !strings.HasPrefix(s.Description, "CTVsb_High + 10 mm. Recipe Florence APBI. Clips 1, 2, 3, 4") {
			t.Errorf("%s says it is %q", s.Name, s.Description)
		}
	}
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{"exists already", 1, []string{"--recipe", "florence", "--out", out}},
		{"there is no recipe", 1, []string{"--recipe", "none", "--out", out + "2"}},
		{"free margins off its own", 2, []string{"--recipe", "young-boost", "--out", out + "2"}},
		{"not both", 2, []string{"--recipe", "florence", "--margin-mm", "5", "--out", out + "2"}},
		{"say how", 2, []string{"--out", out + "2"}},
		{"--free-margin-mm", 2, []string{"--recipe", "young-boost", "--free-margin-mm", "1,2", "--out", out + "2"}},
	} {
		code, _, errOut := call(t, nil, append([]string{"draft", "--ct", ct, "--clips", truth}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%v: exit %d, %s", c.args, code, errOut)
		}
	}
	if code, text, errOut := call(t, nil, "draft", "--ct", ct, "--clips", truth, "--recipe", "gec-estro-directional", "--free-margin-mm", "2,3,4,5,6,7", "--out", out, "--force"); code != 0 || !strings.Contains(text, "PTVsb_High") {
		t.Errorf("exit %d: %s%s", code, text, errOut)
	}
}

func TestRecipesAreListedWithTheirSources(t *testing.T) {
	code, text, _ := call(t, nil, "recipes")
	for _, want := range []string{"gec-estro", "verify locally", "SurgicalBed + 10 mm, within External - 3 mm", "20 mm less the smallest free margin"} {
		if code != 0 || !strings.Contains(text, want) {
			t.Errorf("exit %d, %q is missing in\n%s", code, want, text)
		}
	}
}

// TestDraftAppendsToTheirSet: targets join a structure set that another program made; clips come as points when asked for.
func TestDraftAppendsToTheirSet(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	theirs, out := filepath.Join(dir, "truth.dcm"), filepath.Join(dir, "both.dcm")
	args := []string{"draft", "--ct", filepath.Join(dir, "ct"), "--clips", theirs, "--margin-mm", "10", "--append-to", theirs, "--clip-points", "--out"}
	if code, _, stderr := call(t, nil, slices.Concat(args, []string{out})...); code != ExitOK {
		t.Fatalf("%d %s", code, stderr)
	}
	set, err := dicom.ReadStructureSet(out, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range set.Structures {
		names = append(names, s.Name)
	}
	if want := "[Clips_L SurgicalBed CTVsb_High Clip_L_01 Clip_L_02 Clip_L_03 Clip_L_04]"; fmt.Sprint(names) != want {
		t.Errorf("%v, want %s", names, want)
	}
	// the points say the same clips again: nobody counts eight
	code, stdout, stderr := call(t, nil, "compare", "--ct", filepath.Join(dir, "ct"), theirs, out)
	if code != ExitOK || !strings.Contains(stdout, "clips: 4 found, 0 missed, 0 false") {
		t.Errorf("%d %s%s", code, stdout, stderr)
	}
	if code, _, stderr := call(t, nil, slices.Concat(args[:len(args)-4], []string{"--append-to", out, "--out", filepath.Join(dir, "third.dcm")})...); code != ExitFailure || !strings.Contains(stderr, `"SurgicalBed"`) {
		t.Errorf("names taken: %d %s", code, stderr)
	}
	if code, _, stderr := call(t, nil, slices.Concat(args[:len(args)-4], []string{"--append-to", filepath.Join(dir, "none.dcm"), "--out", out, "--force"})...); code != ExitUsage || !strings.Contains(stderr, "none.dcm") {
		t.Errorf("no base: %d %s", code, stderr)
	}
}

func TestDraftWithSeromaAndComparison(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	ct, truth := filepath.Join(dir, "ct"), filepath.Join(dir, "truth.dcm")
	recipes := filepath.Join(t.TempDir(), "recipes")
	if _, err := segment.SaveRecipe(recipes, "ours", segment.PlainRecipe(segment.UniformMargin(6))); err != nil {
		t.Fatal(err)
	}
	site := func(d *Deps) { d.RecipeDir = recipes }
	out := filepath.Join(dir, "out.dcm")
	code, text, errOut := call(t, site, "draft", "--ct", ct, "--clips", truth, "--recipe", "ours", "--compare", "florence", "--seroma", "--out", out)
	if code != 0 {
		t.Fatalf("exit %d: %s%s", code, text, errOut)
	}
	for _, want := range []string{"asked 6 mm", "4 of 4 clips inside", "differ cc", "CTVsb_High"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if !strings.Contains(text+errOut, "eroma") {
		t.Errorf("nothing is said of the seroma:\n%s%s", text, errOut)
	}
	if code, text, _ := call(t, site, "recipes"); code != 0 || !strings.Contains(text, "ours") || !strings.Contains(text, recipes) {
		t.Errorf("exit %d: the site's recipe is not listed:\n%s", code, text)
	}
	code, text, _ = call(t, site, "recipes", "ours")
	if r, err := segment.ParseRecipe("again", []byte(text)); code != 0 || err != nil || r.Targets[0].Steps[0].Margin != segment.UniformMargin(6) {
		t.Errorf("exit %d: %v in\n%s", code, err, text)
	}
	if code, _, errOut := call(t, site, "draft", "--ct", ct, "--clips", truth, "--margin-mm", "5", "--compare", "none", "--out", out+"2"); code != 1 || !strings.Contains(errOut, "there is no recipe") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
