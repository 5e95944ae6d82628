package app

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/clipwright/clipwright/app/session"
)

type views struct {
	box *fyne.Container
}

func newViews(h *host, s *session.Session) *views {
	black := func() fyne.CanvasObject { return canvas.NewRectangle(color.Black) }
	side := container.NewVSplit(black(), black())
	split := container.NewHSplit(black(), side)
	split.Offset = 0.64
	return &views{box: container.NewStack(split)}
}

func (v *views) set(changed session.Change) {}
func (v *views) fit()                       {}
