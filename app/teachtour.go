package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"

	"github.com/clipwright/clipwright/internal/qa"
	"github.com/clipwright/clipwright/internal/teach"
	"github.com/clipwright/clipwright/internal/volume"
	"github.com/clipwright/clipwright/viewer"
)

// tourStep is a page of the guided tour: a minute of reading beside pictures of a starter case.
type tourStep struct {
	title, text string
	kase        string // id of the starter case that it shows
	shots       []shot
}

// subject is what a picture of the tour looks at.
type subject int

const (
	atMiddle subject = iota // of the clips
	atFirst                 // clip
	atPair                  // the two nearest clips
	atBone                  // the clip nearest to bone
	atAxilla
	atSeroma
	atDistractor
)

// shot is one picture.
type shot struct {
	kase     string // another case than its page's
	at       subject
	kind     string // of the distractor
	plane    viewer.Plane
	preset   int     // of presets
	slices   int     // beyond the place
	slabMM   float64 // 0: one slice
	acrossMM float64 // how much of the patient it shows; 0: all
	ring     bool    // round the place
	seroma   bool
	caption  string
}

// The windows of presets that the tour speaks of.
const (
	softTissue = 0
	boneWindow = 3
	clipWindow = 4
)

// near is a close-up.
const nearMM = 90

