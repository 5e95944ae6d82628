package app

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/report"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// qaMode is the mode for checking contours: a page over a session in which nothing is changed.
type qaMode struct {
	*sideMode
	panel *fyne.Container
	bar   *progress
	rule  *button // the rules in force

	dir       string
	rules     *qa.Rules
	rulesText string
	choice    qa.Choice             // what the user chose for dir
	byHand    map[string][]qa.Named // pairs, by the path of the test
	inputs    []qa.Input
	results   []*qa.Result // of inputs
	test      int          // of results
	pair      int          // of its pairs
	maps      map[*volume.Mask]*viewer.Shape
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
	w.qa.show()
	w.qa.open(dir)
}

func newQAMode(w *window) *qaMode {
	q := &qaMode{sideMode: newSideMode(w), panel: rows(0), bar: newProgress(w.host.phrases)}
	q.views.solid.SetTitle(fmt.Sprintf(lang.L("Distance map: blue short, orange beyond %d mm"), report.DistanceMapMM))
	return q
}

func (q *qaMode) open(dir string) {
	q.leavePage()
	q.session.CloseStudy()
	q.dir, q.choice, q.byHand, q.inputs, q.results, q.test, q.pair = dir, qa.Choice{}, map[string][]qa.Named{}, nil, nil, 0, 0
	unread := q.recallRules()
	q.lay()
	if unread != nil {
		q.failed(lang.L("The rules that ship with the program are in force"), unread)
	}
	q.atWork = func(changed session.Change) {
		switch n := q.session.View().Notice; {
		case changed.Has(session.DocumentChanged) && q.session.HasVolume() && len(q.results) > 0:
			q.choose(q.pair)
		case changed.Has(session.NoticeChanged) && n != nil && n.Severity == session.Failure:
			q.say(n)
		}
	}
	q.judge(nil, nil)
}

// lay lays the page out.
func (q *qaMode) lay() {
	side := newFill(colourPanel)
	side.min = fyne.NewSize(380, 1)
	content := container.NewBorder(nil, nil, nil, container.NewStack(side, container.NewVScroll(q.panel)), q.views.box)
	q.rule = newButton(q.host, fmt.Sprintf(lang.L("Rules: %s"), shorten(q.rules.Name, 24)), theme.ListIcon(), buttonNormal, lang.L("What is asked of contours: choose a file of your own"), q.showRulesMenu)
	out := newButton(q.host, lang.L("Save the report"), theme.DocumentSaveIcon(), buttonPrimary, lang.L("As PDF or HTML with pictures, as a table or as figures"), nil)
	out.tapped = func() { q.showSaveMenu(out) }
	q.page(lang.L("Check contours")+": "+shorten(filepath.Base(q.dir), 30), q.exit, content, q.rule, out)
}

// judge compares inputs, or where they are nil what the folder holds, and shows what was found. undo takes back what was asked
// for where that fails; nil leaves the mode.
func (q *qaMode) judge(inputs []qa.Input, undo func()) {
	dir, rules, choice, byHand, shown := q.dir, q.rules, q.choice, maps.Clone(q.byHand), q.shownPair()
	give := func() {
		if undo == nil {
			q.exit()
			return
		}
		undo()
		q.fill()
	}
	wait := q.await(give)
	var results []*qa.Result
	q.work(func(ctx context.Context) error {
		var err error
		if inputs == nil {
			if inputs, err = qa.Open(ctx, dir, rules, choice); err != nil {
				return err
			}
		}
		for i, in := range inputs {
			in.Pairs = byHand[in.Test.Path]
			in.Progress = func(p qa.Progress) { wait.now(i, len(inputs), p) }
			r, err := qa.Compare(ctx, in, rules)
			if err != nil {
				return fmt.Errorf("%s: %w", in.Test.Path, err)
			}
			results = append(results, r)
		}
		if len(results) == 0 {
			return errors.New("there is no structure set to check")
		}
		return nil
	}, func(err error) {
		wait.end()
		if err != nil {
			give()
			if undo == nil {
				q.window.session.Notify(&session.Notice{Severity: session.Failure, Text: lang.L("Check contours") + ": " + err.Error()})
			} else {
				q.failed(lang.L("Check contours"), err)
			}
			return
		}
		q.inputs, q.results, q.maps = inputs, results, map[*volume.Mask]*viewer.Shape{}
		q.test = min(q.test, len(results)-1)
		q.pair = q.pairLike(shown)
		q.fillPanel()
		if doc := q.session.Document(); doc.Volume != nil && doc.Series.UID == inputs[0].CT.UID {
			q.choose(q.pair)
			return
		}
		q.session.OpenFolder(dir, inputs[0].CT.UID)
	})
}

