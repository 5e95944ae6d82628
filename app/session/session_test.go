package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

func TestUpdateNotifiesOnceWithEveryChange(t *testing.T) {
	w := newWorld(t)
	w.Update(func() {
		w.SetWindow(500, 2000)
		w.SetVisible(NameBed, false)
		w.SetExpected(7)
	})
	if len(w.seen) != 1 || w.seen[0] != ViewChanged|WindowChanged|PlanChanged|DerivedChanged {
		t.Errorf("notified with %b, want one notification of view, window, plan and derived", w.seen)
	}
	w.seen = nil
	w.Update(func() {})
	if len(w.seen) != 0 {
		t.Errorf("notified of nothing: %b", w.seen)
	}
}

func TestChangeOutsideUpdatePanics(t *testing.T) {
	w := newWorld(t)
	defer func() {
		if recover() == nil {
			t.Error("mark outside Update did not panic")
		}
	}()
	w.mark(ViewChanged)
}

func TestDemoIsSearchedAndDrafted(t *testing.T) {
	w := opened(t)
	d := w.Derived()
	if !d.Searched || d.Provider != "CPU" || d.External == nil || d.ExternalCC <= 0 {
		t.Errorf("derived %+v lacks what the search found", d)
	}
	wantTargets(t, w, NameBed)
	if got, want := d.Targets[0].CC, 27*12.0/1000; got != want {
		t.Errorf("bed %g cc, want %g", got, want)
	}
	if w.View().Cursor != w.Plan().Clips[0].CentreMM {
		t.Error("cursor is not on the first clip")
	}
}

func TestMarginAddsTargetAndUndoTakesItAway(t *testing.T) {
	w := opened(t)
	w.SetMargin(segment.UniformMargin(10))
	w.idle()
	wantTargets(t, w, NameBed, NameCTV)
	if name, ok := w.UndoName(); !ok || name != "Margin 10 mm" {
		t.Errorf("undo would be %q, %v", name, ok)
	}
	drafts := w.drafts.Load()
	w.Undo()
	wantTargets(t, w, NameBed)
	w.Redo()
	wantTargets(t, w, NameBed, NameCTV)
	if w.drafts.Load() != drafts {
		t.Error("undo and redo drafted anew instead of taking the cached targets")
	}
	w.Undo()
	w.SetBoost(true)
	if _, ok := w.RedoName(); ok {
		t.Error("a new edit left something to redo")
	}
	w.idle()
}

func TestQuickMarginsAreOneUndoStep(t *testing.T) {
	w := opened(t)
	at := time.Unix(0, 0)
	w.now = func() time.Time { return at }
	steps := len(w.past)
	for _, mm := range []float64{1, 12, 15} {
		w.SetMargin(segment.UniformMargin(mm))
		at = at.Add(300 * time.Millisecond)
	}
	if len(w.past) != steps+1 {
		t.Errorf("%d undo steps for one typed margin", len(w.past)-steps)
	}
	at = at.Add(time.Minute)
	w.SetMargin(segment.UniformMargin(20))
	if len(w.past) != steps+2 {
		t.Errorf("a later margin is no step of its own: %d", len(w.past)-steps)
	}
	w.Undo()
	if w.Plan().Margin != segment.UniformMargin(15) {
		t.Errorf("undo gave %v", w.Plan().Margin)
	}
	w.idle()
}

func TestRejectKeepsMasksAndDropsFromTargets(t *testing.T) {
	w := opened(t)
	before := w.Plan()
	w.SetKept(2, false)
	w.idle()
	if !before.Clip(2).Kept {
		t.Error("a published plan was written")
	}
	if w.Plan().Clip(2).Kept || len(w.Plan().Kept()) != 2 {
		t.Error("clip 2 is still kept")
	}
	if w.Plan().Clip(2).Mask != before.Clip(2).Mask {
		t.Error("masks were copied")
	}
	if got := w.Derived().Targets[0].CC; got != 8*12.0/1000 {
		t.Errorf("bed %g cc was not drafted from the two kept clips", got)
	}
	if !w.View().Reviewed[2] || w.ReviewedCount() != 1 {
		t.Error("the decided clip does not count as reviewed")
	}
	w.SetKept(1, false)
	w.SetKept(3, false)
	w.idle()
	wantTargets(t, w)
	if err := w.CanSave(); err == nil {
		t.Error("nothing kept, yet it can be saved")
	}
	w.SetKept(99, true)
	w.Undo()
	if name, _ := w.RedoName(); name != "Reject clip 3" {
		t.Errorf("redo would be %q", name)
	}
	w.idle()
}

