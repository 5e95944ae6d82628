package app

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// qaMode is the mode for checking contours: a page in the place of the window's body, over a session of its own in which
// nothing is changed.
type qaMode struct {
	window  *window
	host    *host
	session *session.Session
	views   *views
	looker  *window // the window's commands that only look, over this session
	box     *fyne.Container
	panel   *fyne.Container

	rules   *qa.Rules
	results []*qa.Result
	test    int // of results
	pair    int // of its pairs

	ctx    context.Context // of the case on the page
	cancel context.CancelFunc
}

// How the contours are told apart: reference white, test orange, what the test lacks blue.
const differenceFill = 0.3

func qaColours() (ref, test, lacking color.RGBA) {
	return color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}, color.RGBA{0xE6, 0x9F, 0x00, 0xFF}, color.RGBA{0x56, 0xB4, 0xE9, 0xFF}
}

// openQA asks for a folder with a CT and its structure sets.
func (w *window) openQA() {
	w.askFolder(lang.L("Check contours: a CT folder with its structure sets"), w.lastPlace(), w.openQAFolder)
}

// openQAFolder judges the structure sets of dir and shows them on its CT.
func (w *window) openQAFolder(dir string) {
	if w.qa == nil {
		w.qa = newQAMode(w)
		w.root.Add(w.qa.box)
	}
	setVisible(w.body, false)
	setVisible(w.qa.box, true)
	w.qa.open(dir)
}

// qaShown tells whether the mode has the window.
func (w *window) qaShown() bool { return w.qa != nil && w.qa.box.Visible() }

