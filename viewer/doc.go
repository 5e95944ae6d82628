// Package viewer makes pictures: a plane of a CT, windowed, with masks, boxes and a crosshair over it, in
// an opaque image.RGBA. It knows no widgets, holds no state of the study, and draws no text: Labels and
// Corners say what should be written where, in the font of whoever shows the picture.
//
// Conventions. Patient coordinates are LPS mm. A picture shows the patient as radiographers do: axial and
// coronal with the patient's right on the left, sagittal with anterior on the left, head up, whatever
// the orientation of the CT's own axes. Picture pixels have their centres at half integers.
package viewer
