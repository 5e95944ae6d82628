package session

import (
	"fmt"
	"os/user"

	"github.com/clipwright/clipwright/internal/store"
)

// record adds a line to the log of the open CT; a demo case has none. A log that cannot be written is said once.
func (s *Session) record(e store.Event) {
	if s.deps.AuditDir == "" || s.document.Series == nil || s.document.Series.UID == "" {
		return
	}
	e.Time, e.User = s.now().UTC(), userName()
	err := store.Audit{Dir: s.deps.AuditDir}.Append(s.document.Series.UID, e)
	if err != nil && !s.unlogged {
		s.unlogged = true
		s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("What is done on this CT is not being logged: %v.", err)})
	}
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
