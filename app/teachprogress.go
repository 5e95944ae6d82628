package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/teach"
)

// table is lines of cells in columns of given widths: the first left, the others right.
type table struct {
	host   *host
	widths []float32
	box    *fyne.Container
}

func newTable(h *host, widths ...float32) *table {
	return &table{host: h, widths: widths, box: rows(0)}
}

func (t *table) add(style textStyle, tapped func(), cells ...string) *row {
	line := columns(10)
	for i, c := range cells {
		own := style
		own.shrink, own.minWidth = true, t.widths[i]
		if i > 0 {
			own.align = fyne.TextAlignTrailing
		}
		line.Add(newText(c, own))
	}
	r := newRow(t.host, inset(line, 10, 10, 5, 5), tapped)
	t.box.Add(r)
	return r
}

// tallyHead and tallyCells are the figures of pooled attempts.
func tallyHead(first string) []string {
	return []string{first, lang.L("sensitivity"), lang.L("false / case"), "F1", lang.L("error, mm"), lang.L("time")}
}

func tallyCells(first string, t teach.Tally) []string {
	seconds := "–"
	if t.MedianSeconds.Exists() {
		seconds = clockText(time.Duration(float64(t.MedianSeconds) * float64(time.Second)))
	}
	return []string{first, figureText(t.Sensitivity, 2), figureText(t.FalsePerCase, 2), figureText(t.F1, 2), figureText(t.MeanErrorMM, 1), seconds}
}

// definitions says what the figures are.
func definitions() fyne.CanvasObject {
	return paragraph(lang.L("Sensitivity is found / (found + missed); F1 is 2 found / (2 found + missed + false); error is the mean distance between the centre of a clip and the mark that found it; time is the median."))
}

func (t *teaching) showProgress() {
	t.leavePage()
	t.readAttempts()
	p := t.progress
	export := newButton(t.host, lang.L("Export as CSV"), theme.DocumentSaveIcon(), buttonNormal, lang.L("Every attempt as a line of a table"), func() { t.exportCSV(t.attempts, t.learner) })
	export.setEnabled(len(t.attempts) > 0)
	title := fmt.Sprintf(lang.L("Progress of %s"), t.learner)
	if len(t.attempts) == 0 {
		t.page(lang.L("Progress"), t.showLibrary, container.NewCenter(newText(lang.L("No attempt yet: give an answer to a case, and what became of it is drawn here."), textStyle{colour: colourDim})), export)
		return
	}
	sensitivity, errorMM, wrong, seconds := t.curves()
	plots := container.NewGridWithColumns(2, sensitivity, wrong, errorMM, seconds)
	figures := newTable(t.host, 210, 90, 90, 60, 80, 70)
	figures.add(textStyle{size: sizeSmall, colour: colourDim}, nil, tallyHead("")...)
	figures.add(textStyle{}, nil, tallyCells(lang.L("first attempts"), p.First)...)
	figures.add(textStyle{bold: true}, nil, tallyCells(lang.L("latest attempts"), p.Latest)...)
	for _, c := range p.Categories {
		style := textStyle{}
		if c.Category == p.Weakest {
			style.colour = colourWarning
		}
		figures.add(style, nil, tallyCells(kindText(c.Category), c.Tally)...)
	}
	next := rows(6)
	if p.Weakest != "" {
		next.Add(newText(fmt.Sprintf(lang.L("Weakest category: %s"), kindText(p.Weakest)), textStyle{colour: colourWarning}))
	}
	if c := t.caseOf(p.Next); c != nil {
		start := newButton(t.host, lessonWords(c).Title, theme.NavigateNextIcon(), buttonPrimary, "", func() { t.startLesson(c, t.chosenLimit()) })
		next.Add(columns(8, middle(newText(fmt.Sprintf(lang.L("Next, %s:"), nextText(p.NextWhy)), textStyle{})), start, layout.NewSpacer()))
	} else if p.NextWhy != "" {
		next.Add(newText(nextText(p.NextWhy), textStyle{colour: colourSuccess}))
	}
	content := container.NewVScroll(inset(rows(14, next, plots, container.NewStack(newFill(colourPanel), figures.box), definitions()), 18, 18, 14, 14))
	t.page(title, t.showLibrary, content, export)
}

func (t *teaching) chosenLimit() time.Duration {
	return time.Duration(t.window.remembered.FloatWithFallback(preferenceLimit, 0)) * time.Second
}

// curves draw each attempt in the order of time.
func (t *teaching) curves() (sensitivity, errorMM, wrong, seconds *chart) {
	n := len(t.attempts)
	least := fyne.NewSize(300, 150)
	x := lang.L("attempt")
	sensitivity = newChart(lang.L("sensitivity"), x, least)
	wrong = newChart(lang.L("false marks"), x, least)
	errorMM = newChart(lang.L("mean error, mm"), x, least)
	seconds = newChart(lang.L("time, s"), x, least)
	draw := func(c *chart, colour fyne.ThemeColorName, low, high float64, value func(a *teach.Attempt) float64) {
		s := series{colour: theme.Color(colour), line: true, dots: true}
		for i := range t.attempts {
			y := value(&t.attempts[i])
			s.xs, s.ys = append(s.xs, float64(i+1)), append(s.ys, y)
			if !math.IsNaN(y) {
				high = max(high, y)
			}
		}
		c.set([2]float64{1, float64(max(n, 2))}, [2]float64{low, math.Ceil(high)}, []series{s}, nil)
	}
	number := func(v qa.Number) float64 { return float64(v) }
	draw(sensitivity, colourSuccess, 0, 1, func(a *teach.Attempt) float64 { return number(a.Score.Sensitivity()) })
	draw(wrong, colourWarning, 0, 2, func(a *teach.Attempt) float64 { return float64(a.Score.False) })
	draw(errorMM, colourAccent, 0, 4, func(a *teach.Attempt) float64 { return number(a.Score.MeanErrorMM) })
	draw(seconds, colourText, 0, 60, func(a *teach.Attempt) float64 { return a.Seconds })
	return sensitivity, errorMM, wrong, seconds
}

