package report

import (
	"bytes"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func longDocument() *Document {
	d := &Document{
		Title: "Case report: 病例报告", Header: "Zhang^San=张^三 · 7", Footer: "Not a medical device 非医疗器械", Page: "page %d of %s",
		When: time.Date(2024, 1, 5, 7, 0, 0, 0, time.UTC), Sign: []string{"Reviewed by", "审核日期"},
	}
	t := &Table{Head: []string{"#", "Place", "mm³"}, Parts: []float64{1, 5, 1}, Right: []bool{true, false, true}}
	for range 80 {
		t.Rows = append(t.Rows, []string{"1", "L 52.1  P 34.0  S 104.5 mm ≥ 2 × 3, 距皮肤 23 mm：可能是皮肤标记，请核对这一处标记是否为钛夹；如不是请排除，并在手术记录中核对数目。", "12"})
	}
	d.Sections = []Section{
		{Heading: "Clips 钛夹", Paragraphs: []string{strings.Repeat("Words that go on and on. ", 30), strings.Repeat("x", 400)}, Table: t},
		{Heading: "Views", Pictures: []Picture{{image.NewRGBA(image.Rect(0, 0, 30, 30)), "axial"}, {image.NewRGBA(image.Rect(0, 0, 30, 40)), "矢状面"}}},
	}
	return d
}

func TestPDFIsTheSameEachTime(t *testing.T) {
	a, err := PDF(longDocument())
	if err != nil {
		t.Fatal(err)
	}
	b, err := PDF(longDocument())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two PDFs of one document differ")
	}
	if !bytes.HasPrefix(a, []byte("%PDF-")) || !bytes.Contains(a[len(a)-32:], []byte("%%EOF")) {
		t.Error("no PDF")
	}
	if len(a) > 400_000 {
		t.Errorf("%d bytes: the fonts are not cut to what is used", len(a))
	}
}

// TestPDFReadsAsWritten lets poppler read the text back, where it is installed.
func TestPDFReadsAsWritten(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed (apt-get install poppler-utils)")
	}
	data, err := PDF(longDocument())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "r.pdf")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := string(out)
	for _, want := range []string{"Case report: 病例报告", "张^三", "距皮肤", "≥ 2 × 3", "mm³", "矢状面", "审核日期", "Not a medical device 非医疗器械", "page 1 of"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q cannot be read", want)
		}
	}
	if n := strings.Count(text, "Place"); n < 3 {
		t.Errorf("the head of a long table stands on %d pages", n)
	}
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	got := words("two words，中文。end")
	if strings.Join(got, "|") != "two |words，|中|文。|end" {
		t.Errorf("%q", got)
	}
}
