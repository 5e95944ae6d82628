package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"github.com/clipwright/clipwright/internal/qa"
)

// histogram draws how many surface points lie at which distance, half a millimetre a bar. It holds numbers alone.
func histogram(counts []int) template.HTML {
	most, last := 0, 0
	for i, n := range counts {
		most = max(most, n)
		if n > 0 {
			last = i
		}
	}
	if most == 0 {
		return ""
	}
	const width, height, foot = 420, 90, 18
	bar := float64(width) / float64(last+1)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" width="%d" role="img" aria-label="surface distances">`, width, height+foot, width)
	for i, n := range counts[:last+1] {
		h := float64(height) * float64(n) / float64(most)
		fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, float64(i)*bar, height-h, math.Max(bar-1, 0.5), h)
	}
	more := ""
	if last == len(counts)-1 {
		more = " and more"
	}
	fmt.Fprintf(&b, `<text x="0" y="%d">0 mm</text><text x="%d" y="%d" text-anchor="end">%.1f mm%s</text></svg>`, height+14, width, height+14, float64(last+1)/2, more)
	return template.HTML(b.String())
}

// boxPlot draws a spread: box from the first to the third quartile, median, whiskers to the last value within the
// fences, and a ring for each value beyond. It holds numbers alone.
func boxPlot(s *qa.Spread) template.HTML {
	const width, height, mid, side = 420, 44, 14, 10
	span := s.Most - s.Least
	if span == 0 {
		span = 1
	}
	at := func(v float64) float64 { return side + (v-s.Least)/span*(width-2*side) }
	low, high := s.Q1, s.Q3
	var rings strings.Builder
	for _, v := range s.Values() {
		switch {
		case v < s.LowFence || v > s.HighFence:
			fmt.Fprintf(&rings, `<circle cx="%.1f" cy="%d" r="3.5"/>`, at(v), mid)
		default:
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" width="%d" role="img" aria-label="box plot">`, width, height, width)
	fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, at(low), mid, at(high), mid)
	fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="16"/>`, at(s.Q1), mid-8, math.Max(at(s.Q3)-at(s.Q1), 1))
	fmt.Fprintf(&b, `<line class="median" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`, at(s.Median), mid-10, at(s.Median), mid+10)
	b.WriteString(rings.String())
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text></svg>`, side, height-2, short(s.Least), width-side, height-2, short(s.Most))
	return template.HTML(b.String())
}

// short is v in four digits, and never as a power of ten where it need not be.
func short(v float64) string {
	if math.Abs(v) >= 1000 && math.Abs(v) < 1e7 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
