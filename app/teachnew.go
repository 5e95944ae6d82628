package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/internal/teach"
)

// newCase is the page on which a teacher makes a case: of a CT and its reference, or of the phantom.
type newCase struct {
	t                            *teaching
	title, teaches, note, folder *field
	ct, reference                *field
	difficulty                   *widget.Select
	fromCT                       bool
	source                       *fyne.Container
	clips, slice                 *widget.Select
	kinds                        map[string]*widget.Check
	pairs, axillary, rib, seroma *widget.Check
	noise                        *widget.Check
	make                         *button
	state                        *text
	making                       bool
}

func (t *teaching) askNewCase() {
	t.leavePage()
	n := &newCase{t: t, kinds: map[string]*widget.Check{}, source: rows(8), state: newText("", textStyle{colour: colourDim, shrink: true, minWidth: 200})}
	entry := func(hint string) *field {
		f := newField("", t.host.unfocus)
		f.SetPlaceHolder(hint)
		f.OnChanged = func(string) { n.check() }
		return f
	}
	n.title, n.teaches, n.note = entry(lang.L("Title")), entry(lang.L("What it teaches, in one sentence")), entry(lang.L("Operation note: what a learner knows beforehand"))
	n.ct, n.reference = entry(lang.L("Folder of the CT")), entry(lang.L("RTSTRUCT with its clips"))
	n.folder = entry(lang.L("Folder in which the case is put"))
	if home, err := os.UserHomeDir(); err == nil {
		n.folder.SetText(filepath.Join(home, "Clipwright cases"))
	}
	n.difficulty = widget.NewSelect([]string{"1", "2", "3", "4", "5"}, nil)
	n.difficulty.SetSelectedIndex(2)
	n.clips = widget.NewSelect([]string{"3-4", "5-8", "9-12"}, nil)
	n.clips.SetSelectedIndex(1)
	n.slice = widget.NewSelect([]string{"2", "3", "5"}, nil)
	n.slice.SetSelectedIndex(1)
	for _, k := range teach.DistractorKinds() {
		n.kinds[k] = widget.NewCheck(kindText(k), nil)
	}
	n.pairs, n.axillary = widget.NewCheck(lang.L("pairs"), nil), widget.NewCheck(lang.L("axillary clips"), nil)
	n.rib, n.seroma = widget.NewCheck(lang.L("a clip beside a rib"), nil), widget.NewCheck(lang.L("clips and seroma disagree"), nil)
	n.noise = widget.NewCheck(lang.L("noise and artefact"), nil)
	n.make = newButton(t.host, lang.L("Make the case"), theme.ConfirmIcon(), buttonPrimary, "", n.begin)
	kind := widget.NewRadioGroup([]string{lang.L("Of the phantom"), lang.L("Of a CT and its reference")}, nil)
	kind.Horizontal = true
	kind.SetSelected(lang.L("Of the phantom"))
	kind.OnChanged = func(s string) {
		n.fromCT = s == lang.L("Of a CT and its reference")
		n.showSource()
	}
	kind.Required = true
	n.showSource()
	labelled := func(label string, o fyne.CanvasObject) fyne.CanvasObject {
		return container.NewBorder(nil, nil, middle(newText(label, textStyle{colour: colourDim, shrink: true, minWidth: 110})), nil, o)
	}
	form := rows(12, kind, n.source, newRule(), labelled(lang.L("Title"), n.title), labelled(lang.L("Teaches"), n.teaches), labelled(lang.L("Note"), n.note),
		labelled(lang.L("Difficulty"), columns(8, n.difficulty, layout.NewSpacer())),
		labelled(lang.L("Folder"), container.NewBorder(nil, nil, nil, n.browse(lang.L("Folder in which the case is put"), n.folder), n.folder)),
		columns(10, n.make, middle(n.state)))
	width := newFill(colourPanel)
	width.min = fyne.NewSize(760, 1)
	t.page(lang.L("Make a case"), t.showLibrary, container.NewVScroll(container.NewCenter(container.NewStack(width, inset(form, 24, 24, 20, 20)))))
	n.check()
}

// browse is a button that fills a field with a folder.
func (n *newCase) browse(title string, into *field) *button {
	return newButton(n.t.host, lang.L("Browse"), theme.FolderOpenIcon(), buttonNormal, "", func() {
		n.t.window.askFolder(title, n.start(into), into.SetText)
	})
}

