package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Audit is a folder with one log for each CT series: who did what, when, and with which networks. Lines are only
// ever added. It names no patient and no file: a series is known by a hash of its UID.
type Audit struct{ Dir string }

// Event is one line of a log.
type Event struct {
	Time     time.Time `json:"time"`
	User     string    `json:"user"`
	Action   string    `json:"action"`
	Provider string    `json:"provider,omitempty"` // what ran the networks
	Models   []string  `json:"models,omitempty"`   // SHA-256 of the networks that ran
}

func (a Audit) path(seriesUID string) string {
	return filepath.Join(a.Dir, filepath.Base(Autosave(a).path(seriesUID))+"l")
}

// Append adds e to the log of the series.
func (a Audit) Append(seriesUID string, e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if err := os.MkdirAll(a.Dir, 0o700); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	f, err := os.OpenFile(a.path(seriesUID), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// Read returns the log of the series, oldest first; a line that a crash cut short is left out.
func (a Audit) Read(seriesUID string) ([]Event, error) {
	b, err := os.ReadFile(a.path(seriesUID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	var events []Event
	for line := range bytes.Lines(b) {
		var e Event
		if json.Unmarshal(line, &e) == nil {
			events = append(events, e)
		}
	}
	return events, nil
}
