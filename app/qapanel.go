package app

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
)

// outcomeWord and outcomeColour are how an outcome is shown.
func outcomeWord(o qa.Outcome) string {
	switch o {
	case qa.Pass:
		return lang.L("pass")
	case qa.Look:
		return lang.L("look")
	}
	return lang.L("fail")
}

func outcomeColour(o qa.Outcome) fyne.ThemeColorName {
	switch o {
	case qa.Pass:
		return colourDim
	case qa.Look:
		return colourWarning
	}
	return colourError
}

// fillPanel writes what was found: tests, checks, pairs, figures, worst slices and clips.
func (q *qaMode) fillPanel() {
	q.panel.RemoveAll()
	r := q.result()
	add := func(title string, objects ...fyne.CanvasObject) {
		if len(objects) > 0 {
			q.panel.Add(newSection(q.host, title, rows(0, objects...), false).box)
			q.panel.Add(newRule())
		}
	}
	add(lang.L("Structure sets"), q.setRows()...)
	add(fmt.Sprintf(lang.L("Checks: %d fail, %d to look at"), r.Count(qa.Fail), r.Count(qa.Look)), q.checkRows()...)
	add(lang.L("Pairs"), append(q.pairRows(), q.byHandRows()...)...)
	if q.pair < len(r.Pairs) {
		p := &r.Pairs[q.pair]
		add(pairText(p), q.figureRows(p)...)
		add(lang.L("Worst slices"), q.sliceRows(p)...)
	}
	add(lang.L("Clips"), q.clipRows()...)
	q.panel.Refresh()
}

// tapRow is a row whose tap jumps to a place, if there is one.
func (q *qaMode) tapRow(content fyne.CanvasObject, place *volume.Vec) *row {
	tapped := func() {}
	if place != nil {
		at := *place
		tapped = func() { q.jump(at) }
	}
	return newRow(q.host, inset(content, 10, 10, 3, 3), tapped)
}

func dimText(s string) *text { return newText(s, textStyle{size: sizeSmall, colour: colourDim}) }

func (q *qaMode) setRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	if ref := q.result().Reference; ref != nil {
		all = append(all, inset(columns(8, newText(lang.L("Reference"), textStyle{colour: colourDim}), newText(ref.File, textStyle{shrink: true, minWidth: 270})), 10, 10, 3, 3))
	}
	for i, r := range q.results {
		swap := newButton(q.host, lang.L("as reference"), nil, buttonFlat, lang.L("Take this set for the reference, and compare again"), func() { q.makeReference(i) })
		swap.small = true
		setVisible(swap, q.result().Reference != nil)
		content := container.NewBorder(nil, nil, middle(newText(lang.L("Test")+"  ", textStyle{colour: colourDim})), swap, middle(newText(r.Test.File, textStyle{shrink: true, minWidth: 100})))
		line := newRow(q.host, inset(content, 10, 10, 1, 1), func() {
			q.test = i
			q.choose(q.pairLike(q.shownPair()))
		})
		line.setSelected(i == q.test)
		all = append(all, line)
	}
	other := newButton(q.host, lang.L("Compare with another file"), theme.FileIcon(), buttonFlat, lang.L("A structure set that lies elsewhere; or drop its file here"), q.askOther)
	other.small, other.leading = true, true
	all = append(all, inset(other, 6, 10, 2, 2))
	if q.result().Reference != nil {
		all = append(all, inset(dimText(lang.L("Reference white, test orange, blue: only the reference")), 10, 10, 1, 4))
	}
	for _, n := range q.result().Notices {
		all = append(all, inset(q.says(n), 10, 10, 0, 0))
	}
	return all
}

