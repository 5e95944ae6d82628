package report

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
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

	widthMM, heightMM float64 // of the page
	textMM            float64 // between its edges

	taken map[int]bool // widths of images, pixels
}

// PDF lays d out on A4 and returns the file. Latin, Greek and Cyrillic letters are drawn with the Go fonts, Chinese ones with
// those of assets; both are embedded, cut to what is used. The same document gives the same bytes.
func PDF(d *Document) ([]byte, error) {
	p := &page{widthMM: pageWidthMM, heightMM: pageHeightMM, taken: map[int]bool{}}
	turned := "P"
	if d.Sideways {
		p.widthMM, p.heightMM, turned = p.heightMM, p.widthMM, "L"
	}
	p.textMM = p.widthMM - 2*edgeMM
	f := fpdf.New(turned, "mm", "A4", "")
	p.f = f
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
	f.SetHeaderFunc(func() {
		p.style(smallPt, false)
		p.grey()
		p.line(edgeMM, 9, d.Header)
		p.black()
	})
	f.SetFooterFunc(func() {
		p.style(smallPt, false)
		p.grey()
		p.line(edgeMM, p.heightMM-12, d.Footer)
		number := fmt.Sprintf(d.Page, f.PageNo(), "{pages}")
		p.line(p.widthMM-edgeMM-p.width(strings.ReplaceAll(number, "{pages}", "99")), p.heightMM-12, number)
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
	if p.y+mm > p.heightMM-bottomMM {
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
	for _, l := range p.wrap(s, p.textMM) {
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
		p.f.Line(edgeMM, p.y, p.widthMM-edgeMM, p.y)
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
	p.bars(s.Bars)
	for i := range s.Boxes {
		p.box(&s.Boxes[i])
	}
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
		widths[i] *= p.textMM / total
	}
	p.style(bodyPt, false)
	if t.Head != nil {
		p.bold = true
		p.row(t, t.Head, widths, -1)
		p.bold = false
	}
	for i, r := range t.Rows {
		if t.Head != nil && p.y+p.rowMM(r, widths) > p.heightMM-bottomMM { // the head again, on the next page
			p.next()
			p.bold = true
			p.row(t, t.Head, widths, -1)
			p.bold = false
		}
		p.row(t, r, widths, i)
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

// row writes row number of t; -1 is its head.
func (p *page) row(t *Table, cells []string, widths []float64, number int) {
	height := p.rowMM(cells, widths)
	p.room(height)
	x := edgeMM
	for i, c := range cells {
		switch t.Marks[Place{number, i}] {
		case Good:
			p.f.SetTextColor(0x1A, 0x7F, 0x37)
		case Doubtful:
			p.f.SetTextColor(0x9A, 0x67, 0x00)
		case Bad:
			p.f.SetTextColor(0xB4, 0x23, 0x18)
		case Shaded:
			p.f.SetFillColor(0xFF, 0xE3, 0xB8)
			p.f.Rect(x, p.y, widths[i], height, "F")
		}
		for k, l := range p.wrap(c, widths[i]-2*padMM) {
			at := x + padMM
			if t.Right != nil && t.Right[i] {
				at = x + widths[i] - padMM - p.width(l)
			}
			p.line(at, p.y+padMM/2+float64(k)*p.lineMM(), l)
		}
		p.black()
		x += widths[i]
	}
	p.y += height
	p.f.SetDrawColor(225, 225, 225)
	p.f.SetLineWidth(0.1)
	p.f.Line(edgeMM, p.y, p.widthMM-edgeMM, p.y)
}

// pictures sets them in a grid, each as wide as its column.
func (p *page) pictures(s *Section) {
	columns := s.Columns
	if columns == 0 {
		columns = 3
	}
	width := (p.textMM - float64(columns-1)*pictureG) / float64(columns)
	for from := 0; from < len(s.Pictures); from += columns {
		line := s.Pictures[from:min(from+columns, len(s.Pictures))]
		tall := 0.0
		for _, q := range line {
			b := q.Image.Bounds()
			tall = max(tall, width*float64(b.Dy())/float64(b.Dx()))
		}
		p.style(smallPt, false)
		lines := 1
		for _, q := range line {
			lines = max(lines, len(p.wrap(q.Caption, width)))
		}
		caption := float64(lines)*p.lineMM() + 2.5
		p.room(tall + caption)
		for i, q := range line {
			x := edgeMM + float64(i)*(width+pictureG)
			p.picture(q, x, width)
			for k, l := range p.wrap(q.Caption, width) {
				p.line(x, p.y+tall+0.8+float64(k)*p.lineMM(), l)
			}
		}
		p.y += tall + caption
	}
}

// picture draws q from x on. fpdf orders the images of a file by their width and those of one width as it happens, so each
// gets a width of its own, by white columns at its right: the same document must give the same bytes.
func (p *page) picture(q Picture, x, width float64) {
	size := q.Image.Bounds()
	wide := size.Dx()
	for p.taken[wide] {
		wide++
	}
	p.taken[wide] = true
	img := q.Image
	if wide > size.Dx() {
		padded := image.NewRGBA(image.Rect(0, 0, wide, size.Dy()))
		draw.Draw(padded, padded.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(padded, image.Rect(0, 0, size.Dx(), size.Dy()), q.Image, size.Min, draw.Src)
		img = padded
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		p.f.SetError(err)
		return
	}
	name := fmt.Sprintf("picture %d", wide)
	options := fpdf.ImageOptions{ImageType: "PNG"}
	p.f.RegisterImageOptionsReader(name, options, &b)
	p.f.ImageOptions(name, x, p.y, width*float64(wide)/float64(size.Dx()), 0, false, options, 0, "")
}

// plotMM is the width of bars and boxes.
const plotMM = 110.0

func (p *page) plotInk() {
	p.f.SetDrawColor(0x0B, 0x5C, 0x8F)
	p.f.SetFillColor(0x0B, 0x5C, 0x8F)
	p.f.SetLineWidth(0.2)
}

// ends writes what stands under the two ends of a plot.
func (p *page) ends(first, last string) {
	p.style(smallPt, false)
	p.grey()
	p.line(edgeMM, p.y+0.8, first)
	p.line(edgeMM+plotMM-p.width(last), p.y+0.8, last)
	p.black()
	p.y += p.lineMM() + 2.5
	p.style(bodyPt, false)
}

func (p *page) bars(b *Bars) {
	const height = 24.0
	if b == nil {
		return
	}
	most := 0
	for _, n := range b.Counts {
		most = max(most, n)
	}
	if most == 0 {
		return
	}
	p.room(height + 8)
	p.plotInk()
	wide := plotMM / float64(len(b.Counts))
	for i, n := range b.Counts {
		if h := height * float64(n) / float64(most); h > 0 {
			p.f.Rect(edgeMM+float64(i)*wide, p.y+height-h, max(wide-0.3, 0.1), h, "F")
		}
	}
	p.y += height
	p.ends(b.First, b.Last)
}

func (p *page) box(b *Box) {
	const height = 5.0
	p.room(height + 14)
	p.paragraph(b.Title)
	span := b.Most - b.Least
	if span == 0 {
		span = 1
	}
	at := func(v float64) float64 { return edgeMM + 2 + (v-b.Least)/span*(plotMM-4) }
	y := p.y + 1
	p.plotInk()
	p.f.SetFillColor(0xD6, 0xE6, 0xF2)
	p.f.Line(at(b.LowWhisker), y+height/2, at(b.HiWhisker), y+height/2)
	p.f.Rect(at(b.Q1), y, max(at(b.Q3)-at(b.Q1), 0.3), height, "FD")
	p.f.Line(at(b.Median), y-0.7, at(b.Median), y+height+0.7)
	for _, v := range b.Beyond {
		p.f.Circle(at(v), y+height/2, 0.9, "D")
	}
	p.y = y + height
	p.ends(short(b.Least), short(b.Most))
}

// sign leaves a line to write on for each caption.
func (p *page) sign(captions []string) {
	if len(captions) == 0 {
		return
	}
	p.style(bodyPt, false)
	p.room(24)
	p.y += 16
	width := (p.textMM - float64(len(captions)-1)*8) / float64(len(captions))
	p.f.SetDrawColor(60, 60, 60)
	p.f.SetLineWidth(0.2)
	for i, c := range captions {
		x := edgeMM + float64(i)*(width+8)
		p.f.Line(x, p.y, x+width, p.y)
		p.line(x, p.y+1, c)
	}
	p.y += 8
}
