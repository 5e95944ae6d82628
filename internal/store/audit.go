package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	return filepath.Join(a.Dir, seriesName(seriesUID)+".jsonl")
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
	f, err := os.OpenFile(a.path(seriesUID), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	err = appendLine(f, line)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// appendLine writes line in one piece, on a line of its own even after one that a crash cut short.
func appendLine(f *os.File, line []byte) error {
	line = append(line, '\n')
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], info.Size()-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = slices.Insert(line, 0, '\n')
		}
	}
	_, err = f.Write(line)
	return err
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
