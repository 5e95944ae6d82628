package app

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/app/session"
)

// loading stands where the images will be while the first study is read.
type loading struct {
	box *fyne.Container
	bar *progress
}

func newLoading(h *host, cancel func()) *loading {
	l := &loading{bar: newProgress(h.phrases)}
	stop := newButton(h, lang.L("Cancel"), theme.MediaStopIcon(), buttonNormal, lang.L("Stop (Escape)"), cancel)
	width := newFill(colourWindow)
	width.min = fyne.NewSize(360, 1)
	l.box = container.NewStack(newFill(colourWindow), container.NewCenter(rows(16, width, l.bar, container.NewCenter(stop))))
	return l
}

func (l *loading) set(state session.JobState, now time.Time) { l.bar.set(state, now) }
