package report

import (
	"html/template"
	"time"

	"github.com/clipwright/clipwright/internal/qa"
)

// Batch is what the summary of many cases is made of.
type Batch struct {
	Records []qa.CaseRecord
	Rules   *qa.Rules
	Version string
	When    time.Time
}

type cellView struct {
	Text    string
	Outlier bool
}

type rowView struct {
	qa.Row
	Cells []cellView
}

type plotView struct {
	qa.Spread
	Name, Unit string
	Plot       template.HTML
}

// BatchHTML returns the summary of many cases: outcomes, box plots, every row with its outliers, definitions.
func BatchHTML(b Batch) ([]byte, error) {
	rows := qa.Rows(b.Records)
	view := struct {
		Batch
		Style       template.CSS
		Date        string
		Outcomes    map[qa.Outcome]int
		Definitions []qa.Definition
		Rows        []rowView
		Plots       []plotView
	}{Batch: b, Date: b.When.Format("2006-01-02 15:04"), Outcomes: qa.Outcomes(rows), Definitions: b.Rules.Definitions()}
	defined := map[string]qa.Definition{}
	for _, d := range view.Definitions {
		defined[d.Key] = d
	}
	for i := range rows {
		v := rowView{Row: rows[i]}
		out := map[string]bool{}
		for _, k := range rows[i].Outliers {
			out[k] = true
		}
		for _, d := range view.Definitions {
			c := cellView{Outlier: out[d.Key]}
			if n := rows[i].Value(d.Key); n.Exists() {
				c.Text = number(n)
			}
			v.Cells = append(v.Cells, c)
		}
		view.Rows = append(view.Rows, v)
	}
	for _, s := range qa.Spreads(rows) {
		if s.Least < s.Most {
			view.Plots = append(view.Plots, plotView{s, defined[s.Key].Name, defined[s.Key].Unit, boxPlot(&s)})
		}
	}
	return render("batch.html", &view.Style, &view)
}
