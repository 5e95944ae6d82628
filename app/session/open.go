package session

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// OpenFolder scans dir, a folder, zip archive, DICOMDIR or image, and reads one CT of it: seriesUID, or the sensible one when
// that is empty. A single slice stands for its series in the folder where it lies, a structure set for that folder. When
// there is no sensible one the document holds the choices and a notice says so.
func (s *Session) OpenFolder(dir, seriesUID string) {
	left := s.autosaveKey()
	s.start(JobOpen, "Open folder", func(ctx context.Context, j *job) (func(), error) {
		start := time.Now()
		j.report("Scanning folder", 0, 0)
		report := new(dicom.Report)
		studies, err := s.work.scan(ctx, dir, report)
		if err != nil {
			return nil, err
		}
		dir, seriesUID := dir, seriesUID
		if uid, alone := loneFile(dir, studies); alone {
			dir, seriesUID, report = filepath.Dir(dir), cmp.Or(seriesUID, uid), new(dicom.Report)
			if studies, err = s.work.scan(ctx, dir, report); err != nil {
				return nil, err
			}
		}
		doc := Document{Dir: dir, Studies: studies, Scanned: report.Findings()}
		series, err := s.work.choose(studies, seriesUID)
		if err != nil {
			if len(ctSeries(studies)) == 0 {
				return nil, err
			}
			doc.Findings = doc.Scanned
			return func() {
				s.replaceDocument(doc)
				s.readPreviews()
				s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("Choose a series on the left: %v", err)})
			}, nil
		}
		return s.readSeries(ctx, j, left, doc, series, start)
	})
}

// loneFile tells whether the file at path, of which a scan found studies, is one slice or one structure set, and
// the UID of the series that the slice belongs to.
func loneFile(path string, studies []*dicom.Study) (seriesUID string, alone bool) {
	if len(studies) != 1 || len(studies[0].Series)+len(studies[0].StructureSets) != 1 {
		return "", false
	}
	if sets := studies[0].StructureSets; len(sets) == 1 {
		return "", sets[0] == path
	}
	s := studies[0].Series[0]
	return s.UID, !s.Enhanced && len(s.Slices) == 1 && s.Slices[0].Path == path
}

// OpenSeries reads another series of the folder already scanned.
func (s *Session) OpenSeries(series *dicom.Series) {
	left := s.autosaveKey()
	doc := Document{Dir: s.document.Dir, Studies: s.document.Studies, Scanned: s.document.Scanned, Previews: s.document.Previews}
	s.start(JobOpen, "Open series", func(ctx context.Context, j *job) (func(), error) {
		return s.readSeries(ctx, j, left, doc, series, time.Now())
	})
}

func (s *Session) readSeries(ctx context.Context, j *job, left string, doc Document, series *dicom.Series, start time.Time) (func(), error) {
	j.report("Reading "+seriesName(series), 0, 0)
	var report dicom.Report
	v, err := s.work.read(ctx, series, &report)
	if err != nil {
		return nil, err
	}
	doc.Series, doc.Volume, doc.Findings = series, v, append(slices.Clone(doc.Scanned), report.Findings()...)
	doc.ReadSeconds = time.Since(start).Seconds()
	kept, broken := readAutosave(s.autosave.store, series.UID, left, v)
	return func() {
		s.replaceDocument(doc)
		s.readPreviews()
		notice := joinNotices(broken, findingsNotice(doc.Findings))
		if len(kept) > 0 {
			notice = joinNotices(s.restoreFirst(kept), notice)
		}
		if notice = joinNotices(s.view.Notice, notice); notice != nil {
			s.Notify(notice)
		}
	}, nil
}

// joinNotices is first with what second says among its details; either may be nil.
func joinNotices(first, second *Notice) *Notice {
	if first == nil || second == nil {
		return cmp.Or(first, second)
	}
	return &Notice{
		Severity: max(first.Severity, second.Severity), Text: first.Text, Details: slices.Concat(first.Details, []string{second.Text}, second.Details),
		Offer: cmp.Or(first.Offer, second.Offer),
	}
}

// OpenDemo makes phantom case seed. It has no files until it is saved.
func (s *Session) OpenDemo(seed int64) {
	s.start(JobOpen, "Open the demo case", func(ctx context.Context, j *job) (func(), error) {
		start := time.Now()
		j.report("Making the demo case", 0, 0)
		c, err := s.work.generate(ctx, demoOptions(seed))
		if err != nil {
			return nil, err
		}
		doc := demoDocument(seed, c.Volume)
		doc.ReadSeconds = time.Since(start).Seconds()
		return func() { s.replaceDocument(doc) }, nil
	})
}

