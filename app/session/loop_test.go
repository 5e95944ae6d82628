package session

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/phantom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// loop is an owner goroutine: the test itself, running posted functions while it waits.
type loop struct {
	t *testing.T
	c chan func()
}

func newLoop(t *testing.T) *loop { return &loop{t, make(chan func(), 64)} }

func (l *loop) post(f func()) { l.c <- f }

// until runs posted functions until done holds.
func (l *loop) until(what string, done func() bool) {
	l.t.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case f := <-l.c:
			f()
		case <-deadline:
			l.t.Fatalf("waited too long for %s", what)
		}
	}
}

// for runs posted functions for d.
func (l *loop) spin(d time.Duration) {
	deadline := time.After(d)
	for {
		select {
		case f := <-l.c:
			f()
		case <-deadline:
			return
		}
	}
}

func testGrid() *volume.Grid {
	return volume.NewUniformGrid(40, 40, 20, 2, 2, 3, volume.Vec{-40, -40, -30})
}

func cube(g *volume.Grid, x, y, z, n int) *volume.Mask {
	m := volume.NewMask(g)
	for k := range n {
		for j := range n {
			m.SetSpan(x, x+n, y+j, z+k)
		}
	}
	return m
}

func testClips(g *volume.Grid) []segment.Clip {
	var clips []segment.Clip
	for i, at := range [][3]int{{10, 10, 5}, {20, 12, 8}, {15, 20, 10}} {
		clips = append(clips, segment.Clip{
			ID: i + 1, Side: "R", Kept: true, Mask: cube(g, at[0], at[1], at[2], 2),
			CentreMM: g.ToPatient(float64(at[0])+0.5, float64(at[1])+0.5, float64(at[2])+0.5),
			PeakHU:   1500, VolumeMM3: 20, Confidence: 0.9,
		})
	}
	return clips
}

// fakeEngine counts networks open.
type fakeEngine struct {
	open  atomic.Int32
	opens atomic.Int32
	fail  atomic.Bool
}

func (e *fakeEngine) Providers(context.Context) []segment.Provider { return nil }

func (e *fakeEngine) Open(context.Context, segment.Model, segment.Options) (segment.Network, error) {
	if e.fail.Load() {
		return nil, errors.New("no library; run make setup")
	}
	e.open.Add(1)
	e.opens.Add(1)
	return &fakeNetwork{e}, nil
}

type fakeNetwork struct{ e *fakeEngine }

func (*fakeNetwork) Run(context.Context, segment.Tensor, []float32) error { return nil }
func (*fakeNetwork) Provider() string                                     { return "CPU" }
func (*fakeNetwork) Notice() string                                       { return "" }
func (n *fakeNetwork) Close() error                                       { n.e.open.Add(-1); return nil }

// world is a Session whose long work is faked.
type world struct {
	*Session
	*loop
	engine *fakeEngine
	grid   *volume.Grid
	mu     sync.Mutex
	saved  []*dicom.StructureSet
	drafts atomic.Int32
	seen   []Change
}

