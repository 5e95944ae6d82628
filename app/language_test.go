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
	for key := range texts {
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
				if !has(f, r) && !has(own, r) && !has(signs, r) {
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
