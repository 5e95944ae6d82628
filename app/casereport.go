package app

import (
	"fmt"
	"image"
	"io"
	"math"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/report"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
	"github.com/clipwright/clipwright/viewer"
)

// askReport asks where to write the report of the case.
func (w *window) askReport() {
	s := w.session
	if s.Document().Volume == nil || w.win.Canvas().Overlays().Top() != nil {
		return
	}
	if len(s.Plan().Clips) == 0 && len(s.Plan().Drawn) == 0 {
		s.Notify(&session.Notice{Text: lang.L("There is nothing to report yet: find clips or draw first.")})
		return
	}
	w.askExport(w.reportExport())
}

// reportExport is the report of the case as it is now. Pictures and pages are made off the toolkit's goroutine; what they show
// is never written again.
func (w *window) reportExport() export {
	finish := w.caseReport()
	return export{
		title: lang.L("Save the report"), folder: saveFolder(w.session.Document(), w.app.Preferences()), name: "report.pdf",
		fill: func() (func(io.Writer) error, error) {
			pdf, err := report.PDF(finish())
			return func(to io.Writer) error {
				_, err := to.Write(pdf)
				return err
			}, err
		},
		say: w.session.Notify, failed: lang.L("Write the report: %v"), done: lang.L("Wrote the report %s. It names the patient."),
	}
}

// caseReport gathers the words of the report; the function that it returns adds the pictures, on any goroutine.
func (w *window) caseReport() (finish func() *report.Document) {
	s, now := w.session, w.now()
	doc, plan := s.Document(), s.Plan()
	d := &report.Document{
		Title: lang.L("Tumour-bed boost: case report"), Header: caseText(doc, now), When: now,
		Footer: fmt.Sprintf(lang.L("Clipwright %s · %s · not a medical device: every mark must be checked by a qualified person"), w.version(), now.Format("2006-01-02 15:04")),
		Page:   lang.L("page %d of %s"),
		Sign:   []string{lang.L("Reviewed by"), lang.L("Signature"), lang.L("Date")},
	}
	state := lang.L("Every clip was reviewed by the user.")
	if n := len(plan.Clips) - s.ReviewedCount(); n > 0 {
		state = counted(n, lang.L("DRAFT: 1 clip was not reviewed."), lang.L("DRAFT: %d clips were not reviewed."))
	}
	d.Sections = []report.Section{
		{Paragraphs: []string{state, expectedText(plan)}},
		{Heading: lang.L("Patient and CT"), Table: &report.Table{Rows: patientRows(doc, now), Parts: []float64{1, 3.4}}},
		{Heading: lang.L("Clips"), Table: clipTable(s, w.host.phrases)},
		{Heading: lang.L("Structures and targets"), Table: structureTable(s, w.host.phrases), Paragraphs: w.host.phrases.all(s.BoostWarnings())},
		{Heading: lang.L("Recipe"), Paragraphs: recipeLines(plan)},
		{Heading: lang.L("Provenance"), Table: &report.Table{Rows: provenanceRows(s, w.version()), Parts: []float64{1, 3.4}}},
	}
	if len(s.Derived().Warnings) > 0 {
		d.Sections[0].Paragraphs = append(d.Sections[0].Paragraphs, w.host.phrases.all(s.Derived().Warnings)...)
	}
	overlays, boxes := w.views.reportMarks()
	kept := plan.Clips
	names := [3]string{planeText(viewer.Axial), planeText(viewer.Sagittal), planeText(viewer.Coronal)}
	overview, each := lang.L("Overview"), lang.L("Clip %d, %s")
	heading, slice := lang.L("Views of every clip"), lang.L("slice")
	middle := s.View().Cursor
	if k := plan.Kept(); len(k) > 0 {
		middle = meanOf(k)
	}
	return func() *report.Document {
		draw := viewer.NewRenderer()
		pictures := func(at volume.Vec, wideMM float64, caption func(plane string) string) []report.Picture {
			var three []report.Picture
			for _, plane := range []viewer.Plane{viewer.Axial, viewer.Sagittal, viewer.Coronal} {
				scene := aimed(doc.Volume, plane, at, wideMM)
				scene.Overlays, scene.Boxes, scene.Crosshair = overlays, boxes, wideMM == closeUpMM
				picture := image.NewRGBA(image.Rect(0, 0, scene.WidthPx, scene.HeightPx))
				draw.Render(picture, &scene)
				three = append(three, report.Picture{Image: picture, Caption: caption(names[plane]) + "  " + viewer.PositionText(&scene, slice)})
			}
			return three
		}
		d.Sections = append(d.Sections, report.Section{Heading: overview, Pictures: pictures(middle, overviewMM, func(p string) string { return p })})
		views := report.Section{Heading: heading}
		for _, c := range kept {
			views.Pictures = append(views.Pictures, pictures(c.CentreMM, closeUpMM, func(p string) string { return fmt.Sprintf(each, c.ID, p) })...)
		}
		if len(kept) > 0 {
			d.Sections = append(d.Sections, views)
		}
		return d
	}
}

