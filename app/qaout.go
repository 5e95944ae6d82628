package app

import (
	"encoding/json"
	"io"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/report"
)

// preferenceRules remembers the site's rules file.
const preferenceRules = "QA rules file"

// recallRules takes the rules chosen last, or where they cannot be read those that ship with the program.
func (q *qaMode) recallRules() error {
	path := q.window.remembered.String(preferenceRules)
	q.rules, q.rulesText = qa.DefaultRules(), qa.DefaultRulesText
	if path == "" {
		return nil
	}
	rules, text, err := qa.ReadRules(path)
	if err == nil {
		q.rules, q.rulesText = rules, text
	}
	return err
}

// showRulesMenu offers other rules, and these as a file to edit.
func (q *qaMode) showRulesMenu() {
	menu := fyne.NewMenu("",
		fyne.NewMenuItem(lang.L("Choose a rules file"), func() {
			q.window.askFile(lang.L("Choose a rules file"), q.rulesFolder(), q.setRules)
		}),
		fyne.NewMenuItem(lang.L("The rules that ship with the program"), func() { q.setRules("") }),
		fyne.NewMenuItem(lang.L("Save these rules, to edit them"), func() {
			q.window.askExport(export{
				title: lang.L("Save the rules"), folder: q.window.exportFolder(), name: "rules.toml", fill: written([]byte(q.rulesText)),
				say: q.say, failed: lang.L("Save the rules: %v"), done: lang.L("Saved %s. Edit it, then choose it here."),
			})
		}),
	)
	widget.NewPopUpMenu(menu, q.window.win.Canvas()).ShowAtRelativePosition(fyne.NewPos(0, q.rule.Size().Height+2), q.rule)
}

// rulesFolder is where rules files are likely to be.
func (q *qaMode) rulesFolder() string {
	if path := q.window.remembered.String(preferenceRules); path != "" {
		return filepath.Dir(path)
	}
	return q.window.exportFolder()
}

// setRules judges by the rules of a file; empty for those that ship with the program.
func (q *qaMode) setRules(path string) {
	rules, text := qa.DefaultRules(), qa.DefaultRulesText
	if path != "" {
		var err error
		if rules, text, err = qa.ReadRules(path); err != nil {
			q.failed(lang.L("Choose a rules file"), err)
			return
		}
	}
	before, beforeText, beforePath := q.rules, q.rulesText, q.window.remembered.String(preferenceRules)
	take := func(r *qa.Rules, text, path string) {
		q.rules, q.rulesText = r, text
		q.window.remembered.SetString(preferenceRules, path)
		q.lay()
	}
	take(rules, text, path)
	q.judge(nil, func() { take(before, beforeText, beforePath) })
}

// qaOutput is a form in which a comparison is saved.
type qaOutput struct {
	label, name string
	page        func(report.Case) ([]byte, error) // a report with pictures; nil for the figures of every test
}

func qaOutputs() []qaOutput {
	return []qaOutput{
		{lang.L("Report as PDF"), "qa.pdf", report.CasePDF},
		{lang.L("Report as HTML, for a browser"), "qa.html", report.CaseHTML},
		{lang.L("Table as CSV, a line for each pair"), "qa.csv", nil},
		{lang.L("All figures as JSON"), "qa.json", nil},
	}
}

// showSaveMenu offers the forms below a button.
func (q *qaMode) showSaveMenu(below fyne.CanvasObject) {
	if len(q.results) == 0 || !q.session.HasVolume() {
		return
	}
	menu := fyne.NewMenu("")
	for _, o := range qaOutputs() {
		menu.Items = append(menu.Items, fyne.NewMenuItem(o.label, func() { q.askSave(o) }))
	}
	widget.NewPopUpMenu(menu, q.window.win.Canvas()).ShowAtRelativePosition(fyne.NewPos(0, below.Size().Height+2), below)
}

// askSave asks where the comparison goes in that form. Reports are of the test that is shown.
func (q *qaMode) askSave(o qaOutput) {
	nameless := false
	results := q.results
	c := report.Case{Result: q.result(), Rules: q.rules, CT: q.session.Document().Volume, Version: q.window.version(), When: q.window.now()}
	e := export{
		title: o.label, folder: filepath.Dir(q.dir), name: o.name, say: q.say, failed: lang.L("Save the report: %v"), done: lang.L("Saved %s."),
		fill: func() (func(io.Writer) error, error) {
			made := func() ([]byte, error) { return qaFigures(o.name, results) }
			if o.page != nil {
				c.Identifiers = !nameless
				made = func() ([]byte, error) { return o.page(c) }
			}
			b, err := made()
			if err != nil {
				return nil, err
			}
			return written(b)()
		},
	}
	if o.page != nil {
		e.more = []fyne.CanvasObject{newTick(q.host, lang.L("Without patient, folder and file names"), &nameless)}
	}
	q.window.askExport(e)
}

// qaFigures is what `clipwright qa` writes of results: JSON, or the table of its summary.
func qaFigures(name string, results []*qa.Result) ([]byte, error) {
	if filepath.Ext(name) == ".csv" {
		return qa.CSV(qa.Rows([]qa.CaseRecord{{CaseHead: qa.CaseHead{Case: results[0].Case}, Results: results}}))
	}
	b, err := json.MarshalIndent(results, "", "  ")
	return append(b, '\n'), err
}
