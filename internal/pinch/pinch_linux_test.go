package pinch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// A real X server without a screen or devices, with a trackpad played by X.Org's own test driver, inputtest. Needs the right to
// start one; make pinch installs it.
const serverConfig = `
Section "ServerFlags"
	Option "AutoAddDevices" "false"
	Option "DontVTSwitch" "true"
EndSection
Section "Device"
	Identifier "none"
	Driver "dummy"
	VideoRam 16384
EndSection
Section "Screen"
	Identifier "screen"
	Device "none"
EndSection
Section "InputDevice"
	Identifier "trackpad"
	Driver "inputtest"
	Option "DeviceType" "PointerGesture"
	Option "SocketPath" %q
EndSection
Section "ServerLayout"
	Identifier "all"
	Screen "screen"
	InputDevice "trackpad" "CorePointer"
EndSection
`

// startServer starts an X server with a trackpad, sets DISPLAY, and returns the trackpad's socket.
func startServer(t *testing.T) net.Conn {
	t.Helper()
	if os.Getenv("CLIPWRIGHT_PINCH") == "" {
		t.Skip("CLIPWRIGHT_PINCH is not set: it takes an X server of its own (make pinch)")
	}
	dir, err := os.MkdirTemp("", "pinch")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config, socket := filepath.Join(dir, "xorg.conf"), filepath.Join(dir, "trackpad")
	if err := os.WriteFile(config, fmt.Appendf(nil, serverConfig, socket), 0o600); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	server := exec.Command("Xorg", "-displayfd", "3", "-config", config, "-logfile", filepath.Join(dir, "log"), "-noreset", "-nolisten", "tcp", "-sharevts", "-novtswitch")
	server.ExtraFiles = []*os.File{write}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		server.Wait()
	})
	var number int
	if _, err := fmt.Fscan(read, &number); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Fatalf("the X server did not start: %v\n%s", err, log)
	}
	t.Setenv("DISPLAY", fmt.Sprintf(":%d", number))
	pad, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pad.Close() })
	send(t, pad, 0, []uint16{1, 1}) // the protocol's version
	return pad
}

// send sends one message of xf86-input-inputtest-protocol.h.
func send(t *testing.T, pad net.Conn, kind uint32, body any) {
	t.Helper()
	var b bytes.Buffer
	if err := errors.Join(binary.Write(&b, binary.LittleEndian, body)); err != nil {
		t.Fatal(err)
	}
	head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(8+b.Len())), kind)
	if _, err := pad.Write(append(head, b.Bytes()...)); err != nil {
		t.Fatal(err)
	}
}

// settle waits until the server has taken what was sent.
func settle(t *testing.T, pad net.Conn) {
	t.Helper()
	send(t, pad, 1, []byte{})
	for head := make([]byte, 8); ; {
		if _, err := io.ReadFull(pad, head); err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, pad, int64(binary.LittleEndian.Uint32(head)-8)); err != nil {
			t.Fatal(err)
		}
		if binary.LittleEndian.Uint32(head[4:]) == 1 {
			return
		}
	}
}

type pinchMessage struct {
	Kind, Touches uint16
	Flags         uint32
	Delta, Raw    [2]float64
	Scale, Angle  float64
}

// newWindow maps a window that fills the screen.
func newWindow(t *testing.T) uintptr {
	t.Helper()
	c, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	screen := xproto.Setup(c).DefaultScreen(c)
	id, err := xproto.NewWindowId(c)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		xproto.CreateWindowChecked(c, screen.RootDepth, id, screen.Root, 0, 0, screen.WidthInPixels, screen.HeightInPixels, 0,
			xproto.WindowClassInputOutput, screen.RootVisual, 0, nil).Check(),
		xproto.MapWindowChecked(c, id).Check())
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(id)
}

func TestPinchOnATrackpad(t *testing.T) {
	pad := startServer(t)
	window := newWindow(t)
	heard := make(chan float64, 10)
	stop, err := Watch(window, func(f float64) { heard <- f })
	if err != nil {
		t.Fatal(err)
	}
	pinch := func(scales ...float64) {
		for i, scale := range scales {
			kind := uint16(pinchGoesOn)
			if i == 0 {
				kind = pinchBegins
			}
			send(t, pad, 7, pinchMessage{Kind: kind, Touches: 2, Scale: scale})
		}
		send(t, pad, 7, pinchMessage{Kind: pinchEnds, Touches: 2, Scale: scales[len(scales)-1]})
		settle(t, pad)
	}
	want := func(factors ...float64) {
		t.Helper()
		for _, w := range factors {
			select {
			case got := <-heard:
				if math.Abs(got-w) > 1e-4 {
					t.Errorf("heard %g, want %g", got, w)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("heard nothing, want %g", w)
			}
		}
	}
	pinch(1, 1.25, 1.5)
	want(1.25, 1.2)
	pinch(1, 0.8) // begins anew
	want(0.8)
	if _, err := Watch(window, func(float64) {}); err == nil {
		t.Error("a second watch of the same window is not refused") // X gives a window's gestures to one client
	}
	stop()
	stop()
	pinch(1, 2)
	select {
	case f := <-heard:
		t.Errorf("heard %g after stop", f)
	case <-time.After(200 * time.Millisecond):
	}
}

func TestNoServer(t *testing.T) {
	t.Setenv("DISPLAY", ":9999")
	if _, err := Watch(1, func(float64) {}); err == nil {
		t.Error("no error without an X server")
	}
}
