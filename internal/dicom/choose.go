package dicom

import (
	"errors"
	"fmt"
	"strings"
)

// A CT below these is no planning CT when there is a larger one beside it.
const (
	fewSlices     = 10
	shortExtentMM = 50.0
)

// ChooseCT returns the CT series with the UID, or without one the only sensible CT: localizers,
// multi-frame and compressed series, single images and short stacks step back behind a full one. When
// several remain, or none, the error lists the choices.
func ChooseCT(studies []*Study, uid string) (*Series, error) {
	var all, named, ct []*Series
	for _, study := range studies {
		for _, s := range study.Series {
			all = append(all, s)
			if s.UID == uid && uid != "" {
				named = append(named, s)
			}
			if s.Modality == "CT" && !s.Localizer {
				ct = append(ct, s)
			}
		}
	}
	if uid != "" {
		if len(named) == 0 {
			return nil, fmt.Errorf("no series has the UID %s%s", uid, choices(all))
		}
		best := named[0]
		for _, s := range named[1:] {
			if len(s.Slices) > len(best.Slices) && !s.Localizer {
				best = s
			}
		}
		if best.Modality != "CT" {
			return nil, fmt.Errorf("series %s is %s, not CT%s", uid, best.Modality, choices(all))
		}
		return best, nil
	}
	if len(all) == 0 {
		return nil, errors.New("no DICOM images found; choose the folder with the planning CT")
	}
	if len(ct) == 0 {
		return nil, fmt.Errorf("no CT series found%s", choices(all))
	}
	for _, better := range []func(*Series) bool{
		func(s *Series) bool { return s.unreadable == "" },
		func(s *Series) bool { return len(s.Slices) >= fewSlices && s.extentMM() >= shortExtentMM },
		func(s *Series) bool { return !strings.Contains(s.ImageType, "REFORMATTED") },
	} {
		if kept := filter(ct, better); len(kept) > 0 {
			ct = kept
		}
	}
	if len(ct) > 1 {
		return nil, fmt.Errorf("%d CT series found; name the one to use by its UID%s", len(ct), choices(ct))
	}
	return ct[0], nil
}

func filter(list []*Series, keep func(*Series) bool) []*Series {
	var kept []*Series
	for _, s := range list {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// extentMM is the distance from the first slice to the last.
func (s *Series) extentMM() float64 {
	if len(s.Slices) == 0 {
		return 0
	}
	return s.offsets()[len(s.Slices)-1]
}

// choices lists series for an error.
func choices(list []*Series) string {
	var b strings.Builder
	for _, s := range list {
		note := ""
		if s.Localizer {
			note = ", localizer"
		}
		patient := ""
		if s.Study != nil {
			patient = s.Study.Patient.Name + " " + s.Study.Patient.ID
		}
		fmt.Fprintf(&b, "\n  %s  %s %s, %d images of %d x %d, %.1f mm apart%s, %s, patient %s",
			s.UID, s.Modality, s.name(), len(s.Slices), s.Columns, s.Rows, s.SpacingMM(), note, s.Date, strings.TrimSpace(patient))
	}
	return b.String()
}
