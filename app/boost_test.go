package app

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// texts are all lines of text below o.
func texts(o fyne.CanvasObject) string {
	var all []string
	var walk func(o fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *text:
			all = append(all, o.content)
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		}
	}
	walk(o)
	return strings.Join(all, "\n")
}

// picture keeps what the window shows in the folder CLIPWRIGHT_PICTURES names, to be looked at.
func (d *driver) picture(name string) {
	dir := os.Getenv("CLIPWRIGHT_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, d.win.Canvas().Capture()); err != nil {
		d.t.Fatal(err)
	}
}

func TestJourneyOfTheBoost(t *testing.T) {
	d := searched(t)
	d.session.SetMargin(segment.UniformMargin(10))
	d.idle()
	if !strings.Contains(d.boost.figure.label, "4 of 4 clips in, skin") {
		t.Errorf("the panel says %q of its figures", d.boost.figure.label)
	}
	d.picture("boost")

	// A margin is dragged by its letter: a preview, and one step of undo when it is let go.
	before, revision := d.session.Derived().Targets[1].CC, d.session.Plan().Revision
	letter := newScrub("A", d.boost.fields[fieldA], func(mm float64) { d.boost.dragged(fieldA, mm) })
	for range 4 {
		letter.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(scrubPx, 0)})
	}
	d.idle()
	if d.session.Plan().Revision != revision || d.session.Derived().Targets[1].CC <= before || d.boost.fields[fieldS].Text != "14" {
		t.Errorf("while dragging: %g cc, was %g; S shows %q", d.session.Derived().Targets[1].CC, before, d.boost.fields[fieldS].Text)
	}
	letter.DragEnd()
	d.idle()
	if d.session.Plan().Margin != segment.UniformMargin(14) || d.session.Derived().Stale {
		t.Errorf("let go, the margin is %v", d.session.Plan().Margin)
	}

	test.Tap(d.boost.figure)
	if got := texts(d.figures.body); !strings.Contains(got, "of 14") || !strings.Contains(got, "4 of 4") || !strings.Contains(got, "Times the bed") {
		t.Errorf("the figures show\n%s", got)
	}
	other, err := segment.FindRecipe("", "florence")
	if err != nil {
		t.Fatal(err)
	}
	d.session.SetCompare(other)
	d.idle()
	if got := texts(d.figures.body); !strings.Contains(got, "DSC") || !strings.Contains(got, "difference") || strings.Contains(got, "Drafting") {
		t.Errorf("the comparison shows\n%s", got)
	}
	d.picture("figures")
	d.key(fyne.KeyEscape)
	if d.figures != nil || d.session.View().Compare != nil {
		t.Error("Escape does not close the figures")
	}

	d.editRecipe()
	d.editor.text.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if d.editor != nil {
		t.Fatal("Escape in the text does not leave the recipe")
	}
	d.editRecipe()
	d.editor.text.SetText(strings.ReplaceAll(d.editor.text.Text, "expand", "grow"))
	if !d.editor.use.Disabled() || !strings.Contains(d.editor.note.content, "grow") {
		t.Errorf("a wrong step: %q", d.editor.note.content)
	}
	d.editor.text.SetText(strings.ReplaceAll(strings.ReplaceAll(d.editor.text.Text, "grow", "expand"), "margin_mm = 14", "margin_mm = 3"))
	d.picture("editor")
	test.Tap(d.editor.use)
	d.idle()
	if r := d.session.Plan().Recipe; d.editor != nil || r == nil || r.Targets[0].Steps[0].Margin != segment.UniformMargin(3) {
		t.Errorf("the recipe as edited is not used: %+v", r)
	}
	d.session.SetRecipe(nil)
	d.idle()
}

func TestSeromaIsTakenOrLeftInThePanel(t *testing.T) {
	d := searched(t)
	d.boost.set(d.session.Plan(), session.Derived{Seroma: &segment.Seroma{Mask: d.session.Plan().Clips[0].Mask}}, nil, true)
	if !strings.HasPrefix(d.boost.find.label, "Accept seroma") || !d.boost.leave.Visible() {
		t.Errorf("a proposal shows as %q", d.boost.find.label)
	}
	d.picture("seroma")
	d.session.Update(func() { d.session.SetExpected(5) })
	d.idle()
	if d.boost.find.label != "Find seroma" || d.boost.leave.Visible() {
		t.Errorf("without a proposal the button says %q", d.boost.find.label)
	}
	test.Tap(d.boost.find)
	d.idle()
	if n := d.session.View().Notice; n == nil || !strings.Contains(n.Text, "eroma") {
		t.Errorf("notice %+v", n)
	}
}