// await shows in the panel how far the comparison is, with a way to stop it.
func (q *qaMode) await(give func()) *qaWait {
	wait := &qaWait{mode: q, begun: q.window.now(), ctx: q.ctx, ended: make(chan struct{})}
	wait.stage = session.Progress{Stage: lang.L("Reading headers"), Started: wait.begun, StageStarted: wait.begun}
	stop := newButton(q.host, lang.L("Cancel"), theme.MediaStopIcon(), buttonNormal, "", func() {
		wait.end()
		q.stopWork()
		give()
	})
	q.panel.RemoveAll()
	q.panel.Add(inset(rows(8, newText(lang.L("Reading and comparing …"), textStyle{colour: colourDim}), q.bar, columns(0, stop, layout.NewSpacer())), 12, 12, 12, 12))
	q.panel.Refresh()
	wait.show()
	go func() {
		ticker := time.NewTicker(clockPeriod)
		defer ticker.Stop()
		for {
			select {
			case <-wait.ctx.Done():
				return
			case <-wait.ended:
				return
			case <-ticker.C:
				q.window.post(wait.show)
			}
		}
	}()
	return wait
}

// qaWait is a comparison that is under way.
type qaWait struct {
	mode  *qaMode
	begun time.Time
	ctx   context.Context
	stage session.Progress
	ended chan struct{}
	over  bool
}

// now is told, on any goroutine, how far test is of so many.
func (w *qaWait) now(test, of int, p qa.Progress) {
	w.mode.window.post(func() {
		w.stage.Stage = qaStageText(p)
		if of > 1 {
			w.stage.Stage = fmt.Sprintf(lang.L("set %d of %d"), test+1, of) + " · " + w.stage.Stage
		}
		w.stage.Done, w.stage.Total = p.Done+test*p.Total, of*p.Total
		w.show()
	})
}

func (w *qaWait) show() {
	if !w.over && w.ctx.Err() == nil {
		w.mode.bar.set(session.JobState{Running: true, Progress: w.stage}, w.mode.window.now())
	}
}

func (w *qaWait) end() {
	if !w.over {
		w.over = true
		close(w.ended)
	}
}

// qaStageText names a stage for the eye.
func qaStageText(p qa.Progress) string {
	switch p.Stage {
	case qa.StagePair:
		return fmt.Sprintf(lang.L("Comparing %s"), p.Structure)
	case qa.StageClips:
		return lang.L("Comparing clips")
	case qa.StageTargets:
		return lang.L("Measuring targets")
	case qa.StageChecks:
		return lang.L("Checking")
	}
	return lang.L("Outline of the body")
}

// result is the test that is shown.
func (q *qaMode) result() *qa.Result { return q.results[q.test] }

// shownPair is the pair that is shown, nil for none.
func (q *qaMode) shownPair() *qa.PairResult {
	if len(q.results) == 0 || q.pair >= len(q.result().Pairs) {
		return nil
	}
	return &q.result().Pairs[q.pair]
}

// pairLike is the pair of the same reference structure as before, else the one that agrees least.
func (q *qaMode) pairLike(before *qa.PairResult) int {
	pairs := q.result().Pairs
	if before != nil {
		if i := slices.IndexFunc(pairs, func(p qa.PairResult) bool { return p.Ref == before.Ref }); i >= 0 {
			return i
		}
	}
	worst := 0
	for i := range pairs {
		if pairs[i].DSC < pairs[worst].DSC {
			worst = i
		}
	}
	return worst
}

// fill fills the panel and draws the pair that is chosen.
func (q *qaMode) fill() {
	q.draw()
	q.fillPanel()
}

// draw lays both contours and their difference over the views.
func (q *qaMode) draw() {
	q.views.beside = nil
	p := q.shownPair()
	if p != nil {
		ref, test, lacking := qaColours()
		q.views.beside = []viewer.Overlay{
			{Mask: p.RefMask.Subtract(p.TestMask), Colour: lacking, Fill: differenceFill},
			{Mask: p.TestMask.Subtract(p.RefMask), Colour: test, Fill: differenceFill},
			{Mask: p.RefMask, Colour: ref, WidthPx: markWidth},
			{Mask: p.TestMask, Colour: test, WidthPx: markWidth},
		}
	}
	q.drawMap(p)
	q.views.show()
}

