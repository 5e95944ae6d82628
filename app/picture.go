package app

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"github.com/disintegration/imaging"

	"github.com/clipwright/clipwright/app/session"
)

// askPicture asks where to save a picture of the view that has the keyboard, the axial one without.
func (w *window) askPicture() {
	if !w.session.HasVolume() || w.win.Canvas().Overlays().Top() != nil {
		return
	}
	picture := w.viewPicture()
	ask := dialog.NewFileSave(func(to fyne.URIWriteCloser, err error) {
		if err == nil && to == nil {
			return
		}
		if err == nil {
			err = writePicture(to, picture)
		}
		if err != nil {
			w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Save a picture of the view: %v"), err)})
			return
		}
		w.session.Notify(&session.Notice{Text: fmt.Sprintf(lang.L("Saved %s. The patient's name is on it unless the marks were hidden (O)."), to.URI().Path())})
	}, w.win)
	ask.SetFileName("view.png")
	ask.SetFilter(storage.NewExtensionFileFilter([]string{".png"}))
	ask.Show()
}

// writePicture writes it whole or not at all into what to has opened, and closes that.
func writePicture(to fyne.URIWriteCloser, picture image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return err
	}
	_, err := to.Write(b.Bytes())
	if closed := to.Close(); err == nil {
		err = closed
	}
	return err
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
