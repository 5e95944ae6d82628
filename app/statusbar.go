package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
)

// statusbar is the bottom line: what ran and how long it took, when it was saved, and what this is not.
type statusbar struct {
	box         *fyne.Container
	times, save *text
}

func newStatusbar() *statusbar {
	s := &statusbar{
		times: newText("", textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 200}),
		save:  newText("", textStyle{size: sizeSmall, colour: colourDim}),
	}
	never := newText(lang.L("Not a medical device: check every mark"), textStyle{size: sizeSmall, colour: colourDim})
	line := container.NewBorder(nil, nil, nil, columns(24, s.save, never), s.times)
	s.box = rows(0, newRule(), inset(line, 10, 10, 3, 4))
	return s
}

func (s *statusbar) set(doc session.Document, derived session.Derived, view session.View) {
	s.times.set(timesText(doc, derived))
	saved := ""
	if !view.AutosavedAt.IsZero() {
		saved = fmt.Sprintf(lang.L("autosaved %s"), view.AutosavedAt.Local().Format("15:04"))
	} else if view.SavedPath != "" {
		saved = fmt.Sprintf(lang.L("saved %s"), view.SavedAt.Format("15:04"))
	}
	s.save.set(saved)
}

// timesText is "CPU · read 0.06 s · located 1.9 s · segmented 0.7 s · drafted 0.2 s".
func timesText(doc session.Document, derived session.Derived) string {
	if doc.Volume == nil {
		return lang.L("Ready. All data stay on this machine.")
	}
	var parts []string
	if derived.Provider != "" {
		parts = append(parts, providerText(derived.Provider))
	}
	add := func(what string, seconds float64) {
		if seconds > 0 {
			parts = append(parts, fmt.Sprintf("%s %s s", what, secondsText(seconds)))
		}
	}
	read := lang.L("read")
	if doc.Demo {
		read = lang.L("made")
	}
	add(read, doc.ReadSeconds)
	if f := derived.Found; f != nil {
		add(lang.L("prepared"), f.Seconds.Prepare)
		add(lang.L("located"), f.Seconds.Locate)
		add(lang.L("segmented"), f.Seconds.Segment)
	}
	add(lang.L("drafted"), derived.DraftSeconds)
	return strings.Join(parts, " · ")
}

func secondsText(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.1f", s)
}
