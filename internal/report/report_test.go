package report

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/volume"
)

// keep writes what a test made to the folder that CLIPWRIGHT_REPORTS names, to be looked at.
func keep(t *testing.T, name string, file []byte) {
	t.Helper()
	if dir := os.Getenv("CLIPWRIGHT_REPORTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func ball(g *volume.Grid, centre volume.Vec, mm float64) *volume.Mask {
	return volume.MaskWhere(g, func(x, y, z int) bool {
		return g.ToPatient(float64(x), float64(y), float64(z)).Distance(centre) <= mm
	})
}

// sample is a result of one pair, with a name that is no text to trust.
func sample() Case {
	g := volume.NewUniformGrid(60, 60, 20, 2, 2, 3, volume.Vec{-59, -59, -30})
	ref, test := ball(g, volume.Vec{}, 18), ball(g, volume.Vec{6, 0, 0}, 18)
	place := volume.Vec{6, 0, 0}
	return Case{
		Result: &qa.Result{
			Case: "secret-folder", Reference: &qa.SetInfo{File: "secret-ref.dcm"}, Test: qa.SetInfo{File: "secret-test.dcm"}, Grid: "20 slices",
			Notices: []string{"secret-test.dcm: odd"},
			Pairs:   []qa.PairResult{{Ref: "<script>alert(1)</script>", Test: "CTV", How: qa.ByHand, Metrics: qa.Measure(ref, test, qa.Tolerances{SurfaceMM: 2}), RefMask: ref, TestMask: test}},
			Checks:  []qa.Check{{ID: "islands", Outcome: qa.Look, Text: "a part", PlaceMM: &place}},
		},
		Rules: qa.DefaultRules(), CT: volume.NewVolume(g), Version: "1", When: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Identifiers: true,
	}
}

func TestACaseReportIsWholeAndSafe(t *testing.T) {
	c := sample()
	c.Result.Patient.Name, c.Result.Patient.ID = "Secret^Name", "SECRET-7"
	page, err := CaseHTML(c)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, want := range []string{"secret-folder", "Secret^Name", "HD95", "Hausdorff distance", "2026-01-02 03:04", "&lt;script&gt;", "a part", "L 6.0"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "ZgotmplZ") {
		t.Error("a name in the file became markup")
	}
	if m := regexp.MustCompile(`(src|href)="([^d][^"]*)"`).FindString(text); m != "" {
		t.Errorf("the report needs another file: %s", m)
	}
	pictures := regexp.MustCompile(`data:image/png;base64,([^"]+)"`).FindAllStringSubmatch(text, -1)
	if len(pictures) != 6 { // three planes and three views of the distance map
		t.Fatalf("%d pictures", len(pictures))
	}
	for i, p := range pictures[:3] {
		raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(p[1], "&#43;", "+"))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		white, orange := 0, 0
		for y := range picturePx {
			for x := range picturePx {
				r, g, b, _ := img.At(x, y).RGBA()
				if r > 0xF000 && g > 0xF000 && b > 0xF000 {
					white++
				}
				if r > 0xD000 && b < 0x2000 {
					orange++
				}
			}
		}
		// The planes meet where the surfaces lie farthest apart, which may be beyond one of the two; the axial slice cuts both.
		if white+orange < 100 || i == 0 && (white < 50 || orange < 50) {
			t.Errorf("a picture shows %d pixels of the reference and %d of the test", white, orange)
		}
	}

	paper, err := CasePDF(c)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "case.pdf", paper)
	if n := bytes.Count(paper, []byte("/Subtype /Image")); n != 6 {
		t.Errorf("%d pictures on paper", n)
	}
	keep(t, "case.html", page)

	c.Identifiers = false
	if page, err = CaseHTML(c); err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(strings.ToLower(string(page)), "secret"); i >= 0 {
		t.Errorf("a report without identifiers says %q", page[i:i+20])
	}
}

func TestABatchReportShowsOutliersAndReasons(t *testing.T) {
	var records []qa.CaseRecord
	for i := range 6 {
		r := sample().Result
		if i == 5 {
			r.Pairs[0].DSC = 0.1
		} else {
			r.Pairs[0].DSC += qa.Number(i) / 100
		}
		records = append(records, qa.CaseRecord{CaseHead: qa.CaseHead{Case: string(rune('a' + i))}, Results: []*qa.Result{r}})
	}
	records = append(records, qa.CaseRecord{CaseHead: qa.CaseHead{Case: "broken one", Reason: "its CT <is> damaged"}})
	b := Batch{Records: records, Rules: qa.DefaultRules(), Version: "1", When: time.Now()}
	d := b.document()
	shaded, boxes := 0, 0
	for _, s := range d.Sections {
		boxes += len(s.Boxes)
		for _, k := range s.Boxes {
			if len(k.Beyond) != 1 || k.Beyond[0] > k.LowWhisker {
				t.Errorf("%+v", k)
			}
		}
		if s.Table == nil {
			continue
		}
		for _, m := range s.Table.Marks {
			if m == Shaded {
				shaded++
			}
		}
	}
	if shaded != 1 || boxes != 1 {
		t.Errorf("%d shaded cells and %d box plots on paper", shaded, boxes)
	}
	paper, err := PDF(d)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "batch.pdf", paper)
	page, err := BatchHTML(b)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if strings.Count(text, "outlier\">0.100") != 1 || strings.Count(text, "<circle") != 1 || strings.Count(text, "<svg") != 1 {
		t.Error("the outlier is not marked once in the table and in the plot")
	}
	if !strings.Contains(text, "its CT &lt;is&gt; damaged") || strings.Contains(text, "<script") {
		t.Error("the reason is missing, or a name became markup")
	}
}
