package app

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/report"
	"github.com/clipwright/clipwright/segment"
)

// words is everything that d says.
func words(d *report.Document) string {
	parts := []string{d.Title, d.Header, d.Footer}
	for _, s := range d.Sections {
		parts = append(parts, s.Heading)
		parts = append(parts, s.Paragraphs...)
		if s.Table != nil {
			parts = append(parts, s.Table.Head...)
			for _, r := range s.Table.Rows {
				parts = append(parts, r...)
			}
		}
		for _, p := range s.Pictures {
			parts = append(parts, p.Caption)
		}
	}
	return strings.Join(append(parts, d.Sign...), "\n")
}

func TestReportSaysWhatTheCaseIs(t *testing.T) {
	d := searched(t)
	d.session.SetMargin(segment.UniformMargin(7))
	d.session.SetExpected(3)
	d.session.SetKept(2, false)
	d.idle()
	made := d.caseReport()()
	text := words(made)
	for _, want := range []string{
		"Journey^Test", "J1", "40 slices 2 × 2 × 3 mm", "DRAFT: 3 clips were not reviewed", "3 clips kept, as many as the operation note says",
		session.ClipsName("R"), session.NameBed, session.NameCTV, "7 mm", strings.Repeat("0", 64), "location", "segmentation", "rejected",
		"not a medical device", "Signature", "Clip 4, Coronal", d.session.Document().Series.UID, "not saved yet",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	pictures := 0
	for _, s := range made.Sections {
		for _, p := range s.Pictures {
			pictures++
			if flat(p.Image) {
				t.Errorf("the picture %q is of one colour", p.Caption)
			}
		}
	}
	if want := 3 + 3*len(d.session.Plan().Clips); pictures != want {
		t.Errorf("%d pictures, want %d", pictures, want)
	}
	path := filepath.Join(t.TempDir(), "report.pdf")
	before := []byte("what was there before")
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	d.askReport()
	d.exporting.folderIn.SetText(filepath.Dir(path))
	test.Tap(d.exporting.save)
	path = filepath.Join(filepath.Dir(path), "report 2.pdf")
	d.until("the report", func() bool { n := d.session.View().Notice; return n != nil && strings.Contains(n.Text, path) })
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "%PDF-") {
		t.Errorf("no PDF (%v)", err)
	}
	if b, err := os.ReadFile(filepath.Join(filepath.Dir(path), "report.pdf")); err != nil || !bytes.Equal(b, before) {
		t.Errorf("the file that was there holds %q, %v", b, err)
	}
	d.writeExport(d.reportExport(), filepath.Join(t.TempDir(), "absent", "report.pdf"))
	d.until("the failure", func() bool { n := d.session.View().Notice; return n != nil && n.Severity == session.Failure })
}

func flat(picture image.Image) bool {
	b := picture.Bounds()
	first := picture.At(b.Min.X, b.Min.Y)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if picture.At(x, y) != first {
				return false
			}
		}
	}
	return true
}

func TestViewIsCopied(t *testing.T) {
	d := searched(t)
	var copied image.Image
	d.copyImage = func(i image.Image) error { copied = i; return nil }
	d.typedShortcut(&fyne.ShortcutCopy{})
	if copied == nil || copied.Bounds().Dx() < 200 || flat(copied) {
		t.Fatal("Ctrl+C does not copy the axial view")
	}
	d.copyImage = func(image.Image) error { return errors.New("no desktop") }
	d.typedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyC, Modifier: fyne.KeyModifierShortcutDefault})
	if n := d.session.View().Notice; n == nil || n.Severity != session.Failure || !strings.Contains(n.Text, "no desktop") {
		t.Errorf("a clipboard that fails says %+v", n)
	}
}
