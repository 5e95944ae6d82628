package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// relayout places what is in o anew, after something in it has grown, appeared or gone. The toolkit's Refresh would also draw
// every text, icon and picture in it again, which takes longer than a frame.
func relayout(o fyne.CanvasObject) {
	switch o := o.(type) {
	case *fyne.Container:
		if o.Layout != nil {
			o.Layout.Layout(o.Objects, o.Size())
		}
		for _, child := range o.Objects {
			if child.Visible() {
				relayout(child)
			}
		}
		o.Move(o.Position()) // the window is painted again, from what was drawn
	case *container.Scroll:
		o.Content.Resize(o.Content.MinSize().Max(o.Size()))
		relayout(o.Content)
	case *row:
		relayout(o.content)
	}
}
