package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"

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
	add(lang.L("Pairs"), q.pairRows()...)
	if q.pair < len(r.Pairs) {
		p := &r.Pairs[q.pair]
		add(p.Ref+" = "+p.Test, q.figureRows(p)...)
		add(lang.L("Worst slices"), q.sliceRows(p)...)
	}
	add(lang.L("Clips"), q.clipRows()...)
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
		all = append(all, inset(columns(8, newText(lang.L("Reference"), textStyle{colour: colourDim}), newText(ref.File, textStyle{shrink: true, minWidth: 270})), 13, 10, 3, 3))
	}
	for i, r := range q.results {
		line := newRow(q.host, inset(columns(8, newText(lang.L("Test"), textStyle{colour: colourDim}), newText(r.Test.File, textStyle{shrink: true, minWidth: 270})), 10, 10, 3, 3), func() {
			q.test = i
			q.choose(q.worstPair())
		})
		line.setSelected(i == q.test)
		all = append(all, line)
	}
	for _, n := range q.result().Notices {
		all = append(all, wrapped(n))
	}
	return all
}

func (q *qaMode) checkRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, c := range q.result().Checks {
		head := columns(8, newText(outcomeWord(c.Outcome), textStyle{bold: true, colour: outcomeColour(c.Outcome)}), newText(c.ID, textStyle{}), newText(c.Structure, textStyle{colour: colourDim, shrink: true, minWidth: 100}))
		if c.PlaceMM != nil {
			head.Add(layout.NewSpacer())
			head.Add(dimText(qa.Letters(*c.PlaceMM)))
		}
		content := rows(0, head)
		if c.Outcome != qa.Pass {
			content.Add(wrapped(c.Text))
		}
		all = append(all, q.tapRow(content, c.PlaceMM))
	}
	return all
}

func (q *qaMode) pairRows() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	r := q.result()
	for i := range r.Pairs {
		p := &r.Pairs[i]
		line := newRow(q.host, inset(columns(8, newText(p.Ref+" = "+p.Test, textStyle{shrink: true, minWidth: 170}), dimText(p.How), layout.NewSpacer(), newText("DSC "+figureText(p.DSC, 3), textStyle{})), 10, 10, 3, 3), func() { q.choose(i) })
		line.setSelected(i == q.pair)
		all = append(all, line)
	}
	for _, names := range [2][]string{r.RefOnly, r.TestOnly} {
		for _, n := range names {
			all = append(all, inset(dimText(fmt.Sprintf(lang.L("%s has no partner"), n)), 13, 10, 3, 3))
		}
	}
	return all
}

// figureRows are the metrics, each with its definition.
func (q *qaMode) figureRows(p *qa.PairResult) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, d := range q.rules.Definitions() {
		n, _ := p.Value(d.Key)
		head := columns(8, newText(d.Name, textStyle{bold: true}), layout.NewSpacer(), newText(figureText(n, 3), textStyle{}), dimText(d.Unit))
		all = append(all, inset(rows(0, head, wrapped(d.Text)), 13, 10, 3, 0))
	}
	if p.OffsetText != "" {
		all = append(all, inset(dimText(fmt.Sprintf(lang.L("The test lies %s from the reference."), p.OffsetText)), 13, 10, 3, 3))
	}
	if h := p.HistogramMM; len(h) > 0 {
		all = append(all, inset(histogramChart(h), 13, 10, 4, 6))
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
