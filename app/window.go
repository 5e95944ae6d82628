package app

import (
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
	"github.com/clipwright/clipwright/internal/dicom"
)

// Preferences of the window.
const (
	preferenceLight  = "light theme"
	preferenceRecent = "recent folders"
)

// Size of the first start; later starts remember theirs.
const firstWidth, firstHeight = 1280, 720

// recentKept is how many folders are remembered.
const recentKept = 8

// window is the one window of the program.
type window struct {
	app        fyne.App
	win        fyne.Window
	session    *session.Session
	host       *host
	options    Options
	post       func(func())
	copyImage  func(image.Image) error
	remembered settings
	now        func() time.Time

	top        *topbar
	banner     *banner
	series     *seriesList
	structures *structureList
	seriesBox  *section
	report     *widget.PopUp // what reading came upon; nil until asked for
	structBox  *section
	clips      *clipList
	clipBox    *section
	boost      *boost
	boostBox   *section
	rightBox   *fyne.Container
	boostTall  float32 // what boostBox needed when it was laid out
	views      *views
	tools      *toolbar
	dock       *dock
	welcome    *welcome
	teaching   *teaching       // nil until it is opened
	qa         *qaMode         // likewise
	root       *fyne.Container // of the window: body and the modes beside it, under the tooltips
	outdated   bool            // the widgets are to be made anew once the body is shown again
	loading    *loading
	status     *statusbar
	body       *fyne.Container // all of it but tooltips

	help      *widget.PopUp
	keyPage   *keyPage // what help shows, when that is the map of keys
	saving    *saveDialog
	exporting *exportDialog
	asking    *question
	figures   *figuresDialog
	editor    *recipeEditor
	naming    *nameDialog
	menu      *widget.PopUp // of a structure, shown last
	chooser   *dialog.FileDialog
	released  <-chan struct{} // closed when the networks are; nil until the window closes
	deafen    func()          // stops hearing pinches; nil where none are heard
}

// newWindow builds the window; post runs a function on the toolkit's goroutine.
func newWindow(app fyne.App, o Options, post func(func())) *window {
	w := &window{app: app, options: o, post: post, copyImage: copyImage, now: time.Now}
	w.remembered = app.Preferences()
	if o.Capture != "" || o.Measure != "" {
		w.remembered = noSettings{}
	}
	app.Settings().SetTheme(newLook(w.remembered.Bool(preferenceLight)))
	w.win = app.NewWindow("Clipwright")
	w.win.SetIcon(fyne.NewStaticResource("icon.png", assets.IconPNG))
	w.win.SetPadded(false)
	if err := speak(w.remembered.String(preferenceLanguage)); err != nil {
		fyne.LogError("Choose the language", err)
	}
	w.session = session.New(post, o.Deps)
	recallComputing(w.session, w.remembered)
	w.host = &host{
		tips: newTipLayer(), post: post, typedKey: w.typedKey, typedRune: w.typedRune, shortcut: w.typedShortcut,
		unfocus: func() { w.win.Canvas().Unfocus() },
	}
	w.build()
	w.win.Canvas().SetOnTypedKey(w.typedKey)
	w.win.Canvas().SetOnTypedRune(w.typedRune)
	w.addShortcuts()
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		if len(uris) > 0 {
			w.dropped(uris[0].Path())
		}
	})
	w.win.SetCloseIntercept(w.askClose)
	w.win.Resize(w.firstSize())
	w.session.OnChange(w.refresh)
	w.refresh(session.AllChanged)
	return w
}

