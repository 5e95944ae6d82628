package app

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// banner is a strip that says what happened and what to do. It never blocks the window; Details unfold.
type banner struct {
	host    *host
	box     *fyne.Container
	edge    *fill
	icon    *widget.Icon
	text    *text
	details *widget.Label
	fold    *fyne.Container
	more    *button
	take    *button // work that another program kept
	forget  *button
	offer   *session.Offer
	open    bool
	resized func() // makes room, or takes it back
}

// detailsHeight is the room for unfolded details, which scroll.
const detailsHeight float32 = 96

func newBanner(h *host, dismiss, resized func()) *banner {
	b := &banner{
		host:    h,
		resized: resized,
		edge:    newFill(colourAccent), icon: widget.NewIcon(theme.InfoIcon()),
		text: newText("", textStyle{shrink: true, minWidth: 200}), details: widget.NewLabel(""),
	}
	b.edge.min = fyne.NewSize(4, 4)
	b.details.Wrapping = fyne.TextWrapWord
	b.details.Selectable = true
	scroll := container.NewVScroll(b.details)
	scroll.SetMinSize(fyne.NewSize(200, detailsHeight))
	b.fold = inset(scroll, 26, 8, 0, 4)
	b.fold.Hide()
	b.more = newButton(h, lang.L("Details"), nil, buttonFlat, "", b.toggle)
	b.take = newButton(h, lang.L("Take it up"), nil, buttonNormal, lang.L("Continue with that work; Undo comes back"), func() { b.offer.Take() })
	b.forget = newButton(h, lang.L("Forget it"), nil, buttonNormal, lang.L("That work is gone for good"), func() { b.offer.Forget() })
	b.take.Hide()
	b.forget.Hide()
	closeButton := newButton(h, "", theme.CancelIcon(), buttonFlat, lang.L("Dismiss"), dismiss)
	line := container.NewBorder(nil, nil, container.NewCenter(inset(b.icon, 10, 6, 0, 0)), columns(4, b.take, b.forget, b.more, closeButton), middle(b.text))
	b.box = rows(0, container.NewStack(
		newFill(colourPanel),
		container.NewBorder(nil, nil, b.edge, nil, rows(0, inset(line, 0, 6, 3, 3), b.fold)),
	), newRule())
	b.box.Hide()
	return b
}

func (b *banner) toggle() {
	b.open = !b.open
	setVisible(b.fold, b.open)
	b.resized()
}

func (b *banner) set(n *session.Notice) {
	if n == nil {
		setVisible(b.box, false)
		return
	}
	colour, icon := colourAccent, theme.InfoIcon()
	switch n.Severity {
	case session.Warning:
		colour, icon = colourWarning, theme.WarningIcon()
	case session.Failure:
		colour, icon = colourError, theme.ErrorIcon()
	}
	b.edge.setColour(colour)
	b.icon.SetResource(theme.NewColoredResource(icon, colour))
	text, _, long := strings.Cut(b.host.phrases.say(n.Text), "\n")
	b.text.set(text)
	details := b.host.phrases.all(n.Details)
	if long || len([]rune(text)) > 140 {
		details = append([]string{b.host.phrases.say(n.Text)}, details...)
	}
	b.details.SetText(strings.Join(details, "\n"))
	setVisible(b.more, len(details) > 0)
	b.offer = n.Offer
	setVisible(b.take, n.Offer != nil)
	setVisible(b.forget, n.Offer != nil)
	b.open = false
	b.fold.Hide()
	b.box.Show()
}
