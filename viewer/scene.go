package viewer

import (
	"image/color"

	"github.com/clipwright/clipwright/internal/volume"
)

// Plane is the direction of view.
type Plane int

// Planes.
const (
	Axial Plane = iota
	Sagittal
	Coronal
)

// String is the name of p as it is shown.
func (p Plane) String() string { return [...]string{"axial", "sagittal", "coronal"}[p] }

// Window maps HU to grey: CentreHU is mid grey, WidthHU spans black to white.
type Window struct{ CentreHU, WidthHU float64 }

// Overlay is a mask drawn as an outline and, if Fill > 0, a tint. Its mask is on the grid of the volume.
type Overlay struct {
	Mask    *volume.Mask
	Colour  color.RGBA
	WidthPx float64 // of the outline, in device-independent pixels
	Dashed  bool
	Fill    float64 // opacity of the inside, 0 to 1
}

// Box is an axis-parallel box in the patient; it shows where the plane cuts it.
type Box struct {
	MinMM, MaxMM volume.Vec
	Colour       color.RGBA
	WidthPx      float64
	Dashed       bool
	Handles      bool   // squares at corners and edges: it can be dragged
	Label        string // written at its top left corner by whoever shows the picture
}

// Path is an open line drawn onto the plane: a contour that is being drawn.
type Path struct {
	Points  []volume.Vec // LPS mm
	Colour  color.RGBA
	WidthPx float64
}

// Scene is everything one picture needs, by value.
type Scene struct {
	Volume    *volume.Volume
	Plane     Plane
	CursorMM  volume.Vec // the plane shown goes through it
	Window    Window
	Zoom      float64    // 1 fits the whole plane; 0 counts as 1
	PanMM     [2]float64 // from the middle of the plane to the middle of the picture, right and down
	SlabMM    float64    // thickness of a maximum intensity slab; 0 shows one slice
	Smooth    bool       // interpolate between pixels
	Overlays  []Overlay
	Boxes     []Box
	Marks     []Mark
	Path      Path
	Crosshair bool
	WidthPx   int
	HeightPx  int
	Scale     float64 // device pixels for each device-independent pixel; 0 counts as 1
}