func (w *window) build() {
	s := w.session
	w.host.keys, w.host.phrases = newKeymap(w.remembered), newPhrasebook(spoken(w.remembered.String(preferenceLanguage)))
	w.top = newTopbar(w.host, intents{
		open: w.showOpenMenu, demo: w.openDemo, run: s.Run, cancel: s.Cancel, undo: s.Undo, redo: s.Redo,
		save: w.askSave, report: w.askReport, settings: w.showSettings, computing: w.showComputing, log: w.showLog, help: w.showHelp, expected: s.SetExpected,
	})
	w.banner = newBanner(w.host, func() { s.Notify(nil) }, func() { relayout(w.body) })
	w.series = newSeriesList(w.host, seriesActions{
		choose: func(series *dicom.Series) { w.replaceStudy(func() { s.OpenSeries(series) }) },
		set:    s.OpenSet, browse: w.askSet, report: w.showReport,
	})
	w.structures = newStructureList(w.host, structureActions{visible: s.SetVisible, menu: w.showStructure})
	w.clips = newClipList(w.host, clipActions{sel: s.SelectClip, decide: s.SetKept, merge: s.MergeClips, split: s.SplitClip, sort: s.SetSort, add: s.AddClip})
	w.boost = newBoost(w.host, boostActions{
		margin: s.SetMargin, free: s.SetFreeMargin, recipe: s.SetRecipe, on: s.SetBoost, linked: s.SetMarginLinked, preview: s.PreviewMargin,
		menu: w.recipeMenu, edit: w.editRecipe, figures: w.showFigures,
		seroma: seromaActions{find: s.FindSeroma, accept: s.AcceptSeroma, leave: s.RejectSeroma},
	})
	w.views = newViews(w.host, s, w.remembered)
	w.tools = newToolbar(w.host, s, toolActions{
		tool: s.SetTool, size: s.SetBrush, structure: s.SetActive, add: w.addStructure, newNamed: w.askStructure,
		holes: s.FillHoles, between: s.Interpolate, search: s.RunInBox,
		layout: w.nextLayout, slab: s.NextSlab, smooth: w.toggleSmooth, shot: w.askPicture,
	})
	w.status = newStatusbar()
	w.welcome = newWelcome(w.host, w.modes(), w.open)
	w.loading = newLoading(w.host, s.Cancel)

	w.seriesBox = newSection(w.host, lang.L("Series"), w.series.box, false)
	w.structBox = newSection(w.host, lang.L("Structures"), w.structures.box, false)
	w.clipBox = newSection(w.host, lang.L("Clips"), w.clips.box, true)
	w.boostBox = newSection(w.host, lang.L("Boost"), w.boost.box, false)
	left := container.NewVScroll(rows(0, w.seriesBox.box, newRule(), w.structBox.box))
	w.rightBox = container.NewBorder(nil, rows(0, newRule(), w.boostBox.box), nil, nil, w.clipBox.box)
	w.dock = newDock(left, container.NewBorder(w.tools.box, nil, nil, nil, w.views.box), w.rightBox, w.remembered)

	w.body = container.NewBorder(rows(0, w.top.box, w.banner.box), w.status.box, nil, nil,
		container.NewStack(w.dock.box, w.welcome.box, w.loading.box))
	w.root = container.NewStack(w.body)
	// A window smaller than its controls, on a small screen at a large scale, scrolls.
	w.win.SetContent(container.NewStack(container.NewScroll(w.root), w.host.tips.box))
}

// refresh shows what changed. It is the only way from the session to the widgets.
func (w *window) refresh(changed session.Change) {
	s := w.session
	doc, plan, derived, view := s.Document(), s.Plan(), s.Derived(), s.View()
	const numbers = session.DocumentChanged | session.PlanChanged | session.DerivedChanged | session.JobsChanged
	if changed.Has(numbers | session.ViewChanged) {
		w.top.set(s, w.now())
		w.status.set(doc, derived, view)
		w.showState(doc)
	}
	if changed.Has(session.DocumentChanged | session.PreviewsChanged) {
		w.series.set(doc, s.Opened())
	}
	if changed.Has(session.DocumentChanged) {
		w.seriesBox.info.set(folderText(doc.Dir))
		if doc.Volume != nil && doc.Dir != "" && !doc.Demo {
			w.remember(doc.Dir)
		}
		w.welcome.setRecent(w.recent())
	}
	const study = session.DocumentChanged | session.PlanChanged | session.DerivedChanged | session.ViewChanged
	if changed.Has(study | session.JobsChanged) {
		w.clips.setEmpty(plan, derived, s.Job(session.JobRun).Running)
	}
	if changed.Has(study) {
		w.structures.set(s.Structures())
		w.clips.set(s)
		w.clipBox.info.set("")
		if n := len(plan.Clips) - len(plan.Kept()); n > 0 {
			w.clipBox.info.set(fmt.Sprintf(lang.L("%d rejected"), n))
		}
		w.boost.set(plan, derived, s.BoostWarnings(), view.MarginLinked)
		if w.figures != nil {
			w.figures.set()
		}
		if changed.Has(session.DerivedChanged) {
			relayout(w.boost.volumes.box) // figures that have grown push their neighbours
		}
		if tall := w.boostBox.box.MinSize().Height; tall != w.boostTall {
			w.boostTall = tall
			relayout(w.rightBox) // the list of clips gives way
		}
	}
	if changed.Has(study | session.CursorChanged | session.WindowChanged | session.StrokeChanged) {
		w.views.set(changed)
	}
	if changed.Has(study | session.WindowChanged | session.JobsChanged) {
		w.tools.set(w.views.smooth)
	}
	if changed.Has(session.NoticeChanged) {
		w.banner.set(view.Notice)
		relayout(w.body)
	}
}