// start is where a chooser for a field begins.
func (n *newCase) start(f *field) string {
	if f.Text == "" {
		return n.t.window.lastPlace()
	}
	return filepath.Dir(f.Text)
}

// showSource shows what the chosen kind asks for.
func (n *newCase) showSource() {
	n.source.RemoveAll()
	defer n.source.Refresh()
	if n.fromCT {
		set := newButton(n.t.host, lang.L("Browse"), theme.FileIcon(), buttonNormal, "", func() {
			n.t.window.askFile(lang.L("RTSTRUCT with its clips"), n.start(n.reference), n.reference.SetText)
		})
		n.source.Add(container.NewBorder(nil, nil, nil, n.browse(lang.L("Folder of the CT"), n.ct), n.ct))
		n.source.Add(container.NewBorder(nil, nil, nil, set, n.reference))
		n.source.Add(paragraph(lang.L("Voxels and outlines are taken over; every header is written anew, without name, number, date or UID of the patient. Look at the images yourself: what they show stays.")))
		n.check()
		return
	}
	n.source.Add(columns(8, middle(newText(lang.L("Clips in the bed"), textStyle{colour: colourDim})), n.clips, middle(newText(lang.L("slices, mm"), textStyle{colour: colourDim})), n.slice, layout.NewSpacer()))
	n.source.Add(columns(4, n.pairs, n.rib, n.axillary, n.seroma, n.noise))
	grid := container.NewGridWithColumns(4)
	for _, k := range teach.DistractorKinds() {
		grid.Add(n.kinds[k])
	}
	n.source.Add(grid)
	n.check()
}

// check says what is missing.
func (n *newCase) check() {
	if n.make == nil || n.making {
		return
	}
	what := ""
	switch {
	case n.fromCT && (n.ct.Text == "" || n.reference.Text == ""):
		what = lang.L("Choose a CT and its reference.")
	case strings.TrimSpace(n.title.Text) == "" || strings.TrimSpace(n.teaches.Text) == "":
		what = lang.L("Give a title and the sentence that it teaches.")
	case n.folder.Text == "":
		what = lang.L("Say where to put it.")
	}
	n.state.set(what)
	n.make.setEnabled(what == "")
}

// spec is what the phantom is to show.
func (n *newCase) spec() teach.Spec {
	least, most, _ := strings.Cut(n.clips.Selected, "-")
	s := teach.Spec{Pairs: n.pairs.Checked, Axillary: n.axillary.Checked, Rib: n.rib.Checked}
	s.LeastClips, _ = strconv.Atoi(least) // of the choices above: always numbers
	s.MostClips, _ = strconv.Atoi(most)
	s.SliceMM, _ = strconv.ParseFloat(n.slice.Selected, 64)
	if n.seroma.Checked {
		s.SeromaOffMM = teach.SeromaMovedMM
	}
	if n.noise.Checked {
		const noisyHU = 26
		s.NoiseHU = noisyHU
	}
	for _, k := range teach.DistractorKinds() {
		if n.kinds[k].Checked {
			s.Kinds = append(s.Kinds, k)
		}
	}
	return s
}

func (n *newCase) begin() {
	t := n.t
	l := teach.Lesson{Title: strings.TrimSpace(n.title.Text), Teaches: strings.TrimSpace(n.teaches.Text), Note: strings.TrimSpace(n.note.Text), Difficulty: n.difficulty.SelectedIndex() + 1}
	l.ID = teach.NewID(l.Title)
	dir, spec, fromCT := filepath.Join(n.folder.Text, l.ID), n.spec(), n.fromCT
	ct := teach.FromCT{CTDir: n.ct.Text, Reference: n.reference.Text, Lesson: l}
	n.making = true
	n.make.setEnabled(false)
	n.state.set(lang.L("Making the case …"))
	seed := t.now().UnixNano() % 1_000_000
	t.work(func(ctx context.Context) error {
		var err error
		if fromCT {
			ct.Lesson.Categories = []string{teach.CategoryPlain}
			_, err = teach.MakeFromCT(ctx, dir, ct)
		} else {
			l.Categories = spec.Shows()
			_, err = teach.MakePhantom(ctx, dir, seed, spec, l)
		}
		return err
	}, func(err error) {
		n.making = false
		if err != nil {
			n.check()
			t.failed(lang.L("Make a case"), err)
			return
		}
		t.dir = filepath.Dir(dir)
		t.showLibrary()
	})
}
