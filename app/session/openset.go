package session

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipwright/clipwright/internal/dicom"
	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/store"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/segment"
)

// OpenedSet is an RTSTRUCT shown on the CT. It is no part of the plan: nothing of it is changed or saved until it is
// unlocked, one structure at a time, or its clips are taken over.
type OpenedSet struct {
	Name       string // of the file
	Path       string
	Structures []OpenedStructure
	Findings   []dicom.Finding // what was odd about it
}

// OpenedStructure is one of its structures, on the grid of the CT.
type OpenedStructure struct {
	Name, Type string
	Colour     [3]uint8
	Mask       *volume.Mask
	CC         float64
	Clips      bool                 // it marks clips
	marks      map[int]*volume.Mask // of each of them
	key        string               // tells it from structures of the plan that have its name
}

// openedPrefix begins the keys of opened structures, by which styles and visibility are kept. No name can begin so:
// DICOM allows no backslash.
const openedPrefix = `\`

func (o *OpenedSet) structures() []OpenedStructure {
	if o == nil {
		return nil
	}
	return o.Structures
}

func (o *OpenedSet) find(key string) *OpenedStructure {
	for i := range o.structures() {
		if o.Structures[i].key == key {
			return &o.Structures[i]
		}
	}
	return nil
}

// Opened is the set that was opened, or nil.
func (s *Session) Opened() *OpenedSet { return s.opened }

// OpenSet reads an RTSTRUCT and shows its structures on the open CT, in place of a set opened before. One of another
// frame of reference is refused: its coordinates mean nothing here. What else is odd is said in the notice and in the report.
func (s *Session) OpenSet(path string) {
	if s.document.Volume == nil {
		s.Notify(&Notice{Severity: Warning, Text: "Open the CT first, then its structure set."})
		return
	}
	ct, g := s.document.Series, s.document.Volume.Grid
	s.start(JobOpenSet, "Open the structure set", func(ctx context.Context, j *job) (func(), error) {
		j.report("Reading the structure set", 0, 0)
		var report dicom.Report
		set, err := s.work.readSet(path, &report)
		if err != nil {
			return nil, err
		}
		if !set.Check(path, ct, g, &report) {
			return nil, fmt.Errorf("%s lies in another frame of reference than this CT; open the CT on which it was drawn", path)
		}
		opened := &OpenedSet{Name: filepath.Base(path), Path: path}
		for i := range set.Structures {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			j.report("Filling the contours", i, len(set.Structures))
			opened.Structures = append(opened.Structures, openedStructure(&set.Structures[i], i, g))
		}
		opened.Findings = report.Findings()
		return func() { s.commitOpened(opened) }, nil
	})
}

func openedStructure(st *dicom.Structure, i int, g *volume.Grid) OpenedStructure {
	o := OpenedStructure{
		Name: st.Name, Type: st.Type, Colour: st.Colour, Mask: st.Mask(g), Clips: qa.IsClips(st),
		key: fmt.Sprintf("%s%s %d", openedPrefix, st.Name, i+1),
	}
	if o.Clips || len(st.Points) > 0 {
		o.marks = st.ClipMasks(g)
		for _, m := range o.marks { // points, which enclose nothing, show as a voxel each
			o.Mask = o.Mask.Union(m)
		}
	}
	o.CC = o.Mask.VolumeMM3() / 1000
	return o
}

func (s *Session) commitOpened(opened *OpenedSet) {
	s.opened = opened
	s.document.Findings = append(slices.Clone(s.document.Scanned), opened.Findings...)
	s.record(store.Event{Action: "Open RTSTRUCT"})
	n := findingsNotice(opened.Findings)
	text := fmt.Sprintf("%s: %s, locked. Its menu in the list unlocks a structure, or takes its clips over.", opened.Name, plural(len(opened.Structures), "structure"))
	if n == nil {
		n = &Notice{}
	} else {
		n.Details = append([]string{n.Text}, n.Details...)
		text = fmt.Sprintf("%s Some things are odd about it: see Details.", text)
	}
	n.Text = text
	s.mark(DocumentChanged | ViewChanged)
	s.Notify(n)
}

// CloseSet takes the opened set off the images.
func (s *Session) CloseSet() {
	if s.opened == nil {
		return
	}
	s.Update(func() {
		s.opened = nil
		s.mark(ViewChanged)
	})
}

// openedLayers are the opened structures that were not unlocked, the largest first.
func (s *Session) openedLayers() []Layer {
	var layers []Layer
	all := s.opened.structures()
	order := make([]*OpenedStructure, 0, len(all))
	for i := range all {
		order = append(order, &all[i])
	}
	slices.SortStableFunc(order, func(a, b *OpenedStructure) int {
		switch {
		case a.CC > b.CC:
			return -1
		case a.CC < b.CC:
			return 1
		}
		return 0
	})
	for _, o := range order {
		if !s.unlocked(o) && !o.Mask.Empty() {
			layers = append(layers, Layer{Name: o.key, Mask: o.Mask, ByHand: true, Around: !o.isTarget()})
		}
	}
	return layers
}

func (o *OpenedStructure) isTarget() bool {
	return o.Clips || slices.Contains([]string{"CTV", "GTV", "PTV", "CAVITY"}, o.Type)
}

// unlocked tells whether the plan holds a copy of o.
func (s *Session) unlocked(o *OpenedStructure) bool {
	return slices.ContainsFunc(s.plan.Drawn, func(d Drawn) bool { return d.opened == o.key })
}

// Unlock copies an opened structure into the plan, where it can be drawn upon and is saved. Where the plan has one of
// its name, or the name is too long, it gets another.
func (s *Session) Unlock(key string) {
	o := s.opened.find(key)
	if o == nil || s.unlocked(o) {
		return
	}
	name := s.freeName(o.Name)
	s.Update(func() {
		s.edit("Unlock "+o.Name, "", false, func(p *Plan) {
			p.Drawn = append(slices.Clone(p.Drawn), Drawn{
				Name: name, Type: o.Type, Mask: o.Mask, CC: o.CC, Origin: "Opened from " + s.opened.Name, opened: o.key,
			})
		})
		s.SetStyle(name, s.Style(key))
		if name != o.Name {
			s.Notify(&Notice{Text: fmt.Sprintf("%s is called %s in this plan: the name is taken or too long.", o.Name, name)})
		}
		s.mark(ViewChanged)
	})
}

// freeName is name, or one like it that CheckName takes.
func (s *Session) freeName(name string) string {
	base := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == '\\' {
			return '_'
		}
		return r
	}, name))
	for n := 1; ; n++ {
		tail := ""
		if n > 1 {
			tail = fmt.Sprintf("_%d", n)
		}
		try := string(base[:min(len(base), mostNameChars-len(tail))]) + tail
		if IsClips(try) {
			try = strings.TrimPrefix(try, clipsPrefix)
			try = "ClipSet_" + try[:min(len(try), 8)]
		}
		if s.CheckName(try, "") == nil {
			return try
		}
	}
}

// TakeClips adds the clips that an opened structure marks to the list: kept, not reviewed yet. Those where the list
// has one already are left out.
func (s *Session) TakeClips(key string) {
	o := s.opened.find(key)
	if o == nil || !o.Clips {
		return
	}
	ids := make([]int, 0, len(o.marks))
	for id := range o.marks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var marked []segment.Clip
	for _, id := range ids {
		if m := o.marks[id]; !m.Empty() {
			c := segment.Clip{Confidence: 1, ByHand: true, Kept: true}
			measure(s.document.Volume, &c, m)
			marked = append(marked, c)
		}
	}
	all, known, next := slices.Clone(s.plan.Clips), 0, s.newID()
	again := foundAgain(s.plan.Clips, marked)
	for i, c := range marked {
		c, ok := apart(s.document.Volume, c, all)
		if !ok || slices.Contains(again, i) {
			known++
			continue
		}
		c.ID = next
		next++
		if c.Mask.Count() == 1 && s.derived.External != nil { // a point: the clip is grown there, as by one click
			if grown, err := segment.ClipAt(context.Background(), s.document.Volume, s.derived.External, all, c.CentreMM); err == nil {
				grown.ID = c.ID
				c = grown
			}
		}
		c.Side = segment.SideOf(s.derived.External, c.CentreMM)
		all = append(all, c)
	}
	taken := len(all) - len(s.plan.Clips)
	s.Update(func() {
		if taken > 0 {
			s.edit(fmt.Sprintf("Take over %s of %s", plural(taken, "clip"), o.Name), "", true, func(p *Plan) { p.Clips = all })
			s.SetVisible(key, false) // one outline is enough
		}
		text := fmt.Sprintf("%s taken over from %s, not reviewed yet.", plural(taken, "clip"), o.Name)
		if known > 0 {
			text += fmt.Sprintf(" %d were in the list already.", known)
		}
		s.Notify(&Notice{Text: text})
	})
}
