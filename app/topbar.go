package app

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// intents is what the user can ask for in the top bar.
type intents struct {
	open, demo, run, cancel, undo, redo, save, settings, computing, log, help, report func()
	expected                                                                          func(n int)
}

// topbar tells the state of the case in two lines: who and what, and how far the work is.
type topbar struct {
	box      *fyne.Container
	patient  *text
	open     *button
	demo     *button
	run      *button
	cancel   *button
	progress *progress
	counts   *fyne.Container
	clips    *text
	second   *fyne.Container // the line of the work
	expected *number
	tally    *text // agrees with the expected count or not
	review   *text
	look     *text
	undo     *button
	redo     *button
	save     *button
	report   *button
	shape    string // of the last layout
	keys     *keymap
	phrases  *phrasebook
}

func newTopbar(h *host, do intents) *topbar {
	t := &topbar{
		keys: h.keys, phrases: h.phrases,
		patient:  newText("", textStyle{shrink: true, minWidth: 120}),
		open:     newButton(h, lang.L("Open"), theme.FolderOpenIcon(), buttonNormal, lang.L("Open a CT: a folder, or an archive, DICOMDIR or file"), do.open),
		demo:     newButton(h, lang.L("Demo"), theme.MediaPlayIcon(), buttonNormal, lang.L("Open the demo case: a made-up patient with known clips"), do.demo),
		run:      newButton(h, lang.L("Find clips"), theme.SearchIcon(), buttonPrimary, h.keys.tip(lang.L("Let the networks look for clips"), "clips.find"), do.run),
		cancel:   newButton(h, lang.L("Cancel"), theme.MediaStopIcon(), buttonNormal, lang.L("Stop (Escape)"), do.cancel),
		progress: newProgress(h.phrases),
		clips:    newText("", textStyle{bold: true}),
		tally:    newText("", textStyle{}),
		review:   newText("", textStyle{}),
		look:     newText("", textStyle{colour: colourWarning}),
		undo:     newButton(h, "", theme.ContentUndoIcon(), buttonFlat, "", do.undo),
		redo:     newButton(h, "", theme.ContentRedoIcon(), buttonFlat, "", do.redo),
		save:     newButton(h, lang.L("Save RTSTRUCT"), theme.DocumentSaveIcon(), buttonNormal, h.keys.tip(lang.L("Save clips and targets as a DICOM RTSTRUCT"), "file.save"), do.save),
	}
	t.expected = newNumber(0, 99, 1, 46, func(v float64) { do.expected(int(v)) })
	t.expected.optional, t.expected.left, t.expected.shortcut = true, h.unfocus, h.shortcut
	t.expected.SetPlaceHolder("–")
	t.expected.show()
	t.counts = columns(8,
		middle(t.clips), middle(newText(lang.L("expected"), textStyle{colour: colourDim})), middle(t.expected),
		middle(t.tally), middle(t.review), middle(t.look))

	logo := canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", assets.IconPNG))
	logo.FillMode = canvas.ImageFillContain
	logo.SetMinSize(fyne.NewSquareSize(20))
	brand := columns(8, middle(logo), middle(newText("Clipwright", textStyle{bold: true})))
	settings := newButton(h, "", theme.SettingsIcon(), buttonFlat, lang.L("Settings"), do.settings)
	computing := newButton(h, "", theme.ComputerIcon(), buttonFlat, lang.L("What the networks run on"), do.computing)
	help := newButton(h, "", theme.HelpIcon(), buttonFlat, h.keys.tip(lang.L("Keys and mouse"), "help"), do.help)
	history := newButton(h, "", theme.HistoryIcon(), buttonFlat, lang.L("What was done on this CT: the audit log"), do.log)
	first := container.NewBorder(nil, nil, inset(brand, 0, 18, 0, 0), columns(2, history, computing, settings, help), middle(t.patient))

	left := columns(8, t.open, t.demo, t.run, t.cancel)
	t.report = newButton(h, "", theme.DocumentPrintIcon(), buttonFlat, h.keys.tip(lang.L("Report of the case as PDF"), "file.report"), do.report)
	right := columns(4, t.undo, t.redo, t.report, t.save)
	work := container.NewStack(inset(columns(0, t.counts, layout.NewSpacer()), 8, 0, 0, 0), inset(t.progress, 8, 24, 0, 0))
	t.second = inset(container.NewBorder(nil, nil, left, right, work), 10, 10, 0, 7)
	t.box = rows(0, inset(first, 10, 6, 3, 3), t.second, newRule())
	return t
}

func (t *topbar) set(s *session.Session, now time.Time) {
	doc, plan, derived := s.Document(), s.Plan(), s.Derived()
	t.patient.set(caseText(doc, now))
	busy, running := waitedFor(s)
	study := doc.Volume != nil || len(doc.Studies) > 0
	setVisible(t.second, study) // else the page says all there is to say
	setVisible(t.progress, running)
	setVisible(t.cancel, running)
	if running {
		t.progress.set(busy, now)
		t.cancel.setEnabled(!busy.Cancelling)
	}
	hasVolume := doc.Volume != nil
	setVisible(t.run, hasVolume && !running)
	if derived.Searched {
		t.run.set(lang.L("Find again"), theme.SearchReplaceIcon())
		t.run.setKind(buttonNormal)
	} else {
		t.run.set(lang.L("Find clips"), theme.SearchIcon())
		t.run.setKind(buttonPrimary)
	}
	t.setCounts(s, plan, hasVolume && !running && (derived.Searched || len(plan.Clips) > 0))
	t.setUndo(s, hasVolume)
	setVisible(t.save, hasVolume)
	setVisible(t.report, hasVolume)
	t.save.setEnabled(s.CanSave() == nil && !running)
	if derived.Searched && s.Unsaved() {
		t.save.setKind(buttonPrimary)
	} else {
		t.save.setKind(buttonNormal)
	}
	t.layOut()
}

