package app

import (
	"image"
	"image/png"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"github.com/disintegration/imaging"
)

// askPicture asks where to save a picture of the view that has the keyboard, the axial one without.
func (w *window) askPicture() {
	if !w.session.HasVolume() || w.win.Canvas().Overlays().Top() != nil {
		return
	}
	picture := w.viewPicture()
	w.askExport(export{
		title: lang.L("Save a picture of the view"), folder: saveFolder(w.session.Document(), w.app.Preferences()), name: "view.png",
		fill: func() (func(io.Writer) error, error) {
			return func(to io.Writer) error { return png.Encode(to, picture) }, nil
		},
		say: w.session.Notify, failed: lang.L("Save a picture of the view: %v"),
		done: lang.L("Saved %s. The patient's name is on it unless the marks were hidden (O)."),
	})
}

// viewPicture is what the view shows, texts and all.
func (w *window) viewPicture() image.Image {
	p := w.views.chosen()
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p)
	scale := w.win.Canvas().Scale()
	px := func(v float32) int { return int(v*scale + 0.5) }
	size := p.Size()
	return imaging.Crop(pictureOf(w.win), image.Rect(px(at.X), px(at.Y), px(at.X+size.Width), px(at.Y+size.Height)))
}
