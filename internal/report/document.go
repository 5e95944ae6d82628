package report

import (
	"image"
	"time"
)

// Document is a report on paper: sections of text, tables and pictures. Whoever makes one writes every word of it, in
// whatever language; PDF lays it out.
type Document struct {
	Title    string
	Header   string // small, at the top of every page: whose case it is
	Footer   string // small, at the bottom of every page, before the page's number
	Page     string // "page %d of %s": the page and how many there are
	When     time.Time
	Sideways bool // landscape
	Sections []Section
	Sign     []string // a line to write on for each
}

// Section is a heading and what follows it, in this order. Parts that are empty are left out.
type Section struct {
	Heading    string
	Paragraphs []string
	Table      *Table
	Pictures   []Picture
	Columns    int // of pictures; 3 when 0
	Bars       *Bars
	Boxes      []Box
}

// Table is rows of text. The first row may be a head.
type Table struct {
	Head  []string // nil for none
	Rows  [][]string
	Parts []float64 // of the width, for each column; nil shares it
	Right []bool    // numbers, set at the right; nil for none
	Marks map[Place]Mark
}

// Place is a cell of a table, its head not counted.
type Place struct{ Row, Column int }

// Mark sets a cell apart.
type Mark int

// A cell is good, to be looked at or bad by the colour of its text; Shaded lays a tint under it.
const (
	Good Mark = iota + 1
	Doubtful
	Bad
	Shaded
)

// Bars are counts drawn as bars, and what stands under the first and the last.
type Bars struct {
	Counts      []int
	First, Last string
}

// Box is a box plot: quartiles, the ends of the whiskers, what lies beyond them, and the ends of its scale.
type Box struct {
	Title                 string
	Q1, Median, Q3        float64
	LowWhisker, HiWhisker float64
	Beyond                []float64
	Least, Most           float64
}

// Picture is an image and the line below it.
type Picture struct {
	Image   image.Image
	Caption string
}
