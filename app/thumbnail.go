package app

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"github.com/disintegration/imaging"

	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// thumbnailWidth and thumbnailHeight are the size of the picture beside a series.
const thumbnailWidth, thumbnailHeight = 52, 40

// thumbnail is the middle axial slice of v, cut to the frame at twice its size for fine screens. The
// slice is drawn near its own resolution first: shrunk in one step, thin bone would flicker in and out.
func thumbnail(v *volume.Volume) fyne.CanvasObject {
	const fine, drawn = 2, 8
	g := v.Grid
	s := viewer.Scene{
		Volume: v, Plane: viewer.Axial, CursorMM: g.ToPatient(float64(g.Nx)/2, float64(g.Ny)/2, float64(g.Nz()/2)),
		Window: viewer.Window{CentreHU: 40, WidthHU: 400}, Smooth: true,
		WidthPx: drawn * thumbnailWidth, HeightPx: drawn * thumbnailHeight, Scale: drawn,
	}
	picture := image.NewRGBA(image.Rect(0, 0, s.WidthPx, s.HeightPx))
	viewer.NewRenderer().Render(picture, &s)
	shown := canvas.NewImageFromImage(imaging.Resize(picture, fine*thumbnailWidth, fine*thumbnailHeight, imaging.Lanczos))
	shown.SetMinSize(fyne.NewSize(thumbnailWidth, thumbnailHeight))
	return shown
}
