package segment

import "github.com/clipwright/clipwright/internal/volume"

// Networks are the two open networks and the cards that say how to feed them.
type Networks struct {
	Location, Segmentation         Network
	Detail                         Network // nil: pieces are told by the model of a clip alone
	LocationCard, SegmentationCard Card
	DetailCard                     Card
}

// RunOptions guide Run; the zero value does everything by itself.
type RunOptions struct {
	// Progress is called from the goroutine that runs, with done of total steps of a stage: "prepare",
	// "locate" or "segment". It must return at once.
	Progress func(stage string, done, total int)
	External *volume.Mask // the outline, when it is known already
	All      bool         // keep candidates that the judge takes for no clip, for fitting it
	Looks    func(Look)   // is shown every piece that the Detail Net is asked about, for training it
	Box      *ROI         // search in this box alone (MinMM to MaxMM) instead of where the Location Net points
	Memory   *Memory      // of earlier runs; nil keeps nothing
}

// Result is what Run found. Its masks are published: read-only.
type Result struct {
	External, Body *volume.Mask // on the CT's grid
	ROI            *ROI         // nil when the Location Net pointed nowhere
	Clips          []Clip
	Expected       float64 // errors to be expected by the confidences: marks that are no clip, and candidates left out that are
	Look           bool    // whether that, or the number of clips, asks for a look at the whole case
	Warnings       []string
	Provider       string // what ran the networks
	Notice         string // "" or what to know about the provider
	Seconds        Seconds
}

// Seconds is the wall time of each stage.
type Seconds struct{ Prepare, Locate, Segment float64 }
