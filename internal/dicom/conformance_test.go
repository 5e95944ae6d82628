package dicom

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConformanceStatementIsTrue holds docs/conformance.md against the code: its transfer syntaxes, its identity, and
// every element on the top level of what is written.
func TestConformanceStatementIsTrue(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, must := range []string{implementationUID, implementationVersion, classCTImage, classEnhancedCT, classLegacyCT, classStructureSet, classMediaDirectory} {
		if !strings.Contains(text, must) {
			t.Errorf("%s is not in the statement", must)
		}
	}
	rows := 0
	for _, line := range strings.Split(text, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		uid := strings.TrimSuffix(strings.Fields(cells[2] + " -")[0], ",")
		if !strings.HasPrefix(uid, syntaxImplicitLE) {
			continue
		}
		rows++
		s, ok := findSyntax(uid)
		reads, warns := strings.Contains(cells[3], "read"), strings.Contains(cells[3], "loss")
		if !ok || reads != (s.convert == "") || warns != s.lossy() {
			t.Errorf("%s: the statement says %q, the code %+v", uid, strings.TrimSpace(cells[3]), s)
		}
	}
	if rows != 15 {
		t.Errorf("%d transfer syntaxes in the statement", rows)
	}

	listed := map[string]bool{}
	for _, m := range regexp.MustCompile(`([0-9A-F]{4}),([0-9A-F]{4}(?: [0-9A-F]{4})*)\b`).FindAllStringSubmatch(text, -1) {
		for _, element := range strings.Fields(m[2]) {
			listed[m[1]+","+element] = true
		}
	}
	g := testGrid(8)
	_, _, ct := writeTestCT(t, g)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := WriteStructureSet(path, testSet(g), ct, false); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := reader{file: data}
	start, _ := sniff(data)
	_, start, err = r.meta(start, len(data))
	if err != nil {
		t.Fatal(err)
	}
	err = eachElement(data, start, coding{implicit: true}, func(e element, _, _ int) error {
		if name := strings.ToUpper(tagName(e.tag)[1:10]); !listed[name] {
			t.Errorf("%s is written but not in the statement", tagName(e.tag))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
