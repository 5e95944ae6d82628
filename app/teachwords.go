package app

import (
	"fmt"
	"image/color"
	"time"

	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/viewer"
)

// lessonLanguage is the language in which lessons speak, as teach.Lesson.In takes it.
func lessonLanguage() string {
	if lang.L("lesson language") == "zh" {
		return "zh"
	}
	return ""
}

// kindText names a category of cases or a kind of distractor; a teacher's own words stay.
func kindText(kind string) string {
	switch kind {
	case teach.CategoryPlain:
		return lang.L("plain clips")
	case teach.CategoryMany:
		return lang.L("many clips")
	case teach.CategoryMarker:
		return lang.L("skin marker")
	case teach.CategoryWire:
		return lang.L("skin wire")
	case teach.CategoryPair:
		return lang.L("pair")
	case teach.CategoryRib:
		return lang.L("rib")
	case teach.CategoryAxilla:
		return lang.L("axillary clip")
	case teach.CategoryCalc:
		return lang.L("calcification")
	case teach.CategoryThick:
		return lang.L("thick slices")
	case teach.CategoryTiny:
		return lang.L("tiny clip")
	case teach.CategorySeroma:
		return lang.L("clips and seroma disagree")
	case teach.CategoryArtefact:
		return lang.L("noise and artefact")
	case "skin staple":
		return lang.L("skin staple")
	case "breast calcification":
		return lang.L("breast calcification")
	case "vessel calcification":
		return lang.L("vessel calcification")
	case "ECG lead":
		return lang.L("ECG lead")
	case "sternal wire":
		return lang.L("sternal wire")
	case "port":
		return lang.L("port")
	case "port catheter":
		return lang.L("port catheter")
	case teach.ReasonAgain:
		return lang.L("marked again")
	case teach.ReasonOff:
		return lang.L("off the clip")
	case teach.ReasonSkin:
		return lang.L("skin")
	case teach.ReasonOutside:
		return lang.L("outside the body")
	case teach.ReasonBone:
		return lang.L("bone")
	case teach.ReasonNothing:
		return lang.L("nothing there")
	case teach.ReasonBright:
		return lang.L("bright, no clip")
	}
	return kind
}

// reasonText is a reason in the window's language.
func reasonText(r *teach.Reason) string {
	mm := float64(r.DistanceMM)
	switch r.Kind {
	case teach.ReasonAgain:
		return fmt.Sprintf(lang.L("clip %d again: another mark has found it"), r.Clip)
	case teach.ReasonOff:
		return fmt.Sprintf(lang.L("%.1f mm from the centre of clip %d: too far to count"), mm, r.Clip)
	case teach.ReasonSkin:
		return fmt.Sprintf(lang.L("at the skin, %.1f mm below the surface: a marker, not a clip"), mm)
	case teach.ReasonOutside:
		return lang.L("outside the body")
	case teach.ReasonBone:
		return lang.L("on or beside bone: the tip of a rib?")
	case teach.ReasonNothing:
		return fmt.Sprintf(lang.L("nothing there: at most %d HU, soft tissue"), r.HU)
	case teach.ReasonBright:
		return fmt.Sprintf(lang.L("bright (%d HU), but no clip of the reference"), r.HU)
	case teach.ReasonAxillary:
		return lang.L("a clip, but of the axilla: not of the tumour bed")
	case teach.ReasonUnseen:
		return lang.L("its slices were never shown: sweep the whole breast")
	case teach.ReasonSeen:
		return lang.L("its slices were shown, yet it was not marked")
	}
	if r.Words != "" {
		return kindText(r.Kind) + ": " + r.Words
	}
	return fmt.Sprintf(lang.L("%s, %.1f mm away"), kindText(r.Kind), mm)
}

// nextText says why a case is suggested.
func nextText(why teach.NextReason) string {
	switch why {
	case teach.NextFirst:
		return lang.L("the easiest case")
	case teach.NextWeakest:
		return lang.L("not tried yet, in your weakest category")
	case teach.NextUntried:
		return lang.L("the easiest not tried yet")
	case teach.NextRepeat:
		return lang.L("your lowest F1 so far")
	case teach.NextFinished:
		return lang.L("all cases are done without a miss or a false mark")
	}
	return ""
}

// scoreText is what became of an answer, in one line.
func scoreText(s teach.Score) string {
	text := fmt.Sprintf(lang.L("%d found, %d missed, %d false"), s.Found, s.Missed, s.False)
	if s.SetAside > 0 {
		text += fmt.Sprintf(lang.L(", %d on axillary clips"), s.SetAside)
	}
	return text
}

// clockText is minutes and seconds.
func clockText(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// figureText is a figure that may not exist.
func figureText(n qa.Number, decimals int) string {
	if !n.Exists() {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, float64(n))
}

// outcomeSign is how an outcome is drawn: each in a shape and a colour of its own (Okabe and Ito).
func outcomeSign(o teach.Outcome) (viewer.Sign, color.RGBA) {
	switch o {
	case teach.Found:
		return viewer.Ring, color.RGBA{0x2F, 0xC9, 0x9B, 0xFF}
	case teach.Missed:
		return viewer.Square, color.RGBA{0xFF, 0x7A, 0x33, 0xFF}
	case teach.False:
		return viewer.Cross, color.RGBA{0xF0, 0xE4, 0x42, 0xFF}
	}
	return viewer.Diamond, color.RGBA{0x56, 0xB4, 0xE9, 0xFF}
}

// outcomeText names an outcome.
func outcomeText(o teach.Outcome) string {
	switch o {
	case teach.Found:
		return lang.L("found")
	case teach.Missed:
		return lang.L("missed")
	case teach.False:
		return lang.L("false")
	}
	return lang.L("axillary")
}

// difficultyText is how hard a case is, as dots.
func difficultyText(d int) string {
	dots := []rune("○○○○○")
	for i := range min(d, len(dots)) {
		dots[i] = '●'
	}
	return string(dots)
}