// How much of the patient the pictures show, and their side in pixels.
const (
	overviewMM = 240.0
	closeUpMM  = 60.0
	reportPx   = 420
)

// aimed is the picture of wideMM round at.
func aimed(v *volume.Volume, plane viewer.Plane, at volume.Vec, wideMM float64) viewer.Scene {
	s := viewer.Scene{
		Volume: v, Plane: plane, CursorMM: at, Window: viewer.Window{CentreHU: 40, WidthHU: 400}, Smooth: true,
		WidthPx: reportPx, HeightPx: reportPx, Scale: 1.5,
	}
	viewer.Aim(&s, at, wideMM)
	return s
}

// reportMarks are the marks of the report: those that the images show, without the box to search.
func (v *views) reportMarks() ([]viewer.Overlay, []viewer.Box) {
	overlays, boxes := v.marks()
	var clips []viewer.Box
	for _, b := range boxes {
		if b.Label != "" {
			clips = append(clips, b)
		}
	}
	return overlays, clips
}

func meanOf(clips []segment.Clip) volume.Vec {
	var sum volume.Vec
	for _, c := range clips {
		sum = sum.Add(c.CentreMM)
	}
	return sum.Scale(1 / float64(len(clips)))
}

func expectedText(plan *session.Plan) string {
	kept := len(plan.Kept())
	switch {
	case plan.Expected == 0:
		return fmt.Sprintf(lang.L("%d clips kept; the operation note's count was not entered."), kept)
	case plan.Expected == kept:
		return fmt.Sprintf(lang.L("%d clips kept, as many as the operation note says."), kept)
	}
	return fmt.Sprintf(lang.L("%d clips kept; the operation note says %d."), kept, plan.Expected)
}

func patientRows(doc session.Document, now time.Time) [][]string {
	rows := [][]string{}
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, []string{label, value})
		}
	}
	if study := doc.Series.Study; study != nil {
		add(lang.L("Patient"), strings.Join(patientParts(study, now), "  ·  "))
		add(lang.L("Study"), study.Description)
	}
	add(lang.L("Series"), doc.Series.Description)
	add(lang.L("Images"), gridText(doc.Volume.Grid))
	add(lang.L("Series UID"), doc.Series.UID)
	return rows
}

