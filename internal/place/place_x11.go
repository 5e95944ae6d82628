//go:build linux || freebsd || openbsd || netbsd

package place

import (
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Of tells where the X11 window is.
func Of(window uintptr) (At, bool) {
	c, err := xgb.NewConn()
	if err != nil {
		return At{}, false
	}
	defer c.Close()
	return of(c, xproto.Window(window))
}

func of(c *xgb.Conn, window xproto.Window) (At, bool) {
	root := xproto.Setup(c).DefaultScreen(c).Root
	at, err := xproto.TranslateCoordinates(c, window, root, 0, 0).Reply()
	if err != nil {
		return At{}, false
	}
	return At{int(at.DstX), int(at.DstY)}, true
}

// Move puts the X11 window there, if that is on the desktop as it is now. A window manager puts the frame where the content
// was asked for: a second step takes back by how much it missed.
func Move(window uintptr, to At) bool {
	c, err := xgb.NewConn()
	if err != nil {
		return false
	}
	defer c.Close()
	screen := xproto.Setup(c).DefaultScreen(c)
	const seen = 100 // px of the window at least
	if to.X < 0 || to.Y < 0 || to.X > int(screen.WidthInPixels)-seen || to.Y > int(screen.HeightInPixels)-seen {
		return false
	}
	w, ask := xproto.Window(window), to
	for range 2 {
		values := []uint32{uint32(int32(ask.X)), uint32(int32(ask.Y))}
		if err := xproto.ConfigureWindowChecked(c, w, xproto.ConfigWindowX|xproto.ConfigWindowY, values).Check(); err != nil {
			return false
		}
		now, ok := of(c, w)
		if !ok || now == to {
			return ok
		}
		ask.X, ask.Y = max(ask.X+to.X-now.X, 0), max(ask.Y+to.Y-now.Y, 0)
	}
	return true
}
