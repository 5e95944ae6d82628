package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clipwright/clipwright/internal/qa"
)

func TestQAOfOneCaseAndOfAFolder(t *testing.T) {
	dir := writeCase(t, leftClips()...)
	rs := filepath.Join(dir, "rs.dcm")
	if code, _, errOut := call(t, nil, "draft", "--ct", filepath.Join(dir, "ct"), "--clips", filepath.Join(dir, "truth.dcm"), "--margin-mm", "10", "--out", rs); code != ExitOK {
		t.Fatal(errOut)
	}
	result, page, paper := filepath.Join(dir, "qa.json"), filepath.Join(dir, "qa.html"), filepath.Join(dir, "qa.pdf")
	code, out, errOut := call(t, nil, "qa", dir, "--json", result, "--html", page, "--pdf", paper)
	if code != ExitOK {
		t.Fatal(errOut)
	}
	if !strings.Contains(out, "4 found, 0 missed, 0 extra") || !strings.Contains(out, "against truth.dcm") {
		t.Error(out)
	}
	var results []qa.Result
	readJSON(t, result, &results)
	if len(results) != 1 || results[0].Clips.Found != 4 || len(results[0].Pairs) != 1 || results[0].Pairs[0].DSC != 1 {
		t.Errorf("%+v", results)
	}
	if b, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(b), "<!DOCTYPE html>") {
		t.Errorf("report: %v", err)
	}
	if b, err := os.ReadFile(paper); err != nil || !strings.HasPrefix(string(b), "%PDF-") {
		t.Errorf("the PDF: %v", err)
	}
	if code, _, errOut = call(t, nil, "qa", dir, "--html", page); code != ExitFailure || !strings.Contains(errOut, "exists already") {
		t.Errorf("an existing report: %d %s", code, errOut)
	}
	root, summary := t.TempDir(), filepath.Join(t.TempDir(), "out")
	if err := os.Rename(dir, filepath.Join(root, "case")); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, "case")
	if code, out, errOut = call(t, nil, "qa", root, "--out", summary); code != ExitOK || !strings.Contains(out, "1 cases: 1 pass") && !strings.Contains(out, "1 to look at") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	for _, name := range []string{"summary.csv", "summary.json", "summary.html", "summary.pdf", "rules.toml"} {
		if _, err := os.Stat(filepath.Join(summary, name)); err != nil {
			t.Error(err)
		}
	}
	if code, _, _ = call(t, nil, "qa", dir, "--out", summary, "--json", "x.json"); code != ExitUsage {
		t.Errorf("--json with --out: %d", code)
	}
	if code, _, errOut = call(t, nil, "qa", dir, "--rules", filepath.Join(dir, "truth.dcm")); code != ExitFailure {
		t.Errorf("rules that are none: %d %s", code, errOut)
	}
}