// tourSteps are the pages, with the starter cases they are taken from.
func tourSteps() []tourStep {
	film := func(at subject, kind string, from int) []shot {
		var all []shot
		for i := range 4 {
			n := from + i
			caption := lang.L("the slice itself")
			if n != 0 {
				caption = fmt.Sprintf(lang.L("slice %+d"), n)
			}
			all = append(all, shot{at: at, kind: kind, slices: n, acrossMM: nearMM, ring: true, caption: caption})
		}
		return all
	}
	return []tourStep{
		{lang.L("Why clips"), lang.L("After the lump is removed, the surgeon marks the walls of the cavity with titanium clips. Weeks later the cavity has shrunk, but the clips still stand where the tumour was: the boost is drafted round them. A clip missed, or a marker taken for one, moves the dose. This tour takes ten minutes; every picture is of a made-up patient."), "starter-02", []shot{
			{at: atMiddle, slabMM: 60, caption: lang.L("the brightest of 60 mm: clips round the cavity")},
			{at: atMiddle, plane: viewer.Coronal, slabMM: 40, caption: lang.L("the same from the front")},
		}},
		{lang.L("What a clip looks like"), lang.L("A clip is a closed U of titanium wire, 3 to 9 mm long and hardly 1 mm thick. On the CT it is a short dash or a dot, sharp, brighter than any bone of its size, in soft tissue, often with fine dark and bright streaks. Which of the two depends on how it lies: along the slice it is a dash, across it a dot."), "starter-01", []shot{
			{at: atFirst, acrossMM: nearMM, ring: true, caption: lang.L("axial")},
			{at: atFirst, acrossMM: nearMM, plane: viewer.Sagittal, ring: true, caption: lang.L("sagittal")},
			{at: atFirst, acrossMM: nearMM, plane: viewer.Coronal, ring: true, caption: lang.L("coronal")},
		}},
		{lang.L("Window settings"), lang.L("In the soft tissue window (key 1) bone and clip are both white. Widen it: in the bone window (4) ribs show their marrow, and in the clip window (5) almost everything is grey but metal. Search in soft tissue, decide in the wide window. A drag with the right button changes it by hand."), "starter-05", []shot{
			{at: atPair, acrossMM: 140, preset: softTissue, caption: lang.L("soft tissue, W 400 L 40")},
			{at: atPair, acrossMM: 140, preset: boneWindow, caption: lang.L("bone, W 2500 L 480")},
			{at: atPair, acrossMM: 140, preset: clipWindow, caption: lang.L("clips, W 4000 L 1000")},
		}},
		{lang.L("It comes and goes"), lang.L("Scroll through a clip: it appears, is brightest in the middle, and is gone after one to three slices. Mark it where it is brightest. What goes on and on is not a clip."), "starter-01", film(atFirst, "", -1)},
		{lang.L("A wire along the scar"), lang.L("Before the CT a wire is often taped along the scar. On each slice it is one bright point, as bright as a clip. But it lies on the skin, and it comes back on the next slice, a little farther along: follow the skin before you click."), "starter-04", film(atDistractor, "skin wire", -2)},
		{lang.L("Beads and markers"), lang.L("Beads of lead or ceramic mark the field or the isocentre. They are bright and small, as a clip is, but they lie on or outside the skin line, and in pairs or triplets at the same height on both sides. A clip hardly ever lies that near the skin."), "starter-03", []shot{
			{at: atDistractor, kind: "skin marker", acrossMM: nearMM, ring: true, caption: lang.L("on the skin: no clip")},
			{at: atFirst, acrossMM: nearMM, ring: true, caption: lang.L("in the breast: a clip")},
		}},
		{lang.L("The tip of a rib"), lang.L("Where a rib enters the slice it is a small bright dot, near the chest wall, where the deep clips lie too. Scroll: the rib grows into its oval with grey marrow inside; the clip stays small. In the bone window the clip outshines the rib."), "starter-06", []shot{
			{at: atBone, acrossMM: nearMM, ring: true, caption: lang.L("a clip beside a rib, soft tissue")},
			{at: atBone, acrossMM: nearMM, preset: boneWindow, ring: true, caption: lang.L("the same, bone window")},
			{at: atBone, acrossMM: nearMM, plane: viewer.Coronal, preset: boneWindow, ring: true, caption: lang.L("coronal: marrow inside the ribs")},
		}},
		{lang.L("Two that look like one"), lang.L("Some surgeons set clips in pairs, 3 to 5 mm apart. In the soft tissue window they melt into one. Widen the window, look at all three planes, and compare with the operation note: two clips count as two."), "starter-05", []shot{
			{at: atPair, acrossMM: 50, caption: lang.L("soft tissue: one spot?")},
			{at: atPair, acrossMM: 50, preset: clipWindow, caption: lang.L("wide window")},
			{at: atPair, acrossMM: 50, preset: clipWindow, plane: viewer.Sagittal, caption: lang.L("wide window, sagittal")},
		}},
		{lang.L("Calcifications"), lang.L("Calcium is less dense than titanium: it throws no streaks and turns grey in the wide window. It is round, in a cluster, a rod along a duct or an eggshell, and it was there before the operation: look at the old mammogram."), "starter-08", []shot{
			{at: atDistractor, kind: "breast calcification", acrossMM: nearMM, ring: true, caption: lang.L("calcification, soft tissue")},
			{at: atDistractor, kind: "breast calcification", acrossMM: nearMM, preset: clipWindow, ring: true, caption: lang.L("the same, wide window")},
			{at: atFirst, acrossMM: nearMM, preset: clipWindow, ring: true, caption: lang.L("a clip, wide window")},
		}},
		{lang.L("Thick slices"), lang.L("On 5 mm slices a small clip shares its voxels with fat and may be no brighter than bone, on a single slice. Look for what is small and sharp rather than white. The brightest of a slab (key M: 10, 20, 40 mm) gathers them; then go through slice by slice."), "starter-10", []shot{
			{at: atFirst, acrossMM: nearMM, ring: true, caption: lang.L("one slice of 5 mm")},
			{at: atMiddle, acrossMM: nearMM, slabMM: 20, caption: lang.L("the brightest of 20 mm")},
		}},
		{lang.L("The axilla, and the seroma"), lang.L("Clips high up and to the side, in the fat behind the pectoral muscle, are of the node surgery: clips, but not of the bed. And where fluid lies to one side of the clips, both belong into the bed; ask the surgeon which wall was clipped."), "starter-11", []shot{
			{kase: "starter-07", at: atAxilla, ring: true, caption: lang.L("a clip in the axilla")},
			{at: atSeroma, acrossMM: 120, seroma: true, caption: lang.L("seroma (blue) beside its clips")},
			{at: atSeroma, plane: viewer.Sagittal, acrossMM: 120, seroma: true, caption: lang.L("sagittal")},
		}},
		{lang.L("How to sweep"), lang.L("1. Brightest of a slab (M) over the operated breast: where is metal at all?\n2. Slab off. From the clavicle to below the breast, slice by slice, eyes on the breast alone.\n3. Back up, eyes on the chest wall and along the skin.\n4. At each candidate: where is it, how long does it go on, how bright in the wide window, three planes.\n5. Count, and compare with the operation note. Too few? Sweep again. Too many? Pairs, markers, axilla.\nThen begin with the easiest case."), "starter-02", []shot{
			{at: atMiddle, plane: viewer.Coronal, slabMM: 24, acrossMM: 200, caption: lang.L("coronal, the brightest of 24 mm")},
			{at: atMiddle, plane: viewer.Sagittal, slabMM: 40, acrossMM: 200, caption: lang.L("sagittal")},
		}},
	}
}

