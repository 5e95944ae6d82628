package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/clipwright/clipwright/internal/qa"
)

// notDevice is said on every report.
const notDevice = "Not a medical device: a qualified person must check."

func markOf(o qa.Outcome) Mark {
	switch o {
	case qa.Pass:
		return Good
	case qa.Look:
		return Doubtful
	}
	return Bad
}

// add appends a row whose cell column has that mark.
func (t *Table) add(column int, m Mark, cells ...string) {
	if t.Marks == nil {
		t.Marks = map[Place]Mark{}
	}
	if m != 0 {
		t.Marks[Place{len(t.Rows), column}] = m
	}
	t.Rows = append(t.Rows, cells)
}

// CasePDF returns the report of one case on paper: what CaseHTML holds.
func CasePDF(c Case) ([]byte, error) { return PDF(c.document()) }

func (c *Case) document() *Document {
	r := c.Result
	made := "Clipwright " + c.Version + ", " + c.When.Format("2006-01-02 15:04") + ". "
	d := &Document{Title: c.title(), Footer: made + notDevice, Page: "page %d of %s", When: c.When}
	var about strings.Builder
	if c.Identifiers {
		d.Header = r.Case
		if r.Patient.Name+r.Patient.ID != "" {
			fmt.Fprintf(&about, "Patient %s, ID %s. ", r.Patient.Name, r.Patient.ID)
			d.Header = r.Patient.Name + " \u00b7 " + r.Patient.ID
		}
		fmt.Fprintf(&about, "Test %s", r.Test.File)
		if r.Reference != nil {
			fmt.Fprintf(&about, ", reference %s", r.Reference.File)
		}
		about.WriteString(". ")
	}
	fmt.Fprintf(&about, "CT of %s. Rules \u201c%s\u201d.", r.Grid, r.Rules)
	first := Section{Paragraphs: []string{about.String()}}
	if c.Identifiers {
		for _, n := range r.Notices {
			first.Paragraphs = append(first.Paragraphs, "Notice: "+n)
		}
	}
	checks := &Table{Head: []string{"Outcome", "Check", "Structure", "What", "Place"}, Parts: []float64{1.3, 2.2, 1.8, 4.6, 2.6}}
	for _, k := range r.Checks {
		place := ""
		if k.PlaceMM != nil {
			place = qa.Letters(*k.PlaceMM)
		}
		checks.add(0, markOf(k.Outcome), string(k.Outcome), k.ID, k.Structure, k.Text, place)
	}
	d.Sections = append(d.Sections, first, Section{Heading: "Checks", Table: checks})
	if len(r.Clips.Clips) > 0 {
		d.Sections = append(d.Sections, c.clipSection())
	}
	if len(r.Targets) > 0 {
		t := &Table{Head: []string{"Target", "cc", "Clips inside", "To the skin mm", "To the lung mm"}, Parts: []float64{2, 1, 1, 1, 1}, Right: []bool{false, true, true, true, true}}
		for _, k := range r.Targets {
			t.add(0, 0, k.Name, fmt.Sprintf("%.2f", k.CC), fmt.Sprintf("%d of %d", k.Inside, len(k.Clips)), number(k.SkinMM), number(k.LungMM))
		}
		d.Sections = append(d.Sections, Section{Heading: "Targets", Table: t})
	}
	pairs := c.pairs()
	for i := range pairs {
		d.Sections = append(d.Sections, pairs[i].sections(r.Pairs[i].HistogramMM)...)
	}
	return d
}

func (c *Case) clipSection() Section {
	r := &c.Result.Clips
	s := Section{Heading: "Clips"}
	if c.Result.Reference != nil {
		s.Paragraphs = []string{fmt.Sprintf("%d found, %d missed, %d extra, matched one to one within %g mm of their centres.", r.Found, r.Missed, r.Extra, c.Rules.Metrics.HitRadiusMM)}
	}
	s.Table = &Table{
		Head:  []string{"State", "Reference", "Test", "Centre error mm", "Offset", "Place"},
		Parts: []float64{1, 1, 1, 1.4, 2.4, 2.4}, Right: []bool{false, true, true, true, false, false},
	}
	for _, k := range r.Clips {
		var ref, test, off string
		if k.Ref > 0 {
			ref = strconv.Itoa(k.Ref)
		}
		if k.Test > 0 {
			test = strconv.Itoa(k.Test)
		}
		if k.ErrorMM.Exists() {
			off = number(k.ErrorMM)
		}
		mark := map[string]Mark{qa.Missed: Bad, qa.Extra: Doubtful}[k.State]
		s.Table.add(0, mark, k.State, ref, test, off, k.Offset, qa.Letters(k.CentreMM))
	}
	return s
}

