package app

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/segment"
)

// memory is settings without a disk.
type memory map[string]string

func (memory) FloatWithFallback(_ string, fallback float64) float64 { return fallback }
func (memory) SetFloat(string, float64)                             {}
func (memory) Bool(string) bool                                     { return false }
func (memory) SetBool(string, bool)                                 {}
func (m memory) String(key string) string                           { return m[key] }
func (m memory) SetString(key, value string)                        { m[key] = value }

// buttonsIn returns the buttons in o by their labels.
func buttonsIn(o fyne.CanvasObject, found map[string]*button) map[string]*button {
	switch v := o.(type) {
	case *button:
		found[v.label] = v
	case *fyne.Container:
		for _, child := range v.Objects {
			buttonsIn(child, found)
		}
	}
	return found
}

func TestChoosingWhatTheNetworksRunOn(t *testing.T) {
	d := searched(t)
	kept := memory{}
	d.remembered = kept
	d.showComputing()
	list := buttonsIn(d.help.Content, map[string]*button{})
	second := list["GPU (CUDA) · Card B"]
	if second == nil || list["GPU (CUDA) · Card A"] == nil || list["CPU"] == nil {
		t.Fatalf("the choices are %v", list)
	}
	test.Tap(second)
	if o := d.session.Network(); o.Provider != "cuda" || o.Device != 1 {
		t.Errorf("the next search runs on %+v", o)
	}
	d.key(fyne.KeyEscape)
	if d.help != nil {
		t.Error("Escape does not close the choice")
	}

	// The next start remembers it, but not a device that is gone.
	next := session.New(func(f func()) { f() }, session.Deps{Engine: metalEngine{}, Network: segment.Options{Threads: -1}})
	recallComputing(next, kept)
	if o := next.Network(); o != (segment.Options{Provider: "cuda", Device: 1, Threads: -1}) {
		t.Errorf("the next start runs on %+v", o)
	}
	next.SetNetwork(segment.Options{})
	recallComputing(next, memory{preferenceComputing: "cuda 2"})
	if o := next.Network(); o != (segment.Options{}) {
		t.Errorf("a device that is gone was chosen: %+v", o)
	}
}
