package app

import (
	"fmt"
	"image"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
)

// seriesList shows what the folder holds; a CT can be chosen.
type seriesList struct {
	box  *fyne.Container
	host *host
	do   seriesActions

	pictures thumbnails
}

// seriesActions is what the user can do with what a folder holds.
type seriesActions struct {
	choose func(*dicom.Series)
	set    func(path string) // opens a structure set
	browse func()            // chooses one elsewhere
	report func()            // shows what reading came upon
}

func newSeriesList(h *host, do seriesActions) *seriesList {
	return &seriesList{box: rows(0), host: h, do: do, pictures: thumbnails{post: h.post, drawn: map[*volume.Volume]image.Image{}}}
}

func (l *seriesList) set(doc session.Document, opened *session.OpenedSet) {
	l.box.RemoveAll()
	l.pictures.keep(doc)
	n := 0
	for _, study := range doc.Studies {
		if len(doc.Studies) > 1 { // whose series follow
			l.box.Add(inset(newText(session.StudyTitle(study), textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 60}), 12, 8, 6, 0))
		}
		for _, series := range study.Series {
			n++
			l.box.Add(l.row(doc, series))
		}
		if doc.Volume != nil && doc.Series != nil && doc.Series.Study == study {
			for _, path := range study.StructureSets {
				l.box.Add(l.setRow(path, opened != nil && opened.Path == path))
			}
		}
	}
	if n == 0 {
		l.box.Add(inset(newText(lang.L("No folder open"), textStyle{size: sizeSmall, colour: colourDim}), 12, 8, 2, 6))
	}
	if doc.Volume != nil {
		b := newButton(l.host, lang.L("Open a structure set"), theme.FileIcon(), buttonFlat, lang.L("Show an RTSTRUCT of this CT; or drop its file here"), l.do.browse)
		b.leading, b.small = true, true
		l.box.Add(inset(b, 6, 8, 2, 0))
	}
	if label := reportLabel(doc); label != "" {
		b := newButton(l.host, label, theme.InfoIcon(), buttonFlat, lang.L("What was found, what was left out, and why"), l.do.report)
		b.leading, b.small = true, true
		l.box.Add(inset(b, 6, 8, 2, 4))
	}
	relayout(l.box)
}

// setRow is a structure set of the study: a click shows it on the CT.
func (l *seriesList) setRow(path string, open bool) fyne.CanvasObject {
	name := newText(filepath.Base(path), textStyle{bold: open, shrink: true, minWidth: 60})
	r := newRow(l.host, inset(rows(1, name, newText(lang.L("structure set"), textStyle{size: sizeSmall, colour: colourDim})), 12, 8, 5, 6), func() { l.do.set(path) })
	r.setSelected(open)
	r.tip = path
	return container.NewStack(r)
}

func (l *seriesList) row(doc session.Document, series *dicom.Series) fyne.CanvasObject {
	open := series == doc.Series
	title := series.Description
	if title == "" {
		title = fmt.Sprintf(lang.L("Series %d"), series.Number)
	}
	images := len(series.Slices)
	if open && doc.Volume != nil {
		images = doc.Volume.Grid.Nz()
	}
	detail := fmt.Sprintf(lang.L("%s · %d images"), series.Modality, images)
	if mm := series.SpacingMM(); mm > 0 {
		detail += fmt.Sprintf(" · %.3g mm", mm)
	}
	if d, ok := dicomDate(series.Date); ok {
		detail += " · " + d.Format("2006-01-02")
	}
	refusal := ""
	if series.Modality == "CT" && !open {
		refusal = series.Refusal()
	}
	style := textStyle{bold: open, shrink: true, minWidth: 60}
	if series.Modality != "CT" || refusal != "" {
		style.colour = colourDim
	}
	var content fyne.CanvasObject = rows(1, newText(title, style), newText(detail, textStyle{size: sizeSmall, colour: colourDim, shrink: true, minWidth: 60}))
	picture := doc.Previews[series]
	if open {
		picture = doc.Volume
	}
	if picture != nil {
		content = container.NewBorder(nil, nil, inset(l.pictures.of(picture), 0, 8, 0, 0), nil, middle(content))
	}
	r := newRow(l.host, inset(content, 12, 8, 5, 6), func() {
		if !open && series.Modality == "CT" {
			l.do.choose(series)
		}
	})
	r.setSelected(open)
	r.tip = title
	if refusal != "" {
		r.tip = title + ": " + refusal
	}
	return container.NewStack(r)
}
