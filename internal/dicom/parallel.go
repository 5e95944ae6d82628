package dicom

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// stallLimit is how long a disk or network share may give nothing before a file counts as out of reach.
const stallLimit = 30 * time.Second

// inParallel calls work for 0 <= i < n on as many goroutines as there are processors, each with its own
// reader, and returns the error of the smallest i that failed, or ctx's. It waits for every call to end.
func inParallel(ctx context.Context, n int, work func(r *reader, i int) error) error {
	p := newPool(ctx, n, work)
	p.group.Wait()
	return p.result()
}

// inParallelReading is inParallel for work on files that may lie on a share that has stopped answering: it
// returns at once when ctx is cancelled, and with an error when a file gives nothing for limit. What work writes must
// then be given up, for calls that hang may still come back.
func inParallelReading(ctx context.Context, n int, limit time.Duration, name func(i int) string, work func(r *reader, i int) error) error {
	p := newPool(ctx, n, work)
	done := make(chan struct{})
	go func() {
		p.group.Wait()
		close(done)
	}()
	tick := time.NewTicker(limit / 8)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return p.result()
		case <-ctx.Done():
			p.failed.Store(true)
			return ctx.Err()
		case now := <-tick.C:
			for w := range p.workers {
				if i, since := p.workers[w].pulse.last(); i >= 0 && now.Sub(since) > limit {
					p.failed.Store(true)
					return fmt.Errorf("%s: no answer for %.0f s; check the disk or the network share and try again", name(i), now.Sub(since).Seconds())
				}
			}
		}
	}
}

// pool is the goroutines of one inParallel.
type pool struct {
	ctx     context.Context
	workers []reader
	errs    []error
	next    atomic.Int64
	failed  atomic.Bool
	group   sync.WaitGroup
}

func newPool(ctx context.Context, n int, work func(r *reader, i int) error) *pool {
	p := &pool{ctx: ctx, workers: make([]reader, min(runtime.GOMAXPROCS(0), n)), errs: make([]error, n)}
	for w := range p.workers {
		r := &p.workers[w]
		r.pulse.rest()
		p.group.Add(1)
		go func() {
			defer p.group.Done()
			defer r.close()
			defer r.pulse.rest()
			for !p.failed.Load() && ctx.Err() == nil {
				i := int(p.next.Add(1)) - 1
				if i >= n {
					return
				}
				r.pulse.begin(i)
				if p.errs[i] = work(r, i); p.errs[i] != nil {
					p.failed.Store(true)
				}
			}
		}()
	}
	return p
}

// result is what came of it when every goroutine has ended.
func (p *pool) result() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	for _, err := range p.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// pulse tells from outside what a worker is at, and when it last got ahead.
type pulse struct {
	index atomic.Int64 // -1: nothing
	nanos atomic.Int64 // Unix time
}

func (p *pulse) begin(i int) {
	p.beat()
	p.index.Store(int64(i))
}

func (p *pulse) beat() { p.nanos.Store(time.Now().UnixNano()) }

func (p *pulse) rest() { p.index.Store(-1) }

func (p *pulse) last() (i int, since time.Time) {
	return int(p.index.Load()), time.Unix(0, p.nanos.Load())
}
