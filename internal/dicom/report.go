package dicom

import "sync"

// The severities of a Finding.
const (
	SeverityInfo    = "info"
	SeverityWarning = "warning"
	SeverityError   = "error"
)

// Finding is one thing that reading came upon: what was found, in which file, and what was done about it.
type Finding struct {
	Severity string // SeverityInfo, SeverityWarning or SeverityError
	File     string // path; empty when it concerns no single file
	Text     string
}

// Report gathers findings. The zero value is ready, it may be used by many goroutines, and a nil
// *Report drops what is added.
type Report struct {
	mu       sync.Mutex
	findings []Finding
}

// Add records f.
func (r *Report) Add(f Finding) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, f)
}

// Findings returns what was added so far, in order.
func (r *Report) Findings() []Finding {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Finding(nil), r.findings...)
}

func (r *Report) info(file, text string)    { r.Add(Finding{SeverityInfo, file, text}) }
func (r *Report) warning(file, text string) { r.Add(Finding{SeverityWarning, file, text}) }