func newWorld(t *testing.T) *world {
	w := &world{loop: newLoop(t), engine: new(fakeEngine), grid: testGrid()}
	w.Session = New(w.loop.post, Deps{Engine: w.engine})
	v := volume.NewVolume(w.grid)
	w.work = pipeline{
		scan: func(context.Context, string, *dicom.Report) ([]*dicom.Study, error) {
			st := &dicom.Study{Patient: dicom.Patient{Name: "Test^One"}}
			st.Series = []*dicom.Series{{UID: "1.2", Modality: "CT", Study: st}, {UID: "1.3", Modality: "CT", Study: st}}
			return []*dicom.Study{st}, nil
		},
		choose: func(studies []*dicom.Study, uid string) (*dicom.Series, error) {
			for _, s := range studies[0].Series {
				if s.UID == uid {
					return s, nil
				}
			}
			return nil, errors.New("two CT series; name one of 1.2, 1.3")
		},
		read: func(context.Context, *dicom.Series, *dicom.Report) (*volume.Volume, error) { return v, nil },
		generate: func(ctx context.Context, o phantom.Options) (*phantom.Case, error) {
			return &phantom.Case{Volume: v}, nil
		},
		external: func(context.Context, *volume.Volume) (*volume.Mask, error) { return cube(w.grid, 2, 2, 2, 16), nil },
		anatomy: func(context.Context, *volume.Volume, *volume.Mask) (*segment.Anatomy, error) {
			none := volume.NewMask(w.grid)
			return &segment.Anatomy{Lungs: cube(w.grid, 4, 4, 4, 4), Bones: cube(w.grid, 12, 10, 5, 3), Chestwall: none}, nil
		},
		seroma: func(context.Context, *volume.Volume, *volume.Mask, *volume.Mask, []segment.Clip) (*segment.Seroma, error) {
			return nil, segment.ErrNoSeroma
		},
		run: func(ctx context.Context, _ *volume.Volume, _ segment.Networks, o segment.RunOptions) (*segment.Result, error) {
			o.Progress("Locating", 1, 2)
			return &segment.Result{Clips: testClips(w.grid), Provider: "CPU", External: o.External}, nil
		},
		draft: func(_ context.Context, in segment.DraftInput) ([]segment.Target, []string, error) {
			w.drafts.Add(1)
			n := len(in.Clips)
			targets := []segment.Target{{Name: NameBed, Type: "CTV", Mask: cube(in.Grid, 8, 8, 8, n), Recipe: "hull"}}
			if in.Recipe == nil {
				return targets, nil, nil
			}
			if in.Recipe.UsesFreeMargins() && in.FreeMargin != (segment.FreeMargin{}) {
				return targets, nil, segment.ErrFreeMargin
			}
			for _, t := range in.Recipe.Targets {
				m := t.Steps[0].Margin
				targets = append(targets, segment.Target{Name: t.Name, Type: t.Type, Mask: cube(in.Grid, 6, 6, 6, n+int(m.R/4)), Recipe: "bed + margin"})
			}
			return targets, nil, nil
		},
		writeCT: func(_ context.Context, dir string, _ *volume.Volume, m dicom.CTMeta) (*dicom.Series, error) {
			return &dicom.Series{UID: "9.9", Study: &dicom.Study{Patient: m.Patient}}, nil
		},
		writeSet: func(_ string, set *dicom.StructureSet, ct *dicom.Series, _ bool) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if ct.UID == "" {
				return errors.New("CT without a UID")
			}
			w.saved = append(w.saved, set)
			return nil
		},
	}
	w.OnChange(func(c Change) { w.seen = append(w.seen, c) })
	t.Cleanup(func() {
		select {
		case <-w.Session.Close():
		case <-time.After(20 * time.Second):
			t.Fatal("Close never released the networks")
		}
		if n := w.engine.open.Load(); n != 0 {
			t.Errorf("%d networks left open after Close", n)
		}
	})
	return w
}

func (w *world) idle() {
	w.t.Helper()
	w.until("idle", func() bool { return !w.busy() })
}

// opened is a world with the demo case open and searched.
func opened(t *testing.T) *world {
	w := newWorld(t)
	w.OpenDemo(1)
	w.idle()
	w.Run()
	w.idle()
	if n := len(w.Plan().Clips); n != 3 {
		t.Fatalf("%d clips after the search, want 3", n)
	}
	return w
}

func targetNames(w *world) []string {
	var names []string
	for _, t := range w.Derived().Targets {
		names = append(names, t.Name)
	}
	return names
}

func wantTargets(t *testing.T, w *world, want ...string) {
	t.Helper()
	if got := targetNames(w); !slices.Equal(got, want) {
		t.Errorf("targets %v, want %v", got, want)
	}
}
