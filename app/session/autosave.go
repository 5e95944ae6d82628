package session

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// autosaveDelay is how long after a change the plan is kept: changes in quick succession are written once.
const autosaveDelay = 2 * time.Second

// autosaver keeps the plan of the open CT on disk until it is saved or given up.
type autosaver struct {
	store   store.Autosave // off when Dir is empty
	delay   time.Duration
	pending bool // a write will follow
	writing bool
	given   stamp // what the user gave up
	kept    stamp // what was written last

	own   [2]time.Time // when that was, and the time before: the work of another program with the same CT is not ours to forget
	taken []time.Time  // when what was taken up had been kept: our own copy stands in for it
}

// newAutosaver keeps work in dir under a name that no other program has.
func newAutosaver(dir string) autosaver {
	return autosaver{store: store.Autosave{Dir: dir, Program: strings.ReplaceAll(uuid.NewString(), "-", "")}, delay: autosaveDelay}
}

// autosaveKey is the series whose plan is kept, or "" when there is nothing to keep: a demo case has no UID.
func (s *Session) autosaveKey() string {
	if s.autosave.store.Dir == "" || s.document.Volume == nil || s.document.Series == nil {
		return ""
	}
	return s.document.Series.UID
}

// scheduleAutosave lets the plan be kept soon; what it is then is what counts.
func (s *Session) scheduleAutosave() {
	if s.autosave.pending || !s.worthKeeping() || s.autosave.kept == s.stamp() {
		return
	}
	s.autosave.pending = true
	time.AfterFunc(s.autosave.delay, func() { s.post(s.writeAutosave) })
}

// worthKeeping tells whether the plan holds work that is nowhere else and was not given up.
func (s *Session) worthKeeping() bool {
	return s.autosaveKey() != "" && s.Unsaved() && s.stamp() != s.autosave.given
}

func (s *Session) writeAutosave() {
	s.autosave.pending = false
	if !s.worthKeeping() {
		return
	}
	key := s.autosaveKey()
	if s.autosave.writing {
		s.scheduleAutosave()
		return
	}
	s.autosave.writing, s.autosave.kept = true, s.stamp()
	work := workOf(s.plan, s.view.Reviewed, s.document.Volume.Grid, s.now())
	s.autosave.own = [2]time.Time{work.Saved, s.autosave.own[0]}
	go func() {
		err := s.autosave.store.Write(key, work)
		s.post(func() { s.autosaved(key, work.Saved, err) })
	}()
}

func (s *Session) autosaved(key string, at time.Time, err error) {
	s.autosave.writing = false
	switch {
	case err != nil:
		s.Notify(&Notice{Severity: Warning, Text: fmt.Sprintf("Your work is not being autosaved: %v. Save the RTSTRUCT soon.", err)})
	case key != s.autosaveKey() || !s.worthKeeping(): // saved or given up while it was being written
		_ = s.autosave.store.Remove(key, at)
	default:
		_ = s.autosave.store.Remove(key, s.autosave.taken...) // a copy left behind only asks again
		s.autosave.taken = nil
		s.Update(func() {
			s.view.AutosavedAt = at
			s.mark(ViewChanged)
		})
	}
}

// Discard forgets the plan's autosaved copy: the user leaves it knowingly, or has saved it.
func (s *Session) Discard() {
	key := s.autosaveKey()
	if key == "" {
		return
	}
	s.Update(func() {
		s.autosave.given = s.stamp()
		_ = s.autosave.store.Remove(key, append(s.autosave.taken, s.autosave.own[:]...)...) // a copy left behind only asks again
		s.autosave.taken = nil
		s.view.AutosavedAt = time.Time{}
		s.mark(ViewChanged)
	})
}

// readAutosave is what each program kept for series uid of v, the newest first; a notice says what could not be read. open is
// the series that is being left: its copy is of work that the user gives up.
func readAutosave(a store.Autosave, uid, open string, v *volume.Volume) ([]store.Work, *Notice) {
	if a.Dir == "" || uid == "" || uid == open {
		return nil, nil
	}
	all, err := a.All(uid)
	all = slices.DeleteFunc(all, func(w store.Work) bool { return w.Voxels != voxelsOf(v.Grid) })
	if err != nil {
		return all, &Notice{Severity: Warning, Text: "Some work was not restored: " + err.Error() + "."}
	}
	return all, nil
}

// Offer is work that another program kept on the open CT: the user takes it up, or has it forgotten.
type Offer struct {
	Take, Forget func()
}

// restoreFirst takes up the first of kept and offers the next.
func (s *Session) restoreFirst(kept []store.Work) *Notice {
	n := s.restoreWork(&kept[0])
	s.offer(n, kept[1:])
	return n
}

// offer adds the first of kept to n.
func (s *Session) offer(n *Notice, kept []store.Work) {
	if len(kept) == 0 {
		return
	}
	w, series := &kept[0], s.document.Series
	n.Text += fmt.Sprintf(" Another program kept other work on it until %s: %s.", w.Saved.Local().Format("2006-01-02 15:04"), workText(len(w.Clips), len(w.Drawn)))
	next := func(n *Notice) {
		s.offer(n, kept[1:])
		s.Notify(n)
	}
	n.Offer = &Offer{
		Take: func() {
			if s.document.Series == series {
				next(s.restoreWork(w))
			}
		},
		Forget: func() {
			if s.document.Series == series {
				_ = s.autosave.store.Remove(series.UID, w.Saved) // a copy left behind only asks again
				next(&Notice{Text: "Forgot the other work."})
			}
		},
	}
}

