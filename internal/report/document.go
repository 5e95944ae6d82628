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
}

// Table is rows of text. The first row may be a head.
type Table struct {
	Head  []string // nil for none
	Rows  [][]string
	Parts []float64 // of the width, for each column; nil shares it
	Right []bool    // numbers, set at the right; nil for none
}

// Picture is an image and the line below it.
type Picture struct {
	Image   image.Image
	Caption string
}
