package volume

// Contour is a closed polygon on a slice plane; the first point is not repeated at the end.
type Contour struct {
	Points []Vec // LPS mm
}
