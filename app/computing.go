package app

import (
	"fmt"
	"strconv"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// preferenceComputing remembers what the networks run on: "cuda 1"; empty is automatic.
const preferenceComputing = "computing"

// computing is one thing the networks can run on.
type computing struct {
	provider string
	device   int
	label    string
}

// choices lists what there is to choose: automatic, the CPU, and each device of each GPU provider that has one here.
func choices(s *session.Session) []computing {
	all := []computing{
		{provider: "auto", label: lang.L("Automatic: the fastest that gives the CPU's answers")},
		{provider: "cpu", label: providerText("cpu")},
	}
	for _, provider := range []string{"cuda", "directml", "coreml", "webgpu"} {
		for i, name := range s.Devices(provider) {
			all = append(all, computing{provider, i, providerText(provider) + " · " + name})
		}
	}
	return all
}

// inForce tells whether a search runs on c by choice.
func (c computing) inForce(o segment.Options) bool {
	provider := o.Provider
	if provider == "" {
		provider = "auto"
	}
	return c.provider == provider && c.device == o.Device
}

func (c computing) preference() string { return c.provider + " " + strconv.Itoa(c.device) }

// recallComputing sets what was chosen at an earlier start, when it is still there to be chosen.
func recallComputing(s *session.Session, remembered settings) {
	wanted := remembered.String(preferenceComputing)
	for _, c := range choices(s) {
		if wanted != "" && c.preference() == wanted {
			setComputing(s, c)
		}
	}
}

func setComputing(s *session.Session, c computing) {
	o := s.Network()
	o.Provider, o.Device = c.provider, c.device
	s.SetNetwork(o)
}

// showComputing lets the user choose what the networks run on.
func (w *window) showComputing() {
	w.hideHelp()
	list := rows(2)
	var buttons []*button
	all := choices(w.session)
	mark := func() {
		for i, c := range all {
			icon := theme.RadioButtonIcon()
			if c.inForce(w.session.Network()) {
				icon = theme.RadioButtonCheckedIcon()
			}
			buttons[i].set(c.label, icon)
		}
	}
	for _, c := range all {
		b := newButton(w.host, c.label, theme.RadioButtonIcon(), buttonFlat, "", func() {
			setComputing(w.session, c)
			w.remembered.SetString(preferenceComputing, c.preference())
			mark()
		})
		b.leading, b.colour = true, colourText
		buttons = append(buttons, b)
		list.Add(columns(0, b, layout.NewSpacer()))
	}
	mark()
	notes := rows(2)
	for _, line := range computingNotes(w.session, len(all) > 2) {
		notes.Add(paragraph(line))
	}
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", w.hideHelp)
	content := rows(12,
		newText(lang.L("What the networks run on"), textStyle{size: sizeLarge, bold: true}),
		list,
		notes,
		container.NewBorder(nil, nil, nil, closeIt),
	)
	w.help = w.modal(atLeast(460, inset(content, 22, 22, 18, 14)))
	w.help.Show()
}

// computingNotes say when a choice takes effect, and what the last search ran on.
func computingNotes(s *session.Session, gpu bool) []string {
	lines := []string{lang.L("A choice holds from the next search on.")}
	if !gpu {
		lines = append(lines, lang.L("No GPU driver was found; `clipwright doctor` says what each provider needs."))
	}
	if found := s.Derived().Found; found != nil {
		lines = append(lines, fmt.Sprintf(lang.L("The last search ran on: %s."), providerText(found.Provider)))
		if found.Notice != "" {
			lines = append(lines, found.Notice)
		}
	}
	return lines
}
