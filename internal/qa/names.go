package qa

import (
	"path"
	"strings"
	"unicode"
)

// word is a structure's name taken apart: what it is, in small letters and digits, and whose side, "L", "R" or "".
type word struct{ what, side string }

// splitName reads any centre's spelling: "Left Breast", "BREAST_LT" and "Breast_L" are the same word.
func splitName(name string) word {
	fields := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	w := word{}
	var what []string
	for _, f := range fields {
		switch f {
		case "l", "lt", "left", "li", "links", "sin", "gauche":
			w.side = "L"
		case "r", "rt", "right", "re", "rechts", "dx", "droit":
			w.side = "R"
		default:
			what = append(what, f)
		}
	}
	w.what = strings.Join(what, "")
	return w
}

// synonyms are spellings met in clinics for names of TG-263 (AAPM report 263, 2018) and of this program; each list begins
// with the name that the others mean, as splitName leaves it.
func synonyms() [][]string {
	return [][]string{
		{"external", "body", "skin", "patient", "outline", "outercontour", "extern", "bodycontour"},
		{"breast", "mamma", "brust", "wholebreast", "ctvbreast"},
		{"lung", "lungs", "pulmo", "lunge"},
		{"heart", "cor", "herz"},
		{"surgicalbed", "tumorbed", "tumourbed", "lumpectomy", "lumpectomycavity", "cavity", "tb", "bed"},
		{"clips", "clip", "surgicalclips", "surgicalclip", "markers", "marker", "clipsall"},
		{"clipsax", "clipsaxilla", "axillaryclips", "axclips"},
		{"ctvsbhigh", "ctvsb", "ctvboost", "ctvtb", "boostctv", "ctvtumorbed", "ctvtumourbed", "ctvsbc"},
		{"ptvsbhigh", "ptvsb", "ptvboost", "ptvtb", "boostptv", "ptvtumorbed", "ptvtumourbed", "ptvsbc"},
		{"ptvsbhigh05", "ptvsb05", "ptvboosteval", "ptvsbhigheval", "ptveval"},
		{"seroma", "serom", "fluid"},
	}
}

// canonical is the word that w means.
func canonical(w word, lists [][]string) word {
	for _, list := range lists {
		for _, s := range list {
			if s == w.what {
				return word{list[0], w.side}
			}
		}
	}
	return w
}

// same tells whether two names mean one structure; a name without a side fits either.
func same(a, b word) bool {
	return a.what == b.what && a.what != "" && (a.side == b.side || a.side == "" || b.side == "")
}

// matches tells whether name fits a pattern of a rules file, whatever the case; * stands for anything.
func matches(pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(strings.ReplaceAll(name, "/", "_")))
	return err == nil && ok
}
