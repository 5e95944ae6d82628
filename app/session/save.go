package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/segment"
)

// NeedsCT tells whether saving also writes the CT: a demo case has no files yet.
func (s *Session) NeedsCT() bool { return s.document.Demo && s.document.Dir == "" }

// DemoCTDir is the folder beside an RTSTRUCT at path into which a demo case's CT goes.
func DemoCTDir(path string) string { return filepath.Join(filepath.Dir(path), "ct") }

// CanSave tells whether there is something to save, or why not.
func (s *Session) CanSave() error {
	switch {
	case s.document.Volume == nil:
		return errors.New("open a CT first")
	case len(s.plan.Kept()) == 0 && !slices.ContainsFunc(s.plan.Drawn, func(d Drawn) bool { return !d.Mask.Empty() }):
		return errors.New("no clip is kept and nothing is drawn, so there is nothing to save; run the search, keep a clip or draw")
	}
	return nil
}

// SaveOptions say where and how an RTSTRUCT is saved.
type SaveOptions struct {
	Path       string
	Force      bool   // replace what is there
	AppendTo   string // a structure set of the same CT: a copy of it with ours added is written, without External
	ClipPoints bool   // a structure of one point for each clip as well
}

// Save is SaveWith for a set of its own.
func (s *Session) Save(path string, force bool) { s.SaveWith(SaveOptions{Path: path, Force: force}) }

// SaveWith writes the RTSTRUCT of the plan, with targets drafted for exactly this plan. An existing
// file is replaced only with Force. The CT of a demo case goes to DemoCTDir(Path) first.
func (s *Session) SaveWith(o SaveOptions) {
	path, force := o.Path, o.Force
	if err := s.CanSave(); err != nil {
		s.fail("Save", err)
		return
	}
	doc, plan, in, key := s.document, s.plan, s.draftInput(), s.draftKey()
	ready := s.drafts.find(key)
	reviewed := s.ReviewedCount()
	needsCT, styles := s.NeedsCT(), s.view.Styles // never written, only replaced
	s.start(JobSave, "Save", func(ctx context.Context, j *job) (func(), error) {
		if err := refuseExisting(path, force); err != nil {
			return nil, err
		}
		if ready == nil {
			j.report("Drafting targets", 0, 0)
			d, err := s.work.draftTargets(ctx, key, in)
			if err != nil {
				return nil, err
			}
			ready = &d
		}
		if needsCT {
			j.report("Writing the CT", 0, 0)
			if err := s.writeDemoCT(ctx, &doc, DemoCTDir(path)); err != nil {
				return nil, err
			}
		}
		j.report("Writing the RTSTRUCT", 0, 0)
		options := []StructureOption{WithDrawn(plan.Drawn), WithColours(func(name string) [3]uint8 {
			if st, ok := styles[name]; ok {
				return st.Colour
			}
			return Colour(name)
		})}
		if reviewed == len(plan.Clips) {
			options = append(options, WithReview())
		}
		if o.ClipPoints {
			options = append(options, WithClipPoints())
		}
		targets := make([]segment.Target, len(ready.targets))
		for i, t := range ready.targets {
			targets[i] = t.Target
		}
		external, write := in.External, s.work.writeSet
		if o.AppendTo != "" {
			external, write = nil, func(path string, set *dicom.StructureSet, ct *dicom.Series, force bool) error {
				return s.work.appendSet(path, o.AppendTo, set, ct, force)
			}
		}
		set := StructureSet(in.Clips, external, targets, options...)
		if err := write(path, set, doc.Series, force); err != nil {
			return nil, err
		}
		return func() { s.commitSave(doc, stamp{plan.Revision, reviewed}, len(plan.Clips)-reviewed, set, path) }, nil
	})
}

func (s *Session) writeDemoCT(ctx context.Context, doc *Document, dir string) error {
	series, err := s.work.writeCT(ctx, dir, doc.Volume, dicom.CTMeta{
		Patient: doc.Series.Study.Patient, Description: doc.Series.Description,
	})
	if err != nil {
		return err
	}
	doc.Dir, doc.Series = dir, series
	if series.Study != nil {
		doc.Studies = []*dicom.Study{series.Study}
	}
	return nil
}

// commitSave notes that the state saved, with so many clips that nobody had decided on, stands at path.
func (s *Session) commitSave(doc Document, saved stamp, undecided int, set *dicom.StructureSet, path string) {
	if s.document.Volume == doc.Volume {
		doc.Previews = s.document.Previews
		s.document = doc
		s.view.SavedPath, s.view.SavedAt, s.view.SavedSet = path, time.Now(), set
		s.view.saved = saved
		state := "every clip reviewed"
		if undecided > 0 {
			state = "draft, " + plural(undecided, "clip") + " not reviewed"
		}
		s.record(store.Event{Action: "Save RTSTRUCT: " + state})
		if !s.Unsaved() {
			s.Discard()
		}
		s.mark(DocumentChanged | ViewChanged)
	}
	text := fmt.Sprintf("Saved %s.", path)
	if undecided > 0 {
		text = fmt.Sprintf("Saved %s as a draft: %s not reviewed.", path, plural(undecided, "clip"))
	}
	s.Notify(&Notice{Text: text})
}

// refuseExisting is an error when path exists and force is not set.
func refuseExisting(path string, force bool) error {
	if force {
		return nil
	}
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%s exists already; choose another name or ask to replace it", path)
	case errors.Is(err, os.ErrNotExist):
		return nil
	}
	return err
}
