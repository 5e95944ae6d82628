package session

import (
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// Change is the set of parts of a Session that one Update touched.
type Change uint32

// The parts a listener may care about.
const (
	DocumentChanged Change = 1 << iota // another study, series or volume
	PlanChanged                        // clips, margins, expected count; undo and redo
	DerivedChanged                     // body, ROI, targets, their volumes
	ViewChanged                        // selection, visibility, reviewed marks, what was saved
	CursorChanged                      // the crosshair, and with it the planes shown
	WindowChanged                      // grey levels
	JobsChanged                        // a job began, advanced or ended
	NoticeChanged                      // the banner
	StrokeChanged                      // what is being drawn
	PreviewsChanged                    // pictures of the series
)

// AllChanged is every part: what a listener sees first.
const AllChanged = DocumentChanged | PlanChanged | DerivedChanged | ViewChanged | CursorChanged | WindowChanged | JobsChanged | NoticeChanged | StrokeChanged | PreviewsChanged

// Has tells whether c and d share a part.
func (c Change) Has(d Change) bool { return c&d != 0 }

// Document is the open study. It is replaced whole and never written.
type Document struct {
	Dir         string // folder it was read from; empty for a demo case not saved yet
	Demo        bool   // made by the phantom, not by a scanner
	DemoSeed    int64
	Studies     []*dicom.Study
	Series      *dicom.Series   // nil until one is chosen
	Volume      *volume.Volume  // nil until read
	Scanned     []dicom.Finding // what the scan of the folder came upon
	Findings    []dicom.Finding // that, and what reading the series did
	ReadSeconds float64
	Previews    map[*dicom.Series]*volume.Volume // a slice of each CT that is not open; nil until read
}

// Plan is what the user decides, and all that undo brings back. A published Plan is never written.
type Plan struct {
	Name     string // what made it, for the undo menu: "Reject clip 3"
	Revision uint64 // differs between any two plans of a Session
	draft    uint64 // differs whenever the targets do
	search   uint64 // revision of the search that numbered the clips: in another's plan a number is another clip
	Clips    []segment.Clip
	Expected int // clips in the operation note; 0 when not given
	Boost    bool
	Margin   segment.Margin     // mm, from SurgicalBed to CTVsb_High when Boost is set and Recipe is nil
	Recipe   *segment.Recipe    // nil: the plain margin
	Free     segment.FreeMargin // pathology's free margins, mm, for recipes that ask
	Drawn    []Drawn            // in the order they were begun
}

// BoostRecipe is what makes the targets beside SurgicalBed: nil when none is wanted.
func (p *Plan) BoostRecipe() *segment.Recipe {
	switch {
	case !p.Boost:
		return nil
	case p.Recipe == nil:
		return segment.PlainRecipe(p.Margin)
	}
	return p.Recipe
}

// Kept returns the clips that stay.
func (p *Plan) Kept() []segment.Clip {
	var kept []segment.Clip
	for _, c := range p.Clips {
		if c.Kept {
			kept = append(kept, c)
		}
	}
	return kept
}

// Clip returns clip id, or nil.
func (p *Plan) Clip(id int) *segment.Clip {
	for i := range p.Clips {
		if p.Clips[i].ID == id {
			return &p.Clips[i]
		}
	}
	return nil
}

// Derived is what follows from the document, the networks and the plan.
type Derived struct {
	External   *volume.Mask // nil until drawn
	ExternalCC float64
	Searched   bool // the networks have looked at this volume
	ROI        *segment.ROI
	Provider   string // what ran the networks
	Found      *segment.Result
	Warnings   []string                     // of the search
	Anatomy    *segment.Anatomy             // nil until the first clips are measured
	Around     map[int]segment.Surroundings // by clip id; lags behind the plan while a job measures

	Targets       []TargetVolume
	DraftWarnings []string
	DraftSeconds  float64
	Figures       []segment.TargetFigures    // of Targets, in their order; nil until measured
	Compared      []segment.TargetComparison // with View.Compare; nil until made
	CompareLacks  string                     // why there is nothing to compare with
	Seroma        *segment.Seroma            // proposed, neither accepted nor rejected
	Stale         bool                       // the targets belong to an earlier plan; a job is making the new ones
}

// TargetVolume is a drafted target and its size.
type TargetVolume struct {
	segment.Target
	CC float64
}

// View is what is looked at and how; it is not undoable.
type View struct {
	Cursor         volume.Vec // LPS mm
	WindowCentreHU float64
	WindowWidthHU  float64
	SlabMM         float64 // thickness of a maximum intensity slab; 0 shows single slices
	Selected       int     // clip id, 0 for none
	Hidden         map[string]bool
	Styles         map[string]Style // by name, where the user set one
	Overlays       bool             // all marks; false shows the bare image
	Reviewed       map[int]bool     // clip ids the user has decided on; looking cannot be undone
	MarginLinked   bool             // one margin sets all six
	Sort           SortKey
	SortDown       bool
	Compare        *segment.Recipe // whose targets are set beside those of the plan; nil for none
	Tool           Tool
	BrushMM        float64      // diameter
	Box            *segment.ROI // the region to search that the user drew; nil for none
	Active         string       // the structure that tools draw upon; empty for none
	SavedPath      string
	SavedAt        time.Time
	SavedSet       *dicom.StructureSet // as written
	AutosavedAt    time.Time           // zero when nothing is kept
	saved          stamp
	Notice         *Notice
}

// Severity of a Notice.
type Severity int

// Severities.
const (
	Info Severity = iota
	Warning
	Failure
)

// Notice is a message for the banner: what happened and what to do, with details to fold open.
type Notice struct {
	Severity Severity
	Text     string
	Details  []string
	Offer    *Offer // nil where there is none
}
