package teach

import (
	"math"
	"slices"
	"time"

	"github.com/clipwright/clipwright/internal/volume"
)

// Sitting is a learner at work on one case: the marks set so far, the slices shown, and the clock. It is not safe for
// concurrent use.
type Sitting struct {
	Begun time.Time
	limit time.Duration // 0: none
	now   func() time.Time
	marks []Mark
	last  int // number of the newest mark
	path  []Look
}

// Sit begins at once. limit 0 is none.
func Sit(limit time.Duration, now func() time.Time) *Sitting {
	return &Sitting{Begun: now(), limit: limit, now: now}
}

// Elapsed is the time since the beginning, at most the limit.
func (s *Sitting) Elapsed() time.Duration {
	d := s.now().Sub(s.Begun)
	if s.limit > 0 {
		d = min(d, s.limit)
	}
	return max(d, 0)
}

// Left is what the limit leaves, and whether there is one.
func (s *Sitting) Left() (time.Duration, bool) { return s.limit - s.Elapsed(), s.limit > 0 }

// Look notes that a slice of the CT is shown from now on.
func (s *Sitting) Look(slice int) {
	if n := len(s.path); n > 0 && s.path[n-1].Slice == slice {
		return
	}
	s.path = append(s.path, Look{s.seconds(), slice})
}

// seconds is the clock to a hundredth.
func (s *Sitting) seconds() float64 { return math.Round(100*s.Elapsed().Seconds()) / 100 }

// Mark sets a mark and returns it.
func (s *Sitting) Mark(at volume.Vec) Mark {
	s.last++
	m := Mark{s.last, at, s.seconds()}
	s.marks = append(s.marks, m)
	return m
}

// Marks are those that stand, in the order they were set. The slice is the sitting's own.
func (s *Sitting) Marks() []Mark { return s.marks }

// Near is the number of the mark nearest to p within mm, or 0.
func (s *Sitting) Near(p volume.Vec, mm float64) int {
	number := 0
	for _, m := range s.marks {
		if d := m.PlaceMM.Distance(p); d <= mm {
			number, mm = m.Number, d
		}
	}
	return number
}

// Remove takes mark number away.
func (s *Sitting) Remove(number int) {
	s.marks = slices.DeleteFunc(s.marks, func(m Mark) bool { return m.Number == number })
}

// Answer ends the clock and returns what was given. boost may be nil.
func (s *Sitting) Answer(boost *volume.Mask) Answer {
	return Answer{Marks: slices.Clone(s.marks), Path: slices.Clone(s.path), Seconds: s.seconds(), LimitSeconds: s.limit.Seconds(), Boost: boost}
}
