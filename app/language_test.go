package app

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"golang.org/x/image/font/sfnt"

	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/internal/teach"
)

// translationKeys lists every text given to lang.L in package app and where it stands first. What is given to lang.L must
// be written out there: a text that a test cannot find is one that nobody translates.
func translationKeys(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files (%v)", err)
	}
	keys := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if x, isIdent := ast.Expr(nil), false; ok {
				x = name.X
				var id *ast.Ident
				if id, isIdent = x.(*ast.Ident); !isIdent || id.Name != "lang" || !slices.Contains([]string{"L", "N", "X", "XN"}, name.Sel.Name) {
					return true
				}
			} else {
				return true
			}
			at := set.Position(call.Pos()).String()
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: lang.%s of what is not written out", at, name.Sel.Name)
				return true
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if keys[key] == "" {
				keys[key] = at
			}
			return true
		})
	}
	return keys
}

var verbs = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d.*]*[a-zA-Z]`)

// verbsOf is the verbs of a format in the order of the arguments they take.
func verbsOf(format string) string {
	all := verbs.FindAllString(strings.ReplaceAll(format, "%%", ""), -1)
	slices.SortStableFunc(all, func(a, b string) int { return strings.Compare(argument(a), argument(b)) })
	for i, v := range all {
		if n := argument(v); n != "" {
			all[i] = strings.Replace(v, "["+n+"]", "", 1)
		}
	}
	return strings.Join(all, " ")
}

func argument(verb string) string {
	if i := strings.IndexByte(verb, ']'); i > 0 {
		return verb[2:i]
	}
	return ""
}

func TestEveryTextOfTheWindowHasChinese(t *testing.T) {
	texts, err := textsOf(chinese)
	if err != nil {
		t.Fatal(err)
	}
	keys := translationKeys(t)
	var missing []string
	for key, at := range keys {
		text, ok := texts[key]
		if !ok {
			missing = append(missing, at+": "+strconv.Quote(key))
			continue
		}
		if verbsOf(key) != verbsOf(text) {
			t.Errorf("%q is translated %q: other verbs", key, text)
		}
	}
	slices.Sort(missing)
	for _, m := range missing {
		t.Errorf("no Chinese for %s", m)
	}
	toolkit := map[string]string{}
	data, err := assets.Translations.ReadFile("translations/fyne." + chinese + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &toolkit); err != nil {
		t.Fatal(err)
	}
	phrases := sessionPhrases(t)
	for key := range texts {
		if phrases[key] != "" {
			continue
		}
		if _, ok := toolkit[key]; !ok && keys[key] == "" {
			t.Errorf("%q is translated, and nothing says it", key)
		}
	}
}

func TestLanguageIsThatChosenWhateverTheSystems(t *testing.T) {
	t.Cleanup(func() {
		if err := speak(english); err != nil {
			t.Error(err)
		}
	})
	const english1, chinese1 = "Open a CT folder", "打开 CT 文件夹"
	for _, system := range []struct{ locale, want string }{
		{"en_GB.UTF-8", english1},
		{"zh_CN.UTF-8", chinese1},
		{"de_DE.UTF-8", english1},
		{"fr", english1},
		{"pt_BR.UTF-8", english1},
		{"zh_TW.UTF-8", chinese1},
		{"C", english1},
		{"", english1},
	} {
		for _, key := range []string{"LANGUAGE", "LC_ALL", "LC_MESSAGES"} {
			t.Setenv(key, "")
			os.Unsetenv(key)
		}
		t.Setenv("LANG", system.locale)
		for _, c := range []struct{ choice, want string }{
			{"", system.want},
			{chinese, chinese1},
			{english, english1},
			{"", system.want},
		} {
			if err := speak(c.choice); err != nil {
				t.Fatal(err)
			}
			if got := lang.L("Open a CT folder"); got != c.want {
				t.Errorf("on %q, %q chosen: %q, want %q", system.locale, c.choice, got, c.want)
			}
			if got := lang.X("file.parent", "Parent"); (got == "Parent") != (c.want == english1) {
				t.Errorf("on %q, %q chosen: the toolkit says %q", system.locale, c.choice, got)
			}
		}
	}
}

func TestEveryCharacterOfTheTranslationsIsDrawn(t *testing.T) {
	texts, err := textsOf(chinese)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range teach.StarterLessons() {
		texts["title of "+l.ID], texts["sentence of "+l.ID] = l.In("zh").Title, l.In("zh").Teaches
	}
	glyphs := func(ttf []byte) *sfnt.Font {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var buffer sfnt.Buffer
	has := func(f *sfnt.Font, r rune) bool {
		i, err := f.GlyphIndex(&buffer, r)
		return err == nil && i != 0
	}
	own, signs := glyphs(theme.DefaultTextFont().Content()), glyphs(theme.DefaultSymbolFont().Content())
	for name, f := range map[string]*sfnt.Font{"regular": glyphs(assets.ChineseTTF), "bold": glyphs(assets.ChineseBoldTTF)} {
		for _, text := range texts {
			for _, r := range text {
				if r != '\n' && !has(f, r) && !has(own, r) && !has(signs, r) {
					t.Errorf("%s: no glyph for %q of %q: run assets/fonts/subset.py", name, r, text)
				}
			}
		}
		if !has(f, ' ') {
			t.Errorf("%s lacks the space, which is drawn with the font of the character before it", name)
		}
		if has(f, 'A') || has(f, '0') {
			t.Errorf("%s has Latin glyphs: those are the toolkit's", name)
		}
	}
	for _, r := range "张王李赵欣怡梓涵" { // names
		if !has(glyphs(assets.ChineseTTF), r) {
			t.Errorf("no glyph for %q", r)
		}
	}
}

// sessionPhrases is the phrases of session and segment in Chinese.
func sessionPhrases(t *testing.T) map[string]string {
	t.Helper()
	data, err := assets.Translations.ReadFile("translations/" + phrasesFile + "." + chinese + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var phrases map[string]string
	if err := json.Unmarshal(data, &phrases); err != nil {
		t.Fatal(err)
	}
	return phrases
}

// literals is every string written in the files of a folder, tests apart.
func literals(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s (%v)", folder, err)
	}
	var all []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil {
					all = append(all, s)
				}
			}
			return true
		})
	}
	return all
}

// TestPhrasesAreSaidBySession finds the words of every phrase in the sources: one that was changed there would go unsaid.
func TestPhrasesAreSaidBySession(t *testing.T) {
	said := slices.Concat(literals(t, "session"), literals(t, "../segment"), literals(t, "../internal/qa"))
	for key, text := range sessionPhrases(t) {
		if a, b := verbsOf(key), verbsOf(text); len(strings.Fields(a)) != len(strings.Fields(b)) {
			t.Errorf("%q is translated %q: other verbs", key, text)
		}
		for _, part := range newPhrasebook("zh_Hans").verb.Split(key, -1) {
			for _, word := range strings.Fields(part) {
				word = strings.Trim(word, "().,:;")
				if len(word) > 2 && !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, strings.TrimSuffix(word, "s")) }) {
					t.Errorf("%q: no source says %q", key, word)
				}
			}
		}
	}
}

// TestNoticesHaveChinese finds every text that session gives to a notice as one literal, and asks the phrasebook for it.
func TestNoticesHaveChinese(t *testing.T) {
	files, err := filepath.Glob("session/*.go")
	if err != nil {
		t.Fatal(err)
	}
	keys := sessionPhrases(t)
	checked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			if id, ok := pair.Key.(*ast.Ident); !ok || id.Name != "Text" {
				return true
			}
			value := pair.Value
			if call, ok := value.(*ast.CallExpr); ok && len(call.Args) > 0 {
				value = call.Args[0] // of Sprintf
			}
			if l, ok := value.(*ast.BasicLit); ok {
				text, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				checked++
				if keys[strings.ReplaceAll(text, "%v", "%s")] == "" {
					t.Errorf("%s: no Chinese for %q", set.Position(l.Pos()), text)
				}
			}
			return true
		})
	}
	if checked < 15 {
		t.Errorf("only %d notices were found", checked)
	}
}

func TestPhrasesSayWhatVerbsStandFor(t *testing.T) {
	b := newPhrasebook(chinese)
	for text, want := range map[string]string{
		"Reject clip 3":                                       "排除钛夹 3",
		"Erase clip 4 on sagittal slice 41":                   "在矢状面第 41 层擦除 钛夹 4",
		"23 mm from skin: a skin marker?":                     "距皮肤 23 mm：是皮肤标记吗？",
		"Saved /a b/rs.dcm as a draft: 2 clips not reviewed.": "已保存 /a b/rs.dcm（草稿）：2 枚钛夹尚未审核。",
		"an error that nobody translated":                     "an error that nobody translated",
	} {
		if got := b.say(text); got != want {
			t.Errorf("%q is said %q, want %q", text, got, want)
		}
	}
	if newPhrasebook(english) != nil {
		t.Error("English has a phrasebook")
	}
	var none *phrasebook
	if none.say("x") != "x" {
		t.Error("without a phrasebook a text changes")
	}
}