// checkRows are the checks, those that passed folded away in one row.
func (q *qaMode) checkRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	passed := rows(0)
	for _, c := range q.result().Checks {
		if c.Outcome == qa.Pass {
			passed.Add(inset(container.NewBorder(nil, nil, newText(outcomeWord(c.Outcome)+"  ", textStyle{colour: colourDim}), nil, newText(q.host.phrases.say(c.Text), textStyle{shrink: true, minWidth: 100})), 26, 10, 3, 3))
			continue
		}
		head := columns(8, newText(outcomeWord(c.Outcome), textStyle{bold: true, colour: outcomeColour(c.Outcome)}), newText(upperFirst(checkName(c.ID, q.rules.Definitions())), textStyle{bold: true}))
		place := newText("", textStyle{})
		if c.PlaceMM != nil {
			place = dimText(qa.Letters(*c.PlaceMM))
		}
		sentence := q.host.phrases.say(c.Text)
		if c.Structure != "" {
			sentence = c.Structure + ": " + sentence
		}
		content := rows(0, container.NewBorder(nil, nil, head, place), q.says(sentence))
		all = append(all, q.tapRow(content, c.PlaceMM))
	}
	if n := len(passed.Objects); n > 0 {
		folded := newSection(q.host, counted(n, lang.L("1 check passed"), lang.L("%d checks passed")), passed, false)
		folded.head.bold, folded.head.colour = false, colourDim
		folded.toggle()
		all = append(all, inset(folded.box, 8, 0, 0, 4))
	}
	return all
}

// says is a sentence of qa in the language of the window.
func (q *qaMode) says(sentence string) fyne.CanvasObject {
	return paragraph(q.host.phrases.say(sentence))
}

func (q *qaMode) pairRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	r := q.result()
	for i := range r.Pairs {
		p := &r.Pairs[i]
		right := columns(6, middle(dimText(pairedText(p.How))), middle(newText("DSC "+figureText(p.DSC, 3), textStyle{})))
		if len(r.Pairs) > 1 {
			away := newButton(q.host, "", theme.CancelIcon(), buttonFlat, lang.L("Part them"), func() { q.pairByHand(slices.Delete(q.namedPairs(), i, i+1)) })
			away.small = true
			right.Add(away)
		}
		content := container.NewBorder(nil, nil, nil, right, middle(newText(pairText(p), textStyle{shrink: true, minWidth: 100})))
		line := newRow(q.host, inset(content, 10, 6, 1, 1), func() { q.choose(i) })
		line.setSelected(i == q.pair)
		all = append(all, line)
	}
	for _, names := range [2][]string{r.RefOnly, r.TestOnly} {
		for _, n := range names {
			all = append(all, inset(dimText(fmt.Sprintf(lang.L("%s has no partner"), n)), 10, 10, 3, 3))
		}
	}
	return all
}

// pairText names a pair, once where both are called alike.
func pairText(p *qa.PairResult) string {
	if p.Ref == p.Test {
		return p.Ref
	}
	return p.Ref + " = " + p.Test
}

// pairedText says how two structures came to be a pair.
func pairedText(how string) string {
	switch how {
	case qa.ByHand:
		return lang.L("by hand")
	case qa.ByRule:
		return lang.L("by the rules")
	case qa.BySynonym:
		return lang.L("synonym")
	}
	return lang.L("name")
}

// byHandRows let two structures be paired by hand.
func (q *qaMode) byHandRows() []fyne.CanvasObject {
	in := &q.inputs[q.test]
	if in.Ref == nil {
		return nil
	}
	var ref, test *widget.Select
	pair := newButton(q.host, lang.L("Pair"), nil, buttonNormal, lang.L("Compare these two, in the place of what either is paired with"), func() { q.addPair(ref.Selected, test.Selected) })
	pair.setEnabled(false)
	both := func(string) { pair.setEnabled(ref.Selected != "" && test.Selected != "") }
	ref, test = widget.NewSelect(structureNames(in.Ref), both), widget.NewSelect(structureNames(in.Test), both)
	ref.PlaceHolder, test.PlaceHolder = lang.L("reference"), lang.L("test")
	all := []fyne.CanvasObject{inset(container.NewBorder(nil, nil, nil, inset(pair, 6, 0, 4, 4), container.NewGridWithColumns(2, ref, test)), 10, 10, 4, 2)}
	if len(q.byHand[in.Test.Path]) > 0 {
		again := newButton(q.host, lang.L("Pair by names again"), theme.ViewRefreshIcon(), buttonFlat, "", func() { q.pairByHand(nil) })
		again.small, again.leading = true, true
		all = append(all, inset(again, 6, 10, 0, 2))
	}
	return all
}