// folderText is the name of a folder short enough for a title.
func folderText(dir string) string {
	if dir == "" {
		return ""
	}
	return shorten(filepath.Base(dir), 20)
}

// showState chooses between the empty state, loading and the study.
func (w *window) showState(doc session.Document) {
	open := w.session.Job(session.JobOpen)
	study := doc.Volume != nil || len(doc.Studies) > 0
	setVisible(w.dock.box, study)
	setVisible(w.loading.box, !study && open.Running)
	setVisible(w.welcome.box, !study && !open.Running)
	if open.Running {
		w.loading.set(open, w.now())
	}
}

func (w *window) openDemo() {
	seed := w.options.DemoSeed
	if doc := w.session.Document(); doc.Demo {
		seed = doc.DemoSeed + 1 // another patient each time
	}
	w.replaceStudy(func() { w.session.OpenDemo(seed) })
}

func (w *window) open(dir string) {
	w.replaceStudy(func() { w.session.OpenFolder(dir, "") })
}

// replaceStudy asks before unsaved work is left.
func (w *window) replaceStudy(open func()) {
	if !w.session.Decided() {
		open()
		return
	}
	w.ask(lang.L("Leave this case?"), lang.L("What you decided and drew is not saved."), lang.L("Leave"), open)
}

func (w *window) recent() []string { return w.app.Preferences().StringList(preferenceRecent) }

func (w *window) remember(dir string) {
	dirs := slices.DeleteFunc(slices.Clone(w.recent()), func(d string) bool { return d == dir })
	dirs = append([]string{dir}, dirs...)
	if dirs = dirs[:min(len(dirs), recentKept)]; !slices.Equal(dirs, w.recent()) && w.options.Measure == "" {
		w.app.Preferences().SetStringList(preferenceRecent, dirs)
	}
}

// toggleSmooth shows the images smooth or pixel by pixel.
func (w *window) toggleSmooth() {
	w.views.smooth = !w.views.smooth
	w.remembered.SetBool(preferencePixels, !w.views.smooth)
	w.views.show()
	w.tools.set(w.views.smooth)
}

func (w *window) nextLayout() {
	if w.session.HasVolume() {
		w.views.nextLayout()
	}
}

func (w *window) setLight(light bool) {
	w.remembered.SetBool(preferenceLight, light)
	w.app.Settings().SetTheme(newLook(light))
}

// setLanguage says everything in another language, at once: the widgets are built anew, the session holds all there is to show.
func (w *window) setLanguage(tag string) {
	w.remembered.SetString(preferenceLanguage, tag)
	if err := speak(tag); err != nil {
		w.session.Notify(&session.Notice{Severity: session.Failure, Text: err.Error()})
		return
	}
	w.rebuild()
}

// rebuild makes every widget anew, with the words, keys and colours of the settings; a lesson that is under way is not ended
// for that.
func (w *window) rebuild() {
	if w.outdated = w.side() != nil; w.outdated {
		return
	}
	for _, m := range w.sides() {
		m.close()
	}
	w.teaching, w.qa = nil, nil
	w.build()
	w.refresh(session.AllChanged)
}

// askClose asks before unsaved decisions, or a lesson that is under way, are lost.
func (w *window) askClose() {
	var lost []string
	if m := w.side(); m != nil && m.atStake != nil {
		lost = append(lost, m.atStake())
	}
	if w.session.Decided() {
		lost = append(lost, lang.L("What you decided and drew is not saved."))
	}
	if len(lost) == 0 {
		w.close()
		return
	}
	w.ask(lang.L("Quit without saving?"), strings.Join(lost, "\n"), lang.L("Quit"), w.close)
}

func (w *window) close() {
	if w.released != nil {
		return
	}
	w.session.Discard()
	w.released = w.session.Close()
	for _, m := range w.sides() {
		w.released = both(w.released, m.close())
	}
	w.rememberPlace()
	if w.deafen != nil {
		w.deafen()
	}
	w.win.Close()
}

// both closes when two channels have.
func both(a, b <-chan struct{}) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		<-a
		<-b
		close(done)
	}()
	return done
}
