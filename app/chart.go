package app

import (
	"fmt"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// series is one line of a chart: points in the order they are joined.
type series struct {
	colour color.Color
	xs, ys []float64 // a NaN leaves a gap
	line   bool
	dots   bool
}

// level is a line across a chart, with a word at its end.
type level struct {
	y      float64
	colour color.Color
	label  string
}

// chart is a small plot with its title, units and both ranges written on it.
type chart struct {
	widget.BaseWidget
	title  string // what is drawn, with its unit
	xTitle string
	x, y   [2]float64 // ranges, low first
	series []series
	levels []level
	min    fyne.Size
}

func newChart(title, xTitle string, least fyne.Size) *chart {
	c := &chart{title: title, xTitle: xTitle, min: least, x: [2]float64{0, 1}, y: [2]float64{0, 1}}
	c.ExtendBaseWidget(c)
	return c
}

// set shows other values.
func (c *chart) set(x, y [2]float64, all []series, levels []level) {
	for _, r := range []*[2]float64{&x, &y} {
		if !(r[1] > r[0]) {
			r[1] = r[0] + 1
		}
	}
	c.x, c.y, c.series, c.levels = x, y, all, levels
	c.Refresh()
}

// CreateRenderer draws the chart.
func (c *chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{chart: c}
	r.Refresh()
	return r
}

type chartRenderer struct {
	chart   *chart
	objects []fyne.CanvasObject
}

// Room round the plot for the texts.
const (
	chartLeft, chartRight float32 = 40, 12
	chartTop, chartBottom float32 = 20, 20
	chartDot              float32 = 6
)

func (r *chartRenderer) Destroy()                     {}
func (r *chartRenderer) MinSize() fyne.Size           { return r.chart.min }
func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *chartRenderer) Layout(fyne.Size)             { r.draw() }

func (r *chartRenderer) Refresh() {
	r.draw()
	canvas.Refresh(r.chart)
}

func (r *chartRenderer) draw() {
	c, size := r.chart, r.chart.Size()
	r.objects = nil
	if size.Width <= chartLeft+chartRight || size.Height <= chartTop+chartBottom {
		return
	}
	dim, rule := theme.Color(colourDim), theme.Color(colourLine)
	at := func(x, y float64) fyne.Position {
		u, v := (x-c.x[0])/(c.x[1]-c.x[0]), (y-c.y[0])/(c.y[1]-c.y[0])
		return fyne.NewPos(chartLeft+float32(u)*(size.Width-chartLeft-chartRight), size.Height-chartBottom-float32(v)*(size.Height-chartTop-chartBottom))
	}
	line := func(a, b fyne.Position, colour color.Color, width float32) {
		l := canvas.NewLine(colour)
		l.StrokeWidth, l.Position1, l.Position2 = width, a, b
		r.objects = append(r.objects, l)
	}
	text := func(s string, x, y float32, align fyne.TextAlign, colour color.Color) {
		t := canvas.NewText(s, colour)
		t.TextSize = theme.Size(sizeSmall)
		m := t.MinSize()
		switch align {
		case fyne.TextAlignTrailing:
			x -= m.Width
		case fyne.TextAlignCenter:
			x -= m.Width / 2
		}
		t.Move(fyne.NewPos(x, y))
		t.Resize(m)
		r.objects = append(r.objects, t)
	}
	text(c.title, 0, 0, fyne.TextAlignLeading, theme.Color(colourText))
	for _, y := range []float64{c.y[0], (c.y[0] + c.y[1]) / 2, c.y[1]} {
		p := at(c.x[0], y)
		line(p, at(c.x[1], y), rule, 1)
		text(tickText(y), chartLeft-5, p.Y-7, fyne.TextAlignTrailing, dim)
	}
	bottom := size.Height - chartBottom + 3
	text(tickText(c.x[0]), chartLeft, bottom, fyne.TextAlignLeading, dim)
	text(tickText(c.x[1]), size.Width-chartRight, bottom, fyne.TextAlignTrailing, dim)
	text(c.xTitle, chartLeft+(size.Width-chartLeft-chartRight)/2, bottom, fyne.TextAlignCenter, dim)
	for _, l := range c.levels {
		a, b := at(c.x[0], l.y), at(c.x[1], l.y)
		line(a, b, l.colour, 1)
		text(l.label, b.X, b.Y-14, fyne.TextAlignTrailing, l.colour)
	}
	for _, s := range c.series {
		for i := range s.xs {
			if math.IsNaN(s.ys[i]) {
				continue
			}
			p := at(s.xs[i], s.ys[i])
			if s.line && i > 0 && !math.IsNaN(s.ys[i-1]) {
				line(at(s.xs[i-1], s.ys[i-1]), p, s.colour, 1.5)
			}
			if s.dots {
				d := canvas.NewCircle(s.colour)
				d.Move(p.SubtractXY(chartDot/2, chartDot/2))
				d.Resize(fyne.NewSquareSize(chartDot))
				r.objects = append(r.objects, d)
			}
		}
	}
}

// tickText is a number as short as it can be.
func tickText(v float64) string { return fmt.Sprintf("%.4g", v) }