// exportCSV asks where, and writes.
func (t *teaching) exportCSV(attempts []teach.Attempt, name string) {
	var b bytes.Buffer
	if err := teach.WriteCSV(csv.NewWriter(&b), attempts); err != nil {
		t.failed(lang.L("Export"), err)
		return
	}
	t.window.askExport(export{
		title: lang.L("Export as CSV"), folder: t.window.exportFolder(), name: shorten(name, 40) + ".csv", fill: written(b.Bytes()),
		say: t.say, failed: lang.L("Export: %v"), done: lang.L("Exported to %s."),
	})
}

// askGroup lets a teacher choose a folder of results.
func (t *teaching) askGroup() {
	start := ""
	if t.results.Dir != "" {
		start = filepath.Dir(t.results.Dir)
	}
	t.window.askFolder(lang.L("Choose a folder of results: learners' folders, as they were handed in"), start, t.showGroup)
}

// showGroup reads the results in dir and shows learners and cases.
func (t *teaching) showGroup(dir string) {
	t.leavePage()
	t.page(lang.L("Group"), t.showLibrary, container.NewCenter(newText(lang.L("Reading the results …"), textStyle{colour: colourDim})))
	var g *teach.Group
	t.work(func(context.Context) error {
		g = teach.GroupOf(dir)
		return nil
	}, func(error) { t.showGroupOf(dir, g) })
}

func (t *teaching) showGroupOf(dir string, g *teach.Group) {
	export := newButton(t.host, lang.L("Export as CSV"), theme.DocumentSaveIcon(), buttonNormal, lang.L("Every attempt as a line of a table"), func() { t.exportCSV(g.Attempts, filepath.Base(dir)) })
	export.setEnabled(len(g.Attempts) > 0)
	content := rows(14)
	if len(g.Errors) > 0 {
		content.Add(newText(fmt.Sprintf(lang.L("%d files could not be read: %s"), len(g.Errors), g.Errors[0]), textStyle{size: sizeSmall, colour: colourWarning, shrink: true, minWidth: 300}))
	}
	if len(g.Attempts) == 0 {
		content.Add(newText(fmt.Sprintf(lang.L("%s holds no attempt: gather the learners' folders in it."), dir), textStyle{colour: colourDim}))
		t.page(lang.L("Group"), t.showLibrary, inset(content, 18, 18, 14, 14), export)
		return
	}
	learners := newTable(t.host, 180, 90, 90, 60, 80, 70, 60, 190)
	learners.add(textStyle{size: sizeSmall, colour: colourDim}, nil, append(tallyHead(lang.L("learner, latest attempts")), lang.L("cases"), lang.L("weakest"))...)
	for _, l := range g.Learners {
		learners.add(textStyle{}, nil, append(tallyCells(l.Learner, l.Latest), fmt.Sprint(l.Cases), kindText(l.Weakest))...)
	}
	learners.add(textStyle{bold: true}, nil, append(tallyCells(lang.L("all"), g.All), "", "")...)
	cases := newTable(t.host, 180, 90, 90, 60, 80, 70, 60, 190)
	cases.add(textStyle{size: sizeSmall, colour: colourDim}, nil, append(tallyHead(lang.L("case, first attempts, hardest first")), lang.L("learners"), lang.L("most often mistaken for a clip"))...)
	for _, c := range g.Cases {
		title := c.Title
		if k := t.caseOf(c.Case); k != nil {
			title = lessonWords(k).Title
		}
		mistaken := ""
		if len(c.Mistaken) > 0 {
			mistaken = fmt.Sprintf("%s × %d", kindText(c.Mistaken[0].Kind), c.Mistaken[0].Times)
		}
		r := cases.add(textStyle{}, nil, append(tallyCells(title, c.First), fmt.Sprint(c.Learners), mistaken)...)
		for _, m := range c.Missed[:min(3, len(c.Missed))] {
			r.tip = joined(r.tip, fmt.Sprintf(lang.L("clip %d missed by %d"), m.Clip, m.Times))
		}
	}
	content.Add(container.NewStack(newFill(colourPanel), learners.box))
	content.Add(container.NewStack(newFill(colourPanel), cases.box))
	content.Add(definitions())
	t.page(fmt.Sprintf(lang.L("Group · learners: %d · attempts: %d"), len(g.Learners), len(g.Attempts)), t.showLibrary, container.NewVScroll(inset(content, 18, 18, 14, 14)), export)
}