// demoOptions is a planning CT of common resolution, cropped to the chest so that it is made quickly.
func demoOptions(seed int64) phantom.Options {
	return phantom.Options{Seed: seed, PixelMM: 1.27, SliceMM: 3, Columns: 400, Rows: 300, Slices: 90}
}

// demoDocument dresses a phantom as a study; it gets UIDs when its CT is written.
func demoDocument(seed int64, v *volume.Volume) Document {
	study := &dicom.Study{
		ID: fmt.Sprintf("DEMO%d", seed), Description: "Demo case",
		Patient: dicom.Patient{Name: fmt.Sprintf("Demo^Case %d", seed), ID: fmt.Sprintf("DEMO-%d", seed), Sex: "F"},
	}
	series := &dicom.Series{
		Modality: "CT", Description: "Demo planning CT", Number: 1, Study: study,
		Rows: v.Grid.Ny, Columns: v.Grid.Nx, PixelSpacing: [2]float64{v.Grid.SpacingY, v.Grid.SpacingX},
	}
	study.Series = []*dicom.Series{series}
	return Document{Demo: true, DemoSeed: seed, Studies: []*dicom.Study{study}, Series: series, Volume: v}
}

// replaceDocument shows doc with an empty plan and begins to draw its External.
func (s *Session) replaceDocument(doc Document) {
	for _, kind := range []JobKind{JobExternal, JobRun, JobDraft, JobSurround, JobFigures, JobSeroma, JobOpenSet} {
		s.drop(kind)
	}
	s.Discard()
	s.document, s.memory = doc, new(segment.Memory)
	s.revisions++
	s.plan = &Plan{ // how targets are made stays; what belongs to a patient goes
		Name: "Open", Revision: s.revisions, draft: s.revisions,
		Margin: s.plan.Margin, Boost: s.plan.Boost, Recipe: s.plan.Recipe, Free: segment.UnknownFreeMargin(),
	}
	s.past, s.future, s.lastEdit, s.decided = nil, nil, edit{}, nil
	s.derived, s.drafts, s.measured, s.figured = Derived{}, nil, around{}, figuredFrom{}
	clear(s.boxes)
	s.stroke, s.view.Box, s.opened, s.proposed.at, s.proposed.clip = nil, nil, nil, nil, nil
	s.view.Selected, s.view.Reviewed, s.view.Active = 0, map[int]bool{}, ""
	s.view.SavedPath, s.view.SavedSet, s.view.saved, s.view.Notice = "", nil, stamp{}, nil
	s.mark(DocumentChanged | PlanChanged | DerivedChanged | ViewChanged | CursorChanged | NoticeChanged | StrokeChanged)
	if doc.Volume == nil {
		return
	}
	s.record(store.Event{Action: "Open CT"})
	g := doc.Volume.Grid
	s.view.Cursor = g.ToPatient(float64(g.Nx/2), float64(g.Ny/2), float64(g.Nz()/2))
	s.start(JobExternal, "Draw the External", func(ctx context.Context, j *job) (func(), error) {
		j.report("Drawing External", 0, 0)
		m, err := s.work.external(ctx, doc.Volume)
		if err != nil {
			return nil, err
		}
		cc := m.VolumeMM3() / 1000
		return func() { s.setExternal(m, cc) }, nil
	})
}

func (s *Session) setExternal(m *volume.Mask, cc float64) {
	s.derived.External, s.derived.ExternalCC = m, cc
	s.mark(DerivedChanged)
	s.redraft()
	s.surround()
}

// CloseStudy goes back to the empty state.
func (s *Session) CloseStudy() {
	s.Update(func() {
		s.drop(JobOpen)
		s.replaceDocument(Document{})
	})
}

func ctSeries(studies []*dicom.Study) []*dicom.Series {
	var ct []*dicom.Series
	for _, study := range studies {
		for _, series := range study.Series {
			if series.Modality == "CT" {
				ct = append(ct, series)
			}
		}
	}
	return ct
}

func seriesName(series *dicom.Series) string {
	if series.Description != "" {
		return series.Description
	}
	return fmt.Sprintf("%s series %d", series.Modality, series.Number)
}

// findingsNotice sums up what the reader had to say, or nil.
func findingsNotice(findings []dicom.Finding) *Notice {
	n := Notice{Severity: Warning}
	for _, f := range findings {
		if f.Severity == "info" {
			continue
		}
		text := f.Text
		if f.File != "" {
			text = f.File + ": " + text
		}
		n.Details = append(n.Details, text)
	}
	switch len(n.Details) {
	case 0:
		return nil
	case 1:
		n.Text, n.Details = n.Details[0], nil
	default:
		n.Text = fmt.Sprintf("Read with %d warnings.", len(n.Details))
	}
	return &n
}
