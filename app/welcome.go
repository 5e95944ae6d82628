package app

import (
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/assets"
)

// welcome is the empty state: a line of large choices for each mode of the program, and one sentence.
type welcome struct {
	box    *fyne.Container
	recent *fyne.Container
	host   *host
	open   func(dir string)
}

// mode is a part of the program that is entered from the welcome page: contouring, QA, teaching. A mode is listed by the
// window (modes), and its choices are windows or dialogs of its own.
type mode struct {
	name    string // one or two words
	choices []choice
}

// choice is a card of the welcome page.
type choice struct {
	icon        fyne.Resource
	title, note string
	tapped      func()
}

const (
	cardWidth, cardHeight float32 = 236, 148
	lowCardHeight         float32 = 66 // of the modes after the first
	recentShown                   = 3
)

// newWelcome shows the first mode large, with the recent folders, and those of the others in one line below.
func newWelcome(h *host, modes []mode, open func(dir string)) *welcome {
	w := &welcome{host: h, open: open, recent: rows(0)}
	icon := canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", assets.IconPNG))
	icon.FillMode = canvas.ImageFillContain
	icon.SetMinSize(fyne.NewSquareSize(72))
	recentCard := newCard(h, theme.HistoryIcon(), lang.L("Recent"), "", nil)
	large := columns(16)
	for _, c := range modes[0].choices {
		large.Add(newCard(h, c.icon, c.title, c.note, c.tapped))
	}
	large.Add(container.NewStack(recentCard, inset(w.recent, 8, 8, 64, 6)))
	cards := rows(16, container.NewCenter(large))
	low := columns(16)
	for _, m := range modes[1:] {
		for _, c := range m.choices {
			low.Add(newLowCard(h, c.icon, c.title, c.note, c.tapped))
		}
	}
	cards.Add(container.NewCenter(low))
	sentence := newText(lang.L("Finds surgical clips on a planning CT and drafts the tumour-bed boost from them. You decide; it proposes."),
		textStyle{colour: colourDim})
	w.box = container.NewStack(newFill(colourWindow), container.NewCenter(rows(14,
		container.NewCenter(icon),
		container.NewCenter(newText("Clipwright", textStyle{size: sizeLarge, bold: true})),
		container.NewCenter(sentence),
		inset(cards, 0, 0, 12, 0),
	)))
	w.setRecent(nil)
	return w
}

// modes lists what the welcome page offers, in its order.
func (w *window) modes() []mode {
	return []mode{
		{lang.L("Contour"), []choice{
			{theme.FolderOpenIcon(), lang.L("Open a CT folder"), w.host.keys.tip(lang.L("Or drop a folder here"), "file.open"), w.chooseFolder},
			{theme.FileIcon(), lang.L("Open a file"), w.host.keys.tip(lang.L("Zip, DICOMDIR or slice"), "file.openfile"), w.chooseFile},
			{theme.MediaPlayIcon(), lang.L("Demo case"), lang.L("A made-up patient with known clips"), w.openDemo},
		}},
		{lang.L("Teaching"), []choice{
			{theme.QuestionIcon(), lang.L("Teaching"), lang.L("Find clips yourself, case by case"), w.openTeaching},
			{theme.HelpIcon(), lang.L("Guided tour"), lang.L("Clips and what imitates them"), w.openTour},
		}},
		{lang.L("Quality assurance"), []choice{
			{theme.SearchIcon(), lang.L("Check contours"), lang.L("Structure sets side by side"), w.openQA},
		}},
	}
}

func (w *welcome) setRecent(dirs []string) {
	w.recent.RemoveAll()
	if len(dirs) == 0 {
		w.recent.Add(container.NewCenter(newText(lang.L("Folders you open are listed here"), textStyle{size: sizeSmall, colour: colourDim})))
	}
	for _, dir := range dirs[:min(len(dirs), recentShown)] {
		b := newButton(w.host, shorten(filepath.Base(dir), 28), nil, buttonFlat, dir, func() { w.open(dir) })
		b.small, b.leading, b.colour = true, true, colourAccent
		w.recent.Add(b)
	}
	relayout(w.recent)
}

