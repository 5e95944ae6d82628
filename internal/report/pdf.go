package report

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/clipwright/clipwright/assets"
)

// Sizes on an A4 page, mm and points.
const (
	pageWidthMM  = 210.0
	pageHeightMM = 297.0
	edgeMM       = 16.0
	topMM        = 18.0
	bottomMM     = 18.0
	textMM       = pageWidthMM - 2*edgeMM

	bodyPt    = 9.0
	smallPt   = 7.5
	headingPt = 11.5
	titlePt   = 17.0

	mmPerPt  = 25.4 / 72
	leading  = 1.35 // of the size
	padMM    = 1.2  // of table cells
	pictureG = 3.0  // between pictures, mm
)

// page lays out a document from top to bottom.
type page struct {
	f    *fpdf.Fpdf
	size float64 // points
	bold bool
	y    float64 // where the next thing goes, mm
}

// PDF lays d out on A4 and returns the file. Latin, Greek and Cyrillic letters are drawn with the Go fonts, Chinese ones with
// those of assets; both are embedded, cut to what is used. The same document gives the same bytes.
func PDF(d *Document) ([]byte, error) {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetAutoPageBreak(false, 0)
	f.SetCatalogSort(true)
	f.SetCreationDate(d.When)
	f.SetModificationDate(d.When)
	f.SetTitle(d.Title, true)
	f.SetCreator("Clipwright", true)
	f.AddUTF8FontFromBytes("latin", "", goregular.TTF)
	f.AddUTF8FontFromBytes("latin", "B", gobold.TTF)
	f.AddUTF8FontFromBytes("chinese", "", assets.ChineseTTF)
	f.AddUTF8FontFromBytes("chinese", "B", assets.ChineseBoldTTF)
	f.AliasNbPages("{pages}")
	p := &page{f: f}
	f.SetHeaderFunc(func() {
		p.style(smallPt, false)
		p.grey()
		p.line(edgeMM, 9, d.Header)
		p.black()
	})
	f.SetFooterFunc(func() {
		p.style(smallPt, false)
		p.grey()
		p.line(edgeMM, pageHeightMM-12, d.Footer)
		number := fmt.Sprintf(d.Page, f.PageNo(), "{pages}")
		p.line(pageWidthMM-edgeMM-p.width(strings.ReplaceAll(number, "{pages}", "99")), pageHeightMM-12, number)
		p.black()
	})
	p.next()
	p.style(titlePt, true)
	p.paragraph(d.Title)
	p.y += 2
	for i := range d.Sections {
		p.section(&d.Sections[i])
	}
	p.sign(d.Sign)
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, fmt.Errorf("report: write PDF: %w", err)
	}
	return b.Bytes(), nil
}

func (p *page) next() {
	size, bold := p.size, p.bold
	p.f.AddPage() // writes header and footer, in their own style
	p.y = topMM
	p.style(size, bold)
}

// room begins a new page where less than mm is left.
func (p *page) room(mm float64) {
	if p.y+mm > pageHeightMM-bottomMM {
		p.next()
	}
}

func (p *page) style(size float64, bold bool) { p.size, p.bold = size, bold }
func (p *page) grey()                         { p.f.SetTextColor(110, 110, 110) }
func (p *page) black()                        { p.f.SetTextColor(0, 0, 0) }
func (p *page) lineMM() float64               { return p.size * mmPerPt * leading }

// firstChinese is where the scripts of East Asia begin (CJK Radicals Supplement).
const firstChinese = 0x2E80

// font chooses the font for a run of text that begins with r.
func (p *page) font(chinese bool) {
	family, style := "latin", ""
	if chinese {
		family = "chinese"
	}
	if p.bold {
		style = "B"
	}
	p.f.SetFont(family, style, p.size)
}

// runs calls each with every part of s that one font draws.
func (p *page) runs(s string, each func(run string)) {
	start, chinese := 0, false
	for i, r := range s {
		is := r >= firstChinese
		if i > start && is != chinese {
			p.font(chinese)
			each(s[start:i])
			start = i
		}
		chinese = is
	}
	if start < len(s) {
		p.font(chinese)
		each(s[start:])
	}
}

func (p *page) width(s string) (mm float64) {
	p.runs(s, func(run string) { mm += p.f.GetStringWidth(run) })
	return mm
}

// line writes s with its left end at x and its top at y.
func (p *page) line(x, y float64, s string) {
	base := y + p.size*mmPerPt
	p.runs(s, func(run string) {
		p.f.Text(x, base, run)
		x += p.f.GetStringWidth(run)
	})
}

// wrap breaks s into lines of at most mm: at spaces, beside Chinese characters, and within words that are longer than a line.
func (p *page) wrap(s string, mm float64) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		now := ""
		for _, word := range words(paragraph) {
			if p.width(strings.TrimRight(now+word, " ")) <= mm {
				now += word
				continue
			}
			if now != "" {
				lines = append(lines, strings.TrimRight(now, " "))
			}
			now = ""
			for _, r := range word {
				if now != "" && p.width(now+string(r)) > mm {
					lines, now = append(lines, now), ""
				}
				now += string(r)
			}
		}
		lines = append(lines, strings.TrimRight(now, " "))
	}
	return lines
}