func TestExpectedDoesNotDraftAnew(t *testing.T) {
	w := opened(t)
	n := w.drafts.Load()
	w.SetExpected(7)
	w.idle()
	if w.drafts.Load() != n {
		t.Error("the expected count made a new draft")
	}
	if w.Plan().Expected != 7 {
		t.Error("expected count not set")
	}
}

func TestClipsAreWalkedRoundAndRound(t *testing.T) {
	w := opened(t)
	var order []int
	for range 4 {
		w.NextClip()
		order = append(order, w.View().Selected)
	}
	w.PrevClip()
	w.PrevClip()
	order = append(order, w.View().Selected)
	want := []int{1, 2, 3, 1, 2}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("walked %v, want %v", order, want)
		}
	}
	if w.View().Cursor != w.Plan().Clip(2).CentreMM {
		t.Error("cursor did not follow the selection")
	}
	w.SelectClip(0)
	w.PrevClip()
	if w.View().Selected != 3 {
		t.Error("previous from none is not the last")
	}
}

func TestCursorStaysInTheVolume(t *testing.T) {
	w := opened(t)
	w.SetCursor(volume.Vec{1e4, -1e4, 0})
	x, y, _ := w.grid.ToVoxel(w.View().Cursor)
	if x != 39 || y != 0 {
		t.Errorf("cursor at voxel %g, %g", x, y)
	}
	w.StepSlice(-1000)
	if _, _, z := w.grid.ToVoxel(w.View().Cursor); z != 0 {
		t.Errorf("stepped to slice %g", z)
	}
	w.StepSlice(1)
	if _, _, z := w.grid.ToVoxel(w.View().Cursor); z != 1 {
		t.Errorf("stepped to slice %g, want 1", z)
	}
}

func TestNewestJobWins(t *testing.T) {
	w := newWorld(t)
	release := map[string]chan struct{}{"slow": make(chan struct{}), "fast": make(chan struct{})}
	cancelled := make(chan error, 1)
	var committed []string
	begin := func(name string) {
		w.start(JobOpen, name, func(ctx context.Context, _ *job) (func(), error) {
			<-release[name]
			if name == "slow" {
				cancelled <- ctx.Err()
			}
			return func() { committed = append(committed, name) }, nil
		})
	}
	begin("slow")
	begin("fast")
	close(release["fast"])
	w.idle()
	close(release["slow"])
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Errorf("the older job was not cancelled: %v", err)
	}
	w.spin(20 * time.Millisecond)
	if len(committed) != 1 || committed[0] != "fast" {
		t.Errorf("committed %v, want only the newest", committed)
	}
}