// tourPx is the side of a picture of the tour as it is drawn.
const tourPx = 520

// showTour shows page i.
func (t *teaching) showTour(i int) {
	steps := tourSteps()
	i = min(max(i, 0), len(steps)-1)
	t.leavePage()
	if t.dir == "" {
		t.startStarters()
	}
	s := steps[i]
	back := newButton(t.host, lang.L("Back a page"), theme.NavigateBackIcon(), buttonNormal, "", func() { t.showTour(i - 1) })
	back.setEnabled(i > 0)
	next := newButton(t.host, lang.L("Next page"), theme.NavigateNextIcon(), buttonPrimary, lang.L("Enter"), func() { t.showTour(i + 1) })
	if i == len(steps)-1 {
		next = newButton(t.host, lang.L("To the cases"), theme.ConfirmIcon(), buttonPrimary, lang.L("Enter"), t.showLibrary)
	}
	pictures := container.NewGridWithColumns(len(s.shots))
	if len(s.shots) == 4 {
		pictures = container.NewGridWithColumns(2)
	}
	text := paragraph(s.text)
	side := newFill(colourPanel)
	side.min = fyne.NewSize(360, 1)
	words := container.NewStack(side, inset(container.NewBorder(newText(s.title, textStyle{size: sizeLarge, bold: true}), columns(8, back, layout.NewSpacer(), next), nil, nil, container.NewVScroll(text)), 20, 20, 18, 16))
	waiting := newText(lang.L("Drawing the pictures …"), textStyle{colour: colourDim})
	content := container.NewBorder(nil, nil, words, nil, container.NewStack(container.NewCenter(waiting), inset(pictures, 14, 14, 14, 14)))
	t.page(fmt.Sprintf(lang.L("Guided tour: %d of %d"), i+1, len(steps)), t.showLibrary, content)
	t.typed = func(key string) bool {
		switch fyne.KeyName(key) {
		case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyRight, fyne.KeySpace:
			next.Tapped(nil)
		case fyne.KeyLeft:
			t.showTour(i - 1)
		default:
			return false
		}
		return true
	}
	t.drawTour(s, func(drawn []image.Image, err error) {
		switch {
		case err != nil:
			waiting.set(err.Error())
			return
		case len(drawn) == 0:
			return
		}
		waiting.set("")
		for k, p := range drawn {
			picture := canvas.NewImageFromImage(p)
			picture.FillMode = canvas.ImageFillContain
			pictures.Add(container.New(captioned{}, picture, newText(s.shots[k].caption, textStyle{size: sizeSmall, colour: colourDim, align: fyne.TextAlignCenter, shrink: true, minWidth: 100})))
		}
		pictures.Refresh()
	})
}

// errNotMade says that a starter case of the tour is still being made.
var errNotMade = errors.New("not made yet")

// drawTour draws the pictures of a page beside the window; while its case is being made, it waits for it.
func (t *teaching) drawTour(s tourStep, done func([]image.Image, error)) {
	if t.window.options.LessonDir == "" {
		done(nil, errors.New(lang.L("This user has no cache folder for the starter cases: open a folder of cases.")))
		return
	}
	folder := teach.StarterFolder(t.window.options.LessonDir)
	var drawn []image.Image
	t.work(func(ctx context.Context) error {
		var err error
		drawn, err = drawShots(ctx, folder, s)
		return err
	}, func(err error) {
		if errors.Is(err, errNotMade) && t.making {
			t.shown = func() { // a case has arrived
				t.shown = nil
				t.drawTour(s, done)
			}
			return
		}
		done(drawn, err)
	})
}