// workText is what a work holds: "3 clips, 1 drawn structure".
func workText(clips, drawn int) string {
	what := plural(clips, "clip")
	if drawn > 0 {
		what += ", " + plural(drawn, "drawn structure")
	}
	return what
}

// restoreWork takes up what the program kept before it ended unasked, as one step that Undo takes back, and says so.
func (s *Session) restoreWork(w *store.Work) *Notice {
	notice := Notice{}
	recipe, err := s.recipeOf(w)
	if err != nil {
		notice.Severity = Warning
		notice.Details = []string{"No boost targets are drafted: their recipe cannot be read. Choose one again. " + upperFirst(err.Error()) + "."}
	}
	var clips []segment.Clip
	reviewed := map[int]bool{}
	for i := range w.Clips {
		c := &w.Clips[i]
		m, ok := c.Mask(s.document.Volume.Grid)
		if !ok {
			continue
		}
		clips = append(clips, segment.Clip{
			ID: c.ID, Side: c.Side, CentreMM: c.CentreMM, VolumeMM3: c.VolumeMM3, PeakHU: c.PeakHU,
			Confidence: c.Confidence, Flags: c.Flags, Kept: c.Kept, ByHand: c.ByHand, Mask: m,
		})
		reviewed[c.ID] = c.Reviewed
	}
	var drawn []Drawn
	fits := map[string]bool{}
	for i := range w.Drawn {
		d := &w.Drawn[i]
		if m, ok := store.MaskOf(s.document.Volume.Grid, d.Runs); ok {
			fits[d.Name] = d.Fits
			drawn = append(drawn, Drawn{Name: d.Name, Type: d.Type, Recipe: d.Recipe, Origin: d.Origin, Mask: m, CC: m.VolumeMM3() / 1000})
		}
	}
	s.Update(func() {
		s.view.AutosavedAt = w.Saved
		s.autosave.taken = append(s.autosave.taken, w.Saved)
		if len(clips) > 0 {
			s.view.Cursor = clips[0].CentreMM
		}
		s.mark(ViewChanged | CursorChanged)
		s.edit("Restore autosaved work", "", true, func(p *Plan) {
			s.renumber(p, clips, reviewed)
			p.Expected, p.Boost = w.Expected, w.Boost && err == nil
			p.Margin = marginOf(w.MarginMM)
			p.Free = freeMarginOf(w.FreeMM)
			for i := range drawn {
				if fits[drawn[i].Name] {
					drawn[i].draft = p.draft
				}
			}
			p.Recipe, p.Drawn = recipe, drawn
		})
	})
	notice.Text = fmt.Sprintf("Restored what you had done on this CT until %s: %s. Undo takes it back.", w.Saved.Local().Format("2006-01-02 15:04"), workText(len(clips), len(drawn)))
	return &notice
}

// recipeOf is the recipe of w, nil for the plain margin.
func (s *Session) recipeOf(w *store.Work) (*segment.Recipe, error) {
	switch {
	case w.Edited != "":
		return segment.ParseRecipe(editedKey, []byte(w.Edited))
	case w.Recipe != "":
		return segment.FindRecipe(s.deps.RecipeDir, w.Recipe)
	}
	return nil, nil
}

func workOf(p *Plan, reviewed map[int]bool, g *volume.Grid, now time.Time) store.Work {
	w := store.Work{
		Saved: now, Voxels: voxelsOf(g), Expected: p.Expected, Boost: p.Boost,
		MarginMM: [6]float64{p.Margin.R, p.Margin.L, p.Margin.A, p.Margin.P, p.Margin.S, p.Margin.I},
	}
	for i, mm := range []float64{p.Free.R, p.Free.L, p.Free.A, p.Free.P, p.Free.S, p.Free.I} {
		if !math.IsNaN(mm) {
			w.FreeMM[i] = &mm
		}
	}
	if p.Recipe != nil {
		w.Recipe = p.Recipe.Key
		if p.Recipe.Key == editedKey {
			w.Edited = string(p.Recipe.TOML())
		}
	}
	for _, c := range p.Clips {
		w.Clips = append(w.Clips, store.Clip{
			ID: c.ID, Side: c.Side, CentreMM: c.CentreMM, VolumeMM3: c.VolumeMM3, PeakHU: c.PeakHU, Confidence: c.Confidence,
			Flags: c.Flags, Kept: c.Kept, ByHand: c.ByHand, Reviewed: reviewed[c.ID], Runs: c.Mask.Runs(),
		})
	}
	for _, d := range p.Drawn {
		w.Drawn = append(w.Drawn, store.Drawn{Name: d.Name, Type: d.Type, Recipe: d.Recipe, Origin: d.Origin, Fits: !d.staleFor(p), Runs: d.Mask.Runs()})
	}
	return w
}

func voxelsOf(g *volume.Grid) [3]int { return [3]int{g.Nx, g.Ny, g.Nz()} }

func marginOf(mm [6]float64) segment.Margin {
	return segment.Margin{R: mm[0], L: mm[1], A: mm[2], P: mm[3], S: mm[4], I: mm[5]}
}

func freeMarginOf(mm [6]*float64) segment.FreeMargin {
	var known [6]float64
	for i, v := range mm {
		known[i] = math.NaN()
		if v != nil {
			known[i] = *v
		}
	}
	return segment.FreeMargin(marginOf(known))
}