func TestCancelStopsTheSearchAndSaysSo(t *testing.T) {
	w := newWorld(t)
	w.OpenDemo(1)
	w.idle()
	started := make(chan struct{})
	w.work.run = func(ctx context.Context, _ *volume.Volume, _ segment.Networks, o segment.RunOptions) (*segment.Result, error) {
		o.Progress("Segmenting", 3, 10)
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	w.Run()
	<-started
	state := w.Job(JobRun)
	if f, ok := state.Progress.Fraction(); !ok || f != 0.3 || state.Progress.Stage != "Segmenting" || state.Progress.Provider != "CPU" {
		t.Errorf("progress %+v", state.Progress)
	}
	w.Cancel()
	if !w.Job(JobRun).Cancelling {
		t.Error("not shown as cancelling")
	}
	w.idle()
	if n := w.View().Notice; n == nil || n.Severity != Info || !strings.Contains(n.Text, "cancelled") {
		t.Errorf("notice %+v", n)
	}
	if len(w.Plan().Clips) != 0 || w.Derived().Searched {
		t.Error("a cancelled search left a result")
	}
	if w.engine.opens.Load() != 2 || w.engine.open.Load() != 2 {
		t.Error("a cancelled search closed the networks")
	}
}

func TestProgressIsTicked(t *testing.T) {
	w := newWorld(t)
	stop := make(chan struct{})
	w.start(JobOpen, "Wait", func(_ context.Context, j *job) (func(), error) {
		j.report("Waiting", 1, 4)
		<-stop
		return func() {}, nil
	})
	w.seen = nil
	w.until("two ticks", func() bool { return len(w.seen) >= 2 })
	if w.seen[0] != JobsChanged {
		t.Errorf("tick changed %b", w.seen[0])
	}
	close(stop)
	w.idle()
	w.spin(20 * time.Millisecond)
	n := len(w.seen)
	w.spin(250 * time.Millisecond)
	if len(w.seen) != n {
		t.Error("ticks after the last job ended")
	}
}

func TestNetworksAreKeptBetweenRunsAndReopenedAfterFailure(t *testing.T) {
	w := opened(t)
	w.Run()
	w.idle()
	if w.engine.opens.Load() != 2 {
		t.Errorf("%d networks opened for two runs, want 2", w.engine.opens.Load())
	}
	// Another provider opens them anew, the same one does not.
	for range 2 {
		w.SetNetwork(segment.Options{Provider: "cpu"})
		w.Run()
		w.idle()
		if w.engine.opens.Load() != 4 || w.engine.open.Load() != 2 {
			t.Errorf("on another provider %d networks were opened, %d are open", w.engine.opens.Load(), w.engine.open.Load())
		}
	}
	w.work.run = func(context.Context, *volume.Volume, segment.Networks, segment.RunOptions) (*segment.Result, error) {
		return nil, errors.New("device lost")
	}
	w.Run()
	w.idle()
	if n := w.View().Notice; n == nil || n.Severity != Failure || n.Text != "Find clips: device lost" {
		t.Errorf("notice %+v", n)
	}
	if w.engine.open.Load() != 0 {
		t.Error("networks kept after a failure")
	}
	if len(w.Plan().Clips) != 3 {
		t.Error("a failed search lost the clips")
	}
	w.engine.fail.Store(true)
	w.Run()
	w.idle()
	if n := w.View().Notice; n == nil || !strings.Contains(n.Text, "make setup") {
		t.Errorf("notice %+v does not say what to do", n)
	}
}

func TestOpeningAnotherCaseForgetsTheSearchUnderWay(t *testing.T) {
	w := newWorld(t)
	w.OpenDemo(1)
	w.idle()
	release := make(chan struct{})
	w.work.run = func(context.Context, *volume.Volume, segment.Networks, segment.RunOptions) (*segment.Result, error) {
		<-release
		return &segment.Result{Clips: testClips(w.grid)}, nil
	}
	w.Run()
	w.OpenDemo(2)
	w.until("the second case", func() bool { return w.Document().DemoSeed == 2 })
	close(release)
	w.idle()
	w.spin(20 * time.Millisecond)
	if len(w.Plan().Clips) != 0 {
		t.Error("the search of the first case landed in the second")
	}
}

func TestOpenFolderOffersTheChoice(t *testing.T) {
	w := newWorld(t)
	w.OpenFolder("some/folder", "")
	w.idle()
	if w.HasVolume() || len(w.Document().Studies) != 1 {
		t.Fatal("an ambiguous folder did not list its series")
	}
	if n := w.View().Notice; n == nil || n.Severity != Warning || !strings.Contains(n.Text, "1.3") {
		t.Errorf("notice %+v", n)
	}
	w.OpenSeries(w.Document().Studies[0].Series[1])
	w.idle()
	if !w.HasVolume() || w.Document().Series.UID != "1.3" || w.Document().Dir != "some/folder" {
		t.Errorf("document %+v", w.Document())
	}
	w.OpenFolder("some/folder", "1.2")
	w.idle()
	if w.Document().Series.UID != "1.2" {
		t.Error("the named series was not read")
	}
}

// TestSeriesGetPictures: a slice of each CT that is not open is read once, and kept when another series is opened.
func TestSeriesGetPictures(t *testing.T) {
	w := newWorld(t)
	reads := 0
	w.work.middle = func(_ context.Context, s *dicom.Series) (*volume.Volume, error) {
		reads++
		if s.UID == "1.3" {
			return nil, errors.New("it is damaged")
		}
		return volume.NewVolume(w.grid), nil
	}
	w.OpenFolder("/ct", "")
	w.loop.until("pictures", func() bool { return w.Document().Previews != nil })
	series := w.Document().Studies[0].Series
	if p := w.Document().Previews; p[series[0]] == nil || p[series[1]] != nil || reads != 2 {
		t.Errorf("previews %v after %d reads", p, reads)
	}
	if n := w.View().Notice; n == nil || strings.Contains(n.Text, "damaged") {
		t.Errorf("notice %+v", n)
	}
	w.OpenSeries(series[0])
	w.idle()
	if w.Document().Previews[series[0]] == nil || reads != 2 {
		t.Errorf("the pictures were lost or read again: %d reads", reads)
	}
}

func TestSaveDemoWritesItsCTFirst(t *testing.T) {
	w := opened(t)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if !w.NeedsCT() {
		t.Fatal("a demo case claims to have files")
	}
	w.SetMargin(segment.UniformMargin(10))
	if !w.Unsaved() {
		t.Error("nothing unsaved before the first save")
	}
	w.Save(path, false)
	w.idle()
	if len(w.saved) != 1 {
		t.Fatalf("nothing saved: %+v", w.View().Notice)
	}
	var names []string
	for _, st := range w.saved[0].Structures {
		names = append(names, st.Name)
	}
	if got := strings.Join(names, " "); got != "Clips_R SurgicalBed CTVsb_High External" {
		t.Errorf("saved %s", got)
	}
	if w.Unsaved() || w.NeedsCT() || w.View().SavedPath != path || w.Document().Dir != DemoCTDir(path) {
		t.Errorf("after saving: %+v", w.View())
	}
	if n := w.View().Notice; n == nil || !strings.Contains(n.Text, "3 clips not reviewed") {
		t.Errorf("notice %+v", n)
	}
	w.SetKept(1, false)
	if !w.Unsaved() {
		t.Error("an edit after saving is not unsaved")
	}
	w.idle()
}

func TestSaveRefusesAnExistingFile(t *testing.T) {
	w := opened(t)
	path := filepath.Join(t.TempDir(), "rs.dcm")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.Save(path, false)
	w.idle()
	if n := w.View().Notice; n == nil || n.Severity != Failure || !strings.Contains(n.Text, "exists already") {
		t.Errorf("notice %+v", n)
	}
	if len(w.saved) != 0 || !w.NeedsCT() {
		t.Error("something was written all the same")
	}
	w.Save(path, true)
	w.idle()
	if len(w.saved) != 1 {
		t.Error("force did not replace")
	}
}

func TestFindingsBecomeOneNotice(t *testing.T) {
	n := findingsNotice([]dicom.Finding{
		{Severity: "info", Text: "3 other files"}, {Severity: "warning", File: "a.dcm", Text: "gap"}, {Severity: "error", Text: "cut"},
	})
	if n == nil || len(n.Details) != 2 || n.Details[0] != "a.dcm: gap" {
		t.Errorf("notice %+v", n)
	}
	if findingsNotice([]dicom.Finding{{Severity: "info", Text: "x"}}) != nil {
		t.Error("an info is no banner")
	}
}

func TestRecipesAskForWhatTheyLack(t *testing.T) {
	w := opened(t)
	recipe, err := segment.FindRecipe("", "gec-estro")
	if err != nil {
		t.Fatal(err)
	}
	w.SetRecipe(recipe)
	w.idle()
	if d := w.Derived(); len(d.Targets) != 1 || len(d.DraftWarnings) == 0 || !strings.Contains(d.DraftWarnings[0], segment.ErrFreeMargin.Error()) {
		t.Fatalf("unknown free margins: %d targets, warnings %q", len(d.Targets), d.DraftWarnings)
	}
	w.SetFreeMargin(segment.FreeMargin{})
	w.idle()
	if d := w.Derived(); len(d.Targets) != 3 || len(d.DraftWarnings) != 0 {
		t.Fatalf("known free margins: %d targets, warnings %q", len(d.Targets), d.DraftWarnings)
	}
	w.Undo()
	w.Undo()
	w.idle()
	if w.Plan().Recipe != nil || len(w.Derived().Targets) != 1 {
		t.Errorf("undone: recipe %v, %d targets", w.Plan().Recipe, len(w.Derived().Targets))
	}
}

func TestAddClipAtTheCrosshair(t *testing.T) {
	w := opened(t)
	before := len(w.Plan().Clips)
	v := w.Document().Volume
	first := w.Plan().Clips[0]
	first.Mask.Each(func(x, y, z int) { v.HU[v.Grid.Index(x, y, z)] = 2000 })
	at := first.CentreMM
	w.SetCursor(at)
	w.AddClip()
	if n := w.View().Notice; len(w.Plan().Clips) != before || n == nil || !strings.Contains(n.Text, "in the list already") {
		t.Fatalf("a known clip was pointed at: %d clips, notice %+v", len(w.Plan().Clips), n)
	}
	w.edit("forget", "", true, func(p *Plan) { p.Clips = p.Clips[1:] })
	w.AddClip()
	w.idle()
	clips := w.Plan().Clips
	if len(clips) != before {
		t.Fatalf("%d clips after adding the one forgotten, want %d; notice %+v", len(clips), before, w.View().Notice)
	}
	added := clips[len(clips)-1]
	if !added.ByHand || !added.Kept || !w.View().Reviewed[added.ID] || w.View().Selected != added.ID || added.CentreMM.Distance(at) > v.Grid.SpacingX+4 {
		t.Errorf("added %+v, reviewed %v, selected %d", added, w.View().Reviewed[added.ID], w.View().Selected)
	}
	if name, _ := w.UndoName(); name != "Add clip "+strconv.Itoa(added.ID) {
		t.Errorf("undo takes back %q", name)
	}
	w.Undo()
	if len(w.Plan().Clips) != before-1 {
		t.Errorf("%d clips after undo, want %d", len(w.Plan().Clips), before-1)
	}
}

func TestSlabsGoRound(t *testing.T) {
	w := opened(t)
	var seen []float64
	for range 4 {
		w.NextSlab()
		seen = append(seen, w.View().SlabMM)
	}
	if !slices.Equal(seen, []float64{10, 20, 40, 0}) {
		t.Errorf("slabs %v mm", seen)
	}
}

func TestWhatARunSays(t *testing.T) {
	clips := testClips(testGrid())
	for _, c := range []struct {
		found    segment.Result
		severity Severity
		text     string
		details  int
	}{
		{segment.Result{Clips: clips}, 0, "", 0},
		{segment.Result{Clips: clips, Notice: "no GPU here"}, Info, "Provider: no GPU here.", 0},
		{segment.Result{Clips: clips, Notice: "no GPU here", Warnings: []string{"1 of 3 clips is doubtful."}}, Warning, "1 of 3 clips is doubtful. (1 more remark)", 1},
		{segment.Result{Clips: clips, Warnings: []string{"far apart"}}, Warning, "far apart", 0},
		{segment.Result{Notice: "no GPU here", Warnings: []string{"nowhere"}}, Warning, "No clip found.", 2},
	} {
		n := runNotice(&c.found)
		if n == nil {
			n = &Notice{}
		}
		if n.Severity != c.severity || !strings.HasPrefix(n.Text, c.text) || len(n.Details) != c.details {
			t.Errorf("%+v says %+v", c.found, n)
		}
	}
}

func TestAClipIsProposedWhereTheMouseRests(t *testing.T) {
	w := opened(t)
	v := w.Document().Volume
	first := w.Plan().Clips[0]
	first.Mask.Each(func(x, y, z int) { v.HU[v.Grid.Index(x, y, z)] = 2000 })
	w.edit("forget", "", true, func(p *Plan) { p.Clips = p.Clips[1:] })
	w.idle()
	at, far := first.CentreMM, v.Grid.ToPatient(4, 4, 4)
	w.SetTool(ToolClip)
	w.ProposeClip(&far)
	w.ProposeClip(&at) // the mouse went on
	w.until("a proposal", func() bool { return w.ProposedClip() != nil })
	proposed, before := w.ProposedClip(), len(w.Plan().Clips)
	if proposed.CentreMM.Distance(at) > v.Grid.SpacingX+4 {
		t.Errorf("proposed at %v, the mouse is at %v", proposed.CentreMM, at)
	}
	w.SetCursor(at)
	w.AddClip()
	w.idle()
	clips := w.Plan().Clips
	if len(clips) != before+1 || !clips[before].Mask.Equal(proposed.Mask) || w.ProposedClip() != nil {
		t.Errorf("%d clips, what was added is not what was proposed", len(clips))
	}
	w.ProposeClip(&far)
	w.until("the look", func() bool { return !w.proposed.looking })
	if w.ProposedClip() != nil {
		t.Error("a clip is proposed where there is none")
	}
	w.SetTool(ToolCrosshair)
	if w.proposed.at != nil {
		t.Error("another tool goes on proposing")
	}
}
