package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/internal/qa"
)

// checkName names a check for the eye; the keys of the rules file are for files.
func checkName(id string, definitions []qa.Definition) string {
	if metric, is := strings.CutPrefix(id, "limit:"); is {
		for _, d := range definitions {
			if d.Key == metric {
				return fmt.Sprintf(lang.L("limit of %s"), d.Name)
			}
		}
	}
	switch id {
	case "patient":
		return lang.L("patient")
	case "frame_of_reference":
		return lang.L("frame of reference")
	case "other_series":
		return lang.L("image series")
	case "slice_gaps":
		return lang.L("slice distances")
	case "off_plane":
		return lang.L("contours off the slices")
	case "empty":
		return lang.L("empty structure")
	case "duplicate":
		return lang.L("duplicate")
	case "missing_slices":
		return lang.L("slices left out")
	case "islands":
		return lang.L("tiny part")
	case "outside_body":
		return lang.L("outside the body")
	case "wrong_side":
		return lang.L("wrong side")
	case "name_and_type":
		return lang.L("name and type")
	case "clips_without_target":
		return lang.L("clips without target")
	case "target_without_clips":
		return lang.L("target without clips")
	case "expected_clips":
		return lang.L("count of clips")
	case "missed":
		return lang.L("missed clip")
	case "extra":
		return lang.L("extra clip")
	case "outside_target":
		return lang.L("clip outside the target")
	case "one_side":
		return lang.L("clips on one side")
	case "margin":
		return lang.L("margin")
	case "skin_least_mm":
		return lang.L("distance to skin")
	}
	return id
}

// metricName names a figure.
func metricName(phrases *phrasebook, d qa.Definition) string {
	switch d.Key {
	case "ref_cc":
		return lang.L("Reference")
	case "test_cc":
		return lang.L("Test")
	}
	return phrases.say(d.Name)
}
