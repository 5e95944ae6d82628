// Package volume is the language every room speaks: Grid, Volume, Mask, Box and Contour, and the
// ways between them. It knows geometry and nothing of files, networks or windows.
//
// Conventions. Coordinates are DICOM patient coordinates in mm: x grows to the patient's left,
// y to posterior, z to superior (LPS). Voxel indices name voxel centres and are given in the order
// x, y, z; memory is [z][y][x] with x fastest. Slices are sorted along the normal Row x Col.
// Published volumes and masks are read-only.
package volume