// clipTable is a row for each clip, rejected ones too.
func clipTable(s *session.Session, phrases *phrasebook) *report.Table {
	t := &report.Table{
		Head: []string{
			"#", lang.L("Side"), lang.L("Place, mm"), "mm³", "HU", lang.L("Conf."),
			lang.L("Skin, bone, centre, mm"), lang.L("Decision"), lang.L("Why to look twice"),
		},
		Parts: []float64{0.5, 0.85, 2.5, 0.8, 0.8, 0.9, 1.7, 1.5, 3},
		Right: []bool{true, false, false, true, true, true, true, false, false},
	}
	for _, c := range s.Plan().Clips {
		state := lang.L("kept")
		if !c.Kept {
			state = lang.L("rejected")
		}
		if !s.View().Reviewed[c.ID] {
			state += ", " + lang.L("not reviewed")
		}
		around := ""
		if m, ok := s.Derived().Around[c.ID]; ok {
			var parts []string
			for _, mm := range []float64{m.SkinMM, m.BoneMM, m.CentreMM} {
				text := "–"
				if !math.IsNaN(mm) {
					text = fmt.Sprintf("%.0f", mm)
				}
				parts = append(parts, text)
			}
			around = strings.Join(parts, ", ")
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprint(c.ID), c.Side, strings.TrimSuffix(placeText(c.CentreMM), " mm"), fmt.Sprintf("%.0f", c.VolumeMM3), fmt.Sprint(c.PeakHU),
			confidenceText(c), around, state, strings.Join(phrases.all(s.Reasons(&c)), "; "),
		})
	}
	return t
}

// structureTable is a row for each structure of the plan, with the figures of targets.
func structureTable(s *session.Session, phrases *phrasebook) *report.Table {
	t := &report.Table{
		Head:  []string{lang.L("Name"), "cc", lang.L("Clips inside"), lang.L("Skin, mm"), lang.L("In lung, cc"), lang.L("Made of")},
		Parts: []float64{1.7, 0.8, 1, 0.9, 1, 4.6}, Right: []bool{false, true, true, true, true, false},
	}
	derived := s.Derived()
	for _, v := range s.Structures() {
		if !v.Saveable {
			continue
		}
		inside, skin, lung := "", "", ""
		for i, target := range derived.Targets {
			if target.Name != v.Name || len(derived.Figures) != len(derived.Targets) {
				continue
			}
			f := derived.Figures[i]
			inside, skin, lung = clipsInside(f), finite("%.1f", f.SkinMM), finite("%.1f", f.LungCC)
		}
		t.Rows = append(t.Rows, []string{v.Name, volumeText(v.CC), inside, skin, lung, phrases.say(v.Detail)})
	}
	return t
}

// finite is v, or nothing where it is not known.
func finite(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func recipeLines(plan *session.Plan) []string {
	r := plan.BoostRecipe()
	if r == nil {
		return []string{lang.L("No targets were drafted beside SurgicalBed.")}
	}
	lines := []string{r.Name}
	if r.Source != "" {
		lines = append(lines, fmt.Sprintf(lang.L("Source: %s"), r.Source))
	}
	if r.Verify {
		lines = append(lines, fmt.Sprintf(lang.L("Verify locally. %s"), ""))
	}
	for _, t := range r.Targets {
		lines = append(lines, fmt.Sprintf("%s (%s): %s", t.Name, t.Type, t))
	}
	return lines
}

// provenanceRows say which program and networks made the proposals.
func provenanceRows(s *session.Session, version string) [][]string {
	derived, view := s.Derived(), s.View()
	rows := [][]string{{lang.L("Program"), "Clipwright " + version}}
	for _, m := range s.Models() {
		rows = append(rows, []string{m.Card.Name + " " + m.Card.Version, "SHA-256 " + m.Card.SHA256})
	}
	if derived.Searched {
		rows = append(rows, []string{lang.L("Ran on"), providerText(derived.Provider)})
	} else {
		rows = append(rows, []string{lang.L("Ran on"), lang.L("the networks did not search this CT")})
	}
	saved := lang.L("not saved yet")
	if view.SavedPath != "" && !s.Unsaved() {
		saved = view.SavedPath
	}
	return append(rows, []string{"RTSTRUCT", saved})
}

// version is that of the program.
func (w *window) version() string { return w.app.Metadata().Version }