// shorten cuts s in the middle to at most n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n/2]) + "…" + string(r[len(r)-(n-n/2-1):])
}

// card is a large choice.
type card struct {
	widget.BaseWidget
	host             *host
	box              *fill
	content          *fyne.Container
	height           float32
	tapped           func()
	hovered, focused bool
}

func newCard(h *host, icon fyne.Resource, title, subtitle string, tapped func()) *card {
	c := &card{host: h, box: newFill(colourPanel), height: cardHeight, tapped: tapped}
	c.box.border, c.box.radius = colourLine, 8
	picture := widget.NewIcon(theme.NewColoredResource(icon, colourAccent))
	top := inset(container.NewGridWrap(fyne.NewSquareSize(28), picture), 0, 0, 0, 0)
	lines := rows(6, container.NewCenter(top), container.NewCenter(newText(title, textStyle{bold: true})))
	if subtitle != "" {
		lines.Add(newText(subtitle, textStyle{size: sizeSmall, colour: colourDim, align: fyne.TextAlignCenter, shrink: true, minWidth: cardWidth - 16}))
		c.content = container.NewStack(c.box, container.NewCenter(lines))
	} else {
		c.content = container.NewStack(c.box, rows(0, inset(lines, 0, 0, 8, 0), layout.NewSpacer()))
	}
	c.ExtendBaseWidget(c)
	return c
}

// newLowCard is a choice of half the height, its words beside the icon.
func newLowCard(h *host, icon fyne.Resource, title, subtitle string, tapped func()) *card {
	c := &card{host: h, box: newFill(colourPanel), height: lowCardHeight, tapped: tapped}
	c.box.border, c.box.radius = colourLine, 8
	picture := widget.NewIcon(theme.NewColoredResource(icon, colourAccent))
	words := rows(4, newText(title, textStyle{bold: true}), newText(subtitle, textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 60}))
	c.content = container.NewStack(c.box, container.NewBorder(nil, nil, inset(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(24), picture)), 16, 12, 0, 0), nil,
		inset(middle(words), 0, 10, 0, 0)))
	c.ExtendBaseWidget(c)
	return c
}

func (c *card) restyle() {
	c.box.border, c.box.colour = colourLine, colourPanel
	if c.tapped != nil && (c.hovered || c.focused) {
		c.box.border, c.box.colour = colourAccent, colourRaised
	}
	c.box.Refresh()
}

// MinSize is the size of every card of its height.
func (c *card) MinSize() fyne.Size { return fyne.NewSize(cardWidth, c.height) }

// Tapped takes the choice.
func (c *card) Tapped(*fyne.PointEvent) {
	if c.tapped != nil {
		c.tapped()
	}
}

// FocusGained shows the focus.
func (c *card) FocusGained() { c.focused = true; c.restyle() }

// FocusLost hides it.
func (c *card) FocusLost() { c.focused = false; c.restyle() }

// TypedRune passes letters to the window.
func (c *card) TypedRune(r rune) { c.host.typedRune(r) }

// TypedKey takes the choice on Space and Enter.
func (c *card) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.Tapped(nil)
	default:
		c.host.typedKey(e)
	}
}

// MouseIn highlights.
func (c *card) MouseIn(*desktop.MouseEvent) { c.hovered = true; c.restyle() }

// MouseMoved does nothing.
func (c *card) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends the highlight.
func (c *card) MouseOut() { c.hovered = false; c.restyle() }

// Cursor is a hand where there is something to take.
func (c *card) Cursor() desktop.Cursor {
	if c.tapped == nil {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// CreateRenderer shows the card.
func (c *card) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.content) }
