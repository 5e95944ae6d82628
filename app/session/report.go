package session

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
)

// ReportText says what was found in dir, what was left out and why, by file. open is the series that was read, or nil.
func ReportText(dir string, studies []*dicom.Study, open *dicom.Series, findings []dicom.Finding) string {
	var b strings.Builder
	for _, study := range studies {
		fmt.Fprintf(&b, "%s\n", StudyTitle(study))
		for _, s := range study.Series {
			name := seriesName(s)
			if s.Description != "" {
				name = s.Modality + " " + name
			}
			fmt.Fprintf(&b, "    %s: %s of %d x %d", name, plural(len(s.Slices), "image"), s.Columns, s.Rows)
			if mm := s.SpacingMM(); mm > 0 {
				fmt.Fprintf(&b, ", %.3g mm apart", mm)
			}
			fmt.Fprintf(&b, ", %s", s.TransferSyntax)
			if why := s.Refusal(); why != "" && s.Modality == "CT" {
				fmt.Fprintf(&b, ". Not for planning: %s", why)
			}
			if s == open {
				b.WriteString(" (open)")
			}
			b.WriteByte('\n')
		}
		for _, path := range study.StructureSets {
			fmt.Fprintf(&b, "    RTSTRUCT %s\n", within(dir, path))
		}
	}
	for _, f := range findings {
		mark, where := "note", within(dir, f.File)
		switch f.Severity {
		case dicom.SeverityWarning:
			mark = "warning"
		case dicom.SeverityError:
			mark = "cannot be read"
		}
		if where != "" {
			where += ": "
		}
		fmt.Fprintf(&b, "\n%s: %s%s", mark, where, f.Text)
	}
	if len(findings) == 0 {
		b.WriteString("\nNothing was left out, and nothing is odd.")
	}
	return b.String()
}

// within is path as seen from dir, empty for dir itself.
func within(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	switch {
	case path == "" || err == nil && rel == ".":
		return ""
	case err != nil || strings.HasPrefix(rel, ".."):
		return path
	}
	return rel
}

// StudyTitle names a study among several: patient, date, description.
func StudyTitle(study *dicom.Study) string {
	parts := []string{strings.TrimSpace(strings.ReplaceAll(study.Patient.Name, "^", " "))}
	if parts[0] == "" {
		parts[0] = study.Patient.ID
	}
	if d, err := time.Parse("20060102", strings.TrimSpace(study.Date)); err == nil {
		parts = append(parts, d.Format("2006-01-02"))
	}
	if study.Description != "" {
		parts = append(parts, study.Description)
	}
	if parts[0] == "" {
		parts = append([]string{"no name"}, parts[1:]...)
	}
	return strings.Join(parts, " · ")
}
