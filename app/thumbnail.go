package app

import (
	"image"
	"maps"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/disintegration/imaging"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// thumbnailWidth and thumbnailHeight are the size of the picture beside a series.
const thumbnailWidth, thumbnailHeight = 52, 40

// thumbnails are the pictures beside the series, drawn once each and beside the window.
type thumbnails struct {
	post  func(func())
	drawn map[*volume.Volume]image.Image
}

// of is the picture of v; it appears once it is drawn.
func (t *thumbnails) of(v *volume.Volume) fyne.CanvasObject {
	shown := canvas.NewImageFromImage(t.drawn[v])
	shown.SetMinSize(fyne.NewSize(thumbnailWidth, thumbnailHeight))
	if shown.Image == nil {
		go func() {
			picture := drawThumbnail(v)
			t.post(func() {
				t.drawn[v], shown.Image = picture, picture
				shown.Refresh()
			})
		}()
	}
	return shown
}

// keep forgets the pictures of all but some volumes.
func (t *thumbnails) keep(doc session.Document) {
	maps.DeleteFunc(t.drawn, func(v *volume.Volume, _ image.Image) bool {
		for _, kept := range doc.Previews {
			if v == kept {
				return false
			}
		}
		return v != doc.Volume
	})
}

// drawThumbnail is the middle axial slice of v, cut to the frame at twice its size for fine screens. The
// slice is drawn near its own resolution first: shrunk in one step, thin bone would flicker in and out.
func drawThumbnail(v *volume.Volume) image.Image {
	const fine, drawn = 2, 8
	g := v.Grid
	s := viewer.Scene{
		Volume: v, Plane: viewer.Axial, CursorMM: g.ToPatient(float64(g.Nx)/2, float64(g.Ny)/2, float64(g.Nz()/2)),
		Window: viewer.Window{CentreHU: 40, WidthHU: 400}, Smooth: true,
		WidthPx: drawn * thumbnailWidth, HeightPx: drawn * thumbnailHeight, Scale: drawn,
	}
	picture := image.NewRGBA(image.Rect(0, 0, s.WidthPx, s.HeightPx))
	viewer.NewRenderer().Render(picture, &s)
	return imaging.Resize(picture, fine*thumbnailWidth, fine*thumbnailHeight, imaging.Lanczos)
}
