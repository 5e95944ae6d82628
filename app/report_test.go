package app

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// TestReportSaysWhatWasLeftOutAndSeriesHavePictures opens a folder with two CTs, a stray text file and a broken image.
func TestReportSaysWhatWasLeftOutAndSeriesHavePictures(t *testing.T) {
	d := newDriver(t)
	dir := writeChest(t)
	second := volume.NewVolume(volume.NewUniformGrid(60, 60, 20, 2, 2, 5, volume.Vec{}))
	other := filepath.Join(dir, "second")
	if _, err := dicom.WriteCT(context.Background(), other, second, dicom.CTMeta{
		Patient: dicom.Patient{Name: "Journey^Other", ID: "J2"}, Description: "Diagnostic",
	}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(other, "CT.0001.dcm"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"notes.txt": []byte("a text"), "broken.dcm": whole[:600]} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.open(dir)
	d.idle()
	d.until("pictures", func() bool { return len(d.session.Document().Previews) == 2 })
	d.until("idle", func() bool { return !d.session.Job(session.JobPreviews).Running })
	planning := d.session.Document().Studies[0].Series[0]
	if planning.Description != "Planning" {
		planning = d.session.Document().Studies[1].Series[0]
	}
	d.session.OpenSeries(planning)
	d.idle()
	doc := d.session.Document()
	text := session.ReportText(doc.Dir, doc.Studies, doc.Series, doc.Findings)
	for _, want := range []string{
		"Journey Test", "CT Planning: 40 images of 120 x 90, 3 mm apart", "(open)", "CT Diagnostic: 20 images of 60 x 60, 5 mm apart",
		"warning: broken.dcm: left out: truncated", "note: 1 of 62 files are no DICOM",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if got := reportLabel(doc); got != "1 warning" {
		t.Errorf("label %q", got)
	}
	if reportLabel(session.Document{}) != "" {
		t.Error("a report of nothing")
	}
	d.showReport()
	if !d.report.Visible() {
		t.Error("the report does not show")
	}
	if out := os.Getenv("CLIPWRIGHT_PICTURE"); out != "" {
		d.win.Resize(fyne.NewSize(1280, 720))
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, d.win.Canvas().Capture()); err != nil {
			t.Fatal(err)
		}
	}
	d.key(fyne.KeyEscape)
	if d.report != nil {
		t.Error("Escape does not leave the report")
	}
}
