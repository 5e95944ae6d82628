package app

import (
	"fmt"
	"image/color"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/clipwright/clipwright/app/session"
)

// progress is a bar that names the stage, how far it is and the time left. It moves only when told.
type progress struct {
	widget.BaseWidget
	phrases  *phrasebook
	label    string
	fraction float64 // negative while unknown
	phase    float64 // place of the runner while unknown, 0 to 1
}

func newProgress(phrases *phrasebook) *progress {
	p := &progress{phrases: phrases}
	p.ExtendBaseWidget(p)
	return p
}

// runnerPeriod is how long the runner of an unknown progress takes across the bar.
const runnerPeriod = 2 * time.Second

func (p *progress) set(state session.JobState, now time.Time) {
	elapsed := now.Sub(state.Progress.Started)
	p.label, p.fraction = progressText(p.phrases, state, now), -1
	if f, ok := state.Progress.Fraction(); ok {
		p.fraction = f
	}
	p.phase = float64(elapsed%runnerPeriod) / float64(runnerPeriod)
	p.Refresh()
}

// progressText is "Segmenting · 43 % · 3 s left".
func progressText(phrases *phrasebook, state session.JobState, now time.Time) string {
	if state.Cancelling {
		return lang.L("Cancelling")
	}
	p := state.Progress
	stage := phrases.say(stageText(p.Stage))
	if p.Provider != "" {
		stage += " · " + providerText(p.Provider)
	}
	f, ok := p.Fraction()
	if !ok {
		return fmt.Sprintf("%s · %.0f s", stage, now.Sub(p.Started).Seconds())
	}
	label := fmt.Sprintf("%s · %.0f %%", stage, 100*f)
	if left, ok := p.Left(now); ok && left >= time.Second {
		label += " · " + fmt.Sprintf(lang.L("%.0f s left"), left.Seconds())
	}
	return label
}

// stageText names a stage for the eye; the pipeline's own names are single words.
func stageText(stage string) string {
	switch stage {
	case "":
		return lang.L("Working")
	case "prepare":
		return lang.L("Preparing the images")
	case "locate":
		return lang.L("Locating the tumour bed")
	case "segment":
		return lang.L("Looking for clips")
	}
	return stage
}

// providerText names what ran the networks; two names when they differ.
func providerText(provider string) string {
	names := strings.Split(provider, ", ")
	for i, name := range names {
		switch name {
		case "cpu":
			names[i] = "CPU"
		case "cuda":
			names[i] = "GPU (CUDA)"
		case "webgpu":
			names[i] = "GPU (WebGPU)"
		case "directml":
			names[i] = "GPU (DirectML)"
		case "coreml":
			names[i] = "GPU (Core ML)"
		}
	}
	return strings.Join(names, ", ")
}

// CreateRenderer draws the bar.
func (p *progress) CreateRenderer() fyne.WidgetRenderer {
	r := &progressRenderer{bar: p, track: canvas.NewRectangle(color.Transparent), done: canvas.NewRectangle(color.Transparent), label: canvas.NewText("", color.Transparent)}
	r.Refresh()
	return r
}

type progressRenderer struct {
	bar         *progress
	track, done *canvas.Rectangle
	label       *canvas.Text
}

const progressBarHeight float32 = 4

func (r *progressRenderer) Destroy() {}

func (r *progressRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.track, r.done, r.label}
}

func (r *progressRenderer) MinSize() fyne.Size { return fyne.NewSize(220, buttonHeight) }

func (r *progressRenderer) Layout(size fyne.Size) {
	text := r.label.MinSize()
	top := (size.Height - text.Height - progressBarHeight - 2) / 2
	r.label.Move(fyne.NewPos(0, top))
	r.label.Resize(fyne.NewSize(size.Width, text.Height))
	y := top + text.Height + 2
	r.track.Move(fyne.NewPos(0, y))
	r.track.Resize(fyne.NewSize(size.Width, progressBarHeight))
	x, width := float32(0), size.Width*float32(r.bar.fraction)
	if r.bar.fraction < 0 {
		width = size.Width / 5
		x = (size.Width - width) * float32(r.bar.phase)
	}
	r.done.Move(fyne.NewPos(x, y))
	r.done.Resize(fyne.NewSize(width, progressBarHeight))
}

func (r *progressRenderer) Refresh() {
	r.label.Text, r.label.TextSize, r.label.Color = r.bar.label, theme.Size(sizeSmall), theme.Color(colourText)
	r.track.FillColor, r.done.FillColor = theme.Color(colourLine), theme.Color(colourAccent)
	r.track.CornerRadius, r.done.CornerRadius = progressBarHeight/2, progressBarHeight/2
	r.Layout(r.bar.Size())
	r.label.Refresh()
	r.track.Refresh()
	r.done.Refresh()
}
