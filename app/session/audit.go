package session

import (
	"fmt"
	"os/user"
	"sync"

	"github.com/clipwright/clipwright/internal/store"
)

// record adds a line to the log of the open CT; a demo case has none. A log that cannot be written is said once.
func (s *Session) record(e store.Event) {
	if s.deps.AuditDir == "" || s.document.Series == nil || s.document.Series.UID == "" {
		return
	}
	e.Time = s.now().UTC()
	log, series := store.Audit{Dir: s.deps.AuditDir}, s.document.Series.UID
	s.log.add(func() {
		e.User = userName()
		if err := log.Append(series, e); err != nil {
			s.post(func() { s.sayUnlogged(err) })
		}
	})
}

func (s *Session) sayUnlogged(err error) {
	if !s.unlogged {
		s.unlogged = true
		s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("What is done on this CT is not being logged: %v.", err)})
	}
}

// writer does what is added to it one after the other, on a goroutine of its own: a slow disk holds nobody up.
type writer struct {
	mu      sync.Mutex
	waiting []func()
	idle    chan struct{} // closed when nothing waits; nil while nothing is being done
}

func (w *writer) add(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, do)
	if w.idle == nil {
		w.idle = make(chan struct{})
		go w.run()
	}
}

func (w *writer) run() {
	for do := w.next(); do != nil; do = w.next() {
		do()
	}
}

// next is what is to be done now; nil when nothing is.
func (w *writer) next() func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		close(w.idle)
		w.idle = nil
		return nil
	}
	do := w.waiting[0]
	w.waiting = w.waiting[1:]
	return do
}

// done closes when all that was added so far is done.
func (w *writer) done() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle != nil {
		return w.idle
	}
	nothing := make(chan struct{})
	close(nothing)
	return nothing
}

// userName is who is logged in on this machine.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

// AuditLog is what was done on the open CT, oldest first.
func (s *Session) AuditLog() ([]store.Event, error) {
	if s.deps.AuditDir == "" || s.document.Series == nil || s.document.Series.UID == "" {
		return nil, nil
	}
	<-s.log.done()
	return store.Audit{Dir: s.deps.AuditDir}.Read(s.document.Series.UID)
}

// AuditText is the log as text, a line an event: what ran the networks, and the first digits of their hashes, too.
func AuditText(events []store.Event) []string {
	var lines []string
	for _, e := range events {
		line := fmt.Sprintf("%s  %s  %s", e.Time.Local().Format("2006-01-02 15:04:05"), e.User, e.Action)
		if e.Provider != "" {
			line += "  on " + e.Provider
		}
		for _, sum := range e.Models {
			line += "  network " + sum[:min(len(sum), 12)]
		}
		lines = append(lines, line)
	}
	return lines
}
