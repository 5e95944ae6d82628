package segment

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/clipwright/clipwright/internal/volume"
)

func TestShippedRecipesReadAndNameTheirSource(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Recipes() {
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", r.Key, err)
		}
		if r.Source == "" || r.About == "" || seen[r.Key] || seen[r.Name] {
			t.Errorf("%s: source %q, about %q, or a name used twice", r.Key, r.Source, r.About)
		}
		if r.Key != "plain" && !r.Verify {
			t.Errorf("%s is not marked to be verified locally", r.Key)
		}
		seen[r.Key], seen[r.Name] = true, true
		found, err := FindRecipe("", r.Key)
		if err != nil || found.Name != r.Name {
			t.Errorf("%s: found %v, %v", r.Key, found, err)
		}
	}
	if len(seen) < 18 {
		t.Errorf("%d recipes", len(seen)/2)
	}
}

func TestRecipeErrorsSayWhatToWrite(t *testing.T) {
	const head = "name = \"N\"\n[[target]]\nname = \"CTV\"\ntype = \"CTV\"\n"
	for _, c := range []struct{ text, want string }{
		{"name = 3", `line 1: "name = 3"`},
		{"nam = \"N\"", `unknown key "nam"`},
		{"name = \"N\"", "makes no target"},
		{head + `steps = [{ do = "grow" }]`, "not take, union"},
		{head + `steps = [{ do = "expand" }]`, "needs margin_mm"},
		{head + `steps = [{ do = "expand", margin_mm = -1 }]`, "between 0 and 50"},
		{head + `steps = [{ do = "expand", margin_mm = nan }]`, "between 0 and 50"},
		{head + `steps = [{ do = "expand", margin_mm = [1, 2] }]`, "[R, L, A, P, S, I]"},
		{head + `steps = [{ do = "expand", margin_mm = 5, less = "some" }]`, "neither"},
		{head + `steps = [{ do = "contract", margin_mm = 5, less = "free margin" }]`, "belongs to expand"},
		{head + `steps = [{ do = "union" }]`, "needs a structure"},
		{head + `steps = [{ do = "smooth" }]`, "needs mm"},
		{head + `steps = [{ do = "envelope", alpha_mm = 900 }]`, "alpha_mm between"},
		{head + `steps = [{ do = "islands", cc = 1, with = "x" }]`, "neither with"},
		{head + `steps = [{ do = "expand", margin_mm = 5, cc = 2 }]`, "cc does not belong"},
		{head + `steps = [{ do = "union", wih = "x" }]`, "wih"},
		{strings.Replace(head, `"CTV"`, `"A name of many characters"`, 1), "16 characters"},
		{strings.Replace(head, `type = "CTV"`, `type = "ODD"`, 1), "ODD"},
		{head + "[[target]]\nname = \"CTV\"\ntype = \"CTV\"\n", "twice"},
		{head + "[[target]]\nname = \"ctv\"\ntype = \"CTV\"\n", "twice"},
		{strings.Replace(head, `"CTV"`, `"External"`, 1), "made by the program"},
		{strings.Replace(head, `"CTV"`, `"Clips_L"`, 1), "made by the program"},
		{strings.Replace(head, `"CTV"`, `"seroma"`, 1), "made by the program"},
		{strings.Replace(head, `"CTV"`, `'C\\TV'`, 1), "backslash"},
		{strings.Replace(head, `"CTV"`, `" CTV"`, 1), "space"},
	} {
		_, err := ParseRecipe("mine", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "recipe mine") {
			t.Errorf("%s:\n got %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := FindRecipe("", "nonsense"); err == nil || !strings.Contains(err.Error(), "gec-estro") {
		t.Errorf("unknown recipe: %v", err)
	}
	file := filepath.Join(t.TempDir(), "site.toml")
	if _, err := FindRecipe("", file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(file, []byte(head+`steps = [{ do = "expand", margin_mm = [1, 2, 3.5, 4, 5, 6] }]`), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := FindRecipe("", file)
	if err != nil || r.Key != "site" || r.Targets[0].Steps[0].Margin != (Margin{1, 2, 3.5, 4, 5, 6}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNamesOfTwoSidesKeepWithinWhatSystemsShow(t *testing.T) {
	in := recipeCase()
	in.Clips[0].Side = "R"
	in.Recipe = &Recipe{Key: "k", Name: "N", Targets: []RecipeTarget{{Name: "PTVsb_High_05_ev", Type: "PTV"}, {Name: "CTV", Type: "CTV"}}}
	if err := in.Recipe.Validate(); err != nil {
		t.Fatal(err)
	}
	targets, _, err := Draft(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, target := range targets {
		names = append(names, target.Name)
	}
	if want := []string{"SurgicalBed_L", "PTVsb_High_05__L", "CTV_L", "SurgicalBed_R", "PTVsb_High_05__R", "CTV_R"}; !slices.Equal(names, want) {
		t.Errorf("targets %q, want %q", names, want)
	}
}

// recipeCase is a bed of clips on a sphere of 20 mm on the left.
func recipeCase() DraftInput {
	g := volume.NewUniformGrid(120, 120, 60, 1.5, 1.5, 2, volume.Vec{})
	return DraftInput{
		Grid: g, Clips: clipsOnASphere(g, 12, 20, 5), FreeMargin: UnknownFreeMargin(),
		External: volume.MaskWhere(g, func(_, y, _ int) bool { return y > 40 }),
	}
}

func TestRecipeStepsAreSetAlgebra(t *testing.T) {
	in := recipeCase()
	letter := in.Clips[0].Side
	ball := func(x, mm float64) *volume.Mask {
		return volume.MaskWhere(in.Grid, func(i, j, k int) bool {
			return in.Grid.ToPatient(float64(i), float64(j), float64(k)).Distance(volume.Vec{x, 90, 60}) <= mm
		})
	}
	breast, lungs := ball(95, 35), ball(50, 30)
	in.Structures = map[string]*volume.Mask{"BREAST_" + letter: breast, "Lungs": lungs}
	in.Recipe = &Recipe{Name: "test", Targets: []RecipeTarget{
		{"CTV", "CTV", []Step{{Do: StepExpand, Margin: UniformMargin(10)}, {Do: StepIntersect, With: "Breast", Margin: UniformMargin(3)}, {Do: StepSubtract, With: "lungs", Margin: UniformMargin(2)}}},
		{"PTV", "PTV", []Step{{Do: StepTake, With: "CTV"}, {Do: StepUnion, With: "Breast"}, {Do: StepContract, Margin: UniformMargin(4)}}},
		{"CTVx", "CTV", []Step{{Do: StepIntersect, With: "Heart", Optional: true}}},
	}}
	targets, warnings, err := Draft(context.Background(), in)
	if err != nil || len(targets) != 4 {
		t.Fatalf("%d targets, %v", len(targets), err)
	}
	plain := in
	plain.Recipe, plain.External = PlainRecipe(UniformMargin(10)), nil
	wide, _, err := Draft(context.Background(), plain)
	if err != nil {
		t.Fatal(err)
	}
	want := wide[1].Mask.Intersect(Contract(breast, UniformMargin(3))).Subtract(Expand(lungs, UniformMargin(2)))
	if !targets[1].Mask.Equal(want) || want.Empty() {
		t.Error("the CTV is not (bed + 10) in (Breast - 3) outside (Lungs + 2)")
	}
	if !targets[2].Mask.Equal(Contract(want.Union(breast), UniformMargin(4))) {
		t.Error("the PTV is not (CTV or Breast) - 4")
	}
	bed := newBed(in.Grid, in.Clips).mask
	if !targets[3].Mask.Equal(bed) || !strings.Contains(strings.Join(warnings, "\n"), "no structure Heart") {
		t.Errorf("without Heart: %d voxels of %d, %q", targets[3].Mask.Count(), bed.Count(), warnings)
	}
	if got, want := targets[1].Recipe, "SurgicalBed + 10 mm, within BREAST_"+letter+" - 3 mm, outside Lungs + 2 mm"; got != want {
		t.Errorf("words %q, want %q", got, want)
	}
	in.Recipe.Targets[2].Steps[0].Optional = false
	if made, _, err := Draft(context.Background(), in); err == nil || !strings.Contains(err.Error(), "Heart") || len(made) != 3 {
		t.Errorf("a structure that is needed: %d targets, %v", len(made), err)
	}
}

func TestFreeMarginsShortenAndBlock(t *testing.T) {
	in := recipeCase()
	for _, key := range []string{"gec-estro", "gec-estro-directional", "young-boost"} {
		r, err := FindRecipe("", key)
		if err != nil {
			t.Fatal(err)
		}
		in.Recipe = r
		in.FreeMargin = FreeMargin{2, 3, 4, math.NaN(), 6, math.NaN()}
		made, _, err := Draft(context.Background(), in)
		if !errors.Is(err, ErrFreeMargin) || !strings.Contains(err.Error(), "towards P, I") || len(made) != 1 {
			t.Errorf("%s: %d targets, %v", key, len(made), err)
		}
		if !r.UsesFreeMargins() {
			t.Errorf("%s does not ask for free margins", key)
		}
	}
	free := FreeMargin{2, 3, 4, 25, 6, 7}
	if got := free.shorten(UniformMargin(20), FreeSmallest); got != UniformMargin(18) {
		t.Errorf("smallest: %v", got)
	}
	if got := free.shorten(UniformMargin(20), FreeDirection); got != (Margin{18, 17, 16, 0, 14, 13}) {
		t.Errorf("by direction: %v", got)
	}
	in.Recipe, _ = FindRecipe("", "gec-estro-directional")
	in.FreeMargin, in.External = free, nil
	in.Recipe.Targets[0].Steps = in.Recipe.Targets[0].Steps[:1]
	made, _, err := Draft(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.Recipe = PlainRecipe(Margin{18, 17, 16, 0, 14, 13})
	plain, _, err := Draft(context.Background(), in)
	if err != nil || !made[1].Mask.Equal(plain[1].Mask) {
		t.Errorf("the directional margin is not the plain one: %v", err)
	}
}

func TestDraftCacheIsTheSame(t *testing.T) {
	in := recipeCase()
	in.Recipe, _ = FindRecipe("", "florence")
	fresh, _, err := Draft(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	in.Cache = new(DraftCache)
	for range 2 {
		cached, _, err := Draft(context.Background(), in)
		if err != nil || !cached[1].Mask.Equal(fresh[1].Mask) || !cached[2].Mask.Equal(fresh[2].Mask) {
			t.Fatalf("cached targets differ: %v", err)
		}
	}
}

func TestRecipesComeBackFromTheirFiles(t *testing.T) {
	odd := &Recipe{Name: "Odd \"one\"", About: "a\tb", Source: "us", Verify: true, Targets: []RecipeTarget{
		{"CTV", "CTV", []Step{
			{Do: StepEnvelope, Amount: 30},
			{Do: StepExpand, Margin: Margin{1, 2, 3.5, 4, 5, 6}, Less: FreeDirection},
			{Do: StepSubtract, With: "Lungs", Margin: UniformMargin(2), Optional: true},
			{Do: StepSmooth, Amount: 1.5},
			{Do: StepIslands, Amount: 0.5},
			{Do: StepInterpolate, Amount: 10},
		}},
		{"Bare", "CONTROL", nil},
	}}
	for _, r := range append(Recipes(), odd) {
		got, err := ParseRecipe(r.Key, r.TOML())
		if err != nil {
			t.Fatalf("%v\n%s", err, r.TOML())
		}
		if d := cmp.Diff(r, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s: %s", r.Key, d)
		}
	}
	if names := odd.Names(); !slices.Equal(names, []string{"Lungs"}) || !odd.UsesAnatomy() || PlainRecipe(UniformMargin(5)).UsesAnatomy() {
		t.Errorf("names %v", names)
	}
}

func TestSiteRecipes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recipes")
	if all, err := SiteRecipes(dir); len(all) != 0 || err != nil {
		t.Fatalf("a folder that is not there: %v, %v", all, err)
	}
	r := PlainRecipe(UniformMargin(7))
	for range 2 { // the second replaces the first
		if _, err := SaveRecipe(dir, "ours", r); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := FindRecipe(dir, "ours"); err != nil || got.Targets[0].Steps[0].Margin != UniformMargin(7) {
		t.Errorf("%v, %v", got, err)
	}
	for _, key := range []string{"", "../up", "florence", "Über", "a b"} {
		if _, err := SaveRecipe(dir, key, r); err == nil {
			t.Errorf("key %q is taken", key)
		}
	}
	if _, err := SaveRecipe(dir, "none", &Recipe{Name: "x"}); err == nil {
		t.Error("a recipe without a target is saved")
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.toml"), []byte("name = 3"), 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err := SiteRecipes(dir); len(all) != 1 || err == nil || !strings.Contains(err.Error(), "recipe bad, line 1") {
		t.Errorf("%d recipes, %v", len(all), err)
	}
}

func TestCompareTargets(t *testing.T) {
	in := recipeCase()
	draft := func(key string) []Target {
		t.Helper()
		in.Recipe, _ = FindRecipe("", key)
		targets, _, err := Draft(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return targets
	}
	a, b := draft("florence"), draft("st-olavs-partial")
	pairs := CompareTargets(a, b)
	if len(pairs) != 3 || pairs[0].DSC != 1 || pairs[1].B != "CTVsb" || pairs[2].A != "PTVsb_High" || pairs[2].B != "PTVsbc" {
		t.Fatalf("%+v", pairs)
	}
	if d := DSC(a[1].Mask, b[1].Mask); pairs[1].DSC != d || pairs[1].BCC != b[1].Mask.VolumeMM3()/1000 {
		t.Errorf("%+v, want DSC %g", pairs[1], d)
	}
	figures := MeasureTargets(a, Neighbours{External: in.External, Clips: in.Clips, Structures: map[string]*volume.Mask{"breast_l": in.External}})
	if len(figures) != len(a) || figures[1].Requested == nil || *figures[2].Requested != UniformMargin(20) || math.IsNaN(figures[2].BreastRatio) {
		t.Errorf("%v", figures)
	}
}
