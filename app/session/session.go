package session

import (
	"context"
	"fmt"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Deps is what a Session needs from outside.
type Deps struct {
	Engine segment.Engine
	segment.Models
	ModelsError error           // why the models cannot be used, or nil
	AuditDir    string          // where what is done on a CT is logged; empty logs nothing
	AutosaveDir string          // where unsaved work is kept; empty keeps none
	RecipeDir   string          // where the site keeps its own recipes; empty keeps none
	Network     segment.Options // provider and threads for both networks; zero is auto
}

// Session is everything about the open study. Its owner goroutine alone may call its methods.
type Session struct {
	post func(func())
	deps Deps

	document Document
	plan     *Plan
	past     []*Plan // older first
	future   []*Plan // newest undone last
	derived  Derived
	view     View

	revisions  uint64
	drafts     draftCache
	contracted segment.DraftCache // External less a margin: of the recipe, of the skin's rim, of the recipe compared with

	contractedSkin, contractedOther segment.DraftCache

	boxes    map[*volume.Mask]box // round clips, of this document
	log      writer               // of the audit log
	unlogged bool                 // that it cannot be written was said
	lastEdit edit
	decided  map[uint64]map[int]bool // View.Reviewed of plans of other searches, by Plan.search: undo goes back to them
	measured around                  // what Derived.Around was, or is being, measured with
	figured  figuredFrom             // what Derived.Figures were, or are being, made from
	stroke   *Stroke                 // nil when nothing is being drawn
	proposed proposal
	opened   *OpenedSet // beside the plan, read-only; nil when there is none

	depth     int // nesting of Update
	changed   Change
	listeners []func(Change)

	jobs     [jobKinds]*job
	ticking  chan struct{} // closed to stop the ticker; nil when none runs
	nets     *networks
	memory   *segment.Memory // of what runs have worked out of the open volume; whoever holds nets may use it
	autosave autosaver
	work     pipeline
	now      func() time.Time
}

// pipeline is the long work, as functions so that tests need no patient.
type pipeline struct {
	scan     func(context.Context, string, *dicom.Report) ([]*dicom.Study, error)
	choose   func([]*dicom.Study, string) (*dicom.Series, error)
	read     func(context.Context, *dicom.Series, *dicom.Report) (*volume.Volume, error)
	middle   func(context.Context, *dicom.Series) (*volume.Volume, error)
	generate func(context.Context, phantom.Options) (*phantom.Case, error)
	external func(context.Context, *volume.Volume) (*volume.Mask, error)
	anatomy  func(context.Context, *volume.Volume, *volume.Mask) (*segment.Anatomy, error)
	seroma   func(ctx context.Context, v *volume.Volume, external, chestwall *volume.Mask, clips []segment.Clip) (*segment.Seroma, error)
	run      func(context.Context, *volume.Volume, segment.Networks, segment.RunOptions) (*segment.Result, error)
	draft    func(context.Context, segment.DraftInput) ([]segment.Target, []string, error)
	readSet  func(string, *dicom.Report) (*dicom.StructureSet, error)
	writeCT  func(context.Context, string, *volume.Volume, dicom.CTMeta) (*dicom.Series, error)
	writeSet func(string, *dicom.StructureSet, *dicom.Series, bool) error

	appendSet func(path, base string, set *dicom.StructureSet, ct *dicom.Series, force bool) error
}

// defaultMarginMM stands in the margin fields until the user asks for a target.
const defaultMarginMM = 10

// New returns an empty Session owned by the goroutine on which post runs the functions given to it,
// in order: fyne.Do in the program, a channel loop in tests.
func New(post func(func()), deps Deps) *Session {
	return &Session{
		post: post, deps: deps, plan: &Plan{Margin: segment.UniformMargin(defaultMarginMM), Free: segment.UnknownFreeMargin()}, nets: newNetworks(), now: time.Now,
		boxes: map[*volume.Mask]box{}, autosave: newAutosaver(deps.AutosaveDir),
		view: View{
			WindowCentreHU: 40, WindowWidthHU: 400, Overlays: true, MarginLinked: true, BrushMM: firstBrushMM,
			Hidden: map[string]bool{}, Reviewed: map[int]bool{},
		},
		work: pipeline{
			scan: dicom.Scan, choose: dicom.ChooseCT, read: dicom.ReadCT, middle: dicom.ReadMiddle, generate: phantom.Generate,
			external: segment.External, anatomy: segment.FindAnatomy, seroma: segment.FindSeroma, run: segment.Run, draft: segment.Draft, readSet: dicom.ReadStructureSet,
			writeCT: dicom.WriteCT, writeSet: dicom.WriteStructureSet, appendSet: dicom.AppendStructureSet,
		},
	}
}

// Close cancels every job and releases the networks; the channel closes when they are released and the audit log is written.
// Nothing is committed after it.
func (s *Session) Close() (released <-chan struct{}) {
	for kind := range jobKinds {
		s.drop(kind)
	}
	nets, logged, done := s.nets.close(), s.log.done(), make(chan struct{})
	go func() {
		<-nets
		<-logged
		close(done)
	}()
	return done
}

// OnChange calls listener on the owner goroutine after every Update that changed something.
func (s *Session) OnChange(listener func(Change)) { s.listeners = append(s.listeners, listener) }

// Update runs change, which may call any method, and notifies once when the outermost Update ends.
func (s *Session) Update(change func()) {
	s.depth++
	change()
	s.depth--
	if s.depth > 0 || s.changed == 0 {
		return
	}
	changed := s.changed
	s.changed = 0
	if changed.Has(PlanChanged | ViewChanged) {
		s.scheduleAutosave()
	}
	for _, listener := range s.listeners {
		listener(changed)
	}
}

// mark notes that a part changed; it must be called inside Update.
func (s *Session) mark(c Change) {
	if s.depth == 0 {
		panic("session: state changed outside Update")
	}
	s.changed |= c
}

// Document returns the open study.
func (s *Session) Document() Document { return s.document }

// Plan returns the present plan; it is never written.
func (s *Session) Plan() *Plan { return s.plan }

// Derived returns what follows from the plan.
func (s *Session) Derived() Derived { return s.derived }

// View returns what is looked at. Its maps are the session's own: read them, change them by methods.
func (s *Session) View() View { return s.view }

// HasVolume tells whether a CT is open.
func (s *Session) HasVolume() bool { return s.document.Volume != nil }

// Notify shows a banner; nil takes it away.
func (s *Session) Notify(n *Notice) {
	s.Update(func() {
		s.view.Notice = n
		s.mark(NoticeChanged)
	})
}

func (s *Session) fail(doing string, err error) {
	s.Notify(&Notice{Severity: Failure, Text: fmt.Sprintf("%s: %v", doing, err)})
}
