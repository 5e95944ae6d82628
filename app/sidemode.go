package app

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// sideMode is a part of the program that has the window for a while: pages in the place of its body, over a session of their
// own, so that nothing done there touches the study.
type sideMode struct {
	window  *window
	host    *host
	session *session.Session
	views   *views
	looker  *window         // the window's commands, over this session
	box     *fyne.Container // one page
	banner  *banner         // under its bar: what happened, and what to do
	draws   bool            // keys may draw, not only look

	// Of the page that is shown.
	leave   func()                // what Back and Escape do
	typed   func(key string) bool // takes a key before the window's commands do
	atWork  func(session.Change)
	atStake func() (lost string) // said before the page is left, or the program; nil where nothing is lost

	ctx    context.Context // of what runs for the page; replaced when it is left
	cancel context.CancelFunc
	alive  context.Context // of what runs for the mode
	end    context.CancelFunc
}

func newSideMode(w *window) *sideMode {
	m := &sideMode{window: w, box: container.NewStack()}
	deps := w.options.Deps
	deps.AuditDir, deps.AutosaveDir = "", "" // what is done here is no patient's
	m.session = session.New(w.post, deps)
	m.session.SetNetwork(w.session.Network())
	m.host = &host{
		tips: w.host.tips, post: w.post, keys: w.host.keys, phrases: w.host.phrases, typedKey: m.typedKey, typedRune: m.typedRune, shortcut: func(fyne.Shortcut) {}, unfocus: w.host.unfocus,
	}
	m.views = newViews(m.host, m.session, w.remembered)
	m.looker = &window{session: m.session, views: m.views, host: m.host, remembered: w.remembered}
	m.session.OnChange(func(changed session.Change) {
		m.views.set(changed)
		if m.atWork != nil {
			m.atWork(changed)
		}
	})
	m.alive, m.end = context.WithCancel(context.Background())
	m.ctx, m.cancel = context.WithCancel(m.alive)
	m.banner = newBanner(m.host, func() { m.say(nil) }, func() { relayout(m.box) })
	w.root.Add(m.box)
	return m
}

// side is the mode that has the window, or nil.
func (w *window) side() *sideMode {
	for _, m := range w.sides() {
		if m.box.Visible() {
			return m
		}
	}
	return nil
}

// sides are the modes that were opened so far.
func (w *window) sides() []*sideMode {
	var all []*sideMode
	if w.teaching != nil {
		all = append(all, w.teaching.sideMode)
	}
	if w.qa != nil {
		all = append(all, w.qa.sideMode)
	}
	return all
}

// show gives the mode the window.
func (m *sideMode) show() {
	setVisible(m.window.body, false)
	setVisible(m.box, true)
}

// exit goes back to the window's body.
func (m *sideMode) exit() {
	m.leavePage()
	m.session.CloseStudy()
	setVisible(m.box, false)
	setVisible(m.window.body, true)
	if m.window.outdated {
		m.window.rebuild()
	}
}

// close ends what runs; the channel closes when the networks are released.
func (m *sideMode) close() <-chan struct{} {
	m.end()
	return m.session.Close()
}

// leavePage ends what runs for the page and takes its marks away.
func (m *sideMode) leavePage() {
	m.stopWork()
	m.typed, m.atWork, m.atStake = nil, nil, nil
	m.views.signs, m.views.beside, m.views.click, m.views.shaped = nil, nil, nil, nil
	m.say(nil)
}

// say shows under the bar of the page what happened; nil takes it away.
func (m *sideMode) say(n *session.Notice) {
	m.banner.set(n)
	relayout(m.box)
}

// failed says on the page what went wrong.
func (m *sideMode) failed(doing string, err error) {
	if !errors.Is(err, context.Canceled) {
		m.say(&session.Notice{Severity: session.Failure, Text: doing + ": " + err.Error()})
	}
}

// stopWork ends what runs for the page, which stays.
func (m *sideMode) stopWork() {
	m.cancel()
	m.ctx, m.cancel = context.WithCancel(m.alive)
}

// work runs do beside the window, and done on its goroutine unless the page was left meanwhile.
func (m *sideMode) work(do func(ctx context.Context) error, done func(error)) {
	ctx := m.ctx
	go func() {
		err := do(ctx)
		m.window.post(func() {
			if ctx.Err() == nil {
				done(err)
			}
		})
	}()
}

// askStake goes on at once, or asks first where the page holds what would be lost.
func (m *sideMode) askStake(goOn func()) {
	if m.atStake == nil {
		goOn()
		return
	}
	m.window.ask(lang.L("Leave the lesson?"), m.atStake(), lang.L("Leave"), goOn)
}

// page shows content under a bar with the way back, a title and what belongs at its right.
func (m *sideMode) page(title string, back func(), content fyne.CanvasObject, right ...fyne.CanvasObject) {
	m.leave = func() { m.askStake(back) }
	way := newButton(m.host, lang.L("Back"), theme.NavigateBackIcon(), buttonFlat, lang.L("Back (Escape)"), func() { m.leave() })
	head := columns(8, way, middle(newText(title, textStyle{size: sizeLarge, bold: true})), layout.NewSpacer())
	for _, o := range right {
		head.Add(o)
	}
	bar := container.NewStack(newFill(colourPanel), inset(head, 8, 10, 6, 6))
	m.box.Objects = []fyne.CanvasObject{container.NewStack(newFill(colourWindow), container.NewBorder(rows(0, bar, newRule(), m.banner.box), nil, nil, nil, content))}
	relayout(m.box)
}

func (m *sideMode) typedKey(e *fyne.KeyEvent) {
	if m.window.win.Canvas().Overlays().Top() != nil {
		m.window.leaveOverlay(e)
		return
	}
	if e.Name == fyne.KeyEscape {
		if m.session.View().Tool != session.ToolCrosshair {
			m.session.SetTool(session.ToolCrosshair)
			return
		}
		m.leave()
		return
	}
	if key := string(e.Name); !isSign(key) {
		m.perform(key)
	}
}

func (m *sideMode) typedRune(r rune) {
	if isSign(string(r)) && m.window.win.Canvas().Overlays().Top() == nil {
		m.perform(string(r))
	}
}

// perform does what a key stands for on this page, or as in the rest of the program where that only looks, or draws.
func (m *sideMode) perform(key string) {
	id := m.host.keys.command(key)
	if id == "file.quit" {
		m.window.askClose()
		return
	}
	if m.typed != nil && m.typed(key) || !m.session.HasVolume() {
		return
	}
	if !looks(id) && !(m.draws && draws(id)) {
		return
	}
	for _, c := range commands() {
		if c.id == id {
			c.do(m.looker)
		}
	}
}

// looks tells the commands of the window that leave the study as it is.
func looks(id string) bool {
	switch id {
	case "view.fit", "view.closeup", "view.window", "view.slab", "view.layout", "view.marks":
		return true
	}
	return startsWithAny(id, "slice.", "window.")
}

// draws tells those that draw.
func draws(id string) bool { return startsWithAny(id, "brush.", "draw.", "edit.") }

func startsWithAny(s string, beginnings ...string) bool {
	for _, b := range beginnings {
		if strings.HasPrefix(s, b) {
			return true
		}
	}
	return false
}