// words cuts s where a line may break; spaces stay with the word before. A mark that ends a Chinese clause does too.
func words(s string) []string {
	const closing = "，。；：！？）》」』、"
	var all []string
	start := 0
	var before rune
	for i, r := range s {
		breaks := before == ' ' && r != ' ' || i > 0 && (r >= firstChinese || before >= firstChinese) && r != ' ' && !strings.ContainsRune(closing, r)
		if breaks && i > start {
			all = append(all, s[start:i])
			start = i
		}
		before = r
	}
	return append(all, s[start:])
}

// paragraph writes s over the width of the page.
func (p *page) paragraph(s string) {
	for _, l := range p.wrap(s, textMM) {
		p.room(p.lineMM())
		p.line(edgeMM, p.y, l)
		p.y += p.lineMM()
	}
}

func (p *page) section(s *Section) {
	if s.Heading != "" {
		p.style(headingPt, true)
		p.room(p.lineMM() + 12) // a heading never stands alone at the end of a page
		p.y += 3
		p.paragraph(s.Heading)
		p.f.SetDrawColor(190, 190, 190)
		p.f.SetLineWidth(0.2)
		p.f.Line(edgeMM, p.y, pageWidthMM-edgeMM, p.y)
		p.y += 1.5
	}
	p.style(bodyPt, false)
	for _, text := range s.Paragraphs {
		p.paragraph(text)
		p.y += 0.8
	}
	if s.Table != nil {
		p.table(s.Table)
	}
	p.pictures(s)
}

func (p *page) table(t *Table) {
	n := len(t.Head)
	for _, r := range t.Rows {
		n = max(n, len(r))
	}
	if n == 0 {
		return
	}
	widths, total := make([]float64, n), 0.0
	for i := range widths {
		widths[i] = 1
		if t.Parts != nil {
			widths[i] = t.Parts[i]
		}
		total += widths[i]
	}
	for i := range widths {
		widths[i] *= textMM / total
	}
	p.style(bodyPt, false)
	if t.Head != nil {
		p.bold = true
		p.row(t, t.Head, widths)
		p.bold = false
	}
	for _, r := range t.Rows {
		if t.Head != nil && p.y+p.rowMM(r, widths) > pageHeightMM-bottomMM { // the head again, on the next page
			p.next()
			p.bold = true
			p.row(t, t.Head, widths)
			p.bold = false
		}
		p.row(t, r, widths)
	}
	p.y += 1
}

// rowMM is the height of a row.
func (p *page) rowMM(cells []string, widths []float64) float64 {
	most := 1
	for i, c := range cells {
		most = max(most, len(p.wrap(c, widths[i]-2*padMM)))
	}
	return float64(most)*p.lineMM() + padMM
}

func (p *page) row(t *Table, cells []string, widths []float64) {
	height := p.rowMM(cells, widths)
	p.room(height)
	x := edgeMM
	for i, c := range cells {
		for k, l := range p.wrap(c, widths[i]-2*padMM) {
			at := x + padMM
			if t.Right != nil && t.Right[i] {
				at = x + widths[i] - padMM - p.width(l)
			}
			p.line(at, p.y+padMM/2+float64(k)*p.lineMM(), l)
		}
		x += widths[i]
	}
	p.y += height
	p.f.SetDrawColor(225, 225, 225)
	p.f.SetLineWidth(0.1)
	p.f.Line(edgeMM, p.y, pageWidthMM-edgeMM, p.y)
}

// pictures sets them in a grid, each as wide as its column.
func (p *page) pictures(s *Section) {
	columns := s.Columns
	if columns == 0 {
		columns = 3
	}
	width := (textMM - float64(columns-1)*pictureG) / float64(columns)
	for from := 0; from < len(s.Pictures); from += columns {
		line := s.Pictures[from:min(from+columns, len(s.Pictures))]
		tall := 0.0
		for _, q := range line {
			b := q.Image.Bounds()
			tall = max(tall, width*float64(b.Dy())/float64(b.Dx()))
		}
		p.style(smallPt, false)
		caption := p.lineMM() + 2.5
		p.room(tall + caption)
		for i, q := range line {
			x := edgeMM + float64(i)*(width+pictureG)
			p.picture(q, x, width)
			for k, l := range p.wrap(q.Caption, width) {
				if k == 0 {
					p.line(x, p.y+tall+0.8, l)
				}
			}
		}
		p.y += tall + caption
	}
}

func (p *page) picture(q Picture, x, width float64) {
	var b bytes.Buffer
	if err := png.Encode(&b, q.Image); err != nil {
		p.f.SetError(err)
		return
	}
	name := fmt.Sprintf("picture %d", p.f.PageNo()) + fmt.Sprintf(" %.1f %.1f", x, p.y)
	options := fpdf.ImageOptions{ImageType: "PNG"}
	p.f.RegisterImageOptionsReader(name, options, &b)
	p.f.ImageOptions(name, x, p.y, width, 0, false, options, 0, "")
}

// sign leaves a line to write on for each caption.
func (p *page) sign(captions []string) {
	if len(captions) == 0 {
		return
	}
	p.style(bodyPt, false)
	p.room(24)
	p.y += 16
	width := (textMM - float64(len(captions)-1)*8) / float64(len(captions))
	p.f.SetDrawColor(60, 60, 60)
	p.f.SetLineWidth(0.2)
	for i, c := range captions {
		x := edgeMM + float64(i)*(width+8)
		p.f.Line(x, p.y, x+width, p.y)
		p.line(x, p.y+1, c)
	}
	p.y += 8
}
