package app

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// tipDelay is how long the pointer rests before a tooltip shows.
const tipDelay = 600 * time.Millisecond

// tipLayer is the topmost layer of the window, on which tooltips are drawn. It takes no mouse.
type tipLayer struct {
	box  *fyne.Container
	fill *fill
	text *text
}

func newTipLayer() *tipLayer {
	l := &tipLayer{fill: newFill(theme.ColorNameOverlayBackground), text: newText("", textStyle{size: sizeSmall})}
	l.fill.border, l.fill.radius = theme.ColorNameInputBorder, 4
	l.box = container.NewWithoutLayout(l.fill, l.text)
	l.box.Hide()
	return l
}

// show puts the tip under owner, inside the window.
func (l *tipLayer) show(owner fyne.CanvasObject, tip string) {
	c := fyne.CurrentApp().Driver().CanvasForObject(owner)
	if c == nil {
		return
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(owner)
	l.text.set(tip)
	content := l.text.MinSize()
	size := fyne.NewSize(content.Width+16, content.Height+8)
	room := c.Size()
	x := min(max(at.X+owner.Size().Width/2-size.Width/2, 4), max(room.Width-size.Width-4, 4))
	y := at.Y + owner.Size().Height + 6
	if y+size.Height > room.Height {
		y = at.Y - size.Height - 6
	}
	l.fill.Resize(size)
	l.fill.Move(fyne.NewPos(x, y))
	l.text.Resize(content)
	l.text.Move(fyne.NewPos(x+8, y+4))
	l.box.Show()
	l.box.Refresh()
}

func (l *tipLayer) hide() {
	if l.box.Visible() {
		l.box.Hide()
		canvas.Refresh(l.box)
	}
}

// host is what widgets need of their window.
type host struct {
	tips      *tipLayer
	post      func(func()) // runs on the toolkit's goroutine
	typedKey  func(*fyne.KeyEvent)
	typedRune func(rune)
	shortcut  func(fyne.Shortcut)
	keys      *keymap
	phrases   *phrasebook // of what session says; nil for English
	unfocus   func()      // gives the keyboard back to the images
}

// tipped is the part of a widget that has a tooltip. Without a host it shows none.
type tipped struct {
	tip  string
	host *host
	wait *time.Timer
}

func (t *tipped) showTip(owner fyne.CanvasObject) {
	t.hideTip()
	if t.tip == "" || t.host == nil {
		return
	}
	var wait *time.Timer
	wait = time.AfterFunc(tipDelay, func() {
		fyne.Do(func() {
			if t.wait == wait {
				t.host.tips.show(owner, t.tip)
			}
		})
	})
	t.wait = wait
}

func (t *tipped) hideTip() {
	if t.wait == nil {
		return
	}
	t.wait.Stop()
	t.wait = nil
	t.host.tips.hide()
}