func structureNames(s *qa.Set) []string {
	var names []string
	for i := range s.File.Structures {
		names = append(names, s.File.Structures[i].Name)
	}
	return names
}

// figureRows are the metrics, each with its definition.
func (q *qaMode) figureRows(p *qa.PairResult) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, d := range q.rules.Definitions() {
		n, _ := p.Value(d.Key)
		head := columns(8, newText(metricName(q.host.phrases, d), textStyle{bold: true}), layout.NewSpacer(), newText(figureText(n, 3), textStyle{}), dimText(d.Unit))
		all = append(all, inset(rows(0, head, smallParagraph(q.host.phrases.say(d.Text))), 10, 10, 3, 2))
	}
	if p.OffsetText != "" {
		all = append(all, inset(dimText(fmt.Sprintf(lang.L("The test lies %s from the reference."), p.OffsetText)), 10, 10, 3, 3))
	}
	if h := p.HistogramMM; len(h) > 0 {
		all = append(all, inset(histogramChart(h), 10, 10, 4, 6))
	}
	return all
}

// histogramChart draws how many surface voxels of both lie at which distance; counts are by half millimetres.
func histogramChart(counts []int) *chart {
	c := newChart(lang.L("surface voxels by distance"), "mm", fyne.NewSize(320, 120))
	_, colour, _ := qaColours()
	line := series{colour: colour, line: true}
	most, last := 0, 0
	for i, n := range counts {
		most = max(most, n)
		if n > 0 {
			last = i
		}
	}
	for i, n := range counts[:last+1] { // a step a bar
		line.xs = append(line.xs, float64(i)/2, float64(i+1)/2)
		line.ys = append(line.ys, float64(n), float64(n))
	}
	c.set([2]float64{0, float64(last+1) / 2}, [2]float64{0, float64(most)}, []series{line}, nil)
	return c
}

func (q *qaMode) sliceRows(p *qa.PairResult) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for i := range p.Worst[:min(len(p.Worst), 8)] {
		s := &p.Worst[i]
		all = append(all, q.tapRow(columns(8, newText(fmt.Sprintf(lang.L("slice %d"), s.Index+1), textStyle{}), layout.NewSpacer(), newText(fmt.Sprintf("%.1f mm", s.LargestMM), textStyle{}), dimText(fmt.Sprintf("DSC %.3f", s.DSC))), &s.PlaceMM))
	}
	return all
}

func (q *qaMode) clipRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	words := map[string]string{qa.Found: lang.L("found"), qa.Missed: lang.L("missed"), qa.Extra: lang.L("extra"), qa.Only: lang.L("listed")}
	for i := range q.result().Clips.Clips {
		c := &q.result().Clips.Clips[i]
		colour := colourText
		if c.State == qa.Missed || c.State == qa.Extra {
			colour = colourWarning
		}
		line := columns(8, newText(words[c.State], textStyle{bold: true, colour: colour}), newText(fmt.Sprint(max(c.Ref, c.Test)), textStyle{}))
		if c.ErrorMM.Exists() {
			line.Add(newText(fmt.Sprintf("%.2f mm", float64(c.ErrorMM)), textStyle{}))
		}
		line.Add(layout.NewSpacer())
		line.Add(dimText(qa.Letters(c.CentreMM)))
		all = append(all, q.tapRow(line, &c.CentreMM))
	}
	return all
}
