// Package archtest holds the house plan's import rules as a test: who may know whom.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clipwright/clipwright"

// mayImport lists, for every package of ours, the packages of ours it may import. A package that is
// not listed fails the test: give it a place in docs/architecture.md first.
func mayImport() map[string][]string {
	return map[string][]string{
		"":                  {"app", "app/cli", "app/session", "internal/locale", "models", "segment", "segment/onnx"},
		"app":               {"app/session", "assets", "internal/cputime", "internal/dicom", "internal/files", "internal/phantom", "internal/pinch", "internal/place", "internal/qa", "internal/report", "internal/teach", "internal/volume", "segment", "viewer", "viewer/pane"},
		"app/session":       {"internal/dicom", "internal/nifti", "internal/phantom", "internal/qa", "internal/store", "internal/volume", "segment"},
		"app/cli":           {"app/session", "internal/dicom", "internal/files", "internal/nifti", "internal/phantom", "internal/qa", "internal/report", "internal/teach", "internal/volume", "segment"},
		"assets":            {},
		"models":            {},
		"viewer":            {"internal/volume"},
		"viewer/pane":       {"internal/volume", "viewer"},
		"segment":           {"internal/volume"},
		"segment/onnx":      {"internal/volume", "segment"},
		"internal/volume":   {},
		"internal/files":    {},
		"internal/dicom":    {"internal/files", "internal/volume"},
		"internal/phantom":  {"internal/volume"},
		"internal/qa":       {"internal/dicom", "internal/volume", "segment"},
		"internal/report":   {"assets", "internal/qa", "internal/volume", "viewer"},
		"internal/store":    {"internal/volume"},
		"internal/teach":    {"internal/dicom", "internal/files", "internal/phantom", "internal/qa", "internal/volume", "segment"},
		"internal/nifti":    {"internal/files", "internal/volume"},
		"internal/locale":   {},
		"internal/cputime":  {},
		"internal/place":    {},
		"internal/pinch":    {},
		"internal/archtest": {},
	}
}

// fyneRooms may import Fyne; appDriverRooms its driver, fyne.io/fyne/v2/app; runtimeRooms the ONNX Runtime binding.
var (
	errNoRule      = errors.New("no import rule")
	fyneRooms      = []string{"", "app", "viewer/pane"}
	appDriverRooms = []string{""}
	runtimeRooms   = []string{"segment/onnx"}
)

type goPackage struct {
	ImportPath string
	Imports    []string
	CgoFiles   []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,CgoFiles", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func room(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

func violations(p goPackage, rules map[string][]string) []string {
	name := room(p.ImportPath)
	allowed, known := rules[name]
	if !known {
		return []string{name + ": " + errNoRule.Error()}
	}
	var bad []string
	for _, path := range p.Imports {
		switch {
		case strings.HasPrefix(path, module) && !slices.Contains(allowed, room(path)),
			path == "fyne.io/fyne/v2/app" && !slices.Contains(appDriverRooms, name),
			strings.HasPrefix(path, "fyne.io/") && !slices.Contains(fyneRooms, name),
			strings.Contains(path, "onnxruntime") && !slices.Contains(runtimeRooms, name):
			bad = append(bad, name+" imports "+path)
		}
	}
	if len(p.CgoFiles) > 0 && !slices.Contains(runtimeRooms, name) {
		bad = append(bad, name+" uses cgo")
	}
	return bad
}

func TestImportsFollowThePlan(t *testing.T) {
	all := packages(t)
	if len(all) < 10 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	for _, p := range all {
		for _, v := range violations(p, mayImport()) {
			t.Error(v)
		}
	}
}

func TestRulesCatchAWrongArrow(t *testing.T) {
	for _, p := range []goPackage{
		{ImportPath: module + "/internal/dicom", Imports: []string{module + "/segment"}},
		{ImportPath: module + "/viewer", Imports: []string{"fyne.io/fyne/v2"}},
		{ImportPath: module + "/app", Imports: []string{"fyne.io/fyne/v2/app"}},
		{ImportPath: module + "/segment", Imports: []string{"github.com/yalue/onnxruntime_go"}},
		{ImportPath: module + "/viewer", CgoFiles: []string{"a.go"}},
		{ImportPath: module + "/internal/unheard"},
	} {
		if len(violations(p, mayImport())) != 1 {
			t.Errorf("%+v was not caught", p)
		}
	}
}
