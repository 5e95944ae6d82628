package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/assets"
)

// showHelp shows the map of keys and mouse.
func (w *window) showHelp() {
	if w.help != nil {
		w.help.Hide()
		w.help = nil
		return
	}
	all := append(bindings(),
		binding{lang.L("wheel"), lang.L("slices of the view under the pointer")},
		binding{lang.L("Ctrl+wheel"), lang.L("zoom to the pointer")},
		binding{lang.L("left drag"), lang.L("crosshair, or the tool")},
		binding{lang.L("middle drag"), lang.L("move the image")},
		binding{lang.L("right drag"), rightDragText(w.remembered)},
	)
	half := (len(all) + 1) / 2
	columnsOf := func(part []binding) fyne.CanvasObject {
		grid := rows(5)
		for _, b := range part {
			key := newText(b.keys, textStyle{bold: true, align: fyne.TextAlignTrailing, shrink: true, minWidth: 104})
			grid.Add(container.NewBorder(nil, nil, key, nil, inset(newText(b.does, textStyle{colour: colourDim}), 12, 0, 0, 0)))
		}
		return grid
	}
	right := newButton(w.host, lang.L("Right drag zooms"), checkIcon(w.remembered.Bool(preferenceRightZooms)), buttonFlat, lang.L("Instead of window and level"), func() {
		w.remembered.SetBool(preferenceRightZooms, !w.remembered.Bool(preferenceRightZooms))
		w.showHelp()
		w.showHelp()
	})
	licences := newButton(w.host, lang.L("Licences"), nil, buttonFlat, "", w.showLicences)
	closeIt := newButton(w.host, lang.L("Close"), nil, buttonNormal, "", func() { w.showHelp() })
	content := rows(14,
		newText(lang.L("Keys and mouse"), textStyle{size: sizeLarge, bold: true}),
		columns(36, columnsOf(all[:half]), columnsOf(all[half:])),
		newText(lang.L("The networks' marks are dashed until you have decided on them, solid after."), textStyle{colour: colourDim}),
		container.NewBorder(nil, nil, columns(4, right, licences), closeIt),
	)
	w.help = widget.NewModalPopUp(inset(content, 22, 22, 18, 14), w.win.Canvas())
	w.help.Show()
}

func rightDragText(s settings) string {
	if s.Bool(preferenceRightZooms) {
		return lang.L("zoom")
	}
	return lang.L("window and level")
}

// showLicences shows the licences of everything built in.
func (w *window) showLicences() {
	if w.help != nil {
		w.help.Hide()
		w.help = nil
	}
	label := widget.NewLabel(assets.Licences)
	label.TextStyle.Monospace = true
	scroll := container.NewScroll(label)
	scroll.SetMinSize(fyne.NewSize(720, 460))
	dialog.ShowCustom(lang.L("Licences"), lang.L("Close"), scroll, w.win)
}
