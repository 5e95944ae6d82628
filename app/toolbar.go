package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
	"github.com/clipwright/clipwright/assets"
)

// toolActions is what the strip over the images can ask for.
type toolActions struct {
	tool                                               func(session.Tool)
	size                                               func(mm float64)
	structure                                          func(name string)
	add                                                func(session.Suggestion)
	newNamed                                           func()
	holes, between, search, layout, slab, smooth, shot func()
}

// toolbar is the strip over the images: what the left button does, on which structure, and how the images look.
type toolbar struct {
	box       *fyne.Container
	host      *host
	do        toolActions
	tools     map[session.Tool]*button
	drawing   *fyne.Container // shown while a tool draws
	size      *number
	sized     *fyne.Container
	structure *button
	search    *button
	slab      *button
	smooth    *button
	session   *session.Session
	shape     string
}

// icon is a sign of assets/icons.
func icon(name string) fyne.Resource {
	svg, err := assets.Icons.ReadFile("icons/" + name + ".svg")
	if err != nil {
		panic("app: no icon " + name)
	}
	return fyne.NewStaticResource(name+".svg", svg)
}

// toolKey is a tool with its icon, key and words.
type toolKey struct {
	tool session.Tool
	icon string
	key  fyne.KeyName
	does string
}

func toolKeys() []toolKey {
	return []toolKey{
		{session.ToolCrosshair, "crosshair", fyne.KeyX, lang.L("crosshair")},
		{session.ToolBrush, "brush", fyne.KeyB, lang.L("brush; Shift erases")},
		{session.ToolEraser, "eraser", fyne.KeyE, lang.L("eraser; Shift draws")},
		{session.ToolContour, "contour", fyne.KeyC, lang.L("freehand contour, filled; Shift cuts out")},
		{session.ToolSphere, "sphere", fyne.KeyS, lang.L("ball across slices; Shift erases")},
		{session.ToolBox, "box", fyne.KeyG, lang.L("box to search in")},
		{session.ToolClip, "addclip", fyne.KeyW, lang.L("click a missed clip to add it")},
	}
}

func newToolbar(h *host, s *session.Session, do toolActions) *toolbar {
	t := &toolbar{host: h, do: do, session: s, tools: map[session.Tool]*button{}}
	left := columns(1)
	for _, k := range toolKeys() {
		b := newButton(h, "", icon(k.icon), buttonFlat, h.keys.tip(upperFirst(k.does), "tool."+k.icon), func() { do.tool(k.tool) })
		t.tools[k.tool] = b
		left.Add(b)
	}
	t.size = newNumber(1, 80, 1, 40, do.size)
	t.size.left, t.size.shortcut = h.unfocus, h.shortcut
	t.sized = columns(4, middle(t.size), middle(newText("mm", textStyle{size: sizeSmall, colour: colourDim})))
	t.structure = newButton(h, "", theme.MenuDropDownIcon(), buttonNormal, lang.L("The structure to draw on"), t.choose)
	t.structure.small = true
	holes := newButton(h, "", icon("holes"), buttonFlat, h.keys.tip(lang.L("Fill the holes of the structure"), "draw.holes"), do.holes)
	between := newButton(h, "", icon("between"), buttonFlat, h.keys.tip(lang.L("Interpolate the slices left out between those drawn"), "draw.between"), do.between)
	t.drawing = columns(6, middle(t.structure), t.sized, columns(0, holes, between))
	t.search = newButton(h, lang.L("Find in box"), theme.SearchIcon(), buttonPrimary, lang.L("Let the Segmentation Net look for clips in this box"), do.search)
	t.search.small = true
	t.slab = newButton(h, "", icon("slab"), buttonFlat, h.keys.tip(lang.L("Brightest of a slab: clips jump out"), "view.slab"), do.slab)
	t.smooth = newButton(h, "", icon("pixels"), buttonFlat, h.keys.tip(lang.L("Show the pixels as they are, without smoothing"), "view.pixels"), do.smooth)
	right := columns(1, t.slab, t.smooth,
		newButton(h, "", icon("layout"), buttonFlat, h.keys.tip(lang.L("Layout: large axial, four views, one view"), "view.layout"), do.layout),
		newButton(h, "", icon("camera"), buttonFlat, h.keys.tip(lang.L("Save a picture of the view"), "view.picture"), do.shot))
	line := container.NewHBox(left, t.drawing, middle(t.search), layout.NewSpacer(), right)
	t.box = rows(0, inset(line, 6, 6, 0, 0), newRule())
	return t
}

func (t *toolbar) set(smooth bool) {
	view := t.session.View()
	for tool, b := range t.tools {
		b.setChosen(view.Tool == tool)
	}
	draws := view.Tool.Draws()
	setVisible(t.drawing, draws)
	setVisible(t.sized, draws && view.Tool != session.ToolContour)
	setVisible(t.search, view.Box != nil)
	t.search.setEnabled(!t.session.Job(session.JobRun).Running)
	t.slab.setChosen(view.SlabMM > 0)
	t.smooth.setChosen(!smooth)
	t.size.set(view.BrushMM)
	name := lang.L("Choose a structure")
	if view.Active != "" {
		name = shorten(view.Active, 18)
		if c := t.session.Plan().Clip(view.Selected); c != nil && session.ClipsName(c.Side) == view.Active {
			name = fmt.Sprintf(lang.L("%s: clip %d"), view.Active, c.ID)
		} else if session.IsClips(view.Active) {
			name = fmt.Sprintf(lang.L("%s: new clip"), view.Active)
		}
	}
	t.structure.set(name, theme.MenuDropDownIcon())
	if shape := fmt.Sprint(draws, t.sized.Visible(), t.search.Visible(), name); shape != t.shape {
		t.shape = shape
		relayout(t.box)
	}
}

// choose opens the list of structures under the button: those there are, and new ones.
func (t *toolbar) choose() {
	c := fyne.CurrentApp().Driver().CanvasForObject(t.structure)
	if c == nil {
		return
	}
	widget.NewPopUpMenu(t.menu(), c).ShowAtRelativePosition(fyne.NewPos(0, t.structure.Size().Height+2), t.structure)
}

func (t *toolbar) menu() *fyne.Menu {
	menu := fyne.NewMenu("")
	active := t.session.View().Active
	for _, name := range t.session.Drawable() {
		item := fyne.NewMenuItem(name, func() { t.do.structure(name) })
		item.Checked = name == active
		menu.Items = append(menu.Items, item)
	}
	if len(menu.Items) > 0 {
		menu.Items = append(menu.Items, fyne.NewMenuItemSeparator())
	}
	for _, g := range t.session.Suggestions() {
		menu.Items = append(menu.Items, fyne.NewMenuItem(fmt.Sprintf(lang.L("New: %s"), g.Name), func() { t.do.add(g) }))
	}
	menu.Items = append(menu.Items, fyne.NewMenuItem(lang.L("New: another name…"), t.do.newNamed))
	return menu
}
