package app

import (
	"testing"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// BenchmarkRefresh is the time the toolkit's goroutine spends in our own code for one change: what a
// frame may not notice.
func BenchmarkRefresh(b *testing.B) {
	d := newDriver(b)
	d.open(writeChest(b))
	d.idle()
	d.session.Run()
	d.idle()
	d.session.SetMargin(segment.UniformMargin(10))
	d.idle()
	for _, c := range []struct {
		name    string
		changed session.Change
	}{
		{"cursor", session.CursorChanged},
		{"window", session.WindowChanged},
		{"tick", session.JobsChanged},
		{"plan", session.PlanChanged | session.DerivedChanged | session.ViewChanged},
		{"all", session.AllChanged},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				d.refresh(c.changed)
			}
		})
	}
}
