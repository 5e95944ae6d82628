package app

import (
	"testing"

	"github.com/clipwright/clipwright/segment"
)

func TestSurfacesAreMadeBesideTheWindow(t *testing.T) {
	d := newDriver(t)
	d.open(writeChest(t))
	d.idle()
	shown := func(n int) func() bool { return func() bool { return len(d.views.solid.Solids()) == n } }
	d.until("the body's surface", shown(1))
	d.session.Run()
	d.idle()
	kept := len(d.session.Plan().Kept())
	all := 1 + kept + len(d.session.Derived().Targets)
	d.until("those of clips and bed", shown(all))
	was := d.views.solid.Solids()[0].Shape // the body

	d.session.SetMargin(segment.UniformMargin(5))
	d.idle()
	if n := len(d.views.solid.Solids()); n < all {
		t.Errorf("%d surfaces while those of the new target are made: what was shown stays until then, %d", n, all)
	}
	d.until("that of the new target", shown(1+kept+len(d.session.Derived().Targets)))
	again := false
	for _, s := range d.views.solid.Solids() {
		again = again || s.Shape == was
	}
	if !again {
		t.Error("a surface was made a second time")
	}
	d.session.CloseStudy()
	if n := len(d.views.solid.Solids()); n != 0 {
		t.Errorf("%d surfaces of a study that was left", n)
	}
}
