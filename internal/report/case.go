package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"time"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

//go:embed case.html batch.html style.css
var files embed.FS

// Case is what a report of one case is made of.
type Case struct {
	Result      *qa.Result
	Rules       *qa.Rules
	CT          *volume.Volume // nil: no pictures
	Version     string         // of the program
	When        time.Time
	Identifiers bool // name the patient, the case's folder and the files
}

// picture is one view of a pair where it differs most.
type picture struct {
	Title, Caption string
	image          *image.RGBA
}

// PNG is the picture as HTML takes it.
func (p *picture) PNG() (template.URL, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, p.image); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// figure is one metric of a pair as text.
type figure struct{ Name, Value, Unit, Text string }

type pairView struct {
	Title, How, Offset string
	Figures            []figure
	Slices             []qa.Slice // the worst first, at most worstShown
	Histogram          template.HTML
	Pictures           []*picture
}

const worstShown = 5

// CaseHTML returns the report of one case.
func CaseHTML(c Case) ([]byte, error) {
	view := struct {
		Case
		Style       template.CSS
		Title, Date string
		Pairs       []pairView
	}{Case: c, Title: c.title(), Date: c.When.Format("2006-01-02 15:04"), Pairs: c.pairs()}
	return render("case.html", &view.Style, &view)
}

func (c *Case) title() string {
	if c.Identifiers {
		return "Contour QA of " + c.Result.Case
	}
	return "Contour QA"
}

// pairs is what a report shows of each pair.
func (c *Case) pairs() []pairView {
	var views []pairView
	draw := newPainter(c.CT)
	for i := range c.Result.Pairs {
		p := &c.Result.Pairs[i]
		v := pairView{Title: p.Ref + " = " + p.Test, How: strings.TrimPrefix(p.How, "by "), Offset: p.OffsetText, Slices: p.Worst[:min(worstShown, len(p.Worst))], Histogram: histogram(p.HistogramMM)}
		for _, d := range c.Rules.Definitions() {
			n, _ := p.Value(d.Key)
			v.Figures = append(v.Figures, figure{d.Name, number(n), d.Unit, d.Text})
		}
		if len(p.Worst) > 0 && c.CT != nil && p.RefMask != nil && p.TestMask != nil {
			v.Pictures = draw.pair(p)
		}
		views = append(views, v)
	}
	return views
}

func number(n qa.Number) string {
	if !n.Exists() {
		return "undefined"
	}
	return fmt.Sprintf("%.3f", float64(n))
}

// render fills the template of that name; style is where view wants the style sheet.
func render(name string, style *template.CSS, view any) ([]byte, error) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		return nil, err
	}
	*style = template.CSS(css)
	t, err := template.New(name).Funcs(template.FuncMap{
		"letters": func(v volume.Vec) string { return qa.Letters(v) },
		"number":  number,
		"short":   short,
		"plus":    func(n int) int { return n + 1 },
	}).ParseFS(files, name)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return b.Bytes(), nil
}

// painter draws the views of pairs.
type painter struct {
	ct *volume.Volume
	r  *viewer.Renderer
}

func newPainter(ct *volume.Volume) painter { return painter{ct, viewer.NewRenderer()} }

// Size of a picture, and how much of the patient it shows.
const (
	picturePx = 420
	zoomMost  = 6
)

// pair draws the three planes through the place where the two surfaces lie farthest apart, and the surface of the reference
// coloured by how far off that of the test is.
func (d painter) pair(p *qa.PairResult) []*picture {
	white, orange, blue := color.RGBA{255, 255, 255, 255}, color.RGBA{0xE6, 0x9F, 0x00, 255}, color.RGBA{0x56, 0xB4, 0xE9, 255}
	lacking, added := p.RefMask.Subtract(p.TestMask), p.TestMask.Subtract(p.RefMask)
	var all []*picture
	for _, plane := range []viewer.Plane{viewer.Axial, viewer.Sagittal, viewer.Coronal} {
		s := viewer.Scene{
			Volume: d.ct, Plane: plane, CursorMM: p.WorstMM, Window: viewer.Window{CentreHU: 40, WidthHU: 400}, Smooth: true,
			WidthPx: picturePx, HeightPx: picturePx, Crosshair: true,
			Overlays: []viewer.Overlay{
				{Mask: lacking, Colour: blue, Fill: shade},
				{Mask: added, Colour: orange, Fill: shade},
				{Mask: p.RefMask, Colour: white, WidthPx: 1.5},
				{Mask: p.TestMask, Colour: orange, WidthPx: 1.5},
			},
		}
		d.frame(&s, p)
		dst := image.NewRGBA(image.Rect(0, 0, picturePx, picturePx))
		d.r.Render(dst, &s)
		edge := viewer.EdgeLetters(&s)
		all = append(all, &picture{
			Title:   plane.String(),
			Caption: fmt.Sprintf("%s; left edge %s, right edge %s, top %s", viewer.PositionText(&s, "slice"), edge.Left, edge.Right, edge.Top),
			image:   dst,
		})
	}
	return append(all, distanceMap(p)...)
}

// shade is the opacity of what only one of the two holds.
const shade = 0.35

// frame zooms on the two structures, with room round them.
func (d painter) frame(s *viewer.Scene, p *qa.PairResult) {
	box := p.RefMask.Bounds().Union(p.TestMask.Bounds())
	g := d.ct.Grid
	lo := g.ToPatient(float64(box.Min[0]), float64(box.Min[1]), float64(box.Min[2]))
	hi := g.ToPatient(float64(box.Max[0]-1), float64(box.Max[1]-1), float64(box.Max[2]-1))
	middle := lo.Add(hi).Scale(0.5)
	extentPx := viewer.PxPerMM(s) * (lo.Distance(hi) + 40)
	s.Zoom = math.Max(1, math.Min(zoomMost, picturePx/extentPx))
	viewer.Centre(s, middle)
}