// drawShots renders the pictures of a page, of starter cases in folder.
func drawShots(ctx context.Context, folder string, s tourStep) ([]image.Image, error) {
	r := viewer.NewRenderer()
	var all []image.Image
	var c *teach.Case
	var v *volume.Volume
	var ref *teach.Reference
	for _, shot := range s.shots {
		if id := cmp.Or(shot.kase, s.kase); c == nil || c.Lesson.ID != id {
			var err error
			if c, err = teach.ReadCase(filepath.Join(folder, id)); err != nil {
				return nil, errNotMade
			}
			if v, err = c.ReadCT(ctx); err != nil {
				return nil, err
			}
			if ref, err = c.ReadReference(v.Grid); err != nil {
				return nil, err
			}
		}
		at, err := shot.place(ctx, c, v, ref)
		if err != nil {
			return nil, err
		}
		all = append(all, shot.draw(r, c, v, ref, at))
	}
	return all, ctx.Err()
}

// place is what a shot looks at.
func (s *shot) place(ctx context.Context, c *teach.Case, v *volume.Volume, ref *teach.Reference) (volume.Vec, error) {
	switch s.at {
	case atFirst:
		return ref.Clips[0].CentreMM, nil
	case atPair:
		return ref.ClosestPair(), nil
	case atBone:
		return ref.NearestBone(ctx, v)
	case atSeroma:
		if ref.Seroma != nil {
			if p, ok := qa.Centroid(ref.Seroma); ok {
				return p, nil
			}
		}
	case atAxilla:
		if len(ref.Axillary) > 0 {
			return ref.Axillary[0].CentreMM, nil
		}
	case atDistractor:
		if p, ok := c.Lesson.Brightest(s.kind, v); ok {
			return p, nil
		}
	}
	return ref.Middle(), nil
}

// draw renders one shot, square.
func (s *shot) draw(r *viewer.Renderer, c *teach.Case, v *volume.Volume, ref *teach.Reference, at volume.Vec) image.Image {
	p := presets()[s.preset]
	scene := viewer.Scene{
		Volume: v, Plane: s.plane, CursorMM: at, Window: viewer.Window{CentreHU: p.centreHU, WidthHU: p.wideHU}, Smooth: true,
		WidthPx: tourPx, HeightPx: tourPx, SlabMM: s.slabMM,
	}
	scene.CursorMM = viewer.Step(&scene, s.slices)
	ringAt := at
	if p, ok := s.along(c, at, scene.CursorMM[2]); ok { // a wire lies elsewhere on the next slice
		ringAt = p
	}
	if s.acrossMM > 0 {
		viewer.Aim(&scene, at, s.acrossMM)
	}
	if s.ring {
		scene.Marks = []viewer.Mark{{AtMM: ringAt, Sign: viewer.Ring, Colour: color.RGBA{0x56, 0xB4, 0xE9, 0xFF}, SizePx: 64, WidthPx: 2, ReachMM: 100}}
	}
	if s.seroma {
		if ref.Seroma != nil {
			scene.Overlays = append(scene.Overlays, viewer.Overlay{Mask: ref.Seroma, Colour: color.RGBA{0x56, 0xB4, 0xE9, 0xFF}, WidthPx: 2})
		}
		for _, k := range ref.Clips {
			scene.Marks = append(scene.Marks, viewer.Mark{AtMM: k.CentreMM, Sign: viewer.Ring, Colour: color.RGBA{0xCC, 0x79, 0xA7, 0xFF}, SizePx: 26, WidthPx: 2, ReachMM: 100})
		}
	}
	picture := image.NewRGBA(image.Rect(0, 0, tourPx, tourPx))
	r.Render(picture, &scene)
	return picture
}

// along is where the distractor of a shot that passes through from comes to the axial slice at z.
func (s *shot) along(c *teach.Case, from volume.Vec, z float64) (volume.Vec, bool) {
	if s.at != atDistractor || s.slices == 0 {
		return volume.Vec{}, false
	}
	return c.Lesson.Along(s.kind, z, from)
}

// captioned lays out a square picture with its caption close below, in the middle of what there is.
type captioned struct{}

const captionHeight float32 = 22

// MinSize is the toolkit's call.
func (captioned) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(150, 150+captionHeight) }

// Layout is the toolkit's call: picture, caption.
func (captioned) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	side := min(size.Width, size.Height-captionHeight)
	top := (size.Height - side - captionHeight) / 2
	objects[0].Move(fyne.NewPos((size.Width-side)/2, top))
	objects[0].Resize(fyne.NewSquareSize(side))
	objects[1].Move(fyne.NewPos(0, top+side+4))
	objects[1].Resize(fyne.NewSize(size.Width, captionHeight-4))
}
