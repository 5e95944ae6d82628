package app

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// qaMode is the mode for checking contours: a page over a session in which nothing is changed.
type qaMode struct {
	*sideMode
	panel *fyne.Container

	rules   *qa.Rules
	results []*qa.Result
	test    int // of results
	pair    int // of its pairs
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
	}
	w.qa.sideMode.show()
	w.qa.open(dir)
}

func newQAMode(w *window) *qaMode {
	q := &qaMode{sideMode: newSideMode(w), panel: rows(0), rules: qa.DefaultRules()}
	q.views.flat = true
	q.views.arrange()
	return q
}

func (q *qaMode) open(dir string) {
	q.leavePage()
	q.results, q.test, q.pair = nil, 0, 0
	q.session.CloseStudy()
	q.panel.RemoveAll()
	q.panel.Add(inset(newText(lang.L("Reading and comparing …"), textStyle{colour: colourDim}), 12, 12, 12, 12))
	q.lay(filepath.Base(dir))
	q.atWork = func(changed session.Change) {
		if changed.Has(session.DocumentChanged) && q.session.HasVolume() && len(q.results) > 0 {
			q.choose(q.worstPair())
		}
	}
	var results []*qa.Result
	var series string
	q.work(func(ctx context.Context) error {
		var err error
		results, series, err = judge(ctx, dir, q.rules)
		return err
	}, func(err error) {
		if err != nil {
			q.exit()
			q.window.session.Notify(&session.Notice{Severity: session.Failure, Text: lang.L("Check contours") + ": " + err.Error()})
			return
		}
		q.results = results
		q.session.OpenFolder(dir, series)
	})
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

// lay lays the page out.
func (q *qaMode) lay(title string) {
	side := newFill(colourPanel)
	side.min = fyne.NewSize(380, 1)
	content := container.NewBorder(nil, nil, nil, container.NewStack(side, container.NewVScroll(q.panel)), q.views.box)
	q.page(lang.L("Check contours")+": "+title, q.exit, content,
		middle(newText(lang.L("Reference white, test orange, blue: only the reference"), textStyle{size: sizeSmall, colour: colourDim})))
}

// result is the test that is shown.
func (q *qaMode) result() *qa.Result { return q.results[q.test] }

// fill fills the panel and draws the pair that is chosen.
func (q *qaMode) fill() {
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
	q.fill()
}

// jump moves all views to a place.
func (q *qaMode) jump(to volume.Vec) {
	q.session.SetCursor(to)
	q.views.follow(to)
}