// layOut places everything anew when something has changed its width: a tick of the progress has not.
func (t *topbar) layOut() {
	shape := fmt.Sprint(
		t.progress.Visible(), t.cancel.Visible(), t.second.Visible(), t.run.Visible(), t.run.label, t.counts.Visible(), t.save.Visible(),
		t.patient.content, t.clips.content, t.tally.content, t.review.content, t.look.content,
	)
	if shape != t.shape {
		t.shape = shape
		relayout(t.box)
	}
}

func (t *topbar) setCounts(s *session.Session, plan *session.Plan, shown bool) {
	setVisible(t.counts, shown)
	if !shown {
		return
	}
	kept := len(plan.Kept())
	t.clips.set(counted(kept, lang.L("1 clip"), lang.L("%d clips")))
	if kept == 0 {
		t.clips.set(lang.L("No clip"))
	}
	t.expected.set(float64(plan.Expected))
	tally, colour := "", colourText
	switch {
	case plan.Expected == 0:
	case plan.Expected == kept:
		tally, colour = lang.L("agrees"), colourSuccess
	case plan.Expected > kept:
		tally, colour = fmt.Sprintf(lang.L("%d missing"), plan.Expected-kept), colourWarning
	default:
		tally, colour = fmt.Sprintf(lang.L("%d too many"), kept-plan.Expected), colourWarning
	}
	t.tally.set(tally)
	t.tally.setColour(colour)
	total, reviewed := len(plan.Clips), s.ReviewedCount()
	t.review.set("·  " + fmt.Sprintf(lang.L("reviewed %d of %d"), reviewed, total))
	t.review.setColour(colourDim)
	if total > 0 && reviewed == total {
		t.review.setColour(colourSuccess)
	}
	doubtful := 0
	for _, c := range plan.Clips {
		if c.Doubtful() && !s.View().Reviewed[c.ID] {
			doubtful++
		}
	}
	t.look.set("")
	if doubtful > 0 {
		t.look.set("·  " + fmt.Sprintf(lang.L("%d to look at"), doubtful))
	}
}

func (t *topbar) setUndo(s *session.Session, shown bool) {
	setVisible(t.undo, shown)
	setVisible(t.redo, shown)
	name, ok := s.UndoName()
	t.undo.setEnabled(ok)
	t.undo.tip = t.keys.tip(strings.TrimSpace(fmt.Sprintf(lang.L("Undo %s"), lowerFirst(t.phrases.say(name)))), "edit.undo")
	name, ok = s.RedoName()
	t.redo.setEnabled(ok)
	t.redo.tip = t.keys.tip(strings.TrimSpace(fmt.Sprintf(lang.L("Redo %s"), lowerFirst(t.phrases.say(name)))), "edit.redo")
}

// waitedFor is the job whose progress the top bar shows.
func waitedFor(s *session.Session) (session.JobState, bool) {
	for _, kind := range []session.JobKind{session.JobSave, session.JobRun, session.JobOpen, session.JobOpenSet} {
		if state := s.Job(kind); state.Running {
			return state, true
		}
	}
	return session.JobState{}, false
}

// lowerFirst writes s as it stands within a sentence.
func lowerFirst(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(first)) + s[n:]
}

// caseText is "Zhang^San · F 52 · CT 2024-01-05 · 92 slices 1.27 × 1.27 × 3 mm".
func caseText(doc session.Document, now time.Time) string {
	if doc.Series == nil {
		if len(doc.Studies) > 0 {
			return fmt.Sprintf(lang.L("%s · choose a series on the left"), doc.Dir)
		}
		return lang.L("No study open")
	}
	var parts []string
	if study := doc.Series.Study; study != nil {
		parts = append(parts, patientParts(study, now)...)
	}
	if doc.Volume != nil {
		parts = append(parts, gridText(doc.Volume.Grid))
	}
	return strings.Join(parts, "  ·  ")
}

func patientParts(study *dicom.Study, now time.Time) []string {
	name := study.Patient.Name
	if name == "" {
		name = lang.L("No name")
	}
	parts := []string{name}
	if study.Patient.ID != "" && study.Patient.ID != name {
		parts = append(parts, study.Patient.ID)
	}
	sexAge := study.Patient.Sex
	scanned, scannedOK := dicomDate(study.Date)
	if !scannedOK {
		scanned = now
	}
	if born, ok := dicomDate(study.Patient.BirthDate); ok {
		sexAge = strings.TrimSpace(fmt.Sprintf("%s %d", sexAge, years(born, scanned)))
	}
	if sexAge != "" {
		parts = append(parts, sexAge)
	}
	if scannedOK {
		parts = append(parts, "CT "+scanned.Format(time.DateOnly))
	}
	return parts
}

func dicomDate(s string) (time.Time, bool) {
	t, err := time.Parse("20060102", strings.TrimSpace(s))
	return t, err == nil
}

// years is the age on a day, in completed years.
func years(born, day time.Time) int {
	n := day.Year() - born.Year()
	if day.YearDay() < born.YearDay() {
		n--
	}
	return n
}

func gridText(g *volume.Grid) string {
	mm, even := g.Uniform()
	slices := fmt.Sprintf("%s mm", trimmed(mm))
	if !even {
		slices = lang.L("uneven slices")
	}
	return fmt.Sprintf(lang.L("%d slices %s × %s × %s"), g.Nz(), trimmed(g.SpacingX), trimmed(g.SpacingY), slices)
}

// trimmed is v with two decimals at most.
func trimmed(v float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
