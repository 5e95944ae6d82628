package session

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// JobKind names one line of long work. A new job of a kind replaces the one before it.
type JobKind int

// Kinds of job.
const (
	JobOpen JobKind = iota
	JobExternal
	JobRun
	JobDraft
	JobFigures
	JobSeroma
	JobSave
	JobSurround
	JobPreviews
	JobOpenSet
	jobKinds
)

// tickInterval is how often progress is posted to the owner while a job runs.
const tickInterval = 100 * time.Millisecond

// Progress is how far a job has come.
type Progress struct {
	Stage        string
	Provider     string // what runs the networks, once they are open
	Done, Total  int    // of Stage; Total is 0 while unknown
	Started      time.Time
	StageStarted time.Time
}

// Fraction is the part of the stage that is done, and whether it is known.
func (p Progress) Fraction() (float64, bool) {
	if p.Total <= 0 {
		return 0, false
	}
	return min(float64(p.Done)/float64(p.Total), 1), true
}

// Left is the time the stage still needs if it keeps its pace, and whether it is known.
func (p Progress) Left(now time.Time) (time.Duration, bool) {
	if p.Total <= 0 || p.Done <= 0 {
		return 0, false
	}
	return now.Sub(p.StageStarted) / time.Duration(p.Done) * time.Duration(max(p.Total-p.Done, 0)), true
}

// JobState is what the owner can see of a job.
type JobState struct {
	Running    bool
	Cancelling bool // asked to stop, not stopped yet
	Progress   Progress
}

type job struct {
	kind       JobKind
	name       string // "Open demo case": what an error says was attempted
	ctx        context.Context
	cancel     context.CancelFunc
	cancelling bool
	progress   atomic.Pointer[Progress]
}

// report may be called from any one goroutine at a time.
func (j *job) report(stage string, done, total int) {
	p := *j.progress.Load()
	if p.Stage != stage {
		p.Stage, p.StageStarted = stage, time.Now()
	}
	p.Done, p.Total = done, total
	j.progress.Store(&p)
}

func (j *job) runsOn(provider string) {
	p := *j.progress.Load()
	p.Provider = provider
	j.progress.Store(&p)
}

// start runs work on a goroutine of its own. When it ends, and only if no newer job of its kind has
// begun, commit runs on the owner inside Update; an error becomes a notice.
func (s *Session) start(kind JobKind, name string, work func(ctx context.Context, j *job) (commit func(), err error)) {
	s.Update(func() {
		s.drop(kind)
		j := &job{kind: kind, name: name}
		j.ctx, j.cancel = context.WithCancel(context.Background())
		now := time.Now()
		j.progress.Store(&Progress{Started: now, StageStarted: now})
		s.jobs[kind] = j
		s.mark(JobsChanged)
		s.startTicker()
		go func() {
			defer j.cancel()
			commit, err := work(j.ctx, j)
			if err == nil {
				err = j.ctx.Err()
			}
			s.post(func() { s.finish(j, commit, err) })
		}()
	})
}

func (s *Session) finish(j *job, commit func(), err error) {
	if s.jobs[j.kind] != j {
		return // a newer one runs, or the document it worked on is gone
	}
	s.Update(func() {
		s.jobs[j.kind] = nil
		s.mark(JobsChanged)
		s.stopIdleTicker()
		switch {
		case err == nil:
			commit()
		case errors.Is(err, context.Canceled):
			if j.cancelling {
				s.Notify(&Notice{Text: j.name + " cancelled; nothing was changed."})
			}
		default:
			s.fail(j.name, err)
		}
	})
}

// drop cancels the job of kind and forgets it: it will commit nothing.
func (s *Session) drop(kind JobKind) {
	j := s.jobs[kind]
	if j == nil {
		return
	}
	s.Update(func() {
		j.cancel()
		s.jobs[kind] = nil
		s.mark(JobsChanged)
		s.stopIdleTicker()
	})
}

// Cancel asks the jobs a user waits for (open, run, save) to stop.
func (s *Session) Cancel() {
	s.Update(func() {
		for _, kind := range []JobKind{JobOpen, JobRun, JobSave} {
			if j := s.jobs[kind]; j != nil && !j.cancelling {
				j.cancelling = true
				j.cancel()
				s.mark(JobsChanged)
			}
		}
	})
}

// Job is the state of the newest job of kind.
func (s *Session) Job(kind JobKind) JobState {
	j := s.jobs[kind]
	if j == nil {
		return JobState{}
	}
	return JobState{Running: true, Cancelling: j.cancelling, Progress: *j.progress.Load()}
}

func (s *Session) busy() bool {
	for _, j := range s.jobs {
		if j != nil {
			return true
		}
	}
	return false
}

// startTicker posts JobsChanged at tickInterval until no job runs. A tick waits for the one before:
// a slow owner is not buried in them.
func (s *Session) startTicker() {
	if s.ticking != nil {
		return
	}
	stop := make(chan struct{})
	s.ticking = stop
	go func() {
		ticker := time.NewTicker(tickInterval)
		defer ticker.Stop()
		var pending atomic.Bool
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			if pending.CompareAndSwap(false, true) {
				s.post(func() {
					pending.Store(false)
					if s.ticking == stop {
						s.Update(func() { s.mark(JobsChanged) })
					}
				})
			}
		}
	}()
}

func (s *Session) stopIdleTicker() {
	if s.ticking != nil && !s.busy() {
		close(s.ticking)
		s.ticking = nil
	}
}
