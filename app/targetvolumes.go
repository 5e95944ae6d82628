package app

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/clipwright/clipwright/app/session"
)

// targetVolumes lists the drafted targets with their volumes, two in a row; before there are any, SurgicalBed with a dash.
type targetVolumes struct {
	box    *fyne.Container
	names  []string
	values []*quantity
}

func newTargetVolumes() *targetVolumes {
	v := &targetVolumes{box: rows(4)}
	v.rebuild([]string{session.NameBed})
	return v
}

// set shows the volumes and tells whether the list changed its height.
func (v *targetVolumes) set(d session.Derived) (layout bool) {
	names := make([]string, 0, len(d.Targets)+1)
	for _, t := range d.Targets {
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		names = append(names, session.NameBed)
	}
	if !slices.Equal(names, v.names) {
		layout = (len(names)+1)/2 != (len(v.names)+1)/2
		v.rebuild(names)
	}
	colour := colourText
	if d.Stale {
		colour = colourDim
	}
	for i, t := range d.Targets {
		v.values[i].set(volumeText(t.CC), colour)
	}
	if len(d.Targets) == 0 {
		v.values[0].set("–", colour)
	}
	return layout
}

func (v *targetVolumes) rebuild(names []string) {
	v.names, v.values = names, nil
	v.box.RemoveAll()
	for pair := range slices.Chunk(names, 2) {
		var line []fyne.CanvasObject
		for _, name := range pair {
			q := newQuantity("cc")
			v.values = append(v.values, q)
			line = append(line, columns(6, swatch(name), middle(newText(name, textStyle{})), q.box))
		}
		if len(line) == 2 {
			line = []fyne.CanvasObject{line[0], layout.NewSpacer(), line[1]}
		}
		v.box.Add(container.NewHBox(line...))
	}
	relayout(v.box)
}