// drawMap shows the surface of the reference coloured by how far off the test's is; it is made beside the window.
func (q *qaMode) drawMap(p *qa.PairResult) {
	q.views.shaped = func() *viewer.Shape {
		if p == nil {
			return nil
		}
		return q.maps[p.TestMask]
	}
	q.views.showSolid()
	if p == nil || p.RefMask.Empty() || p.TestMask.Empty() || q.maps[p.TestMask] != nil {
		return
	}
	made, all := (*viewer.Shape)(nil), q.maps
	q.work(func(context.Context) error {
		made = report.DistanceShape(p.RefMask, p.TestMask)
		return nil
	}, func(error) {
		all[p.TestMask] = made
		q.views.showSolid()
	})
}

// choose shows another pair, all of it, at the place where it differs most.
func (q *qaMode) choose(pair int) {
	q.pair = pair
	if p := q.shownPair(); p != nil && q.session.HasVolume() && !(p.RefMask.Empty() && p.TestMask.Empty()) {
		at, acrossMM := extentOf(p)
		if len(p.Worst) > 0 {
			at = p.WorstMM
		}
		q.session.SetCursor(at)
		q.views.aim(at, acrossMM+2*pairAirMM)
	}
	q.fill()
}

// pairAirMM is the room round a pair.
const pairAirMM = 30

// extentOf is the middle of both structures of a pair, and how far they reach.
func extentOf(p *qa.PairResult) (middle volume.Vec, mm float64) {
	g, box := p.RefMask.Grid, p.RefMask.Bounds().Union(p.TestMask.Bounds())
	low := g.ToPatient(float64(box.Min[0]), float64(box.Min[1]), float64(box.Min[2]))
	high := g.ToPatient(float64(box.Max[0]-1), float64(box.Max[1]-1), float64(box.Max[2]-1))
	size := high.Sub(low)
	return low.Add(high).Scale(0.5), max(math.Abs(size[0]), math.Abs(size[1]), math.Abs(size[2]))
}

// jump moves all views to a place.
func (q *qaMode) jump(to volume.Vec) {
	q.session.SetCursor(to)
	q.views.follow(to)
}

// pairByHand makes pairs those of the test that is shown; none lets names pair again.
func (q *qaMode) pairByHand(pairs []qa.Named) {
	path := q.inputs[q.test].Test.Path
	before := q.byHand[path]
	q.byHand[path] = pairs
	q.judge(q.inputs, func() { q.byHand[path] = before })
}

// namedPairs are the pairs of the test that is shown.
func (q *qaMode) namedPairs() []qa.Named {
	var all []qa.Named
	for i := range q.result().Pairs {
		all = append(all, qa.Named{Ref: q.result().Pairs[i].Ref, Test: q.result().Pairs[i].Test})
	}
	return all
}

// addPair pairs two structures in the place of what either was paired with.
func (q *qaMode) addPair(ref, test string) {
	others := slices.DeleteFunc(q.namedPairs(), func(n qa.Named) bool { return n.Ref == ref || n.Test == test })
	q.pairByHand(append(others, qa.Named{Ref: ref, Test: test}))
}

// rechoose compares what the folder holds anew, by another choice.
func (q *qaMode) rechoose(c qa.Choice) {
	before, byHand := q.choice, q.byHand
	q.choice, q.byHand = c, map[string][]qa.Named{}
	q.judge(nil, func() { q.choice, q.byHand = before, byHand })
}

// makeReference takes the test of that input for the reference.
func (q *qaMode) makeReference(input int) {
	c := q.choice
	c.Ref, c.Test = q.inputs[input].Test.Path, ""
	if was := q.inputs[input].Ref; was != nil && len(q.inputs) == 1 {
		c.Test = was.Path
	}
	q.rechoose(c)
}

// askOther compares with a structure set that lies elsewhere.
func (q *qaMode) askOther() {
	q.window.askFile(lang.L("Compare with a structure set"), q.dir, q.compareWith)
}

// compareWith compares the reference with the set at path; a set that was checked alone becomes the reference.
func (q *qaMode) compareWith(path string) {
	if len(q.inputs) == 0 {
		return
	}
	c := q.choice
	c.Ref, c.Test = q.inputs[0].Test.Path, path
	if ref := q.inputs[0].Ref; ref != nil {
		c.Ref = ref.Path
	}
	q.rechoose(c)
}