// sections is what a report on paper says of a pair whose histogram is counts.
func (v *pairView) sections(counts []int) []Section {
	how := "Paired by " + v.How + "."
	if v.Offset != "" {
		how += " The test lies " + v.Offset + " from the reference."
	}
	figures := &Table{Head: []string{"Figure", "Value", "Unit", "Definition"}, Parts: []float64{1.7, 1, 0.7, 5.6}, Right: []bool{false, true, false, false}}
	for _, f := range v.Figures {
		figures.add(0, 0, f.Name, f.Value, f.Unit, f.Text)
	}
	all := []Section{{Heading: v.Title, Paragraphs: []string{how}, Table: figures}}
	if len(v.Slices) > 0 {
		t := &Table{
			Head:  []string{"Slice", "Largest distance mm", "DSC there", "Added path mm", "Place"},
			Parts: []float64{1, 1.8, 1.2, 1.4, 3}, Right: []bool{true, true, true, true, false},
		}
		for _, s := range v.Slices {
			t.add(0, 0, strconv.Itoa(s.Index+1), fmt.Sprintf("%.1f", s.LargestMM), fmt.Sprintf("%.3f", s.DSC), fmt.Sprintf("%.1f", s.AddedPathMM), qa.Letters(s.PlaceMM))
		}
		all = append(all, Section{Paragraphs: []string{"Where they differ most, the worst slice first:"}, Table: t})
	}
	if len(v.Pictures) > 0 {
		s := Section{Paragraphs: []string{"Reference white, test orange. Blue is in the reference alone, orange in the test alone."}}
		for _, q := range v.Pictures {
			s.Pictures = append(s.Pictures, Picture{q.image, q.Title + ": " + q.Caption})
		}
		all = append(all, s)
	}
	last := 0
	for i, n := range counts {
		if n > 0 {
			last = i + 1
		}
	}
	if last > 0 {
		end := fmt.Sprintf("%.1f mm", float64(last)/2)
		if last == len(counts) {
			end += " and more"
		}
		all = append(all, Section{
			Paragraphs: []string{"Surface voxels by distance to the other surface, both ways, half a millimetre a bar:"},
			Bars:       &Bars{Counts: counts[:last], First: "0 mm", Last: end},
		})
	}
	return all
}

// BatchPDF returns the summary of many cases on paper: outcomes, box plots, every row, definitions.
func BatchPDF(b Batch) ([]byte, error) { return PDF(b.document()) }

func (b *Batch) document() *Document {
	rows, definitions := qa.Rows(b.Records), b.Rules.Definitions()
	made := "Clipwright " + b.Version + ", " + b.When.Format("2006-01-02 15:04") + ". "
	count := qa.Outcomes(rows)
	d := &Document{
		Title: fmt.Sprintf("Contour QA of %d cases", len(b.Records)), Footer: made + notDevice, Page: "page %d of %s", When: b.When, Sideways: true,
		Sections: []Section{{Paragraphs: []string{fmt.Sprintf("%d pass, %d to look at, %d fail, %d broken. Rules \u201c%s\u201d.",
			count[qa.Pass], count[qa.Look], count[qa.Fail], count[qa.Broken], b.Rules.Name)}}},
	}
	names, units := map[string]string{}, map[string]string{}
	for _, k := range definitions {
		names[k.Key], units[k.Key] = k.Name, k.Unit
	}
	spread := Section{Heading: "How the cases spread", Paragraphs: []string{"Box: first to third quartile; line: median; whiskers: within 1.5 interquartile ranges; rings lie beyond."}}
	spreads := qa.Spreads(rows)
	for i := range spreads {
		if s := &spreads[i]; s.Least < s.Most {
			spread.Boxes = append(spread.Boxes, boxOf(s, fmt.Sprintf("%s, %s: %d cases, median %s %s", s.Structure, names[s.Key], s.N, short(s.Median), units[s.Key])))
		}
	}
	if len(spread.Boxes) > 0 {
		d.Sections = append(d.Sections, spread)
	}
	t := &Table{Head: []string{"Case", "Outcome", "Fail", "Look", "Structure"}, Parts: []float64{2, 1.6, 0.9, 1, 2}, Right: []bool{false, false, true, true, false}}
	for _, k := range definitions {
		t.Head, t.Parts, t.Right = append(t.Head, k.Name), append(t.Parts, 1.7), append(t.Right, true)
	}
	t.Head, t.Parts, t.Right = append(t.Head, "Clips found, missed, extra", "Reason"), append(t.Parts, 1.4, 2.6), append(t.Right, true, false)
	for i := range rows {
		r := &rows[i]
		line := []string{r.Case, string(r.Outcome), strconv.Itoa(r.Failed), strconv.Itoa(r.Look), r.Structure}
		out := map[string]bool{}
		for _, k := range r.Outliers {
			out[k] = true
		}
		var shaded []int
		for _, k := range definitions {
			text := ""
			if n := r.Value(k.Key); n.Exists() {
				text = number(n)
			}
			if out[k.Key] {
				shaded = append(shaded, len(line))
			}
			line = append(line, text)
		}
		t.add(1, markOf(r.Outcome), append(line, fmt.Sprintf("%d, %d, %d", r.Found, r.Missed, r.Extra), r.Reason)...)
		for _, column := range shaded {
			t.Marks[Place{len(t.Rows) - 1, column}] = Shaded
		}
	}
	meanings := &Table{Head: []string{"Figure", "Unit", "Definition"}, Parts: []float64{2, 0.6, 9}}
	for _, k := range definitions {
		meanings.add(0, 0, k.Name, k.Unit, k.Text)
	}
	d.Sections = append(d.Sections,
		Section{Heading: "Cases", Paragraphs: []string{"Shaded figures are outliers among five or more cases."}, Table: t},
		Section{Heading: "Definitions", Table: meanings})
	return d
}

// boxOf is what a box plot shows of s.
func boxOf(s *qa.Spread, title string) Box {
	b := Box{Title: title, Least: s.Least, Most: s.Most, LowWhisker: s.Q1, Q1: s.Q1, Median: s.Median, Q3: s.Q3, HiWhisker: s.Q3}
	for _, v := range s.Values() {
		if v < s.LowFence || v > s.HighFence {
			b.Beyond = append(b.Beyond, v)
			continue
		}
		b.LowWhisker, b.HiWhisker = min(b.LowWhisker, v), max(b.HiWhisker, v)
	}
	return b
}
