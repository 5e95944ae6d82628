package teach

import (
	"time"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
)

// attemptFormat marks a file as an attempt, and says which version.
const attemptFormat = "clipwright attempt 1"

// Answer is what a learner gives for a case.
type Answer struct {
	Marks        []Mark
	Path         []Look
	Seconds      float64 // from the first picture to the answer
	LimitSeconds float64 // 0: no limit
	Boost        *volume.Mask
}

// Mark is one place that the learner took for a clip.
type Mark struct {
	Number    int        `json:"number"` // from 1, in the order they were set; those removed leave gaps
	PlaceMM   volume.Vec `json:"place_mm"`
	AtSeconds float64    `json:"at_seconds"`
}

// Look is a step of the path through the CT: from AtSeconds on, Slice was shown.
type Look struct {
	AtSeconds float64 `json:"at_seconds"`
	Slice     int     `json:"slice"` // of the CT, from 0
}

// Outcome is what became of a clip or a mark.
type Outcome string

// The outcomes.
const (
	Found    Outcome = "found"
	Missed   Outcome = "missed"
	False    Outcome = "false"
	SetAside Outcome = "set aside" // a mark on an axillary clip: neither found nor false
)

// Verdict is one clip of the reference, one mark, or both.
type Verdict struct {
	Outcome     Outcome    `json:"outcome"`
	Clip        int        `json:"clip"` // number in the reference; 0 for a false mark
	Mark        int        `json:"mark"` // number of the mark; 0 for a missed clip
	PlaceMM     volume.Vec `json:"place_mm"`
	ErrorMM     qa.Number  `json:"error_mm"` // from the clip's centre to the mark; null unless found
	Offset      string     `json:"offset"`   // the same in letters
	Reason      *Reason    `json:"reason"`   // why a mark is false or set aside, or how a clip was missed
	SeenSeconds float64    `json:"seen_seconds"`
}

// Score counts, by the matching alone.
type Score struct {
	Found       int       `json:"found"`
	Missed      int       `json:"missed"`
	False       int       `json:"false"`
	SetAside    int       `json:"set_aside"`
	MeanErrorMM qa.Number `json:"mean_error_mm"` // of the found; null without any
}

// Sensitivity is found / (found + missed), or NaN.
func (s Score) Sensitivity() qa.Number { return ratio(s.Found, s.Found+s.Missed) }

// F1 is 2 found / (2 found + missed + false), the harmonic mean of sensitivity and precision, or NaN.
func (s Score) F1() qa.Number { return ratio(2*s.Found, 2*s.Found+s.Missed+s.False) }

// Network is what the networks made of the same case, by the same matching.
type Network struct {
	Score
	Verdicts []Verdict `json:"verdicts"`
}

// Attempt is one answer and what became of it: a file that is written once.
type Attempt struct {
	Format       string      `json:"format"`
	ID           string      `json:"id"`
	Learner      string      `json:"learner"` // name or alias
	Case         string      `json:"case"`
	Title        string      `json:"title"`
	Difficulty   int         `json:"difficulty"`
	Categories   []string    `json:"categories"`
	Begun        time.Time   `json:"begun"`
	Seconds      float64     `json:"seconds"`
	LimitSeconds float64     `json:"limit_seconds"` // 0: none
	HitRadiusMM  float64     `json:"hit_radius_mm"`
	Slices       int         `json:"slices"`      // of the CT
	SlicesSeen   int         `json:"slices_seen"` // of them, those that were shown
	Path         []Look      `json:"path"`
	Marks        []Mark      `json:"marks"`
	Score        Score       `json:"score"`
	Verdicts     []Verdict   `json:"verdicts"` // clips of the reference in order, then false marks
	Boost        *qa.Metrics `json:"boost"`    // reference target and the learner's; null when none was drawn
	Network      *Network    `json:"network"`  // null when it was not asked
	Version      string      `json:"version"`
}

// seenSeconds is how long slices first to last, inclusive, were shown.
func seenSeconds(path []Look, end float64, first, last int) float64 {
	sum := 0.0
	for i, l := range path {
		until := end
		if i+1 < len(path) {
			until = path[i+1].AtSeconds
		}
		if l.Slice >= first && l.Slice <= last {
			sum += max(until-l.AtSeconds, 0)
		}
	}
	return sum
}

// slicesSeen is how many different slices a path shows.
func slicesSeen(path []Look) int {
	seen := map[int]bool{}
	for _, l := range path {
		seen[l.Slice] = true
	}
	return len(seen)
}