func newQAMode(w *window) *qaMode {
	q := &qaMode{window: w, box: container.NewStack(), panel: rows(0), rules: qa.DefaultRules()}
	deps := w.options.Deps
	deps.AuditDir, deps.AutosaveDir = "", "" // nothing is changed here
	q.session = session.New(w.post, deps)
	q.host = &host{
		tips: w.host.tips, keys: w.host.keys, phrases: w.host.phrases, typedKey: q.typedKey, typedRune: q.typedRune, shortcut: func(fyne.Shortcut) {}, unfocus: w.host.unfocus,
	}
	q.views = newViews(q.host, q.session, w.remembered)
	q.views.flat = true
	q.views.arrange()
	q.looker = &window{session: q.session, views: q.views, host: q.host, remembered: w.remembered}
	q.session.OnChange(func(changed session.Change) {
		q.views.set(changed)
		if changed.Has(session.DocumentChanged) && q.session.HasVolume() && len(q.results) > 0 {
			q.choose(q.worstPair())
		}
	})
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

func (q *qaMode) open(dir string) {
	q.cancel()
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.results, q.test, q.pair, q.views.beside, q.views.signs = nil, 0, 0, nil, nil
	q.session.CloseStudy()
	q.panel.RemoveAll()
	q.panel.Add(inset(newText(lang.L("Reading and comparing …"), textStyle{colour: colourDim}), 12, 12, 12, 12))
	q.page(filepath.Base(dir))
	ctx := q.ctx
	go func() {
		results, series, err := judge(ctx, dir, q.rules)
		q.window.post(func() {
			switch {
			case ctx.Err() != nil:
			case err != nil:
				q.exit()
				dialog.ShowInformation(lang.L("That did not work"), lang.L("Check contours")+": "+err.Error(), q.window.win)
			default:
				q.results = results
				q.session.OpenFolder(dir, series)
			}
		})
	}()
}

// judge compares the structure sets of dir, and tells the UID of the CT they are drawn on.
func judge(ctx context.Context, dir string, rules *qa.Rules) ([]*qa.Result, string, error) {
	inputs, err := qa.Open(ctx, dir, rules, qa.Choice{})
	if err != nil {
		return nil, "", err
	}
	var results []*qa.Result
	for _, in := range inputs {
		r, err := qa.Compare(ctx, in, rules)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", in.Test.Path, err)
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return nil, "", errors.New("there is no structure set to check")
	}
	return results, inputs[0].CT.UID, nil
}

// exit goes back to the window's body.
func (q *qaMode) exit() {
	q.cancel()
	q.session.CloseStudy()
	setVisible(q.box, false)
	setVisible(q.window.body, true)
}

// close ends what runs; the channel closes when the session has.
func (q *qaMode) close() <-chan struct{} {
	q.cancel()
	return q.session.Close()
}

// page lays the page out under a bar with the way back.
func (q *qaMode) page(title string) {
	way := newButton(q.host, lang.L("Back"), theme.NavigateBackIcon(), buttonFlat, lang.L("Back (Escape)"), q.exit)
	head := columns(8, way, middle(newText(lang.L("Check contours")+": "+title, textStyle{size: sizeLarge, bold: true})), layout.NewSpacer(),
		middle(newText(lang.L("Reference white, test orange, blue: only the reference"), textStyle{size: sizeSmall, colour: colourDim})))
	bar := container.NewStack(newFill(colourPanel), inset(head, 8, 10, 6, 6))
	side := newFill(colourPanel)
	side.min = fyne.NewSize(380, 1)
	content := container.NewBorder(nil, nil, nil, container.NewStack(side, container.NewVScroll(q.panel)), q.views.box)
	q.box.Objects = []fyne.CanvasObject{container.NewStack(newFill(colourWindow), container.NewBorder(rows(0, bar, newRule()), nil, nil, nil, content))}
	q.box.Refresh()
}

// result is the test that is shown.
func (q *qaMode) result() *qa.Result { return q.results[q.test] }

// show fills the panel and draws the pair that is chosen.
func (q *qaMode) show() {
	if len(q.results) == 0 {
		return
	}
	q.draw()
	q.fillPanel()
	q.panel.Refresh()
}

// draw lays both contours and their difference over the views.
func (q *qaMode) draw() {
	r := q.result()
	q.views.beside = nil
	if q.pair < len(r.Pairs) {
		p := &r.Pairs[q.pair]
		ref, test, lacking := qaColours()
		q.views.beside = []viewer.Overlay{
			{Mask: p.RefMask.Subtract(p.TestMask), Colour: lacking, Fill: differenceFill},
			{Mask: p.TestMask.Subtract(p.RefMask), Colour: test, Fill: differenceFill},
			{Mask: p.RefMask, Colour: ref, WidthPx: markWidth},
			{Mask: p.TestMask, Colour: test, WidthPx: markWidth},
		}
	}
	q.views.show()
}

// worstPair is the pair that agrees least.
func (q *qaMode) worstPair() int {
	worst := 0
	pairs := q.result().Pairs
	for i := range pairs {
		if pairs[i].DSC < pairs[worst].DSC {
			worst = i
		}
	}
	return worst
}

// choose shows another pair at the place where it differs most.
func (q *qaMode) choose(pair int) {
	q.pair = pair
	if pairs := q.result().Pairs; pair < len(pairs) && len(pairs[pair].Worst) > 0 {
		q.jump(pairs[pair].WorstMM)
	}
	q.show()
}

// jump moves all views to a place.
func (q *qaMode) jump(to volume.Vec) {
	q.session.SetCursor(to)
	q.views.follow(to)
}

func (q *qaMode) typedKey(e *fyne.KeyEvent) {
	if q.window.win.Canvas().Overlays().Top() != nil {
		q.window.leaveOverlay(e)
		return
	}
	if e.Name == fyne.KeyEscape {
		q.exit()
		return
	}
	if key := string(e.Name); !isSign(key) {
		q.perform(key)
	}
}

func (q *qaMode) typedRune(r rune) {
	if isSign(string(r)) && q.window.win.Canvas().Overlays().Top() == nil {
		q.perform(string(r))
	}
}

// perform does what a key stands for where that only looks; nothing is drawn or edited here.
func (q *qaMode) perform(key string) {
	id := q.host.keys.command(key)
	if !q.session.HasVolume() || !looks(id) || !onlyLooks(id) {
		return
	}
	for _, c := range commands() {
		if c.id == id {
			c.do(q.looker)
		}
	}
}
