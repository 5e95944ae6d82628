package app

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"fyne.io/fyne/v2/lang"
	"golang.design/x/clipboard"

	"github.com/clipwright/clipwright/app/session"
)

// copyImage puts a picture on the clipboard of the desktop; the toolkit's own takes text alone.
func copyImage(picture image.Image) error {
	if err := clipboard.Init(); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return err
	}
	clipboard.Write(clipboard.FmtImage, b.Bytes())
	return nil
}

// copyView copies the view that has the keyboard, the axial one without, as it is shown.
func (w *window) copyView() {
	if !w.session.HasVolume() {
		return
	}
	if err := w.copyImage(w.viewPicture()); err != nil {
		w.session.Notify(&session.Notice{Severity: session.Failure, Text: fmt.Sprintf(lang.L("Copy the view: %v"), err)})
		return
	}
	w.session.Notify(&session.Notice{Text: lang.L("Copied the view. The patient's name is on it unless the marks were hidden (O).")})
}
